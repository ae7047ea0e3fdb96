//! Where a scene is played: the pseudo-terminal, the emulator that looks at it, and the camera.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use portable_pty::{Child, CommandBuilder, PtySize, native_pty_system};

use crate::film::Film;
use crate::scene::{Scene, Step};
use crate::svg::{Paper, sides, still};

/// A screen is whole when the program has been quiet for so long.
const QUIET: Duration = Duration::from_millis(150);

/// How long a typed key stays in a moving picture.
const KEY: Duration = Duration::from_millis(90);

/// The shortest time that a frame of what happens by itself stays.
const FRAME: Duration = Duration::from_millis(400);

/// What a scene gives: names and SVGs.
pub(crate) type Pictures = Vec<(String, String)>;

/// Plays the scene in a folder that goes afterwards.
pub(crate) fn play(scene: &Scene, folder: &Path, saldo: &Path, frames: bool) -> Result<Pictures> {
    let home = tempfile::tempdir()?;
    for file in &scene.files {
        std::fs::copy(folder.join(file), home.path().join(file))
            .with_context(|| format!("{file} cannot be copied"))?;
    }
    let mut stage = Stage::open(scene, home.path(), saldo)?;
    let played = scene.steps.iter().try_for_each(|step| stage.step(step));
    stage.close();
    played?;
    let Some(film) = &stage.film else { return Ok(stage.stills) };
    let mut pictures = std::mem::take(&mut stage.stills);
    pictures.push((film.name.clone(), film.svg()));
    if frames {
        pictures.extend(film.frames());
    }
    Ok(pictures)
}

struct Stage {
    child: Box<dyn Child + Send + Sync>,
    bytes: Receiver<Vec<u8>>,
    writer: Box<dyn Write + Send>,
    /// Closing it hangs up on whatever the command has started.
    _master: Box<dyn portable_pty::MasterPty + Send>,
    screen: vt100::Parser,
    paper: Paper,
    patience: Duration,
    film: Option<Film>,
    stills: Pictures,
}

impl Stage {
    fn open(scene: &Scene, home: &Path, saldo: &Path) -> Result<Self> {
        let pty = native_pty_system().openpty(PtySize {
            rows: scene.rows,
            cols: scene.columns,
            pixel_width: 0,
            pixel_height: 0,
        })?;
        let mut command = CommandBuilder::new("/bin/sh");
        command.args(["-c", &scene.command]);
        command.cwd(home);
        command.env_clear();
        let beside = saldo.parent().context("saldo lies in no folder")?.display().to_string();
        command.env("PATH", format!("{beside}:/usr/local/bin:/usr/bin:/bin"));
        command.env("HOME", home);
        command.env("TMPDIR", home);
        command.env("TERM", "xterm-256color");
        command.env("COLORTERM", "truecolor");
        let child = pty.slave.spawn_command(command).context("the command cannot be started")?;
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
        let size = |cells| std::num::NonZero::new(cells).context("a screen has at least one cell");
        Ok(Self {
            child,
            bytes,
            writer: pty.master.take_writer()?,
            _master: pty.master,
            screen: vt100::Parser::new(size(scene.rows)?, size(scene.columns)?, 0),
            paper: Paper::of(scene.light),
            patience: Duration::from_secs(60),
            film: None,
            stills: Vec::new(),
        })
    }

    /// Ends the command as a terminal does that is closed.
    fn close(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn step(&mut self, step: &Step) -> Result<()> {
        match step {
            Step::Patience(patience) => self.patience = *patience,
            Step::Wait(words) => {
                self.wait(words, true)?;
                self.shoot(FRAME);
            }
            Step::Gone(words) => {
                self.wait(words, false)?;
                self.shoot(FRAME);
            }
            Step::Keys(keys) => {
                self.press(keys)?;
                self.shoot(KEY);
            }
            Step::Type(keys) => {
                for character in String::from_utf8_lossy(keys).chars() {
                    self.press(character.to_string().as_bytes())?;
                    self.shoot(KEY);
                }
            }
            Step::Paste(text) => {
                self.press(format!("\x1b[200~{text}\x1b[201~").as_bytes())?;
                self.shoot(FRAME);
            }
            Step::Still(name) => {
                let svg = still(self.screen.screen(), self.paper);
                self.stills.push((name.clone(), svg));
            }
            Step::Film(name) => {
                let (rows, columns) = sides(self.screen.screen());
                self.film = Some(Film::new(name.clone(), (columns, rows), self.paper));
                self.shoot(FRAME);
            }
            Step::Caption(text) => {
                if let Some(film) = &mut self.film {
                    film.caption(text);
                }
                self.shoot(KEY);
            }
            Step::Live(time) => self.live(*time),
            Step::Hold(time) => self.shoot(*time),
            Step::Poster => {
                if let Some(film) = &mut self.film {
                    film.poster();
                }
            }
        }
        Ok(())
    }

    fn shoot(&mut self, time: Duration) {
        if let Some(film) = &mut self.film {
            film.shoot(self.screen.screen(), time);
        }
    }

    fn press(&mut self, keys: &[u8]) -> Result<()> {
        self.writer.write_all(keys)?;
        self.writer.flush()?;
        self.settle();
        Ok(())
    }

    fn wait(&mut self, words: &str, wanted: bool) -> Result<()> {
        let until = Instant::now() + self.patience;
        while self.screen.screen().contents().contains(words) != wanted {
            match self.bytes.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(more) => self.screen.process(&more),
                Err(RecvTimeoutError::Timeout) => {
                    let still = if wanted { "does not show" } else { "still shows" };
                    bail!("{words:?} {still}:\n{}", self.screen.screen().contents())
                }
                Err(RecvTimeoutError::Disconnected) => {
                    bail!("the program has ended before {words:?}:\n{}", self.screen.screen().contents())
                }
            }
        }
        self.settle();
        Ok(())
    }

    /// Reads until the program has been quiet, or for a second at most: a live screen is never quiet for long.
    fn settle(&mut self) {
        let until = Instant::now() + Duration::from_secs(1);
        while Instant::now() < until {
            match self.bytes.recv_timeout(QUIET) {
                Ok(more) => self.screen.process(&more),
                Err(_) => return,
            }
        }
    }

    /// Films what happens, in frames that are long enough to be seen.
    fn live(&mut self, time: Duration) {
        let until = Instant::now() + time;
        while Instant::now() < until {
            let next = Instant::now() + FRAME;
            while let Ok(more) = self.bytes.recv_timeout(next.saturating_duration_since(Instant::now())) {
                self.screen.process(&more);
            }
            self.shoot(FRAME);
        }
    }
}
