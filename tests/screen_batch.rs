//! What a batch looks like on its way from the file to the gateway, and what remains once everything pending has left.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod screen;

use jiff::SignedDuration;
use saldo::domain::batch::{self, Like, Repeat};
use saldo::domain::cash_out::State as Out;
use saldo::domain::money::Centavos;
use saldo::domain::pace::{Pace, Span};
use saldo::domain::text::Safe;
use saldo::domain::transaction::State;
use saldo::engine::message::{
    BatchNews, BatchTrouble, Command, Examined, FeedWindow, News, Progress, Stopped, Sum, Totals,
};
use saldo::lang::Lang;
use screen::{Screen, before, commands, reading, window};

fn each(name: &str, play: impl Fn(&mut Screen)) {
    for lang in Lang::ALL {
        for (columns, rows) in [(160, 50), (80, 24)] {
            let mut screen = Screen::new(lang).size(columns, rows);
            play(&mut screen);
            insta::assert_snapshot!(format!("{name}_{}_{columns}x{rows}", lang.as_str()), screen.shown());
        }
    }
}

const PATH: &str = "~/folha.csv";

fn file(count: u32) -> String {
    let line = |number: u32| {
        format!("maria@example.com;{},00;Pessoa {number};52998224725;FOLHA-{number}\n", 100 + number)
    };
    std::iter::once("chave;valor;nome;documento;referencia\n".to_owned())
        .chain((1..=count).map(line))
        .collect()
}

fn examined(count: u32) -> Examined {
    let batch = batch::read("folha.csv", file(count).as_bytes()).unwrap().batch;
    Examined { batch, begun: None, known: Vec::new(), repeats: Vec::new() }
}

fn ask(screen: &mut Screen) {
    screen.keys("B");
    screen.type_text(PATH);
    screen.keys("enter");
}

fn read(screen: &mut Screen, outcome: Result<Examined, BatchTrouble>) {
    ask(screen);
    screen.news(News::BatchRead { path: PATH.to_owned(), outcome: Box::new(outcome) });
}

fn pace() -> Pace {
    let span = |minutes: i64| Span {
        minutes,
        watched: SignedDuration::from_mins(minutes),
        paid: Centavos::new(100_000 * minutes),
        ..Span::default()
    };
    Pace { at: before(0), spans: [span(1), span(10), span(60)], then: None }
}

fn pending() -> FeedWindow {
    let sum = |count, amount| Sum { count, amount: Centavos::new(amount) };
    let totals = Totals { in_flight: sum(3, 1_500_000), in_doubt: sum(1, 250_000), ..Totals::default() };
    FeedWindow { totals, ..window() }
}

fn progress(completed: u32, waiting: u32) -> Progress {
    let sum = |count: u32| Sum { count, amount: Centavos::new(i64::from(count) * 10_000) };
    Progress { completed: sum(completed), waiting: sum(waiting), ..Progress::default() }
}

fn news(batch: &Examined, progress: Progress, ended: Option<Result<Option<Stopped>, String>>) -> News {
    let (id, name) = (batch.batch.id(), Safe::new("folha.csv"));
    News::Batch(Box::new(BatchNews { id, name, progress, ended }))
}

fn yes(screen: &mut Screen) {
    // Only the language's own key confirms; the other one does nothing.
    screen.keys("s");
    screen.keys("y");
}

#[test]
fn the_form_and_its_mistakes() {
    each("batch_form", |screen| {
        screen.keys("B");
        screen.type_text(PATH);
    });
    each("batch_mistakes", |screen| {
        let text = "chave;valor;nome;documento\nx;1.234;;529.982.247-26\n;-1;Maria\u{200b};52998224725\nmaria@example.com;1;Maria\n";
        let mistakes = batch::read("folha.csv", text.as_bytes()).unwrap_err();
        read(screen, Err(BatchTrouble::Mistakes(mistakes)));
    });
}

