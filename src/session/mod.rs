//! A terminal session: bytes in, frames out.
