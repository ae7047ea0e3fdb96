//! The screen's window of the feed, wherever it looks: on a real journal, no more rows than it shows.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod builders;

use jiff::tz::TimeZone;
use saldo::domain::report::{Direction, Status};
use saldo::engine::desk::look;
use saldo::engine::message::{FeedPlace, FeedWindow, FeedWish};
use saldo::journal::sqlite::SqliteJournal;
use saldo::journal::{Journal, Query};

use builders::{at, observation, open, report};

const ROWS: i64 = 300;

async fn journal(folder: &tempfile::TempDir) -> SqliteJournal {
    let journal = open(&folder.path().join("journal.db")).await;
    let rows = (0..ROWS).map(|number| {
        let code = format!("ci-{number}");
        journal.observe(observation(report(Direction::In, Status::Paid, &code, &code), number))
    });
    for done in futures::future::join_all(rows).await {
        done.unwrap();
    }
    journal
}

async fn see(journal: &SqliteJournal, place: FeedPlace) -> FeedWindow {
    let query = Query { limit: 40, ..Query::default() };
    let wish = FeedWish { query, place, number: 7 };
    let window = look(journal, &wish, &TimeZone::UTC).await.unwrap();
    assert_eq!(window.number, 7);
    assert!(window.rows.len() <= 41, "{}", window.rows.len());
    assert!(window.rows.is_sorted_by(|one, next| one.seq == next.seq + 1));
    window
}

fn ends(window: &FeedWindow) -> (i64, i64) {
    (window.rows[0].seq, window.rows[window.rows.len() - 1].seq)
}

#[tokio::test]
async fn the_window_is_where_the_screen_looks() {
    let folder = tempfile::tempdir().unwrap();
    let journal = journal(&folder).await;
    let newest = see(&journal, FeedPlace::Newest).await;
    assert_eq!((ends(&newest), newest.has_newer, newest.has_more), ((300, 261), false, true));
    assert_eq!((newest.come_since, newest.newest.len()), (0, 0), "they are the newest");

    let middle = see(&journal, FeedPlace::Around { seq: 150, ceiling: 290 }).await;
    assert_eq!((ends(&middle), middle.has_newer, middle.has_more), ((170, 131), true, true));
    assert_eq!((middle.come_since, middle.newest[0].seq), (10, 300));

    // What has come since the person left the top is not among the rows.
    let top = see(&journal, FeedPlace::Around { seq: 288, ceiling: 290 }).await;
    assert_eq!((ends(&top), top.has_newer), ((290, 269), false));

    let oldest = see(&journal, FeedPlace::Oldest { ceiling: 290 }).await;
    assert_eq!((ends(&oldest), oldest.has_newer, oldest.has_more), ((40, 1), true, false));
    assert_eq!(oldest.landed, Some(1));

    let second = oldest.rows.iter().find(|row| row.seq == 30).unwrap().happened_at;
    let jumped = see(&journal, FeedPlace::At { time: second, ceiling: 300 }).await;
    let landed = jumped.rows.iter().find(|row| Some(row.seq) == jumped.landed).unwrap();
    assert_eq!(landed.happened_at, second);
    let before = see(&journal, FeedPlace::At { time: at(-9), ceiling: 300 }).await;
    assert_eq!(before.landed, Some(1), "nothing happened by then, so the first that did");
}
