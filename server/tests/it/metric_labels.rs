//! The words that metrics have in their labels, held against the documentation.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn every_reason_and_outcome_of_a_metric_is_documented() {
    let page = include_str!("../../../docs/operations.md");
    let mut words = BTreeSet::new();
    let server = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in fs::read_dir(server).unwrap() {
        let folder = folder.unwrap().path();
        for source in [folder.join("src"), folder] {
            if source.is_dir() && source.ends_with("src") {
                collect(&source, &mut words);
            }
        }
    }
    for known in [
        "timed_out",
        "decision_changed",
        "no_user_with_subject",
        "resources",
        "failed",
        "database_closed",
    ] {
        assert!(words.contains(known), "{known} is not found in the source: {words:?}");
    }
    let missing: Vec<_> = words
        .iter()
        .filter(|word| !page.contains(&format!("`{word}`")))
        .collect();
    assert!(
        missing.is_empty(),
        "docs/operations.md does not say what these mean: {missing:?}"
    );
}

/// The words that functions named `reason` or `outcome` give, those that are given to a metric or a cut as they are, and those
/// that are an error: a session ends with such a word.
fn collect(folder: &Path, words: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, words);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            collect_from(text, words);
        }
    }
}

fn collect_from(text: &str, words: &mut BTreeSet<String>) {
    for name in [
        "fn reason(&self) -> &'static str {",
        "fn reason(self) -> &'static str {",
        "fn outcome(&self) -> &'static str {",
    ] {
        for body in text.split(name).skip(1) {
            let end = body.find("\n    }\n").unwrap_or(body.len());
            words.extend(quoted(&body[..end]));
        }
    }
    for start in [
        "\"reason\" => ",
        "\"outcome\" => ",
        ".cut(",
        "order_all(Order::Cut, ",
        "Err(",
    ] {
        for rest in text.split(start).skip(1) {
            // The text that stands there alone.
            if let Some((text, _)) = rest.strip_prefix('"').and_then(|rest| rest.split_once('"')) {
                words.extend(quoted(&format!("\"{text}\"")));
            }
        }
    }
}

/// The words between quotes.
fn quoted(text: &str) -> Vec<String> {
    let is_word =
        |word: &&str| !word.is_empty() && word.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_');
    text.split('"')
        .skip(1)
        .step_by(2)
        .filter(is_word)
        .map(str::to_owned)
        .collect()
}
