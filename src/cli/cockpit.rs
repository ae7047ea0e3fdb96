//! `saldo`: the cockpit on the configured profile.
//!
//! The first frame shows what the journal knows; the engine starts beside it, and nothing of it waits for the network.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::context::{Connection, Context, operator};
use super::failure::{Exit, Failure};
use super::{logging, output};
use crate::app::{App, Environment, Facts};
use crate::config;
use crate::domain::text::Safe;
use crate::engine::clock;
use crate::engine::desk::{Desk, Parts, window};
use crate::engine::lane::LaneSettings;
use crate::engine::message::{News, WebhookHealth};
use crate::gateway::{Charging, HttpGateway};
use crate::journal::lock::Lock;
use crate::journal::sqlite::{SqliteJournal, prepare_folder};
use crate::journal::{CashIns, Query};
use crate::lang::Lang;
use crate::server::webhooks::{Listener, bind};
use crate::session::Cockpit;
use crate::session::{self, ColorDepth, Ended, Termination, Tty};

/// The desk's zone: the business day of a Brazilian treasury begins at midnight there.
const ZONE: &str = "America/Sao_Paulo";

/// What a cockpit is made of, whether it comes from a configuration or from the demonstration.
pub(super) struct Station {
    pub(super) facts: Facts,
    pub(super) depth_wish: super::Colour,
    pub(super) journal: PathBuf,
    pub(super) account: String,
    pub(super) gateway: Arc<HttpGateway>,
    pub(super) crypto_token: SecretString,
    pub(super) lane: LaneSettings,
    pub(super) poll_every: Duration,
    pub(super) webhooks: Option<Webhooks>,
}

/// Where webhooks are taken.
pub(super) struct Webhooks {
    pub(super) socket: std::io::Result<TcpListener>,
    pub(super) path: String,
}

pub(super) async fn run(context: &Context, colour: super::Colour) -> Result<Exit, Failure> {
    let settings = &context.settings;
    let Connection { gateway, crypto_token } = context.connection().await?;
    let webhooks = match settings.webhook.listen {
        Some(listen) => Some(Webhooks { socket: bind(listen).await, path: settings.webhook.path.clone() }),
        None => None,
    };
    let station = Station {
        facts: Facts {
            profile: Safe::new(&settings.profile),
            environment: environment(settings.environment),
            band: settings.band,
            lang: language(settings.lang),
            zone: zone(),
            poll_every: SignedDuration::try_from(settings.poll_balance)
                .unwrap_or(SignedDuration::from_secs(5)),
            demo: false,
            operator: operator(),
        },
        depth_wish: colour,
        journal: context.journal_path().to_owned(),
        account: context.account(),
        gateway,
        crypto_token,
        lane: LaneSettings { keep_offering: None, ..context.lane_settings() },
        poll_every: settings.poll_balance,
        webhooks,
    };
    sit_down(station).await
}

/// Opens the journal, draws what it knows, and works until the person leaves or the terminal goes.
pub(super) async fn sit_down(station: Station) -> Result<Exit, Failure> {
    let environment = session::Environment::from_lookup(|name| std::env::var_os(name));
    let depth = match station.depth_wish {
        super::Colour::Auto => ColorDepth::detect(&environment),
        super::Colour::Always => ColorDepth::detect(&environment).max(ColorDepth::Ansi16),
        super::Colour::Never => ColorDepth::None,
    };
    let terminal = Tty::open(environment).map_err(|error| Failure::usage(error.to_string()))?;
    prepare_folder(&station.journal)?;
    let lock = Lock::acquire(&station.journal, "cockpit", Duration::ZERO).await?;
    let journal: Arc<dyn CashIns> =
        Arc::new(SqliteJournal::open(&station.journal, &station.account, lock).await?);
    logging::to_file_beside(&station.journal);
    let zone = station.facts.zone.clone();
    let known = journal.balance().await?;
    let feed = window(journal.as_ref(), &Query::default(), &zone).await?;
    let lang = station.facts.lang;
    let who = station.facts.operator.clone();
    let app = App::new(station.facts, known, feed, clock::now());
    let gateway: Arc<dyn Charging> = station.gateway;
    let (mut desk, news) = Desk::start(Parts {
        journal: Arc::clone(&journal),
        gateway,
        lane: station.lane,
        poll_every: station.poll_every,
        zone,
        operator: who,
    })
    .await?;
    if let Some(webhooks) = station.webhooks {
        listen(&mut desk, webhooks, &journal, station.crypto_token).await;
    }
    drop(journal);
    // Nothing of the engine's is more urgent than a key; the second queue stays closed.
    let (_, urgent) = mpsc::channel(1);
    let program = Cockpit::new(app, desk.commands());
    // In a task of its own: the thread that waits here would only hand each key over.
    let session = tokio::spawn(session::run(program, terminal, depth, session::News { urgent, data: news }));
    let ended = session.await.map_err(|error| Failure::other(format!("the session broke off: {error}")))?;
    let may_write = !matches!(ended, Ok(Ended::HungUp | Ended::Terminated(Termination::HangUp)));
    if may_write && desk.is_busy() {
        output::note(lang.waiting_for_the_wire());
    }
    desk.stop().await;
    match ended {
        Ok(Ended::Quit | Ended::HungUp | Ended::Terminated(_)) => Ok(Exit::Done),
        Err(error) => Err(Failure::other(format!(
            "{error}; payments that were begun are in the journal, and the next start takes them up"
        ))),
    }
}

/// Starts taking webhooks, or tells the screen why not: a desk without them still works, by asking.
async fn listen(desk: &mut Desk, webhooks: Webhooks, journal: &Arc<dyn CashIns>, crypto_token: SecretString) {
    let started = webhooks.socket.and_then(|socket| {
        Listener::new(
            socket,
            &webhooks.path,
            Arc::<dyn CashIns>::clone(journal),
            crypto_token,
            desk.news(),
            desk.webhook_came(),
        )
    });
    let told = match started {
        Ok((listener, serve)) => {
            let health = listener.health();
            desk.listen(serve, move || listener.count_illegible());
            health
        }
        Err(error) => WebhookHealth { trouble: Some(error.to_string()), ..WebhookHealth::default() },
    };
    // The queue is new and empty.
    let _ = desk.news().try_send(News::Webhooks(told));
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

fn environment(environment: config::Environment) -> Environment {
    match environment {
        config::Environment::Staging => Environment::Staging,
        config::Environment::Production => Environment::Production,
        config::Environment::Sandbox => Environment::Sandbox,
    }
}
