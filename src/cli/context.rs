//! What a command works with: settings, gateway, journal.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::OnceCell;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Global;
use super::cockpit::language;
use super::failure::{Exit, Failure};
use super::office::{Office, ask, refused};
use super::output::speak;
use super::told::Told;
use crate::config::{Env, JournalUrl, Loaded, Overrides, Settings, load};
use crate::domain::balance::Balance;
use crate::engine::clock::SystemClock;
use crate::engine::counter::Counter;
use crate::engine::lane::{Lane, LaneSettings};
use crate::engine::office;
use crate::engine::rebalance::Rebalancer;
use crate::gateway::{Charging, Credentials, Gateway as _, HttpGateway, Options};
use crate::journal::CashIns;
use crate::journal::lock::{Lock, PATIENCE};
use crate::journal::sqlite::{SqliteJournal, SqliteReader, prepare_folder};
use crate::server::control::client::Client;
use crate::server::control::protocol::Request;

/// Between two looks at an owner that is another command's.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The chosen profile and the way to its gateway and journal.
pub(super) struct Context {
    pub(super) settings: Settings,
    /// The file that said so.
    pub(super) config_path: PathBuf,
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

impl Context {
    /// Reads the configuration, and no secret yet.
    pub(super) fn load(global: &Global, command: &'static str) -> Result<Self, Failure> {
        Ok(Self { json: global.json, ..Self::told(&global.overrides(), command)? })
    }

    /// The same for what only the conversation knows.
    pub(super) fn told(overrides: &Overrides, command: &'static str) -> Result<Self, Failure> {
        let env = Env::of_process();
        let Loaded { settings, path, .. } = load(overrides, &env)?;
        speak(language(settings.lang));
        if overrides.theme.is_some() {
            // A flag that names nothing is a slip wherever it stands, also where no screen is drawn.
            super::themes::choose(&settings.screen)?;
        }
        Ok(Self { settings, config_path: path, command, json: false, env, gateway: OnceCell::new() })
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
        let secrets =
            tokio::task::spawn_blocking(move || settings.read_secrets(&env)).await.map_err(|error| {
                Failure::other(told!(
                    "the secrets could not be read: {error}",
                    "os segredos não puderam ser lidos: {error}"
                ))
            })??;
        let credentials = Credentials {
            client_id: self.settings.client_id.clone(),
            client_secret: secrets.client_secret,
            application_token: secrets.application_token,
            crypto_token: secrets.crypto_token.clone(),
        };
        let options =
            Options { access: self.settings.access, ..Options::new(self.settings.base_url.as_str()) };
        let gateway = Arc::new(HttpGateway::new(options, credentials)?);
        Ok(Connection { gateway, crypto_token: secrets.crypto_token })
    }

    /// Whether this command may act: asked before anything is reviewed. What acts is bound by it anyway.
    pub(super) fn may_act(&self) -> Result<(), Failure> {
        self.settings.access.permit()?;
        Ok(())
    }

    /// Where this command's acts are done: in the process that owns the journal, if it answers, or here.
    ///
    /// An owner that does not answer is another command's: it is waited for, for a moment.
    pub(super) async fn office(&self) -> Result<Office, Failure> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let account = self.account();
            match Client::connect(self.journal_path(), self.settings.access).await {
                Ok(Some(client)) => return Ok(Office::There { client, account }),
                Ok(None) => {}
                Err(refusal) => return Err(refused(&another(), &account, refusal)),
            }
            // Before the lock: a secret's command takes its time, and nobody has to wait for that.
            self.gateway().await?;
            match self.own_now().await {
                Err(failure) if failure.code == "journal_busy" && Instant::now() < deadline => {
                    tokio::time::sleep(LOOK_EVERY).await;
                }
                owned => return owned.map(Office::Here),
            }
        }
    }

    /// The wallet as the gateway has it now, by the process that owns the journal, if it answers: then this one needs no
    /// secrets.
    pub(super) async fn balance(&self) -> Result<Balance, Failure> {
        let read = match Client::connect(self.journal_path(), self.settings.access).await {
            Ok(Some(client)) => {
                let advice = told!(
                    "the balance was only read, nothing was sent; try again",
                    "o saldo só foi lido, nada foi enviado; tente de novo"
                );
                let (account, never) = (self.account(), CancellationToken::new());
                let read = ask(client, &account, Request::Balance, &never, advice).await;
                read.map_err(|failure| match failure.exit {
                    // A question leaves no doubt behind.
                    Exit::Unknown => Failure::new(Exit::Later, failure.code, failure.message).retryable(),
                    _ => failure,
                })?
            }
            Ok(None) => self.gateway().await?.balance().await,
            Err(refusal) => return Err(refused(&another(), &self.account(), refusal)),
        };
        Ok(read?)
    }

    /// The journal as its owner, without waiting for another owner to be done. What a crash left has been taken up.
    pub(super) async fn own_now(&self) -> Result<office::Office, Failure> {
        let path = self.journal_path();
        prepare_folder(path)?;
        let lock = Lock::acquire(path, self.command, Duration::ZERO).await?;
        let gateway: Arc<dyn Charging> = self.gateway().await?;
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
        Ok(office::Office::new(journal, lane, rebalancer, counter))
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

/// An owner that has not told its name.
fn another() -> Told {
    told!("another saldo", "outro saldo")
}

/// Ends when the process is asked to end: Ctrl-C, SIGTERM, a terminal that hangs up. From this call on, and not only once
/// it is awaited, such a signal ends nothing by itself.
pub(super) fn asked_to_stop() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
    let asked = kinds.map(|kind| {
        let signal = signal(kind);
        Box::pin(async move {
            match signal {
                Ok(mut signal) => {
                    signal.recv().await;
                }
                // Without a handler the signal ends the process at once; the journal knows what was sent.
                Err(_) => std::future::pending().await,
            }
        })
    });
    async move {
        futures::future::select_all(asked).await;
    }
}
