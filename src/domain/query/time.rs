//! Times as people type them, at a desk with a zone.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// A hundred years.
const LONGEST: SignedDuration = SignedDuration::from_hours(100 * 366 * 24);

/// When and where a query is read.
#[derive(Debug, Clone)]
pub struct Times {
    /// Now (UTC).
    pub now: Timestamp,
    /// The desk's zone.
    pub zone: TimeZone,
}

/// What a text names: a moment, or a stretch of the calendar that ends where the next begins.
struct Named {
    start: Timestamp,
    end: Timestamp,
}

impl Times {
    /// From when on: a day counts from its beginning.
    pub fn since(&self, text: &str) -> Option<Timestamp> {
        self.named(text).map(|named| named.start)
    }

    /// Until when: a day counts to its end.
    pub fn until(&self, text: &str) -> Option<Timestamp> {
        self.named(text).map(|named| named.end)
    }

    fn named(&self, text: &str) -> Option<Named> {
        let moment = |at: Timestamp| Named { start: at, end: at };
        if let Ok(at) = text.parse::<Timestamp>() {
            return Some(moment(at));
        }
        if let Some(length) = duration(text) {
            return self.now.checked_sub(length).ok().map(moment);
        }
        let today = self.now.to_zoned(self.zone.clone()).date();
        match text.to_lowercase().as_str() {
            "today" | "hoje" => return self.day(today),
            "yesterday" | "ontem" => return self.day(today.yesterday().ok()?),
            _ => {}
        }
        if let Some(time) = clock_time(text) {
            // The last time that the clock showed it: `23:00`, in the morning, was yesterday.
            let at = self.at(today.to_datetime(time))?;
            let yesterday = || self.at(today.yesterday().ok()?.to_datetime(time));
            return if at <= self.now { Some(at) } else { yesterday() }.map(moment);
        }
        if let Some(day) = date(text, today) {
            return self.day(day);
        }
        let (day, time) = text.split_once(['T', 't', ' '])?;
        self.at(date(day, today)?.to_datetime(clock_time(time)?)).map(moment)
    }

    fn at(&self, local: DateTime) -> Option<Timestamp> {
        self.zone.to_ambiguous_zoned(local).compatible().ok().map(|zoned| zoned.timestamp())
    }

    fn day(&self, day: Date) -> Option<Named> {
        let start = |day: Date| Some(day.to_zoned(self.zone.clone()).ok()?.start_of_day().ok()?.timestamp());
        Some(Named { start: start(day)?, end: start(day.tomorrow().ok()?)? })
    }
}

/// `14:30`, `14:30:05`.
fn clock_time(text: &str) -> Option<Time> {
    let mut parts = text.split(':').map(|part| number(part, 2));
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = parts.next().unwrap_or(Some(0))?;
    if parts.next().is_some() {
        return None;
    }
    let small = |number: i16| i8::try_from(number).ok();
    Time::new(small(hour)?, small(minute)?, small(second)?, 0).ok()
}

/// `10/03`, `10/03/2026`, `2026-03-10`. Without a year, the last one that was.
fn date(text: &str, today: Date) -> Option<Date> {
    if let [year, month, day] = text.split('-').collect::<Vec<_>>()[..] {
        return day_of(whole_year(year)?, month, day);
    }
    match text.split('/').collect::<Vec<_>>()[..] {
        [day, month, year] => day_of(whole_year(year)?, month, day),
        // The 29th of February may be some years ago.
        [day, month] => (0..=8).find_map(|back| {
            let year = today.year().checked_sub(back)?;
            day_of(year, month, day).filter(|day| *day <= today)
        }),
        _ => None,
    }
}

fn day_of(year: i16, month: &str, day: &str) -> Option<Date> {
    let small = |text| i8::try_from(number(text, 2)?).ok();
    Date::new(year, small(month)?, small(day)?).ok()
}

/// `26` could be meant as any century's.
fn whole_year(text: &str) -> Option<i16> {
    number(text, 4).filter(|_| text.len() == 4)
}

/// Digits and nothing else.
fn number(text: &str, most: usize) -> Option<i16> {
    let fits = (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| text.parse().ok()).flatten()
}

/// `90s`, `15m`, `15min`, `2h`, `7d`, `2w`: a length of time, at most 100 years.
pub fn duration(text: &str) -> Option<SignedDuration> {
    let split = text.find(|character: char| !character.is_ascii_digit())?;
    let (count, unit) = text.split_at(split);
    let count: i64 = count.parse().ok()?;
    let seconds = match unit.to_ascii_lowercase().as_str() {
        "s" => 1,
        "m" | "min" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 7 * 86_400,
        _ => return None,
    };
    let length = SignedDuration::from_secs(count.checked_mul(seconds)?);
    (length <= LONGEST).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_desk_types_is_a_time() {
        let times = Times {
            now: "2026-03-10T17:45:00Z".parse().unwrap(),
            zone: TimeZone::get("America/Sao_Paulo").unwrap(),
        };
        for (text, since, until) in [
            ("2h", "2026-03-10T15:45:00Z", "2026-03-10T15:45:00Z"),
            ("90s", "2026-03-10T17:43:30Z", "2026-03-10T17:43:30Z"),
            ("1w", "2026-03-03T17:45:00Z", "2026-03-03T17:45:00Z"),
            ("14:30", "2026-03-10T17:30:00Z", "2026-03-10T17:30:00Z"),
            ("23:00", "2026-03-10T02:00:00Z", "2026-03-10T02:00:00Z"),
            ("10/03", "2026-03-10T03:00:00Z", "2026-03-11T03:00:00Z"),
            ("11/03", "2025-03-11T03:00:00Z", "2025-03-12T03:00:00Z"),
            ("29/02", "2024-02-29T03:00:00Z", "2024-03-01T03:00:00Z"),
            ("1/2/2026", "2026-02-01T03:00:00Z", "2026-02-02T03:00:00Z"),
            ("2026-03-01", "2026-03-01T03:00:00Z", "2026-03-02T03:00:00Z"),
            ("2026-03-01T14:30", "2026-03-01T17:30:00Z", "2026-03-01T17:30:00Z"),
            ("01/03 14:30:05", "2026-03-01T17:30:05Z", "2026-03-01T17:30:05Z"),
            ("2026-03-01T14:30:00Z", "2026-03-01T14:30:00Z", "2026-03-01T14:30:00Z"),
            ("hoje", "2026-03-10T03:00:00Z", "2026-03-11T03:00:00Z"),
            ("yesterday", "2026-03-09T03:00:00Z", "2026-03-10T03:00:00Z"),
        ] {
            assert_eq!(times.since(text), Some(since.parse().unwrap()), "{text}");
            assert_eq!(times.until(text), Some(until.parse().unwrap()), "{text}");
        }
        for text in
            ["", "h", "2x", "25:00", "14:60", "31/02", "0/1", "1/1/26", "2026-13-01", "amanhã", "99999999w"]
        {
            assert_eq!(times.since(text), None, "{text}");
        }
    }
}
