//! What the tests of the real thing share: chance, the cockpit on a terminal, and the journal held against the ledger.
//!
//! It includes `tests/support` and `tests/terminal`, so that each test binary names one module.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "helpers of several tests, none of which uses all; a test that cannot go on has failed"
)]

use std::io::Write;
use std::process::Output;
use std::time::Duration;

use portable_pty::CommandBuilder;

use crate::support::{Desk, runtime};
use crate::terminal::Terminal;

pub mod audit;
pub mod clock;

/// A number from the environment, so that a release can ask for more than a commit does.
pub fn wanted(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// splitmix64: enough to pick moments with.
pub struct Dice(u64);

impl Dice {
    /// The same seed and place give the same numbers.
    pub fn new(seed: u64, place: u64) -> Self {
        let mut dice =
            Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ place.wrapping_mul(0xd1b5_4a32_d192_ed03));
        dice.next();
        dice
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// A moment up to `limit`.
    pub fn moment(&mut self, limit: Duration) -> Duration {
        Duration::from_micros(self.below(u64::try_from(limit.as_micros()).unwrap().max(1)))
    }

    /// True `count` times out of `of`.
    pub fn happens(&mut self, count: u64, of: u64) -> bool {
        self.below(of) < count
    }
}

/// Starts the command and kills it after `moment`, unless it was faster. What it had said by then, where it was killed.
pub fn kill_after(desk: &Desk, arguments: &[&str], moment: Duration) -> (bool, Output) {
    runtime().block_on(async {
        let mut child = desk.command(arguments).spawn().unwrap();
        let killed = tokio::time::timeout(moment, child.wait()).await.is_err();
        if killed {
            child.start_kill().unwrap();
        }
        let output = child.wait_with_output().await.unwrap();
        // It may have ended between the two: then nobody killed it.
        (killed && output.status.code().is_none(), output)
    })
}

/// Starts the command and kills it once `seen` is so.
pub fn kill_when(desk: &Desk, arguments: &[&str], seen: impl Fn() -> bool) {
    let mut child = runtime().block_on(async { desk.command(arguments).spawn().unwrap() });
    crate::support::until(seen);
    runtime().block_on(async { child.kill().await.unwrap() });
}

/// Lets time itself pass: where the moment is to be one that nobody chose, and nothing else is waited for.
pub fn pass(moment: Duration) {
    runtime().block_on(async { tokio::time::sleep(moment).await });
}

/// Says it past the harness, which keeps what a test that passes has printed: these are figures to be quoted.
pub fn say(figures: &str) {
    let mut error = std::io::stderr().lock();
    error.write_all(figures.as_bytes()).and_then(|()| error.write_all(b"\n")).unwrap();
}

/// The cockpit of `desk`, in English.
pub fn cockpit(desk: &Desk) -> Terminal {
    cockpit_on(desk, true)
}

/// The same, on a terminal that controls it (and sends it SIGHUP when it goes) or does not.
pub fn cockpit_on(desk: &Desk, controlling: bool) -> Terminal {
    let mut command = cockpit_command(desk);
    command.set_controlling_tty(controlling);
    Terminal::start(command)
}

/// The same, with these variables in its environment.
pub fn cockpit_with(desk: &Desk, variables: &[(&str, &str)]) -> Terminal {
    let mut command = cockpit_command(desk);
    variables.iter().for_each(|(name, value)| command.env(name, value));
    Terminal::start(command)
}

/// The same, begun with these flags.
pub fn cockpit_flagged(desk: &Desk, flags: &[&str]) -> Terminal {
    let mut command = cockpit_command(desk);
    command.args(flags);
    Terminal::start(command)
}

fn cockpit_command(desk: &Desk) -> CommandBuilder {
    let mut command = CommandBuilder::new(crate::support::SALDO);
    command.args(["--lang", "en"]);
    command.env_clear();
    command.env("HOME", desk.folder());
    command.env("SALDO_CONFIG", desk.config_path());
    command
}

/// What is typed into the form for a payment to Maria, field by field: amount, way, key, name, document, reference.
pub fn fields<'a>(amount: &'a str, reference: &'a str) -> [&'a str; 6] {
    [amount, "", "maria@example.com", "Maria Silva", "52998224725", reference]
}

/// Fills in the form for a payment by key, up to its review.
pub fn review_payment(screen: &mut Terminal, amount: &str, reference: &str) {
    screen.send(b"p");
    screen.wait_text("New cash-out");
    screen.send(fields(amount, reference).join("\t").as_bytes());
    screen.wait_text(reference);
    screen.send(b"\r");
    screen.wait_text("Review of the cash-out");
}

/// Closes the terminal as an emulator does that goes away: the master is closed, and with it the program's terminal.
pub fn close(screen: &mut Terminal) {
    screen.seen.0.lock().unwrap().closing = true;
    drop(screen.writer.take());
    // The emulator holds a copy of the master and sits in a read. It wakes at the next byte, so one is brought about: a
    // change of size makes the screen draw. Without a controlling terminal nobody else tells the program of it.
    if let Some(master) = screen.master.as_ref() {
        let _ = master.resize(crate::terminal::size(79, 23));
        screen.signal(rustix::process::Signal::WINCH);
    }
    drop(screen.master.take());
    if let Some(emulator) = screen.emulator.take() {
        emulator.join().unwrap();
    }
}
