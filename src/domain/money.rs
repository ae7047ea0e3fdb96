//! Money as an exact count of centavos.
//!
//! Three texts meet here, and none of them passes through a float: what a person types
//! ([`Centavos::parse_typed`]), what the gateway writes in JSON ([`Centavos::from_decimal`],
//! [`Centavos::to_decimal`]) and what the screen shows ([`std::fmt::Display`]).

use std::fmt;

use serde::{Deserialize, Serialize};

/// An amount in centavos (1/100 of a Brazilian real). May be negative: a difference is money too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Centavos(i64);

/// The largest amount that saldo takes from a person: R$ 999.999.999.999,99.
///
/// Above it a slip of the finger is likelier than a payment, and far below the range of `i64`, so sums of
/// many typed amounts stay exact.
pub const MAX_TYPED: Centavos = Centavos(99_999_999_999_999);

/// Why a typed amount was not taken. Positions count characters from 1, as a person would.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Nothing but spaces or a currency sign.
    #[error("no amount was given; write it like 500,25")]
    Empty,
    /// A `+` or `-`.
    #[error("an amount has no sign; write it like 500,25")]
    Signed,
    /// `1e3` and its like.
    #[error("an amount has no exponent; write all its digits")]
    Exponent,
    /// `1.234`: one thousand two hundred and thirty-four, or one and a bit?
    #[error("ambiguous: a dot before three digits can mean thousands or decimals; write 1234,00 or 1,23")]
    Ambiguous,
    /// More than two digits after the decimal mark.
    #[error("an amount has at most two decimals")]
    TooManyDecimals,
    /// A dot or comma where the grammar has none.
    #[error("the separator at character {0} is out of place; write it like 1.234,56")]
    Separator(usize),
    /// Something that is no part of an amount.
    #[error("the character at {0} is no part of an amount; write it like 500,25")]
    NotADigit(usize),
    /// Above [`MAX_TYPED`].
    #[error("larger than R$ 999.999.999.999,99, the most that saldo takes")]
    TooLarge,
    /// Zero, where money has to move.
    #[error("the amount is zero; nothing would move")]
    Zero,
}

/// Why a decimal of the gateway is not an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// Not a decimal number at all.
    #[error("not a decimal number")]
    NotANumber,
    /// A third decimal that is not zero: there is no such amount of money.
    #[error("finer than one centavo")]
    FinerThanCentavo,
    /// Outside the range of 64 bits of centavos.
    #[error("too large for an amount")]
    OutOfRange,
}

impl Centavos {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// An amount from a count of centavos.
    pub const fn new(centavos: i64) -> Self {
        Self(centavos)
    }

