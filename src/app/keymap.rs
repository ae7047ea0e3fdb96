//! Where a key gets its meaning: one table from which the dispatcher, the footer, the help and the palette are made.
//!
//! No single key moves money, and no default stands on ctrl-a, ctrl-b (multiplexers), ctrl-s or ctrl-q (flow
//! control). The table here is what saldo ships; [`Keymap`] is the one in use, with what the configuration binds anew
//! (`rebind` has the rules that no binding can break).

mod bound;
mod rebind;

pub use bound::{Entry, Keymap, Row};
pub use rebind::{RebindError, Refusal, Wish};

use super::key::{Key, KeyPress, Modifiers};
use crate::lang::{ActionWords, Lang, Term};

/// Where the keyboard is: which bindings count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// The panes.
    Home,
    /// The search line.
    Search,
    /// The panes as they were at another time.
    Past,
    /// One row's life.
    Detail,
    /// The notices.
    Notices,
    /// The palette.
    Palette,
    /// What can be done with a paste.
    Paste,
    /// The help.
    Help,
    /// A form that is being filled in.
    Form,
    /// What was decided, before it counts; also every other question.
    Review,
    /// What became of a decision.
    Outcome,
    /// A batch and its lines.
    Batch,
    /// A shift that is handed over or taken.
    Handover,
}

impl Place {
    /// Every place, in the order of the help.
    pub const ALL: [Self; 13] = [
        Self::Home,
        Self::Search,
        Self::Palette,
        Self::Paste,
        Self::Detail,
        Self::Notices,
        Self::Form,
        Self::Review,
        Self::Outcome,
        Self::Batch,
        Self::Handover,
        Self::Past,
        Self::Help,
    ];

    /// The stable id: `saldo keys` names it.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Home => "home",
            Self::Search => "search",
            Self::Past => "past",
            Self::Detail => "detail",
            Self::Notices => "notices",
            Self::Palette => "palette",
            Self::Paste => "paste",
            Self::Help => "help",
            Self::Form => "form",
            Self::Review => "review",
            Self::Outcome => "outcome",
            Self::Batch => "batch",
            Self::Handover => "handover",
        }
    }

    /// Whether a key can have a meaning here: where a text is typed, a character is a part of it. In a review that
    /// text is an amount.
    const fn takes(self, press: KeyPress) -> bool {
        let (Key::Char(character), false, false) = (press.key, press.modifiers.ctrl, press.modifiers.alt)
        else {
            return true;
        };
        match self {
            Self::Form | Self::Search | Self::Palette => false,
            Self::Review => !matches!(character, '0'..='9' | ',' | '.'),
            Self::Home
            | Self::Paste
            | Self::Past
            | Self::Detail
            | Self::Notices
            | Self::Help
            | Self::Outcome
            | Self::Batch
            | Self::Handover => true,
        }
    }
}

macro_rules! actions {
    ($($action:ident $id:literal $word:ident,)*) => {
        /// What a key can mean. The ids are stable: key bindings of users name them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Action {
            $(#[doc = concat!("`", $id, "`")] $action,)*
        }

        impl Action {
            /// Every action.
            pub const ALL: &[Self] = &[$(Self::$action,)*];

            /// The stable id.
            pub const fn id(self) -> &'static str {
                match self {
                    $(Self::$action => $id,)*
                }
            }

            /// Its words in a language.
            pub fn term(self, words: &ActionWords) -> Term {
                match self {
                    $(Self::$action => words.$word,)*
                }
            }
        }
    };
}

impl Action {
    /// Whether it begins, confirms or repeats what moves money or changes something at the gateway, or frees what does.
    pub const fn is_an_act(self) -> bool {
        matches!(
            self,
            Self::CashOut
                | Self::CashIn
                | Self::Refund
                | Self::Rebalance
                | Self::Resolve
                | Self::Resume
                | Self::TakeUp
                | Self::BatchResume
                | Self::Confirm
        )
    }
}

