//! The secrets stay where they are: in no output, log, file or process list. Nor are people's data in a log.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::json;

use crate::support::{Desk, end_of, runtime, with_faults};

/// The bytes of every file below `folder` but the secrets' own.
fn files_below(folder: &Path, into: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with("secrets") {
                files_below(&path, into);
            }
        } else {
            into.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
}

fn contains(haystack: &[u8], needle: &str) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle.as_bytes())
}

#[test]
fn secrets_are_in_no_output_no_file_and_no_process_list() {
    let faults =
        ["cash-out:expire::1", "cash-out:drop-after::1", "rebalance:500-after::1", "cash-out-get:html::1"];
    let desk = Desk::start(with_faults(&faults));
    let traced = |arguments: &[&str], input: &str| {
        let mut command = desk.command(arguments);
        command.env("SALDO_LOG", "trace").stdin(std::process::Stdio::piped());
        runtime().block_on(async {
            let mut child = command.spawn().unwrap();
            let pid = child.id().unwrap();
            let look = move |name| fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default();
            // Its arguments stand there a moment after it has started; one that is quick may have ended by then.
            let mut list = look("cmdline");
            while list.is_empty() && child.try_wait().unwrap().is_none() {
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                list = look("cmdline");
            }
            let environment = look("environ");
            // This one waits for its input, so that it is there to be looked at.
            assert!(arguments[0] != "cash-out" || contains(&list, "cash-out"));
            let mut stdin = child.stdin.take().unwrap();
            let _ = tokio::io::AsyncWriteExt::write_all(&mut stdin, input.as_bytes()).await;
            drop(stdin);
            (list, environment, end_of(arguments.join(" "), child).await)
        })
    };
    let payment = json!({
        "amount": "10", "pix_key": "maria@example.com", "name": "Maria Silva", "document": "52998224725",
        "reference": "INV-1",
    })
    .to_string();
    let commands: [&[&str]; 11] = [
        &["cash-out", "--input", "-", "--yes", "--json", "--wait", "3s"],
        &["cash-out", "--input", "-", "--yes"],
        &["balance", "--json"],
        &["rebalance", "--target", "600000", "--yes", "--json"],
        &["show", "INV-1", "--json"],
        &["show", "INV-404"],
        &["transactions"],
        &["recover"],
        &["config", "show", "--origin"],
        &["config", "show", "--json"],
        &["nonsense", "--json"],
    ];
    let mut secrets = desk.secrets().to_vec();
    let mut said: Vec<(String, Vec<u8>)> = Vec::new();
    let mut logged = 0;
    for arguments in commands {
        let (list, environment, run) = traced(arguments, &payment);
        let what = run.what.clone();
        // A log holds ids and states; people's data are for the answer alone.
        let traces = run.stderr.lines().filter(|line| line.contains("TRACE") || line.contains("DEBUG"));
        logged += traces.clone().count();
        for line in traces {
            for person in ["52998224725", "maria@example.com", "Maria Silva"] {
                assert!(!line.contains(person), "{what}: {line}");
            }
        }
        said.push((format!("{what}: output"), run.stdout.into_bytes()));
        said.push((format!("{what}: errors"), run.stderr.into_bytes()));
        said.push((format!("{what}: process list"), list));
        said.push((format!("{what}: environment"), environment));
    }
    assert!(logged > 100, "there is a log to look into");
    // Also when they are wrong.
    desk.write_secret("client-secret", "wrong-secret-0001");
    secrets.push("wrong-secret-0001".to_owned());
    for arguments in [&["balance", "--json"][..], &["cash-out", "--input", "-", "--yes", "--json"]] {
        let (_, _, run) = traced(arguments, &payment.replace("INV-1", "INV-2"));
        said.push((format!("{}: output", run.what), run.stdout.into_bytes()));
        said.push((format!("{}: errors", run.what), run.stderr.into_bytes()));
    }
    files_below(desk.folder(), &mut said);
    assert!(said.iter().any(|(name, _)| name.ends_with("journal.db")));
    // Tokens and signatures are as good as the secrets while they live.
    secrets.push("eyJhbGciOi".to_owned());
    secrets.extend(desk.ledger().requests.iter().filter_map(|request| request.digital_signature.clone()));
    assert!(secrets.len() > 5);
    for (place, bytes) in &said {
        for secret in &secrets {
            assert!(!contains(bytes, secret), "a secret shows in {place}");
        }
        if place.ends_with("process list") {
            assert!(!contains(bytes, "52998224725"));
        }
    }
    // The journal and its companions are for their owner alone.
    for entry in fs::read_dir(desk.journal_path().parent().unwrap()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} has mode {mode:o}", entry.path().display());
    }
}
