//! Faults to order: `WHERE:WHAT[:PROBABILITY][:COUNT]`.
//!
//! `cash-out:drop-after` cuts every cash-out after it took effect, `cash-out:drop-after:0.3` three in ten,
//! `cash-out:drop-after:1:2` the first two, `any:500-before::5` five requests of any kind. The fields have
//! their places: a count needs the probability (or nothing between two colons) before it.

use std::fmt;
use std::str::FromStr;

use super::random::{Chance, ChanceError, Random};

/// Defines an enum with one written name a variant, and the list of all of them.
macro_rules! named {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$variant_meta])* $variant,)+ }

        impl $name {
            /// Every one, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// Its name in a fault specification.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|candidate| candidate.name() == name)
            }

            fn names() -> String {
                Self::ALL.iter().map(|known| known.name()).collect::<Vec<_>>().join(", ")
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.pad(self.name())
            }
        }
    };
}

named! {
    /// The call that a fault befalls.
    Where {
        /// `POST /cash-out`.
        CashOut = "cash-out",
        /// `GET /cash-out/{id}`.
        CashOutGet = "cash-out-get",
        /// `POST /account/rebalance`.
        Rebalance = "rebalance",
        /// `GET /account/balance`.
        Balance = "balance",
        /// `POST /auth/token`.
        Token = "token",
        /// `POST /cash-in`.
        CashIn = "cash-in",
        /// `GET /cash-in/{id}`.
        CashInGet = "cash-in-get",
        /// `POST /cash-in/{id}/refund`.
        Refund = "refund",
        /// A webhook on its way to the client.
        Webhook = "webhook",
        /// Each of them.
        Any = "any",
    }
}

named! {
    /// What goes wrong. "Takes effect" means that the request was executed as if nothing were wrong.
    What {
        /// The connection is cut; nothing takes effect.
        DropBefore = "drop-before",
        /// It takes effect; then the connection is cut without a byte of an answer.
        DropAfter = "drop-after",
        /// 500 as problem+json; nothing takes effect.
        ErrorBefore = "500-before",
        /// It takes effect; the answer is 500 as problem+json.
        ErrorAfter = "500-after",
        /// No answer until the client gives up (at most 120 s, then a cut); nothing takes effect.
        HangBefore = "hang-before",
        /// It takes effect; no answer until the client gives up (at most 120 s, then a cut).
        HangAfter = "hang-after",
        /// A proxy's 502 page in HTML; nothing takes effect.
        Html = "html",
        /// It takes effect; the answer is a proxy's 502 page in HTML.
        HtmlAfter = "html-after",
        /// 401 `TOKEN_EXPIRED`; nothing takes effect.
        Expire = "expire",
        /// It takes effect; the answer comes after 3 s.
        Slow = "slow",
        /// 429 with `Retry-After: 1`; nothing takes effect.
        TooMany = "429",
        /// It takes effect; the connection is cut in the middle of the answer's body.
        Truncate = "truncate",
        /// It takes effect; 10 MB of blanks follow the answer's JSON in its body.
        Huge = "huge",
        /// It takes effect; the answer names another `externalReference`.
        WrongReference = "wrong-reference",
        /// It takes effect; the answer has its status and headers, and a body that nobody can read.
        Garble = "garble",
        /// Its idempotency key is forgotten, before and after: a repeat is judged anew.
        ForgetKey = "forget-key",
        /// A refusal is remembered under its idempotency key and comes back, whatever has changed since.
        CacheRefusal = "cache-refusal",
        /// 500 as problem+json, remembered under its idempotency key; nothing takes effect, now or with that key.
        CacheError = "cache-500",
        /// 404 `TRANSACTION_NOT_FOUND`, although it is there.
        NotFound = "404",
        /// Told as `FAILED`, although it is not. A webhook comes beside the true one, as soon as the order is accepted.
        Failed = "failed",
        /// The document is hidden but for its middle: `***.982.247-**`.
        Mask = "mask",
        /// The balance is told with an `updatedAt` that never moves.
        Stale = "stale",
    }
}

impl What {
    /// Whether the request is executed all the same.
    pub const fn takes_effect(self) -> bool {
        !matches!(
            self,
            Self::DropBefore
                | Self::ErrorBefore
                | Self::HangBefore
                | Self::Html
                | Self::Expire
                | Self::TooMany
                | Self::CacheError
                | Self::NotFound
        )
    }

    /// Whether it means anything at that call: only some have a reference to get wrong, a key or a document.
    const fn fits(self, place: Where) -> bool {
        use Where::{
            Any, Balance, CashIn, CashInGet, CashOut, CashOutGet, Rebalance, Refund, Token, Webhook,
        };
        match self {
            _ if matches!(place, Any) => true,
            Self::WrongReference => !matches!(place, Rebalance | Balance | Token | Webhook),
            Self::ForgetKey | Self::CacheRefusal | Self::CacheError => {
                matches!(place, CashOut | CashIn | Refund)
            }
            Self::NotFound => matches!(place, CashOutGet | CashInGet),
            Self::Failed => matches!(place, CashOutGet | Webhook),
            Self::Mask => matches!(place, CashOutGet | CashInGet | Webhook),
            Self::Stale => matches!(place, Balance),
            _ => !matches!(place, Webhook),
        }
    }
}

