//! Errors of saldo's own in the language of whoever reads them. The English ones are the errors' own.

use std::borrow::Cow;

use super::told::Spoken;
use crate::config::ConfigError;
use crate::domain::attempt::Problem;
use crate::domain::br_code::BrCodeError;
use crate::domain::cash_in::{MinutesError, ReturnAddressError};
use crate::domain::cash_out::{Because, Refused};
use crate::domain::document::DocumentError;
use crate::domain::institution::IspbError;
use crate::domain::money::AmountError;
use crate::domain::order::{AccountError, ReferenceError};
use crate::domain::permission::NotAllowed;
use crate::domain::pix_key::{PixKeyError, UnknownPixKeyType};
use crate::domain::query::QueryError;
use crate::domain::rebalance;
use crate::domain::refund::NotAReason;
use crate::domain::report::Direction;
use crate::domain::request;
use crate::domain::transaction::{CashIn, State, Transaction};
use crate::engine::counter::CounterError;
use crate::engine::lane::{LaneError, Pause};
use crate::engine::message::{NotLookedInto, RebalanceTrouble};
use crate::engine::new_file::NotWritten;
use crate::gateway::{BuildError, ReadError};
use crate::journal::JournalError;
use crate::lang::Lang;
use crate::server::control::protocol::Refusal;

/// The error itself in English, and `portuguese` of it otherwise.
fn spoken<E: std::fmt::Display>(error: &E, lang: Lang, portuguese: impl FnOnce() -> String) -> Cow<'_, str> {
    Cow::Owned(match lang {
        Lang::En => error.to_string(),
        Lang::PtBr => portuguese(),
    })
}

/// The word for a transaction's state: the contract's own in English, the screen's otherwise.
pub(super) struct Word(pub(super) State);

impl Spoken for Word {
    fn spoken(&self, lang: Lang) -> Cow<'_, str> {
        Cow::Borrowed(match lang {
            Lang::En => self.0.as_str(),
            Lang::PtBr => lang.state(self.0),
        })
    }
}

/// The word for which way money goes.
pub(super) struct Way(pub(super) Direction);

impl Spoken for Way {
    fn spoken(&self, lang: Lang) -> Cow<'_, str> {
        Cow::Borrowed(match (lang, self.0) {
            (Lang::En, direction) => direction.as_str(),
            (Lang::PtBr, Direction::In) => "entrada",
            (Lang::PtBr, Direction::Out) => "saída",
        })
    }
}

/// The word for how a rebalance stands.
pub(super) struct RebalanceWord(pub(super) rebalance::State);

impl Spoken for RebalanceWord {
    fn spoken(&self, lang: Lang) -> Cow<'_, str> {
        Cow::Borrowed(match (lang, self.0) {
            (Lang::En, state) => state.as_str(),
            (Lang::PtBr, rebalance::State::Unknown) => "INCERTO",
            (Lang::PtBr, rebalance::State::Completed) => "concluído",
            (Lang::PtBr, rebalance::State::Rejected) => "recusado",
            (Lang::PtBr, rebalance::State::Acknowledged) => "conferido por uma pessoa",
        })
    }
}

/// What the screen has words for already.
macro_rules! as_on_the_screen {
    ($($error:ty: $words:ident),+ $(,)?) => {
        $(impl Spoken for $error {
            fn spoken(&self, lang: Lang) -> Cow<'_, str> {
                Cow::Owned(lang.$words(*self).into())
            }
        })+
    };
}

as_on_the_screen! {
    AmountError: amount_error,
    DocumentError: document_error,
    IspbError: ispb_error,
    AccountError: account_error,
    ReferenceError: reference_error,
    MinutesError: minutes_error,
    ReturnAddressError: return_address_error,
}

impl Spoken for PixKeyError {
    fn spoken(&self, lang: Lang) -> Cow<'_, str> {
        Cow::Owned(lang.key_error(self))
    }
}

impl Spoken for BrCodeError {
    fn spoken(&self, lang: Lang) -> Cow<'_, str> {
        Cow::Owned(lang.br_code_error(self))
    }
}