actions! {
    Down "list.down" down,
    Up "list.up" up,
    PageDown "list.page-down" page_down,
    PageUp "list.page-up" page_up,
    Top "list.top" top,
    Bottom "list.bottom" bottom,
    Open "feed.open" open,
    Search "feed.search" search,
    Filter "feed.filter" filter,
    Jump "feed.jump" jump,
    TimeMachine "time.machine" time_machine,
    Earlier "time.earlier" earlier,
    Later "time.later" later,
    MuchEarlier "time.much-earlier" much_earlier,
    MuchLater "time.much-later" much_later,
    HourEarlier "time.hour-earlier" hour_earlier,
    HourLater "time.hour-later" hour_later,
    NextChange "time.next-change" next_change,
    PreviousChange "time.previous-change" previous_change,
    TakeUp "payment.take-up" take_up,
    Resolve "payment.resolve" resolve,
    Copy "row.copy" copy,
    Poll "balance.poll" poll,
    NextPane "pane.next" next_pane,
    PreviousPane "pane.previous" previous_pane,
    Notices "notices.open" notices,
    Acknowledge "notices.acknowledge" acknowledge,
    Gaps "gaps.open" gaps,
    Handover "handover.open" handover,
    HandOver "handover.write" hand_over,
    AcceptShift "handover.accept" accept_shift,
    Favour "payee.favourite" favour,
    CashOut "cash-out.open" cash_out,
    CashIn "cash-in.open" cash_in,
    Batch "batch.open" batch,
    BatchUnpaid "batch.unpaid" batch_unpaid,
    BatchResult "batch.result" batch_result,
    BatchResume "batch.resume" batch_resume,
    Refund "refund.open" refund,
    Rebalance "rebalance.open" rebalance,
    Resume "payments.resume" resume,
    NextField "form.next" next_field,
    PreviousField "form.previous" previous_field,
    Review "form.review" review,
    ClearForm "form.clear" clear_form,
    Confirm "review.confirm" confirm,
    Accept "search.accept" accept,
    Close "place.close" close,
    Utc "app.utc" utc,
    Language "app.language" language,
    Palette "app.palette" palette,
    Help "app.help" help,
    Private "app.private" private,
    Mouse "app.mouse" mouse,
    Repaint "app.repaint" repaint,
    Suspend "app.suspend" suspend,
    Quit "app.quit" quit,
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
struct Binding {
    place: Place,
    action: Action,
    keys: &'static [KeyPress],
    /// Whether the footer names it.
    footer: bool,
}

const fn key(key: Key) -> KeyPress {
    KeyPress { key, modifiers: Modifiers::NONE }
}

const fn ch(character: char) -> KeyPress {
    key(Key::Char(character))
}

const fn ctrl(character: char) -> KeyPress {
    KeyPress { key: Key::Char(character), modifiers: Modifiers::CTRL }
}

const SHIFT_TAB: KeyPress = KeyPress { key: Key::Tab, modifiers: Modifiers::SHIFT };

const SHIFT_LEFT: KeyPress = KeyPress { key: Key::Left, modifiers: Modifiers::SHIFT };
const SHIFT_RIGHT: KeyPress = KeyPress { key: Key::Right, modifiers: Modifiers::SHIFT };

const DOWN: &[KeyPress] = &[ch('j'), key(Key::Down)];
const UP: &[KeyPress] = &[ch('k'), key(Key::Up)];
const PAGE_DOWN: &[KeyPress] = &[key(Key::PageDown), ctrl('d')];
const PAGE_UP: &[KeyPress] = &[key(Key::PageUp), ctrl('u')];
const TOP: &[KeyPress] = &[ch('g'), key(Key::Home)];
const BOTTOM: &[KeyPress] = &[ch('G'), key(Key::End)];
const PALETTE: &[KeyPress] = &[ch(':'), ctrl('p')];
const ESCAPE: &[KeyPress] = &[key(Key::Escape)];
const CLOSE: &[KeyPress] = &[key(Key::Escape), ch('q')];
const HELP: &[KeyPress] = &[ch('?'), key(Key::Function(1))];
/// Where `?` is a character of a text.
const HELP_IN_TEXT: &[KeyPress] = &[key(Key::Function(1))];

/// The keys of [`Action::Confirm`]: the initial of "yes". It is never a key that opens a review.
const YES: [(Lang, &[KeyPress]); 2] = [(Lang::PtBr, &[ch('s')]), (Lang::En, &[ch('y')])];

const fn shown(place: Place, action: Action, keys: &'static [KeyPress]) -> Binding {
    Binding { place, action, keys, footer: true }
}

const fn quiet(place: Place, action: Action, keys: &'static [KeyPress]) -> Binding {
    Binding { place, action, keys, footer: false }
}

/// The table. Its order is the order of the help and of the footer.
const BINDINGS: &[Binding] = &[
    shown(Place::Home, Action::Help, HELP),
    shown(Place::Home, Action::NextPane, &[key(Key::Tab)]),
    shown(Place::Home, Action::CashOut, &[ch('p')]),
    shown(Place::Home, Action::CashIn, &[ch('i')]),
    shown(Place::Home, Action::Rebalance, &[ch('b')]),
    shown(Place::Home, Action::Open, &[key(Key::Enter)]),
    shown(Place::Home, Action::Search, &[ch('/')]),
    shown(Place::Home, Action::Filter, &[ch('f')]),
    shown(Place::Home, Action::Notices, &[ch('!')]),
    shown(Place::Home, Action::TakeUp, &[ch('u')]),
    shown(Place::Home, Action::Quit, &[ch('q')]),
    quiet(Place::Home, Action::Batch, &[ch('B')]),
    quiet(Place::Home, Action::Jump, &[ch('t')]),
    quiet(Place::Home, Action::TimeMachine, &[ch('T')]),
    quiet(Place::Home, Action::Poll, &[ch('r')]),
    quiet(Place::Home, Action::Gaps, &[ch('d')]),
    quiet(Place::Home, Action::Handover, &[ch('H')]),
    quiet(Place::Home, Action::Copy, &[ch('c')]),
    quiet(Place::Home, Action::Down, DOWN),
    quiet(Place::Home, Action::Up, UP),
    quiet(Place::Home, Action::PageDown, PAGE_DOWN),
    quiet(Place::Home, Action::PageUp, PAGE_UP),
    quiet(Place::Home, Action::Top, TOP),
    quiet(Place::Home, Action::Bottom, BOTTOM),
    quiet(Place::Home, Action::PreviousPane, &[SHIFT_TAB]),
    quiet(Place::Home, Action::Resume, &[ch('R')]),
    quiet(Place::Home, Action::Utc, &[ch('z')]),
    quiet(Place::Home, Action::Language, &[ch('l')]),
    quiet(Place::Home, Action::Palette, PALETTE),
    quiet(Place::Home, Action::Close, ESCAPE),
    shown(Place::Search, Action::Accept, &[key(Key::Enter)]),
    shown(Place::Search, Action::Close, ESCAPE),
    shown(Place::Palette, Action::Accept, &[key(Key::Enter)]),
    shown(Place::Palette, Action::Down, &[key(Key::Down), ctrl('n')]),
    shown(Place::Palette, Action::Up, &[key(Key::Up), ctrl('p')]),
    quiet(Place::Palette, Action::PageDown, &[key(Key::PageDown)]),
    quiet(Place::Palette, Action::PageUp, &[key(Key::PageUp)]),
    shown(Place::Palette, Action::Favour, &[ctrl('f')]),
    shown(Place::Palette, Action::Close, ESCAPE),
    quiet(Place::Palette, Action::Help, HELP_IN_TEXT),
    shown(Place::Paste, Action::Accept, &[key(Key::Enter)]),
    shown(Place::Paste, Action::Down, DOWN),
    shown(Place::Paste, Action::Up, UP),
    quiet(Place::Paste, Action::PageDown, PAGE_DOWN),
    quiet(Place::Paste, Action::PageUp, PAGE_UP),
    quiet(Place::Paste, Action::Top, TOP),
    quiet(Place::Paste, Action::Bottom, BOTTOM),
    shown(Place::Paste, Action::Close, CLOSE),
    shown(Place::Paste, Action::Help, HELP),
    shown(Place::Detail, Action::Close, CLOSE),
    shown(Place::Detail, Action::Resolve, &[ch('r')]),
    shown(Place::Detail, Action::Refund, &[ch('d')]),
    shown(Place::Detail, Action::Down, DOWN),
    shown(Place::Detail, Action::Up, UP),
    shown(Place::Detail, Action::Copy, &[ch('c')]),
    shown(Place::Detail, Action::TakeUp, &[ch('u')]),
    shown(Place::Detail, Action::Help, HELP),
    quiet(Place::Detail, Action::PageDown, PAGE_DOWN),
    quiet(Place::Detail, Action::PageUp, PAGE_UP),
    quiet(Place::Detail, Action::Top, TOP),
    quiet(Place::Detail, Action::Bottom, BOTTOM),
    quiet(Place::Detail, Action::Palette, PALETTE),
    quiet(Place::Detail, Action::Utc, &[ch('z')]),
    quiet(Place::Detail, Action::Language, &[ch('l')]),
    shown(Place::Notices, Action::Close, CLOSE),
    shown(Place::Notices, Action::Acknowledge, &[ch('a')]),
    shown(Place::Notices, Action::Open, &[key(Key::Enter)]),
    shown(Place::Notices, Action::Gaps, &[ch('d')]),
    shown(Place::Notices, Action::Down, DOWN),
    shown(Place::Notices, Action::Up, UP),
    shown(Place::Notices, Action::Resume, &[ch('R')]),
    shown(Place::Notices, Action::Help, HELP),
    quiet(Place::Notices, Action::PageDown, PAGE_DOWN),
    quiet(Place::Notices, Action::PageUp, PAGE_UP),
    quiet(Place::Notices, Action::Top, TOP),
    quiet(Place::Notices, Action::Bottom, BOTTOM),
    quiet(Place::Notices, Action::Palette, PALETTE),
    quiet(Place::Notices, Action::Utc, &[ch('z')]),
    quiet(Place::Notices, Action::Language, &[ch('l')]),
    shown(Place::Form, Action::Review, &[key(Key::Enter)]),
    shown(Place::Form, Action::NextField, &[key(Key::Tab), key(Key::Down)]),
    quiet(Place::Form, Action::PreviousField, &[SHIFT_TAB, key(Key::Up)]),
    shown(Place::Form, Action::ClearForm, &[ctrl('x')]),
    shown(Place::Form, Action::Close, ESCAPE),
    shown(Place::Form, Action::Help, HELP_IN_TEXT),
    shown(Place::Review, Action::Confirm, &[]),
    shown(Place::Review, Action::Close, &[key(Key::Escape), ch('n')]),
    quiet(Place::Review, Action::Down, &[key(Key::Down)]),
    quiet(Place::Review, Action::Up, &[key(Key::Up)]),
    quiet(Place::Review, Action::PageDown, &[key(Key::PageDown)]),
    quiet(Place::Review, Action::PageUp, &[key(Key::PageUp)]),
    shown(Place::Review, Action::Help, HELP_IN_TEXT),
    shown(Place::Outcome, Action::Close, CLOSE),
    shown(Place::Outcome, Action::Copy, &[ch('c')]),
    shown(Place::Outcome, Action::Open, &[key(Key::Enter)]),
    shown(Place::Outcome, Action::Help, HELP),
    quiet(Place::Outcome, Action::Utc, &[ch('z')]),
    quiet(Place::Outcome, Action::Language, &[ch('l')]),
    shown(Place::Batch, Action::Close, CLOSE),
    shown(Place::Batch, Action::Open, &[key(Key::Enter)]),
    shown(Place::Batch, Action::BatchUnpaid, &[ch('f')]),
    shown(Place::Batch, Action::BatchResume, &[ch('r')]),
    shown(Place::Batch, Action::BatchResult, &[ch('e')]),
    shown(Place::Batch, Action::Down, DOWN),
    shown(Place::Batch, Action::Up, UP),
    shown(Place::Batch, Action::Help, HELP),
    quiet(Place::Batch, Action::PageDown, PAGE_DOWN),
    quiet(Place::Batch, Action::PageUp, PAGE_UP),
    quiet(Place::Batch, Action::Top, TOP),
    quiet(Place::Batch, Action::Bottom, BOTTOM),
    quiet(Place::Batch, Action::Palette, PALETTE),
    quiet(Place::Batch, Action::Utc, &[ch('z')]),
    quiet(Place::Batch, Action::Language, &[ch('l')]),
    shown(Place::Handover, Action::Close, CLOSE),
    shown(Place::Handover, Action::HandOver, &[ch('w')]),
    shown(Place::Handover, Action::AcceptShift, &[ch('a')]),
    shown(Place::Handover, Action::Down, DOWN),
    shown(Place::Handover, Action::Up, UP),
    shown(Place::Handover, Action::Help, HELP),
    quiet(Place::Handover, Action::PageDown, PAGE_DOWN),
    quiet(Place::Handover, Action::PageUp, PAGE_UP),
    quiet(Place::Handover, Action::Top, TOP),
    quiet(Place::Handover, Action::Bottom, BOTTOM),
    quiet(Place::Handover, Action::Palette, PALETTE),
    quiet(Place::Handover, Action::Utc, &[ch('z')]),
    quiet(Place::Handover, Action::Language, &[ch('l')]),
    shown(Place::Past, Action::Close, CLOSE),
    shown(Place::Past, Action::Earlier, &[key(Key::Left)]),
    shown(Place::Past, Action::Later, &[key(Key::Right)]),
    shown(Place::Past, Action::MuchEarlier, &[ch('['), SHIFT_LEFT]),
    shown(Place::Past, Action::MuchLater, &[ch(']'), SHIFT_RIGHT]),
    shown(Place::Past, Action::NextChange, &[ch('n')]),
    shown(Place::Past, Action::PreviousChange, &[ch('N')]),
    shown(Place::Past, Action::TimeMachine, &[ch('t'), ch('T')]),
    shown(Place::Past, Action::NextPane, &[key(Key::Tab)]),
    shown(Place::Past, Action::Help, HELP),
    quiet(Place::Past, Action::HourEarlier, &[ch('{')]),
    quiet(Place::Past, Action::HourLater, &[ch('}')]),
    quiet(Place::Past, Action::PreviousPane, &[SHIFT_TAB]),
    quiet(Place::Past, Action::Copy, &[ch('c')]),
    quiet(Place::Past, Action::Down, DOWN),
    quiet(Place::Past, Action::Up, UP),
    quiet(Place::Past, Action::PageDown, PAGE_DOWN),
    quiet(Place::Past, Action::PageUp, PAGE_UP),
    quiet(Place::Past, Action::Top, TOP),
    quiet(Place::Past, Action::Bottom, BOTTOM),
    quiet(Place::Past, Action::Utc, &[ch('z')]),
    quiet(Place::Past, Action::Language, &[ch('l')]),
    shown(Place::Help, Action::Close, &[key(Key::Escape), ch('q'), ch('?'), key(Key::Function(1))]),
    shown(Place::Help, Action::Down, DOWN),
    shown(Place::Help, Action::Up, UP),
    quiet(Place::Help, Action::PageDown, PAGE_DOWN),
    quiet(Place::Help, Action::PageUp, PAGE_UP),
    quiet(Place::Help, Action::Top, TOP),
    quiet(Place::Help, Action::Bottom, BOTTOM),
    quiet(Place::Help, Action::Language, &[ch('l')]),
];

/// Keys that mean the same in every place.
const EVERYWHERE: &[(Action, &[KeyPress])] = &[
    (Action::Private, &[key(Key::Function(9))]),
    (Action::Mouse, &[key(Key::Function(8))]),
    (Action::Repaint, &[ctrl('l')]),
    (Action::Suspend, &[ctrl('z')]),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_key_means_two_things_in_one_place() {
        for lang in Lang::ALL {
            for place in Place::ALL {
                let mut seen = HashSet::new();
                for row in Keymap::default().rows().filter(|row| row.place.is_none_or(|one| one == place)) {
                    for press in row.keys(lang) {
                        assert!(seen.insert(*press), "{press} twice in {place:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn ids_are_unique_and_every_action_has_a_key() {
        let ids: HashSet<_> = Action::ALL.iter().map(|action| action.id()).collect();
        assert_eq!(ids.len(), Action::ALL.len());
        for action in Action::ALL {
            let keymap = Keymap::default();
            assert!(keymap.rows().any(|row| row.action == *action), "{}", action.id());
        }
    }

    #[test]
    fn keys_of_multiplexers_and_flow_control_are_left_alone() {
        for lang in Lang::ALL {
            for character in ['a', 'b', 's', 'q'] {
                for place in Place::ALL {
                    assert_eq!(Keymap::default().action(place, KeyPress::ctrl(character), lang), None);
                }
            }
        }
    }

    #[test]
    fn a_text_is_never_cut_short_by_a_character_with_a_meaning() {
        for place in Place::ALL {
            for character in ' '..='~' {
                let press = KeyPress::char(character);
                let meaning = Keymap::default().action(place, press, Lang::En);
                assert!(place.takes(press) || meaning.is_none(), "{character} in {place:?}");
            }
        }
    }
}
