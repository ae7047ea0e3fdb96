//! Stopping for the shell, as Ctrl-Z means it.

use std::os::fd::BorrowedFd;

use nix::unistd::{Pid, getpgid, getpgrp, getppid, getsid};
use rustix::process::{Signal, kill_current_process_group};
use rustix::termios::tcgetpgrp;

/// Ancestors that are looked at; a job is a handful of processes.
const MAX_ANCESTORS: usize = 16;

/// What the kernel calls a process, group or session that this PID namespace cannot see.
const OUTSIDE: Pid = Pid::from_raw(0);

/// Whether another process group has this terminal.
pub(super) fn is_in_background(terminal: BorrowedFd<'_>) -> bool {
    tcgetpgrp(terminal).is_ok_and(|foreground| foreground.as_raw_pid() != getpgrp().as_raw())
}

/// Whether somebody is there to continue this process once it stops: a shell with job control, which is an
/// ancestor in the same session and in another process group. Without one (`ssh host saldo`) it would sleep
/// for ever. The kernel has the same rule for Ctrl-Z in a cooked terminal (POSIX: orphaned process group).
///
/// A group or a session outside of this process's PID namespace (a container's first process) has the number 0,
/// which `nix` can say and `rustix`, whose `Pid` is never zero, cannot.
pub(super) fn may_stop() -> bool {
    let Ok(session) = getsid(None) else { return false };
    if session == OUTSIDE {
        return false;
    }
    let group = getpgrp();
    let mut ancestor = Some(getppid());
    for _ in 0..MAX_ANCESTORS {
        let Some(pid) = ancestor.filter(|pid| *pid != OUTSIDE) else { return false };
        if getsid(Some(pid)) != Ok(session) {
            return false;
        }
        if getpgid(Some(pid)) != Ok(group) {
            return true;
        }
        // A wrapper of the same job, such as sudo: its own parent decides.
        ancestor = parent_of(pid);
    }
    false
}

/// Stops the whole job, wrappers included, and returns when it is continued. SIGTSTP would only come back
/// here: its default action is gone once it was ever taken.
pub(super) fn stop() {
    let _ = kill_current_process_group(Signal::STOP);
}

/// The parent of another process, where the system has /proc; elsewhere nobody knows, and nothing stops.
fn parent_of(pid: Pid) -> Option<Pid> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The command stands in brackets and may hold anything, brackets included; state and parent follow it.
    let (_, after) = stat.rsplit_once(')')?;
    after.split_whitespace().nth(1)?.parse().ok().map(Pid::from_raw)
}
