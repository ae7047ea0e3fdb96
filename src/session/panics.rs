//! A panic gives the terminal back before it is reported.
//!
//! The panic hook belongs to the process, so this is the one place of the session with something static. A
//! panic of the session's own task ends the session. One of another task (the engine's) does not: its report
//! would be written across the screen, so it is kept until the terminal is given back.

use std::cell::RefCell;
use std::io::Write;
use std::panic;
use std::sync::{Arc, Mutex, Once, PoisonError, Weak};

use rustix::termios::isatty;

use super::tty::Hold;

/// So many reports are kept; a task that panics again and again says the same thing.
const MAX_KEPT: usize = 16;

static HOOK: Once = Once::new();
static STATE: Mutex<State> = Mutex::new(State { holds: Vec::new(), kept: Vec::new() });

struct State {
    holds: Vec<Weak<Hold>>,
    kept: Vec<String>,
}

thread_local! {
    /// The terminal of the session that runs on this thread right now.
    static CURRENT: RefCell<Option<Arc<Hold>>> = const { RefCell::new(None) };
}

/// Marks this thread as running the session that holds `hold`, until it is dropped.
pub(super) struct Running;

impl Running {
    pub(super) fn on_this_thread(hold: &Arc<Hold>) -> Self {
        CURRENT.with_borrow_mut(|current| *current = Some(Arc::clone(hold)));
        Self
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        CURRENT.with_borrow_mut(|current| *current = None);
    }
}

fn state() -> std::sync::MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Puts a terminal under the protection of the panic hook.
pub(super) fn protect(hold: &Arc<Hold>) {
    HOOK.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if let Some(hold) = CURRENT.with_borrow_mut(Option::take) {
                hold.leave();
            } else if isatty(rustix::stdio::stderr()) && keep(info) {
                return;
            }
            previous(info);
        }));
    });
    let mut state = state();
    state.holds.retain(|other| other.strong_count() > 0 && !Weak::ptr_eq(other, &Arc::downgrade(hold)));
    state.holds.push(Arc::downgrade(hold));
}

/// Keeps the report if a terminal is held right now.
fn keep(info: &panic::PanicHookInfo<'_>) -> bool {
    let mut state = state();
    let held = state.holds.iter().filter_map(Weak::upgrade).any(|hold| hold.is_held());
    if held && state.kept.len() < MAX_KEPT {
        let thread = std::thread::current();
        state.kept.push(format!("thread '{}' {info}\n", thread.name().unwrap_or("unnamed")));
    }
    held
}

/// Writes what was kept, now that nothing is drawn any more.
pub(super) fn report_kept() {
    let kept = std::mem::take(&mut state().kept);
    for report in kept {
        let _ = std::io::stderr().write_all(report.as_bytes());
    }
}
