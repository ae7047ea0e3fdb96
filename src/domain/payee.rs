//! Who was paid before, and what a person should know of a payee before paying.
//!
//! Nothing here blocks a payment. A finding says what the desk's own journal shows, and [`Finding::is_loud`] how much it should be
//! seen: a first payment is ordinary, a key one character away from a known one is not.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::document::Document;
use super::money::Centavos;
use super::order::{BankAccount, Destination, Order};
use super::pix_key::{PixKey, PixKeyType};
use super::query::normalised;

/// A PIX key or an account that this desk has paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payee {
    /// Where the money went.
    pub destination: Destination,
    /// The name as it was last ordered.
    pub name: String,
    /// The CPF or CNPJ as it was last ordered.
    pub document: Document,
    /// Payments that completed; those in doubt are not among them.
    pub times: u32,
    /// The sum of those payments.
    pub total: Centavos,
    /// When the last of them was paid (UTC).
    pub last_paid: Timestamp,
    /// Whether the desk wants it at hand.
    pub is_favourite: bool,
}

impl Payee {
    /// The key or account, no more of it than tells two of one payee apart.
    pub fn place(&self) -> String {
        match &self.destination {
            Destination::Pix(key) => key.redacted(),
            Destination::Account(account) => {
                let number = &account.account;
                let end = number.get(number.len().saturating_sub(3)..).unwrap_or_default();
                format!("{} ***{end}", account.ispb)
            }
        }
    }
}

/// What the journal shows of the payee of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The destination is not this known one, and nearly is.
    LooksLike(Payee),
    /// The destination was paid under another CPF or CNPJ.
    OtherDocument(Payee),
    /// The destination was paid under another name.
    OtherName(Payee),
    /// The document was paid at another institution.
    OtherBank(Payee),
    /// The document was paid at another destination.
    KnownDocument(Payee),
    /// The name was paid at another destination, under another document.
    KnownName(Payee),
    /// Nothing was paid to this destination yet.
    First,
}

impl Finding {
    /// A stable word for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::LooksLike(_) => "payee_looks_like",
            Self::OtherDocument(_) => "payee_other_document",
            Self::OtherName(_) => "payee_other_name",
            Self::OtherBank(_) => "payee_other_bank",
            Self::KnownDocument(_) => "payee_known_document",
            Self::KnownName(_) => "payee_known_name",
            Self::First => "payee_first",
        }
    }

    /// Whether it asks for a second look.
    pub const fn is_loud(&self) -> bool {
        matches!(self, Self::LooksLike(_) | Self::OtherDocument(_) | Self::OtherName(_) | Self::OtherBank(_))
    }

    /// The payee it is about, where it is about one that was paid.
    pub const fn known(&self) -> Option<&Payee> {
        match self {
            Self::LooksLike(payee)
            | Self::OtherDocument(payee)
            | Self::OtherName(payee)
            | Self::OtherBank(payee)
            | Self::KnownDocument(payee)
            | Self::KnownName(payee) => Some(payee),
            Self::First => None,
        }
    }
}

/// What `known` shows of the payee of an order, what is loud first; at most one finding for each other payee.
///
/// `known` are payees that were paid: the order's own destination, those [`near`] it, those with its document or name. Others say
/// nothing.
pub fn findings(order: &Order, known: &[Payee]) -> Vec<Finding> {
    let same = known.iter().find(|payee| payee.destination == order.destination);
    let mut found = Vec::new();
    if let Some(payee) = same {
        if payee.document != order.document {
            found.push(Finding::OtherDocument(payee.clone()));
        } else if !is_same_name(&payee.name, &order.name) {
            found.push(Finding::OtherName(payee.clone()));
        }
        // Whoever was paid here before under this document is no news, wherever else they were paid.
        return found;
    }
    let near = near(&order.destination);
    for payee in known {
        let same_document = payee.document == order.document;
        let same_name = is_same_name(&payee.name, &order.name);
        // Keys of digits are dense: among many payees two strangers' are near by chance. Addresses and random keys are not.
        let is_telling = same_document || same_name || !is_dense(&order.destination);
        let finding = if is_telling && near.contains(&payee.destination) {
            Finding::LooksLike
        } else if same_document && is_other_bank(&payee.destination, &order.destination) {
            Finding::OtherBank
        } else if same_document {
            Finding::KnownDocument
        } else if same_name {
            Finding::KnownName
        } else {
            continue;
        };
        found.push(finding(payee.clone()));
    }
    found.sort_by_key(|finding| {
        (rank(finding), finding.known().map(|payee| std::cmp::Reverse(payee.last_paid)))
    });
    // One of a kind is enough to look twice, and a review has few lines.
    found.dedup_by_key(|finding| finding.code());
    found.push(Finding::First);
    found
}

const fn rank(finding: &Finding) -> u8 {
    match finding {
        Finding::LooksLike(_) => 0,
        Finding::OtherDocument(_) => 1,
        Finding::OtherName(_) => 2,
        Finding::OtherBank(_) => 3,
        Finding::KnownDocument(_) => 4,
        Finding::KnownName(_) => 5,
        Finding::First => 6,
    }
}

