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

fn person(process: &str, otherwise: u32) -> Person {
    let login = std::fs::read_to_string(format!("/proc/{process}/loginuid"))
        .ok()
        .and_then(|text| text.trim().parse().ok())
        // What the kernel says where nobody has logged in.
        .filter(|uid| *uid != u32::MAX);
    let uid = login.unwrap_or(otherwise);
    let name = User::from_uid(Uid::from_raw(uid)).ok().flatten().map(|user| user.name);
    Person { uid, name }
}
