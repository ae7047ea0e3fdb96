//! Words of batches and of what remains after payments.

use super::Lang;
use crate::domain::batch::{Column, MOST_BYTES, MOST_LINES, MOST_TEXT, Mistake, Ways, Wrong};
use crate::domain::money::Centavos;

/// The strings of the form, the review and the progress of a batch.
#[derive(Debug, Clone, Copy)]
pub struct BatchWords {
    pub(crate) title: &'static str,
    pub(crate) review_title: &'static str,
    pub(crate) running_title: &'static str,
    pub(crate) file: &'static str,
    pub(crate) hint: &'static str,
    pub(crate) reading: &'static str,
    pub(crate) scroll: &'static str,
    pub(crate) paying: &'static str,
    pub(crate) retype: &'static str,
    pub(crate) repeats: &'static str,
    pub(crate) begun: &'static str,
    pub(crate) waiting: &'static str,
    pub(crate) on_the_way: &'static str,
    pub(crate) accepted: &'static str,
    pub(crate) completed: &'static str,
    pub(crate) in_doubt: &'static str,
    pub(crate) not_paid: &'static str,
    pub(crate) goes_on: &'static str,
    pub(crate) done: &'static str,
    pub(crate) stopped: &'static str,
    pub(crate) refused: &'static str,
    pub(crate) doubts: &'static str,
    pub(crate) unpaid: &'static str,
    pub(crate) short: &'static str,
}

const PT_BR: BatchWords = BatchWords {
    title: "Lote de pagamentos",
    review_title: "Revisão do lote",
    running_title: "Lote",
    file: "Arquivo CSV",
    hint: "a primeira linha dá nome às colunas: chave; valor; nome; documento; referencia; descricao, ou ispb; agencia; conta. Nada é enviado antes da revisão.",
    reading: "lendo o arquivo e comparando com o diário",
    scroll: "↑ ↓ rolam",
    paying: "a pagar agora",
    retype: "Digite o total outra vez",
    repeats: "linhas que parecem repetir outro pagamento: se confirmar, são pagas também",
    begun: "este lote já foi começado e continua de onde parou",
    waiting: "não começadas",
    on_the_way: "a caminho",
    accepted: "aceitas",
    completed: "pagas",
    in_doubt: "INCERTAS",
    not_paid: "não pagas",
    goes_on: "continua mesmo com esta janela fechada; o cabeçalho mostra o andamento",
    done: "todas as linhas foram começadas",
    stopped: "parou; o que foi começado segue como pagamento avulso, e nada é pago duas vezes. Para continuar, abra o mesmo arquivo",
    refused: "o motor está ocupado; nada foi enviado. Abra o arquivo outra vez",
    doubts: "não pague as incertas com outra referência; o saldo cuida delas",
    unpaid: "as não pagas estão provadas: corrija a causa e use saldo batch resume --again",
    short: "lote",
};

const EN: BatchWords = BatchWords {
    title: "Batch of cash-outs",
    review_title: "Review of the batch",
    running_title: "Batch",
    file: "CSV file",
    hint: "the first line names the columns: key; amount; name; document; reference; description, or ispb; branch; account. Nothing is sent before the review.",
    reading: "reading the file and holding it against the journal",
    scroll: "↑ ↓ scroll",
    paying: "to be paid now",
    retype: "Type the total again",
    repeats: "lines that look like repeats of another payment: if you confirm, they are paid too",
    begun: "this batch was begun before, and goes on where it was",
    waiting: "not begun",
    on_the_way: "on the way",
    accepted: "accepted",
    completed: "paid",
    in_doubt: "IN DOUBT",
    not_paid: "not paid",
    goes_on: "it goes on when this window is closed; the header shows how far it has got",
    done: "every line was begun",
    stopped: "stopped; what was begun goes on as single payments do, and nothing is paid twice. To go on, open the same file",
    refused: "the engine is busy; nothing was sent. Open the file again",
    doubts: "do not pay those in doubt under other references; saldo works on them",
    unpaid: "those not paid are proven: mend the cause, then saldo batch resume --again",
    short: "batch",
};

