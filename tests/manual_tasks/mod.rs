//! The tasks of the manual: read from its pages, and played.

use std::fs;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use portable_pty::CommandBuilder;
use saldo::domain::person::Person;
use saldo::journal::handover::{Handovers as _, Shift};
use saldo::journal::lock::Lock;
use saldo::journal::sqlite::SqliteJournal;
use uuid::Uuid;

use super::support::{self, Desk, runtime};
use super::terminal::{Terminal, size};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    Portuguese,
}

impl Language {
    pub(crate) const fn file(self) -> &'static str {
        match self {
            Self::English => "manual.md",
            Self::Portuguese => "manual.pt-BR.md",
        }
    }

    const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Portuguese => "pt-BR",
        }
    }

    /// How the manual introduces the keys of a task.
    const fn keys(self) -> &'static str {
        match self {
            Self::English => "**Keys (",
            Self::Portuguese => "**Teclas (",
        }
    }
}

#[derive(Debug)]
pub(crate) enum Step {
    Key(String),
    Type(String),
    Paste(String),
    See(String),
}

impl Step {
    fn read(text: &str) -> Self {
        match text.split_once(':') {
            Some(("type", rest)) => Self::Type(rest.to_owned()),
            Some(("paste", rest)) => Self::Paste(rest.to_owned()),
            Some(("see", rest)) => Self::See(rest.to_owned()),
            _ => Self::Key(text.to_owned()),
        }
    }

    /// How the line with the keys shows it; a text that is typed is only a text there.
    pub(crate) fn shown(&self, language: Language) -> Option<String> {
        match (self, language) {
            (Self::Key(key), _) => Some(key.clone()),
            (Self::Paste(_), Language::English) => Some("paste".to_owned()),
            (Self::Paste(_), Language::Portuguese) => Some("colar".to_owned()),
            (Self::Type(_), _) => Some("‹›".to_owned()),
            (Self::See(_), _) => None,
        }
    }

    fn bytes(&self, code: Option<&str>) -> Vec<u8> {
        match self {
            Self::Key(key) => match key.as_str() {
                "enter" => b"\r".to_vec(),
                "tab" => b"\t".to_vec(),
                "esc" => b"\x1b".to_vec(),
                "→" => b"\x1b[C".to_vec(),
                "f9" => b"\x1b[20~".to_vec(),
                one => {
                    assert_eq!(one.chars().count(), 1, "{one} is no key that this test knows");
                    one.as_bytes().to_vec()
                }
            },
            // What only the gateway knows.
            Self::Type(text) => text.replace("{code}", code.unwrap_or_default()).into_bytes(),
            Self::Paste(text) => format!("\x1b[200~{text}\x1b[201~").into_bytes(),
            Self::See(_) => Vec::new(),
        }
    }
}

pub(crate) struct Task {
    pub(crate) name: String,
    /// What is played.
    pub(crate) steps: Vec<Step>,
    /// What the line of the keys shows; `‹›` for a text that is typed.
    pub(crate) shown: Vec<String>,
    /// What it says that they are.
    pub(crate) count: usize,
    /// What the reader reads of it, up to the next heading or task.
    pub(crate) text: String,
}

/// The tasks of a manual, in its order.
pub(crate) fn tasks(manual: &str) -> Vec<Task> {
    let lines: Vec<&str> = manual.lines().collect();
    let mut tasks: Vec<Task> = Vec::new();
    let mut open = false;
    for (index, line) in lines.iter().enumerate() {
        if let Some(played) = line.strip_prefix("<!-- task ").and_then(|rest| rest.strip_suffix(" -->")) {
            let mut parts = played.split(" | ");
            let name = parts.next().unwrap().to_owned();
            let (count, shown) = keys(lines[index - 1]);
            tasks.push(Task {
                name,
                steps: parts.map(Step::read).collect(),
                shown,
                count,
                text: String::new(),
            });
            open = true;
        } else if line.starts_with('#') || line.contains("(0):**") || is_keys(line) {
            open = false;
        } else if let Some(task) = tasks.last_mut().filter(|_| open) {
            task.text.push_str(line);
            task.text.push('\n');
        }
    }
    tasks
}

