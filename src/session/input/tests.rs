use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::super::scanner::{BROKEN_SILENCE, KEY_SILENCE, MAX_PASTE};
use super::*;

/// Feeds each chunk with silence before it, then lets all deadlines pass.
fn decode(chunks: &[(Duration, &[u8])], expecting: bool) -> Vec<Input> {
    let mut decoder = Decoder::default();
    let mut now = Instant::now();
    let mut out = Vec::new();
    if expecting {
        decoder.expect_replies(now);
    }
    for (silence, bytes) in chunks {
        now = pass(&mut decoder, now, *silence, &mut out);
        decoder.feed(bytes, now, &mut out);
    }
    pass(&mut decoder, now, Duration::from_secs(60), &mut out);
    out
}

/// Time goes by as the loop sees it: a flush at each deadline.
fn pass(decoder: &mut Decoder, from: Instant, silence: Duration, out: &mut Vec<Input>) -> Instant {
    let until = from + silence;
    let mut now = from;
    while let Some(deadline) = decoder.deadline(now).filter(|deadline| *deadline <= until) {
        now = now.max(deadline);
        decoder.flush(now, out);
    }
    until
}

fn at_once(bytes: &[u8]) -> Vec<Input> {
    decode(&[(Duration::ZERO, bytes)], false)
}

fn keys(names: &[&str]) -> Vec<Input> {
    names.iter().map(|name| Input::Key(name.parse().unwrap())).collect()
}

