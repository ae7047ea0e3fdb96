//! What a command works with: settings, gateway, journal.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use nix::unistd::{Uid, User};
use secrecy::SecretString;
use tokio::sync::OnceCell;

use super::Global;
use super::failure::Failure;
use crate::config::{Env, JournalUrl, Loaded, Settings, load};
use crate::domain::person::Person;
use crate::engine::clock::SystemClock;
use crate::engine::counter::Counter;
use crate::engine::lane::{Lane, LaneSettings};
use crate::engine::rebalance::Rebalancer;
use crate::gateway::{Charging, Credentials, HttpGateway, Options};
use crate::journal::CashIns;
use crate::journal::lock::{Lock, PATIENCE};
use crate::journal::sqlite::{SqliteJournal, SqliteReader, prepare_folder};

/// The chosen profile and the way to its gateway and journal.
pub(super) struct Context {
    pub(super) settings: Settings,
    /// What the lock says of its owner.
    pub(super) command: &'static str,
    pub(super) json: bool,
    env: Env,
    gateway: OnceCell<Connection>,
}

/// A client of the gateway, and the key that its webhooks are signed with.
#[derive(Clone)]
pub(super) struct Connection {
    pub(super) gateway: Arc<HttpGateway>,
    pub(super) crypto_token: SecretString,
}

/// The journal, owned, and what works on it.
pub(super) struct Owned {
    pub(super) journal: Arc<dyn CashIns>,
    pub(super) lane: Arc<Lane>,
    pub(super) rebalancer: Arc<Rebalancer>,
    pub(super) counter: Arc<Counter>,
}

impl Context {
    /// Reads the configuration, and no secret yet.
    pub(super) fn load(global: &Global, command: &'static str) -> Result<Self, Failure> {
        let env = Env::of_process();
        let Loaded { settings, .. } = load(&global.overrides(), &env)?;
        Ok(Self { settings, command, json: global.json, env, gateway: OnceCell::new() })
    }

    /// A client of the profile's gateway. Reads the secrets, the first time it is asked for.
    pub(super) async fn gateway(&self) -> Result<Arc<HttpGateway>, Failure> {
        Ok(self.connection().await?.gateway)
    }

    /// As [`Self::gateway`], with what a webhook listener needs.
    pub(super) async fn connection(&self) -> Result<Connection, Failure> {
        self.gateway.get_or_try_init(|| self.connect()).await.cloned()
    }

    async fn connect(&self) -> Result<Connection, Failure> {
        let (settings, env) = (self.settings.clone(), self.env.clone());
        let secrets = tokio::task::spawn_blocking(move || settings.read_secrets(&env))
            .await
            .map_err(|error| Failure::other(format!("the secrets could not be read: {error}")))??;
        let credentials = Credentials {
            client_id: self.settings.client_id.clone(),
            client_secret: secrets.client_secret,
            application_token: secrets.application_token,
            crypto_token: secrets.crypto_token.clone(),
        };
        let options = Options::new(self.settings.base_url.as_str());
        let gateway = Arc::new(HttpGateway::new(options, credentials)?);
        Ok(Connection { gateway, crypto_token: secrets.crypto_token })
    }

    /// The journal as its owner, with everything that works on it. What a crash left has been taken up.
    pub(super) async fn own(&self) -> Result<Owned, Failure> {
        self.own_within(PATIENCE).await
    }

    /// As [`Self::own`], without waiting for another owner to be done.
    pub(super) async fn own_now(&self) -> Result<Owned, Failure> {
        self.own_within(Duration::ZERO).await
    }

    async fn own_within(&self, patience: Duration) -> Result<Owned, Failure> {
        let gateway: Arc<dyn Charging> = self.gateway().await?;
        let path = self.journal_path();
        prepare_folder(path)?;
        let lock = Lock::acquire(path, self.command, patience).await?;
        let journal: Arc<dyn CashIns> = Arc::new(SqliteJournal::open(path, &self.account(), lock).await?);
        let lane = Lane::new(
            Arc::<dyn CashIns>::clone(&journal),
            Arc::<dyn Charging>::clone(&gateway),
            Arc::new(SystemClock),
            self.lane_settings(),
            None,
        );
        let rebalancer =
            Rebalancer::new(Arc::<dyn CashIns>::clone(&journal), Arc::<dyn Charging>::clone(&gateway));
        let counter =
            Counter::new(Arc::clone(&journal), gateway, Arc::clone(&lane), self.lane_settings(), None);
        lane.take_up_the_lost().await?;
        rebalancer.take_up_the_lost().await?;
        counter.take_up_the_lost().await?;
        Ok(Owned { journal, lane, rebalancer, counter })
    }

    /// The journal for reading; `None` where there is none yet.
    pub(super) async fn reader(&self) -> Result<Option<Arc<SqliteReader>>, Failure> {
        Ok(SqliteReader::open(self.journal_path(), &self.account()).await?)
    }

    /// Where the journal is.
    pub(super) fn journal_path(&self) -> &Path {
        let JournalUrl::Sqlite(path) = &self.settings.journal;
        let path: &PathBuf = path;
        path
    }

    /// The account that a journal remembers.
    pub(super) fn account(&self) -> String {
        format!("{} at {}", self.settings.client_id, self.settings.environment)
    }

    pub(super) fn lane_settings(&self) -> LaneSettings {
        LaneSettings {
            client_id: self.settings.client_id.clone(),
            resend_window: self.settings.resend_window.try_into().unwrap_or(jiff::SignedDuration::MAX),
            webhook_url: self.settings.webhook_url.as_ref().map(|url| url.as_str().to_owned()),
            keep_offering: Some(Duration::from_secs(10)),
        }
    }
}

/// Ends when the process is asked to end: Ctrl-C, SIGTERM, a terminal that hangs up.
pub(super) async fn asked_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let wait = |kind| async move {
        match signal(kind) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            // Without a handler the signal ends the process at once; the journal knows what was sent.
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = wait(SignalKind::interrupt()) => {}
        () = wait(SignalKind::terminate()) => {}
        () = wait(SignalKind::hangup()) => {}
    }
}

/// Who is at this machine: a person is a Unix user, until operators exist.
///
/// Where the system keeps a login's user (Linux, `pam_loginuid`), that is the person: it stays the same through `su` and
/// `sudo`, so one person with two accounts' rights is still one.
pub(super) fn operator() -> Person {
    let login = std::fs::read_to_string("/proc/self/loginuid").ok().and_then(|text| text.trim().parse().ok());
    let uid = login.filter(|uid| *uid != u32::MAX).unwrap_or_else(|| rustix::process::getuid().as_raw());
    let name = User::from_uid(Uid::from_raw(uid)).ok().flatten().map(|user| user.name);
    Person { uid, name }
}