fn is_keys(line: &str) -> bool {
    [Language::English, Language::Portuguese].iter().any(|language| line.starts_with(language.keys()))
}

/// How many keys a line names, and which.
fn keys(line: &str) -> (usize, Vec<String>) {
    assert!(is_keys(line), "{line:?} is no line of keys");
    let (count, mut rest) = line.split_once('(').unwrap().1.split_once("):**").unwrap();
    let mut shown = Vec::new();
    while let Some(at) = rest.find(['`', '‹']) {
        let (close, text) = match rest[at..].strip_prefix('`') {
            Some(inner) => ('`', inner),
            None => ('›', &rest[at + '‹'.len_utf8()..]),
        };
        let (inside, after) = text.split_once(close).unwrap();
        shown.push(if close == '`' { inside.to_owned() } else { "‹›".to_owned() });
        rest = after;
    }
    (count.parse().unwrap(), shown)
}

/// What a task needs before its keys: a desk, and a screen on it.
type Stage = fn(Language) -> Set;

/// A screen, and what it stands on.
pub(crate) struct Set {
    screen: Terminal,
    desk: Option<Desk>,
}

/// Where each task is played.
pub(crate) const STAGES: &[(&str, Stage)] = &[
    ("prizes", demo),
    ("pay-invoice", |language| cockpit(desk(), language)),
    ("pay-by-key", |language| cockpit(desk(), language)),
    ("batch", with_file),
    ("charge", |language| cockpit(desk(), language)),
    ("find", after_a_payment),
    ("why-told", after_a_payment),
    ("why-not-told", after_a_payment),
    ("as-it-was", after_a_payment),
    ("refund", after_a_deposit),
    ("rebalance", below_the_floor),
    ("doubt", in_doubt),
    ("resolve", its_life),
    ("acknowledge", below_the_floor),
    ("mask", |language| cockpit(desk(), language)),
    ("hand-over", after_a_payment),
    ("take-shift", handed_over),
];

/// Plays a task to its end.
pub(crate) fn play(task: &Task, language: Language) {
    let (_, stage) = STAGES.iter().find(|(name, _)| *name == task.name).unwrap();
    let mut set = stage(language);
    for step in &task.steps {
        match step {
            Step::See(words) => set.screen.wait(&format!("{words:?} ({})", task.name), |seen| {
                seen.parser.screen().contents().contains(words.as_str())
            }),
            step => {
                let code = set.desk.as_ref().and_then(|desk| desk.ledger().cash_outs.first().cloned());
                set.screen.send(&step.bytes(code.map(|one| one.internal_code).as_deref()));
            }
        }
    }
}

fn desk() -> Desk {
    Desk::start(support::prompt())
}

fn open(mut command: CommandBuilder, language: Language) -> Terminal {
    command.args(["--lang", language.tag()]);
    let screen = Terminal::start(command);
    screen.master.as_ref().unwrap().resize(size(140, 40)).unwrap();
    screen
        .seen
        .0
        .lock()
        .unwrap()
        .parser
        .screen_mut()
        .set_size(super::terminal::side(40), super::terminal::side(140));
    screen
}

fn cockpit(desk: Desk, language: Language) -> Set {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_saldo"));
    command.env_clear();
    command.env("HOME", desk.folder());
    command.env("SALDO_CONFIG", desk.config_path());
    command.cwd(desk.folder());
    let screen = open(command, language);
    screen.wait_text("R$\u{a0}1.");
    Set { screen, desk: Some(desk) }
}

fn demo(language: Language) -> Set {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_saldo"));
    command.env_clear();
    command.args(["demo", "--seed", "7"]);
    let screen = open(command, language);
    Set { screen, desk: None }
}

fn with_file(language: Language) -> Set {
    let desk = desk();
    let file = "chave;valor;nome;documento;referencia\n\
                maria@example.com;15,25;Maria Silva;52998224725;FOLHA-07-001\n\
                joao@example.com;9,80;João Souza;11144477735;FOLHA-07-002\n";
    fs::write(desk.folder().join("folha.csv"), file).unwrap();
    cockpit(desk, language)
}

