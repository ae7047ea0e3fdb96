//! `saldo sandbox` as a program of its own, and a second saldo that pays through it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop here")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use rustix::process::{Pid, Signal, kill_process};
use saldo::sandbox::Access;
use serde_json::Value;
use support::{Desk, end_of, names, runtime, until};

#[test]
fn the_ready_file_tells_all_that_a_client_needs() {
    let desk = Desk::at("http://127.0.0.1:9");
    let ready = desk.folder().join("ready.json");
    let path = ready.display().to_string();
    let arguments = [
        "sandbox",
        "--listen",
        "127.0.0.1:0",
        "--ready-file",
        &path,
        "--seed",
        "3",
        "--fault",
        "cash-out:drop-after::1",
    ];
    let child = runtime().block_on(async { desk.command(&arguments).spawn().unwrap() });
    let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    // Whole or not at all: once it is there, it can be read.
    until(|| ready.exists());
    let text = fs::read(&ready).unwrap();
    let view: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(names(&view), ["application_token", "base_url", "client_id", "client_secret", "crypto_token"]);
    assert_eq!(fs::metadata(&ready).unwrap().permissions().mode() & 0o077, 0, "it holds secrets");

    let access: Access = serde_json::from_slice(&text).unwrap();
    desk.write_secret("client-secret", &access.client_secret);
    desk.write_secret("application-token", &access.application_token);
    desk.write_secret("crypto-token", &access.crypto_token);
    desk.configure(&access.base_url, &access.client_id, "");
    desk.saldo(&["balance", "--json"]).expect(0);
    let paid = desk.pay("10", "INV-1");
    let view = paid.expect(0).json();
    assert_eq!((view["state"].as_str(), view["attempts"].as_u64()), (Some("accepted"), Some(2)));

    kill_process(pid, Signal::TERM).unwrap();
    let run = runtime().block_on(end_of("sandbox".to_owned(), child));
    assert_eq!(run.expect(0).stdout, "");
    desk.saldo(&["balance", "--json"]).expect_error(69, "unreachable", "nothing_sent");
}

#[test]
fn the_sandbox_stays_on_this_machine_and_knows_its_faults() {
    let desk = Desk::at("http://127.0.0.1:9");
    for wrong in [
        ["--listen", "0.0.0.0:0"],
        ["--listen", "somewhere"],
        ["--fault", "cash-out:explode"],
        ["--fault", "cash-out:drop-after:2"],
        ["--seed", "-1"],
    ] {
        let run = desk.saldo(&[&["sandbox", "--json"][..], &wrong].concat());
        run.expect_error(2, "invalid_argument", "nothing_sent");
    }
}
