//! What listens: webhooks.
