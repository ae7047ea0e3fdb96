//! What may go wrong, and whether it does: every draw follows from the story's seed.

/// Declares the kinds of trouble, each with its group and its words.
macro_rules! troubles {
    ($($group:ident { $($name:ident $words:literal,)* })*) => {
        /// A kind of trouble.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Fault { $($($name,)*)* }

        impl Fault {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$($(Self::$name,)*)*];

            /// In words.
            pub const fn words(self) -> &'static str {
                match self { $($(Self::$name => $words,)*)* }
            }
        }

        /// The kinds by the place where they strike.
        #[derive(Debug, Clone, Copy)]
        pub struct Group(pub u128);

        #[allow(non_upper_case_globals, reason = "the groups read like the variants of an enum")]
        impl Group {
            $(pub const $group: Self = Self(0 $(| 1 << Fault::$name as u8)*);)*
        }
    };
}

troubles! {
    Wire {
        Dns "order: the name cannot be resolved",
        Refused "order: connection refused",
        Tls "order: the TLS handshake fails",
        NoToken "order: no token can be had",
        SleptBeforeFirstByte "order: the machine sleeps before the first byte",
        SkewSeen "order: the client finds the clocks too far apart",
        TimeoutBefore "order: timed out, never processed",
        TimeoutAfter "order: timed out, processed",
        ResetBefore "order: connection reset, never processed",
        ResetAfter "order: connection reset, processed",
        MinutesLate "order: processed minutes after its connection died",
        HoursLate "order: processed hours after its connection died",
        Error500Before "order: 500, never processed",
        Error500After "order: 500, processed",
        Error502Before "order: 502, never processed",
        Error502After "order: 502, processed",
        HtmlBefore "order: a proxy's page with 503, never processed",
        HtmlAfter "order: a proxy's page with 503, processed",
        Illegible202 "order: 202 that cannot be read, processed",
        OtherReference202 "order: 202 with another reference, processed",
        Ok200 "order: 200, processed",
        NoContent204 "order: 204, processed",
        Redirect302 "order: 302, never processed",
        Unauthorized "order: 401 once",
        UnauthorizedTwice "order: 401 twice in a row",
        Forbidden "order: 403",
        InvalidSignature "order: 422 INVALID_SIGNATURE",
        TooManyWait "order: 429 with Retry-After",
        TooMany "order: 429 without Retry-After",
        Refused400 "order: 400 problem+json",
        Refused422 "order: 422 problem+json",
        Bare400 "order: 400 that is no problem+json, never processed",
        Disagrees "order: a problem whose status disagrees, processed",
        KeyInUse "order: 422 that says the key is in use",
    }
    Traits {
        KeyForgottenAtOnce "gateway: keys are forgotten at once",
        KeyForgottenSoon "gateway: keys are forgotten after a while",
        ErrorCached "gateway: an error is cached under the key",
        DocumentMasked "gateway: documents are masked",
        FundsFirst "gateway: 422 on a repeat after the first was executed",
        Stranger "gateway: a stranger took the reference first",
    }
    Natural {
        ConflictAfterOurs "gateway: 409 after our own order",
        ConflictOfStranger "gateway: 409 from a stranger's order",
        Replayed "gateway: the key brings the first answer back",
    }
    Hook {
        HookLost "webhook: lost",
        HookRepeated "webhook: repeated",
        HookReordered "webhook: overtaken by later ones",
        HookLate "webhook: days late",
        HookAmount "webhook: wrong amount",
        HookDocument "webhook: wrong document",
        HookNoReference "webhook: without a reference",
        HookUnknown "webhook: a status that nobody knows",
    }
    HookMore {
        HookBefore202 "webhook: before the 202",
        HookFalseFailed "webhook: FAILED that is not true",
        HookWhileDown "webhook: while saldo is down",
    }
    Look {
        Get404 "GET: 404",
        Get500 "GET: 500",
        GetTimeout "GET: timed out",
        GetStale "GET: PROCESSING after the end",
        GetFailed "GET: FAILED for a moment",
        GetAnother "GET: another transaction's report",
    }
    Settle {
        SettleFailed "settlement: failed",
        SettleCancelled "settlement: cancelled",
        RefundFull "settlement: refunded in full",
        RefundParts "settlement: refunded in parts",
        LateCompleted "settlement: COMPLETED after FAILED",
    }
    RowCrash {
        CrashBeforeRow "crash: before the attempt's row",
        CrashAfterRow "crash: between the row and the bytes",
    }
    SentCrash { CrashAfterBytes "crash: after the bytes", }
    VerdictCrash {
        CrashBeforeVerdict "crash: between the answer and its row",
        CrashAfterVerdict "crash: just after the answer's row",
    }
    LookCrash { CrashLooking "crash: while looking", }
    DecideCrash { CrashDeciding "crash: while a decision is journalled", }
    AgainCrash { CrashTwice "crash: again while the last one is taken up", }
    Full {
        FullAtDecision "journal: full at the decision",
        FullAtAttempt "journal: full at the attempt",
        FullAtVerdict "journal: full at the answer",
    }
    Loss {
        JournalLost "journal: lost entirely",
        JournalRestored "journal: restored without its last commits",
    }
    Clocks {
        WallForward "clock: the wall clock jumps minutes ahead",
        WallForwardDay "clock: the wall clock jumps a day ahead",
        WallBack "clock: the wall clock jumps minutes back",
        WallBackDay "clock: the wall clock jumps a day back",
        Asleep "clock: the machine sleeps",
        DateOff "clock: the gateway's Date is off",
    }
    Boot { Reboot "clock: the machine starts anew", }
    Rebalances {
        RebalanceUnreachable "rebalance: connection refused",
        RebalanceUnauthorized "rebalance: 401",
        RebalanceRefused "rebalance: 422 problem+json",
        RebalanceDenied "rebalance: 200 that says no",
        RebalanceTimeoutBefore "rebalance: timed out, never processed",
        RebalanceTimeoutAfter "rebalance: timed out, processed",
        Rebalance500After "rebalance: 500, processed",
        RebalanceCrash "rebalance: crash after the bytes",
        RebalanceBlind "rebalance: the balance cannot be read",
        RebalanceMoved "rebalance: the balance moves meanwhile",
    }
    RebalancesMore {
        RebalanceInTheWay "rebalance: stopped by one in doubt",
        RebalanceTwice "rebalance: ordered twice at once",
        RebalanceReviewed "rebalance: back to the review",
        RebalanceAcknowledged "rebalance: a person settles a doubt",
    }
    People {
        EnterTwice "people: Enter twice",
        OtherPayload "people: the same reference for another payment",
        EnteredAgain "people: entered again after the journal was lost",
        AgainEarly "people: --again too early",
        AgainTaken "people: --again that is taken",
        MakerApproves "people: the maker approves",
        OtherHash "people: an approval of another hash",
        Approved "people: an approval that counts",
        NotTheMaker "people: another person submits a draft",
        CalledOffInFlight "people: called off while a request is on the wire",
        CalledOff "people: called off in time",
        AdoptedRight "people: the right id is adopted",
        AdoptedWrong "people: a wrong id is brought",
        DeclaredEarly "people: declared too early, or by a clock astray",
        DeclaredTwiceByOne "people: declared twice by one person",
        DeclaredByTwo "people: declared by two",
        DeclaredFalsely "people: declared, and not true",
        Resumed "people: a paused lane is opened again",
        Recovered "people: saldo recover",
        LookedInto "people: what contradicts itself is looked into, and closed",
        MoreTold "people: more is told of it after it was looked into",
    }
}