#[test]
fn the_review() {
    each("batch_review", |screen| {
        screen.news(News::Balance(Box::new(reading(2))));
        screen.news(News::Pace(Box::new(pace())));
        screen.news(News::Feed(Box::new(pending())));
        read(screen, Ok(examined(40)));
        screen.keys("down down");
    });
    each("batch_repeats", |screen| {
        screen.news(News::Balance(Box::new(reading(2))));
        let at = before(900);
        let like = Like::Payment { at, state: State::Out(Out::Completed), reference: None };
        let repeats = vec![Repeat { line: 4, like: Like::Line(3) }, Repeat { line: 9, like }];
        let known = vec![(2, Out::Accepted)];
        read(screen, Ok(Examined { known, repeats, ..examined(9) }));
        yes(screen);
    });
}

#[test]
fn the_progress() {
    each("batch_running", |screen| {
        let batch = examined(120);
        read(screen, Ok(batch.clone()));
        // Above R$ 10.000,00 the total is typed again.
        screen.type_text("19260,00");
        yes(screen);
        screen.news(news(&batch, progress(37, 83), None));
    });
    each("batch_behind", |screen| {
        let batch = examined(120);
        read(screen, Ok(batch.clone()));
        screen.type_text("19260,00");
        yes(screen);
        screen.news(news(&batch, progress(37, 83), None));
        screen.keys("esc");
    });
    each("batch_stopped", |screen| {
        let batch = examined(120);
        read(screen, Ok(batch.clone()));
        screen.type_text("19260,00");
        yes(screen);
        let one = Sum { count: 1, amount: Centavos::new(10_100) };
        let progress = Progress { in_doubt: one, not_paid: one, ..progress(37, 81) };
        let stopped = Stopped::Unreachable("connection refused".to_owned());
        screen.news(news(&batch, progress, Some(Ok(Some(stopped)))));
    });
}

#[test]
fn what_remains_once_everything_pending_has_left() {
    each("coverage_pending", |screen| {
        screen.news(News::Balance(Box::new(reading(2))));
        screen.news(News::Pace(Box::new(pace())));
        screen.news(News::Feed(Box::new(pending())));
        screen.keys("tab tab");
    });
}

#[test]
fn it_is_confirmed_once_and_by_nothing_but_its_key() {
    let mut screen = Screen::new(Lang::En);
    read(&mut screen, Ok(examined(3)));
    let paid = |effects: &[saldo::app::Effect]| {
        commands(effects).into_iter().filter(|command| matches!(command, Command::PayBatch(_))).count()
    };
    assert_eq!(paid(&screen.keys("enter space")), 0);
    assert_eq!(paid(&screen.paste("y")), 0);
    assert_eq!(paid(&screen.keys("y y")), 1);
    // While it is at work, the key opens it and no form.
    screen.keys("esc B");
    assert!(screen.shown().contains("it goes on when this window is closed"), "{}", screen.shown());
    let other = examined(4);
    screen.news(news(&other, progress(4, 0), Some(Ok(None))));
    assert!(screen.shown().contains("0/3"), "another batch's news: {}", screen.shown());
    screen.news(news(&examined(3), progress(3, 0), Some(Ok(None))));
    assert!(screen.shown().contains("every line was begun"), "{}", screen.shown());
}

#[test]
fn an_answer_to_another_question_is_none() {
    let mut screen = Screen::new(Lang::En);
    ask(&mut screen);
    screen.news(News::BatchRead { path: "other.csv".to_owned(), outcome: Box::new(Ok(examined(3))) });
    assert!(screen.shown().contains("reading the file"), "{}", screen.shown());
    // Who has closed the form is not asked any more.
    screen.keys("esc esc");
    screen.news(News::BatchRead { path: PATH.to_owned(), outcome: Box::new(Ok(examined(3))) });
    assert!(!screen.shown().contains("Review of the batch"), "{}", screen.shown());
}

#[test]
fn what_ends_while_nobody_looks_is_a_notice() {
    let mut screen = Screen::new(Lang::En).size(160, 50);
    let batch = examined(3);
    read(&mut screen, Ok(batch.clone()));
    screen.keys("y esc");
    screen.news(news(&batch, progress(3, 0), Some(Ok(None))));
    assert!(screen.shown().contains("Batch folha.csv: 3/3"), "{}", screen.shown());
}
