//! The programs that tests run: ours, as they were built, and the machine's.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Output};

/// A binary of this workspace, from the directory this test was built into.
///
/// # Panics
///
/// If it has not been built: `cargo build --workspace --bins` builds it.
#[must_use]
pub fn built(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    let directory = test
        .parent()
        .and_then(|deps| deps.parent())
        .expect("tests are built into target/PROFILE/deps");
    let path = directory.join(name);
    assert!(
        path.exists(),
        "{} is not built; run cargo build --workspace --bins",
        path.display()
    );
    path
}

/// True if a program is installed. If not, the test fails in CI; elsewhere this prints a note and returns false.
///
/// # Panics
///
/// In CI, when the program is missing.
#[must_use]
pub fn installed(program: &str) -> bool {
    let found = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|directory| directory.join(program).is_file()));
    let in_ci = std::env::var_os("CI").is_some();
    assert!(found || !in_ci, "{program} is not installed; `make test` installs it");
    if !found {
        eprintln!("skipped: {program} is not installed");
    }
    found
}

/// The Terraform that tests run: `$CERTWARD_TERRAFORM`, by default the one on `PATH`. `tools/run-tests` sets the variable to
/// each further version that is tested.
#[must_use]
pub fn terraform() -> OsString {
    std::env::var_os("CERTWARD_TERRAFORM").unwrap_or_else(|| "terraform".into())
}

/// Runs a command to its end.
///
/// # Panics
///
/// If it cannot be started or fails, with its output.
pub fn succeed(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?} ended with {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// True if the long forms of tests are requested (`make stress`).
#[must_use]
pub fn long_tests() -> bool {
    std::env::var_os("CERTWARD_LONG_TESTS").is_some()
}
