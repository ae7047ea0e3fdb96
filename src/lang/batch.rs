//! Words of batches and of what remains after payments.

use super::Lang;
use crate::domain::batch::{
    Column, EXAMPLE, EXAMPLE_IN_ENGLISH, MOST_BYTES, MOST_LINES, MOST_TEXT, Mistake, Ways, Wrong,
};
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
    pub(crate) not_sent: &'static str,
    pub(crate) recent: &'static str,
    pub(crate) so_far: &'static str,
    pub(crate) result: &'static str,
    pub(crate) result_hint: &'static str,
    pub(crate) only_unpaid: &'static str,
    pub(crate) none_unpaid: &'static str,
    pub(crate) gone: &'static str,
    pub(crate) nothing_to_resume: &'static str,
    pub(crate) at_work: &'static str,
    pub(crate) all_settled: &'static str,
}

const PT_BR: BatchWords = BatchWords {
    title: "Lote de pagamentos",
    review_title: "Conferência do lote",
    running_title: "Lote",
    file: "Arquivo CSV",
    hint: "a primeira linha dá nome às colunas: chave; valor; nome; documento; referencia; descricao, ou ispb; agencia; conta. Nada é enviado antes da revisão.",
    reading: "lendo o arquivo e comparando com o diário",
    scroll: "↑ ↓ rolam",
    paying: "a pagar agora",
    retype: "Digite o total outra vez",
    begun: "este lote já foi começado e continua de onde parou",
    waiting: "não começadas",
    on_the_way: "a caminho",
    accepted: "aceitas",
    completed: "pagas",
    in_doubt: "INCERTAS",
    not_paid: "não pagas",
    goes_on: "continua mesmo com esta janela fechada; o cabeçalho mostra o andamento",
    done: "todas as linhas foram começadas",
    stopped: "parou; o que foi começado segue como pagamento avulso, e nada é pago duas vezes. ",
    refused: "o motor está ocupado; nada foi enviado. Abra o arquivo outra vez",
    doubts: "não pague as incertas com outra referência; o saldo cuida delas",
    unpaid: "as não pagas estão provadas: corrija a causa e use saldo batch resume ID --again",
    short: "lote",
    not_sent: "ainda não enviada",
    recent: "lotes no diário (↑ ↓ e enter abrem)",
    so_far: "até agora",
    result: "resultado",
    result_hint: "escreve o arquivo com o que foi feito de cada linha",
    only_unpaid: "só as que não estão pagas nem aceitas",
    none_unpaid: "todas as linhas estão pagas ou aceitas",
    gone: "o diário não tem este lote",
    nothing_to_resume: "todas as linhas deste lote já foram começadas",
    at_work: "este lote está em andamento",
    all_settled: "todas as linhas estão pagas",
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
    begun: "this batch was begun before, and goes on where it was",
    waiting: "not begun",
    on_the_way: "on the way",
    accepted: "accepted",
    completed: "paid",
    in_doubt: "IN DOUBT",
    not_paid: "not paid",
    goes_on: "it goes on when this window is closed; the header shows how far it has got",
    done: "every line was begun",
    stopped: "stopped; what was begun goes on as single payments do, and nothing is paid twice",
    refused: "the engine is busy; nothing was sent. Open the file again",
    doubts: "do not pay those in doubt under other references; saldo works on them",
    unpaid: "those not paid are proven: mend the cause, then saldo batch resume ID --again",
    short: "batch",
    not_sent: "not sent yet",
    recent: "batches in the journal (↑ ↓ and enter open one)",
    so_far: "so far",
    result: "result",
    result_hint: "writes the file with what became of each line",
    only_unpaid: "only those neither paid nor accepted",
    none_unpaid: "every line is paid or accepted",
    gone: "the journal has no such batch",
    nothing_to_resume: "every line of this batch was begun",
    at_work: "this batch is at work",
    all_settled: "every line is paid",
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
            Self::PtBr => {
                let payments = if count == 1 { "pagamento" } else { "pagamentos" };
                format!("{count} {payments}, {total}: {by_key} por chave, {by_account} por conta")
            }
            Self::En => {
                let payments = if count == 1 { "payment" } else { "payments" };
                format!("{count} {payments}, {total}: {by_key} by key, {by_account} by account")
            }
        }
    }

    /// `120 linhas`
    pub fn batch_lines(self, count: u32) -> String {
        match self {
            Self::PtBr => format!("{count} {}", if count == 1 { "linha" } else { "linhas" }),
            Self::En => format!("{count} {}", if count == 1 { "line" } else { "lines" }),
        }
    }

    /// `30 pagas`, `1 paga`: every label of this kind ends in the plural's letter, or is the same for one.
    pub fn batch_count(self, count: u32, label: &str) -> String {
        let one = (self == Self::PtBr && count == 1).then(|| label.strip_suffix(['s', 'S'])).flatten();
        format!("{count} {}", one.unwrap_or(label))
    }

    /// How many lines have a payee that asks for a second look.
    pub fn batch_payees(self, count: usize) -> String {
        match self {
            Self::PtBr if count == 1 => "CONFIRA o recebedor de 1 linha: não é como da outra vez".to_owned(),
            Self::PtBr => format!("CONFIRA o recebedor de {count} linhas: não é como da outra vez"),
            Self::En if count == 1 => {
                "LOOK TWICE at the payee of 1 line: it is not as it was before".to_owned()
            }
            Self::En => {
                format!("LOOK TWICE at the payees of {count} lines: they are not as they were before")
            }
        }
    }

    /// How many lines look like repeats, and what confirming means for them.
    pub fn batch_repeats(self, count: usize) -> String {
        match self {
            Self::PtBr if count == 1 => {
                "1 linha que parece repetir outro pagamento: se confirmar, é paga também".to_owned()
            }
            Self::PtBr => {
                format!("{count} linhas que parecem repetir outro pagamento: se confirmar, são pagas também")
            }
            Self::En if count == 1 => {
                "1 line that looks like a repeat of another payment: if you confirm, it is paid too"
                    .to_owned()
            }
            Self::En => format!(
                "{count} lines that look like repeats of another payment: if you confirm, they are paid too"
            ),
        }
    }

    /// Nobody begins the lines that are left.
    pub fn batch_stands(self, since: &str, waiting: u32, key: &str) -> String {
        let lines = self.batch_lines(waiting);
        match self {
            Self::PtBr if waiting == 1 => {
                format!("PARADO desde {since}: {lines} não começada; {key} continua")
            }
            Self::PtBr => format!("PARADO desde {since}: {lines} não começadas; {key} continua"),
            Self::En => format!("STANDS since {since}: {lines} not begun; {key} goes on"),
        }
    }

    /// Where what became of each line is written.
    pub fn batch_result_at(self, place: &str) -> String {
        match self {
            Self::PtBr => format!("o que foi feito de cada linha está em {place}"),
            Self::En => format!("what became of each line is in {place}"),
        }
    }

    /// That file could not be written.
    pub fn batch_result_not(self, why: &str, key: &str) -> String {
        match self {
            Self::PtBr => format!("o arquivo de resultado não foi escrito: {why}; {key} tenta outra vez"),
            Self::En => format!("the result file was not written: {why}; {key} tries again"),
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
            Wrong::NoHeading => format!(
                "a primeira linha não tem nome de coluna conhecido: falta o cabeçalho, ou o que separa os nomes não é `;`, `,` \
                 nem tabulação. Por exemplo: {EXAMPLE} (em inglês: {EXAMPLE_IN_ENGLISH})"
            ),
            Wrong::Separator => {
                "o que separa os campos é `;`, `,` ou tabulação; escreva assim, ou tire esta linha".to_owned()
            }
            Wrong::QuoteOpen(field) => format!(
                "aspas abrem no campo {field} e não fecham na linha; feche-as, e dobre as que fazem parte de um texto"
            ),
            Wrong::QuoteInside(field) => format!(
                "no campo {field}, há algo depois das aspas que fecham; aspas que fazem parte de um texto vão dobradas"
            ),
            Wrong::UnknownColumn { name, meant: Some(meant) } => {
                format!("a coluna {name} não é conhecida; quis dizer {meant:?}?")
            }
            Wrong::UnknownColumn { name, meant: None } => format!(
                "a coluna {name} não é conhecida; tire-a ou use {}",
                Column::ALL.map(Column::portuguese).join(", ")
            ),
            Wrong::ColumnTwice => "há duas colunas destas; tire uma".to_owned(),
            Wrong::NoColumn => "falta esta coluna".to_owned(),
            Wrong::NoDestinationColumn => {
                "falta a coluna da chave, ou as da conta (ispb, agencia, conta)".to_owned()
            }
            Wrong::Fields { found, expected } => format!(
                "tem {found} {}, e o cabeçalho tem {expected}; texto com o separador vai entre aspas",
                if *found == 1 { "campo" } else { "campos" }
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
