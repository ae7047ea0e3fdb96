//! The application state and its pure update.
//!
//! Nothing here waits, reads a clock, draws a random number or touches a file: times come in as arguments.

pub mod key;