    /// The count of centavos.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// `self + other`, or `None` beyond 64 bits.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// `self - other`, or `None` beyond 64 bits.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(difference) => Some(Self(difference)),
            None => None,
        }
    }

    /// The amount without its sign, as an unsigned count of centavos.
    pub const fn magnitude(self) -> u64 {
        self.0.unsigned_abs()
    }

    /// Reads what a person typed or pasted: `500`, `500,25`, `500.25`, `1.234,56`, with or without `R$` and
    /// (no-break) spaces around it.
    ///
    /// # Errors
    ///
    /// Whatever could be read in two ways is refused rather than guessed; [`AmountError`] lists the reasons.
    /// Zero is an amount here: [`Self::parse_payment`] is for money that has to move.
    pub fn parse_typed(text: &str) -> Result<Self, AmountError> {
        let trimmed = text.trim_matches(is_blank);
        let unsigned = trimmed
            .strip_prefix("R$")
            .or_else(|| trimmed.strip_prefix("r$"))
            .unwrap_or(trimmed)
            .trim_start_matches(is_blank);
        // Positions are told in the text as it was given, the currency sign included.
        let skipped = text.chars().count() - text.trim_start_matches(is_blank).chars().count()
            + trimmed.chars().count()
            - unsigned.chars().count();
        parse_digits(unsigned, skipped)
    }

    /// As [`Self::parse_typed`], and more than zero.
    ///
    /// # Errors
    ///
    /// [`AmountError`].
    pub fn parse_payment(text: &str) -> Result<Self, AmountError> {
        match Self::parse_typed(text)? {
            Self::ZERO => Err(AmountError::Zero),
            amount => Ok(amount),
        }
    }

    /// Reads a JSON number exactly as the gateway wrote it: `50`, `50.00`, `-0.5`, `5E2`, `1.2300000`.
    ///
    /// # Errors
    ///
    /// A fraction of a centavo is an error, never rounded: see [`DecimalError`].
    pub fn from_decimal(text: &str) -> Result<Self, DecimalError> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            // Beyond four digits of exponent nothing but zero is left in range, and zero needs no exponent.
            Some((mantissa, exponent)) => {
                (mantissa, exponent.parse::<i32>().map_err(|_| DecimalError::NotANumber)?)
            }
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) || mantissa.ends_with('.') {
            return Err(DecimalError::NotANumber);
        }
        // The value is 0.DIGITS x 10^point reais; centavos sit two places further to the right.
        let digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).map(|byte| byte - b'0').collect();
        let Some(first) = digits.iter().position(|digit| *digit != 0) else { return Ok(Self::ZERO) };
        let last = digits.iter().rposition(|digit| *digit != 0).unwrap_or(first);
        let whole_len = i64::try_from(whole.len()).map_err(|_| DecimalError::OutOfRange)?;
        let point = whole_len + i64::from(exponent) + 2;
        let first_at = i64::try_from(first).map_err(|_| DecimalError::OutOfRange)?;
        let last_at = i64::try_from(last).map_err(|_| DecimalError::OutOfRange)?;
        if point <= last_at {
            return Err(DecimalError::FinerThanCentavo);
        }
        if point - first_at > 19 {
            return Err(DecimalError::OutOfRange);
        }
        let mut centavos: i128 = 0;
        let mut place = first_at;
        while place < point {
            let digit = usize::try_from(place).ok().and_then(|at| digits.get(at)).copied().unwrap_or(0);
            centavos = centavos * 10 + i128::from(digit);
            place += 1;
        }
        if negative {
            centavos = -centavos;
        }
        i64::try_from(centavos).map(Self).map_err(|_| DecimalError::OutOfRange)
    }

    /// The amount as the gateway reads it: reais with exactly two decimals, `500.25`.
    pub fn to_decimal(self) -> String {
        let sign = if self.0 < 0 { "-" } else { "" };
        let magnitude = self.magnitude();
        format!("{sign}{}.{:02}", magnitude / 100, magnitude % 100)
    }

    /// The amount as a person types it: `1234,56`, with no grouping and no currency sign.
    pub fn to_typed(self) -> String {
        self.to_decimal().replace('.', ",")
    }
}

/// `R$ 1.234,56` with one no-break space, negative `-R$ 1,00`, as Brazilian statements write it.
impl fmt::Display for Centavos {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.magnitude();
        let reais = (magnitude / 100).to_string();
        let mut text = String::with_capacity(reais.len() + reais.len() / 3 + 8);
        text.push_str(if self.0 < 0 { "-R$\u{a0}" } else { "R$\u{a0}" });
        for (at, digit) in reais.chars().enumerate() {
            if at > 0 && (reais.len() - at).is_multiple_of(3) {
                text.push('.');
            }
            text.push(digit);
        }
        text.push_str(&format!(",{:02}", magnitude % 100));
        out.pad(&text)
    }
}

fn is_blank(character: char) -> bool {
    character.is_whitespace() || character == '\u{feff}'
}

