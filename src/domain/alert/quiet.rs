//! Quiet hours: `22:00-07:00`, every day, by the desk's clock.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;

/// From one time of the day to another, over midnight where the first is the later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quiet {
    from: Time,
    to: Time,
}

/// Why a text is no quiet hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotQuiet {
    /// Not two times.
    #[error("these are not two times of the day")]
    Shape,
    /// Both are the same: nobody can say whether that is never or always.
    #[error("they begin and end at the same time")]
    Empty,
}

impl Quiet {
    /// Reads `22:00-07:00`.
    ///
    /// # Errors
    ///
    /// [`NotQuiet`].
    pub fn parse(text: &str) -> Result<Self, NotQuiet> {
        let (from, to) = text.split_once('-').ok_or(NotQuiet::Shape)?;
        let time = |text: &str| {
            let (hour, minute) = text.trim().split_once(':')?;
            let number = |part: &str| -> Option<i8> {
                (part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit()))
                    .then(|| part.parse().ok())?
            };
            Time::new(number(hour)?, number(minute)?, 0, 0).ok()
        };
        let (from, to) = (time(from).ok_or(NotQuiet::Shape)?, time(to).ok_or(NotQuiet::Shape)?);
        if from == to { Err(NotQuiet::Empty) } else { Ok(Self { from, to }) }
    }

    /// Whether it is quiet at `now` in `zone`. The first minute is, the last one is not.
    pub fn holds(&self, now: Timestamp, zone: &TimeZone) -> bool {
        let time = now.to_zoned(zone.clone()).time();
        if self.from < self.to {
            self.from <= time && time < self.to
        } else {
            self.from <= time || time < self.to
        }
    }
}

/// As it is written.
impl fmt::Display for Quiet {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to } = self;
        write!(out, "{:02}:{:02}-{:02}:{:02}", from.hour(), from.minute(), to.hour(), to.minute())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_hours_go_over_midnight_by_the_desks_clock() {
        let zone = TimeZone::get("America/Sao_Paulo").unwrap();
        for (quiet, local, holds) in [
            ("22:00-07:00", "21:59", false),
            ("22:00-07:00", "22:00", true),
            ("22:00-07:00", "00:00", true),
            ("22:00-07:00", "06:59", true),
            ("22:00-07:00", "07:00", false),
            ("12:00-13:30", "13:29", true),
            ("12:00-13:30", "13:30", false),
            ("12:00-13:30", "11:59", false),
        ] {
            let at = format!("2026-03-10T{local}:00-03:00").parse().unwrap();
            assert_eq!(Quiet::parse(quiet).unwrap().holds(at, &zone), holds, "{quiet} at {local}");
            assert_eq!(Quiet::parse(quiet).unwrap().to_string(), quiet);
        }
        for text in
            ["", "22:00", "22-07", "22:00-24:00", "9:00-10:00", "22:60-07:00", "22:00-07:00-1", "a:b-c:d"]
        {
            assert_eq!(Quiet::parse(text), Err(NotQuiet::Shape), "{text}");
        }
        assert_eq!(Quiet::parse("22:00-22:00"), Err(NotQuiet::Empty));
    }
}
