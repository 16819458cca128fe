use super::*;

fn line(marker: &Marker) -> Vec<u8> {
    format!("-ERR unknown command '{}', with args beginning with: \r\n", marker.0).into_bytes()
}

/// What the client gets, and what came of the exchange, of the same input whole, cut in two at every byte, and byte by byte.
fn check(
    expect: impl Fn(&mut ReplyRewriter),
    received: impl Fn(&ReplyRewriter) -> Vec<u8>,
    expected: &[u8],
    settled: Option<(bool, bool)>,
) {
    let run = |pieces: &dyn Fn(usize) -> Vec<usize>| {
        let mut rewriter = ReplyRewriter::default();
        expect(&mut rewriter);
        let received = received(&rewriter);
        let mut rest = received.as_slice();
        let mut out = Vec::new();
        for length in pieces(received.len()) {
            let (piece, after) = rest.split_at(length.min(rest.len()));
            out.extend(rewriter.rewrite(piece).unwrap());
            rest = after;
        }
        let exchanged = rewriter.take_settled();
        assert!(!rewriter.is_exchanging());
        out.extend(rewriter.take_held());
        let exchanged = exchanged.map(|settled| (settled.is_done, settled.was_silent));
        (out.escape_ascii().to_string(), exchanged, received.len())
    };
    let (whole, exchanged, length) = run(&|length| vec![length]);
    assert_eq!(
        (whole.clone(), exchanged),
        (expected.escape_ascii().to_string(), settled)
    );
    for at in 0..=length {
        let (out, exchanged, _) = run(&|length| vec![at, length - at]);
        assert_eq!((out, exchanged), (whole.clone(), settled), "cut at {at}");
    }
    assert_eq!(run(&|length| vec![1; length]).0, whole, "byte by byte");
}

fn exchange(rewriter: &ReplyRewriter) -> &Exchange {
    rewriter.exchange.as_ref().unwrap()
}

/// The answers of an engine to a login whose own answer is this, between what it answers before and after.
fn login_answers(rewriter: &ReplyRewriter, turned_on: &[u8], answer: &[u8]) -> Vec<u8> {
    let exchange = exchange(rewriter);
    let [first, second] = exchange.probes.each_ref().map(line);
    [
        b":1\r\n",
        first.as_slice(),
        &second,
        turned_on,
        &line(&exchange.start),
        answer,
        &line(&exchange.end),
        b":2\r\n",
    ]
    .concat()
}

fn log_in(rewriter: &mut ReplyRewriter) {
    rewriter.log_in(b"AUTH");
}

#[test]
fn an_answer_is_replaced_in_its_place() {
    let refuse = |rewriter: &mut ReplyRewriter| {
        rewriter.refuse("-ERR no".to_owned());
    };
    let received = |rewriter: &ReplyRewriter| {
        [
            b"+OK\r\n$1\r\n-\r\n",
            line(&rewriter.refusals[0].marker).as_slice(),
            b":1\r\n",
        ]
        .concat()
    };
    check(refuse, received, b"+OK\r\n$1\r\n-\r\n-ERR no\r\n:1\r\n", None);
}

#[test]
fn what_only_looks_like_it_stays() {
    let value = [b"$10\r\n", line(&Marker::new()).as_slice(), b"+RESET\r\n+OK\r\n"].concat();
    let refuse = |rewriter: &mut ReplyRewriter| {
        rewriter.refuse("-ERR no".to_owned());
    };
    let received = |rewriter: &ReplyRewriter| [value.as_slice(), &line(&rewriter.refusals[0].marker), &value].concat();
    check(
        refuse,
        received,
        &[value.as_slice(), b"-ERR no\r\n", &value].concat(),
        None,
    );
}

#[test]
fn several_are_told_apart_and_one_that_is_never_answered_is_passed_over() {
    let refuse = |rewriter: &mut ReplyRewriter| {
        for error in ["-ERR a", "-ERR b", "-ERR c"] {
            rewriter.refuse(error.to_owned());
        }
    };
    let received = |rewriter: &ReplyRewriter| {
        let line = |number: usize| line(&rewriter.refusals[number].marker);
        [line(1).as_slice(), b"+OK\r\n", &line(2)].concat()
    };
    check(refuse, received, b"-ERR b\r\n+OK\r\n-ERR c\r\n", None);
}

