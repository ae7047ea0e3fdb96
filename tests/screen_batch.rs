//! What a batch looks like on its way from the file to the gateway, and what remains once everything pending has left.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod screen;

use jiff::SignedDuration;
use saldo::app::Effect;
use saldo::domain::batch::{self, Like, Repeat};
use saldo::domain::cash_out::State as Out;
use saldo::domain::money::Centavos;
use saldo::domain::pace::{Pace, Span};
use saldo::domain::payee::{Finding, Payee};
use saldo::domain::person::Person;
use saldo::domain::stand::Stand;
use saldo::domain::text::Safe;
use saldo::domain::transaction::{State, Transaction};
use saldo::engine::message::{
    BatchNews, BatchPage, BatchPart, BatchRow, BatchSource, BatchTrouble, Command, Examined, FeedWindow,
    News, Progress, ResultPlace, Stopped, StoredBatch, Sum, Totals,
};
use saldo::lang::Lang;
use screen::{Screen, before, commands, reading, row, window};

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
    Examined { batch, begun: None, known: Vec::new(), repeats: Vec::new(), payees: Vec::new() }
}

fn source() -> BatchSource {
    BatchSource::File(PATH.to_owned())
}

fn ask(screen: &mut Screen) {
    screen.keys("B");
    screen.type_text(PATH);
    screen.keys("enter");
}

