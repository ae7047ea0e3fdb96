//! A scene: what is run, what is pressed, what is waited for, and what of it becomes a picture.
//!
//! One step a line; `#` begins a comment. ` | ` stands between the English and the Portuguese of a line that differs.
//!
//! | line | does |
//! |---|---|
//! | `size 120x36` | the terminal's columns and rows; before `command` |
//! | `paper light` | a light terminal; before `command` |
//! | `files folha.csv` | copies these from the scene's folder to where the command runs; before `command` |
//! | `command saldo demo --lang {lang}` | runs it with `sh`, in an empty folder that is its home |
//! | `patience 300` | seconds that each `wait` after it may take (60) |
//! | `wait WORDS` | until the screen shows the words |
//! | `gone WORDS` | until the screen no longer does |
//! | `keys TEXT` | presses keys: `\r` enter, `\t` tab, `\e` escape |
//! | `type TEXT` | the same, one key a frame |
//! | `paste TEXT` | as a terminal pastes |
//! | `still NAME` | writes the screen as it stands |
//! | `film NAME` | from here on, a moving picture |
//! | `caption TEXT` | the line under the moving picture |
//! | `live SECONDS` | films what happens meanwhile |
//! | `hold TENTHS` | the moving picture stands still for so long |
//! | `poster` | the frame for whoever wants or sees no movement |

use std::time::Duration;

use anyhow::{Context, Result, bail};

/// What the screens are drawn in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    Portuguese,
}

impl Language {
    pub(crate) fn parse(tag: &str) -> Result<Self> {
        match tag {
            "en" => Ok(Self::English),
            "pt-BR" => Ok(Self::Portuguese),
            other => bail!("there is no language {other}: en or pt-BR"),
        }
    }

    /// As `--lang` takes it.
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Portuguese => "pt-BR",
        }
    }
}

#[derive(Debug)]
pub(crate) enum Step {
    Patience(Duration),
    Wait(String),
    Gone(String),
    Keys(Vec<u8>),
    Type(Vec<u8>),
    Paste(String),
    Still(String),
    Film(String),
    Caption(String),
    Live(Duration),
    Hold(Duration),
    Poster,
}

#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) columns: u16,
    pub(crate) rows: u16,
    pub(crate) light: bool,
    pub(crate) files: Vec<String>,
    pub(crate) command: String,
    pub(crate) steps: Vec<Step>,
}

impl Scene {
    /// Reads the scene as it is played in `language`.
    pub(crate) fn read(text: &str, language: Language) -> Result<Self> {
        let mut scene = Self {
            columns: 120,
            rows: 36,
            light: false,
            files: Vec::new(),
            command: String::new(),
            steps: Vec::new(),
        };
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                scene.take(line, language).with_context(|| format!("line {}", number + 1))?;
            }
        }
        if scene.command.is_empty() {
            bail!("the scene has no command");
        }
        Ok(scene)
    }

    fn take(&mut self, line: &str, language: Language) -> Result<()> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let value = match (rest.split_once(" | "), language) {
            (None, _) => rest,
            (Some((english, _)), Language::English) => english,
            (Some((_, portuguese)), Language::Portuguese) => portuguese,
        };
        let seconds = || Ok::<_, anyhow::Error>(Duration::from_secs(value.parse()?));
        let step = match word {
            "size" => {
                let (columns, rows) = value.split_once('x').context("size is COLUMNSxROWS")?;
                (self.columns, self.rows) = (columns.parse()?, rows.parse()?);
                return Ok(());
            }
            "paper" => {
                self.light = value == "light";
                return Ok(());
            }
            "files" => {
                self.files.extend(value.split(' ').map(str::to_owned));
                return Ok(());
            }
            "command" => {
                self.command = value.replace("{lang}", language.tag());
                return Ok(());
            }
            "patience" => Step::Patience(seconds()?),
            "wait" => Step::Wait(value.to_owned()),
            "gone" => Step::Gone(value.to_owned()),
            "keys" => Step::Keys(unescape(value)?),
            "type" => Step::Type(unescape(value)?),
            "paste" => Step::Paste(value.to_owned()),
            "still" => Step::Still(value.to_owned()),
            "film" => Step::Film(value.to_owned()),
            "caption" => Step::Caption(value.to_owned()),
            "live" => Step::Live(seconds()?),
            "hold" => Step::Hold(Duration::from_millis(100) * value.parse()?),
            "poster" => Step::Poster,
            other => bail!("unknown step {other}"),
        };
        self.steps.push(step);
        Ok(())
    }
}

/// `\r`, `\e`, `\t` and `\\` as a person writes them.
fn unescape(text: &str) -> Result<Vec<u8>> {
    let mut keys = Vec::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            keys.extend(character.to_string().bytes());
            continue;
        }
        keys.push(match characters.next() {
            Some('r') => b'\r',
            Some('e') => 0x1b,
            Some('t') => b'\t',
            Some('\\') => b'\\',
            other => bail!("unknown escape {other:?}"),
        });
    }
    Ok(keys)
}
