//! `saldo demo`: the sandbox and the cockpit in one process, speaking real HTTP to each other.
//!
//! Nothing of the user's is read or written: the journal lives in a folder that goes with the process.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use jiff::SignedDuration;
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use super::Global;
use super::cockpit::{Station, Webhooks, Works, sit_down, zone};
use super::failure::{Exit, Failure};
use super::linear::Runner;
use super::output::spoken;
use crate::app::keymap::Keymap;
use crate::app::{Environment, Facts};
use crate::config::{AlertSettings, Env, Screen};
use crate::domain::band::Band;
use crate::domain::money::Centavos;
use crate::domain::permission;
use crate::domain::text::Safe;
use crate::engine::alerts;
use crate::engine::lane::LaneSettings;
use crate::gateway::{Credentials, HttpGateway, Options};
use crate::sandbox::traffic::run_traffic;
use crate::sandbox::{self, Access, start};
use crate::server::control::operator;
use crate::server::webhooks::bind;

/// Where the demonstration takes its webhooks.
const PATH: &str = "/webhooks/connectpsp";

/// The demonstration polls faster than a real desk needs to: there is something to see.
const POLL: Duration = Duration::from_secs(2);

#[derive(Debug, Args)]
pub(super) struct DemoArguments {
    /// The same seed tells the same story
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

pub(super) async fn run(arguments: &DemoArguments, global: &Global) -> Result<Exit, Failure> {
    let broken = |error: &dyn std::fmt::Display| {
        Failure::other(told!(
            "the demonstration cannot start: {error}",
            "a demonstração não pode começar: {error}"
        ))
    };
    let folder = tempfile::Builder::new().prefix("saldo-demo-").tempdir().map_err(|error| broken(&error))?;
    let sandbox = start(sandbox::Options::demo(arguments.seed)).await.map_err(|error| broken(&error))?;
    let access = sandbox.access().clone();
    let socket = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.map_err(|error| broken(&error))?;
    let address = socket.local_addr().map_err(|error| broken(&error))?;
    let webhook_url = format!("http://{address}{PATH}");
    let crypto_token = SecretString::from(access.crypto_token.clone());
    let allowed = match global.read_only {
        true => permission::Access::ReadOnly,
        false => permission::Access::Full,
    };
    let gateway = HttpGateway::new(
        Options { access: allowed, ..Options::new(access.base_url.clone()) },
        Credentials {
            client_id: access.client_id.clone(),
            client_secret: access.client_secret.clone().into(),
            application_token: access.application_token.clone().into(),
            crypto_token: crypto_token.clone(),
        },
    )?;
    let linear = match global.linear {
        true => Some(runner(folder.path(), &access, global.read_only).map_err(|error| broken(&error))?),
        false => None,
    };
    let band =
        Band::new(Centavos::new(30_000_000), Centavos::new(50_000_000), Centavos::new(80_000_000)).ok();
    // What a flag says, and nothing of the user's configuration.
    let screen = Screen::default().under(&global.overrides(), &Env::of_process())?;
    let station = Station {
        facts: Facts {
            profile: Safe::new("demo"),
            environment: Environment::Sandbox,
            band,
            lang: spoken(),
            zone: zone(),
            poll_every: SignedDuration::try_from(POLL).unwrap_or(SignedDuration::from_secs(2)),
            demo: true,
            operator: operator(),
            quiet: None,
            access: allowed,
        },
        depth_wish: global.color,
        linear,
        keymap: Keymap::default(),
        theme: super::themes::choose(&screen)?,
        private: screen.private.value,
        mouse: None,
        journal: folder.path().join("journal.db"),
        account: format!("{} at sandbox", access.client_id),
        works: Some(Works {
            gateway: Arc::new(gateway),
            crypto_token,
            lane: LaneSettings {
                client_id: access.client_id.clone(),
                resend_window: SignedDuration::from_hours(1),
                webhook_url: Some(webhook_url.clone()),
                keep_offering: None,
            },
            poll_every: POLL,
            webhooks: Some(Webhooks { socket: Ok(socket), path: PATH.to_owned() }),
            forward: Vec::new(),
            alerts: alerts::Settings::new(&AlertSettings::default(), band, true, (zone(), "demo")),
        }),
        exposure: None,
        notify: crate::config::Notify::Auto,
    };
    let stop = CancellationToken::new();
    let traffic = tokio::spawn(run_traffic(access, webhook_url, arguments.seed, stop.clone()));
    let ended = Box::pin(sit_down(station)).await;
    stop.cancel();
    traffic.abort();
    sandbox.stop().await;
    ended
}

/// Commands that are typed find the demonstration by a configuration of their own.
fn runner(folder: &Path, access: &Access, read_only: bool) -> std::io::Result<Runner> {
    let config = folder.join("config.toml");
    let text = format!(
        "[profiles.demo]\nenvironment = \"sandbox\"\nbase_url = \"{}\"\nclient_id = \"{}\"\n\
         client_secret = {{ value = \"{}\" }}\napplication_token = {{ value = \"{}\" }}\n\
         crypto_token = {{ value = \"{}\" }}\n",
        access.base_url,
        access.client_id,
        access.client_secret,
        access.application_token,
        access.crypto_token,
    );
    std::fs::write(&config, text)?;
    let journal = format!("sqlite:{}", folder.join("journal.db").display());
    Ok(Runner {
        read_only,
        flags: vec![("--config", config), ("--profile", "demo".into()), ("--journal", journal.into())],
    })
}
