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
use super::output::{say, say_json, spoken};
use super::spoken::owner_in_portuguese;
use super::told::Told;
use crate::gateway::Gateway;
use crate::journal::lock::Lock;
use crate::journal::{JournalError, Reader};
use crate::lang::Lang;
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
    message: Told,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<Told>,
}

/// The checks so far, and how the command will end.
struct Round {
    checks: Vec<Check>,
    exit: Exit,
}

impl Round {
    fn ok(&mut self, check: &'static str, message: impl Into<Told>) {
        self.checks.push(Check { check, status: Status::Ok, message: message.into(), fix: None });
    }

    fn warn(&mut self, check: &'static str, message: impl Into<Told>, fix: impl Into<Told>) {
        self.checks.push(Check {
            check,
            status: Status::Warning,
            message: message.into(),
            fix: Some(fix.into()),
        });
    }

    fn fail(&mut self, check: &'static str, exit: Exit, message: impl Into<Told>, fix: impl Into<Told>) {
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
            round.ok("configuration", {
                let (profile, environment, url) =
                    (&settings.profile, settings.environment, &settings.base_url);
                told!(
                    "profile {profile} for {environment} at {url}",
                    "perfil {profile} para {environment} em {url}"
                )
            });
            operators(&mut round);
            gateway(&context, &mut round).await;
            journal(&context, &mut round).await;
            webhooks(&context, &mut round).await;
        }
        Err(failure) => {
            round.fail(
                "configuration",
                failure.exit,
                failure.message,
                told!(
                    "`saldo init` writes a profile and checks it; config.example.toml has every key",
                    "`saldo init` escreve um perfil e o verifica; config.example.toml tem todas as chaves"
                ),
            );
        }
    }
    terminal(&mut round);
    if json {
        say_json(&round.checks);
    } else {
        for check in &round.checks {
            let lang = spoken();
            let mark = match (check.status, lang) {
                (Status::Ok, _) => "ok     ",
                (Status::Warning, Lang::En) => "warning",
                (Status::Warning, Lang::PtBr) => "aviso  ",
                (Status::Failed, Lang::En) => "FAILED ",
                (Status::Failed, Lang::PtBr) => "FALHOU ",
            };
            say(&format!("{mark}  {:<13}  {}", check.check, check.message.in_lang(lang)));
            if let Some(fix) = &check.fix {
                say(&format!("{:24}-> {}", "", fix.in_lang(lang)));
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
            Err(Failure::new(exit, "doctor", {
                let failed = failed.join(", ");
                told!("to be mended: {failed}", "a corrigir: {failed}")
            }))
        }
    }
}

