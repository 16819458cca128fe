//! Licences, bans and sources of every dependency, by cargo-deny. Advisories need its database: `cargo deny check advisories`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use certward_acceptance_tests::published_clients::conformance_tools;

#[test]
fn every_dependency_has_an_allowed_licence_version_and_source() {
    let result = check(&configuration());
    assert!(result.is_ok(), "{}", result.unwrap_err());
}

#[test]
fn a_banned_crate_and_a_licence_that_is_not_allowed_are_found() {
    for (rule, planted, finding) in [
        ("deny = [", "deny = [\n    { crate = \"serde_json\" },", "serde_json"),
        ("    \"Zlib\",\n", "", "\"Zlib\""),
    ] {
        let text = fs::read_to_string(configuration()).unwrap();
        assert_eq!(text.matches(rule).count(), 1, "{rule}");
        let directory = tempfile::tempdir().unwrap();
        let changed = directory.path().join("deny.toml");
        fs::write(&changed, text.replace(rule, planted)).unwrap();
        let findings = check(&changed).unwrap_err();
        assert!(findings.contains(finding), "{rule}: {findings}");
    }
}

/// Returns the findings as an error if there are any.
fn check(configuration: &Path) -> Result<(), String> {
    let output = Command::new(conformance_tools().with_file_name("cargo-deny"))
        .args(["--locked", "--workspace", "--color", "never", "--config"])
        .arg(configuration)
        .args(["check", "bans", "licenses", "sources"])
        .current_dir(workspace())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(()) } else { Err(text) }
}

fn configuration() -> PathBuf {
    workspace().join(".deny.toml")
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