impl Spoken for UnknownPixKeyType {
    fn spoken(&self, lang: Lang) -> Cow<'_, str> {
        spoken(self, lang, || {
            "não existe esse tipo de chave Pix; escreva CPF, CNPJ, EMAIL, PHONE ou EVP".to_owned()
        })
    }
}

impl Spoken for NotAReason {
    fn spoken(&self, lang: Lang) -> Cow<'_, str> {
        spoken(self, lang, || {
            "não é nenhum de CUSTOMER_REQUEST, DUPLICATED_PAYMENT, MERCHANT_ERROR, FRAUD".to_owned()
        })
    }
}

impl Spoken for QueryError {
    fn spoken(&self, lang: Lang) -> Cow<'_, str> {
        spoken(self, lang, || lang.query_mistake(self))
    }
}

/// What the gateway said is in its own words.
impl Spoken for Problem {
    fn spoken(&self, _: Lang) -> Cow<'_, str> {
        Cow::Owned(self.to_string())
    }
}

/// The words of the configuration itself are English: its keys are, and so are the faults that name them.
impl Spoken for ConfigError {
    fn spoken(&self, lang: Lang) -> Cow<'_, str> {
        spoken(self, lang, || format!("configuração: {self}"))
    }
}

impl Spoken for BuildError {
    fn spoken(&self, lang: Lang) -> Cow<'_, str> {
        spoken(self, lang, || match self {
            Self::BaseUrl { url, .. } => {
                format!("o endereço do gateway {:?} não serve ({self})", url.as_str())
            }
            Self::Credential(which, _) => format!("a credencial `{which}` não serve ({self})"),
            _ => format!(
                "não há certificados de autoridades nesta máquina, então o certificado do gateway não pode ser conferido; instale-os (Debian: ca-certificates) ({self})"
            ),
        })
    }
}

impl Spoken for ReadError {
    fn spoken(&self, lang: Lang) -> Cow<'_, str> {
        spoken(self, lang, || match self {
            Self::Unreachable(why) => format!("sem conexão com o gateway: {why}"),
            Self::TimedOut => "o gateway não respondeu a tempo".to_owned(),
            Self::NotFound(problem) => format!("o gateway não conhece essa transação ({problem})"),
            Self::NotAnId(text) => {
                format!("{:?} não pode ser o id de uma transação; nada foi perguntado", text.as_str())
            }
            Self::Unauthorized(problem) => format!("o gateway não aceita estas credenciais ({problem})"),
            Self::Refused(problem) => format!("o gateway não quis responder ({problem})"),
            Self::TooMany { retry_after } => format!(
                "pedidos demais ao gateway{}",
                retry_after.map(|wait| format!("; ele pede para esperar {wait} s")).unwrap_or_default()
            ),
            Self::Server(problem) => format!("o gateway tem um erro próprio ({problem})"),
            Self::Illegible { status, reason } => {
                format!("a resposta do gateway (status {status}) não pode ser lida: {reason}")
            }
            Self::NoToken(why) => format!("não foi possível obter um token de acesso: {why}"),
        })
    }
}

impl Spoken for JournalError {
    fn spoken(&self, lang: Lang) -> Cow<'_, str> {
        match self {
            Self::Refused(refused) => return refused.spoken(lang),
            Self::RequestRefused(refused) => return refused.spoken(lang),
            _ => {}
        }
        spoken(self, lang, || match self {
            Self::Busy(owner) => format!("o diário está em uso por {}", owner_in_portuguese(owner)),
            Self::Newer { found, known } => format!(
                "o diário tem o esquema {found}, e este saldo conhece até o {known}: use o saldo mais novo; nada foi tocado"
            ),
            Self::Older { found, known } => format!(
                "o diário tem o esquema {found}, e este saldo lê o {known}: rode uma vez um comando que grava (`saldo recover`, \
                 ou o painel), que o atualiza; nada foi tocado"
            ),
            Self::TakenOver { ours, now } => {
                format!("outro saldo assumiu o diário (época {now}; a nossa era {ours}): nada foi gravado")
            }
            Self::OtherAccount { found, wanted } => {
                format!("este diário é de {found}, e o perfil é de {wanted}: dê ao perfil um diário próprio")
            }
            Self::Open { path, reason } => format!("o diário não pode ser aberto em {path}: {reason}"),
            Self::Unwritable(why) => format!("o diário não pode ser gravado: {why}"),
            Self::Edited { table } => format!(
                "a tabela {table} do diário não está como o saldo a gravou, e continuar esconderia isso: nada foi mudado e nada \
                 foi enviado. Guarde uma cópia do arquivo como está, veja o que `saldo fsck` encontra, compare com o extrato do \
                 gateway e continue com uma cópia anterior"
            ),
            Self::Unreadable(why) => format!("há uma linha do diário que não pode ser lida: {why}"),
            Self::NotFound(id) => format!("nada no diário tem o id {id}"),
            Self::NamesTwo { cash_out, cash_in } => format!(
                "essa referência nomeia dois: o pagamento {cash_out} e o recebimento {cash_in}; informe o id de um deles"
            ),
            Self::RebalanceRefused(refused) => format!(
                "isto não se aplica a um rebalanceamento que está {}",
                RebalanceWord(refused.0).spoken(lang)
            ),
            Self::NotAllowed(why) => lang.not_allowed(why),
            Self::Closed => "o diário foi fechado".to_owned(),
            Self::Refused(_) | Self::RequestRefused(_) => String::new(),
        })
    }
}

