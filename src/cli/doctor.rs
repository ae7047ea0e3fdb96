//! `saldo doctor`: what would stand in the way of a day's work, and what to do about it.
//!
//! It reads and asks; it changes nothing and moves no money.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::time::Duration;

use jiff::SignedDuration;
use serde::Serialize;

use super::Global;
use super::context::Context;
use super::failure::{Exit, Failure};
use super::listener;
use super::output::{say, say_json};
use crate::gateway::Gateway;
use crate::journal::lock::Lock;
use crate::journal::{JournalError, Reader};
use crate::server::control::{login, operator};

/// A difference between the clocks that is worth a word.
const WORTH_A_WORD: SignedDuration = SignedDuration::from_secs(30);

/// A difference at which payments stop.
const STOPS_PAYMENTS: SignedDuration = SignedDuration::from_mins(5);

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Ok,
    Warning,
    Failed,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Check {
    check: &'static str,
    status: Status,
    message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<String>,
}

/// The checks so far, and how the command will end.
struct Round {
    checks: Vec<Check>,
    exit: Exit,
}

impl Round {
    fn ok(&mut self, check: &'static str, message: impl Into<String>) {
        self.checks.push(Check { check, status: Status::Ok, message: message.into(), fix: None });
    }

    fn warn(&mut self, check: &'static str, message: impl Into<String>, fix: impl Into<String>) {
        self.checks.push(Check {
            check,
            status: Status::Warning,
            message: message.into(),
            fix: Some(fix.into()),
        });
    }

    fn fail(&mut self, check: &'static str, exit: Exit, message: impl Into<String>, fix: impl Into<String>) {
        self.checks.push(Check {
            check,
            status: Status::Failed,
            message: message.into(),
            fix: Some(fix.into()),
        });
        // The first failure is the one that has to be mended first.
        if self.exit == Exit::Done {
            self.exit = exit;
        }
    }
}

pub(super) async fn run(global: &Global) -> Result<Exit, Failure> {
    check(Context::load(global, "doctor"), global.json).await
}

/// The round over a configuration, or over what is wrong with it.
pub(super) async fn check(context: Result<Context, Failure>, json: bool) -> Result<Exit, Failure> {
    let mut round = Round { checks: Vec::new(), exit: Exit::Done };
    match context {
        Ok(context) => {
            let settings = &context.settings;
            round.ok(
                "configuration",
                format!("profile {} for {} at {}", settings.profile, settings.environment, settings.base_url),
            );
            operators(&mut round);
            gateway(&context, &mut round).await;
            journal(&context, &mut round).await;
            webhooks(&context, &mut round).await;
        }
        Err(failure) => {
            round.fail(
                "configuration",
                failure.exit,
                failure.message.en(),
                "`saldo init` writes a profile and checks it; config.example.toml has every key",
            );
        }
    }
    terminal(&mut round);
    if json {
        say_json(&round.checks);
    } else {
        for check in &round.checks {
            let mark = match check.status {
                Status::Ok => "ok     ",
                Status::Warning => "warning",
                Status::Failed => "FAILED ",
            };
            say(&format!("{mark}  {:<13}  {}", check.check, check.message));
            if let Some(fix) = &check.fix {
                say(&format!("{:24}-> {fix}", ""));
            }
        }
    }
    match round.exit {
        Exit::Done => Ok(Exit::Done),
        exit => {
            let failed: Vec<&str> = round
                .checks
                .iter()
                .filter(|check| check.status == Status::Failed)
                .map(|check| check.check)
                .collect();
            Err(Failure::new(exit, "doctor", format!("to be mended: {}", failed.join(", "))))
        }
    }
}

/// Who the journal will name, since what two people have to say needs two.
fn operators(round: &mut Round) {
    let person = operator();
    if login().is_some() || person.uid != 0 {
        return round.ok("operator", format!("{person}: what is decided here is recorded under this name"));
    }
    round.warn(
        "operator",
        format!("{person}: everybody who works as root here is one and the same person"),
        "log in under names of their own and use sudo: what needs two people is counted by login (loginuid)",
    );
}

/// Secrets, token, balance and the two clocks.
async fn gateway(context: &Context, round: &mut Round) {
    let gateway = match context.gateway().await {
        Ok(gateway) => gateway,
        Err(failure) => {
            return round.fail(
                "secrets",
                failure.exit,
                failure.message.en(),
                "each secret is a file (mode 0600), a variable, a command or a systemd credential",
            );
        }
    };
    round.ok(
        "secrets",
        "all three can be read; whether the crypto_token is right, only an order or a webhook shows",
    );
    match gateway.balance().await {
        Ok(balance) => round.ok("gateway", format!("answers; the wallet holds {}", balance.total)),
        Err(error) => {
            let failure = Failure::from(error);
            let fix = match failure.exit {
                Exit::NotAllowed => {
                    "check client_id, client_secret and application_token with the gateway's people"
                }
                Exit::Unreachable => "check base_url, the network and the gateway's status page",
                _ => "try again; if it stays, show this to the gateway's people",
            };
            round.fail("gateway", failure.exit, failure.message.en(), fix);
        }
    }
    match gateway.clock_ahead() {
        None => {}
        Some(skew) if skew.abs() > STOPS_PAYMENTS => round.fail(
            "clock",
            Exit::Config,
            format!(
                "{} s away from the gateway's: payments stop at {} s",
                skew.as_secs(),
                STOPS_PAYMENTS.as_secs()
            ),
            "set the clock right, e.g. with systemd-timesyncd or chrony",
        ),
        Some(skew) if skew.abs() > WORTH_A_WORD => round.warn(
            "clock",
            format!("{} s away from the gateway's", skew.as_secs()),
            "keep the clock right, e.g. with systemd-timesyncd or chrony",
        ),
        Some(_) => round.ok("clock", "agrees with the gateway's"),
    }
}

