//! Running one of the desk's own programs: no shell, an end to its time, an end to what it may print.
//!
//! There is one way for all of them: those that print a secret or an amount, and the one that is handed alerts. What a
//! program says on standard error is dropped: nobody knows whether a secret is in it.

use std::io::{ErrorKind, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use secrecy::zeroize::Zeroizing;

/// How long a program may take: long enough for an agent, short enough for a service that starts.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// How often a running program is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// Why a program gave no answer. It names the program, and neither its arguments nor what it printed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProgramError {
    /// There is no first word.
    #[error("the command is empty")]
    Empty,
    /// No such program, no right to run it.
    #[error("the command {0} does not start ({1})")]
    Start(String, String),
    /// It ended badly.
    #[error("the command {0} failed ({1})")]
    Failed(String, ExitStatus),
    /// It was stopped.
    #[error("the command {0} took longer than {1} s")]
    Slow(String, u64),
    /// It has ended, and something that it began still holds its output open.
    #[error("the output of {0} does not end")]
    Open(String),
    /// It said more than makes sense.
    #[error("the command {0} says more than {1} bytes")]
    TooMuch(String, usize),
    /// The system.
    #[error("the command {0} cannot be run ({1})")]
    System(String, String),
}

/// Runs it, gives it `input`, and reads at most `most` bytes of what it prints. Blocks, for `patience` at most: not for a
/// runtime's thread. The buffer is wiped and never grows, so no copy of a secret stays behind.
///
/// # Errors
///
/// [`ProgramError`].
pub fn run(
    words: &[String],
    input: &[u8],
    most: usize,
    patience: Duration,
) -> Result<Zeroizing<Vec<u8>>, ProgramError> {
    let (program, arguments) = words.split_first().ok_or(ProgramError::Empty)?;
    let name = || program.clone();
    let system = |error: std::io::Error| ProgramError::System(name(), error.to_string());
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(if input.is_empty() { Stdio::null() } else { Stdio::piped() })
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| ProgramError::Start(name(), error.to_string()))?;
    let deadline = Instant::now() + patience;
    let (given, output) = (child.stdin.take(), child.stdout.take());
    // One answer, so a queue of one. A grandchild may hold the pipe open for ever: nobody waits for the thread.
    let (sender, answer) = mpsc::sync_channel(1);
    std::thread::spawn(move || {
        sender
            .send(output.map_or_else(|| Ok(Some(Zeroizing::default())), |output| read_bounded(output, most)))
    });
    if let Some(mut stdin) = given {
        let input = input.to_vec();
        // In a thread of its own too: a program may read nothing, and need not.
        std::thread::spawn(move || stdin.write_all(&input));
    }
    let status = wait_until(&mut child, deadline)
        .map_err(system)?
        .ok_or_else(|| ProgramError::Slow(name(), patience.as_secs()))?;
    let output = answer.recv_timeout(deadline.saturating_duration_since(Instant::now()));
    // Said first: a program whose reader has heard enough also ends with an error.
    if matches!(output, Ok(Ok(None))) {
        return Err(ProgramError::TooMuch(name(), most));
    }
    if !status.success() {
        return Err(ProgramError::Failed(name(), status));
    }
    match output {
        Ok(Ok(bytes)) => bytes.ok_or_else(|| ProgramError::TooMuch(name(), most)),
        Ok(Err(error)) => Err(system(error)),
        Err(_) => Err(ProgramError::Open(name())),
    }
}

/// The child's status, or `None` if it had to be killed at the deadline.
fn wait_until(child: &mut Child, deadline: Instant) -> std::io::Result<Option<ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::park_timeout(LOOK);
    }
}

/// All of `source`, or `None` if it holds more than `most` bytes.
pub(super) fn read_bounded(
    mut source: impl Read,
    most: usize,
) -> std::io::Result<Option<Zeroizing<Vec<u8>>>> {
    let mut bytes = Zeroizing::new(vec![0; most + 1]);
    let mut filled = 0;
    while filled < bytes.len() {
        match source.read(&mut bytes[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok((filled <= most).then_some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn a_program_is_given_its_input_and_read_to_its_end_without_a_shell() {
        let said = run(&words(&["printf", "%s\n", "a;b $HOME"]), b"", 100, PATIENCE).unwrap();
        assert_eq!(&*said, b"a;b $HOME\n");
        assert_eq!(&*run(&words(&["cat"]), b"{}\n", 100, PATIENCE).unwrap(), b"{}\n");
        // It may read nothing of a line that fills the pipe.
        assert_eq!(&*run(&words(&["true"]), &vec![b'x'; 1 << 20], 100, PATIENCE).unwrap(), b"");
    }

    #[test]
    fn why_it_gave_no_answer_is_told() {
        for (command, what) in [
            (words(&["false"]), "failed (exit status: 1)"),
            (words(&["saldo-has-no-such-program"]), "does not start"),
            (words(&["head", "-c", "101", "/dev/zero"]), "more than 100 bytes"),
            (vec![], "empty"),
        ] {
            let error = run(&command, b"", 100, PATIENCE).unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
        }
    }

    #[test]
    fn a_program_that_hangs_is_ended() {
        let begun = Instant::now();
        let error = run(&words(&["sleep", "600"]), b"", 100, Duration::from_millis(50)).unwrap_err();
        assert!(matches!(error, ProgramError::Slow(..)), "{error}");
        assert!(begun.elapsed() < Duration::from_secs(60));
    }
}
