//! `saldo`: the cockpit on the configured profile.
//!
//! The first frame shows what the journal knows; the engine starts beside it, and nothing of it waits for the network.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::context::{Connection, Context};
use super::failure::{Exit, Failure};
use super::linear::Runner;
use super::office::refused;
use super::themes::{CHANGES, Chosen};
use super::told::Told;
use super::{linear, logging, output};
use crate::app::keymap::Keymap;
use crate::app::{App, Environment, Facts};
use crate::config;
use crate::domain::permission::Access;
use crate::domain::text::Safe;
use crate::engine::alerts;
use crate::engine::clock;
use crate::engine::desk::{Desk, Parts, window};
use crate::engine::forward::Address;
use crate::engine::lane::LaneSettings;
use crate::engine::message::{Command, News};
use crate::gateway::{Charging, HttpGateway};
use crate::journal::lock::Lock;
use crate::journal::sqlite::{SqliteJournal, SqliteReader, prepare_folder};
use crate::journal::{CashIns, Journal, JournalError, Query, ScreenReader};
use crate::lang::Lang;
use crate::server::control::attached::Attached;
use crate::server::control::client::Client;
use crate::server::control::listener::Control;
use crate::server::control::operator;
use crate::server::webhooks::{self, bind};
use crate::session::Cockpit;
use crate::session::{self, ColorDepth, Ended, Look, Notification, Termination, Tty};

/// The desk's zone: the business day of a Brazilian treasury begins at midnight there.
const ZONE: &str = "America/Sao_Paulo";

/// What a cockpit is made of, whether it comes from a configuration or from the demonstration.
pub(super) struct Station {
    pub(super) facts: Facts,
    pub(super) depth_wish: super::Colour,
    /// Sentences instead of a screen, and how a line that is typed is run.
    pub(super) linear: Option<Runner>,
    pub(super) keymap: Keymap,
    pub(super) theme: Chosen,
    /// Whether it begins masked.
    pub(super) private: bool,
    /// Whether the mouse is taken; without a word, not over SSH.
    pub(super) mouse: Option<bool>,
    pub(super) journal: PathBuf,
    pub(super) account: String,
    /// What works in this process; nothing does where another one owns the journal and answers.
    pub(super) works: Option<Works>,
    /// Who tells what the platform's users hold.
    pub(super) exposure: Option<config::Exposure>,
    /// How the terminal is asked for notifications.
    pub(super) notify: config::Notify,
}

/// What a cockpit works with that owns its journal.
pub(super) struct Works {
    pub(super) gateway: Arc<HttpGateway>,
    pub(super) crypto_token: SecretString,
    pub(super) lane: LaneSettings,
    pub(super) poll_every: Duration,
    pub(super) webhooks: Option<Webhooks>,
    /// Who else gets every webhook.
    pub(super) forward: Vec<Address>,
    /// What the desk wants to be told, and how.
    pub(super) alerts: alerts::Settings,
}

/// Where webhooks are taken.
pub(super) struct Webhooks {
    pub(super) socket: std::io::Result<TcpListener>,
    pub(super) path: String,
}

pub(super) async fn run(context: &Context, global: &super::Global) -> Result<Exit, Failure> {
    let settings = &context.settings;
    let works = match Client::connect(context.journal_path(), settings.access).await {
        // The secrets are the owner's.
        Ok(Some(client)) if serves(&client) => None,
        _ => Some(works(context).await?),
    };
    let station = Station {
        facts: Facts {
            profile: Safe::new(&settings.profile),
            environment: environment(settings.environment),
            band: settings.band,
            lang: output::spoken(),
            zone: zone(),
            poll_every: SignedDuration::try_from(settings.poll_balance)
                .unwrap_or(SignedDuration::from_secs(5)),
            demo: false,
            operator: operator(),
            quiet: settings.alerts.quiet,
            access: settings.access,
        },
        depth_wish: global.color,
        linear: global.linear.then(|| Runner {
            read_only: settings.access.is_read_only(),
            flags: vec![
                ("--config", context.config_path.clone()),
                ("--profile", settings.profile.clone().into()),
                ("--journal", format!("sqlite:{}", context.journal_path().display()).into()),
            ],
        }),
        keymap: super::keys::keymap(&settings.screen)?,
        theme: super::themes::choose(&settings.screen)?,
        private: settings.screen.private.value,
        mouse: settings.screen.mouse.as_ref().map(|mouse| mouse.value),
        journal: context.journal_path().to_owned(),
        account: context.account(),
        works,
        exposure: settings.exposure.clone(),
        notify: settings.alerts.notify,
    };
    Box::pin(sit_down(station)).await
}