fn parse_digits(text: &str, skipped: usize) -> Result<Centavos, AmountError> {
    if text.is_empty() {
        return Err(AmountError::Empty);
    }
    for (at, character) in text.chars().enumerate() {
        match character {
            '0'..='9' | '.' | ',' => {}
            '+' | '-' | '\u{2212}' => return Err(AmountError::Signed),
            'e' | 'E' if at > 0 => return Err(AmountError::Exponent),
            _ => return Err(AmountError::NotADigit(skipped + at + 1)),
        }
    }
    let (whole, decimals) = split_decimals(text, skipped)?;
    let digits: String = whole.chars().filter(char::is_ascii_digit).collect();
    let reais: i64 = digits.parse().map_err(|_| AmountError::TooLarge)?;
    let cents: i64 = match decimals {
        "" => 0,
        one if one.len() == 1 => one.parse::<i64>().map_err(|_| AmountError::TooManyDecimals)? * 10,
        two => two.parse().map_err(|_| AmountError::TooManyDecimals)?,
    };
    let centavos = reais
        .checked_mul(100)
        .and_then(|value| value.checked_add(cents))
        .filter(|value| *value <= MAX_TYPED.0)
        .ok_or(AmountError::TooLarge)?;
    Ok(Centavos(centavos))
}