fn after_a_payment(language: Language) -> Set {
    let desk = desk();
    desk.pay("10,00", "INVOICE-1").expect(0);
    let set = cockpit(desk, language);
    set.screen.wait_text("Maria Silva");
    set
}

fn after_a_deposit(language: Language) -> Set {
    let desk = desk();
    let person = ["--name", "João Pereira", "--document", "52998224725"];
    let charge = ["cash-in", "--amount", "50,25", "--reference", "ORDER-7"];
    desk.saldo(&[&charge[..], &person[..]].concat()).expect(0);
    let code = desk.ledger().cash_ins[0].internal_code.clone();
    let url = format!("{}/sandbox/cash-in/{code}/pay", desk.access.base_url);
    let paid =
        runtime().block_on(async { reqwest::Client::builder().build().unwrap().post(url).send().await });
    assert!(paid.unwrap().status().is_success());
    // The same command again looks.
    desk.saldo(&[&charge[..], &person[..]].concat()).expect(0);
    let set = cockpit(desk, language);
    set.screen.wait_text("João Pereira");
    set
}

/// A payment of whose outcome the gateway never tells.
fn in_doubt(language: Language) -> Set {
    doubt(Desk::start(support::with_faults(&["cash-out:500-after"])), language)
}

fn doubt(desk: Desk, language: Language) -> Set {
    let mut set = cockpit(desk, language);
    let (form, review, yes, doubt) = match language {
        Language::English => ("New cash-out", "Review of the cash-out", "y", "UNKNOWN"),
        Language::Portuguese => ("Novo pagamento", "Conferência do pagamento", "s", "INCERTO"),
    };
    set.screen.send(b"p");
    set.screen.wait_text(form);
    set.screen.send("10,00\t\tmaria@example.com\tMaria Silva\t52998224725\tINVOICE-1\r".as_bytes());
    set.screen.wait_text(review);
    set.screen.send(yes.as_bytes());
    set.screen.wait_text(doubt);
    set.screen.send(b"\x1b");
    set.screen.wait_text(match language {
        Language::English => "Transactions: all",
        Language::Portuguese => "Transações: todas",
    });
    set
}

/// The same with its life open, when saldo sends it no more.
fn its_life(language: Language) -> Set {
    let desk = Desk::start(support::with_faults(&["cash-out:500-after"]));
    let access = desk.access.clone();
    desk.configure(&access.base_url, &access.client_id, "[payments]\nresend_window = \"1s\"\n");
    let mut set = doubt(desk, language);
    set.screen.wait_text("Maria Silva");
    set.screen.send(b"\r");
    set.screen.wait_text(match language {
        Language::English => "FROZEN",
        Language::Portuguese => "CONGELADO",
    });
    set
}

/// A desk whose balance of R$ 500.000,00 is below the band.
fn below_the_floor(language: Language) -> Set {
    let desk = desk();
    let access = desk.access.clone();
    let band = "[band]\nfloor = \"600000,00\"\ntarget = \"700000,00\"\nceiling = \"800000,00\"\n";
    desk.configure(&access.base_url, &access.client_id, band);
    let set = cockpit(desk, language);
    set.screen.wait_text("700.000,00");
    set
}

/// A shift that somebody else has handed over.
fn handed_over(language: Language) -> Set {
    let desk = desk();
    desk.pay("10,00", "INVOICE-1").expect(0);
    let account: String = desk
        .journal()
        .query_row("SELECT value FROM meta WHERE key = 'account'", [], |row| row.get(0))
        .unwrap();
    let by = Person { uid: 4_000_001, name: Some("ana".to_owned()) };
    let until = Timestamp::now();
    let since = until - SignedDuration::from_hours(8);
    let note = Some("INVOICE-1: ligar às 9h".to_owned());
    runtime().block_on(async {
        let lock = Lock::acquire(&desk.journal_path(), "test", Duration::from_secs(5)).await.unwrap();
        let journal = SqliteJournal::open(&desk.journal_path(), &account, lock).await.unwrap();
        journal.hand_over(Shift { id: Uuid::now_v7(), since, until, by, note }).await.unwrap();
    });
    cockpit(desk, language)
}
