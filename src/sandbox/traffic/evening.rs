//! What happens when on the evening of a match: pure, so that its course can be proven without waiting.

use std::time::Duration;

use crate::domain::money::Centavos;

use crate::sandbox::random::{Chance, Random};

/// One match and the time until the next.
const CYCLE: Duration = Duration::from_secs(600);
/// How long the match of a cycle runs.
const MATCH: Duration = Duration::from_secs(360);

/// Deposits in reais, each as likely as the others.
const DEPOSITS: [i64; 14] = [20, 30, 50, 50, 100, 100, 150, 200, 200, 300, 500, 500, 1_000, 2_000];
/// Prizes in reais, each as likely as the others.
const PRIZES: [i64; 12] = [85, 120, 240, 310, 450, 580, 720, 900, 1_200, 1_500, 2_200, 3_800];

/// Below this balance the platform's risk desk pays only what deposits bring, or every prize would fail.
const CAUTION: Centavos = Centavos::new(12_000_000);

/// What the platform does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// Charges somebody who wants to bet.
    Deposit(Centavos),
    /// Pays somebody who has won.
    Prize(Centavos),
    /// Refunds the last deposit.
    GiveBack,
}

/// The course of the evening.
#[derive(Debug)]
pub(super) struct Evening {
    random: Random,
    /// How many events are left of the rush after a goal.
    rush: u64,
    cautious: bool,
}

impl Evening {
    pub(super) fn new(seed: u64) -> Self {
        Self { random: Random::new(seed, "evening"), rush: 0, cautious: false }
    }

    /// Takes the platform's last look at its transactional balance; an unknown one changes nothing.
    pub(super) fn look(&mut self, transactional: Option<Centavos>) {
        if let Some(transactional) = transactional {
            self.cautious = transactional < CAUTION;
        }
    }

    /// How long nothing happens, and what happens then, `elapsed` after the start.
    pub(super) fn next(&mut self, elapsed: Duration) -> (Duration, Act) {
        let playing = elapsed.as_secs() % CYCLE.as_secs() < MATCH.as_secs();
        if playing && self.rush == 0 && self.random.below(150) == 0 {
            self.rush = self.random.between(20, 40);
        }
        let rushing = self.rush > 0;
        self.rush = self.rush.saturating_sub(1);
        let (low, high) = if rushing { (80, 220) } else { (250, 650) };
        let pause = Duration::from_millis(self.random.between(low, high));
        if self.random.happens(Chance::percent(1)) {
            return (pause, Act::GiveBack);
        }
        let prizes = match (self.cautious, rushing, playing) {
            (true, _, _) => 20,
            (false, true, _) => 80,
            (false, false, true) => 52,
            (false, false, false) => 14,
        };
        let act = if self.random.happens(Chance::percent(prizes)) {
            Act::Prize(self.prize())
        } else {
            let reais = *self.random.pick(&DEPOSITS);
            Act::Deposit(Centavos::new(reais * 100))
        };
        (pause, act)
    }

    /// A prize has odds in it, so its centavos are crooked; one in a hundred and twenty is a jackpot.
    fn prize(&mut self) -> Centavos {
        let centavos = i64::try_from(self.random.below(9_999)).unwrap_or_default();
        let jackpot = self.random.below(120) == 0 && !self.cautious;
        let reais = if jackpot { 12_000 } else { *self.random.pick(&PRIZES) };
        let times = if jackpot { i64::try_from(self.random.between(1, 3)).unwrap_or(1) } else { 1 };
        Centavos::new(reais * 100 * times + centavos)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The balance after `seconds` of an evening from half a million reais on, six of seven deposits paid,
    /// and how many events there were.
    fn play(seed: u64, seconds: u64) -> (i64, u64) {
        let mut evening = Evening::new(seed);
        let (mut now, mut balance, mut events) = (Duration::ZERO, 50_000_000, 0);
        while now.as_secs() < seconds {
            evening.look(Some(Centavos::new(balance)));
            let (pause, act) = evening.next(now);
            now += pause;
            events += 1;
            match act {
                Act::Deposit(amount) => balance += amount.get() * 6 / 7,
                Act::Prize(amount) => balance -= amount.get(),
                Act::GiveBack => balance -= 37_000,
            }
        }
        (balance, events)
    }

    #[test]
    fn a_rebalance_falls_due_after_a_few_minutes_but_the_money_never_runs_out() {
        for seed in 0..50 {
            let (balance, events) = play(seed, 300);
            assert!(balance < 30_000_000, "seed {seed}: {balance} is above the floor of the band");
            assert!(play(seed, 60).0 > 30_000_000, "seed {seed}: too fast for a newcomer to follow");
            assert!((300..=2_400).contains(&events), "seed {seed}: {events} events in five minutes");
            assert!(play(seed, 3_600).0 > 0, "seed {seed}");
        }
    }

    #[test]
    fn the_seed_decides() {
        assert_eq!(play(1, 300), play(1, 300));
        assert_ne!(play(1, 300), play(2, 300));
    }
}
