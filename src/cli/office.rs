//! Where a writing command's acts are done: here, where this process owns the journal, or in the process that does.
//!
//! The commands see one office, so that what they print and how they end is the same either way.

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::context::asked_to_stop;
use super::failure::{Exit, Failure, Outcome};
use super::output::note;
use super::spoken::RebalanceWord;
use super::told::Told;
use crate::domain::alert::Alert;
use crate::domain::request::Asked;
use crate::domain::transaction::Transaction;
use crate::domain::{cash_in, refund};
use crate::engine::alerts::Subject;
use crate::engine::clock;
use crate::engine::counter::{ChargeDecision, CounterError, Made, RefundDecision};
use crate::engine::lane::{Decision, LaneError};
use crate::engine::message::Finding;
use crate::engine::office::{self, NotRebalanced, Paid, RebalanceOrder, Recovered};
use crate::gateway::ReadError;
use crate::journal::handover::{NotAccepted, Shift, StoredHandover};
use crate::journal::payees::Favour;
use crate::journal::{Intent, JournalError, Stored, StoredRebalance};
use crate::server::control::client::{Broken, Client};
use crate::server::control::operator;
use crate::server::control::protocol::{
    Acknowledge, CashOut, Charge, HandOver, Owner, Refund, Refusal, Request, Resolve,
};

/// The office that a command has found. It does one thing, and is given back.
pub(super) enum Office {
    /// This process owns the journal.
    Here(office::Office),
    /// Another one does, and answers.
    There {
        /// The connection to it.
        client: Client,
        /// Whose payments they are.
        account: String,
    },
}

/// Why a finding was not recorded, or may not have been.
pub(super) enum NotResolved {
    /// The payment does not allow it.
    Lane(LaneError),
    /// It was not tried.
    NotAsked(Failure),
    /// Nobody can say.
    Unknown(Failure),
}

/// Cancelled when the process is asked to end. From here on a signal ends nothing by itself.
pub(super) fn stop_signal() -> CancellationToken {
    let stop = CancellationToken::new();
    let signal = stop.clone();
    let asked = asked_to_stop();
    tokio::spawn(async move {
        asked.await;
        signal.cancel();
    });
    stop
}

impl Office {
    /// Journals a decision and works on the payment until the gateway's answer is known.
    pub(super) async fn pay(self, decision: Decision, stop: &CancellationToken) -> Result<Paid, Failure> {
        match self {
            Self::Here(office) => {
                let paid = office.pay(decision, stop).await?;
                office.finish().await;
                Ok(paid)
            }
            Self::There { client, account } => {
                let Decision { id, reference, order, reason, again, .. } = decision;
                let advice = told!(
                    "the payment may have been made or not. The same command with the same reference ({reference}) goes on \
                     with it and never pays twice",
                    "o pagamento pode ter sido feito ou não. O mesmo comando com a mesma referência ({reference}) o retoma e \
                     nunca paga duas vezes"
                );
                let pay = CashOut { id, reference, order, reason, again };
                let asked = ask(client, &account, Request::CashOut(Box::new(pay)), stop, advice);
                let paid: Result<Paid, JournalError> = asked.await?;
                Ok(paid?)
            }
        }
    }

    /// Journals a charge and works on it until the gateway's answer is known.
    pub(super) async fn charge(
        self,
        decision: ChargeDecision,
        stop: &CancellationToken,
    ) -> Result<Made<cash_in::Charge>, Failure> {
        match self {
            Self::Here(office) => {
                let made = office.counter().make_charge(decision, stop).await?;
                finish(&office, stop).await;
                Ok(made)
            }
            Self::There { client, account } => {
                let ChargeDecision { id, reference, order, .. } = decision;
                let advice = told!(
                    "the charge may have been made or not; no money moves by it. The same command with the same reference \
                     ({reference}) goes on with it and never makes another",
                    "a cobrança pode ter sido criada ou não; ela não move dinheiro. O mesmo comando com a mesma referência \
                     ({reference}) a retoma e nunca cria outra"
                );
                let charge = Request::Charge(Box::new(Charge { id, reference, order }));
                let made: Result<_, CounterError> = ask(client, &account, charge, stop, advice).await?;
                Ok(made?)
            }
        }
    }