/// How many kinds there are.
pub const KINDS: usize = Fault::ALL.len();

/// Scrambles a number (splitmix64's last step).
pub const fn mix(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// A stream of numbers that follows from its seed.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    pub const fn new(seed: u64) -> Self {
        Self(mix(seed ^ 0x9e37_79b9_7f4a_7c15))
    }

    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// Below `bound`, which is more than zero.
    pub const fn below(&mut self, bound: u64) -> u64 {
        // The high half of the product: no division, and the bias is far below what a story could notice.
        ((self.next() as u128 * bound as u128) >> 64) as u64
    }

    /// From `low` up to `high`, both possible.
    pub const fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1) as u64) as i64
    }

    /// In so many of a hundred cases.
    pub const fn percent(&mut self, odds: u64) -> bool {
        self.below(100) < odds
    }
}

/// One strike of a kind of trouble: the how-manieth opportunity of that kind it was.
pub type Strike = (Fault, u16);

/// Decides what strikes. A draw depends on the seed, the kind and the number of the opportunity alone, so a strike
/// that is taken out of a story leaves the draws of all others as they were.
pub struct Fate {
    seed: u64,
    /// Kinds of this story.
    pub enabled: u128,
    odds: [u8; KINDS],
    chances: [u16; KINDS],
    /// Strikes that are held back, while a story is made shorter.
    withheld: Vec<Strike>,
    /// How often each kind really struck.
    pub struck: [u32; KINDS],
    /// What struck, in order; kept only for stories that are told.
    pub told: Option<Vec<Strike>>,
    /// For everything that is no trouble: latencies, coins.
    pub random: Random,
}

impl Fate {
    pub fn new(seed: u64, kinds: &[(Fault, u8)], withheld: &[Strike]) -> Self {
        let mut fate = Self {
            seed,
            enabled: 0,
            odds: [0; KINDS],
            chances: [0; KINDS],
            withheld: withheld.to_vec(),
            struck: [0; KINDS],
            told: None,
            random: Random::new(seed ^ 0x5a1d0),
        };
        for (fault, odds) in kinds {
            fate.enabled |= 1 << *fault as u8;
            fate.odds[*fault as usize] = *odds;
        }
        fate
    }

    /// It really happened.
    pub fn note(&mut self, fault: Fault) {
        self.struck[fault as usize] += 1;
    }

    /// Whether this kind strikes now. Says nothing of whether it can take effect: [`Self::note`] counts that.
    pub fn strikes(&mut self, fault: Fault) -> bool {
        if self.enabled & (1 << fault as u8) == 0 {
            return false;
        }
        let chance = self.chances[fault as usize];
        self.chances[fault as usize] = chance.saturating_add(1);
        let draw = mix(self.seed ^ mix((u64::from(fault as u8) << 32 | u64::from(chance)) + 1));
        if (draw & 255) as u8 >= self.odds[fault as usize] {
            return false;
        }
        if self.withheld.contains(&(fault, chance)) {
            return false;
        }
        if let Some(told) = &mut self.told {
            told.push((fault, chance));
        }
        true
    }

    /// As [`Self::strikes`], and counted at once.
    pub fn hits(&mut self, fault: Fault) -> bool {
        let strikes = self.strikes(fault);
        if strikes {
            self.note(fault);
        }
        strikes
    }

    /// At most one kind of a group.
    pub fn one_of(&mut self, group: Group) -> Option<Fault> {
        let mut mask = self.enabled & group.0;
        if mask == 0 {
            return None;
        }
        let pick = if mask.is_power_of_two() { 0 } else { self.random.below(mask.count_ones().into()) };
        for _ in 0..pick {
            mask &= mask - 1;
        }
        let fault = Fault::ALL[mask.trailing_zeros() as usize];
        self.strikes(fault).then_some(fault)
    }
}