/// The note of whoever owns a journal, as its lock has it.
pub(super) fn owner_in_portuguese(note: &str) -> String {
    note.replace("another saldo", "outro saldo")
        .replace(", process ", ", processo ")
        .replace(", since ", ", desde ")
}

impl Spoken for NotAllowed {
    fn spoken(&self, lang: Lang) -> Cow<'_, str> {
        Cow::Owned(lang.not_allowed(self))
    }
}

impl Spoken for Refused {
    fn spoken(&self, lang: Lang) -> Cow<'_, str> {
        spoken(self, lang, || {
            let state = lang.state(State::Out(self.state));
            format!("isto não se aplica a um pagamento que está {state}{}", because(self.because))
        })
    }
}

const fn because(because: Because) -> &'static str {
    match because {
        Because::State => "",
        Because::OnTheWire => ": há um pedido em trânsito",
        Because::TooEarly => ": é cedo demais",
        Because::TooLate => ": é tarde demais",
        Because::Changed => ": o que está gravado não é o que foi decidido",
        Because::SamePerson => ": precisa de outra pessoa",
        Because::Contradicted => ": o gateway disse outra coisa",
        Because::Sibling => ": outro pagamento da mesma dívida pode ter sido feito",
    }
}

impl Spoken for request::Refused {
    fn spoken(&self, lang: Lang) -> Cow<'_, str> {
        spoken(self, lang, || {
            format!("isto não se aplica a um pedido que está {}{}", self.state, because(self.because))
        })
    }
}

impl Spoken for Pause {
    fn spoken(&self, lang: Lang) -> Cow<'_, str> {
        spoken(self, lang, || match self {
            Self::Unauthorized(problem) => format!(
                "o gateway não aceita estas credenciais ({problem}); os pagamentos estão parados e nenhum foi recusado"
            ),
            Self::Forbidden(problem) => format!(
                "o gateway não deixa estas credenciais pagar ({problem}); os pagamentos estão parados e nenhum foi recusado"
            ),
            Self::Clock(away) => format!(
                "o relógio desta máquina está a {} s do relógio do gateway; os pagamentos ficam parados até que seja acertado",
                away.as_secs()
            ),
            Self::OwnerGone => lang.owner_gone().to_owned(),
        })
    }
}

impl Spoken for LaneError {
    fn spoken(&self, lang: Lang) -> Cow<'_, str> {
        match self {
            Self::Journal(error) => error.spoken(lang),
            Self::Refused(refused) => refused.spoken(lang),
            Self::Paused(pause) => pause.spoken(lang),
            Self::Look(error) => error.spoken(lang),
            Self::Busy => spoken(self, lang, || "há outro trabalho em curso neste pagamento".to_owned()),
            Self::Changed => spoken(self, lang, || {
                "o que o diário tem deste pagamento não é o que foi decidido, então nada foi enviado: rode `saldo fsck`"
                    .to_owned()
            }),
            Self::NotLookedInto(why) => spoken(self, lang, || {
                match why {
                    NotLookedInto::Nothing => lang.nothing_to_look_into(),
                    NotLookedInto::MoreTold => lang.more_told(),
                    NotLookedInto::Reason => lang.look_reason(),
                }
                .to_owned()
            }),
            Self::NotThisPayment(why) => {
                spoken(self, lang, || format!("{}; nada foi mudado", lang.not_this_payment(why)))
            }
        }
    }
}

