//! The sentences of the linear desk.

use super::Lang;
use crate::domain::money::Centavos;
use crate::domain::rebalance::Pockets;
use crate::domain::report::Direction;

/// Words between the figures.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LinearWords {
    /// What can be typed.
    pub(crate) hint: &'static str,
    /// The same where nothing can be typed.
    pub(crate) no_input: &'static str,
    /// Before a notice.
    pub(crate) notice: &'static str,
    pub(crate) no_notices: &'static str,
    pub(crate) over: &'static str,
    /// The line that shows what is known now.
    pub(crate) now: &'static str,
    pub(crate) help: &'static str,
    pub(crate) quit: &'static str,
    pub(crate) not_understood: &'static str,
    /// There is no such command; `{}` is what was typed.
    pub(crate) no_command: &'static str,
    /// The one that is nearest.
    pub(crate) meant: &'static str,
    /// A command whose flags cannot be read; `{}` are the part that cannot, and the command.
    pub(crate) wrong_flags: &'static str,
    /// Commands show what the mask hides.
    pub(crate) masked: &'static str,
    /// A command that takes the whole screen, or waits for others; `{}` is the command.
    pub(crate) not_here: &'static str,
    pub(crate) goodbye: &'static str,
}

const EN: LinearWords = LinearWords {
    hint: "Type now for what is known now, quit to leave, or a command of saldo, like: cash-out --help. Enter sends it.",
    no_input: "Nothing more can be typed; Ctrl-C ends it.",
    notice: "Notice",
    no_notices: "No notices.",
    over: "Over",
    now: "now",
    help: "help",
    quit: "quit",
    not_understood: "The quotes of that line do not match; nothing was done.",
    no_command: "There is no command {}; nothing was done.",
    meant: "Did you mean {}?",
    wrong_flags: "In that line {} cannot be read, or something is missing; nothing was done. {} --help explains it.",
    not_here: "{} is a program for a window of its own; nothing was done.",
    masked: "The desk is masked, and a command would show what is hidden; nothing was done. Start it without --private to type commands.",
    goodbye: "The desk is closed; payments under way stay in the journal.",
};

const PT_BR: LinearWords = LinearWords {
    hint: "Digite agora para saber como está, sair para encerrar, ou um comando do saldo, como: cash-out --help. Enter envia.",
    no_input: "Nada mais pode ser digitado; Ctrl-C encerra.",
    notice: "Aviso",
    no_notices: "Sem avisos.",
    over: "Passou",
    now: "agora",
    help: "ajuda",
    quit: "sair",
    not_understood: "As aspas dessa linha não fecham; nada foi feito.",
    no_command: "Não há o comando {}; nada foi feito.",
    meant: "Seria {}?",
    wrong_flags: "Nessa linha {} não se entende, ou falta algo; nada foi feito. {} --help explica.",
    not_here: "{} é um programa para uma janela própria; nada foi feito.",
    masked: "A mesa está oculta, e um comando mostraria o que está oculto; nada foi feito. Comece sem --private para digitar comandos.",
    goodbye: "A mesa está fechada; os pagamentos em andamento ficam no diário.",
};

impl Lang {
    /// The words of the linear desk.
    pub(crate) fn linear(self) -> &'static LinearWords {
        match self {
            Self::En => &EN,
            Self::PtBr => &PT_BR,
        }
    }

    /// The wallet in a sentence.
    pub(crate) fn linear_balance(self, total: Centavos, pockets: Pockets) -> String {
        let Pockets { transactional, proprietary } = pockets;
        match self {
            Self::En => {
                format!("balance {total}: transactional {transactional}, proprietary {proprietary}")
            }
            Self::PtBr => {
                format!("saldo {total}: transacional {transactional}, proprietária {proprietary}")
            }
        }
    }

    /// What a row is, without signs that are read aloud.
    pub(crate) const fn linear_direction(self, direction: Direction) -> &'static str {
        match (self, direction) {
            (Self::En, Direction::In) => "cash-in",
            (Self::En, Direction::Out) => "cash-out",
            (Self::PtBr, Direction::In) => "recebimento",
            (Self::PtBr, Direction::Out) => "pagamento",
        }
    }

    /// How many rows changed that are not told one by one.
    pub(crate) fn linear_more(self, count: usize) -> String {
        match (self, count) {
            (Self::En, 1) => "1 more transaction has news".to_owned(),
            (Self::En, _) => format!("{count} more transactions have news"),
            (Self::PtBr, 1) => "mais 1 transação tem novidade".to_owned(),
            (Self::PtBr, _) => format!("mais {count} transações têm novidades"),
        }
    }
}
