//! What is found is what reading every row would find, whichever way led there.

use jiff::tz::TimeZone;
use rusqlite::named_params;
use uuid::Uuid;

use super::super::derived::Derived;
use super::super::schema;
use super::*;
use crate::domain::query::{Times, parse};
use crate::domain::text::Safe;

const START: i64 = 1_772_000_000_000_000;

/// Numbers that are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.roll(all.len() as u64)).unwrap()]
    }
}

fn insert(connection: &Connection, dice: &mut Dice, number: i64) {
    let states: Vec<State> = crate::domain::query::every_state().collect();
    // Few states are frequent, as in life.
    let state =
        if dice.roll(4) == 0 { dice.one_of(&states) } else { dice.one_of(&[states[8], states[13 + 1]]) };
    let direction = if matches!(state, State::In(_)) { "in" } else { "out" };
    let name = ["Padaria São João", "Maria da Silva", "ACME Ltda.", "Óptica Ñandú"];
    let document = ["52998224725", "***.982.247-**", "12.345.678/0001-95"];
    let happened = START + number * 60_000_000 + i64::try_from(dice.roll(7_200)).unwrap() * 1_000_000;
    let most = 1 << (1 + dice.roll(30));
    let amount = (dice.roll(20) > 0).then(|| i64::try_from(dice.roll(most)).unwrap());
    let settled = state.has_settled().then_some(happened + 5_000_000);
    let mut statement = connection
        .prepare_cached(
            "INSERT INTO transactions (id, ours, direction, state, amount, internal_code, transaction_id,
                external_reference, end_to_end_id, name, document, created_at, updated_at, happened_at, settled_at)
             VALUES (:id, 0, :direction, :state, :amount, :code, NULL, :reference, :e2e, :name, :document, :at, :at,
                :happened, :settled)",
        )
        .unwrap();
    statement
        .execute(named_params! {
            ":id": Uuid::from_u128(u128::from(dice.0)).to_string(),
            ":direction": direction,
            ":state": state.as_str(),
            ":amount": amount,
            ":code": format!("IC{number:06}"),
            ":reference": (dice.roll(5) > 0).then(|| format!("folha-{}-{number}", dice.roll(12))),
            ":e2e": (dice.roll(3) > 0).then(|| format!("E60746948{number:08}aBc")),
            ":name": (dice.roll(9) > 0).then(|| dice.one_of(&name)),
            ":document": (dice.roll(9) > 0).then(|| dice.one_of(&document)),
            ":at": happened + 1_000_000,
            ":happened": happened,
            ":settled": settled,
        })
        .unwrap();
}

fn journal(rows: i64) -> Connection {
    let connection = schema::pattern().unwrap();
    let derived = Derived::watch(&connection).unwrap();
    let mut dice = Dice(7);
    for number in 0..rows {
        insert(&connection, &mut dice, number);
        if number % 50 == 0 {
            derived.store(&connection).unwrap();
        }
    }
    // What changes and what goes is followed.
    let sql =
        "UPDATE transactions SET name = 'Zé Ninguém', amount = 777, settled_at = NULL WHERE seq % 97 = 3";
    connection.execute(sql, []).unwrap();
    connection.execute("DELETE FROM transactions WHERE seq % 89 = 5", []).unwrap();
    let mark = derived.mark();
    connection.execute_batch("SAVEPOINT s; UPDATE transactions SET name = 'Nobody', settled_at = 5").unwrap();
    connection.execute_batch("ROLLBACK TO s; RELEASE s").unwrap();
    derived.rewind(mark);
    derived.store(&connection).unwrap();
    connection
}

fn filter(text: &str) -> Filter {
    let now = Timestamp::from_microsecond(START + 700 * 60_000_000).unwrap();
    parse(text, &Times { now, zone: TimeZone::get("America/Sao_Paulo").unwrap() }).unwrap()
}

fn begins_as(text: &Option<Safe>, words: &Words) -> bool {
    let typed = words.typed();
    let spellings = [typed.to_owned(), typed.to_uppercase(), typed.to_lowercase()];
    text.as_ref().is_some_and(|text| spellings.iter().any(|one| text.as_str().starts_with(one.as_str())))
}

/// The same question, asked of a row in Rust.
fn fits(filter: &Filter, row: &Transaction) -> bool {
    filter.terms.iter().all(|term| {
        let in_text = |text: &Option<Safe>, words: &Words| {
            text.as_ref().is_some_and(|text| words.are_in(text.as_str()))
        };
        let in_document =
            |words: &Words| row.document.as_ref().is_some_and(|text| words.are_in_document(text.as_str()));
        let fits = match &term.test {
            Test::Direction(direction) => row.direction == *direction,
            Test::Status(group) => group.takes(row.state),
            Test::Amount(comparison, amount) => row.amount.is_some_and(|found| match comparison.as_str() {
                ">" => found > *amount,
                ">=" => found >= *amount,
                "<" => found < *amount,
                "<=" => found <= *amount,
                _ => found == *amount,
            }),
            Test::Since(at) => row.happened_at >= *at,
            Test::Until(at) => row.happened_at < *at,
            Test::Text(field, words) => match field {
                Field::Name => in_text(&row.name, words),
                Field::Document => in_document(words),
                Field::Reference => begins_as(&row.external_reference, words),
                Field::EndToEndId => begins_as(&row.end_to_end_id, words),
                Field::Any => {
                    let ids = [&row.end_to_end_id, &row.internal_code, &Some(Safe::from(row.id.to_string()))];
                    let is_id = words.as_str().len() >= ID
                        && words.as_str().contains(|one: char| one.is_ascii_digit());
                    in_text(&row.name, words)
                        || in_text(&row.external_reference, words)
                        || in_document(words)
                        || is_id && ids.into_iter().any(|id| begins_as(id, words))
                }
            },
        };
        fits != term.negated
    })
}