impl Lang {
    /// The strings of a batch.
    pub const fn batch(self) -> &'static BatchWords {
        match self {
            Self::PtBr => &PT_BR,
            Self::En => &EN,
        }
    }

    /// `120 pagamentos, R$ 60.000,00: 118 por chave, 2 por conta`
    pub fn batch_sum(self, count: usize, total: Centavos, ways: Ways) -> String {
        let Ways { by_key, by_account } = ways;
        match self {
            Self::PtBr => format!("{count} pagamentos, {total}: {by_key} por chave, {by_account} por conta"),
            Self::En => format!("{count} payments, {total}: {by_key} by key, {by_account} by account"),
        }
    }

    /// How many lines the journal has already.
    pub fn batch_known(self, count: usize) -> String {
        match self {
            Self::PtBr if count == 1 => "1 já está no diário; nada de novo é feito dela".to_owned(),
            Self::PtBr => format!("{count} já estão no diário; nada de novo é feito delas"),
            Self::En if count == 1 => "1 is in the journal already; nothing new is made of it".to_owned(),
            Self::En => format!("{count} are in the journal already; nothing new is made of them"),
        }
    }

    /// A line that is like another one of the file.
    pub fn like_line(self, line: u32) -> String {
        match self {
            Self::PtBr => format!("= linha {line}"),
            Self::En => format!("= line {line}"),
        }
    }

    /// What remains after everything that is pending, where something is.
    pub fn after_pending(self, pending: Centavos, left: Centavos) -> String {
        match self {
            Self::PtBr => format!("com as pendentes ({pending}), ao menos {left}"),
            Self::En => format!("with those pending ({pending}), at least {left}"),
        }
    }

    /// The same with the minutes that it covers.
    pub fn after_pending_minutes(self, pending: Centavos, left: Centavos, minutes: Option<u64>) -> String {
        let text = self.after_pending(pending, left);
        match (self, minutes) {
            (_, None) => text,
            (Self::PtBr, Some(minutes)) => format!("{text}: cobre {minutes} min"),
            (Self::En, Some(minutes)) => format!("{text}: pays {minutes} min"),
        }
    }

    /// How long the balance pays afterwards.
    pub fn covers_after(self, before: u64, after: u64) -> String {
        match self {
            Self::PtBr => format!("cobre {after} min de saídas em vez de {before}"),
            Self::En => format!("pays {after} min of outflow instead of {before}"),
        }
    }

    /// How many mistakes a file has.
    pub fn mistakes(self, count: usize) -> String {
        match (self, count) {
            (Self::PtBr, 1) => "1 erro; nada do arquivo foi enviado".to_owned(),
            (Self::PtBr, _) => format!("{count} erros; nada do arquivo foi enviado"),
            (Self::En, 1) => "1 mistake; nothing of the file was sent".to_owned(),
            (Self::En, _) => format!("{count} mistakes; nothing of the file was sent"),
        }
    }

    /// The file could not be read.
    pub fn file_unread(self, why: &str) -> String {
        match self {
            Self::PtBr => format!("o arquivo não pôde ser lido: {why}"),
            Self::En => format!("the file cannot be read: {why}"),
        }
    }

    /// What is wrong with a file, where, and what would be right.
    pub fn batch_mistake(self, mistake: &Mistake) -> String {
        if self == Self::En {
            return mistake.to_string();
        }
        let wrong = self.batch_wrong(&mistake.wrong);
        match (mistake.line, mistake.column) {
            (0, _) => wrong,
            (line, None) => format!("linha {line}: {wrong}"),
            (line, Some(column)) => format!("linha {line}, {}: {wrong}", column.portuguese()),
        }
    }

    /// In Portuguese; English is the error's own.
    fn batch_wrong(self, wrong: &Wrong) -> String {
        match wrong {
            Wrong::NoLines => {
                "não há linha a pagar; a primeira linha dá nome às colunas, cada outra é um pagamento"
                    .to_owned()
            }
            Wrong::TooLarge => format!("o arquivo tem mais de {MOST_BYTES} bytes; divida-o"),
            Wrong::TooManyLines => format!("o arquivo tem mais de {MOST_LINES} linhas; divida-o"),
            Wrong::NotText => "não é UTF-8; salve a planilha como \"CSV UTF-8\"".to_owned(),
            Wrong::UnknownColumn(name) => format!(
                "a coluna {name} não é conhecida; tire-a ou use {}",
                Column::ALL.map(Column::portuguese).join(", ")
            ),
            Wrong::ColumnTwice => "há duas colunas destas; tire uma".to_owned(),
            Wrong::NoColumn => "falta esta coluna".to_owned(),
            Wrong::NoDestinationColumn => {
                "falta a coluna da chave, ou as da conta (ispb, agencia, conta)".to_owned()
            }
            Wrong::Fields { found, expected } => format!(
                "tem {found} campos, e o cabeçalho tem {expected}; texto com o separador vai entre aspas"
            ),
            Wrong::Missing => "está vazio; preencha".to_owned(),
            Wrong::TooLong => format!("tem mais de {MOST_TEXT} caracteres; encurte"),
            Wrong::Control(at) => format!("há um caractere de controle ou invisível na posição {at}; tire-o"),
            Wrong::Amount(error) => self.amount_error(*error),
            Wrong::Key(error) => format!("{} (a coluna tipo_de_chave diz o tipo)", self.key_error(error)),
            Wrong::KeyType => "não é tipo de chave; escreva CPF, CNPJ, EMAIL, PHONE ou EVP".to_owned(),
            Wrong::BrCode(error) => self.br_code_error(error),
            Wrong::Dynamic => {
                "é um BR Code dinâmico: a cobrança está num endereço e a chave não está no código".to_owned()
            }
            Wrong::OtherAmount(amount) => {
                format!("o BR Code pede {amount}; escreva o mesmo ou deixe vazio")
            }
            Wrong::KeyAndAccount => "há chave e conta; deixe só uma delas".to_owned(),
            Wrong::Ispb(error) => self.ispb_error(*error),
            Wrong::Account(error) => self.account_error(*error),
            Wrong::Document(error) => self.document_error(*error),
            Wrong::Reference(error) => self.reference_error(*error),
            Wrong::ReferenceTwice(line) => {
                format!("a linha {line} tem a mesma referência; cada uma nomeia um pagamento")
            }
            Wrong::YesOrNo => {
                "escreva sim se a linha é mesmo para pagar embora repita outra, ou deixe vazio".to_owned()
            }
            Wrong::Taken => {
                "a referência já nomeia outro pagamento no diário; dê outra a esta linha".to_owned()
            }
        }
    }
}