async fn works(context: &Context) -> Result<Works, Failure> {
    let settings = &context.settings;
    let Connection { gateway, crypto_token } = context.connection().await?;
    let webhooks = match settings.webhook.listen {
        Some(listen) => Some(Webhooks { socket: bind(listen).await, path: settings.webhook.path.clone() }),
        None => None,
    };
    Ok(Works {
        gateway,
        crypto_token,
        lane: LaneSettings { keep_offering: None, ..context.lane_settings() },
        poll_every: settings.poll_balance,
        webhooks,
        forward: settings.webhook.forward.iter().map(Address::from).collect(),
        alerts: watched(context, zone()),
    })
}

/// Whether the owner is one that a cockpit can work on.
fn serves(client: &Client) -> bool {
    client.owner().command == "serve"
}

/// Opens the journal, draws what it knows, and works until the person leaves or the terminal goes.
pub(super) async fn sit_down(station: Station) -> Result<Exit, Failure> {
    let Station {
        facts,
        depth_wish,
        linear,
        keymap,
        theme,
        private,
        mouse,
        journal,
        account,
        works,
        exposure,
        notify,
    } = station;
    let face = match linear {
        Some(runner) => Face::Sentences(runner),
        None => Face::screen(depth_wish, theme, mouse)?,
    };
    prepare_folder(&journal)?;
    logging::to_file_beside(&journal);
    let (mut app, mut engine, news) = match works {
        Some(works) => match Lock::acquire(&journal, "cockpit", Duration::ZERO).await {
            Ok(lock) => own(facts, &journal, &account, works, lock).await?,
            Err(busy) => attach(facts, journal, account, busy).await?,
        },
        None => attach(facts, journal, account, JournalError::Busy("saldo serve".to_owned())).await?,
    };
    app.bind(keymap);
    app.set_private(private);
    if let Some(exposure) = exposure {
        engine.follow(exposure);
    }
    let cockpit = Cockpit::new(app, engine.commands()).notified_by(notification(notify));
    let ended = Box::pin(face.show(cockpit, news)).await;
    let may_write = !matches!(ended, Ok(Ended::HungUp | Ended::Terminated(Termination::HangUp)));
    if may_write && engine.is_busy() {
        output::note(Told::both(|lang| lang.waiting_for_the_wire().to_owned()));
    }
    engine.stop().await;
    match ended {
        Ok(Ended::Quit | Ended::HungUp | Ended::Terminated(_)) => Ok(Exit::Done),
        Err(error) => Err(Failure::other(told!(
            "{error}; payments that were begun are in the journal, and the next start takes them up",
            "{error}; os pagamentos começados estão no diário, e a próxima partida os retoma"; error
        ))),
    }
}

/// What the desk shows itself by.
enum Face {
    Screen { terminal: Tty, depth: ColorDepth, look: Box<Look>, theme: Box<Chosen>, mouse: bool },
    Sentences(Runner),
}

impl Face {
    /// Takes the terminal over.
    fn screen(wish: super::Colour, theme: Chosen, mouse: Option<bool>) -> Result<Self, Failure> {
        let environment = session::Environment::from_lookup(|name| std::env::var_os(name));
        let depth = match wish {
            super::Colour::Auto => ColorDepth::detect(&environment),
            super::Colour::Always => ColorDepth::detect(&environment).max(ColorDepth::Ansi16),
            super::Colour::Never => ColorDepth::None,
        };
        let mouse = mouse.unwrap_or(!environment.remote);
        let look = Look::new(theme.wanted, depth, &environment);
        let terminal = Tty::open(environment).map_err(|error| {
            Failure::usage(told!(
                "{error}; saldo --linear needs no screen",
                "não há terminal para a tela ({error}); saldo --linear não precisa de tela"
            ))
        })?;
        Ok(Self::Screen { terminal, depth, look: Box::new(look), theme: Box::new(theme), mouse })
    }

