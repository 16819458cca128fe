//! Allowed directions of imports inside the server's crates.

use std::fs;
use std::path::{Path, PathBuf};

/// A folder of `server`, and what its code must not name: Cargo keeps crates apart, this keeps the modules of a product.
const FORBIDDEN: &[(&str, &[&str])] = &[
    (
        "ravendb/src/usecases",
        &[
            "axum",
            "hyper",
            "http",
            "crate::api",
            "serde_json",
            "certward_transport",
        ],
    ),
    (
        "ravendb/src/access/authn",
        &["axum", "hyper", "http", "crate::api", "crate::usecases", "serde_json"],
    ),
    (
        "ravendb/src/access/authz",
        &[
            "axum",
            "hyper",
            "http",
            "crate::api",
            "crate::usecases",
            "serde_json",
            "certward_store",
        ],
    ),
    (
        "ravendb/src/model",
        &[
            "axum",
            "hyper",
            "http",
            "crate::api",
            "crate::usecases",
            "crate::access",
        ],
    ),
    ("redis-enterprise/src/cluster", &["axum", "hyper", "crate::api"]),
    (
        "redis-enterprise/src/rows",
        &["axum", "hyper", "http", "crate::api", "crate::cluster"],
    ),
    ("redis-model/src", &["axum", "hyper", "http", "tokio", "sqlx"]),
    ("redis-proxy/src", &["axum", "hyper", "http", "sqlx"]),
    ("certificates/src/issuer", &["axum", "hyper", "http", "serde_json"]),
    ("certificates/src/certificate", &["axum", "hyper", "http", "serde_json"]),
    ("store/src", &["axum", "hyper", "http"]),
];

#[test]
fn no_module_names_one_it_must_not_know() {
    let mut found = Vec::new();
    for (module, forbidden) in FORBIDDEN {
        let files = rust_files(&source().join(module));
        assert!(!files.is_empty(), "the table names server/{module}, which is not there");
        for (path, text) in files {
            for line in code_lines(&text) {
                if forbidden.iter().any(|name| names(line, name)) {
                    found.push(format!("{}: {line}", path.display()));
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

/// Returns `true` if a line has a path that begins with `name`.
fn names(line: &str, name: &str) -> bool {
    line.match_indices(name).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let is_inside = before.is_some_and(|before| before.is_alphanumeric() || before == '_' || before == ':');
        !is_inside && line[at + name.len()..].starts_with("::")
    })
}

#[test]
fn a_path_is_told_from_a_longer_one() {
    assert!(names("use axum::Router;", "axum") && names("fn of(x: crate::api::Y)", "crate::api"));
    assert!(!names("use certward_transport::http::aside;", "http") && !names("my_axum::x", "axum"));
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
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// The lines that are code: comments and documentation may name anything.
fn code_lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.starts_with("//"))
}

fn rust_files(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        if path.is_dir()
            && path
                .file_name()
                .is_none_or(|name| name != "tests" && name != "migrations")
        {
            // Unit tests stand where they need to.
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !path.to_string_lossy().ends_with("tests.rs")
        {
            let text = fs::read_to_string(&path).unwrap();
            files.push((path, text));
        }
    }
    files
}
