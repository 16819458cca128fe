//! Allowed dependencies between the crates of the workspace, and a search for unused ones.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A crate's directory, and the crates of this workspace that it may depend on. Dependencies of tests are not
/// restricted.
const ALLOWED: &[(&str, &[&str])] = &[
    ("acceptance-tests", &["certward", "certward-pki", "certward-server"]),
    ("examples", &["certward"]),
    ("provider", &["certward", "terraform-plugin"]),
    ("provider/plugin", &["certward-pki"]),
    ("sdk", &["certward-pki"]),
    ("sdk/pki", &[]),
    (
        "server",
        &[
            "certward-pki",
            "certward-certificates",
            "certward-ravendb",
            "certward-redis-enterprise",
            "certward-redis-model",
            "certward-redis-proxy",
            "certward-store",
            "certward-system",
            "certward-transport",
        ],
    ),
    ("server/certificates", &["certward-pki", "certward-system"]),
    (
        "server/ravendb",
        &[
            "certward-pki",
            "certward-certificates",
            "certward-store",
            "certward-system",
            "certward-transport",
        ],
    ),
    (
        "server/redis-enterprise",
        &[
            "certward-pki",
            "certward-certificates",
            "certward-redis-model",
            "certward-redis-proxy",
            "certward-store",
            "certward-system",
            "certward-transport",
        ],
    ),
    (
        "server/redis-model",
        &["certward-pki", "certward-certificates", "certward-system"],
    ),
    (
        "server/redis-proxy",
        &[
            "certward-pki",
            "certward-certificates",
            "certward-redis-model",
            "certward-store",
            "certward-system",
            "certward-transport",
        ],
    ),
    ("server/store", &["certward-pki", "certward-system"]),
    ("server/system", &["certward-pki"]),
    (
        "server/transport",
        &["certward-pki", "certward-certificates", "certward-system"],
    ),
];

#[test]
fn no_crate_depends_on_one_that_it_must_not_know() {
    let root = manifest(Path::new(""));
    let members: BTreeSet<&str> = section(&root, "workspace")
        .filter_map(|line| line.trim().strip_prefix('"')?.split('"').next())
        .filter(|member| *member != "fuzz")
        .collect();
    let known: BTreeSet<&str> = ALLOWED.iter().map(|(folder, _)| *folder).collect();
    assert_eq!(members, known, "the table and the members of the workspace");

    let ours: Vec<String> = ALLOWED.iter().map(|(folder, _)| name_of(folder)).collect();
    for (folder, allowed) in ALLOWED {
        let manifest = manifest(Path::new(folder));
        let used = dependencies(&manifest, "dependencies").filter(|name| ours.iter().any(|ours| ours == name));
        for name in used {
            assert!(allowed.contains(&name), "{folder} must not depend on {name}");
        }
    }
}

#[test]
fn every_dependency_is_used() {
    let mut declared = BTreeSet::new();
    let mut unused = Vec::new();
    for (folder, _) in ALLOWED {
        let code = code(folder);
        let manifest = manifest(Path::new(folder));
        for part in ["dependencies", "dev-dependencies"] {
            for name in dependencies(&manifest, part) {
                declared.insert(name.to_owned());
                // The one crate here whose library has another name.
                let library = if name == "rustls-webpki" { "webpki" } else { name }.replace('-', "_");
                if !names(&code, &library) {
                    unused.push(format!("{folder}: {name}"));
                }
            }
        }
    }
    let root = manifest(Path::new(""));
    let workspace = dependencies(&root, "workspace.dependencies");
    unused.extend(
        workspace
            .filter(|name| !declared.contains(*name))
            .map(|name| format!("the workspace: {name}")),
    );
    assert!(declared.len() > 60, "only {} dependencies were found", declared.len());
    assert!(unused.is_empty(), "dependencies that nothing uses: {unused:#?}");
}

/// True if the code names a crate: as a whole word before `::`, or alone after `use`.
fn names(code: &str, library: &str) -> bool {
    code.match_indices(library).any(|(at, _)| {
        let is_word = |character: char| character.is_alphanumeric() || character == '_';
        let before = code[..at].chars().next_back();
        let after = &code[at + library.len()..];
        !before.is_some_and(is_word) && (after.starts_with("::") || after.starts_with(';') || after.starts_with("]"))
    })
}

/// The lines of a manifest's section.
fn section<'a>(manifest: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let header = format!("[{name}]");
    let lines = manifest.lines().skip_while(move |line| *line != header).skip(1);
    lines.take_while(|line| !line.starts_with('['))
}

fn dependencies<'a>(manifest: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let lines = section(manifest, name).filter(|line| line.starts_with(|first: char| first.is_alphanumeric()));
    lines.filter_map(|line| line.split(['.', ' ', '=']).next())
}

fn name_of(folder: &str) -> String {
    let manifest = manifest(Path::new(folder));
    let name = section(&manifest, "package").find_map(|line| line.strip_prefix("name = \""));
    name.unwrap().trim_end_matches('"').to_owned()
}

fn manifest(folder: &Path) -> String {
    fs::read_to_string(workspace().join(folder).join("Cargo.toml")).unwrap()
}

fn code(folder: &str) -> String {
    let mut files = Vec::new();
    for part in ["src", "tests", "examples", "build.rs"] {
        add_files(&workspace().join(folder).join(part), &mut files);
    }
    files.iter().map(|file| fs::read_to_string(file).unwrap()).collect()
}

fn add_files(path: &Path, files: &mut Vec<PathBuf>) {
    if path.is_file() && path.extension().is_some_and(|extension| extension == "rs") {
        files.push(path.to_owned());
    }
    for entry in fs::read_dir(path).into_iter().flatten() {
        add_files(&entry.unwrap().path(), files);
    }
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