/// Who the journal will name, since what two people have to say needs two.
fn operators(round: &mut Round) {
    let person = operator();
    if login().is_some() || person.uid != 0 {
        return round.ok(
            "operator",
            told!(
                "{person}: what is decided here is recorded under this name",
                "{person}: o que se decide aqui é gravado com este nome"
            ),
        );
    }
    round.warn(
        "operator",
        told!(
            "{person}: everybody who works as root here is one and the same person",
            "{person}: todos os que trabalham como root aqui são uma só pessoa"
        ),
        told!(
            "log in under names of their own and use sudo: what needs two people is counted by login (loginuid)",
            "entrem cada um com seu nome e usem sudo: o que precisa de duas pessoas é contado pelo login (loginuid)"
        ),
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
                failure.message,
                told!(
                    "each secret is a file (mode 0600), a variable, a command or a systemd credential",
                    "cada segredo é um arquivo (modo 0600), uma variável, um comando ou uma credencial do systemd"
                ),
            );
        }
    };
    round.ok(
        "secrets",
        told!(
            "all three can be read; whether the crypto_token is right, only an order or a webhook shows",
            "os três podem ser lidos; se o crypto_token está certo, só uma ordem ou um webhook mostra"
        ),
    );
    match gateway.balance().await {
        Ok(balance) => round.ok("gateway", {
            let total = balance.total;
            told!("answers; the wallet holds {total}", "responde; a carteira tem {total}")
        }),
        Err(error) => {
            let failure = Failure::from(error);
            let fix = match failure.exit {
                Exit::NotAllowed => {
                    told!(
                        "check client_id, client_secret and application_token with the gateway's people",
                        "confira client_id, client_secret e application_token com o gateway"
                    )
                }
                Exit::Unreachable => told!(
                    "check base_url, the network and the gateway's status page",
                    "confira base_url, a rede e a página de status do gateway"
                ),
                _ => told!(
                    "try again; if it stays, show this to the gateway's people",
                    "tente de novo; se continuar, mostre isto ao gateway"
                ),
            };
            round.fail("gateway", failure.exit, failure.message, fix);
        }
    }
    match gateway.clock_ahead() {
        None => {}
        Some(skew) if skew.abs() > STOPS_PAYMENTS => round.fail(
            "clock",
            Exit::Config,
            {
                let (away, most) = (skew.as_secs(), STOPS_PAYMENTS.as_secs());
                told!(
                    "{away} s away from the gateway's: payments stop at {most} s",
                    "a {away} s do relógio do gateway: os pagamentos param a {most} s"
                )
            },
            told!(
                "set the clock right, e.g. with systemd-timesyncd or chrony",
                "acerte o relógio, por exemplo com systemd-timesyncd ou chrony"
            ),
        ),
        Some(skew) if skew.abs() > WORTH_A_WORD => round.warn(
            "clock",
            {
                let away = skew.as_secs();
                told!("{away} s away from the gateway's", "a {away} s do relógio do gateway")
            },
            told!(
                "keep the clock right, e.g. with systemd-timesyncd or chrony",
                "mantenha o relógio certo, por exemplo com systemd-timesyncd ou chrony"
            ),
        ),
        Some(_) => round.ok("clock", told!("agrees with the gateway's", "concorda com o do gateway")),
    }
}

