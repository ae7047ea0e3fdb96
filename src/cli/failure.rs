//! How a command can end, and what that means for the money.

use std::process::ExitCode;

use serde::Serialize;

use crate::config::ConfigError;
use crate::domain::attempt::{NotExecuted, Problem, Verdict};
use crate::domain::permission::NotAllowed;
use crate::engine::contradiction::NotLookedInto;
use crate::engine::counter::CounterError;
use crate::engine::lane::{LaneError, Pause};
use crate::engine::message::RebalanceTrouble;
use crate::engine::new_file::NotWritten;
use crate::gateway::{BuildError, ReadError};
use crate::journal::{Intent, JournalError};

use super::told::{Spoken, Told};

/// The exit codes that scripts may rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done: accepted (without `--wait`), completed.
    Done = 0,
    /// Anything that has no code of its own.
    Other = 1,
    /// Usage, a value that fails validation, a refusal to act without `--yes`.
    Usage = 2,
    /// The gateway refused: rejected, failed. Nothing was paid.
    Refused = 3,
    /// The outcome is not known: do not repeat with a new reference, run `saldo recover`.
    Unknown = 4,
    /// No such transaction.
    NotFound = 5,
    /// The journal is not sound.
    Unsound = 65,
    /// The gateway could not be reached; nothing was sent.
    Unreachable = 69,
    /// Try later: the journal is in use, the gateway is asked too often, not settled within `--wait`.
    Later = 75,
    /// These credentials may not do this.
    NotAllowed = 77,
    /// The configuration is wrong.
    Config = 78,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// What a failure means for the money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// No request was made that could move money.
    NothingSent,
    /// A request was made, and it is proven that no money moved.
    NotExecuted,
    /// Nobody can say.
    Unknown,
    /// The gateway has the order; it has not settled.
    Pending,
}

/// Why a command did not end well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The process's exit code.
    pub exit: Exit,
    /// For machines.
    pub code: &'static str,
    /// For people: what happened, what it means for the money, what to do next.
    pub message: Told,
    /// Whether the same command may simply be run again.
    pub retryable: bool,
    /// What it means for the money.
    pub outcome: Outcome,
}

impl Failure {
    /// A failure before anything was sent.
    pub fn new(exit: Exit, code: &'static str, message: impl Into<Told>) -> Self {
        Self { exit, code, message: message.into(), retryable: false, outcome: Outcome::NothingSent }
    }

    /// A value that fails validation, or a wrong combination.
    pub fn usage(message: impl Into<Told>) -> Self {
        Self::new(Exit::Usage, "invalid_argument", message)
    }

    /// Anything that has no code of its own.
    pub fn other(message: impl Into<Told>) -> Self {
        Self::new(Exit::Other, "error", message)
    }

    /// A value that fails validation: which one, and why.
    pub fn wrong(what: &str, why: &dyn Spoken) -> Self {
        Self::usage(Told::both(|lang| format!("{what}: {}", why.spoken(lang))))
    }

    /// The same, with this added to it.
    #[must_use]
    pub fn and(self, more: impl Into<Told>) -> Self {
        Self { message: Told::join(&[self.message, more.into()], "; "), ..self }
    }

    /// The same, and the command may be run again.
    #[must_use]
    pub fn retryable(self) -> Self {
        Self { retryable: true, ..self }
    }

    /// The same, with another meaning for the money.
    #[must_use]
    pub fn meaning(self, outcome: Outcome) -> Self {
        Self { outcome, ..self }
    }

    /// An order that is proven not executed for another reason than a refusal.
    pub fn not_executed(proof: &NotExecuted) -> Self {
        match proof {
            NotExecuted::Unreachable(reason) => Self::new(
                Exit::Unreachable,
                "unreachable",
                told!(
                    "the gateway could not be reached, nothing was sent: {reason}",
                    "sem conexão com o gateway, nada foi enviado: {reason}"
                ),
            )
            .retryable(),
            NotExecuted::TooLate => Self::new(
                Exit::Unreachable,
                "too_late",
                told!(
                    "connecting took too long, so nothing was sent",
                    "a conexão demorou demais, então nada foi enviado"
                ),
            )
            .retryable(),
            NotExecuted::ClockSkew { seconds_ahead } => {
                Pause::Clock(jiff::SignedDuration::from_secs(*seconds_ahead)).into()
            }
            NotExecuted::NoToken(reason) => Self::new(
                Exit::Unreachable,
                "no_token",
                told!(
                    "the gateway gave no access token, so nothing was sent: {reason}",
                    "o gateway não deu token de acesso, então nada foi enviado: {reason}"
                ),
            )
            .retryable(),
            NotExecuted::Refused(problem) => Self::refused(problem),
            NotExecuted::Unauthorized(problem) | NotExecuted::Forbidden(problem) => Self::new(
                Exit::NotAllowed,
                "not_allowed",
                told!(
                    "the gateway does not take these credentials ({problem}); no money moved",
                    "o gateway não aceita estas credenciais ({problem}); nenhum dinheiro saiu"
                ),
            )
            .meaning(Outcome::NotExecuted),
            NotExecuted::TooMany { retry_after } => {
                let wait = retry_after
                    .map(|wait| told!("; it asks to wait {wait} s", "; ele pede para esperar {wait} s"));
                Self::new(
                    Exit::Later,
                    "too_many_requests",
                    told!(
                        "the gateway is asked too often; no money moved{wait}",
                        "pedidos demais ao gateway; nenhum dinheiro saiu{wait}"; wait
                    ),
                )
                .retryable()
                .meaning(Outcome::NotExecuted)
            }
        }
    }