#[test]
fn bytes_become_keys() {
    for (bytes, names) in [
        (&b"a"[..], &["a"][..]),
        (b"G", &["G"]),
        ("ã€😀".as_bytes(), &["ã", "€", "😀"]),
        (b" ", &["space"]),
        (b"\r", &["enter"]),
        (b"\t", &["tab"]),
        (b"\x7f", &["backspace"]),
        (b"\x0c\x1a\x03", &["ctrl-l", "ctrl-z", "ctrl-c"]),
        (b"\x00", &["ctrl-space"]),
        (b"\x1b", &["esc"]),
        (b"\x1b\x1b", &["esc", "esc"]),
        (b"\x1b\x1b[A", &["esc", "up"]),
        (b"\x1bx", &["alt-x"]),
        ("\u{1b}ã".as_bytes(), &["alt-ã"]),
        (b"\x1b[", &["alt-["]),
        (b"\x1b]", &["alt-]"]),
        (b"\x1bO", &["alt-O"]),
        (b"\x1bP", &["alt-P"]),
        (b"\x1b]q", &["alt-]", "q"]),
        (b"\x1b[A\x1b[B\x1b[C\x1b[D", &["up", "down", "right", "left"]),
        (b"\x1bOA\x1bOP", &["up", "f1"]),
        (b"\x1b[H\x1b[F\x1b[1~\x1b[4~", &["home", "end", "home", "end"]),
        (b"\x1b[5~\x1b[6~\x1b[2~\x1b[3~", &["page-up", "page-down", "insert", "delete"]),
        (b"\x1b[Z", &["shift-tab"]),
        (b"\x1b[1;5A\x1b[1;2C", &["ctrl-up", "shift-right"]),
        (b"\x1b[15~\x1b[24~\x1b[[A", &["f5", "f12", "f1"]),
        (b"\x1b[97;5u", &["ctrl-a"]),
        (b"\x1b[97;1:3u", &[]),
        (b"\xff\xfea\xc3b", &["a", "b"]),
    ] {
        assert_eq!(at_once(bytes), keys(names), "{:?}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn what_has_no_meaning_is_dropped_whole() {
    for bytes in [
        &b"\x1b[>1;4000;0c"[..],
        b"\x1b[?1;2R",
        b"\x1b[12;40R",
        b"\x1b[?0u",
        b"\x1b[?997;1n",
        b"\x1b[?1049;2$y",
        b"\x1b[4;384;1280t",
        b"\x1bP>|XTerm(390)\x1b\\",
        b"\x1bP1$r0m\x1b\\",
        b"\x1bP1+r544e\x1b\\",
        b"\x1b]52;c;aGk=\x07",
        b"\x1b]4;1;rgb:ff/00/00\x1b\\",
        b"\x1b]11;nonsense\x07",
        b"\x1b_Gi=1;OK\x1b\\",
        b"\x1b[<0;10;10m",
        b"\x1b[M !!",
        b"\x1b[201~",
        b"\x1b[;;;;;A1~",
    ] {
        let mut stream = bytes.to_vec();
        stream.push(b'z');
        let found = at_once(&stream);
        let expected = keys(&["z"]);
        assert!(found.ends_with(&expected), "{:?}: {found:?}", String::from_utf8_lossy(bytes));
        let typed = found
            .iter()
            .filter(|input| matches!(input, Input::Key(press) if matches!(press.key, Key::Char(_))));
        // The malformed cursor key ends at its first letter; what follows it was typed.
        let allowed = if bytes.ends_with(b"A1~") { 3 } else { 1 };
        assert_eq!(typed.count(), allowed, "{:?}: {found:?}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn answers_are_understood() {
    let grey = Rgb { red: 0x10, green: 0x10, blue: 0x14 };
    for (bytes, reply) in [
        (&b"\x1b[?2026;2$y"[..], TerminalReply::SynchronizedOutput(true)),
        (b"\x1b[?2026;1$y", TerminalReply::SynchronizedOutput(true)),
        (b"\x1b[?2026;0$y", TerminalReply::SynchronizedOutput(false)),
        (b"\x1b[?2026;4$y", TerminalReply::SynchronizedOutput(false)),
        (b"\x1b]11;rgb:1010/1010/1414\x1b\\", TerminalReply::Background(grey)),
        (b"\x1b]11;rgb:10/10/14\x07", TerminalReply::Background(grey)),
        (b"\x1b]10;rgb:1010/1010/1414\x07", TerminalReply::Foreground(grey)),
        (b"\x1b[?62;22;52c", TerminalReply::DeviceAttributes),
        (b"\x1b[?6c", TerminalReply::DeviceAttributes),
    ] {
        assert_eq!(at_once(bytes), [Input::Reply(reply)], "{:?}", String::from_utf8_lossy(bytes));
    }
    assert_eq!(at_once(b"\x1b[I\x1b[O"), [Input::FocusGained, Input::FocusLost]);
    assert!(grey.is_dark());
    assert!(!Rgb { red: 0xfd, green: 0xf6, blue: 0xe3 }.is_dark());
}

#[test]
fn a_lone_escape_waits_thirty_milliseconds_and_no_longer() {
    let mut decoder = Decoder::default();
    let now = Instant::now();
    let mut out = Vec::new();
    decoder.feed(b"\x1b", now, &mut out);
    assert_eq!(decoder.deadline(now), Some(now + KEY_SILENCE));
    decoder.flush(now + KEY_SILENCE / 2, &mut out);
    assert_eq!(out, []);
    decoder.flush(now + KEY_SILENCE, &mut out);
    assert_eq!(out, keys(&["esc"]));
    assert_eq!(decoder.deadline(now + KEY_SILENCE), None);
}

#[test]
fn nothing_is_waited_for_between_keys() {
    let mut decoder = Decoder::default();
    let now = Instant::now();
    decoder.expect_replies(now);
    decoder.feed(b"abc\x1b[A", now, &mut Vec::new());
    assert_eq!(decoder.deadline(now), None);
}

#[test]
fn a_paste_is_one_piece_whatever_it_holds() {
    for (bytes, text) in [
        (&b"\x1b[200~500,25\x1b[201~"[..], "500,25"),
        (b"\x1b[200~\x1b[201~", ""),
        (b"\x1b[200~a\r\nb\rc\x1b[201~", "a\nb\nc"),
        (b"\x1b[200~\x03\x1b[A\x1b[?62;1c\x1b[201~", "\u{3}\u{1b}[A\u{1b}[?62;1c"),
        ("\u{1b}[200~ção\u{1b}[201~".as_bytes(), "ção"),
        (b"\x1b[200~\xff\x1b[201~", "\u{fffd}"),
    ] {
        let mut expected = vec![Input::Paste(text.to_owned())];
        assert_eq!(at_once(bytes), expected, "{text:?}");
        let mut stream = bytes.to_vec();
        stream.push(b'z');
        expected.extend(keys(&["z"]));
        let bytewise: Vec<_> =
            stream.chunks(1).map(|chunk| (KEY_SILENCE - Duration::from_millis(1), chunk)).collect();
        assert_eq!(decode(&bytewise, false), expected, "{text:?}");
    }
}

/// A slow link may pause inside the mark of a paste. The pause can make an Escape of its first byte, never
/// typed characters of the paste.
#[test]
fn a_paste_cut_by_the_network_is_still_a_paste() {
    let stream = b"\x1b[200~00020126\r\x1b[201~";
    for at in 1..stream.len() {
        for silence in [KEY_SILENCE, Duration::from_millis(1900)] {
            let found = decode(&[(Duration::ZERO, &stream[..at]), (silence, &stream[at..])], false);
            let expected = Input::Paste("00020126\n".to_owned());
            let early = match at {
                1 => keys(&["esc"]),
                2 => keys(&["alt-["]),
                _ => Vec::new(),
            };
            assert_eq!(found, [early, vec![expected]].concat(), "cut at {at} for {silence:?}");
        }
    }
}

#[test]
fn escape_and_then_a_bracket_are_two_keys() {
    let second = Duration::from_secs(1);
    assert_eq!(decode(&[(second, b"\x1b"), (second, b"["), (second, b"2")], false), keys(&["esc", "[", "2"]));
    assert_eq!(decode(&[(second, b"\x1b["), (second, b"2")], false), keys(&["alt-[", "2"]));
    assert_eq!(decode(&[(second, b"\x1b"), (second, b"\x1b[A")], false), keys(&["esc", "up"]));
}

#[test]
fn an_unterminated_paste_ends_by_silence_and_its_tail_is_not_typed() {
    let start: (Duration, &[u8]) = (Duration::ZERO, b"\x1b[200~00020126580014br.gov");
    let late = BROKEN_SILENCE * 2;
    let first = Input::Paste("00020126580014br.gov".to_owned());

    assert_eq!(decode(&[start], false), std::slice::from_ref(&first));
    assert_eq!(decode(&[start, (late, b"q")], false), [vec![first.clone()], keys(&["q"])].concat());
    assert_eq!(
        decode(&[start, (late, b".bcb.pix\r\x1b[201~q")], false),
        [vec![first.clone(), Input::Paste(".bcb.pix\n".to_owned())], keys(&["q"])].concat()
    );
    let tail = "0136123e4567-e12b-12d1-a456-426655440000".to_owned();
    assert_eq!(decode(&[start, (late, tail.as_bytes())], false), [first, Input::Paste(tail)]);
}

#[test]
fn a_paste_is_bounded_and_its_excess_is_not_typed() {
    for excess in [0, 1, 3, 100_000] {
        let mut stream = b"\x1b[200~".to_vec();
        stream.resize(stream.len() + MAX_PASTE + excess, b'x');
        stream.extend_from_slice(b"\x1b[201~q");
        let found = at_once(&stream);
        let [Input::Paste(text), rest @ ..] = &found[..] else { panic!("no paste") };
        assert_eq!(text.len(), MAX_PASTE, "{excess}");
        assert_eq!(rest, keys(&["q"]), "{excess}");
    }
}

const ANSWERS: [&[u8]; 6] = [
    b"\x1b[?2026;2$y",
    b"\x1b]11;rgb:1010/1010/1414\x1b\\",
    b"\x1b]11;rgb:ffff/ffff/ffff\x07",
    b"\x1b]10;rgb:d0d0/d0d0/d0d0\x1b\\",
    b"\x1b[?62;22;52c",
    b"\x1b[?1;2c",
];

/// Every split of every answer in two, with every length of silence at the split, between typed characters.
#[test]
fn a_split_answer_is_never_typed() {
    for answer in ANSWERS {
        let reply = at_once(answer);
        for at in 0..=answer.len() {
            for silence in [Duration::ZERO, KEY_SILENCE, Duration::from_millis(1900), Duration::from_secs(9)]
            {
                let chunks: [(Duration, &[u8]); 4] = [
                    (Duration::ZERO, b"5"),
                    (Duration::ZERO, &answer[..at]),
                    (silence, &answer[at..]),
                    (Duration::ZERO, b"7"),
                ];
                let found = decode(&chunks, true);
                let shown =
                    format!("{:?} at {at} after {silence:?}: {found:?}", String::from_utf8_lossy(answer));
                // A long silence after ESC makes it the Escape key; nothing can make it anything else.
                let known: Vec<_> = found.into_iter().filter(|input| *input != keys(&["esc"])[0]).collect();
                assert_eq!(known, [keys(&["5"]), reply.clone(), keys(&["7"])].concat(), "{shown}");
            }
        }
    }
}

proptest! {
    /// Answers and typed text, cut anywhere into reads without long silences: the text arrives as typed, the
    /// answers as answers, in their order.
    #[test]
    fn typed_text_and_answers_never_mix(
        pieces in prop::collection::vec(prop_oneof![
            "[ -~ãçé€]{0,6}".prop_map(|text| (text.into_bytes(), true)),
            (0..ANSWERS.len()).prop_map(|at| (ANSWERS[at].to_vec(), false)),
        ], 0..12),
        cuts in prop::collection::vec(1_usize..9, 0..200),
    ) {
        let stream: Vec<u8> = pieces.iter().flat_map(|(bytes, _)| bytes.clone()).collect();
        let mut expected = Vec::new();
        for (bytes, typed) in &pieces {
            if *typed {
                let text = String::from_utf8(bytes.clone()).unwrap();
                expected.extend(text.chars().map(|character| Input::Key(KeyPress::char(character))));
            } else {
                expected.extend(at_once(bytes));
            }
        }
        let mut chunks: Vec<(Duration, &[u8])> = Vec::new();
        let mut rest = &stream[..];
        for cut in cuts {
            let (chunk, after) = rest.split_at(cut.min(rest.len()));
            chunks.push((Duration::from_millis(29), chunk));
            rest = after;
        }
        chunks.push((Duration::ZERO, rest));
        prop_assert_eq!(decode(&chunks, false), expected);
    }

    /// No bytes, however cut, panic, or leave the session deaf: a key after a pause always arrives.
    #[test]
    fn no_bytes_make_it_deaf(
        chunks in prop::collection::vec(prop::collection::vec(prop_oneof![
            Just(0x1b_u8), Just(b'['), Just(b']'), Just(b'P'), Just(b'?'), Just(b'2'), Just(b'0'), Just(b'~'),
            Just(b';'), Just(b':'), Just(b'M'), Just(b'R'), Just(b'u'), any::<u8>(),
        ], 0..24), 0..12),
    ) {
        let mut timed: Vec<(Duration, &[u8])> =
            chunks.iter().map(|chunk| (Duration::from_millis(10), &chunk[..])).collect();
        timed.push((Duration::from_secs(5), b"q"));
        let found = decode(&timed, false);
        prop_assert!(found.ends_with(&keys(&["q"])), "{found:?}");
    }
}

#[test]
fn the_mouse_reports_clicks_and_the_wheel() {
    let mouse = |kind, x, y| Input::Mouse(Mouse { kind, at: Position { x, y } });
    for (bytes, inputs) in [
        (&b"\x1b[<0;1;1M"[..], vec![mouse(MouseKind::Click, 0, 0)]),
        (b"\x1b[<0;300;50M\x1b[<0;300;50m", vec![mouse(MouseKind::Click, 299, 49)]),
        (
            b"\x1b[<64;5;6M\x1b[<65;5;6M",
            vec![mouse(MouseKind::WheelUp, 4, 5), mouse(MouseKind::WheelDown, 4, 5)],
        ),
        // Held modifiers change nothing; other buttons, motion and what is broken are nothing.
        (b"\x1b[<16;2;2M", vec![mouse(MouseKind::Click, 1, 1)]),
        (b"\x1b[<2;2;2M\x1b[<32;2;2M\x1b[<35;2;2M", vec![]),
        (b"\x1b[<0;0;1M\x1b[<0;1M\x1b[<0;1;1;1M\x1b[<;;M\x1b[<99999999;1;1M", vec![]),
    ] {
        assert_eq!(at_once(bytes), inputs, "{}", bytes.escape_ascii());
    }
}