    async fn show(self, cockpit: Cockpit, news: mpsc::Receiver<News>) -> Result<Ended, Told> {
        match self {
            Self::Screen { terminal, depth, look, theme, mouse } => {
                // What a person has just saved is waited for as a key's effect is.
                let (changes, urgent) = mpsc::channel(CHANGES);
                let watcher = theme.watch(changes);
                let program = cockpit.looking(*look).with_mouse(mouse);
                let news = session::News { urgent, data: news };
                // In a task of its own: the thread that waits here would only hand each key over.
                let session = tokio::spawn(session::run(program, terminal, depth, news));
                let ended = session.await.map_err(|error| {
                    told!("the session broke off: {error}", "a sessão foi interrompida: {error}")
                })?;
                drop(watcher);
                ended.map_err(|error| Told::verbatim(error.to_string()))
            }
            Self::Sentences(runner) => {
                let ended = linear::run(cockpit, news, &runner).await;
                ended.map(|()| Ended::Quit).map_err(|error| {
                    told!("nothing can be read or told: {error}", "não dá para ler nem dizer nada: {error}")
                })
            }
        }
    }
}

/// What works behind the screen.
enum Engine {
    /// In this process.
    Here {
        desk: Desk,
        /// Where commands of other processes come in, if they can.
        control: Option<Control>,
    },
    /// In the process that owns the journal.
    There(Attached),
}

impl Engine {
    fn commands(&self) -> mpsc::Sender<Command> {
        match self {
            Self::Here { desk, .. } => desk.commands(),
            Self::There(attached) => attached.commands(),
        }
    }

    fn follow(&mut self, exposure: config::Exposure) {
        match self {
            Self::Here { desk, .. } => desk.follow(exposure),
            Self::There(attached) => attached.follow(exposure),
        }
    }

    /// Whether the end of the screen has to wait for a request on the wire.
    fn is_busy(&self) -> bool {
        match self {
            Self::Here { desk, .. } => desk.is_busy(),
            Self::There(_) => false,
        }
    }

    async fn stop(self) {
        match self {
            Self::Here { desk, control } => {
                let give_back = async {
                    if let Some(control) = control {
                        control.stop().await;
                    }
                };
                tokio::join!(give_back, desk.stop());
            }
            Self::There(attached) => attached.stop().await,
        }
    }
}

/// The first frame shows what the journal knows.
async fn first_frame(facts: Facts, reader: &dyn ScreenReader) -> Result<App, Failure> {
    let known = reader.balance().await?;
    let feed = window(reader, &Query::default(), &facts.zone).await?;
    Ok(App::new(facts, known, feed, clock::now()))
}

/// The cockpit owns the journal, and everything works in this process.
async fn own(
    facts: Facts,
    path: &Path,
    account: &str,
    works: Works,
    lock: Lock,
) -> Result<(App, Engine, mpsc::Receiver<News>), Failure> {
    let owned = Arc::new(SqliteJournal::open(path, account, lock).await?);
    let journal: Arc<dyn CashIns> = Arc::clone(&owned) as _;
    let (zone, operator) = (facts.zone.clone(), facts.operator.clone());
    let reader: Arc<dyn ScreenReader> = Arc::clone(&owned) as _;
    let app = first_frame(facts, reader.as_ref()).await?;
    drop(reader);
    let gateway: Arc<dyn Charging> = works.gateway;
    let (mut desk, news) = Desk::start(Parts {
        journal: Arc::clone(&journal),
        gateway,
        lane: works.lane,
        poll_every: works.poll_every,
        zone,
        operator,
        alerts: works.alerts,
    })
    .await?;
    if let Some(webhooks) = works.webhooks {
        listen(&mut desk, webhooks, &journal, works.crypto_token);
    }
    desk.forward(owned, works.forward);
    // A script pays while the cockpit is open. Where there can be no socket it waits, and says who owns the journal.
    let control = Control::open(path, desk.office(), "cockpit", account, None)
        .inspect_err(|error| tracing::warn!("commands cannot ask this cockpit: {error}"))
        .ok();
    Ok((app, Engine::Here { desk, control }, news))
}