impl What {
    fn places(self) -> String {
        let fitting = Where::ALL.iter().filter(|place| self.fits(**place));
        fitting.map(|place| place.name()).collect::<Vec<_>>().join(", ")
    }
}

/// One fault to order. Written and read as `WHERE:WHAT[:PROBABILITY][:COUNT]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FaultSpec {
    /// At which call.
    pub place: Where,
    /// What happens.
    pub what: What,
    /// How often, of the calls that come by while `count` lasts.
    pub probability: Chance,
    /// How many times at most; `None` without end.
    pub count: Option<u32>,
}

/// Why a fault specification was not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultSpecError {
    /// Too few or too many fields.
    #[error("\"{0}\" is not WHERE:WHAT[:PROBABILITY][:COUNT], such as cash-out:drop-after:0.3:2")]
    Shape(String),
    /// No such call.
    #[error("\"{0}\" is no call; WHERE is one of {names}", names = Where::names())]
    Where(String),
    /// No such fault.
    #[error("\"{0}\" is no fault; WHAT is one of {names}", names = What::names())]
    What(String),
    /// A fault that means nothing at that call.
    #[error("{what} means nothing at {place}; it is for {names}", names = .what.places())]
    Unfit {
        /// The call.
        place: Where,
        /// The fault.
        what: What,
    },
    /// The third field.
    #[error("PROBABILITY \"{text}\": {error}; a count alone is written WHERE:WHAT::COUNT")]
    Probability {
        /// What stood there.
        text: String,
        /// What is wrong with it.
        error: ChanceError,
    },
    /// The fourth field.
    #[error("COUNT \"{0}\" is not a whole number from 1 to 4294967295")]
    Count(String),
}

impl FromStr for FaultSpec {
    type Err = FaultSpecError;

    fn from_str(text: &str) -> Result<Self, FaultSpecError> {
        let fields: Vec<&str> = text.split(':').collect();
        let (place, what, probability, count) = match fields[..] {
            [place, what] => (place, what, "", ""),
            [place, what, probability] => (place, what, probability, ""),
            [place, what, probability, count] => (place, what, probability, count),
            _ => return Err(FaultSpecError::Shape(text.to_owned())),
        };
        let place = Where::named(place).ok_or_else(|| FaultSpecError::Where(place.to_owned()))?;
        let what = What::named(what).ok_or_else(|| FaultSpecError::What(what.to_owned()))?;
        if !what.fits(place) {
            return Err(FaultSpecError::Unfit { place, what });
        }
        let probability = match probability {
            "" => Chance::ALWAYS,
            given => given
                .parse()
                .map_err(|error| FaultSpecError::Probability { text: given.to_owned(), error })?,
        };
        let count = match count {
            "" => None,
            given => match given.parse() {
                Ok(0) | Err(_) => return Err(FaultSpecError::Count(given.to_owned())),
                Ok(count) => Some(count),
            },
        };
        Ok(Self { place, what, probability, count })
    }
}

impl fmt::Display for FaultSpec {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.place, self.what)?;
        if self.probability != Chance::ALWAYS || self.count.is_some() {
            write!(out, ":{}", self.probability)?;
        }
        match self.count {
            Some(count) => write!(out, ":{count}"),
            None => Ok(()),
        }
    }
}

/// The faults of a running sandbox: which fired how often, and what comes next.
#[derive(Debug)]
pub(super) struct Faults(Vec<Armed>);

#[derive(Debug)]
struct Armed {
    spec: FaultSpec,
    fired: u32,
    random: Random,
}

impl Faults {
    pub(super) fn new(specs: &[FaultSpec], seed: u64) -> Self {
        let armed = specs.iter().enumerate().map(|(at, spec)| Armed {
            spec: *spec,
            fired: 0,
            random: Random::new(seed, &format!("fault {at}")),
        });
        Self(armed.collect())
    }

    /// What befalls a request to `place`: the first fault of the list that is not used up and comes up.
    pub(super) fn roll(&mut self, place: Where) -> Option<What> {
        self.roll_among(place, |_| true)
    }

    /// Whether `what` comes up at `place`: for what is not a request and has no other faults to share the moment with.
    pub(super) fn rolls(&mut self, place: Where, what: What) -> bool {
        self.roll_among(place, |candidate| candidate == what).is_some()
    }