/// Whether two names can be one person's: the same words, or all of the shorter one's among the longer one's.
fn is_same_name(one: &str, other: &str) -> bool {
    let (one, other) = (normalised(one), normalised(other));
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<BTreeSet<String>>();
    let (one, other) = (words(&one), words(&other));
    let is_within = |few: &BTreeSet<String>, many: &BTreeSet<String>| few.len() > 1 && few.is_subset(many);
    one == other || is_within(&one, &other) || is_within(&other, &one)
}

fn is_other_bank(known: &Destination, ordered: &Destination) -> bool {
    match (known, ordered) {
        (Destination::Account(known), Destination::Account(ordered)) => known.ispb != ordered.ispb,
        _ => false,
    }
}

/// Whether any digits make a destination of somebody.
fn is_dense(destination: &Destination) -> bool {
    match destination {
        Destination::Pix(key) => !matches!(key.key_type(), PixKeyType::Email | PixKeyType::Evp),
        Destination::Account(_) => true,
    }
}

/// Every destination of the same kind that is taken for this one at a glance: a character more, less or other, two neighbours
/// swapped, letters that look alike. Some thousands for the longest address, so they can be looked up, however many payees a
/// journal has.
pub fn near(destination: &Destination) -> Vec<Destination> {
    match destination {
        Destination::Pix(key) => near_keys(key).into_iter().map(Destination::Pix).collect(),
        Destination::Account(account) => near_texts(&account.account, "0123456789", false)
            .into_iter()
            .map(|text| Destination::Account(BankAccount { account: text, ..account.clone() }))
            .collect(),
    }
}

fn near_keys(key: &PixKey) -> Vec<PixKey> {
    let (kind, text) = (key.key_type(), key.as_str());
    let texts = match kind {
        PixKeyType::Email => near_texts(text, "abcdefghijklmnopqrstuvwxyz0123456789.-_+", true),
        PixKeyType::Evp => near_texts(text, "0123456789abcdef", false),
        PixKeyType::Phone => near_texts(text, "0123456789", false),
        // Their check digits leave none that differs in one place alone.
        PixKeyType::Cpf | PixKeyType::Cnpj => two_digits_off(text),
    };
    let read = texts.iter().filter_map(|text| PixKey::parse(text, Some(kind)).ok());
    read.filter(|near| near != key).collect()
}

/// Letters that are read for others.
const LIKE_LETTERS: [(&str, &str); 4] = [("rn", "m"), ("vv", "w"), ("cl", "d"), ("ii", "u")];

/// Texts a glance away. With `resized`, those a character longer or shorter too.
fn near_texts(text: &str, alphabet: &str, resized: bool) -> BTreeSet<String> {
    let letters: Vec<char> = text.chars().collect();
    let mut near = BTreeSet::new();
    for at in 0..=letters.len() {
        let (head, tail) = letters.split_at(at);
        let joined = |parts: &[&[char]]| parts.concat().into_iter().collect::<String>();
        if resized {
            near.extend(alphabet.chars().map(|other| joined(&[head, &[other], tail])));
        }
        let Some((first, rest)) = tail.split_first() else { continue };
        if resized {
            near.insert(joined(&[head, rest]));
        }
        if alphabet.contains(*first) {
            near.extend(alphabet.chars().map(|other| joined(&[head, &[other], rest])));
        }
        if let Some((second, rest)) = rest.split_first() {
            near.insert(joined(&[head, &[*second, *first], rest]));
        }
    }
    if resized {
        for (one, other) in LIKE_LETTERS {
            near.extend([text.replace(one, other), text.replace(other, one)]);
        }
    }
    near.remove(text);
    near
}

