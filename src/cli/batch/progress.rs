//! How far a batch has got: one line that is drawn anew on a terminal, a line now and then elsewhere.

use std::io::{IsTerminal, Write, stderr};
use std::time::Duration;

use rustix::termios::tcgetwinsize;

use crate::cli::output::{note, spoken};
use crate::cli::told::Told;
use crate::journal::Progress;

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Cells of the bar.
const CELLS: u32 = 24;

/// Shows how far a batch has got, on standard error.
pub(super) struct Bar {
    is_terminal: bool,
    is_quiet: bool,
    /// The tenth that was told last, where lines are written.
    told: u32,
    is_drawn: bool,
}

impl Bar {
    pub(super) fn new(is_quiet: bool) -> Self {
        Self { is_terminal: stderr().is_terminal(), is_quiet, told: 0, is_drawn: false }
    }

    pub(super) async fn tick(&self) {
        tokio::time::sleep(LOOK_EVERY).await;
    }

    pub(super) fn show(&mut self, progress: &Progress) {
        if self.is_terminal {
            let all = progress.all().max(1);
            let full = progress.answered() * CELLS / all;
            let cells: String = (0..CELLS).map(|cell| if cell < full { '#' } else { '-' }).collect();
            // A line that is longer than the terminal is wide could not be drawn over.
            let columns = tcgetwinsize(stderr()).map_or(80, |size| usize::from(size.ws_col));
            let line: String = format!("[{cells}] {}", words(progress).in_lang(spoken()))
                .chars()
                .take(columns.max(2) - 1)
                .collect();
            draw(&format!("\r{line}\u{1b}[K"));
            self.is_drawn = true;
        } else if !self.is_quiet {
            let tenth = progress.answered() * 10 / progress.all().max(1);
            if tenth > self.told && tenth < 10 {
                self.told = tenth;
                note(words(progress));
            }
        }
    }

    pub(super) fn end(&mut self, progress: &Progress) {
        if self.is_terminal {
            self.show(progress);
            draw("\n");
        } else if !self.is_quiet {
            note(words(progress));
        }
    }
}

/// A terminal that has gone away needs no bar.
fn draw(text: &str) {
    let mut out = stderr().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Of those begun: `37 of 120: 30 paid, 5 accepted, 1 IN DOUBT, 1 not paid`
pub(super) fn words(progress: &Progress) -> Told {
    let parts = [
        (progress.completed.count, told!("paid", "pagas")),
        (progress.accepted.count, told!("accepted", "aceitas")),
        (progress.at_work.count, told!("not answered yet", "sem resposta ainda")),
        (progress.in_doubt.count, told!("IN DOUBT", "INCERTAS")),
        (progress.not_paid.count, told!("not paid", "não pagas")),
    ];
    let told: Vec<Told> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| told!("{count} {what}", "{count} {what}"; what))
        .collect();
    let told = if told.is_empty() { told!("not begun", "não começado") } else { Told::join(&told, ", ") };
    let (begun, all) = (progress.begun(), progress.all());
    told!("{begun} of {all}: {told}", "{begun} de {all}: {told}"; told)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::Centavos;
    use crate::journal::Sum;

    #[test]
    fn what_there_is_none_of_is_left_out() {
        let of = |count| Sum { count, amount: Centavos::new(i64::from(count)) };
        let mut progress = Progress { waiting: of(3), ..Progress::default() };
        assert_eq!(words(&progress).en(), "0 of 3: not begun");
        progress = Progress { completed: of(1), in_doubt: of(2), at_work: of(1), ..progress };
        assert_eq!(words(&progress).en(), "4 of 7: 1 paid, 1 not answered yet, 2 IN DOUBT");
    }
}
