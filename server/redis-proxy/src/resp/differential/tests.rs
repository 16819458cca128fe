//! Generated streams, on each engine of the matrix.

use super::compared::disagreement;
use super::generator::{Random, pieces, stream, well_formed};
use super::matrix::{MATRIX, Started};
use super::replies::identity_command_run;
use super::scanned::{Forwarded, forward};

#[test]
fn the_scanner_and_redis_7_0_agree_about_generated_streams() {
    check(0);
}

#[test]
fn the_scanner_and_redis_8_0_agree_about_generated_streams() {
    check(1);
}

#[test]
fn the_scanner_and_valkey_8_1_agree_about_generated_streams() {
    check(2);
}

#[test]
fn the_scanner_and_valkey_9_1_agree_about_generated_streams() {
    check(3);
}

/// A stream and what the proxy makes of it.
struct Case {
    seed: u64,
    items: Vec<Vec<u8>>,
    bytes: Vec<u8>,
    proxy: Forwarded,
    /// As clients write: nothing of it may be refused.
    is_well_formed: bool,
}

impl Case {
    fn generated(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let is_well_formed = seed.is_multiple_of(4);
        let items = if is_well_formed {
            well_formed(&mut random)
        } else {
            stream(&mut random)
        };
        let bytes = items.concat();
        let proxy = forward(pieces(&bytes, &mut random));
        Self {
            seed,
            items,
            bytes,
            proxy,
            is_well_formed,
        }
    }

    fn of(items: Vec<Vec<u8>>, is_well_formed: bool) -> Self {
        let bytes = items.concat();
        let proxy = forward([bytes.as_slice()]);
        Self {
            seed: 0,
            items,
            bytes,
            proxy,
            is_well_formed,
        }
    }

    /// Returns `true` if the proxy must forward everything. It may refuse input on which the engines disagree:
    /// quotation marks within a word, and bytes other than CR LF after an argument. The refusal of a line longer than
    /// 64 KiB depends on the size of the engine's reads.
    fn is_exact(&self) -> bool {
        self.is_well_formed || (self.bytes.len() < 60 * 1024 && !self.proxy.has_ended)
    }

    /// Returns `true` when all engines split its lines into the same words. Valkey drops 0xFF from inline commands;
    /// Valkey 9.1 continues a word after a quotation mark, and Valkey 8.1 reads the command after a line of blanks as a
    /// line, whatever it is. There it is enough that no identity command passes.
    fn is_portable(&self) -> bool {
        let is_read_alike = |byte: &u8| !matches!(byte, 0xff | 0x0b | 0x0c | b'"' | b'\'');
        let has_word = |line: &[u8]| !line.trim_ascii().is_empty() || matches!(line, b"" | b"\r");
        self.is_well_formed
            || (self.bytes.iter().all(is_read_alike) && self.bytes.split(|byte| *byte == b'\n').all(has_word))
    }
}

fn check(number: usize) {
    let directory = tempfile::tempdir().unwrap();
    let engine = Started::new(MATRIX[number], directory.path());
    let streams = if std::env::var_os("CERTWARD_LONG_TESTS").is_some() {
        LONG
    } else {
        SHORT
    };
    // Another part of the same sequence for each engine.
    let first = seed() + ((number as u64) << 32);
    let mut found = Vec::new();
    let mut intercepted = 0;
    for start in (first..first + streams).step_by(BATCH) {
        let cases: Vec<_> = (start..start + BATCH as u64).map(Case::generated).collect();
        intercepted += cases.iter().filter(|case| !case.proxy.intercepted.is_empty()).count();
        found.extend(disagreements(&engine, &cases));
        if found.len() >= MOST_SHOWN {
            break;
        }
    }
    let shown: Vec<_> = found
        .into_iter()
        .take(MOST_SHOWN)
        .map(|(case, text)| {
            let seed = case.seed;
            let smallest = smallest(&engine, case, &kind_of(&text));
            let bytes = smallest.bytes.escape_ascii().to_string();
            format!("seed {seed}: {text}\n  smallest: {}", &bytes[..bytes.len().min(2000)])
        })
        .collect();
    assert!(
        shown.is_empty(),
        "{} disagrees with the scanner:\n{}",
        MATRIX[number],
        shown.join("\n")
    );
    assert!(
        intercepted as u64 > streams / 10,
        "the streams have no identity commands"
    );
    eprintln!(
        "{}: {streams} streams, {intercepted} with identity commands",
        MATRIX[number]
    );
}

