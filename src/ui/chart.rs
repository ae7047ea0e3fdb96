//! A row of bars.

use crate::domain::money::Centavos;

const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The last `columns` values as bars between the smallest and the largest of them; a blank where nothing is known, and
/// nothing at all where fewer than two are.
pub(super) fn bars(values: &[Option<Centavos>], columns: u16) -> String {
    let values = &values[values.len().saturating_sub(usize::from(columns))..];
    let known = || values.iter().flatten().map(|amount| i128::from(amount.get()));
    let (Some(least), Some(most)) = (known().min(), known().max()) else { return String::new() };
    // One value is no course.
    if known().count() < 2 {
        return String::new();
    }
    let top = i128::try_from(LEVELS.len()).unwrap_or(1) - 1;
    let bar = |amount: Centavos| {
        let over = i128::from(amount.get()) - least;
        // All the same is a line in the middle, neither empty nor full.
        let level = if most == least { top / 2 } else { (over * top + (most - least) / 2) / (most - least) };
        usize::try_from(level).ok().and_then(|level| LEVELS.get(level)).copied().unwrap_or(LEVELS[0])
    };
    values.iter().map(|value| value.map_or(' ', bar)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_lie_between_the_smallest_and_the_largest() {
        let values = |amounts: &[i64]| -> Vec<_> {
            amounts.iter().map(|amount| (*amount >= 0).then(|| Centavos::new(*amount))).collect()
        };
        for (amounts, columns, shown) in [
            (&[0, 7, 14, 49][..], 4, "▁▂▃█"),
            (&[-1, 5, 5], 3, " ▄▄"),
            (&[1, 2, 3], 2, "▁█"),
            (&[0, i64::MAX], 9, "▁█"),
            (&[-1, -1], 2, ""),
            (&[-1, 7], 2, ""),
            (&[], 5, ""),
        ] {
            assert_eq!(bars(&values(amounts), columns), shown, "{amounts:?}");
        }
    }
}