/// `saldo serve` owns the journal: it is read here, and its owner is asked for everything else. Another owner is
/// `busy`.
async fn attach(
    facts: Facts,
    path: PathBuf,
    account: String,
    busy: JournalError,
) -> Result<(App, Engine, mpsc::Receiver<News>), Failure> {
    let access = facts.access;
    let client = match Client::connect(&path, access).await {
        Ok(Some(client)) if serves(&client) => client,
        Ok(_) => return Err(busy.into()),
        Err(refusal) => return Err(refused(&Told::verbatim("saldo serve"), &account, refusal)),
    };
    if client.owner().account != account {
        let found = client.owner().account.clone();
        return Err(JournalError::OtherAccount { found, wanted: account }.into());
    }
    // An owner that refuses every act leaves nothing to be done here either.
    let facts = Facts { access: if client.owner().read_only { Access::ReadOnly } else { access }, ..facts };
    drop(client);
    let Some(reader) = SqliteReader::open(&path, &account).await? else { return Err(busy.into()) };
    let reader: Arc<dyn ScreenReader> = reader;
    let zone = facts.zone.clone();
    let app = first_frame(facts, reader.as_ref()).await?;
    let (attached, news) = Attached::start(path, account, access, reader, zone);
    Ok((app, Engine::There(attached), news))
}

/// Starts taking webhooks, or tells the screen why not: a desk without them still works, by asking.
pub(super) fn listen(
    desk: &mut Desk,
    taking: Webhooks,
    journal: &Arc<dyn CashIns>,
    crypto_token: SecretString,
) {
    let board = desk.board();
    let started = taking.socket.and_then(|socket| {
        let journal: Arc<dyn Journal> = Arc::<dyn CashIns>::clone(journal);
        webhooks::listen(socket, &taking.path, journal, crypto_token, Arc::clone(&board))
    });
    match started {
        Ok(serve) => desk.listen(serve),
        Err(error) => board.not_listening(error.to_string()),
    }
}

/// What the profile wants to be told, and how.
pub(super) fn watched(context: &Context, zone: TimeZone) -> alerts::Settings {
    let settings = &context.settings;
    let expects_webhooks = settings.webhook_url.is_some();
    alerts::Settings::new(&settings.alerts, settings.band, expects_webhooks, (zone, &settings.profile))
}

pub(super) fn zone() -> TimeZone {
    TimeZone::get(ZONE).unwrap_or(TimeZone::UTC)
}

/// The language that was asked for, or the locale's.
pub(super) fn language(asked: Option<config::Lang>) -> Lang {
    match asked {
        Some(config::Lang::PtBr) => Lang::PtBr,
        Some(config::Lang::En) => Lang::En,
        None => {
            let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
                .into_iter()
                .filter_map(|name| std::env::var(name).ok())
                .find(|value| !value.is_empty());
            Lang::from_locale(locale.as_deref().unwrap_or_default())
        }
    }
}

fn notification(notify: config::Notify) -> Notification {
    match notify {
        config::Notify::Auto => Notification::Auto,
        config::Notify::Osc9 => Notification::Osc9,
        config::Notify::Osc777 => Notification::Osc777,
        config::Notify::Off => Notification::Off,
    }
}

fn environment(environment: config::Environment) -> Environment {
    match environment {
        config::Environment::Staging => Environment::Staging,
        config::Environment::Production => Environment::Production,
        config::Environment::Sandbox => Environment::Sandbox,
    }
}
