//! `saldo serve`: own the journal without a screen.
//!
//! It polls, takes webhooks, works on every open payment, and does what commands ask over its socket, until it is told to
//! end.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use sd_notify::NotifyState;
use serde::Serialize;
use tokio::sync::{mpsc, watch};

use super::cockpit::{watched, zone};
use super::context::{Connection, Context, asked_to_stop};
use super::failure::{Exit, Failure};
use super::office::stopping;
use super::output::{note, write_whole};
use super::told::Told;
use crate::engine::desk::{Desk, Parts};
use crate::engine::forward::Address;
use crate::engine::lane::LaneSettings;
use crate::engine::message::News;
use crate::gateway::Charging;
use crate::journal::Journal;
use crate::journal::lock::{Lock, PATIENCE};
use crate::journal::sqlite::{SqliteJournal, prepare_folder};
use crate::server::control::listener::Control;
use crate::server::control::operator;
use crate::server::control::picture::Picture;
use crate::server::webhooks::{self, bind};

#[derive(Debug, Args)]
pub(super) struct ServeArguments {
    /// Where to write process, journal, socket and webhook address, as JSON, once it answers
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
}

/// What is known once it answers.
#[derive(Debug, Serialize)]
struct Ready<'a> {
    pid: u32,
    journal: &'a Path,
    socket: &'a Path,
    /// Where webhooks are taken; `null` where none are.
    webhooks: Option<String>,
}

pub(super) async fn run(arguments: ServeArguments, context: &Context) -> Result<Exit, Failure> {
    let settings = &context.settings;
    let Connection { gateway, crypto_token } = context.connection().await?;
    let path = context.journal_path();
    prepare_folder(path)?;
    let lock = Lock::acquire(path, context.command, PATIENCE).await?;
    // A service that should hear of payments and does not is none: so this comes before anything is
    // begun, and is the end of it.
    let socket = match settings.webhook.listen {
        Some(listen) => Some(bind(listen).await.map_err(|error| {
            Failure::other(told!(
                "webhooks cannot be taken at {listen}: {error}; nothing was sent",
                "os webhooks não podem ser recebidos em {listen}: {error}; nada foi enviado"
            ))
        })?),
        None => None,
    };
    let owned = Arc::new(SqliteJournal::open(path, &context.account(), lock).await?);
    let journal: Arc<dyn Journal> = Arc::clone(&owned) as _;
    let gateway: Arc<dyn Charging> = gateway;
    let (mut desk, news) = Desk::start(Parts {
        journal: Arc::clone(&owned) as _,
        gateway,
        lane: LaneSettings { keep_offering: None, ..context.lane_settings() },
        poll_every: settings.poll_balance,
        zone: zone(),
        operator: operator(),
        alerts: watched(context, zone()),
    })
    .await?;
    let (picture, watched) = watch::channel(Picture::default());
    let heard = tokio::spawn(hear(news, picture));
    let broken = |error: std::io::Error| {
        Failure::other(told!(
            "webhooks cannot be taken: {error}",
            "os webhooks não podem ser recebidos: {error}"
        ))
    };
    let hook = match socket {
        Some(socket) => {
            let address = socket.local_addr().map_err(broken)?;
            let hook = &settings.webhook.path;
            let serve = webhooks::listen(socket, hook, Arc::clone(&journal), crypto_token, desk.board())
                .map_err(broken)?;
            desk.listen(serve);
            Some(format!("http://{address}{hook}"))
        }
        None => None,
    };
    desk.forward(owned, settings.webhook.forward.iter().map(Address::from).collect());
    drop(journal);
    let control = Control::open(path, desk.office(), context.command, &context.account(), Some(watched));
    let stopped = match control {
        Ok(control) => {
            // Before anybody is told that it answers: whoever knows may end it.
            let asked = asked_to_stop();
            let told = tell(
                &arguments,
                &Ready { pid: std::process::id(), journal: path, socket: control.path(), webhooks: hook },
            );
            if told.is_ok() {
                asked.await;
                let _ = sd_notify::notify(&[NotifyState::Stopping]);
                if desk.is_busy() {
                    note(stopping());
                }
            }
            tokio::join!(control.stop(), desk.stop());
            told
        }
        Err(error) => {
            desk.stop().await;
            let journal = path.display();
            Err(Failure::other(told!(
                "the control socket cannot be made beside the journal {journal}: {error}",
                "o socket de controle não pode ser criado ao lado do diário {journal}: {error}"
            )))
        }
    };
    heard.abort();
    stopped.map(|()| Exit::Done)
}