/// Whether the journal can be owned, or is owned by somebody.
async fn journal(context: &Context, round: &mut Round) {
    let path = context.journal_path();
    let shown = path.display();
    if !path.exists() {
        return match crate::journal::sqlite::prepare_folder(path) {
            Ok(()) => round.ok("journal", format!("{shown} will be made by the first payment")),
            Err(error) => round.fail(
                "journal",
                Exit::Config,
                error.to_string(),
                "give it a folder of yours with --journal or [journal] url",
            ),
        };
    }
    if let Err(failure) = context.reader().await {
        let fix = match failure.code {
            "journal_of_another_account" => "give each profile a journal of its own",
            "journal_newer" => "use the newer saldo",
            _ => "do not start an empty one: restore the backup, or check the path",
        };
        return round.fail("journal", failure.exit, failure.message.en(), fix);
    }
    if let Ok(Some(reader)) = context.reader().await {
        doubts(reader.as_ref(), round).await;
    }
    match Lock::acquire(path, "doctor", Duration::ZERO).await {
        Ok(_) => round
            .ok("journal", format!("{shown} can be read and owned; `saldo fsck` says whether it is sound")),
        Err(JournalError::Busy(owner)) => round.ok("journal", format!("{shown} is in use by {owner}")),
        Err(error) => {
            round.fail("journal", Exit::Config, error.to_string(), "check who owns the file and its folder");
        }
    }
}

/// Whether something waits for a person.
async fn doubts(reader: &dyn Reader, round: &mut Round) {
    let (Ok(open), Ok(rebalances)) = (reader.due(None).await, reader.rebalances_in_doubt().await) else {
        return;
    };
    let payments = open.iter().filter(|intent| intent.cash_out.state.is_in_doubt()).count();
    if payments + rebalances.len() > 0 {
        round.warn(
            "doubts",
            format!("{payments} payments and {} rebalances have an unknown outcome", rebalances.len()),
            "run `saldo recover`, then `saldo resolve ID` for each that stays",
        );
    }
}

/// The journal's owner, where it is the one that listens there.
async fn owner_listens(context: &Context, listen: SocketAddr) -> Option<String> {
    let Err(JournalError::Busy(owner)) =
        Lock::acquire(context.journal_path(), "doctor", Duration::ZERO).await
    else {
        return None;
    };
    let pid = owner.split_once("process ")?.1.split(',').next()?.trim().parse().ok()?;
    listener::is_at(pid, listen).then_some(owner)
}

/// Whether webhooks can arrive, and be passed on.
async fn webhooks(context: &Context, round: &mut Round) {
    if !context.settings.webhook.forward.is_empty() && context.settings.webhook.listen.is_none() {
        round.warn(
            "webhook",
            "`forward` names addresses, and nothing is taken that could be passed on",
            "set [webhook] listen",
        );
    }
    match (context.settings.webhook.listen, &context.settings.webhook_url) {
        (None, None) => round.warn(
            "webhooks",
            "none are taken: saldo learns of its payments by asking, and of nobody else's",
            "set [webhook] listen and webhook_url to see transactions as they happen",
        ),
        (None, Some(_)) => round.warn(
            "webhooks",
            "webhook_url is sent along, and this machine does not listen",
            "set [webhook] listen, unless something else takes them",
        ),
        (Some(listen), url) => {
            match crate::server::webhooks::bind(listen).await {
                Ok(_) => round.ok("webhooks", format!("can be taken at {listen}")),
                Err(error) => match owner_listens(context, listen).await {
                    Some(owner) => {
                        let what = format!("are taken at {listen} by {owner}, which owns this journal");
                        round.ok("webhooks", what);
                    }
                    None => round.warn(
                    "webhooks",
                    format!("{listen} cannot be listened at now: {error}"),
                    "an open cockpit or `saldo serve` of yours may be listening there; if not, choose another port",
                ),
                },
            }
            if url.is_none() {
                round.warn(
                    "webhook_url",
                    "saldo listens, and tells the gateway no address",
                    "set webhook_url to the address under which the gateway reaches this machine",
                );
            }
        }
    }
}

/// What the terminal can do.
fn terminal(round: &mut Round) {
    let term = std::env::var("TERM").unwrap_or_default();
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        round.warn("terminal", "none here: commands work, the cockpit does not", "over SSH, use ssh -t");
    } else if term.is_empty() || term == "dumb" {
        round.warn(
            "terminal",
            format!("TERM is {term:?}: commands work, the cockpit does not"),
            "set TERM, e.g. to xterm-256color",
        );
    } else {
        round.ok("terminal", term);
    }
}
