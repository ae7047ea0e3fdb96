//! What a command tells a person is in the person's language; what scripts read is the same in every language.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop here")]

mod support;

use support::{Desk, Run, cash_out, prompt, with_faults};

fn in_portuguese(desk: &Desk, arguments: &[&str]) -> Run {
    let mut all = vec!["--lang", "pt-BR"];
    all.extend_from_slice(arguments);
    desk.saldo(&all)
}

fn without_json<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    arguments.iter().copied().filter(|argument| *argument != "--json").collect()
}

#[test]
fn a_day_of_commands_in_portuguese() {
    let desk = Desk::start(prompt());
    let balance = in_portuguese(&desk, &["balance"]);
    let told = &balance.expect(0).stdout;
    assert!(told.contains("transacional") && told.contains("próprio") && told.contains("total R$"), "{told}");
    assert!(told.contains("pelo relógio do próprio gateway"), "{told}");

    let mut pay = without_json(&cash_out("500,25", "INV-1"));
    pay.extend(["--wait", "30s"]);
    let paid = in_portuguese(&desk, &pay);
    assert!(paid.expect(0).stdout.contains("500,25 para Maria Silva: pago\n"), "{}", paid.stdout);
    let again = in_portuguese(&desk, &pay);
    assert_eq!(again.expect(0).stderr, "esta referência já foi dada antes; nada de novo é feito\n");

    let listed = in_portuguese(&desk, &["transactions"]);
    assert!(listed.expect(0).stdout.contains("concluído"), "{}", listed.stdout);
    let rebalanced = in_portuguese(&desk, &["rebalance", "--target", "400000,00", "--yes"]);
    assert!(rebalanced.expect(0).stdout.contains("(recolhimento): concluído"), "{}", rebalanced.stdout);
    let recovered = in_portuguese(&desk, &["recover"]);
    assert_eq!(recovered.expect(0).stdout, "nenhum pagamento, cobrança ou devolução está em aberto\n");
    let sound = in_portuguese(&desk, &["fsck"]);
    assert!(sound.expect(0).stdout.contains("íntegro"), "{}", sound.stdout);
}

#[test]
fn a_refusal_says_what_is_wrong_in_the_language_and_the_same_to_scripts() {
    let desk = Desk::start(prompt());
    for (arguments, portuguese, english) in [
        (
            vec!["cash-out", "--amount", "1.234", "--pix-key", "maria@example.com"],
            "saldo: --amount: ambíguo",
            "--amount: ambiguous",
        ),
        (
            vec!["cash-out", "--amount", "1", "--pix-key", "maria"],
            "nenhum tipo de chave Pix é assim",
            "no type of PIX key looks like this",
        ),
        (
            vec!["refund", "nothing", "--reason", "FRAUD", "--yes"],
            "nem o diário nem o gateway",
            "neither the journal",
        ),
        (vec!["transactions", "--since", "soon"], "não é uma hora", "is no time"),
        (vec!["receipt", "nothing"], "o saldo não viu nenhuma transação", "saldo has seen no transaction"),
    ] {
        let people = in_portuguese(&desk, &arguments);
        assert!(people.stderr.contains(portuguese), "{arguments:?}: {}", people.stderr);
        let mut scripted = arguments.clone();
        scripted.push("--json");
        let scripts = in_portuguese(&desk, &scripted);
        assert_eq!((scripts.code, people.code), (people.code, scripts.code));
        let message = scripts.error()["message"].as_str().unwrap().to_owned();
        assert!(message.contains(english), "{arguments:?}: {message}");
    }
}

#[test]
fn doubt_is_said_in_portuguese_and_never_as_failure() {
    let desk = Desk::start(with_faults(&["cash-out:drop-after"]));
    let run = in_portuguese(&desk, &without_json(&cash_out("10", "INV-2")));
    assert!(run.expect(4).stderr.contains("INCERTO, o gateway pode ter pago ou não"), "{}", run.stderr);
    assert!(
        run.stderr.contains("não pague com outra referência") && !run.stderr.contains("falh"),
        "{}",
        run.stderr
    );
}

#[test]
fn the_configuration_says_the_language_and_a_flag_wins() {
    let desk = Desk::start(prompt());
    let text = std::fs::read_to_string(desk.config_path()).unwrap();
    std::fs::write(desk.config_path(), format!("lang = \"pt-BR\"\n{text}")).unwrap();
    assert!(desk.saldo(&["balance"]).expect(0).stdout.contains("transacional"));
    assert!(desk.saldo(&["--lang", "en", "balance"]).expect(0).stdout.contains("transactional"));
    let shown = desk.saldo(&["config", "show", "--origin"]);
    assert!(
        shown
            .expect(0)
            .stdout
            .lines()
            .any(|line| line.starts_with("lang ") && line.contains("config.toml:1"))
    );
}
