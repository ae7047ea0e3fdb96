//! The engine: polls, payments and webhooks, independent of any screen.
//!
//! It outlives the screen: closing a terminal never stops a payment half-way. What it has to say goes out as
//! [`message::News`]; what the screen wants comes in as [`message::Command`].

pub mod alerts;
pub mod batch;
pub mod clock;
pub mod contradiction;
pub mod counter;
pub mod desk;
pub(crate) mod exposure;
pub mod forward;
pub mod inbox;
pub mod judgement;
pub mod lane;
pub mod message;
pub mod new_file;
pub mod office;
pub(crate) mod outlook;
pub mod past;
pub mod poller;
pub mod rebalance;
pub mod recover;
pub mod shift;
pub mod tracker;
pub mod webhooks;
