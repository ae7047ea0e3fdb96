//! What a file would do: read, and held against the journal.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use jiff::Timestamp;
use uuid::Uuid;

use super::{BatchTrouble, Examined};
use crate::domain::batch::{
    Batch, Column, Like, Line, MOST_BYTES, Mistake, REPEAT_WITHIN, Repeat, Sheet, Wrong, may_repeat, read,
    repeats_within,
};
use crate::domain::order::Order;
use crate::domain::payee::{Finding, findings};
use crate::domain::query::{Comparison, Filter, Term, Test};
use crate::domain::report::Direction;
use crate::domain::text::Safe;
use crate::domain::transaction::Transaction;
use crate::engine::clock;
use crate::engine::message::BatchSource;
use crate::journal::{JournalError, Query, Reader, ScreenReader};

/// Rows alike that are looked at for a payment.
const ALIKE: u32 = 50;

/// Reads a file of payments, as far as one may be large. `~/` is the person's own folder.
///
/// # Errors
///
/// [`BatchTrouble::File`], or [`BatchTrouble::Mistakes`] with all that is wrong.
pub async fn read_file(path: &Path) -> Result<Sheet, BatchTrouble> {
    use tokio::io::AsyncReadExt;
    let path = at_home(path);
    let failed = |error: std::io::Error| BatchTrouble::File(Safe::new(&error.to_string()));
    let file = tokio::fs::File::open(&path).await.map_err(failed)?;
    if !file.metadata().await.map_err(failed)?.is_file() {
        return Err(BatchTrouble::File(Safe::new("it is not a file")));
    }
    let mut bytes = Vec::new();
    // One byte more than there may be tells that there are more.
    let most = u64::try_from(MOST_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    file.take(most).read_to_end(&mut bytes).await.map_err(failed)?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let read = tokio::task::spawn_blocking(move || read(&name, &bytes)).await;
    read.map_err(|error| BatchTrouble::File(Safe::new(&error.to_string())))?.map_err(BatchTrouble::Mistakes)
}

/// The same path, with the person's own folder for a `~` at its beginning.
pub fn at_home(path: &Path) -> std::path::PathBuf {
    match (path.strip_prefix("~"), std::env::var_os("HOME")) {
        (Ok(rest), Some(home)) => Path::new(&home).join(rest),
        _ => path.to_owned(),
    }
}

/// Holds a file's payments against the journal, if there is one yet.
///
/// # Errors
///
/// [`BatchTrouble`]: a reference that names another payment is a mistake like any other.
pub async fn examine(
    journal: Option<&dyn ScreenReader>,
    sheet: Sheet,
    now: Timestamp,
) -> Result<Examined, BatchTrouble> {
    let Sheet { batch, meant } = sheet;
    let begun = match journal {
        Some(journal) => journal.batch(batch.id()).await?,
        None => None,
    };
    let (mut known, mut mistakes) = (Vec::new(), Vec::new());
    if let Some(journal) = journal {
        for line in &batch.lines {
            match journal.newest(&line.reference).await? {
                Some(payment) if payment.order == line.order => {
                    known.push((line.number, payment.cash_out.state));
                }
                Some(_) => mistakes.push(Mistake {
                    line: line.number,
                    column: Some(Column::Reference),
                    wrong: Wrong::Taken,
                }),
                None => {}
            }
        }
    }
    if !mistakes.is_empty() {
        return Err(BatchTrouble::Mistakes(mistakes));
    }
    let mut examined = Examined { batch, begun, known, repeats: Vec::new(), payees: Vec::new() };
    examined.repeats = repeats(journal, &examined, now).await?;
    examined.repeats.retain(|repeat| !meant.contains(&repeat.line));
    if let Some(journal) = journal {
        examined.payees = payees(journal, &examined).await?;
    }
    Ok(examined)
}

/// A batch of the journal, looked at as its file would be: what was paid to the same payees since it was recorded is a repeat.
///
/// # Errors
///
/// [`BatchTrouble`].
pub async fn recorded(
    journal: &dyn ScreenReader,
    id: Uuid,
    now: Timestamp,
) -> Result<Examined, BatchTrouble> {
    let stored = journal.batch(id).await?.ok_or(BatchTrouble::NoBatch(id))?;
    let lines = journal.batch_lines(id).await?;
    let lines = lines.into_iter().filter(|line| !line.is_taken()).map(|line| line.line).collect();
    let batch = Batch { digest: stored.digest, name: stored.name, lines };
    examine(Some(journal), Sheet { batch, meant: BTreeSet::new() }, now).await
}

/// Lines not begun yet whose payee asks for a second look. A payee of many lines is looked up once.
async fn payees(
    journal: &dyn ScreenReader,
    examined: &Examined,
) -> Result<Vec<(u32, Finding)>, JournalError> {
    let mut asked: HashMap<_, Option<Finding>> = HashMap::new();
    let mut found = Vec::new();
    for line in examined.new_lines() {
        let Order { name, document, destination, .. } = &line.order;
        let finding = match asked.entry((name, document, destination)) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let known = journal.payees_around(&line.order).await?;
                // What is loud stands first.
                let first = findings(&line.order, &known).into_iter().next();
                entry.insert(first.filter(Finding::is_loud))
            }
        };
        found.extend(finding.clone().map(|finding| (line.number, finding)));
    }
    Ok(found)
}