/// Says that it answers: to whoever reads the ready file, to the service manager, to people.
fn tell(arguments: &ServeArguments, ready: &Ready<'_>) -> Result<(), Failure> {
    if let Some(file) = &arguments.ready_file {
        write_whole(file, ready)
            .map_err(|error| Failure::other(Told::verbatim(format!("{}: {error}", file.display()))))?;
    }
    // Without a service manager there is nobody to tell; one that cannot be told gives up on its own.
    if let Err(error) = sd_notify::notify(&[NotifyState::Ready]) {
        tracing::warn!("the service manager cannot be told: {error}");
    }
    let hook = ready.webhooks.as_ref().map(|hook| told!(", webhooks at {hook}", ", webhooks em {hook}"));
    let (pid, journal, socket) = (ready.pid, ready.journal.display(), ready.socket.display());
    note(told!(
        "saldo serve (process {pid}) owns {journal}: commands at {socket}{hook}; Ctrl-C ends it",
        "saldo serve (processo {pid}) é o dono de {journal}: comandos em {socket}{hook}; Ctrl-C o encerra"; hook
    ));
    Ok(())
}

/// Keeps the newest news for those who watch, and logs what a person should look at; all of it is in the journal.
async fn hear(mut news: mpsc::Receiver<News>, picture: watch::Sender<Picture>) {
    let mut paused = None;
    while let Some(news) = news.recv().await {
        picture.send_if_modified(|picture| picture.take(&news));
        match news {
            News::Alarm { alarm, intent } => {
                tracing::warn!(payment = %intent.id, ?alarm, "a payment needs a person: saldo show");
            }
            News::StillHeld(intent) => {
                tracing::warn!(payment = %intent.id, "in doubt for another day: saldo resolve");
            }
            News::RefundNeeds { cash_in, state, .. } => {
                tracing::warn!(%cash_in, state = state.as_str(), "a refund needs a person: saldo show");
            }
            News::JournalTrouble(reason) => tracing::error!("the journal: {reason}"),
            News::Paused(now) => {
                if paused != now {
                    match &now {
                        Some(pause) => tracing::error!("{pause}"),
                        None => tracing::info!("payments go on"),
                    }
                    paused = now;
                }
            }
            News::Balance(_)
            | News::BalanceFailed { .. }
            | News::Pace(_)
            | News::Conservation(_)
            | News::BalanceHistory(_)
            | News::Exposure { .. }
            | News::Feed(_)
            | News::Life(_)
            | News::FeedCounted(_)
            | News::Sought(_)
            | News::Payee(..)
            | News::ChargeDecided { .. }
            | News::RefundDecided { .. }
            | News::Webhooks(_)
            | News::CashOutDecided { .. }
            | News::RebalanceReviewed { .. }
            | News::RebalanceEnded(_)
            | News::Acknowledged(_)
            | News::Favoured(_)
            | News::Gaps(_)
            | News::Shift(_)
            | News::Handover(_)
            | News::AsItWas(_)
            | News::BatchRead { .. }
            | News::Batch(_)
            | News::BatchLines(_)
            | News::Batches(_)
            | News::BatchResult { .. }
            | News::Resolved { .. } => {}
        }
    }
}