    fn roll_among(&mut self, place: Where, wanted: impl Fn(What) -> bool) -> Option<What> {
        self.0.iter_mut().find_map(|armed| {
            let spec = armed.spec;
            let meant = (spec.place == place || spec.place == Where::Any)
                && spec.what.fits(place)
                && wanted(spec.what);
            let left = spec.count.is_none_or(|count| armed.fired < count);
            if !meant || !left || !armed.random.happens(spec.probability) {
                return None;
            }
            armed.fired = armed.fired.saturating_add(1);
            Some(spec.what)
        })
    }

    /// Each fault with the number of times it fired.
    pub(super) fn fired(&self) -> Vec<(FaultSpec, u32)> {
        self.0.iter().map(|armed| (armed.spec, armed.fired)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_specification_round_trips() {
        for place in Where::ALL {
            for what in What::ALL.iter().filter(|what| what.fits(*place)) {
                for tail in ["", ":0.25", ":0", ":1:3", ":0.000001:4294967295"] {
                    let text = format!("{place}:{what}{tail}");
                    let spec: FaultSpec = text.parse().unwrap();
                    assert_eq!((spec.place, spec.what), (*place, *what));
                    assert_eq!(spec.to_string(), text);
                }
            }
        }
    }

    #[test]
    fn other_spellings_of_the_same() {
        for (text, written) in [
            ("any:500-before::5", "any:500-before:1:5"),
            ("any:500-before:", "any:500-before"),
            ("any:500-before:1.0", "any:500-before"),
            ("any:500-before:0.50", "any:500-before:0.5"),
        ] {
            assert_eq!(text.parse::<FaultSpec>().unwrap().to_string(), written);
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (text, words) in [
            ("", "WHERE:WHAT"),
            ("cash-out", "WHERE:WHAT"),
            ("cash-out:slow:1:1:1", "WHERE:WHAT"),
            ("cashout:slow", "\"cashout\" is no call; WHERE is one of cash-out, cash-out-get, rebalance"),
            ("cash-out:explode", "\"explode\" is no fault; WHAT is one of drop-before, drop-after"),
            ("cash-out:slow:2", "WHERE:WHAT::COUNT"),
            ("cash-out:slow:x", "PROBABILITY \"x\""),
            ("cash-out:slow:1:0", "COUNT \"0\""),
            ("cash-out:slow:1:-1", "COUNT \"-1\""),
            ("balance:wrong-reference", "means nothing at balance"),
            (
                "rebalance:forget-key",
                "forget-key means nothing at rebalance; it is for cash-out, cash-in, refund, any",
            ),
            ("cash-out:404", "means nothing at cash-out; it is for cash-out-get, cash-in-get, any"),
            ("webhook:drop-after", "means nothing at webhook"),
            ("cash-in-get:failed", "means nothing at cash-in-get"),
            ("token:mask", "means nothing at token"),
        ] {
            let error = text.parse::<FaultSpec>().unwrap_err().to_string();
            assert!(error.contains(words), "{text:?}: {error}");
        }
    }

    #[test]
    fn counts_run_out_and_the_first_match_wins() {
        let specs = ["cash-out:slow:1:2", "any:429:1:1", "any:wrong-reference"].map(|s| s.parse().unwrap());
        let mut faults = Faults::new(&specs, 1);
        let rolled: Vec<_> = (0..4).map(|_| faults.roll(Where::CashOut)).collect();
        use What::{Slow, TooMany, WrongReference};
        assert_eq!(rolled, [Some(Slow), Some(Slow), Some(TooMany), Some(WrongReference)]);
        assert_eq!(faults.roll(Where::Balance), None, "a balance has no reference to get wrong");
        assert_eq!(faults.fired().iter().map(|(_, fired)| *fired).collect::<Vec<_>>(), [2, 1, 1]);
    }

    #[test]
    fn what_befalls_anything_befalls_only_what_it_fits() {
        let specs = ["any:failed", "any:mask"].map(|s| s.parse().unwrap());
        let mut faults = Faults::new(&specs, 1);
        assert_eq!(faults.roll(Where::CashOut), None);
        assert_eq!(faults.roll(Where::CashInGet), Some(What::Mask));
        assert_eq!(faults.roll(Where::CashOutGet), Some(What::Failed));
        // A webhook's own faults are asked for one by one.
        assert!(faults.rolls(Where::Webhook, What::Mask) && faults.rolls(Where::Webhook, What::Failed));
        assert!(!faults.rolls(Where::Webhook, What::DropAfter));
    }

    #[test]
    fn the_seed_decides_the_rolls() {
        let specs = ["any:slow:0.5".parse().unwrap()];
        let rolls = |seed| {
            let mut faults = Faults::new(&specs, seed);
            (0..64).map(|_| faults.roll(Where::Token).is_some()).collect::<Vec<_>>()
        };
        assert_eq!(rolls(1), rolls(1));
        assert_ne!(rolls(1), rolls(2));
    }
}
