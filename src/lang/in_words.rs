//! Amounts in words, as they stand on receipts and where somebody is about to confirm one: a digit too many is easier to
//! hear than to see.
//!
//! Portuguese as in Cunha and Cintra's grammar: `e` within a group of three digits, and before the last group where that is
//! below a hundred or a whole hundred; otherwise a comma between groups, and nothing after `mil`. English as it is written in
//! Britain.

use super::Lang;
use crate::domain::money::Centavos;

/// Reais up to here have words: 999 trillion and what follows.
const MOST: u64 = 999_999_999_999_999;

impl Lang {
    /// An amount of reais and centavos in words; `None` where it is beyond 999 trillion reais.
    pub fn in_words(self, amount: Centavos) -> Option<String> {
        let centavos = amount.get().unsigned_abs();
        let (reais, centavos) = (centavos / 100, centavos % 100);
        if reais > MOST {
            return None;
        }
        let [minus, and] = match self {
            Self::PtBr => ["menos ", " e "],
            Self::En => ["minus ", " and "],
        };
        let mut words = if amount.get() < 0 { minus.to_owned() } else { String::new() };
        if reais > 0 || centavos == 0 {
            words.push_str(&self.number(reais));
            words.push_str(match (self, reais) {
                (_, 1) => " real",
                (Self::PtBr, reais) if reais > 0 && reais.is_multiple_of(1_000_000) => " de reais",
                _ => " reais",
            });
        }
        if centavos > 0 {
            if reais > 0 {
                words.push_str(and);
            }
            words.push_str(&self.number(centavos));
            words.push_str(if centavos == 1 { " centavo" } else { " centavos" });
        }
        Some(words)
    }

    fn number(self, number: u64) -> String {
        match self {
            Self::PtBr => portuguese(number),
            Self::En => english(number),
        }
    }
}

/// The groups of three digits that are not zero, the largest first, each with its place (0: units, 1: thousands …).
fn groups(number: u64) -> Vec<(u64, usize)> {
    let mut groups = Vec::new();
    let (mut rest, mut place) = (number, 0);
    while rest > 0 {
        if rest % 1_000 > 0 {
            groups.push((rest % 1_000, place));
        }
        (rest, place) = (rest / 1_000, place + 1);
    }
    groups.reverse();
    groups
}

