//! The sandbox: an independent imitation of the gateway, over real HTTP, with faults to order.
//!
//! It is the project's witness and a tool for integrators. Of saldo it uses [`crate::domain::money`] and
//! nothing else: its JSON shapes, HMACs and checks are written from the gateway's documentation a second
//! time, so that a misreading on one side shows. The money is imaginary, and it dials loopback only.
//!
//! # What it does
//!
//! Every documented call with its checks: tokens that expire, the digital signature, idempotency keys, unique
//! references, funds reserved on acceptance, settlement after a delay, webhooks with retries. Three calls are its
//! own: `POST /sandbox/cash-in/{id}/pay`, by which the imaginary payer pays a charge, and `…/expire` and `…/cancel`, which
//! end one that nobody has paid. The payment of a payer whose name begins with `sem id` or `no id` arrives without an
//! endToEndId, so it cannot be given back.
//!
//! # Choosing what becomes of a cash-out
//!
//! The payee decides, whatever the case of its letters:
//!
//! | PIX key begins with | or account ends in | outcome |
//! |---|---|---|
//! | `fail`, `falha` | `404` | `FAILED` (`PIX_KEY_NOT_FOUND`, `ACCOUNT_NOT_FOUND`), the funds return |
//! | `refund`, `devolve` | `909` | `COMPLETED`, then `REFUNDED`, the funds return |
//! | `slow@`, `lento@` | | `COMPLETED` after 30 s |
//! | `stuck@`, `preso@` | | `PROCESSING` for ever |
//! | `cancel@`, `cancela@` | | `CANCELLED`, the funds return; no webhook is documented for it |
//! | anything else | anything else | `COMPLETED` |
//!
//! # Choices where the documentation is silent
//!
//! - The same idempotency key with another body is 422 `IDEMPOTENCY_KEY_REUSED`; a refused request leaves its
//!   key free; keys are remembered for [`Options::key_memory`].
//! - A known token is checked before the signature, the signature before the body, the key before the fields,
//!   the reference before the funds. A token that was never issued is 401 `INVALID_TOKEN`.
//! - A refund of a cash-in is carried out at once: its 202 already says `REFUNDED`.
//! - A duplicate reference is 409 on a cash-in as well.
//!
//! # Where things are
//!
//! `ledger` holds the rules and knows neither network nor clock; `orders` and `answers` are the JSON; `http`
//! are the calls; `mishap` carries out the faults; `webhooks` tells the world; [`traffic`] plays a platform.

mod access;
mod answers;
mod br_code;
mod faults;
mod http;
mod keys;
mod ledger;
mod mishap;
mod orders;
mod pockets;
mod problem;
mod random;
mod serve;
mod shared;

pub mod traffic;
mod transaction;
mod view;
mod webhooks;

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::domain::money::{Centavos, MAX_TYPED};

pub use access::Access;
pub use faults::{FaultSpec, FaultSpecError, What, Where};
pub use ledger::Balances;
pub use random::{Chance, ChanceError};
pub use transaction::{
    BankData, CashIn, CashInStatus, CashOut, CashOutStatus, Destination, EventType, Outcome, Person,
    Rebalance,
};
pub use view::{Delivery, DeliveryOutcome, LedgerView, MoneyRequest};