    /// A payment that is decided and has had no effect so far: `trouble` is what was in the way.
    pub fn not_sent(intent: &Intent, trouble: Option<&LaneError>) -> Self {
        let failure = match (trouble, &intent.cash_out.last_verdict) {
            (Some(LaneError::Paused(pause)), _) => pause.clone().into(),
            (_, Some(Verdict::NotExecuted(proof))) => Self::not_executed(proof),
            _ => Self::new(
                Exit::Later,
                "not_sent",
                told!(
                    "the payment is decided, and not sent yet",
                    "o pagamento está decidido, e ainda não saiu"
                ),
            )
            .retryable(),
        };
        failure.and(told!(
            "it stays open: the same command with the same reference goes on with it, and so does `saldo recover`",
            "ele continua em aberto: o mesmo comando com a mesma referência o retoma, e `saldo recover` também"
        ))
    }

    /// The gateway said no, and it is proven that no money moved.
    pub fn refused(problem: &Problem) -> Self {
        let message = told!(
            "the gateway refused ({problem}); no money moved",
            "o gateway recusou ({problem}); nenhum dinheiro saiu"
        );
        Self::new(Exit::Refused, "refused", message).meaning(Outcome::NotExecuted)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::new(Exit::Config, "configuration", Told::of(&error))
    }
}

impl From<NotWritten> for Failure {
    fn from(why: NotWritten) -> Self {
        let message = Told::of(&why);
        match why {
            NotWritten::NoFile(_) | NotWritten::IsThere(_) => Self::usage(message),
            NotWritten::Cannot { .. } => Self::other(message),
        }
    }
}

impl From<BuildError> for Failure {
    fn from(error: BuildError) -> Self {
        Self::new(Exit::Config, "configuration", Told::of(&error))
    }
}

impl From<NotAllowed> for Failure {
    fn from(why: NotAllowed) -> Self {
        let message = Told::of(&why);
        match why {
            NotAllowed::ReadOnly => Self::new(Exit::NotAllowed, "read_only", message).and(told!(
                "to act, run it without --read-only and with a profile that does not say read_only",
                "para agir, rode sem --read-only e com um perfil que não diga read_only"
            )),
            NotAllowed::OwnerReadOnly => Self::new(Exit::NotAllowed, "owner_read_only", message).and(told!(
                "to act, end that one or start it without --read-only and read_only",
                "para agir, encerre-o ou inicie-o sem --read-only e sem read_only"
            )),
        }
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        let message = Told::of(&error);
        match error {
            JournalError::Busy(_) => Self::new(Exit::Later, "journal_busy", message)
                .and(told!(
                    "nothing was sent, try again when it is done",
                    "nada foi enviado, tente de novo quando ele terminar"
                ))
                .retryable(),
            JournalError::OtherAccount { .. } => {
                Self::new(Exit::Config, "journal_of_another_account", message)
            }
            JournalError::Newer { .. } => Self::new(Exit::Config, "journal_newer", message),
            JournalError::Older { .. } => Self::new(Exit::Config, "journal_older", message),
            JournalError::Open { .. } => Self::new(Exit::Config, "journal_unusable", message),
            JournalError::NotFound(_) => Self::new(Exit::NotFound, "not_found", message),
            JournalError::NamesTwo { .. } => Self::new(Exit::Usage, "ambiguous_reference", message),
            JournalError::Edited { .. } => {
                Self::new(Exit::Unsound, "journal_unsound", message).meaning(Outcome::Unknown)
            }
            JournalError::NotAllowed(why) => why.into(),
            JournalError::TakenOver { .. } => Self::new(Exit::Other, "journal_taken_over", message),
            JournalError::Unwritable(_)
            | JournalError::Unreadable(_)
            | JournalError::Refused(_)
            | JournalError::RebalanceRefused(_)
            | JournalError::RequestRefused(_)
            | JournalError::Closed => Self::new(Exit::Other, "journal", message),
        }
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        let message = Told::of(&error);
        match error {
            ReadError::Unreachable(_)
            | ReadError::TimedOut
            | ReadError::Server(_)
            | ReadError::NoToken(_) => Self::new(Exit::Unreachable, "unreachable", message).retryable(),
            ReadError::NotFound(_) => Self::new(Exit::NotFound, "not_found", message),
            ReadError::NotAnId(_) => Self::new(Exit::Usage, "invalid_argument", message),
            ReadError::Unauthorized(_) => Self::new(Exit::NotAllowed, "not_allowed", message),
            ReadError::TooMany { .. } => Self::new(Exit::Later, "too_many_requests", message).retryable(),
            ReadError::Refused(_) => Self::new(Exit::Refused, "refused", message),
            ReadError::Illegible { .. } => Self::new(Exit::Other, "illegible", message).retryable(),
        }
    }
}

