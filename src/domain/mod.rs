//! What saldo knows about money, whatever the transport: pure types and rules.
//!
//! Nothing here waits, reads a clock, draws a random number or touches a file: times come in as arguments.

pub mod alert;
pub mod attempt;
pub mod balance;
pub mod band;
pub mod batch;
pub mod br_code;
pub mod cash_in;
pub mod cash_out;
pub mod conservation;
pub mod contradiction;
pub mod document;
pub mod end_to_end_id;
pub mod freshness;
pub mod gap;
pub mod handover;
pub mod institution;
pub mod moment;
pub mod money;
pub mod order;
pub mod pace;
pub mod paste;
pub mod payee;
pub mod permission;
pub mod person;
pub mod pix_key;
pub mod query;
pub mod rebalance;
pub mod refund;
pub mod report;
pub mod request;
pub mod stand;
pub mod suggestion;
pub mod text;
pub mod transaction;
pub mod txid;
