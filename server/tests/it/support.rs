//! Helpers of several tests.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use certward_server::issuer::setup::{create_ca, create_server_certificate};
use certward_server::server_certificate::ServerCertificate;
use time::OffsetDateTime;
use time::macros::datetime;

/// The time of these tests.
pub(crate) const NOW: OffsetDateTime = datetime!(2026-11-21 21:10:00 UTC);

/// A server certificate from a CA of its own.
pub(crate) fn server_certificate() -> Arc<ServerCertificate> {
    let authority = create_ca(NOW).unwrap();
    let created = create_server_certificate(&authority, &["db.example".to_owned()], NOW).unwrap();
    Arc::new(created.to_server_certificate().unwrap())
}

/// True if `openssl` is installed. In CI, a missing one fails the test instead.
pub(crate) fn has_openssl() -> bool {
    let found = Command::new("openssl")
        .arg("version")
        .output()
        .is_ok_and(|output| output.status.success());
    assert!(found || std::env::var_os("CI").is_none(), "openssl is missing in CI");
    if !found {
        eprintln!("skipped: openssl is not installed");
    }
    found
}

/// Runs `openssl` in `directory` and expects it to succeed.
pub(crate) fn openssl(directory: &Path, arguments: &[&str]) -> String {
    let output = run_openssl(directory, arguments);
    assert!(
        output.status.success(),
        "openssl {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Runs `openssl` in `directory`.
pub(crate) fn run_openssl(directory: &Path, arguments: &[&str]) -> Output {
    Command::new("openssl")
        .current_dir(directory)
        .args(arguments)
        .output()
        .unwrap()
}
