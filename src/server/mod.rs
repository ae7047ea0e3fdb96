//! What listens: the gateway's webhooks.

pub mod webhooks;
