//! A paste where no text is typed: told for what it can be, offered the right act, never obeyed, never lost.

mod screen;

use saldo::app::Effect;
use saldo::domain::cash_out::State as Out;
use saldo::domain::money::Centavos;
use saldo::domain::order::Destination;
use saldo::domain::payee::Payee;
use saldo::domain::pix_key::PixKey;
use saldo::domain::text::Safe;
use saldo::engine::message::{Command, FeedPlace, News, Sought};
use saldo::lang::Lang;
use screen::{Screen, before, commands, intent, life, payments, row, window};

const BR_CODE: &str = "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-4266554400005204000053039865802BR5913Fulano de Tal6008BRASILIA62070503***63041D3D";
const E2E: &str = "E6074694820261123173012345678901";
const LINE: &str = "Maria Silva\t529.982.247-25\tmaria@example.com\t500,25\tSalário";

fn pasted(lang: Lang, text: &str) -> Screen {
    let mut screen = Screen::new(lang).size(100, 30);
    screen.paste(text);
    screen
}

/// What the form shows, without its labels.
fn form(screen: &Screen, words: &[&str]) {
    let text = screen.text();
    for word in words {
        assert!(text.contains(word), "no {word} in\n{text}");
    }
}

#[test]
fn each_kind_is_told_and_its_first_offer_is_the_right_one() {
    for (text, is, offer) in [
        ("maria@example.com", "It is: PIX key", "Cash-out: PIX key (e-mail) maria@example.com"),
        ("+5511987654321", "It is: PIX key", "+5511987654321"),
        ("12.ABC.345/01DE-35", "document (CNPJ)", "Cash-out: PIX key (CNPJ) 12ABC34501DE35"),
        (E2E, "It is: endToEndId", "Find: endToEndId"),
        ("500,25", "It is: amount.", "Find: amount = R$\u{a0}500,25"),
        ("FOLHA-07-001", "It is: reference or id.", "Find: “FOLHA-07-001”"),
        (LINE, "line of a spreadsheet", "Cash-out: Maria Silva · 500,25 · maria@example.com"),
        (BR_CODE, "BR Code, Fulano de Tal", "Cash-out: Fulano de Tal · 123e4567"),
        ("Maria;10,00\nJoão;20,00", "2 lines of a spreadsheet", "Open the form for files of payments"),
        ("what is this?", "saldo does not know this text.", "Find: “what is this?”"),
    ] {
        let screen = pasted(Lang::En, text);
        let shown = screen.text();
        assert!(shown.contains(is) && shown.contains(offer), "{text}:\n{shown}");
    }
}

#[test]
fn an_id_that_the_screen_has_opens_its_life() {
    let mut rows = window();
    rows.rows[3].end_to_end_id = Some(Safe::new(E2E));
    let wanted = rows.rows[3].id;
    for text in [E2E.to_owned(), "premio-13".to_owned(), "CP000013".to_owned(), wanted.to_string()] {
        let mut screen = Screen::new(Lang::En).size(100, 30);
        screen.news(News::Feed(Box::new(rows.clone())));
        screen.paste(&text);
        let effects = screen.keys("enter");
        let shown = commands(&effects)
            .into_iter()
            .any(|command| matches!(command, Command::ShowLife(Some(row)) if *row == wanted));
        assert!(shown, "{text}: {effects:?}");
    }
}

#[test]
fn what_the_journal_finds_is_offered_and_moves_nobodys_choice() {
    let mut screen = pasted(Lang::En, "premio-900");
    let mut old = row(900, saldo::domain::transaction::State::Out(Out::Completed), 5_000, "Maria");
    old.external_reference = Some(Safe::new("premio-900"));
    let other = row(901, saldo::domain::transaction::State::Out(Out::Completed), 5_000, "premio-900 too");
    let sought = Sought { text: "premio-900".to_owned(), rows: vec![old.clone(), other], payees: Vec::new() };
    screen.news(News::Sought(Box::new(sought)));
    let text = screen.text();
    assert!(text.contains("Open R$\u{a0}50,00 · Maria") && !text.contains("premio-900 too"), "{text}");
    // The search was selected, and still is.
    let mut searched = screen.clone();
    let effects = searched.keys("enter");
    assert!(commands(&effects).iter().any(|one| matches!(one, Command::ShowFeed(_))), "{effects:?}");
    let effects = screen.keys("k enter");
    assert!(
        commands(&effects).iter().any(|one| matches!(one, Command::ShowLife(Some(row)) if *row == old.id)),
        "{effects:?}"
    );
}

