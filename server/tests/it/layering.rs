//! Allowed directions of imports inside the server.

use std::fs;
use std::path::{Path, PathBuf};

/// The outer modules, which receive requests and assemble the parts: no inner module may name them.
const OUTSIDE: &[&str] = &["dialect", "http", "server", "command", "axum", "hyper"];
/// A folder of `src`, and the modules beside [`OUTSIDE`] that it must not name either.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("authority", &["listener", "config", "serde_json"]),
    ("cluster", &["config"]),
    ("authn", &["config", "store", "serde_json"]),
    ("authz", &["listener", "config", "store", "serde_json"]),
    ("issuer", &["listener", "store", "serde_json"]),
    ("store", &["listener"]),
    ("certificate", &["listener", "store", "serde_json"]),
];

#[test]
fn no_module_names_one_it_must_not_know() {
    let mut found = Vec::new();
    for (module, forbidden) in FORBIDDEN {
        let files = rust_files(&source().join(module));
        assert!(!files.is_empty(), "the table names src/{module}, which is not there");
        for (path, text) in files {
            for name in OUTSIDE.iter().chain(*forbidden) {
                let ours = format!("crate::{name}::");
                let theirs = format!("{name}::");
                for line in code_lines(&text) {
                    if line.contains(&ours) || (line.starts_with("use ") && line.contains(&format!("use {theirs}"))) {
                        found.push(format!("{}: {line}", path.display()));
                    }
                }
            }
        }
    }
    assert!(
        found.is_empty(),
        "arrows that point the wrong way:\n{}",
        found.join("\n")
    );
}

#[test]
fn only_the_clock_asks_the_system_for_the_time() {
    let asks: Vec<PathBuf> = rust_files(&source())
        .into_iter()
        .filter(|(path, text)| {
            !path.ends_with("clock.rs")
                && code_lines(text).any(|line| line.contains("SystemTime::now") || line.contains("OffsetDateTime::now"))
        })
        .map(|(path, _)| path)
        .collect();
    assert!(asks.is_empty(), "the time is taken from Clock, but for {asks:?}");
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The lines that are code: comments and documentation may name anything.
fn code_lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.starts_with("//"))
}

fn rust_files(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().is_none_or(|name| name != "tests") {
            // Unit tests stand where they need to.
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            files.push((path, text));
        }
    }
    files
}
