//! The engine: polls, payments and webhooks, independent of any screen.
