//! Words of the file that says what became of a batch: for programs, and for spreadsheets in Portuguese.

use super::Lang;
use crate::domain::batch::{Advice, LineStand, ResultForm};
use crate::domain::transaction::State;

/// For programs: RFC 4180, the words that JSON has.
pub const RESULT_FOR_PROGRAMS: ResultForm = ResultForm {
    separator: b',',
    is_for_spreadsheets: false,
    decimal_comma: false,
    columns: [
        "line",
        "reference",
        "state",
        "end_to_end_id",
        "amount",
        "internal_code",
        "failure",
        "what_to_do",
    ],
    stand: |stand| stand.as_str(),
    advice: |advice| Lang::En.batch_advice(advice),
};

/// For spreadsheets in Portuguese.
pub const RESULT_IN_PORTUGUESE: ResultForm = ResultForm {
    separator: b';',
    is_for_spreadsheets: true,
    decimal_comma: true,
    columns: [
        "linha",
        "referência",
        "situação",
        "endToEndId",
        "valor",
        "internalCode",
        "falha",
        "o que fazer",
    ],
    stand: |stand| Lang::PtBr.line_stand(stand),
    advice: |advice| Lang::PtBr.batch_advice(advice),
};

impl Lang {
    /// The form of the result file that a person of this language opens.
    pub const fn result_form(self) -> ResultForm {
        match self {
            Self::PtBr => RESULT_IN_PORTUGUESE,
            Self::En => RESULT_FOR_PROGRAMS,
        }
    }

    /// Where a line stands.
    pub const fn line_stand(self, stand: LineStand) -> &'static str {
        match (self, stand) {
            (_, LineStand::At(state)) => self.state(State::Out(state)),
            (Self::PtBr, LineStand::Waiting) => "não começada",
            (Self::PtBr, LineStand::Taken) => "referência já usada",
            (Self::En, LineStand::Waiting) => "not begun",
            (Self::En, LineStand::Taken) => "reference taken",
        }
    }

    /// What a person does about a line; nothing where there is nothing to do.
    pub const fn batch_advice(self, advice: Advice) -> &'static str {
        match (self, advice) {
            (_, Advice::Nothing) => "",
            (Self::PtBr, Advice::GoOn) => "continue o lote: saldo batch resume",
            (Self::PtBr, Advice::OwnReference) => {
                "não paga: a referência nomeia outro pagamento; pague com uma referência própria"
            }
            (Self::PtBr, Advice::AskTheGateway) => {
                "pergunte ao gateway o que foi pago, depois saldo resolve; não pague de novo"
            }
            (Self::PtBr, Advice::LookedInto) => {
                "houve contradição, já apurada: nada mais desta dívida é pago com esta referência"
            }
            (Self::PtBr, Advice::CameBack) => {
                "O DINHEIRO VOLTOU, todo ou em parte: veja em saldo show; acerte com o favorecido"
            }
            (Self::PtBr, Advice::Confirming) => {
                "falha informada, em confirmação: não conte como paga; saldo recover pergunta de novo"
            }
            (Self::PtBr, Advice::Wait) => "espere; saldo recover pergunta por ela",
            (Self::PtBr, Advice::WaitsForAPerson) => "espera por uma pessoa",
            (Self::PtBr, Advice::NotSent) => "ainda não enviada; saldo recover envia",
            (Self::PtBr, Advice::InDoubt) => "não pague de novo; saldo recover cuida dela",
            (Self::PtBr, Advice::Resolve) => "não pague de novo; pergunte ao gateway e depois saldo resolve",
            (Self::PtBr, Advice::MendAndRepeat) => {
                "não paga: corrija a causa e depois saldo batch resume ID --again"
            }
            (Self::En, Advice::GoOn) => "go on with the batch: saldo batch resume",
            (Self::En, Advice::OwnReference) => {
                "not paid: its reference names another payment; pay it under a reference of its own"
            }
            (Self::En, Advice::AskTheGateway) => {
                "ask the gateway's people what was paid, then saldo resolve; do not pay it again"
            }
            (Self::En, Advice::LookedInto) => {
                "it was contradicted and looked into: nothing more of this debt is paid under this reference"
            }
            (Self::En, Advice::CameBack) => {
                "THE MONEY CAME BACK, all of it or a part: saldo show tells; settle it with the payee"
            }
            (Self::En, Advice::Confirming) => {
                "a failure was reported and is being confirmed: do not count it as paid; saldo recover asks again"
            }
            (Self::En, Advice::Wait) => "wait; saldo recover asks for it",
            (Self::En, Advice::WaitsForAPerson) => "it waits for a person",
            (Self::En, Advice::NotSent) => "not sent yet; saldo recover sends it",
            (Self::En, Advice::InDoubt) => "do not pay it again; saldo recover works on it",
            (Self::En, Advice::Resolve) => {
                "do not pay it again; ask the gateway's people, then saldo resolve"
            }
            (Self::En, Advice::MendAndRepeat) => {
                "not paid: mend the cause, then saldo batch resume ID --again"
            }
        }
    }
}
