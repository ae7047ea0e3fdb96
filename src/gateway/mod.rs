//! The gateway client: what ConnectPSP says on the wire.