    /// Asks the gateway for a cash-in that the journal does not know.
    pub(super) async fn look_up(self, id: &str) -> Result<Transaction, Failure> {
        let found = match self {
            Self::Here(office) => office.counter().look_up(id).await,
            Self::There { client, account } => {
                let advice = told!("nothing was ordered; try again", "nada foi pedido; tente de novo");
                let look = Request::LookUp(id.to_owned());
                ask(client, &account, look, &CancellationToken::new(), advice).await?
            }
        };
        match found {
            Err(CounterError::Look(ReadError::NotFound(_))) => Err(Failure::new(
                Exit::NotFound,
                "not_found",
                told!(
                    "neither the journal nor the gateway knows the cash-in {id:?} (the gateway finds nothing by a \
                     reference); nothing was sent",
                    "nem o diário nem o gateway conhecem o recebimento {id:?} (o gateway não acha nada por referência); nada \
                     foi enviado"
                ),
            )),
            found => Ok(found?),
        }
    }

    /// Journals a refund and works on it until the gateway's answer is known.
    pub(super) async fn refund(
        self,
        decision: RefundDecision,
        stop: &CancellationToken,
    ) -> Result<Made<refund::Refund>, Failure> {
        match self {
            Self::Here(office) => {
                let made = office.counter().make_refund(decision, stop).await?;
                finish(&office, stop).await;
                Ok(made)
            }
            Self::There { client, account } => {
                let RefundDecision { id, cash_in, reason, description, .. } = decision;
                let advice = told!(
                    "the money may have gone back or not; the same command goes on with it and never gives it back twice",
                    "o dinheiro pode ter voltado ou não; o mesmo comando retoma a devolução e nunca devolve duas vezes"
                );
                let refund = Request::Refund(Box::new(Refund { id, cash_in, reason, description }));
                let made: Result<_, CounterError> = ask(client, &account, refund, stop, advice).await?;
                Ok(made?)
            }
        }
    }

    /// Sends what was reviewed, once.
    pub(super) async fn rebalance(
        self,
        order: RebalanceOrder,
        stop: &CancellationToken,
    ) -> Result<StoredRebalance, Failure> {
        let ended = match self {
            Self::Here(office) => office.rebalance(order, operator(), stop).await,
            Self::There { client, account } => {
                let advice = told!(
                    "the money may have moved or not. Compare with `saldo balance`; the same command again is stopped by a \
                     rebalance in doubt, and moves nothing where the target is reached",
                    "o dinheiro pode ter mudado de conta ou não. Compare com `saldo balance`; o mesmo comando de novo para \
                     diante de um rebalanceamento incerto, e não move nada se o alvo já foi alcançado"
                );
                ask(client, &account, Request::Rebalance(Box::new(order)), stop, advice).await?
            }
        };
        ended.map_err(not_rebalanced)
    }

    /// Journals that the operator has compared the balance after a rebalance in doubt.
    pub(super) async fn settle_doubt(self, id: Uuid) -> Result<(), Failure> {
        let settled = match self {
            Self::Here(office) => office.settle_doubt(id, operator()).await,
            Self::There { client, account } => {
                let advice = told!(
                    "the doubt may be settled or not; the same command again settles it, and sends nothing",
                    "a dúvida pode estar resolvida ou não; o mesmo comando de novo a resolve, e não envia nada"
                );
                let never = CancellationToken::new();
                ask(client, &account, Request::SettleDoubt(id), &never, advice).await?
            }
        };
        settled.map_err(not_rebalanced)
    }

    /// Takes up every payment that is not final.
    pub(super) async fn recover(self) -> Result<Recovered, Failure> {
        let recovered = match self {
            Self::Here(office) => office.recover().await,
            Self::There { client, account } => {
                let advice = told!(
                    "payments in doubt may have been sent again, with the same bytes; `saldo recover` goes on with them",
                    "pagamentos incertos podem ter sido reenviados, com os mesmos bytes; `saldo recover` os retoma"
                );
                ask(client, &account, Request::Recover, &CancellationToken::new(), advice).await?
            }
        };
        Ok(recovered?)
    }

