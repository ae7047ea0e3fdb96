//! Which process listens at an address, as the kernel tells it: so that `saldo doctor` does not take saldo's own listener
//! for a stranger.

use std::net::SocketAddr;
use std::path::Path;

/// `LISTEN`, in the kernel's tables.
const LISTENING: &str = "0A";

/// Whether `pid` listens at `address`. What cannot be read (another system, another user's process) is a no.
pub(super) fn is_at(pid: u32, address: SocketAddr) -> bool {
    let sockets =
        ["/proc/net/tcp", "/proc/net/tcp6"].map(|table| std::fs::read_to_string(table).unwrap_or_default());
    let inodes: Vec<String> = sockets.iter().flat_map(|table| inodes(table, address.port())).collect();
    let Ok(open) = std::fs::read_dir(Path::new("/proc").join(pid.to_string()).join("fd")) else {
        return false;
    };
    open.flatten()
        .filter_map(|entry| std::fs::read_link(entry.path()).ok())
        .any(|link| inodes.iter().any(|inode| link.as_os_str() == format!("socket:[{inode}]").as_str()))
}

/// The sockets that listen at this port.
fn inodes(table: &str, port: u16) -> impl Iterator<Item = String> {
    let wanted = format!(":{port:04X}");
    table.lines().skip(1).filter_map(move |line| {
        let mut words = line.split_whitespace();
        let (local, state) = (words.nth(1)?, words.nth(1)?);
        (local.ends_with(&wanted) && state == LISTENING).then(|| words.nth(5).map(str::to_owned))?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_table_is_read() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
                     0: 0100007F:1F97 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0\n   \
                     1: 0100007F:1F97 0100007F:9999 01 00000000:00000000 00:00000000 00000000  1000        0 4712 1 0\n";
        assert_eq!(inodes(table, 8_087).collect::<Vec<_>>(), ["4711"]);
        assert_eq!(inodes(table, 8_088).count(), 0);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_is_found_and_no_other() {
        let here = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = here.local_addr().unwrap();
        assert!(is_at(std::process::id(), address));
        assert!(!is_at(1, address) && !is_at(u32::MAX, address));
    }
}
