//! The journal: what survives.