/// A word of a table; nothing where it has none, which no group of three digits asks for.
fn word(words: &[&'static str], number: u64) -> &'static str {
    usize::try_from(number).ok().and_then(|number| words.get(number)).copied().unwrap_or_default()
}

fn portuguese(number: u64) -> String {
    const SCALES: [[&str; 2]; 3] = [["milhão", "milhões"], ["bilhão", "bilhões"], ["trilhão", "trilhões"]];
    let groups = groups(number);
    let mut words = String::new();
    for (index, &(group, place)) in groups.iter().enumerate() {
        let is_last = index + 1 == groups.len();
        if index > 0 {
            let after_thousands = groups.get(index - 1).is_some_and(|(_, before)| *before == 1);
            words.push_str(match () {
                () if is_last && (group < 100 || group.is_multiple_of(100)) => " e ",
                () if after_thousands => " ",
                () => ", ",
            });
        }
        match place {
            0 => words.push_str(&portuguese_group(group)),
            // Nobody says "um mil".
            1 if group == 1 => words.push_str("mil"),
            1 => words.push_str(&format!("{} mil", portuguese_group(group))),
            _ => {
                let scale = SCALES.get(place - 2).copied().unwrap_or_default();
                let scale = scale[usize::from(group > 1)];
                words.push_str(&format!("{} {scale}", portuguese_group(group)));
            }
        }
    }
    if words.is_empty() { "zero".to_owned() } else { words }
}

/// From 1 to 999, masculine as reais, centavos and milhões are.
fn portuguese_group(number: u64) -> String {
    const SMALL: [&str; 20] = [
        "",
        "um",
        "dois",
        "três",
        "quatro",
        "cinco",
        "seis",
        "sete",
        "oito",
        "nove",
        "dez",
        "onze",
        "doze",
        "treze",
        "quatorze",
        "quinze",
        "dezesseis",
        "dezessete",
        "dezoito",
        "dezenove",
    ];
    const TENS: [&str; 10] =
        ["", "", "vinte", "trinta", "quarenta", "cinquenta", "sessenta", "setenta", "oitenta", "noventa"];
    const HUNDREDS: [&str; 10] = [
        "",
        "cento",
        "duzentos",
        "trezentos",
        "quatrocentos",
        "quinhentos",
        "seiscentos",
        "setecentos",
        "oitocentos",
        "novecentos",
    ];
    if number == 100 {
        return "cem".to_owned();
    }
    let below = number % 100;
    let (tens, ones) = if below < 20 {
        ("", word(&SMALL, below))
    } else {
        (word(&TENS, below / 10), word(&SMALL, below % 10))
    };
    let parts = [word(&HUNDREDS, number / 100), tens, ones];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" e ")
}

fn english(number: u64) -> String {
    const SCALES: [&str; 5] = ["", " thousand", " million", " billion", " trillion"];
    let groups = groups(number);
    let mut words = String::new();
    for (index, &(group, place)) in groups.iter().enumerate() {
        if index > 0 {
            words.push_str(if place == 0 && group < 100 { " and " } else { ", " });
        }
        words.push_str(&english_group(group));
        words.push_str(SCALES.get(place).copied().unwrap_or_default());
    }
    if words.is_empty() { "zero".to_owned() } else { words }
}

/// From 1 to 999.
fn english_group(number: u64) -> String {
    const SMALL: [&str; 20] = [
        "",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ];
    const TENS: [&str; 10] =
        ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
    let below = number % 100;
    let mut words = String::new();
    if number >= 100 {
        words.push_str(word(&SMALL, number / 100));
        words.push_str(" hundred");
        words.push_str(if below > 0 { " and " } else { "" });
    }
    if below < 20 {
        words.push_str(word(&SMALL, below));
    } else {
        words.push_str(word(&TENS, below / 10));
        if !below.is_multiple_of(10) {
            words.push('-');
            words.push_str(word(&SMALL, below % 10));
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn portuguese_has_its_irregular_ones() {
        for (centavos, words) in [
            (0, "zero reais"),
            (1, "um centavo"),
            (2, "dois centavos"),
            (50, "cinquenta centavos"),
            (99, "noventa e nove centavos"),
            (100, "um real"),
            (101, "um real e um centavo"),
            (200, "dois reais"),
            (1_400, "quatorze reais"),
            (1_600, "dezesseis reais"),
            (2_100, "vinte e um reais"),
            (10_000, "cem reais"),
            (10_100, "cento e um reais"),
            (12_345, "cento e vinte e três reais e quarenta e cinco centavos"),
            (20_000, "duzentos reais"),
            (50_025, "quinhentos reais e vinte e cinco centavos"),
            (100_000, "mil reais"),
            (100_100, "mil e um reais"),
            (110_000, "mil e cem reais"),
            (120_000, "mil e duzentos reais"),
            (123_400, "mil duzentos e trinta e quatro reais"),
            (200_000, "dois mil reais"),
            (10_000_000, "cem mil reais"),
            (10_100_000, "cento e um mil reais"),
            (29_357_200, "duzentos e noventa e três mil quinhentos e setenta e dois reais"),
            (100_000_000, "um milhão de reais"),
            (100_000_001, "um milhão de reais e um centavo"),
            (100_000_100, "um milhão e um reais"),
            (100_100_000, "um milhão e mil reais"),
            (110_000_000, "um milhão e cem mil reais"),
            (120_000_000, "um milhão e duzentos mil reais"),
            (
                123_456_789,
                "um milhão, duzentos e trinta e quatro mil quinhentos e sessenta e sete reais e oitenta e nove centavos",
            ),
            (200_000_000, "dois milhões de reais"),
            (250_000_000, "dois milhões e quinhentos mil reais"),
            (100_000_000_000, "um bilhão de reais"),
            (100_100_000_000, "um bilhão e um milhão de reais"),
            (
                33_241_574_121_100,
                "trezentos e trinta e dois bilhões, quatrocentos e quinze milhões, setecentos e quarenta e um mil duzentos e onze reais",
            ),
            (100_000_000_000_000, "um trilhão de reais"),
            (99_900_000_000_000_000, "novecentos e noventa e nove trilhões de reais"),
            (-150, "menos um real e cinquenta centavos"),
        ] {
            assert_eq!(Lang::PtBr.in_words(Centavos::new(centavos)).as_deref(), Some(words), "{centavos}");
        }
    }

    #[test]
    fn english_has_its_ands_and_hyphens() {
        for (centavos, words) in [
            (0, "zero reais"),
            (1, "one centavo"),
            (100, "one real"),
            (121, "one real and twenty-one centavos"),
            (1_300, "thirteen reais"),
            (4_000, "forty reais"),
            (10_000, "one hundred reais"),
            (10_100, "one hundred and one reais"),
            (100_000, "one thousand reais"),
            (100_100, "one thousand and one reais"),
            (110_000, "one thousand, one hundred reais"),
            (123_456, "one thousand, two hundred and thirty-four reais and fifty-six centavos"),
            (100_000_000, "one million reais"),
            (100_000_500, "one million and five reais"),
            (200_100_000, "two million, one thousand reais"),
            (99_900_000_000_000_000, "nine hundred and ninety-nine trillion reais"),
            (-100, "minus one real"),
        ] {
            assert_eq!(Lang::En.in_words(Centavos::new(centavos)).as_deref(), Some(words), "{centavos}");
        }
    }

    #[test]
    fn nothing_is_said_beyond_the_last_word() {
        for lang in [Lang::PtBr, Lang::En] {
            assert!(lang.in_words(Centavos::new(99_999_999_999_999_999)).is_some());
            for beyond in [100_000_000_000_000_000, i64::MAX, i64::MIN] {
                assert_eq!(lang.in_words(Centavos::new(beyond)), None);
            }
        }
    }

    #[test]
    fn no_two_amounts_have_the_same_words_nor_a_gap_in_them() {
        let mut seen = std::collections::BTreeSet::new();
        for reais in (0..3_000).chain((0..3_000).map(|step| step * 1_000_003)) {
            let words = Lang::PtBr.in_words(Centavos::new(reais * 100)).unwrap();
            assert!(
                !words.contains("  ")
                    && !words.starts_with("um mil ")
                    && !words.contains(", um mil ")
                    && words.trim() == words,
                "{words}"
            );
            assert!(reais == 0 || seen.insert(words.clone()), "{reais}: {words}");
        }
    }
}
