//! The command line: its arguments, one file a command.
//!
//! What scripts may rely on is here: flags, JSON, exit codes ([`failure::Exit`]). Data go to standard output, talk goes
//! to standard error, and an exit that is not 0 always says why.

#[macro_use]
mod told;

mod alerts;
mod ask;
mod at;
mod balance;
mod batch;
mod cash_in;
mod cash_out;
mod cockpit;
mod completions;
mod config;
mod context;
mod contradiction;
mod demo;
mod doctor;
mod effect;
mod explain;
mod export;
pub mod failure;
mod fsck;
mod handover;
mod init;
mod input;
mod keys;
mod linear;
mod listener;
mod logging;
mod man;
mod office;
mod output;
mod paths;
mod payees;
mod preview;
mod qr_file;
mod rebalance;
mod receipt;
mod recover;
mod refund;
mod resolve;
mod sandbox;
mod select;
mod serve;
mod settle;
mod show;
mod spoken;
mod themes;
mod transactions;
mod view;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::{Env, Overrides, asked_language};
use context::Context;
use failure::{Exit, Failure};
use told::Told;

/// Treasury cockpit for the ConnectPSP PIX gateway.
#[derive(Debug, Parser)]
#[command(name = "saldo", version, about, max_term_width = 100)]
struct Arguments {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Option<Command>,
}

/// Flags that every command takes, anywhere on the line.
#[derive(Debug, Args)]
#[command(next_help_heading = "Everywhere")]
struct Global {
    /// The configuration file [env: SALDO_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The profile in it [env: SALDO_PROFILE]
    #[arg(long, global = true, value_name = "NAME")]
    profile: Option<String>,
    /// The journal, sqlite:PATH [env: SALDO_JOURNAL]
    #[arg(long, global = true, value_name = "URL")]
    journal: Option<String>,
    /// The language of screens and answers: pt-BR or en [env: SALDO_LANG]
    #[arg(long, global = true, value_name = "LANG")]
    lang: Option<String>,
    /// Whether to use colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: Colour,
    /// The cockpit as plain sentences instead of a screen: for screen readers, `tee` and thin links
    #[arg(long, global = true)]
    linear: bool,
    /// The look of the cockpit: auto, dark, light, high-contrast, ansi16, ansi16-light, none, or a theme of yours
    #[arg(long, global = true, value_name = "NAME")]
    theme: Option<String>,
    /// Begin with amounts, names, keys and documents masked, for a screen that others see
    #[arg(long, global = true)]
    private: bool,
    /// Send nothing: no payment, charge, refund or rebalance; asking, polling and webhooks go on
    #[arg(long, global = true)]
    read_only: bool,
    /// Answer in JSON; errors too
    #[arg(long, global = true)]
    json: bool,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Colour {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The cockpit on an imitation of the gateway with live traffic: no account, nothing of yours is touched
    Demo(demo::DemoArguments),
    /// The wallet as the gateway has it now
    Balance,
    /// Pay by PIX key or bank account
    CashOut(Box<cash_out::CashOutArguments>),
    /// Pay the lines of a file, each of them once
    #[command(subcommand)]
    Batch(batch::BatchCommand),
    /// Ask somebody to pay: a BR Code, or an OpenFinance address
    CashIn(Box<cash_in::CashInArguments>),
    /// Give a paid cash-in back, in full and once
    Refund(refund::RefundArguments),
    /// Move money between the transactional and the proprietary account
    Rebalance(rebalance::RebalanceArguments),
    /// Everything known of one transaction
    Show(show::ShowArguments),
    /// What saldo has seen, newest first
    Transactions(transactions::TransactionsArguments),
    /// Who was paid by this desk: key or account, name, how often, when last
    Payees(payees::PayeesArguments),
    /// The desk as it was at a time: balance, sums, transactions as they stood, alerts
    At(at::AtArguments),
    /// Does the wallet hold what it ought to, and what of it nobody told saldo
    Explain(explain::ExplainArguments),
    /// What a person has to look at; `alerts ack ID` records that they have
    Alerts(alerts::AlertsArguments),
    /// Hand a shift over in writing: balances, what is open, alerts, who did what; the next person accepts it
    Handover(handover::HandoverArguments),
    /// The history as a file: CSV, OFX, JSON lines
    Export(export::ExportArguments),
    /// The receipt of a payment that has moved money
    Receipt(receipt::ReceiptArguments),
    /// Take up every payment that is not final
    Recover,
    /// Record what a person found about a payment in doubt; without a finding, the facts to look it up
    Resolve(resolve::ResolveArguments),
    /// Is the journal sound? Every row as it was written, every life what its events come to
    Fsck(fsck::FsckArguments),
    /// Own the journal without a screen: poll, take webhooks, work on open payments, do what commands ask
    Serve(serve::ServeArguments),
    /// Write a profile and its secrets' files, question by question, and check it
    Init,
    /// What would stand in the way, and what to do about it
    Doctor,
    /// An imitation of the gateway on this machine, for integrators and tests
    Sandbox(sandbox::SandboxArguments),
    /// Which key does what, and where, with the ids that the configuration binds
    Keys,
    /// What saldo is told, and by whom
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Where everything of a profile is
    Paths,
    /// What a shell needs to complete saldo's commands and flags
    Completions(completions::CompletionsArguments),
    /// The manual pages
    Man(man::ManArguments),
}

impl Command {
    fn moves_money(&self) -> bool {
        matches!(
            self,
            Self::CashOut(_) | Self::Batch(_) | Self::CashIn(_) | Self::Refund(_) | Self::Rebalance(_)
        )
    }
}

impl Arguments {
    /// Whether it takes the terminal for itself, or works until it is ended.
    const fn takes_the_terminal(&self) -> bool {
        matches!(
            self.command,
            None | Some(Command::Demo(_) | Command::Serve(_) | Command::Sandbox(_) | Command::Init)
        )
    }
}

impl Global {
    fn overrides(&self) -> Overrides {
        Overrides {
            config: self.config.clone(),
            profile: self.profile.clone(),
            journal: self.journal.clone(),
            lang: self.lang.clone(),
            theme: self.theme.clone(),
            private: self.private,
            read_only: self.read_only,
        }
    }
}

/// Parses, runs and answers with the exit code.
pub fn main() -> ExitCode {
    // The arguments may be wrong in a way that hides `--json` from the parser; the wish is plain all the same.
    let wants_json = std::env::args_os().any(|argument| argument == "--json");
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return output::usage(&error, wants_json),
    };
    let json = arguments.global.json;
    match run(arguments) {
        Ok(exit) => exit.into(),
        Err(failure) => output::fail(&failure, json),
    }
}

fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments { global, command } = arguments;
    if let Some(asked) = asked_language(&global.overrides(), &Env::of_process())? {
        output::speak(cockpit::language(Some(asked)));
    }
    if global.linear && !matches!(command, None | Some(Command::Demo(_))) {
        return Err(Failure::usage(told!(
            "--linear is for the cockpit and for demo; commands answer in lines anyway",
            "--linear é para o painel e para o demo; os comandos já respondem em linhas"
        )));
    }
    if global.private && !matches!(command, None | Some(Command::Demo(_))) {
        return Err(Failure::usage(told!(
            "--private is for the cockpit and for demo; a command tells what it is asked for",
            "--private é para o painel e para o demo; um comando diz o que se pergunta a ele"
        )));
    }
    match &command {
        None | Some(Command::Demo(_)) => {}
        Some(Command::Serve(_)) => logging::to_standard_error(Some("saldo=info")),
        Some(_) => logging::to_standard_error(None),
    }
    let moves_money = command.as_ref().is_some_and(Command::moves_money);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(
            |error| Failure::other(told!("saldo cannot start: {error}", "o saldo não pode começar: {error}")),
        )?;
    let exit = runtime.block_on(async {
        match command {
            None => cockpit::run(&Context::load(&global, "cockpit")?, &global).await,
            Some(Command::Demo(arguments)) => demo::run(&arguments, &global).await,
            Some(Command::Sandbox(arguments)) => sandbox::run(arguments).await,
            Some(Command::Serve(arguments)) => serve::run(arguments, &Context::load(&global, "serve")?).await,
            Some(Command::Init) => init::run(&global).await,
            Some(Command::Paths) => Ok(paths::run(&Context::load(&global, "paths")?)),
            Some(Command::Completions(arguments)) => Ok(completions::run(&arguments)),
            Some(Command::Man(arguments)) => man::run(&arguments),
            Some(Command::Config(command)) => config::run(&command, &global),
            Some(Command::Keys) => keys::run(&global),
            Some(Command::Doctor) => doctor::run(&global).await,
            Some(Command::Balance) => balance::run(&Context::load(&global, "balance")?).await,
            Some(Command::CashOut(arguments)) => cash_out::run(*arguments, &global).await,
            Some(Command::Batch(command)) => batch::run(command, &Context::load(&global, "batch")?).await,
            Some(Command::CashIn(arguments)) => cash_in::run(*arguments, &global).await,
            Some(Command::Refund(arguments)) => {
                refund::run(arguments, &Context::load(&global, "refund")?).await
            }
            Some(Command::Rebalance(arguments)) => {
                rebalance::run(arguments, &Context::load(&global, "rebalance")?).await
            }
            Some(Command::Show(arguments)) => show::run(&arguments, &Context::load(&global, "show")?).await,
            Some(Command::Payees(arguments)) => {
                payees::run(arguments, &Context::load(&global, "payees")?).await
            }
            Some(Command::Transactions(arguments)) => {
                transactions::run(arguments, &Context::load(&global, "transactions")?).await
            }
            Some(Command::Explain(arguments)) => {
                explain::run(arguments, &Context::load(&global, "explain")?).await
            }
            Some(Command::At(arguments)) => at::run(&arguments, &Context::load(&global, "at")?).await,
            Some(Command::Alerts(arguments)) => {
                alerts::run(arguments, &Context::load(&global, "alerts")?).await
            }
            Some(Command::Handover(arguments)) => {
                handover::run(arguments, &Context::load(&global, "handover")?).await
            }
            Some(Command::Export(arguments)) => {
                export::run(arguments, &Context::load(&global, "export")?).await
            }
            Some(Command::Receipt(arguments)) => {
                receipt::run(&arguments, &Context::load(&global, "receipt")?).await
            }
            Some(Command::Recover) => recover::run(&Context::load(&global, "recover")?).await,
            Some(Command::Fsck(arguments)) => fsck::run(arguments, &Context::load(&global, "fsck")?).await,
            Some(Command::Resolve(arguments)) => {
                resolve::run(arguments, &Context::load(&global, "resolve")?).await
            }
        }
    });
    // Threads of the runtime may wait for a secret's command or a name server; the answer is known.
    runtime.shutdown_background();
    match (exit, output::lost()) {
        (Ok(Exit::Done), Some(reason)) if !moves_money => Err(Failure::other(unwritten(&reason))),
        (Ok(Exit::Done), Some(reason)) => {
            // The exit code speaks of the money, and the money's part is done.
            output::note(unwritten(&reason));
            Ok(Exit::Done)
        }
        (exit, _) => exit,
    }
}

fn unwritten(reason: &dyn std::fmt::Display) -> Told {
    told!("the answer could not be written: {reason}", "a resposta não pôde ser escrita: {reason}")
}
