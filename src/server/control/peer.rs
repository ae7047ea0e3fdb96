//! Who is at the other end, by the kernel's word.

use nix::unistd::{Uid, User};
use tokio::net::unix::UCred;

use crate::domain::person::Person;

/// Who runs this process: a person is a Unix user, until operators exist.
///
/// Where the system keeps a login's user (Linux, `pam_loginuid`), that is the person: it stays the same through `su` and
/// `sudo`, so one person with two accounts' rights is still one.
pub fn operator() -> Person {
    person("self", rustix::process::getuid().as_raw())
}

/// Who runs the process at the other end.
pub(super) async fn person_of(peer: &UCred) -> Person {
    let (pid, uid) = (peer.pid(), peer.uid());
    // Names may come over the network.
    let asked =
        tokio::task::spawn_blocking(move || person(&pid.map(|pid| pid.to_string()).unwrap_or_default(), uid));
    asked.await.unwrap_or(Person { uid, name: None })
}

/// The user of the login that this process came from, where the system keeps it.
pub fn login() -> Option<u32> {
    login_of("self")
}

fn login_of(process: &str) -> Option<u32> {
    let text = std::fs::read_to_string(format!("/proc/{process}/loginuid")).ok()?;
    // What the kernel says where nobody has logged in.
    text.trim().parse().ok().filter(|uid| *uid != u32::MAX)
}

fn person(process: &str, otherwise: u32) -> Person {
    let uid = login_of(process).unwrap_or(otherwise);
    let name = User::from_uid(Uid::from_raw(uid)).ok().flatten().map(|user| user.name);
    Person { uid, name }
}
