//! Times as the desk reads them: in its zone, or in UTC.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::domain::query::Times;

/// In which zone times are told.
#[derive(Debug, Clone)]
pub struct Clock {
    zone: TimeZone,
    utc: bool,
}

impl Clock {
    /// Tells times in `zone`.
    pub fn new(zone: TimeZone) -> Self {
        Self { zone, utc: false }
    }

    /// Between the desk's zone and UTC.
    pub fn toggle(&mut self) {
        self.utc = !self.utc;
    }

    /// When and where a time is typed: as times are shown.
    pub(crate) fn times(&self, now: Timestamp) -> Times {
        Times { now, zone: self.shown() }
    }

    fn shown(&self) -> TimeZone {
        if self.utc { TimeZone::UTC } else { self.zone.clone() }
    }

    /// `14:32`.
    pub fn minute(&self, at: Timestamp) -> String {
        self.format("%H:%M", at)
    }

    /// `14:32:05`.
    pub fn second(&self, at: Timestamp) -> String {
        self.format("%H:%M:%S", at)
    }

    /// `14:32:05` on the day of `now`, `22/11 14:32` on another.
    pub fn near(&self, at: Timestamp, now: Timestamp) -> String {
        let day = |moment| self.format("%Y-%m-%d", moment);
        if day(at) == day(now) { self.second(at) } else { self.format("%d/%m %H:%M", at) }
    }

    /// `23/11/2026`.
    pub fn day(&self, at: Timestamp) -> String {
        self.format("%d/%m/%Y", at)
    }

    /// `23/11/2026 14:32:05 -03`.
    pub fn full(&self, at: Timestamp) -> String {
        self.format("%d/%m/%Y %H:%M:%S %Z", at)
    }

    /// `23/11/2026 14:32 -03`, whatever the present choice, and the same in UTC.
    pub fn both(&self, at: Timestamp) -> (String, String) {
        let format = |zone: &TimeZone| at.to_zoned(zone.clone()).strftime("%d/%m/%Y %H:%M %Z").to_string();
        (format(&self.zone), format(&TimeZone::UTC))
    }

    /// The zone's short name at `at`, e.g. `-03` or `UTC`.
    pub fn label(&self, at: Timestamp) -> String {
        self.format("%Z", at)
    }

    fn format(&self, format: &str, at: Timestamp) -> String {
        at.to_zoned(self.shown()).strftime(format).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_the_zone_with_the_time() {
        let at = "2026-11-23T02:30:05Z".parse().unwrap();
        let mut clock = Clock::new(TimeZone::get("America/Sao_Paulo").unwrap());
        assert_eq!(clock.full(at), "22/11/2026 23:30:05 -03");
        assert_eq!(clock.near(at, "2026-11-23T04:00:00Z".parse().unwrap()), "22/11 23:30");
        clock.toggle();
        assert_eq!(clock.full(at), "23/11/2026 02:30:05 UTC");
        assert_eq!(clock.near(at, "2026-11-23T04:00:00Z".parse().unwrap()), "02:30:05");
    }
}