#[test]
fn who_was_paid_before_is_offered_whole() {
    let mut screen = pasted(Lang::En, "maria@example.com");
    let order = intent(14, 5, Out::Completed).order;
    let payee = Payee {
        name: order.name,
        document: order.document,
        destination: order.destination,
        times: 3,
        total: Centavos::new(150_075),
        last_paid: before(90_000),
        is_favourite: false,
    };
    let sought = Sought { text: "maria@example.com".to_owned(), rows: Vec::new(), payees: vec![payee] };
    screen.news(News::Sought(Box::new(sought)));
    screen.keys("up enter");
    form(&screen, &["Maria da Silva", "maria@example.com", "52998224725"]);
}

#[test]
fn a_favourite_is_marked_and_takes_the_cursor_along() {
    let order = intent(14, 5, Out::Completed).order;
    let payee = |name: &str, key: &str, is_favourite| Payee {
        name: name.to_owned(),
        document: order.document.clone(),
        destination: Destination::Pix(PixKey::parse(key, None).unwrap()),
        times: 3,
        total: Centavos::new(150_075),
        last_paid: before(90_000),
        is_favourite,
    };
    for (lang, word) in [(Lang::En, "favourite"), (Lang::PtBr, "favorito")] {
        let mut screen = Screen::new(lang).size(120, 30);
        screen.keys(":");
        screen.type_text("padaria");
        let told =
            |payees| News::Sought(Box::new(Sought { text: "padaria".to_owned(), rows: Vec::new(), payees }));
        let (bela, rosa) = (("Padaria Bela", "bela@example.com"), ("Padaria Rosa", "rosa@example.com"));
        screen.news(told(vec![payee(bela.0, bela.1, false), payee(rosa.0, rosa.1, false)]));
        screen.keys("down");
        assert!(screen.text().contains(word), "{}", screen.text());
        let effects = screen.keys("ctrl-f");
        let favour = commands(&effects)
            .into_iter()
            .find_map(|command| match command {
                Command::Favour(favour) => Some(favour.clone()),
                _ => None,
            })
            .unwrap();
        assert_eq!(
            (&favour.destination, favour.is_favourite),
            (&payee(rosa.0, rosa.1, false).destination, true)
        );
        let effects = screen.news(News::Favoured(Ok(())));
        assert!(commands(&effects).iter().any(|command| matches!(command, Command::SeekAnew)), "{effects:?}");
        screen.news(told(vec![payee(rosa.0, rosa.1, true), payee(bela.0, bela.1, false)]));
        assert!(screen.text().contains("* Padaria Rosa"), "{}", screen.text());
        // The key means the payee that it meant before.
        let effects = screen.keys("ctrl-f");
        let favour = commands(&effects).into_iter().find_map(|command| match command {
            Command::Favour(favour) => Some(favour.clone()),
            _ => None,
        });
        assert_eq!(favour.map(|favour| favour.is_favourite), Some(false));
        // Where it could not be recorded, that is said.
        screen.news(News::Favoured(Err("the disk is full".to_owned())));
        assert!(screen.text().contains("the disk is full"), "{}", screen.text());
        assert!(payments(&screen.keys("enter")).is_empty());
        form(&screen, &["Padaria Rosa", "rosa@example.com"]);
    }
}

#[test]
fn a_line_of_a_spreadsheet_fills_the_form_and_sends_nothing() {
    let mut screen = pasted(Lang::En, LINE);
    let effects = screen.keys("enter");
    assert!(payments(&effects).is_empty());
    form(
        &screen,
        &["500,25", "maria@example.com", "Maria Silva", "529.982.247-25", "Salário", "check every field"],
    );
    // What was begun in the form comes back with the next empty one.
    let mut screen = Screen::new(Lang::En).size(100, 30);
    screen.keys("p 7 7 , 0 0 esc");
    screen.paste(LINE);
    screen.keys("enter");
    form(&screen, &["500,25"]);
    screen.keys("ctrl-x esc p");
    form(&screen, &["77,00"]);
}

