//! The wallet: two pockets, spread over partner banks.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::money::Centavos;
use super::text::Safe;

/// A snapshot of the wallet as the gateway gave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    /// Transactional + proprietary, as the gateway adds them up.
    pub total: Centavos,
    /// What cash-outs can draw on; mirrors what the platform's users hold.
    pub transactional: Centavos,
    /// The company's own reserve.
    pub proprietary: Centavos,
    /// One for each partner bank.
    pub banks: Vec<BankBalance>,
    /// When the gateway took the snapshot (UTC); `None` when it did not say so legibly.
    pub updated_at: Option<Timestamp>,
}

/// What one partner bank holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BankBalance {
    /// The partner's ISPB: text, leading zeros count.
    pub ispb: Option<Safe>,
    /// The partner's name.
    pub bank: Option<Safe>,
    /// In the transactional account; `None` where the gateway gave none.
    pub transactional: Option<Centavos>,
    /// In the proprietary account; `None` where the gateway gave none.
    pub proprietary: Option<Centavos>,
}

/// A snapshot and when saldo received it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// What the gateway said.
    pub balance: Balance,
    /// When saldo had the answer (UTC, saldo's clock).
    pub fetched_at: Timestamp,
}