    /// Records that the operator has seen an alert.
    pub(super) async fn acknowledge(self, subject: Subject, note: Option<String>) -> Result<Alert, Failure> {
        let acknowledged = match self {
            Self::Here(office) => office.acknowledge(subject, operator(), note).await,
            Self::There { client, account } => {
                let advice = told!(
                    "it may be recorded or not: `saldo alerts --all` tells, and the same command again is harmless",
                    "pode ter sido gravado ou não: `saldo alerts --all` diz, e repetir o comando não faz mal"
                );
                let seen = Request::Acknowledge(Box::new(Acknowledge { subject, note }));
                ask(client, &account, seen, &CancellationToken::new(), advice).await?
            }
        };
        Ok(acknowledged?)
    }

    /// Records whether a payee is a favourite.
    pub(super) async fn favour(self, favour: Favour) -> Result<(), Failure> {
        let favoured = match self {
            Self::Here(office) => office.favour(favour, operator()).await,
            Self::There { client, account } => {
                let advice = told!(
                    "it may be recorded or not: `saldo payees` tells, and the same command again is harmless",
                    "pode ter sido gravado ou não: `saldo payees` diz, e repetir o comando não faz mal"
                );
                let request = Request::Favour(Box::new(favour));
                ask(client, &account, request, &CancellationToken::new(), advice).await?
            }
        };
        Ok(favoured?)
    }

    /// Hands a shift over.
    pub(super) async fn hand_over(
        self,
        id: Uuid,
        since: Timestamp,
        note: Option<String>,
    ) -> Result<StoredHandover, Failure> {
        let handed = match self {
            Self::Here(office) => {
                let shift = Shift { id, since, until: clock::now(), by: operator(), note };
                office.hand_over(shift).await
            }
            Self::There { client, account } => {
                let advice = told!(
                    "it may be recorded or not: `saldo handover list` tells",
                    "pode ter sido gravada ou não: `saldo handover list` diz"
                );
                let shift = Request::HandOver(Box::new(HandOver { id, since, note }));
                ask(client, &account, shift, &CancellationToken::new(), advice).await?
            }
        };
        Ok(handed?)
    }

    /// Records that the operator has taken a shift.
    pub(super) async fn accept_handover(self, id: Uuid) -> Result<StoredHandover, Failure> {
        let accepted = match self {
            Self::Here(office) => office.accept_handover(id, operator()).await,
            Self::There { client, account } => {
                let advice = told!(
                    "it may be recorded or not: `saldo handover list` tells, and the same command again is harmless",
                    "pode ter sido gravado ou não: `saldo handover list` diz, e repetir o comando não faz mal"
                );
                ask(client, &account, Request::AcceptHandover(id), &CancellationToken::new(), advice).await?
            }
        };
        accepted.map_err(|why| match why {
            NotAccepted::Journal(error) => error.into(),
            NotAccepted::Own(_) => {
                let message = told!(
                    "{why}; nothing was recorded",
                    "quem passou o turno não o recebe: outra pessoa precisa receber; nada foi gravado"
                );
                Failure::new(Exit::NotAllowed, "own_handover", message).meaning(Outcome::NotExecuted)
            }
        })
    }

    /// Records what the operator found about a payment.
    pub(super) async fn resolve(self, id: Uuid, finding: Finding) -> Result<Option<Intent>, NotResolved> {
        let resolved = match self {
            Self::Here(office) => office.resolve(id, operator(), finding).await,
            Self::There { client, account } => {
                let advice = told!(
                    "the finding may be recorded or not: `saldo show` tells, and the same command again is harmless",
                    "o que foi apurado pode ter sido gravado ou não: `saldo show` diz, e repetir o comando não faz mal"
                );
                let resolve = Request::Resolve(Box::new(Resolve { id, finding }));
                let asked = ask(client, &account, resolve, &CancellationToken::new(), advice).await;
                asked.map_err(|failure| match failure.exit {
                    Exit::Unknown => NotResolved::Unknown(failure),
                    _ => NotResolved::NotAsked(failure),
                })?
            }
        };
        resolved.map_err(NotResolved::Lane)
    }
}

/// The order that was made, and what was in the way. Where the journal was: the request is journalled before a byte leaves,
/// so what it still says decides; otherwise `unknown` says what is not known.
pub(super) fn known<A: Asked>(
    made: Made<A>,
    unknown: impl FnOnce(&A) -> Told,
) -> Result<(Stored<A>, Option<CounterError>), Failure> {
    let Made { stored, is_known, trouble, .. } = made;
    match trouble {
        Some(CounterError::Journal(error)) if is_known && stored.asked.is_proven_unsent() => {
            Err(error.into())
        }
        Some(CounterError::Journal(error)) => {
            let said = Told::join(&[Told::of(&error), unknown(&stored.asked)], "; ");
            Err(Failure::new(Exit::Unknown, "journal", said).meaning(Outcome::Unknown))
        }
        trouble => Ok((stored, trouble)),
    }
}

