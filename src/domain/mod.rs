//! What saldo knows about money, whatever the transport: pure types and rules.
//!
//! Nothing here waits, reads a clock, draws a random number or touches a file: times come in as arguments.

pub mod br_code;
pub mod document;
pub mod end_to_end_id;
pub mod institution;
pub mod money;
pub mod pix_key;
pub mod text;
pub mod txid;
