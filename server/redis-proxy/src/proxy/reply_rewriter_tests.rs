use super::*;

fn line(marker: &Marker) -> Vec<u8> {
    match marker.state {
        LoginState::LoggedIn => format!(
            "-ERR unknown command '{}', with args beginning with: \r\n",
            marker.number
        ),
        LoginState::LoggedOut => format!("-ERR Syntax error in HELLO option '{}'\r\n", marker.number),
    }
    .into_bytes()
}

/// Checks the bytes for the client and the result of the exchange for one input: whole, cut in two at every byte, and
/// byte by byte.
fn check(
    expect: impl Fn(&mut ReplyRewriter),
    received: impl Fn(&ReplyRewriter) -> Vec<u8>,
    expected: &[u8],
    settled: Option<(bool, bool)>,
) {
    for state in [LoginState::LoggedIn, LoginState::LoggedOut] {
        check_in(state, &expect, &received, expected, settled);
    }
}

fn check_in(
    state: LoginState,
    expect: &impl Fn(&mut ReplyRewriter),
    received: &impl Fn(&ReplyRewriter) -> Vec<u8>,
    expected: &[u8],
    settled: Option<(bool, bool)>,
) {
    let run = |pieces: &dyn Fn(usize) -> Vec<usize>| {
        let mut rewriter = ReplyRewriter::new(state);
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

/// An engine's replies to a login that it answers like this, between the replies before and after.
fn login_answers(rewriter: &ReplyRewriter, turned_on: &[u8], answer: &[u8]) -> Vec<u8> {
    let exchange = exchange(rewriter);
    let probes: Vec<_> = exchange.probes.iter().map(line).collect();
    [
        b":1\r\n".as_slice(),
        &probes.concat(),
        if probes.is_empty() { b"" } else { turned_on },
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

fn log_in_silenced(rewriter: &mut ReplyRewriter) {
    rewriter.expect(Answering::MayBeOff);
    log_in(rewriter);
}

fn answer_of(command: &[u8]) -> Vec<u8> {
    let number = command
        .split(|byte| b"\r\n".contains(byte))
        .find(|word| word.len() == 32);
    [
        b"-ERR unknown command '".as_slice(),
        number.unwrap(),
        b"', with args beginning with: \r\n",
    ]
    .concat()
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
    let value = [
        b"$10\r\n",
        line(&Marker::new(LoginState::LoggedIn)).as_slice(),
        b"+RESET\r\n+OK\r\n",
    ]
    .concat();
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
    let in_transaction = format!("{IN_TRANSACTION}\r\n");
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
        ("+QUEUED\r\n", in_transaction.as_str(), false),
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
            check(log_in_silenced, received, expected.as_bytes(), Some((is_done, false)));
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
    check(log_in_silenced, received, b"+OK\r\n", Some((true, true)));
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
    check(log_in_silenced, skipped, b":1\r\n:2\r\n", Some((false, false)));
}

#[test]
fn a_reset_is_answered_once() {
    for (login, answers) in [(Some(b"AUTH".as_slice()), "+RESET\r\n+OK\r\n"), (None, "+RESET\r\n")] {
        let reset = |rewriter: &mut ReplyRewriter| {
            rewriter.expect(Answering::MayStayOff);
            rewriter.reset(login, LoginState::LoggedOut);
        };
        // Answers on, skipped for this command, and off: engines answer RESET in the first and the last.
        for (answered, shown) in [(2, "+RESET\r\n"), (1, ""), (0, "+RESET\r\n")] {
            let received = |rewriter: &ReplyRewriter| {
                let exchange = exchange(rewriter);
                let begun = [line(&exchange.probes[0]), line(&exchange.start)];
                [
                    b"+OK\r\n+RESET\r\n+OK\r\n",
                    begun[2 - answered..].concat().as_slice(),
                    answers.as_bytes(),
                    &line(&exchange.end),
                    b"+PONG\r\n",
                ]
                .concat()
            };
            let expected = format!("+OK\r\n+RESET\r\n+OK\r\n{shown}+PONG\r\n");
            check(reset, received, expected.as_bytes(), Some((true, false)));
        }
        let reset = |rewriter: &mut ReplyRewriter| {
            rewriter.reset(login, LoginState::LoggedOut);
        };
        let received = |rewriter: &ReplyRewriter| {
            let exchange = exchange(rewriter);
            assert!(exchange.probes.is_empty());
            let (start, end) = (line(&exchange.start), line(&exchange.end));
            [b"+OK\r\n", start.as_slice(), answers.as_bytes(), &end, b"+PONG\r\n"].concat()
        };
        check(reset, received, b"+OK\r\n+RESET\r\n+PONG\r\n", Some((true, false)));
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
        let mut rewriter = ReplyRewriter::new(LoginState::LoggedIn);
        rewriter.reset(Some(b"AUTH"), LoginState::LoggedIn);
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
    let mut rewriter = ReplyRewriter::new(LoginState::LoggedIn);
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

/// The next reply may take long: that of a blocking command.
#[test]
fn nothing_is_withheld_and_nothing_added_where_answers_are_on() {
    let mut rewriter = ReplyRewriter::new(LoginState::LoggedIn);
    let sent = rewriter.log_in(b"AUTH").to_vec();
    let words = sent.split(|byte| b"\r\n".contains(byte));
    assert_eq!(words.filter(|word| word.len() == 32).count(), 2);
    assert!(position(&sent, b"REPLY").is_none());
    assert_eq!(rewriter.rewrite(b"+OK\r\n").unwrap(), b"+OK\r\n");
    let mut rewriter = ReplyRewriter::new(LoginState::LoggedIn);
    rewriter.reset(Some(b"AUTH"), LoginState::LoggedIn);
    assert_eq!(rewriter.rewrite(b"+RESET\r\n+OK\r\n").unwrap(), b"+RESET\r\n+OK\r\n");
}

#[test]
fn a_silence_that_was_not_seen_ends_the_connection() {
    for resets in [false, true] {
        let mut rewriter = ReplyRewriter::new(LoginState::LoggedIn);
        if resets {
            rewriter.reset(None, LoginState::LoggedIn);
        } else {
            log_in(&mut rewriter);
        }
        let end = line(&exchange(&rewriter).end);
        assert_eq!(rewriter.rewrite(&[b"+OK\r\n", end.as_slice()].concat()), Err(Undecided));
    }
}

/// A rewriter whose exchange has ended with replies off, which are to be turned off again.
fn silenced() -> ReplyRewriter {
    let mut rewriter = ReplyRewriter::new(LoginState::LoggedIn);
    log_in_silenced(&mut rewriter);
    let exchange = exchange(&rewriter);
    let (start, end) = (line(&exchange.start), line(&exchange.end));
    let answers = [b"+OK\r\n", start.as_slice(), b"+OK\r\n", &end].concat();
    assert_eq!(rewriter.rewrite(&answers).unwrap(), b"");
    assert!(rewriter.take_settled().unwrap().was_silent);
    rewriter
}

#[test]
fn a_user_who_may_not_turn_answers_off_again_is_told_nothing_of_it() {
    let push = b">2\r\n+message\r\n$5\r\n-ERR \r\n";
    for size in 1..push.len() {
        let mut refused = silenced();
        let mut out = Vec::new();
        for piece in push.chunks(size) {
            out.extend(refused.rewrite(piece).unwrap());
        }
        assert_eq!(out, push, "in pieces of {size}");
        assert_eq!(refused.rewrite(b"-NOPERM no\r\n"), Err(Undecided));
    }
    let mut turned_on = silenced();
    assert!(!turned_on.is_idle());
    assert_eq!(turned_on.rewrite(b"+OK\r\n-ERR no\r\n").unwrap(), b"+OK\r\n-ERR no\r\n");
    assert!(turned_on.is_idle());
    // Another exchange, before the client has heard anything.
    let mut again = silenced();
    log_in(&mut again);
    let (start, end) = (line(&exchange(&again).start), line(&exchange(&again).end));
    let answers = [b"+OK\r\n", start.as_slice(), b"-WRONGPASS no\r\n", &end].concat();
    assert_eq!(again.rewrite(&answers).unwrap(), b"");
    assert!(again.take_settled().unwrap().was_silent);
}

#[test]
fn no_more_is_refused_than_is_remembered_while_answers_are_on() {
    let mut rewriter = ReplyRewriter::new(LoginState::LoggedIn);
    let mut answers = Vec::new();
    while !rewriter.is_full() {
        let number = answers.len();
        answers.push(answer_of(&rewriter.refuse(format!("-ERR {number}"))));
    }
    assert_eq!(answers.len(), MAX_REFUSALS);
    // While answers are off, the oldest of those that are not answered is forgotten, and none that will be.
    rewriter.expect(Answering::MayBeOff);
    for _ in 0..3 * MAX_REFUSALS {
        rewriter.refuse("-ERR unseen".to_owned());
    }
    assert_eq!(rewriter.refusals.len(), 2 * MAX_REFUSALS);
    assert_eq!(rewriter.rewrite(&answers[0]).unwrap(), b"-ERR 0\r\n");
    assert!(!rewriter.is_full());
    let expected: String = (1..MAX_REFUSALS).map(|number| format!("-ERR {number}\r\n")).collect();
    assert_eq!(rewriter.rewrite(&answers[1..].concat()).unwrap(), expected.as_bytes());
}

/// 16 MiB in pieces of 1 KiB.
#[test]
fn a_large_answer_inside_an_exchange_is_looked_at_once() {
    const ELEMENTS: usize = 4 * 1024 * 1024;
    for kind in ["*", ">"] {
        let mut rewriter = ReplyRewriter::new(LoginState::LoggedIn);
        log_in(&mut rewriter);
        let (start, end) = (line(&exchange(&rewriter).start), line(&exchange(&rewriter).end));
        rewriter.rewrite(&start).unwrap();
        let message = [format!("{kind}{ELEMENTS}\r\n").as_bytes(), &b":1\r\n".repeat(ELEMENTS)].concat();
        let mut out = Vec::with_capacity(message.len());
        let (last, pieces) = message.split_last().unwrap();
        let mut count = 0;
        for piece in pieces.chunks(1024) {
            out.extend(rewriter.rewrite(piece).unwrap());
            count += 1;
            assert!(kind == "*" || rewriter.held.len() < 4, "a message is held");
        }
        let scanned = rewriter.frame.scanned;
        assert!(
            scanned <= message.len() + 2 * count,
            "{scanned} bytes of {}",
            message.len()
        );
        out.extend(rewriter.rewrite(&[*last]).unwrap());
        assert!(out == message);
        assert_eq!(
            rewriter.rewrite(&[b"+OK\r\n", end.as_slice()].concat()).unwrap(),
            b"+OK\r\n"
        );
        assert!(rewriter.take_settled().unwrap().is_done);
    }
}