/// That the process was asked to end, and waits.
pub(super) fn stopping() -> Told {
    told!("stopping; a request on the wire is waited for", "terminando; um pedido em trânsito é esperado")
}

async fn finish(office: &office::Office, stop: &CancellationToken) {
    if stop.is_cancelled() {
        note(stopping());
    }
    office.finish().await;
}

/// Asks the owner. `advice` is for the case that nobody can say whether it was done.
pub(super) async fn ask<T: serde::de::DeserializeOwned>(
    client: Client,
    account: &str,
    request: Request,
    stop: &CancellationToken,
    advice: Told,
) -> Result<T, Failure> {
    let owner = name(client.owner());
    client.ask(account, request, stop).await.map_err(|broken| match broken {
        Broken::NotSent(reason) => Failure::new(
            Exit::Later,
            "owner_gone",
            told!(
                "{owner} owns this journal, and went away before it had the request ({reason}); nothing was sent, try again",
                "{owner} é o dono deste diário, e saiu antes de receber o pedido ({reason}); nada foi enviado, tente de novo";
                owner
            ),
        )
        .retryable(),
        Broken::Unknown(reason) => Failure::new(
            Exit::Unknown,
            "owner_gone",
            told!(
                "{owner} owns this journal, and went away before it answered ({reason}): {advice}",
                "{owner} é o dono deste diário, e saiu antes de responder ({reason}): {advice}";
                owner, advice
            ),
        )
        .retryable()
        .meaning(Outcome::Unknown),
        Broken::Refused(refusal) => refused(&owner, account, refusal),
        Broken::NotAllowed(why) => why.into(),
    })
}

/// Why an owner does nothing for this command. Nothing was sent.
pub(super) fn refused(owner: &Told, account: &str, refusal: Refusal) -> Failure {
    let said = told!(
        "{owner} owns this journal and did nothing: {refusal}. Nothing was sent",
        "{owner} é o dono deste diário e não fez nada: {refusal}. Nada foi enviado";
        owner, refusal
    );
    match refusal {
        Refusal::OtherAccount(found) => {
            JournalError::OtherAccount { found, wanted: account.to_owned() }.into()
        }
        Refusal::Stranger { .. } => Failure::new(Exit::NotAllowed, "not_allowed", said),
        Refusal::Version { .. } => Failure::new(Exit::Config, "other_version", said)
            .and(told!("stop it, and start it anew", "encerre-o e comece-o de novo")),
        Refusal::Stopping => Failure::new(Exit::Later, "journal_busy", said).retryable(),
        Refusal::ReadOnly => Failure::new(Exit::NotAllowed, "owner_read_only", said).and(told!(
            "to act, end it or start it without --read-only and read_only",
            "para agir, encerre-o ou inicie-o sem --read-only e sem read_only"
        )),
        Refusal::NotWatched | Refusal::TooManyWatch => {
            Failure::new(Exit::Later, "journal_busy", said).retryable()
        }
        Refusal::Malformed(_) | Refusal::TooLong | Refusal::TooSlow => Failure::other(said),
    }
}

fn name(owner: &Owner) -> Told {
    let Owner { command, pid, .. } = owner;
    told!("saldo {command} (process {pid})", "saldo {command} (processo {pid})")
}

fn not_rebalanced(why: NotRebalanced) -> Failure {
    match why {
        NotRebalanced::Trouble(trouble) => trouble.into(),
        NotRebalanced::Journal(error) => error.into(),
        NotRebalanced::NotInDoubt(state) => {
            let state = RebalanceWord(state);
            Failure::usage(told!(
                "--after-doubt: that rebalance is {state}, not in doubt; nothing was sent",
                "--after-doubt: esse rebalanceamento está {state}, não incerto; nada foi enviado"; state
            ))
        }
        NotRebalanced::Stopped => Failure::new(
            Exit::Later,
            "stopped",
            told!("stopped; nothing was sent", "parado; nada foi enviado"),
        )
        .retryable(),
    }
}
