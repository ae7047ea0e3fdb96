//! The commands around the work: the first run, where things are, what a shell and `man` are told.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop here")]

mod support;
mod terminal;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::Command;

use portable_pty::CommandBuilder;
use support::{Desk, Run, SALDO, prompt};
use terminal::{PATIENCE, Terminal};

/// The answers of somebody who has the sandbox's address and credentials, with a slip of the pen at each question.
fn answers(desk: &Desk, yes: &str) -> String {
    let access = &desk.access;
    let [client_secret, application_token, crypto_token] =
        [&access.client_secret, &access.application_token, &access.crypto_token];
    format!(
        "sandbx\nsandbox\na name\ndesk\nnowhere\n{}\nabc\n\n{}\n\n/no/such/file\n{client_secret}\n{application_token}\n\
         {crypto_token}\n8087\n\nexample\n\n1\n3,00 2,00 1,00\n100000,00 200000,00 300000,00\n{yes}\n",
        access.base_url, access.client_id,
    )
}

fn init(desk: &Desk, input: &str, more: &[&str]) -> Run {
    desk.saldo_reading(&[&["init"], more].concat(), input.as_bytes())
}

#[test]
fn the_first_run_writes_a_profile_that_works() {
    let desk = Desk::start(prompt());
    fs::remove_file(desk.config_path()).unwrap();
    let run = init(&desk, &answers(&desk, "yes"), &[]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    for told in [
        "there is no environment \"sandbx\"; did you mean \"sandbox\"?",
        "is no name for a profile",
        "digits only",
        "this one is needed",
        "the secret is empty",
        "there is no file at that path",
        "an IP address and a port",
        "three amounts are needed",
        "floor <= target <= ceiling",
        "Written.",
    ] {
        assert!(run.stderr.contains(told), "{told:?} is not in {}", run.stderr);
    }
    assert!(run.stdout.contains("ok       gateway"), "the doctor was asked: {run:#?}");
    for secret in desk.secrets() {
        assert!(!run.stderr.contains(&secret) && !run.stdout.contains(&secret), "a secret shows");
    }
    let written = fs::read_to_string(desk.config_path()).unwrap();
    assert!(written.starts_with("[profiles.desk]\nenvironment = \"sandbox\"\n"), "{written}");
    for name in ["client-secret", "application-token", "crypto-token"] {
        let file = fs::metadata(desk.folder().join("desk").join(name)).unwrap();
        assert_eq!(file.mode() & 0o777, 0o600);
    }
    assert_eq!(desk.saldo(&["balance"]).code, Some(0));
}

#[test]
fn what_was_configured_before_stays() {
    let desk = Desk::start(prompt());
    fs::set_permissions(desk.config_path(), fs::Permissions::from_mode(0o640)).unwrap();
    let before = fs::read_to_string(desk.config_path()).unwrap();
    let taken = init(&desk, &answers(&desk, "yes").replace("a name", "test"), &["--lang", "pt-BR"]);
    assert!(taken.stderr.contains("que ainda não esteja no arquivo"), "{taken:#?}");
    assert!(taken.stderr.contains("escolha este com --profile desk"), "{taken:#?}");
    let after = fs::read_to_string(desk.config_path()).unwrap();
    assert!(after.starts_with(&before) && after.contains("[profiles.desk]"), "{after}");
    assert_eq!(fs::metadata(desk.config_path()).unwrap().mode() & 0o777, 0o640);
    // Once more: the secrets' files are somebody's by now.
    let again = init(
        &desk,
        &answers(&desk, "yes").replace("a name", "desk").replace("\ndesk\n", "\ndesk\nother\n"),
        &[],
    );
    assert_eq!(again.code, Some(0), "another name has files of its own: {again:#?}");
}

#[test]
fn nothing_is_written_without_a_yes() {
    let desk = Desk::start(prompt());
    fs::remove_file(desk.config_path()).unwrap();
    for input in [answers(&desk, "no"), answers(&desk, ""), "sandbox\n".to_owned(), String::new()] {
        let run = init(&desk, &input, &[]);
        assert_eq!(run.code, Some(2), "{run:#?}");
        assert!(run.stderr.contains("stopped; nothing was written"), "{run:#?}");
        assert!(!desk.config_path().exists() && !desk.folder().join("desk").exists());
    }
    let broken = "[nonsense";
    fs::write(desk.config_path(), broken).unwrap();
    let run = init(&desk, &answers(&desk, "yes"), &[]);
    assert_eq!(run.code, Some(78), "{run:#?}");
    assert_eq!(fs::read_to_string(desk.config_path()).unwrap(), broken);
}

/// On a terminal a secret is not shown, and the terminal is as it was even after Ctrl-C.
#[test]
fn a_secret_is_not_shown_while_it_is_typed() {
    let desk = Desk::start(prompt());
    fs::remove_file(desk.config_path()).unwrap();
    let mut command = CommandBuilder::new(SALDO);
    command.args(["init", "--lang", "en"]);
    command.env_clear();
    command.env("HOME", desk.folder());
    command.env("SALDO_CONFIG", desk.config_path());
    let mut terminal = Terminal::start(command);
    for (question, answer) in [
        ("Which gateway", "staging\r"),
        ("A name for the profile", "\r"),
        ("client_id, the number", "48213\r"),
        ("client_secret: ", "not-to-be-seen\r"),
    ] {
        terminal.wait_text(question);
        terminal.send(answer.as_bytes());
    }
    terminal.wait_text("application_token: ");
    terminal.send(b"\x03");
    let exit = terminal.exit(PATIENCE);
    assert_eq!(exit.exit_code(), 2);
    assert!(!terminal.raw().contains("not-to-be-seen"), "{}", terminal.raw());
    terminal.wait_text("stopped; nothing was written");
    terminal.assert_modes_restored();
}

#[test]
fn paths_are_told_whether_they_exist_or_not() {
    let desk = Desk::start(prompt());
    let run = desk.saldo(&["paths", "--json"]);
    let places = run.json();
    let find =
        |what: &str| places.as_array().unwrap().iter().find(|place| place["what"] == what).unwrap().clone();
    assert_eq!(find("configuration")["path"], desk.config_path().to_str().unwrap());
    assert_eq!(find("configuration")["exists"], true);
    assert_eq!(find("journal")["path"], desk.journal_path().to_str().unwrap());
    assert_eq!(find("journal")["exists"], false);
    assert_eq!(find("crypto_token")["exists"], true);
}

/// bash itself completes with what it is given.
#[test]
fn a_shell_completes() {
    let desk = Desk::start(prompt());
    let complete = |line: &str| {
        let script = format!(
            "source <('{SALDO}' completions bash)\nCOMP_WORDS=({line}); COMP_CWORD=$((${{#COMP_WORDS[@]}}-1))\n\
             _saldo saldo \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"\necho \"${{COMPREPLY[@]}}\"",
        );
        let run = Command::new("bash").args(["--norc", "-c", &script]).output().unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        String::from_utf8(run.stdout).unwrap()
    };
    assert!(complete("saldo cash").contains("cash-out") && complete("saldo cash").contains("cash-in"));
    assert!(complete("saldo cash-out --pix-k").contains("--pix-key"));
    assert!(complete("saldo --color al").contains("always"));
    for shell in ["zsh", "fish", "elvish", "powershell"] {
        let run = desk.saldo(&["completions", shell]);
        assert!(run.code == Some(0) && run.stdout.contains("cash-out"), "{run:#?}");
    }
}

#[test]
fn every_command_has_a_page() {
    let desk = Desk::start(prompt());
    let folder = desk.folder().join("man");
    let run = desk.saldo(&["man", "--output", folder.to_str().unwrap()]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    let help = desk.saldo(&["--help"]).stdout;
    let commands =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let mut seen = 0;
    for line in commands.filter(|line| line.starts_with("  ") && !line.starts_with("   ")) {
        let name = line.split_whitespace().next().unwrap();
        if name == "help" {
            continue;
        }
        let page = fs::read_to_string(folder.join(format!("saldo-{name}.1"))).unwrap();
        assert!(page.contains(".SH NAME") && page.contains(".SH SYNOPSIS"), "{name}: {page}");
        // Every flag that --help names stands on the page.
        let help = desk.saldo(&[name, "--help"]).stdout;
        for flag in help.split_whitespace().filter(|word| word.starts_with("--") && word.len() > 3) {
            let flag = flag.trim_end_matches(|last: char| !last.is_ascii_alphanumeric());
            let roff = flag.replace('-', "\\-");
            assert!(page.contains(&roff), "{name}: {flag} is not on its page");
        }
        seen += 1;
    }
    assert!(seen > 15, "{help}");
    assert_eq!(desk.saldo(&["man", "cash-out"]).code, Some(0));
    assert_eq!(desk.saldo(&["man", "nonsense"]).code, Some(2));
}
