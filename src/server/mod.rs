//! What listens: the gateway's webhooks, and commands that ask the journal's owner.

pub mod control;
pub mod webhooks;
