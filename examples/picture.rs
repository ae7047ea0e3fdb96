//! Draws a real screen as SVG: runs a command on a pseudo-terminal, presses keys, waits for words, and writes what the
//! terminal shows then.
//!
//! ```text
//! cargo run --release --example picture -- --size 120x36 --expect 'words' [--keys 'jj\r'] [--expect …] --out screen.svg -- COMMAND ARGS…
//! ```
//!
//! `--linger SECONDS` lets a live screen fill. `--keys`, `--expect` and `--linger` are carried out in the order in which they stand. `rsvg-convert` (Debian: librsvg2-bin) makes
//! a PNG of the SVG.

#![allow(
    clippy::print_stderr,
    clippy::disallowed_macros,
    reason = "a tool of the developer's, at a terminal"
)]

use std::io::{Read, Write};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};

/// How long one expectation may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A screen is whole when the program has been quiet for so long.
const QUIET: Duration = Duration::from_millis(150);

/// Cell size in the picture, in pixels. DejaVu Sans Mono is 0.602 em wide, so 13.29 px of it make 8 px.
const CELL: (u32, u32) = (8, 17);

enum Step {
    Keys(Vec<u8>),
    Expect(String),
    Linger(Duration),
}

struct Wish {
    columns: u16,
    rows: u16,
    steps: Vec<Step>,
    out: String,
    command: Vec<String>,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("picture: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let wish = read_wish(std::env::args().skip(1))?;
    let pty = native_pty_system().openpty(PtySize {
        rows: wish.rows,
        cols: wish.columns,
        pixel_width: 0,
        pixel_height: 0,
    })?;
    let mut command = CommandBuilder::new(&wish.command[0]);
    command.args(&wish.command[1..]);
    command.env("TERM", "xterm-256color");
    command.env("COLORTERM", "truecolor");
    let mut child = pty.slave.spawn_command(command).context("the command cannot be started")?;
    drop(pty.slave);
    let (sender, bytes) = channel();
    let mut reader = pty.master.try_clone_reader()?;
    std::thread::spawn(move || {
        let mut buffer = [0; 16 * 1024];
        while let Ok(count) = reader.read(&mut buffer) {
            if count == 0 || sender.send(buffer[..count].to_vec()).is_err() {
                return;
            }
        }
    });
    let mut writer = pty.master.take_writer()?;
    let size = |cells| std::num::NonZero::new(cells).context("a screen has at least one cell");
    let mut screen = vt100::Parser::new(size(wish.rows)?, size(wish.columns)?, 0);
    let drawn = play(&wish.steps, &bytes, &mut screen, &mut *writer);
    child.kill().ok();
    child.wait().ok();
    drawn?;
    std::fs::write(&wish.out, svg(screen.screen(), wish.columns, wish.rows))
        .with_context(|| format!("{} cannot be written", wish.out))
}

fn play(
    steps: &[Step],
    bytes: &Receiver<Vec<u8>>,
    screen: &mut vt100::Parser,
    writer: &mut dyn Write,
) -> Result<()> {
    for step in steps {
        match step {
            Step::Keys(keys) => {
                writer.write_all(keys)?;
                writer.flush()?;
                settle(bytes, screen);
            }
            Step::Linger(time) => {
                let until = Instant::now() + *time;
                while let Ok(more) = bytes.recv_timeout(until.saturating_duration_since(Instant::now())) {
                    screen.process(&more);
                }
            }
            Step::Expect(words) => {
                let until = Instant::now() + PATIENCE;
                while !screen.screen().contents().contains(words.as_str()) {
                    let left = until.saturating_duration_since(Instant::now());
                    match bytes.recv_timeout(left) {
                        Ok(more) => screen.process(&more),
                        Err(RecvTimeoutError::Timeout) => {
                            bail!("{words:?} does not show:\n{}", screen.screen().contents())
                        }
                        Err(RecvTimeoutError::Disconnected) => {
                            bail!("the program has ended before {words:?}")
                        }
                    }
                }
                settle(bytes, screen);
            }
        }
    }
    Ok(())
}

/// Reads until the program has been quiet, or for a second at most: a live screen is never quiet for long.
fn settle(bytes: &Receiver<Vec<u8>>, screen: &mut vt100::Parser) {
    let until = Instant::now() + Duration::from_secs(1);
    while Instant::now() < until {
        match bytes.recv_timeout(QUIET) {
            Ok(more) => screen.process(&more),
            Err(_) => return,
        }
    }
}

fn read_wish(arguments: impl Iterator<Item = String>) -> Result<Wish> {
    let mut wish =
        Wish { columns: 120, rows: 36, steps: Vec::new(), out: String::new(), command: Vec::new() };
    let mut arguments = arguments;
    while let Some(flag) = arguments.next() {
        let mut value = || arguments.next().with_context(|| format!("{flag} needs a value"));
        match flag.as_str() {
            "--size" => {
                let size = value()?;
                let (columns, rows) = size.split_once('x').context("--size is COLUMNSxROWS")?;
                (wish.columns, wish.rows) = (columns.parse()?, rows.parse()?);
            }
            "--keys" => wish.steps.push(Step::Keys(unescape(&value()?)?)),
            "--expect" => wish.steps.push(Step::Expect(value()?)),
            "--linger" => wish.steps.push(Step::Linger(Duration::from_secs(value()?.parse()?))),
            "--out" => wish.out = value()?,
            "--" => {
                wish.command = arguments.collect();
                break;
            }
            other => bail!("unknown flag {other}"),
        }
    }
    if wish.out.is_empty() || wish.command.is_empty() {
        bail!("--out FILE and -- COMMAND are needed");
    }
    Ok(wish)
}

/// `\r`, `\e`, `\t` and `\\` as a person writes them on a command line.
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
            other => bail!("unknown escape {other:?} in --keys"),
        });
    }
    Ok(keys)
}