impl From<Pause> for Failure {
    fn from(pause: Pause) -> Self {
        let code = match pause {
            Pause::Unauthorized(_) | Pause::Forbidden(_) => "not_allowed",
            Pause::Clock(_) => "clock",
            Pause::OwnerGone => "owner_gone",
        };
        Self::new(Exit::NotAllowed, code, Told::of(&pause)).meaning(Outcome::NotExecuted)
    }
}

impl From<LaneError> for Failure {
    fn from(error: LaneError) -> Self {
        match error {
            LaneError::Journal(error) => error.into(),
            LaneError::Refused(refused) => JournalError::Refused(refused).into(),
            LaneError::Paused(pause) => pause.into(),
            LaneError::Look(error) => error.into(),
            LaneError::Busy => Self::new(Exit::Later, "busy", Told::of(&error)).retryable(),
            LaneError::Changed => Self::new(Exit::Unsound, "journal_changed", Told::of(&error)),
            LaneError::NotThisPayment(_) => Self::new(Exit::Usage, "not_this_payment", Told::of(&error)),
            LaneError::NotLookedInto(NotLookedInto::MoreTold) => {
                Self::new(Exit::Later, "more_told", Told::of(&error))
            }
            LaneError::NotLookedInto(_) => Self::new(Exit::Usage, "not_looked_into", Told::of(&error)),
        }
    }
}

impl From<CounterError> for Failure {
    fn from(error: CounterError) -> Self {
        match error {
            CounterError::Journal(error) => error.into(),
            CounterError::Refused(refused) => JournalError::RequestRefused(refused).into(),
            CounterError::Paused(pause) => pause.into(),
            CounterError::Look(error) => error.into(),
            CounterError::Busy => Self::new(Exit::Later, "busy", Told::of(&error)).retryable(),
            CounterError::Changed => Self::new(Exit::Unsound, "journal_changed", Told::of(&error)),
            CounterError::NotPaid(_) => Self::new(Exit::Refused, "not_paid", Told::of(&error)),
        }
    }
}

impl From<RebalanceTrouble> for Failure {
    fn from(trouble: RebalanceTrouble) -> Self {
        let message = Told::of(&trouble);
        match trouble {
            RebalanceTrouble::NoBalance(_) => {
                Self::new(Exit::Unreachable, "unreachable", message).retryable()
            }
            RebalanceTrouble::Impossible(_) => Self::new(Exit::Refused, "impossible", message),
            RebalanceTrouble::Moved(_) => Self::new(Exit::Later, "balance_moved", message).retryable(),
            RebalanceTrouble::InDoubt(doubt) => {
                let id = doubt.id;
                Self::new(Exit::Unknown, "rebalance_in_doubt", message)
                    .and(told!(
                        "`saldo show {id}` compares, `--after-doubt {id}` says that you have looked",
                        "`saldo show {id}` compara, `--after-doubt {id}` diz que você conferiu"
                    ))
                    .meaning(Outcome::Unknown)
            }
            RebalanceTrouble::UnderWay(_) => {
                Self::new(Exit::Later, "rebalance_under_way", message).retryable()
            }
            RebalanceTrouble::NotJournalled(_) => Self::new(Exit::Other, "journal", message),
            RebalanceTrouble::NotAllowed(why) => why.into(),
        }
    }
}
