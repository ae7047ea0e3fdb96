//! The sandbox: an independent imitation of the gateway.