fn read(screen: &mut Screen, outcome: Result<Examined, BatchTrouble>) {
    ask(screen);
    screen.news(News::BatchRead { source: source(), outcome: Box::new(outcome) });
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

/// The page of a batch whose first lines stand so; the others were not begun.
fn page(batch: &Examined, states: &[Option<Out>]) -> BatchPage {
    let batch = &batch.batch;
    let mut progress = Progress::default();
    let states = states.iter().copied().chain(std::iter::repeat(None));
    let rows: Vec<BatchRow> = batch
        .lines
        .iter()
        .zip(states)
        .map(|(line, state)| {
            let place = match state {
                None => &mut progress.waiting,
                Some(Out::Completed) => &mut progress.completed,
                Some(Out::Accepted) => &mut progress.accepted,
                Some(Out::Unknown) => &mut progress.in_doubt,
                Some(_) => &mut progress.not_paid,
            };
            place.count += 1;
            place.amount = place.amount.checked_add(line.order.amount).unwrap();
            let payment = state.map(|state| {
                let number = i64::from(line.number);
                let row = row(number, State::Out(state), line.order.amount.get(), &line.order.name);
                Transaction { external_reference: Some(Safe::new(line.reference.as_str())), ..row }
            });
            let stand = payment.as_ref().map(|row| Stand::of(row.state, false, None));
            let (name, reference) = (line.order.name.clone(), line.reference.to_string());
            BatchRow {
                number: line.number,
                amount: line.order.amount,
                name,
                reference,
                is_taken: false,
                payment,
                stand,
            }
        })
        .collect();
    let stored = StoredBatch {
        id: batch.id(),
        digest: batch.digest,
        name: batch.name.clone(),
        maker: Person { uid: 1000, name: Some("ana".to_owned()) },
        count: u32::try_from(batch.lines.len()).unwrap(),
        total: batch.total(),
        created_at: before(1200),
    };
    let all = u32::try_from(rows.len()).unwrap();
    BatchPage { batch: stored, progress, rows, above: 0, all, touched_at: before(600) }
}

/// Thirty paid, one in doubt, one refused, the others accepted.
fn mixed(all: usize) -> Vec<Option<Out>> {
    let mut states = vec![Some(Out::Completed); 30];
    states.extend([Some(Out::Unknown), Some(Out::Rejected)]);
    states.resize(all, Some(Out::Accepted));
    states
}

fn shown_part(effects: &[Effect]) -> Option<BatchPart> {
    commands(effects).into_iter().find_map(|command| match command {
        Command::ShowBatch(part) => *part,
        _ => None,
    })
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
fn payees_that_are_not_as_before() {
    let known = |line: usize| {
        let order = examined(9).batch.lines[line].order.clone();
        Payee {
            destination: order.destination,
            name: order.name,
            document: order.document,
            times: 3,
            total: Centavos::new(30_000),
            last_paid: before(90_000),
            is_favourite: false,
        }
    };
    each("batch_payees", |screen| {
        screen.news(News::Balance(Box::new(reading(2))));
        let payees = vec![
            (5, Finding::LooksLike(known(1))),
            (7, Finding::OtherName(known(2))),
            (8, Finding::OtherDocument(known(3))),
            (9, Finding::OtherBank(known(4))),
        ];
        let repeats = vec![Repeat { line: 4, like: Like::Line(3) }];
        read(screen, Ok(Examined { repeats, payees, ..examined(9) }));
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
        let states = &mixed(40)[..37];
        screen.news(News::BatchLines(Some(Box::new(page(&batch, states)))));
    });
    each("batch_ended", |screen| {
        let batch = examined(40);
        read(screen, Ok(batch.clone()));
        yes(screen);
        screen.news(News::BatchLines(Some(Box::new(page(&batch, &mixed(40))))));
        let file = Ok(Safe::new("/home/ana/folha.result.csv"));
        screen.news(News::BatchResult { id: batch.batch.id(), outcome: file });
        screen.news(news(&batch, progress(30, 0), Some(Ok(None))));
        screen.keys("G");
    });
    each("batch_private", |screen| {
        let batch = examined(40);
        read(screen, Ok(batch.clone()));
        yes(screen);
        screen.news(News::BatchLines(Some(Box::new(page(&batch, &mixed(40))))));
        screen.news(news(&batch, progress(30, 0), Some(Ok(None))));
        screen.keys("f9");
    });
    each("batch_stands", |screen| {
        let batch = examined(40);
        let stored = page(&batch, &mixed(40)[..33]);
        screen.keys("B");
        screen.news(News::Batches(Ok(vec![(stored.batch.clone(), stored.progress)])));
        screen.keys("down enter");
        screen.news(News::BatchLines(Some(Box::new(stored))));
    });
    each("batch_listed", |screen| {
        let (one, two) =
            (page(&examined(40), &mixed(40)[..33]), page(&examined(2), &[Some(Out::Completed); 2]));
        screen.keys("B");
        screen.news(News::Batches(Ok(vec![(one.batch, one.progress), (two.batch, two.progress)])));
        screen.keys("down down");
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
        screen.news(News::BatchLines(Some(Box::new(page(&batch, &mixed(40)[..39])))));
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
    let paid = |effects: &[Effect]| {
        commands(effects).into_iter().filter(|command| matches!(command, Command::PayBatch { .. })).count()
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
    screen.news(News::BatchLines(Some(Box::new(page(&examined(3), &[Some(Out::Accepted); 3])))));
    assert!(screen.shown().contains("every line was begun"), "{}", screen.shown());
}

#[test]
fn an_answer_to_another_question_is_none() {
    let mut screen = Screen::new(Lang::En);
    ask(&mut screen);
    let other = BatchSource::File("other.csv".to_owned());
    screen.news(News::BatchRead { source: other, outcome: Box::new(Ok(examined(3))) });
    assert!(screen.shown().contains("reading the file"), "{}", screen.shown());
    // Who has closed the form is not asked any more.
    screen.keys("esc esc");
    screen.news(News::BatchRead { source: source(), outcome: Box::new(Ok(examined(3))) });
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

/// The lines are a window; from one of them to its payment's life and back, and what is left is gone on with through a review.
#[test]
fn a_page_leads_to_its_lines_and_on() {
    let mut screen = Screen::new(Lang::En);
    let batch = examined(40);
    let stands = || News::BatchLines(Some(Box::new(page(&batch, &mixed(40)[..33]))));
    let id = batch.batch.id();
    screen.keys("B");
    let stored = page(&batch, &[]);
    screen.news(News::Batches(Ok(vec![(stored.batch, stored.progress)])));
    // A file that is typed wins over the list.
    let typed = screen.keys("down x enter");
    assert!(matches!(commands(&typed)[..], [Command::ReadBatch(BatchSource::File(_))]), "{typed:?}");
    screen.keys("esc ctrl-x");
    let opened = screen.keys("down enter");
    assert_eq!(shown_part(&opened).map(|part| (part.id, part.unpaid)), Some((id, false)));
    screen.news(stands());
    // The first line; its payment, and back to the line.
    let life = screen.keys("down enter");
    assert!(commands(&life).iter().any(|command| matches!(command, Command::ShowLife(Some(_)))), "{life:?}");
    let back = screen.keys("esc");
    assert_eq!(shown_part(&back).map(|part| part.around), Some(3), "{back:?}");
    // A line that was not begun has no payment.
    screen.news(stands());
    assert!(commands(&screen.keys("G enter")).is_empty());
    let narrowed = screen.keys("f");
    assert_eq!(shown_part(&narrowed).map(|part| part.unpaid), Some(true));
    let written = screen.keys("e");
    let [Command::WriteBatchResult { id: of, file }] = commands(&written)[..] else { panic!("{written:?}") };
    assert_eq!((*of, &file.place), (id, &ResultPlace::AtHome("folha.csv".to_owned())));
    // Going on is asked about, and confirmed once.
    let asked = screen.keys("r");
    let wanted = BatchSource::Journal(id);
    assert!(
        commands(&asked)
            .iter()
            .any(|command| matches!(command, Command::ReadBatch(source) if *source == wanted)),
        "{asked:?}"
    );
    let known = (2..35).map(|line| (line, Out::Completed)).collect();
    let left = Examined { known, ..examined(40) };
    screen.news(News::BatchRead { source: wanted, outcome: Box::new(Ok(left)) });
    assert!(screen.shown().contains("Review of the batch"), "{}", screen.shown());
    let paid = screen.keys("y");
    let pays = |command: &&Command| matches!(command, Command::PayBatch { result: None, .. });
    assert_eq!(commands(&paid).iter().filter(|command| pays(command)).count(), 1, "{paid:?}");
    screen.news(stands());
    assert!(commands(&screen.keys("r")).is_empty(), "it is at work");
    // Who has left is told no more lines.
    screen.keys("esc");
    let stopped = screen.news(stands());
    assert!(
        commands(&stopped).iter().any(|command| matches!(command, Command::ShowBatch(None))),
        "{stopped:?}"
    );
}