/// How a sandbox behaves. [`Options::default`] is what tests want: prompt, in order, without faults.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Ids, credentials, fault rolls and settlements follow from it: the same seed tells the same story.
    pub seed: u64,
    /// What goes wrong. The first one that comes up befalls a request.
    pub faults: Vec<FaultSpec>,
    /// How long an access token lives.
    pub token_ttl: Duration,
    /// How long a cash-out takes to settle, and then a refund of it, a quarter more or less.
    pub settle_after: Duration,
    /// How long an idempotency key is remembered.
    pub key_memory: Duration,
    /// When charges pay themselves; `None`: only `POST /sandbox/cash-in/{id}/pay` pays.
    pub pay_cash_ins_after: Option<Duration>,
    /// The transactional balance at the start, from zero to [`MAX_TYPED`].
    pub transactional: Centavos,
    /// The proprietary balance at the start, from zero to [`MAX_TYPED`].
    pub proprietary: Centavos,
    /// The wait before a webhook's second try; it doubles up to a minute.
    pub webhook_backoff: Duration,
    /// How many times a webhook is tried at most.
    pub webhook_tries: u32,
    /// How many webhooks are delivered a second time although the first was answered with 200.
    pub webhook_repeat: Chance,
    /// How many webhooks are held back so that later ones overtake them.
    pub webhook_disorder: Chance,
    /// How many webhooks are never sent.
    pub webhook_loss: Chance,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            seed: 1,
            faults: Vec::new(),
            token_ttl: Duration::from_secs(3_600),
            settle_after: Duration::from_secs(2),
            key_memory: Duration::from_secs(24 * 3_600),
            pay_cash_ins_after: None,
            transactional: Centavos::new(50_000_000),
            proprietary: Centavos::new(120_000_000),
            webhook_backoff: Duration::from_secs(1),
            webhook_tries: 8,
            webhook_repeat: Chance::NEVER,
            webhook_disorder: Chance::NEVER,
            webhook_loss: Chance::NEVER,
        }
    }
}

impl Options {
    /// As on a live evening: some webhooks come twice, some too late.
    pub fn demo(seed: u64) -> Self {
        Self {
            seed,
            webhook_repeat: Chance::percent(5),
            webhook_disorder: Chance::percent(10),
            ..Self::default()
        }
    }
}

/// Why a sandbox could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is taken or not this machine's.
    #[error("cannot listen at {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's reason.
        source: io::Error,
    },
    /// An opening balance below zero or above [`MAX_TYPED`].
    #[error("an opening balance must lie between R$ 0,00 and R$ 999.999.999.999,99")]
    Balance,
    /// The HTTP client for webhooks could not be built.
    #[error("cannot prepare the webhook client")]
    Webhooks(#[source] reqwest::Error),
}

/// A running sandbox. Dropping it ends it: its connections are cut and its webhooks stop.
pub struct Sandbox {
    shared: Arc<shared::Shared>,
    local_addr: SocketAddr,
    tasks: JoinSet<()>,
}

/// How many settled transactions may wait for the webhook dispatcher, which only spawns and so keeps up;
/// beyond it settlement waits.
const NOTICES: usize = 1_024;

/// Starts a sandbox. It is bound and answers when this returns.
///
/// # Errors
///
/// [`StartError`].
pub async fn start(options: Options) -> Result<Sandbox, StartError> {
    let bounds = Centavos::ZERO..=MAX_TYPED;
    if !bounds.contains(&options.transactional) || !bounds.contains(&options.proprietary) {
        return Err(StartError::Balance);
    }
    let client = webhooks::client().map_err(StartError::Webhooks)?;
    let failed = |source| StartError::Listen { address: options.listen, source };
    let listener = TcpListener::bind(options.listen).await.map_err(failed)?;
    let local_addr = listener.local_addr().map_err(failed)?;
    let mut dialled = local_addr;
    if dialled.ip().is_unspecified() {
        // "Everywhere" is no address to dial; this machine is part of it.
        dialled.set_ip(if dialled.is_ipv4() {
            Ipv4Addr::LOCALHOST.into()
        } else {
            Ipv6Addr::LOCALHOST.into()
        });
    }
    let shared = Arc::new(shared::Shared::new(&options, format!("http://{dialled}")));
    let (tell, notices) = mpsc::channel(NOTICES);
    let mut tasks = JoinSet::new();
    tasks.spawn(serve::accept(listener, http::router(&shared)));
    tasks.spawn(shared::keep_time(Arc::clone(&shared), tell));
    tasks.spawn(webhooks::deliver_all(Arc::clone(&shared), client, options, notices));
    Ok(Sandbox { shared, local_addr, tasks })
}

/// Its address only: what it holds has credentials in it.
impl fmt::Debug for Sandbox {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Sandbox").field("local_addr", &self.local_addr).finish_non_exhaustive()
    }
}

impl Sandbox {
    /// What a client needs to talk to it.
    pub fn access(&self) -> &Access {
        &self.shared.access
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// A snapshot of everything it knows.
    pub fn ledger(&self) -> LedgerView {
        self.shared.view()
    }

    /// Ends it, and returns once its tasks have.
    pub async fn stop(mut self) {
        self.tasks.shutdown().await;
    }
}