#[test]
fn a_login_is_done_when_the_engine_says_so_between_the_markers() {
    for (answer, shown, is_done) in [
        ("+OK\r\n", "+OK\r\n", true),
        (
            "%1\r\n$6\r\nserver\r\n$5\r\nredis\r\n",
            "%1\r\n$6\r\nserver\r\n$5\r\nredis\r\n",
            true,
        ),
        (
            "*2\r\n$6\r\nserver\r\n$5\r\nredis\r\n",
            "*2\r\n$6\r\nserver\r\n$5\r\nredis\r\n",
            true,
        ),
        ("-WRONGPASS no\r\n", "-WRONGPASS no\r\n", false),
        ("", std::str::from_utf8(WRONG_PASSWORD).unwrap(), false),
        ("+QUEUED\r\n", std::str::from_utf8(IN_TRANSACTION).unwrap(), false),
        // Messages to a subscriber come between, whatever they say.
        (
            "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$5\r\n+OK\r\n\r\n-ERR no\r\n>2\r\n+message\r\n+OK\r\n",
            "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$5\r\n+OK\r\n\r\n-ERR no\r\n>2\r\n+message\r\n+OK\r\n",
            false,
        ),
    ] {
        for turned_on in ["+OK\r\n", "-NOAUTH no\r\n", "+QUEUED\r\n"] {
            let received = |rewriter: &ReplyRewriter| login_answers(rewriter, turned_on.as_bytes(), answer.as_bytes());
            let expected = format!(":1\r\n{shown}:2\r\n");
            check(log_in, received, expected.as_bytes(), Some((is_done, false)));
        }
    }
}

#[test]
fn a_login_without_answers_is_not_shown_and_answers_are_turned_off_again() {
    let received = |rewriter: &ReplyRewriter| {
        let exchange = exchange(rewriter);
        let (start, end) = (line(&exchange.start), line(&exchange.end));
        [b"+OK\r\n+OK\r\n", start.as_slice(), b"+OK\r\n", &end].concat()
    };
    check(log_in, received, b"+OK\r\n", Some((true, true)));
    let skipped = |rewriter: &ReplyRewriter| {
        let exchange = exchange(rewriter);
        let (probe, start, end) = (line(&exchange.probes[1]), line(&exchange.start), line(&exchange.end));
        [
            b":1\r\n",
            probe.as_slice(),
            b"+OK\r\n",
            &start,
            b"-WRONGPASS no\r\n",
            &end,
            b":2\r\n",
        ]
        .concat()
    };
    check(log_in, skipped, b":1\r\n:2\r\n", Some((false, false)));
}

#[test]
fn a_reset_is_answered_once() {
    for (login, answers) in [(Some(b"AUTH".as_slice()), "+RESET\r\n+OK\r\n"), (None, "+RESET\r\n")] {
        let reset = |rewriter: &mut ReplyRewriter| {
            rewriter.reset(login);
        };
        for is_silent in [false, true] {
            let received = |rewriter: &ReplyRewriter| {
                let exchange = exchange(rewriter);
                let start = if is_silent { Vec::new() } else { line(&exchange.start) };
                [
                    b"+OK\r\n+RESET\r\n+OK\r\n",
                    start.as_slice(),
                    answers.as_bytes(),
                    &line(&exchange.end),
                    b"+PONG\r\n",
                ]
                .concat()
            };
            check(
                reset,
                received,
                b"+OK\r\n+RESET\r\n+OK\r\n+RESET\r\n+PONG\r\n",
                Some((true, false)),
            );
        }
    }
}

#[test]
fn an_exchange_that_leaves_open_who_the_connection_is_is_an_error() {
    for answers in [
        "+RESET\r\n-WRONGPASS no\r\n",
        "-NOPERM no\r\n+OK\r\n",
        "+RESET\r\n",
        "+OK\r\n+OK\r\n",
        "nonsense\r\n",
    ] {
        let mut rewriter = ReplyRewriter::default();
        rewriter.reset(Some(b"AUTH"));
        let exchange = exchange(&rewriter);
        let received = [
            line(&exchange.start).as_slice(),
            answers.as_bytes(),
            &line(&exchange.end),
        ]
        .concat();
        assert_eq!(rewriter.rewrite(&received), Err(Undecided), "{answers:?}");
    }
}

#[test]
fn nothing_is_kept_when_nothing_is_expected() {
    let mut rewriter = ReplyRewriter::default();
    rewriter.refuse("-ERR no".to_owned());
    assert!(!rewriter.is_idle());
    let answer = line(&rewriter.refusals[0].marker);
    rewriter.rewrite(&answer).unwrap();
    assert!(rewriter.is_idle());
    log_in(&mut rewriter);
    let answers = login_answers(&rewriter, b"+OK\r\n", b"+OK\r\n");
    rewriter.rewrite(&answers).unwrap();
    assert!(rewriter.is_idle());
}
