//! Draws the pictures of the README and the manual: runs each scene's program on a pseudo-terminal, presses its keys,
//! waits for its words, and writes what the terminal shows as SVG, still or moving.
//!
//! ```text
//! cargo build --release
//! cargo run --release --example picture -- --out assets/pictures assets/scenes/*.scene
//! ```
//!
//! `--lang en` (or `pt-BR`) draws one language; both are drawn otherwise. `--frames` also writes each frame of a moving
//! picture as a still beside it, to be looked at. `saldo` is found beside this program's folder, or with
//! `--saldo FILE`. [`scene`] has the grammar of a scene; nothing in one waits for time alone. `rsvg-convert`
//! (Debian: librsvg2-bin) makes a PNG of a still.

#![allow(
    clippy::print_stderr,
    clippy::disallowed_macros,
    reason = "a tool of the developer's, at a terminal"
)]

mod film;
mod scene;
mod stage;
mod svg;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use scene::{Language, Scene};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("picture: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// What was asked for.
struct Wish {
    languages: Vec<Language>,
    frames: bool,
    saldo: PathBuf,
    out: PathBuf,
    scenes: Vec<PathBuf>,
}

fn run() -> Result<()> {
    let wish = read_wish(std::env::args().skip(1))?;
    std::fs::create_dir_all(&wish.out)?;
    // Each on a terminal of its own: a scene spends its time waiting.
    std::thread::scope(|scope| {
        let asked = wish.scenes.iter().flat_map(|path| wish.languages.iter().map(move |one| (path, *one)));
        let played: Vec<_> = asked
            .map(|(path, language)| {
                let wish = &wish;
                scope.spawn(move || draw(wish, path, language))
            })
            .collect();
        played.into_iter().try_for_each(|one| one.join().unwrap_or_else(|_| bail!("a scene broke off")))
    })
}

/// Plays one scene in one language, and writes its pictures.
fn draw(wish: &Wish, path: &Path, language: Language) -> Result<()> {
    let what = || format!("{} in {}", path.display(), language.tag());
    let text = std::fs::read_to_string(path).with_context(what)?;
    let scene = Scene::read(&text, language).with_context(what)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    for (name, svg) in stage::play(&scene, folder, &wish.saldo, wish.frames).with_context(what)? {
        let file = wish.out.join(format!("{name}.{}.svg", language.tag()));
        std::fs::write(&file, &svg).with_context(|| format!("{} cannot be written", file.display()))?;
        eprintln!("{} {} KiB", file.display(), svg.len() / 1024);
    }
    Ok(())
}

fn read_wish(mut arguments: impl Iterator<Item = String>) -> Result<Wish> {
    let beside = std::env::current_exe()?;
    let beside = beside.parent().and_then(Path::parent).context("this program lies in no folder")?;
    let mut wish = Wish {
        languages: vec![Language::English, Language::Portuguese],
        frames: false,
        saldo: beside.join("saldo"),
        out: PathBuf::new(),
        scenes: Vec::new(),
    };
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().with_context(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--lang" => wish.languages = vec![Language::parse(&value()?)?],
            "--frames" => wish.frames = true,
            "--saldo" => wish.saldo = value()?.into(),
            "--out" => wish.out = value()?.into(),
            flag if flag.starts_with("--") => bail!("unknown flag {flag}"),
            scene => wish.scenes.push(scene.into()),
        }
    }
    if wish.out.as_os_str().is_empty() || wish.scenes.is_empty() {
        bail!("--out FOLDER and a scene are needed");
    }
    wish.saldo = std::path::absolute(&wish.saldo)?;
    if !wish.saldo.is_file() {
        bail!("there is no {}: build saldo first", wish.saldo.display());
    }
    Ok(wish)
}