fn disagreements(engine: &Started, cases: &[Case]) -> Vec<(Case, String)> {
    let streams: Vec<_> = cases.iter().map(|case| case.bytes.as_slice()).collect();
    let originals = engine.engine.answers(&streams);
    // Where nothing was changed there is nothing to run twice.
    let changed: Vec<_> = cases.iter().filter(|case| case.proxy.bytes != case.bytes).collect();
    let streams: Vec<_> = changed.iter().map(|case| case.proxy.bytes.as_slice()).collect();
    let mut forwarded = engine.engine.answers(&streams).into_iter();
    let mut found = Vec::new();
    for (case, original) in cases.iter().zip(&originals) {
        let answer = if case.proxy.bytes == case.bytes {
            original.clone()
        } else {
            forwarded.next().expect("one for each")
        };
        let whole = forward([case.bytes.as_slice()]);
        // A line of more than 64 KiB is refused when so much of it is there without its end.
        let text = if whole != case.proxy && case.bytes.len() <= 60 * 1024 {
            Some("it is another one when it is split".to_owned())
        } else if !engine.is_valkey || (case.is_portable() && !is_read_otherwise(original)) {
            disagreement(&case.proxy, original, &answer, case.is_exact())
        } else {
            identity_command_run(&answer)
                .map(|reply| format!("a command got past the scanner: {}", reply.escape_ascii()))
        };
        if let Some(text) = text {
            let case = Case {
                seed: case.seed,
                items: case.items.clone(),
                bytes: case.bytes.clone(),
                proxy: case.proxy.clone(),
                is_well_formed: case.is_well_formed,
            };
            found.push((case, text));
        }
    }
    found
}

/// Returns `true` when an engine read the stream differently from Redis: Valkey 9.1 requires CR LF after each argument,
/// where the others accept any two bytes; Valkey 8.1 reads an array after a line of blanks as lines, wherever that line
/// begins.
fn is_read_otherwise(original: &[u8]) -> bool {
    let has = |text: &[u8]| original.windows(text.len()).any(|part| part == text);
    has(b"-ERR Protocol error: invalid CRLF in request") || has(b"-ERR unknown command '*")
}

/// The same without whatever can be left out.
fn smallest(engine: &Started, case: Case, kind: &str) -> Case {
    let mut best = case;
    for unit in ["items", "bytes"] {
        if unit == "bytes" {
            if best.bytes.len() > 300 || best.is_well_formed {
                break;
            }
            best.items = best.bytes.iter().map(|byte| vec![*byte]).collect();
        }
        let mut at = 0;
        while at < best.items.len() {
            let mut items = best.items.clone();
            items.remove(at);
            let candidate = Case::of(items, best.is_well_formed);
            let found = disagreements(engine, std::slice::from_ref(&candidate));
            if found.iter().any(|(_, text)| kind_of(text) == kind) {
                best = candidate;
            } else {
                at += 1;
            }
        }
    }
    best
}

/// The words of a disagreement that are the same for all of its kind.
fn kind_of(text: &str) -> String {
    let words = text.split(':').next().unwrap_or_default();
    words
        .chars()
        .filter(|letter| !letter.is_ascii_digit())
        .take(40)
        .collect()
}

/// `CERTWARD_SEED`, else always the same.
fn seed() -> u64 {
    std::env::var("CERTWARD_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(0)
}

const SHORT: u64 = 10_000;
const LONG: u64 = 1_000_000;
const BATCH: usize = 100;
const MOST_SHOWN: usize = 10;