/// The screen as SVG: a rectangle for each run of one background, a text for each run of one style.
fn svg(screen: &vt100::Screen, columns: u16, rows: u16) -> String {
    let (width, height) = (u32::from(columns) * CELL.0, u32::from(rows) * CELL.1);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         font-family=\"DejaVu Sans Mono, monospace\" font-size=\"13.29\">\n<rect width=\"100%\" height=\"100%\" fill=\"#101014\"/>\n"
    );
    for row in 0..rows {
        let mut column = 0;
        while column < columns {
            let Some(cell) = screen.cell(row, column) else { break };
            let style = Style::of(cell);
            let start = column;
            let mut text = String::new();
            while column < columns
                && let Some(cell) = screen.cell(row, column)
                && Style::of(cell) == style
            {
                if !cell.is_wide_continuation() {
                    text.push_str(if cell.has_contents() { cell.contents() } else { " " });
                }
                column += 1;
            }
            draw_run(&mut out, &style, &text, row, start, column - start);
        }
    }
    out.push_str("</svg>\n");
    out
}

fn draw_run(out: &mut String, style: &Style, text: &str, row: u16, column: u16, length: u16) {
    let (x, y) = (u32::from(column) * CELL.0, u32::from(row) * CELL.1);
    let width = u32::from(length) * CELL.0;
    if let Some(background) = &style.background {
        out.push_str(&format!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{}\" fill=\"{background}\"/>\n",
            CELL.1
        ));
    }
    if text.trim().is_empty() {
        return;
    }
    let weight = if style.bold { " font-weight=\"bold\"" } else { "" };
    let opacity = if style.dim { " opacity=\"0.6\"" } else { "" };
    let line = if style.underline { " text-decoration=\"underline\"" } else { "" };
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    out.push_str(&format!(
        "<text x=\"{x}\" y=\"{}\" textLength=\"{width}\" xml:space=\"preserve\" fill=\"{}\"{weight}{opacity}{line}>{escaped}</text>\n",
        y + CELL.1 - 4,
        style.foreground,
    ));
}

#[derive(PartialEq, Eq)]
struct Style {
    foreground: String,
    background: Option<String>,
    bold: bool,
    dim: bool,
    underline: bool,
}

impl Style {
    fn of(cell: &vt100::Cell) -> Self {
        let (mut foreground, mut background) = (hex(cell.fgcolor()), hex(cell.bgcolor()));
        if cell.inverse() {
            (foreground, background) =
                (background.or(Some("#101014".to_owned())), foreground.or(Some("#d0d0d0".to_owned())));
        }
        Self {
            foreground: foreground.unwrap_or_else(|| "#d0d0d0".to_owned()),
            background,
            bold: cell.bold(),
            dim: cell.dim(),
            underline: cell.underline(),
        }
    }
}

fn hex(colour: vt100::Color) -> Option<String> {
    /// The sixteen colours as xterm shows them.
    const SIXTEEN: [&str; 16] = [
        "#000000", "#cd3131", "#0dbc79", "#e5e510", "#2472c8", "#bc3fbc", "#11a8cd", "#e5e5e5", "#666666",
        "#f14c4c", "#23d18b", "#f5f543", "#3b8eea", "#d670d6", "#29b8db", "#ffffff",
    ];
    match colour {
        vt100::Color::Default => None,
        vt100::Color::Idx(index) if index < 16 => Some(SIXTEEN[usize::from(index)].to_owned()),
        vt100::Color::Idx(index) if index >= 232 => {
            let grey = 8 + 10 * (index - 232);
            Some(format!("#{grey:02x}{grey:02x}{grey:02x}"))
        }
        vt100::Color::Idx(index) => {
            let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
            let cube = index - 16;
            Some(format!("#{:02x}{:02x}{:02x}", level(cube / 36), level(cube / 6 % 6), level(cube % 6)))
        }
        vt100::Color::Rgb(red, green, blue) => Some(format!("#{red:02x}{green:02x}{blue:02x}")),
    }
}