/// Lines not begun yet that may pay what is paid already. What a batch was recorded with was looked at then.
async fn repeats(
    journal: Option<&dyn ScreenReader>,
    examined: &Examined,
    now: Timestamp,
) -> Result<Vec<Repeat>, JournalError> {
    let new: Vec<&Line> = examined.new_lines().collect();
    let is_new = |number: u32| new.binary_search_by_key(&number, |line| line.number).is_ok();
    let mut found = Vec::new();
    if examined.begun.is_none() {
        found = repeats_within(&examined.batch.lines);
        found.retain(|repeat| is_new(repeat.line));
    }
    let Some(journal) = journal else { return Ok(found) };
    let own: std::collections::HashSet<&str> =
        examined.batch.lines.iter().map(|line| line.reference.as_str()).collect();
    let since =
        (now - REPEAT_WITHIN).max(examined.begun.as_ref().map_or(Timestamp::MIN, |begun| begun.created_at));
    let alike = Alike { journal, since, now };
    for line in new {
        if let Some(row) = alike.find(&line.order, |reference| own.contains(reference)).await? {
            let (at, state, reference) = (row.happened_at, row.state, row.external_reference);
            let like = Like::Payment { at, state, reference };
            // One reason is enough for a line.
            found.retain(|repeat| repeat.line != line.number);
            found.push(Repeat { line: line.number, like });
        }
    }
    found.sort_by_key(|repeat| repeat.line);
    Ok(found)
}

/// Where payments are looked for that are like another one.
pub struct Alike<'a, R: Reader + ?Sized> {
    /// What saldo has seen.
    pub journal: &'a R,
    /// Not before (UTC).
    pub since: Timestamp,
    /// The time (UTC).
    pub now: Timestamp,
}

impl<'a, R: Reader + ?Sized> Alike<'a, R> {
    /// Of the last day.
    pub fn of_the_last_day(journal: &'a R, now: Timestamp) -> Self {
        Self { journal, since: now - REPEAT_WITHIN, now }
    }

    /// The newest payment to the same payee of the same amount that may have been made, but for those whose reference is one of
    /// one's own.
    ///
    /// # Errors
    ///
    /// [`JournalError`].
    pub async fn find(
        &self,
        order: &Order,
        is_own: impl Fn(&str) -> bool,
    ) -> Result<Option<Transaction>, JournalError> {
        let same_amount = Term { negated: false, test: Test::Amount(Comparison::Exactly, order.amount) };
        let query = Query {
            direction: Some(Direction::Out),
            since: Some(self.since),
            filter: Filter { terms: vec![same_amount] },
            limit: ALIKE,
            ..Query::default()
        };
        let rows = self.journal.transactions(query).await?;
        Ok(rows.into_iter().find(|row| {
            let is_own = row.external_reference.as_ref().is_some_and(|one| is_own(one.as_str()));
            !is_own && may_repeat(row, order, self.now)
        }))
    }
}

/// Reads a file, or takes a batch of the journal, and holds it against the journal.
///
/// # Errors
///
/// [`BatchTrouble`]: nothing of it can be paid.
pub async fn look(journal: &dyn ScreenReader, source: &BatchSource) -> Result<Examined, BatchTrouble> {
    match source {
        BatchSource::File(path) => {
            let sheet = read_file(Path::new(path)).await?;
            examine(Some(journal), sheet, clock::now()).await
        }
        BatchSource::Journal(id) => recorded(journal, *id, clock::now()).await,
    }
}