#[test]
fn every_way_leads_to_the_same_rows() {
    let connection = journal(700);
    let all = list(&connection, &Query { limit: MOST, ..Query::default() }).unwrap();
    assert!(all.len() > 600 && all.is_sorted_by(|one, next| one.seq > next.seq));
    let mut ids = vec![all[300].id.to_string(), all[500].id.to_string()[..13].to_owned()];
    ids.push(format!("{} folha", all[400].internal_code.as_ref().unwrap()));
    let texts = [
        "padaria",
        "padaria joao",
        "\"sao jo\"",
        "-padaria",
        "ze",
        "zé ning",
        "nobody",
        "982247",
        "doc:529.982",
        "doc:12345678",
        "ref:folha-7",
        "ref:FOLHA-7",
        "ref:7",
        "-ref:folha",
        "-e2e:E60746948",
        "ref:folha-7-1",
        "folha-3",
        "e2e:E607469480000",
        "e2e:e60746948000001",
        "E6074694800000012aBc",
        "IC000007",
        "ic00000",
        "IC00000 in",
        "in",
        "out",
        "-in",
        "status:open",
        "status:held",
        "status:failed out",
        "status:expired in",
        "status:expired out",
        "-status:settled",
        "status:doubt amount:>100",
        "status:settled padaria",
        "status:paid status:open",
        "amount:777",
        "amount:>1000000",
        "amount:<0,50",
        "amount:>=7,77 amount:<=7,77",
        "-amount:>1",
        "amount:>100 amount:<50",
        "since:10min",
        "since:30min in",
        "since:5h until:4h",
        "until:11h",
        "until:11h maria -in",
        "since:11h until:1h name:óptica amount:>10 out -ref:folha-1",
        "until:60d",
        "since:60d padaria amount:>0",
    ];
    for text in texts.into_iter().map(str::to_owned).chain(ids) {
        let filter = filter(&text);
        let wanted: Vec<i64> = all.iter().filter(|row| fits(&filter, row)).map(|row| row.seq).collect();
        let seqs = |query: &Query| -> Vec<i64> {
            list(&connection, query).unwrap().iter().map(|row| row.seq).collect()
        };
        for limit in [3, 25, 10_000] {
            let mut found: Vec<i64> = Vec::new();
            let mut query = Query { filter: filter.clone(), limit, ..Query::default() };
            loop {
                let page = seqs(&query);
                found.extend(&page);
                query.before = page.last().copied();
                if page.len() < usize::try_from(limit).unwrap() {
                    break;
                }
            }
            assert_eq!(found, wanted, "{text}, {limit} at a time, downwards");
            // The other way, from a row in the middle.
            let middle = all[all.len() / 2].seq;
            let up = seqs(&Query { filter: filter.clone(), after: Some(middle), limit, ..Query::default() });
            let nearest = wanted.iter().filter(|seq| **seq > middle).count();
            let skip = nearest.saturating_sub(usize::try_from(limit).unwrap());
            assert_eq!(up, wanted[skip..nearest], "{text}, {limit} upwards");
        }
        let most = u32::try_from(wanted.len().min(40)).unwrap();
        assert_eq!(count(&connection, &Query { filter, ..Query::default() }, 40).unwrap(), most, "{text}");
    }
}

#[test]
fn sums_of_quarters_are_the_sums_of_rows() {
    let connection = journal(300);
    for minutes in [0, 1, 15, 31, 100, 200, 299, 1_000] {
        let since = Timestamp::from_microsecond(START + minutes * 60_000_000).unwrap();
        let found = totals(&connection, since).unwrap();
        for (direction, found) in [("in", found.received), ("out", found.paid)] {
            let sql = "SELECT count(*), coalesce(sum(amount), 0) FROM transactions WHERE direction = ?1 AND settled_at >= ?2";
            let wanted = sum(&connection, sql, params![direction, since.as_microsecond()]).unwrap();
            assert_eq!(found, wanted, "{direction} since {minutes}");
        }
    }
}

#[test]
fn the_row_of_a_time_is_the_last_one_by_then() {
    let connection = journal(100);
    let all = list(&connection, &Query { limit: MOST, ..Query::default() }).unwrap();
    for minutes in [-5, 0, 50, 130, 10_000] {
        let time = Timestamp::from_microsecond(START + minutes * 60_000_000).unwrap();
        let last =
            all.iter().filter(|row| row.happened_at <= time).max_by_key(|row| (row.happened_at, row.seq));
        assert_eq!(at(&connection, time).unwrap(), last.map(|row| row.seq), "{minutes}");
    }
}