/// Splits at the decimal mark and checks the grouping of what stands before it.
fn split_decimals(text: &str, skipped: usize) -> Result<(&str, &str), AmountError> {
    let out_of_place = |at: usize| AmountError::Separator(skipped + at + 1);
    if let Some(comma) = text.find(',') {
        let (whole, decimals) = (&text[..comma], &text[comma + 1..]);
        if let Some(second) = decimals.find(['.', ',']) {
            return Err(out_of_place(comma + 1 + second));
        }
        if whole.is_empty() || decimals.is_empty() {
            return Err(out_of_place(comma));
        }
        if decimals.len() > 2 {
            return Err(AmountError::TooManyDecimals);
        }
        let mut groups = whole.split('.');
        let first = groups.next().unwrap_or_default();
        let grouped = whole.contains('.');
        if grouped && (first.is_empty() || first.len() > 3) {
            return Err(out_of_place(first.len()));
        }
        let mut at = first.len();
        for group in groups {
            if group.len() != 3 {
                return Err(out_of_place(at));
            }
            at += 4;
        }
        return Ok((whole, decimals));
    }
    let Some(dot) = text.find('.') else { return Ok((text, "")) };
    let (whole, decimals) = (&text[..dot], &text[dot + 1..]);
    if let Some(second) = decimals.find('.') {
        // Only thousands can stand between two dots, but nothing says that the last one is not a decimal mark.
        return Err(if decimals.len() - second - 1 == 3 && second == 3 {
            AmountError::Ambiguous
        } else {
            out_of_place(dot + 1 + second)
        });
    }
    if whole.is_empty() || decimals.is_empty() {
        return Err(out_of_place(dot));
    }
    match decimals.len() {
        1 | 2 => Ok((whole, decimals)),
        3 => Err(AmountError::Ambiguous),
        _ => Err(AmountError::TooManyDecimals),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_every_form_of_the_grammar() {
        for (text, centavos) in [
            ("500", 50_000),
            ("500,25", 50_025),
            ("500.25", 50_025),
            ("1.234,56", 123_456),
            ("1.234.567,89", 123_456_789),
            ("R$ 500,25", 50_025),
            ("R$\u{a0}1.234,56", 123_456),
            ("\u{a0}R$500\u{202f}", 50_000),
            ("1,5", 150),
            ("0", 0),
            ("0,01", 1),
            ("999999999999,99", MAX_TYPED.0),
        ] {
            assert_eq!(Centavos::parse_typed(text), Ok(Centavos(centavos)), "{text:?}");
        }
    }

    #[test]
    fn refuses_what_could_mean_two_things_or_nothing() {
        for (text, error) in [
            ("", AmountError::Empty),
            ("R$ ", AmountError::Empty),
            ("-1", AmountError::Signed),
            ("R$ -1", AmountError::Signed),
            ("+1", AmountError::Signed),
            ("1e3", AmountError::Exponent),
            ("1.234", AmountError::Ambiguous),
            ("1.234.567", AmountError::Ambiguous),
            ("1,234", AmountError::TooManyDecimals),
            ("1.2345", AmountError::TooManyDecimals),
            ("1,234.56", AmountError::Separator(6)),
            ("1234.567,00", AmountError::Separator(5)),
            ("1.23,00", AmountError::Separator(2)),
            (",50", AmountError::Separator(1)),
            ("5,", AmountError::Separator(2)),
            ("abc", AmountError::NotADigit(1)),
            ("R$ 5x", AmountError::NotADigit(5)),
            ("5 00", AmountError::NotADigit(2)),
            ("٥٠٠", AmountError::NotADigit(1)),
            ("99999999999999", AmountError::TooLarge),
            ("9999999999999999999999", AmountError::TooLarge),
        ] {
            assert_eq!(Centavos::parse_typed(text), Err(error), "{text:?}");
        }
        assert_eq!(Centavos::parse_payment("0,00"), Err(AmountError::Zero));
    }

    #[test]
    fn decimals_of_the_wire_are_exact_both_ways() {
        for (text, centavos) in [
            ("0", 0),
            ("-0", 0),
            ("50", 5_000),
            ("50.00", 5_000),
            ("0.1", 10),
            ("0.29", 29),
            ("-1.01", -101),
            ("1.2300000000000000000000000000000000000000", 123),
            ("5E2", 50_000),
            ("5e+2", 50_000),
            ("12345e-2", 12_345),
            ("0.0e99", 0),
            ("92233720368547758.07", i64::MAX),
            ("-92233720368547758.08", i64::MIN),
            ("92233720368547.07", 9_223_372_036_854_707),
        ] {
            assert_eq!(Centavos::from_decimal(text), Ok(Centavos(centavos)), "{text}");
        }
        for (text, error) in [
            ("", DecimalError::NotANumber),
            ("-", DecimalError::NotANumber),
            (".5", DecimalError::NotANumber),
            ("5.", DecimalError::NotANumber),
            ("NaN", DecimalError::NotANumber),
            ("1,5", DecimalError::NotANumber),
            ("1.234", DecimalError::FinerThanCentavo),
            ("1e-3", DecimalError::FinerThanCentavo),
            ("0.3333333333333333333333333333333333333333", DecimalError::FinerThanCentavo),
            ("92233720368547758.08", DecimalError::OutOfRange),
            ("1e400", DecimalError::OutOfRange),
        ] {
            assert_eq!(Centavos::from_decimal(text), Err(error), "{text}");
        }
        assert_eq!(Centavos(50_025).to_decimal(), "500.25");
        assert_eq!(Centavos(-5).to_decimal(), "-0.05");
        assert_eq!(Centavos(i64::MIN).to_decimal(), "-92233720368547758.08");
    }

    #[test]
    fn displays_as_a_brazilian_statement() {
        assert_eq!(Centavos(123_456).to_string(), "R$\u{a0}1.234,56");
        assert_eq!(Centavos(-100).to_string(), "-R$\u{a0}1,00");
        assert_eq!(Centavos(0).to_string(), "R$\u{a0}0,00");
        assert_eq!(Centavos(100_000_000).to_string(), "R$\u{a0}1.000.000,00");
    }

    proptest::proptest! {
        #[test]
        fn wire_and_display_round_trip(centavos: i64) {
            let amount = Centavos(centavos);
            proptest::prop_assert_eq!(Centavos::from_decimal(&amount.to_decimal()), Ok(amount));
        }

        #[test]
        fn what_is_shown_can_be_typed(centavos in 0..=MAX_TYPED.0) {
            let amount = Centavos(centavos);
            proptest::prop_assert_eq!(Centavos::parse_typed(&amount.to_string()), Ok(amount));
            proptest::prop_assert_eq!(Centavos::parse_typed(&amount.to_typed()), Ok(amount));
        }

        #[test]
        fn no_text_panics(text: String) {
            let _ = Centavos::parse_typed(&text);
            let _ = Centavos::from_decimal(&text);
        }
    }
}
