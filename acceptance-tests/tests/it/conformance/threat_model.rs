//! `docs/threat-model.md` names tests that exist, and has a row for each attack.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn every_test_that_the_threat_model_names_exists() {
    let tests = tests_of_the_workspace();
    let page = page();
    let named: Vec<&str> = page
        .split('`')
        .filter(|text| text.starts_with("certward") && text.contains("::"))
        .collect();
    assert!(named.len() > 100, "the page names {} tests", named.len());
    let missing: Vec<&&str> = named
        .iter()
        .filter(|name| **name != EXAMPLE && !tests.contains(**name))
        .collect();
    assert!(missing.is_empty(), "there are no such tests: {missing:#?}");
    assert!(!page.contains("TBD"), "a row waits for its test");
}

#[test]
fn the_threat_model_has_a_row_for_each_attack() {
    let page = page();
    for (letter, count) in [
        ('A', 17),
        ('B', 10),
        ('C', 12),
        ('D', 10),
        ('E', 6),
        ('F', 12),
        ('G', 6),
        ('H', 15),
        ('I', 9),
        ('J', 11),
        ('K', 2),
        ('S', 18),
    ] {
        for number in 1..=count {
            let row = format!("\n| {letter}{number} | ");
            assert_eq!(page.matches(&row).count(), 1, "{letter}{number}");
        }
    }
}

/// Every test function of the workspace, as `package::file::function`.
fn tests_of_the_workspace() -> BTreeSet<String> {
    let mut tests = BTreeSet::new();
    for (folder, package) in [
        ("server", "certward-server"),
        ("server/certificates", "certward-certificates"),
        ("server/ravendb", "certward-ravendb"),
        ("server/redis-enterprise", "certward-redis-enterprise"),
        ("server/redis-model", "certward-redis-model"),
        ("server/redis-proxy", "certward-redis-proxy"),
        ("server/store", "certward-store"),
        ("server/system", "certward-system"),
        ("server/transport", "certward-transport"),
        ("sdk", "certward"),
        ("sdk/pki", "certward-pki"),
        ("provider", "terraform-provider-certward"),
        ("provider/plugin", "terraform-plugin"),
        ("acceptance-tests", "certward-acceptance-tests"),
    ] {
        for part in ["src", "tests"] {
            let root = workspace().join(folder).join(part);
            for file in rust_files(&root) {
                let text = fs::read_to_string(&file).unwrap();
                let within = file.strip_prefix(&root).unwrap().with_extension("");
                let modules: Vec<&str> = within
                    .iter()
                    .filter_map(|part| part.to_str())
                    .filter(|part| *part != "mod")
                    .collect();
                let path = modules.join("::");
                tests.extend(test_functions(&text).map(|name| format!("{package}::{path}::{name}")));
            }
        }
    }
    tests
}

/// The functions behind an attribute that ends in `test]`, or in `test(…)]`.
fn test_functions(text: &str) -> impl Iterator<Item = &str> {
    let mut is_test = false;
    text.lines().filter_map(move |line| {
        let line = line.trim_start();
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_test = true;
        } else if is_test && !line.starts_with("#[") && !line.starts_with("//") {
            is_test = false;
            let line = line.strip_prefix("async ").unwrap_or(line);
            return line.strip_prefix("fn ")?.split('(').next();
        }
        None
    })
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

fn page() -> String {
    fs::read_to_string(workspace().join("docs/threat-model.md")).unwrap()
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Of a path that is cut off, in the page's explanation.
const EXAMPLE: &str = "certward-store::tests::…";