/// Whether the journal can be owned, or is owned by somebody.
async fn journal(context: &Context, round: &mut Round) {
    let path = context.journal_path();
    let shown = path.display();
    if !path.exists() {
        return match crate::journal::sqlite::prepare_folder(path) {
            Ok(()) => round.ok(
                "journal",
                told!(
                    "{shown} will be made by the first payment",
                    "{shown} será criado pelo primeiro pagamento"
                ),
            ),
            Err(error) => round.fail(
                "journal",
                Exit::Config,
                Told::of(&error),
                told!(
                    "give it a folder of yours with --journal or [journal] url",
                    "dê a ele uma pasta sua com --journal ou [journal] url"
                ),
            ),
        };
    }
    if let Err(failure) = context.reader().await {
        let fix = match failure.code {
            "journal_of_another_account" => {
                told!("give each profile a journal of its own", "dê a cada perfil um diário próprio")
            }
            "journal_newer" => told!("use the newer saldo", "use o saldo mais novo"),
            _ => told!(
                "do not start an empty one: restore the backup, or check the path",
                "não comece um vazio: restaure a cópia de segurança, ou confira o caminho"
            ),
        };
        return round.fail("journal", failure.exit, failure.message, fix);
    }
    if let Ok(Some(reader)) = context.reader().await {
        doubts(reader.as_ref(), round).await;
    }
    match Lock::acquire(path, "doctor", Duration::ZERO).await {
        Ok(_) => round.ok(
            "journal",
            told!(
                "{shown} can be read and owned; `saldo fsck` says whether it is sound",
                "{shown} pode ser lido e assumido; `saldo fsck` diz se está íntegro"
            ),
        ),
        Err(JournalError::Busy(owner)) => {
            let em_portugues = owner_in_portuguese(&owner);
            round.ok(
                "journal",
                told!("{shown} is in use by {owner}", "{shown} está em uso por {em_portugues}"),
            );
        }
        Err(error) => {
            round.fail(
                "journal",
                Exit::Config,
                Told::of(&error),
                told!("check who owns the file and its folder", "confira de quem são o arquivo e a pasta"),
            );
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
            {
                let rebalances = rebalances.len();
                told!(
                    "{payments} payments and {rebalances} rebalances have an unknown outcome",
                    "{payments} pagamentos e {rebalances} rebalanceamentos têm desfecho incerto"
                )
            },
            told!(
                "run `saldo recover`, then `saldo resolve ID` for each that stays",
                "rode `saldo recover`, depois `saldo resolve ID` para cada um que ficar"
            ),
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
            told!(
                "`forward` names addresses, and nothing is taken that could be passed on",
                "`forward` tem endereços, e nada é recebido que se possa repassar"
            ),
            told!("set [webhook] listen", "defina [webhook] listen"),
        );
    }
    match (context.settings.webhook.listen, &context.settings.webhook_url) {
        (None, None) => round.warn(
            "webhooks",
            told!(
                "none are taken: saldo learns of its payments by asking, and of nobody else's",
                "nenhum é recebido: o saldo sabe dos seus pagamentos perguntando, e dos alheios nada sabe"
            ),
            told!(
                "set [webhook] listen and webhook_url to see transactions as they happen",
                "defina [webhook] listen e webhook_url para ver as transações na hora"
            ),
        ),
        (None, Some(_)) => round.warn(
            "webhooks",
            told!(
                "webhook_url is sent along, and this machine does not listen",
                "webhook_url vai junto com as ordens, e esta máquina não escuta"
            ),
            told!(
                "set [webhook] listen, unless something else takes them",
                "defina [webhook] listen, a menos que outro programa os receba"
            ),
        ),
        (Some(listen), url) => {
            match crate::server::webhooks::bind(listen).await {
                Ok(_) => round.ok("webhooks", told!("can be taken at {listen}", "podem ser recebidos em {listen}")),
                Err(error) => match owner_listens(context, listen).await {
                    Some(owner) => {
                        let what = told!(
                            "are taken at {listen} by {owner}, which owns this journal",
                            "são recebidos em {listen} por {owner}, dono deste diário"
                        );
                        round.ok("webhooks", what);
                    }
                    None => round.warn(
                    "webhooks",
                    told!(
                            "{listen} cannot be listened at now: {error}",
                            "não dá para escutar em {listen} agora: {error}"
                        ),
                    told!(
                            "an open cockpit or `saldo serve` of yours may be listening there; if not, choose another port",
                            "um painel aberto ou um `saldo serve` seu pode estar escutando ali; se não, escolha outra porta"
                        ),
                ),
                },
            }
            if url.is_none() {
                round.warn(
                    "webhook_url",
                    told!(
                        "saldo listens, and tells the gateway no address",
                        "o saldo escuta, e não informa endereço nenhum ao gateway"
                    ),
                    told!(
                        "set webhook_url to the address under which the gateway reaches this machine",
                        "defina webhook_url com o endereço pelo qual o gateway alcança esta máquina"
                    ),
                );
            }
        }
    }
}

/// What the terminal can do.
fn terminal(round: &mut Round) {
    let term = std::env::var("TERM").unwrap_or_default();
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        round.warn(
            "terminal",
            told!(
                "none here: commands work, the cockpit does not",
                "não há aqui: os comandos funcionam, o painel não"
            ),
            told!("over SSH, use ssh -t", "por SSH, use ssh -t"),
        );
    } else if term.is_empty() || term == "dumb" {
        round.warn(
            "terminal",
            told!(
                "TERM is {term:?}: commands work, the cockpit does not",
                "TERM é {term:?}: os comandos funcionam, o painel não"
            ),
            told!("set TERM, e.g. to xterm-256color", "defina TERM, por exemplo como xterm-256color"),
        );
    } else {
        round.ok("terminal", Told::verbatim(term));
    }
}
