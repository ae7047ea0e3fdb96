//! What saldo knows about money, whatever the transport: pure types and rules.
//!
//! Nothing here waits, reads a clock, draws a random number or touches a file: times come in as arguments.

pub mod attempt;
pub mod balance;
pub mod money;
pub mod report;
pub mod text;