impl Spoken for CounterError {
    fn spoken(&self, lang: Lang) -> Cow<'_, str> {
        match self {
            Self::Journal(error) => error.spoken(lang),
            Self::Refused(refused) => refused.spoken(lang),
            Self::Paused(pause) => pause.spoken(lang),
            Self::Look(error) => error.spoken(lang),
            Self::Busy => spoken(self, lang, || "há outro trabalho em curso neste pedido".to_owned()),
            Self::Changed => spoken(self, lang, || {
                "o que o diário tem deste pedido não é o que foi decidido, então nada foi enviado: rode `saldo fsck`"
                    .to_owned()
            }),
            Self::NotPaid(row) => spoken(self, lang, || not_paid(row, lang)),
        }
    }
}

fn not_paid(row: &Transaction, lang: Lang) -> String {
    match row.state {
        State::Out(_) => {
            "esse é um pagamento (cash-out); só um recebimento pode ser devolvido, e nada foi enviado"
                .to_owned()
        }
        State::In(CashIn::Refunded) => "este recebimento já foi devolvido; nada foi enviado".to_owned(),
        state @ State::In(_) => format!(
            "este recebimento está {}, e só um que foi pago pode ser devolvido; nada foi enviado",
            lang.state(state)
        ),
    }
}

impl Spoken for RebalanceTrouble {
    fn spoken(&self, lang: Lang) -> Cow<'_, str> {
        spoken(self, lang, || match self {
            Self::NoBalance(why) => lang.no_fresh_balance(why.as_str()),
            Self::Impossible(error) => lang.nothing_sent(&lang.forecast_error(*error)),
            Self::Moved(now) => format!(
                "o saldo mudou desde a revisão, então nada foi enviado: agora seria {}",
                lang.forecast(now)
            ),
            Self::InDoubt(doubt) => format!(
                "um rebalanceamento para {} ainda está incerto, então nada foi enviado: compare os saldos e depois reconheça",
                doubt.rebalance.terms.target
            ),
            Self::UnderWay(one) => lang.rebalance_under_way(one.rebalance.terms.target),
            Self::NotJournalled(why) => lang.nothing_sent(&lang.raw_error(why)),
            Self::NotAllowed(why) => lang.not_allowed(why),
        })
    }
}

impl Spoken for Refusal {
    fn spoken(&self, lang: Lang) -> Cow<'_, str> {
        spoken(self, lang, || match self {
            Self::Stranger { yours, owner } => format!(
                "ele só atende processos do seu próprio usuário (uid {owner}) e de root, e este é do uid {yours}"
            ),
            Self::Version { yours, ours } => format!(
                "é outra versão do saldo: fala a versão {ours} do protocolo de controle, e a pergunta veio na versão {yours}"
            ),
            Self::OtherAccount(found) => format!("o diário dele é de {found}"),
            Self::Malformed(why) => format!("o pedido não pode ser lido: {why}"),
            Self::TooLong => "o pedido é longo demais".to_owned(),
            Self::TooSlow => "o pedido não chegou a tempo".to_owned(),
            Self::Stopping => "ele está terminando".to_owned(),
            Self::NotWatched => "é um painel, que não pode ser acompanhado".to_owned(),
            Self::TooManyWatch => "já há muitos acompanhando".to_owned(),
            Self::ReadOnly => "ele é só leitura".to_owned(),
        })
    }
}

impl Spoken for NotWritten {
    fn spoken(&self, lang: Lang) -> Cow<'_, str> {
        spoken(self, lang, || match self {
            Self::NoFile(path) => {
                format!("{} não é um arquivo comum, e ficou como estava: dê outro nome", path.display())
            }
            Self::IsThere(path) => {
                format!("{} já existe, e ficou como estava: dê outro nome, ou diga --force", path.display())
            }
            Self::Cannot { path, reason } => {
                format!("{} não pôde ser escrito: {reason}", path.display())
            }
        })
    }
}