#[test]
fn digits_that_are_a_cpf_and_a_telephone_are_chosen_by_a_person() {
    let mut screen = pasted(Lang::PtBr, "11987654374");
    let text = screen.text();
    assert!(text.contains("São pessoas diferentes: escolha."), "{text}");
    screen.keys("down enter");
    form(&screen, &["+5511987654374"]);
    let mut screen = pasted(Lang::PtBr, "11987654374");
    screen.keys("enter");
    // The key of a CPF is its owner's document.
    assert_eq!(screen.text().matches("11987654374").count(), 3, "{}", screen.text());
}

#[test]
fn the_first_line_of_the_form_takes_amounts_and_offers_the_rest() {
    let form_with = |text: &str| {
        let mut screen = Screen::new(Lang::En).size(100, 30);
        screen.keys("p");
        screen.paste(text);
        screen
    };
    form(&form_with("500,25"), &["New cash-out", "R$\u{a0}500,25"]);
    form(&form_with("500,2.5"), &["New cash-out", "500,2.5"]);
    form(&form_with(BR_CODE), &["New cash-out", "Fulano de Tal"]);
    let mut screen = form_with("maria@example.com");
    form(&screen, &["Into the form: PIX key (e-mail) maria@example.com", "as it is"]);
    screen.keys("enter");
    form(&screen, &["understood:", "maria@example.com"]);
    let mut screen = form_with("maria@example.com");
    screen.keys("down enter");
    form(&screen, &["maria@example.com"]);
    assert!(!screen.text().contains("Pasted text"));
    // Other lines take what they get.
    let mut screen = Screen::new(Lang::En).size(100, 30);
    screen.keys("p tab tab");
    screen.paste("maria@example.com");
    assert!(!screen.text().contains("Pasted text"));
}

#[test]
fn a_search_shows_what_was_pasted_and_can_be_changed() {
    let mut screen = pasted(Lang::En, E2E);
    let effects = screen.keys("enter");
    assert!(effects.iter().any(|effect| matches!(
        effect,
        Effect::Command(Command::ShowFeed(wish)) if wish.place == FeedPlace::Newest && !wish.query.filter.is_empty()
    )));
    assert!(screen.text().contains(&format!("“{E2E}”")), "{}", screen.text());
    screen.keys("/");
    assert!(screen.text().contains(&format!("e2e:{E2E}")), "{}", screen.text());
}

#[test]
fn control_characters_are_seen_and_not_obeyed() {
    let screen = pasted(Lang::En, "\u{1b}[2Jq\u{7}\u{202e}y");
    let text = screen.text();
    assert!(text.contains("^[[2Jq^G<U+202E>y") && text.contains("3 invisible or control"), "{text}");
    let (buffer, _) = screen.draw();
    assert!(buffer.content.iter().all(|cell| !cell.symbol().chars().any(char::is_control)));
}

#[test]
fn a_paste_where_something_is_asked_is_refused_in_words() {
    let mut screen = Screen::new(Lang::En).size(100, 40);
    screen.keys("p 5 0 0 tab tab m @ e . c o m tab M tab 5 2 9 9 8 2 2 4 7 2 5 enter");
    let effects = screen.paste("y\n");
    assert!(payments(&effects).is_empty());
    assert!(screen.text().contains("Nothing is pasted here"), "{}", screen.text());
    screen.keys("y");
    assert!(screen.decided.is_some(), "the review stays open");
}

#[test]
fn closing_goes_back_to_where_it_was_pasted() {
    let mut screen = Screen::new(Lang::En).size(100, 30);
    screen.keys("enter");
    screen.news(News::Life(Some(Box::new(life(16)))));
    let before = screen.text();
    screen.paste("500,25");
    assert_ne!(screen.text(), before);
    // What happened meanwhile is there.
    screen.news(News::Life(Some(Box::new(life(16)))));
    screen.paste("another");
    screen.keys("esc");
    assert_eq!(screen.text(), before);
}

#[test]
fn looks() {
    for lang in Lang::ALL {
        for (name, text) in
            [("key", "11987654374"), ("line", LINE), ("lines", "Maria;10,00\nJoão;20,00\nAna;3,00")]
        {
            for (columns, rows) in [(80, 24), (40, 10)] {
                let screen = pasted(lang, text).size(columns, rows);
                insta::assert_snapshot!(
                    format!("paste_{name}_{}_{columns}x{rows}", lang.as_str()),
                    screen.text()
                );
            }
        }
    }
}
