//! A desk whose wall clock can be moved: a shim in front of the C library, for saldo's processes alone.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::say;
use crate::support::{self, Desk, Run, runtime};

/// The shim, built once. `None` where there is no C compiler, which is said.
pub fn shim() -> Option<&'static Path> {
    static SHIM: OnceLock<Option<PathBuf>> = OnceLock::new();
    let built = SHIM.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real_support/clock.c");
        let shim = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("clock-{}.so", std::process::id()));
        let mut compiler = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()));
        compiler.args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"]).arg(&shim).arg(source);
        match compiler.status() {
            Ok(status) => {
                assert!(status.success(), "the shim does not compile");
                Some(shim)
            }
            Err(error) => {
                say(&format!("no C compiler ({error}): what happens when the clock is moved was NOT tested"));
                None
            }
        }
    });
    built.as_deref()
}

/// A desk whose clock can be moved.
pub struct Clock {
    pub desk: Desk,
    pub file: String,
    pub shim: String,
}

impl Clock {
    pub fn on(desk: Desk) -> Option<Self> {
        let shim = shim()?.display().to_string();
        let file = desk.folder().join("clock").display().to_string();
        let clock = Self { desk, file, shim };
        clock.set(0);
        Some(clock)
    }

    /// Moves the clock, that of processes which are running too.
    pub fn set(&self, seconds: i64) {
        // Whole or not at all: it may be read at this moment.
        let draft = format!("{}.draft", self.file);
        fs::write(&draft, seconds.to_string()).unwrap();
        fs::rename(draft, &self.file).unwrap();
    }

    pub fn command(&self, arguments: &[&str]) -> tokio::process::Command {
        let mut command = self.desk.command(arguments);
        command.env("LD_PRELOAD", &self.shim).env("SALDO_TEST_CLOCK", &self.file);
        command
    }

    pub fn saldo(&self, arguments: &[&str]) -> Run {
        support::finish(self.command(arguments))
    }

    pub fn begin(&self, arguments: &[&str]) -> tokio::process::Child {
        runtime().block_on(async { self.command(arguments).spawn().unwrap() })
    }
}
