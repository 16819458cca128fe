//! The Markdown pages name files that exist; comments say what their item is.

mod citations;
mod comments;

use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn every_relative_link_of_the_pages_leads_to_a_file() {
    let mut checked = 0;
    let mut missing = Vec::new();
    for page in pages() {
        for link in links(&prose(&page)) {
            let target = link.split('#').next().unwrap_or_default();
            if target.is_empty() {
                continue;
            }
            checked += 1;
            if !page.with_file_name(target).exists() {
                missing.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(checked > 50, "only {checked} links were found");
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_path_of_the_repository_that_the_pages_name_exists() {
    let mut checked = 0;
    let mut missing = Vec::new();
    for page in pages() {
        let folder = page.parent().unwrap();
        let is_architecture = page.ends_with("ARCHITECTURE.md");
        for text in code_spans(&prose(&page)) {
            let bases = if TOP.iter().any(|top| text.starts_with(top)) {
                vec![workspace(), folder.to_owned()]
            } else if text.starts_with("src/") {
                vec![folder.to_owned()]
            } else if is_architecture && (text.ends_with('/') || has_extension(Path::new(&text), "rs")) {
                PARTS.iter().map(|part| workspace().join(part)).collect()
            } else {
                continue;
            };
            checked += 1;
            if !bases.iter().any(|base| base.join(&text).exists()) {
                missing.push(format!("{}: {text}", page.display()));
            }
        }
    }
    assert!(checked > 80, "only {checked} paths were found");
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Every Markdown file of the repository.
fn pages() -> Vec<PathBuf> {
    let pages = files(&["md"]);
    assert!(pages.len() > 30, "only {} pages were found", pages.len());
    pages
}

/// The files of the repository with one of the extensions.
fn files(extensions: &[&str]) -> Vec<PathBuf> {
    let mut files = Vec::new();
    collect(&workspace(), extensions, &mut files);
    files
}

fn collect(folder: &Path, extensions: &[&str], files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with('.') || GENERATED.contains(&name) {
            continue;
        }
        if path.is_dir() {
            collect(&path, extensions, files);
        } else if extensions.iter().any(|extension| has_extension(&path, extension)) {
            files.push(path);
        }
    }
}

/// The page with empty lines in place of its code blocks.
fn prose(page: &Path) -> String {
    let mut is_code = false;
    let mut prose = String::new();
    for line in fs::read_to_string(page).unwrap().lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        } else if !is_code {
            prose.push_str(line);
        }
        prose.push('\n');
    }
    prose
}

/// The targets of links within the repository.
fn links(prose: &str) -> Vec<String> {
    let targets = prose.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets
        .filter(|target| !target.contains("://") && !target.contains(char::is_whitespace))
        .map(str::to_owned)
        .collect()
}

/// The code spans that could be paths.
fn code_spans(prose: &str) -> Vec<String> {
    let spans = prose.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
    spans
        .filter(|text| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c)))
        .map(str::to_owned)
        .collect()
}

fn has_extension(path: &Path, wanted: &str) -> bool {
    path.extension().is_some_and(|extension| extension == wanted)
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Prefixes of paths from the root of the repository, or from the folder of the page.
const TOP: &[&str] = &[
    ".cargo/",
    ".ci/",
    "acceptance-tests/",
    "docs/",
    "examples/",
    "fuzz/",
    "provider/",
    "sdk/",
    "server/",
    "tools/",
];

/// The folders that ARCHITECTURE.md speaks of.
const PARTS: &[&str] = &[
    "server/src",
    "server/certificates/src",
    "server/ravendb/src",
    "server/redis-enterprise/src",
    "server/redis-model/src",
    "server/redis-proxy/src",
    "server/store/src",
    "server/system/src",
    "server/transport/src",
    "sdk/src",
    "sdk/pki/src",
    "provider/src",
    "acceptance-tests",
];

/// Names of folders that are not in version control.
const GENERATED: &[&str] = &["target", "node_modules"];