/// Texts that differ in two digits.
fn two_digits_off(text: &str) -> BTreeSet<String> {
    let mut near = BTreeSet::new();
    for first in 0..text.len() {
        for second in first + 1..text.len() {
            for (one, other) in ('0'..='9').flat_map(|one| ('0'..='9').map(move |other| (one, other))) {
                let letters = text.chars().enumerate().map(|(at, letter)| match at {
                    at if at == first => one,
                    at if at == second => other,
                    _ => letter,
                });
                near.insert(letters.collect());
            }
        }
    }
    near
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::institution::Ispb;

    const MARIA: &str = "52998224725";
    const JOAO: &str = "11144477735";

    fn key(text: &str) -> Destination {
        Destination::Pix(
            PixKey::parse(text, None).or_else(|_| PixKey::parse(text, Some(PixKeyType::Cpf))).unwrap(),
        )
    }

    fn account(ispb: &str, number: &str) -> Destination {
        let (branch, account) = ("0001".to_owned(), number.to_owned());
        Destination::Account(BankAccount { ispb: Ispb::parse(ispb).unwrap(), branch, account })
    }

    fn payee(destination: Destination, name: &str, document: &str) -> Payee {
        Payee {
            destination,
            name: name.to_owned(),
            document: Document::parse(document).unwrap(),
            times: 3,
            total: Centavos::new(30_000),
            last_paid: Timestamp::from_second(1_760_000_000).unwrap(),
            is_favourite: false,
        }
    }

    fn order(destination: Destination, name: &str, document: &str) -> Order {
        let document = Document::parse(document).unwrap();
        Order { amount: Centavos::new(100), name: name.to_owned(), document, destination, description: None }
    }

    #[test]
    fn says_what_is_known_and_no_more() {
        let email = || key("maria@example.com");
        let here = |number| account("60746948", number);
        let table: [(&str, Order, Payee, &[&str]); 16] = [
            ("the same", order(email(), "Maria Silva", MARIA), payee(email(), "MARIA  SILVA", MARIA), &[]),
            (
                "a middle name",
                order(email(), "Maria Silva", MARIA),
                payee(email(), "María da Silva", MARIA),
                &[],
            ),
            (
                "another name",
                order(email(), "Ana Souza", MARIA),
                payee(email(), "Maria Silva", MARIA),
                &["payee_other_name"],
            ),
            (
                "another document",
                order(email(), "Maria Silva", JOAO),
                payee(email(), "Maria Silva", MARIA),
                &["payee_other_document"],
            ),
            (
                "a stranger",
                order(email(), "Maria Silva", MARIA),
                payee(key("joao@example.com"), "João Souza", JOAO),
                &["payee_first"],
            ),
            (
                "a letter off",
                order(key("mario@example.com"), "Ana Souza", JOAO),
                payee(email(), "Maria Silva", MARIA),
                &["payee_looks_like", "payee_first"],
            ),
            (
                "letters that look alike",
                order(key("rnaria@example.com"), "Maria Silva", MARIA),
                payee(email(), "Maria Silva", MARIA),
                &["payee_looks_like", "payee_first"],
            ),
            (
                "a one for an l",
                order(key("vend1a@example.com"), "Maria Silva", MARIA),
                payee(key("vendla@example.com"), "Maria Silva", MARIA),
                &["payee_looks_like", "payee_first"],
            ),
            (
                "a digit of a phone",
                order(key("+5511987654322"), "Maria Silva", JOAO),
                payee(key("+5511987654321"), "Maria Silva", MARIA),
                &["payee_looks_like", "payee_first"],
            ),
            (
                "a digit of a stranger's phone",
                order(key("+5511987654322"), "João Souza", JOAO),
                payee(key("+5511987654321"), "Maria Silva", MARIA),
                &["payee_first"],
            ),
            (
                "digits of an account swapped",
                order(here("123465"), "Maria Silva", MARIA),
                payee(here("123456"), "Maria Silva", MARIA),
                &["payee_looks_like", "payee_first"],
            ),
            (
                "another bank",
                order(here("123456"), "Maria Silva", MARIA),
                payee(account("00000000", "987654"), "Maria Silva", MARIA),
                &["payee_other_bank", "payee_first"],
            ),
            (
                "another account of the bank",
                order(here("123456"), "Maria Silva", MARIA),
                payee(here("987654"), "Maria Silva", MARIA),
                &["payee_known_document", "payee_first"],
            ),
            (
                "a key for an account",
                order(email(), "Maria Silva", MARIA),
                payee(here("987654"), "Maria Silva", MARIA),
                &["payee_known_document", "payee_first"],
            ),
            (
                "a namesake",
                order(email(), "Maria Silva", MARIA),
                payee(key("silva@example.org"), "Maria Silva", JOAO),
                &["payee_known_name", "payee_first"],
            ),
            (
                "a given name is nobody",
                order(email(), "Maria", MARIA),
                payee(key("silva@example.org"), "Maria Silva", JOAO),
                &["payee_first"],
            ),
        ];
        for (what, order, known, codes) in table {
            let found = findings(&order, &[known]);
            assert_eq!(found.iter().map(Finding::code).collect::<Vec<_>>(), codes, "{what}");
            assert!(found.iter().take_while(|finding| finding.is_loud()).count() <= codes.len());
        }
    }

    #[test]
    fn a_known_key_says_nothing_of_its_neighbours() {
        let (one, other) = (key("maria@example.com"), key("mario@example.com"));
        let known = [payee(one.clone(), "Maria Silva", MARIA), payee(other, "Mário Silva", JOAO)];
        assert_eq!(findings(&order(one, "Maria Silva", MARIA), &known), []);
        assert_eq!(findings(&order(key("ana@example.com"), "Ana", MARIA), &[]), [Finding::First]);
    }

    #[test]
    fn the_near_are_few_enough_to_be_looked_up() {
        let longest = format!("{}@example.com", "a".repeat(65));
        for (text, most) in
            [(longest.as_str(), 8_000), ("+5511987654321", 150), (MARIA, 100), ("11222333000181", 200)]
        {
            let near = near(&key(text));
            assert!((1..most).contains(&near.len()), "{text}: {}", near.len());
            assert!(!near.contains(&key(text)));
        }
    }
}
