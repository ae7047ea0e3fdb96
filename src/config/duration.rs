//! Lengths of time as a person writes them: `500ms`, `5s`, `2m`, `1h`.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::error::Fault;

/// Reads a whole number with its unit (`ms`, `s`, `m`, `h`) and holds it against the range that makes sense.
///
/// # Errors
///
/// What is wrong with it, and how to write one.
pub fn validate_duration(text: &str, range: &RangeInclusive<Duration>) -> Result<Duration, Fault> {
    let remedy = || {
        format!(
            "write a whole number and ms, s, m or h, from {} to {}",
            shown(*range.start()),
            shown(*range.end())
        )
    };
    let unit_at = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let milliseconds = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(Fault::new(format!("{text:?} is no length of time"), remedy())),
    };
    let duration = number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(milliseconds))
        .map(Duration::from_millis)
        .ok_or_else(|| Fault::new(format!("{text:?} is no length of time"), remedy()))?;
    if !range.contains(&duration) {
        return Err(Fault::new(format!("{text:?} is out of range"), remedy()));
    }
    Ok(duration)
}

/// The shortest way to write a length of time of whole milliseconds.
pub(super) fn shown(duration: Duration) -> String {
    let milliseconds = duration.as_millis();
    let unit = [(3_600_000, "h"), (60_000, "m"), (1_000, "s")]
        .into_iter()
        .find(|(unit, _)| milliseconds > 0 && milliseconds.is_multiple_of(*unit));
    match unit {
        Some((unit, name)) => format!("{}{name}", milliseconds / unit),
        None => format!("{milliseconds}ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_number_with_its_unit() {
        let any = Duration::ZERO..=Duration::MAX;
        for (text, milliseconds, again) in [
            ("500ms", 500, "500ms"),
            ("5s", 5_000, "5s"),
            ("90s", 90_000, "90s"),
            ("60s", 60_000, "1m"),
            ("2m", 120_000, "2m"),
            ("1h", 3_600_000, "1h"),
            ("0s", 0, "0ms"),
        ] {
            let read = validate_duration(text, &any).unwrap();
            assert_eq!(read, Duration::from_millis(milliseconds), "{text}");
            assert_eq!(shown(read), again);
        }
        for text in ["", "5", "s", "5 s", "1.5s", "-5s", "5S", "5min", "1h30m", "99999999999999999999s", "٥s"]
        {
            assert!(validate_duration(text, &any).is_err(), "{text:?}");
        }
    }

    #[test]
    fn keeps_to_its_range() {
        let range = Duration::from_secs(1)..=Duration::from_secs(3_600);
        assert!(validate_duration("1s", &range).is_ok() && validate_duration("1h", &range).is_ok());
        let fault = validate_duration("999ms", &range).unwrap_err().to_string();
        assert_eq!(fault, "\"999ms\" is out of range; write a whole number and ms, s, m or h, from 1s to 1h");
    }
}
