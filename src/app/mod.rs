//! The application state and its pure update.
