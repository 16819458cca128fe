//! The vendors' published clients: installed from their registries, once per checkout.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::programs::{built, succeed};

/// The interpreter of a virtual environment with the clients in it, made once per checkout and list of clients.
///
/// # Panics
///
/// If it cannot be created.
#[must_use]
pub fn python_environment() -> PathBuf {
    python_environment_of("python")
}

/// The same, with the conformance tools in it.
///
/// # Panics
///
/// If it cannot be created.
#[must_use]
pub fn conformance_tools() -> PathBuf {
    python_environment_of("conformance")
}

fn python_environment_of(clients: &str) -> PathBuf {
    let directory = cache().join(clients);
    let python = directory.join("bin/python");
    let requirements = program(&format!("{clients}/requirements.txt"));
    once(&directory, &requirements, || {
        succeed(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&directory));
        succeed(
            Command::new(&python)
                .args([
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "--disable-pip-version-check",
                    "--requirement",
                ])
                .arg(&requirements),
        );
    });
    python
}

/// A folder with the Node programs and the clients beside them, made once per checkout and list of clients.
///
/// # Panics
///
/// If it cannot be created.
#[must_use]
pub fn node_modules() -> PathBuf {
    let directory = cache().join("node");
    fs::create_dir_all(&directory).expect("the folder is ours");
    for file in ["package.json", "certificate_operations.mjs", "redis_calls.mjs"] {
        fs::copy(program(&format!("node/{file}")), directory.join(file)).expect("the folder is ours");
    }
    once(&directory, &program("node/package.json"), || {
        succeed(
            Command::new("npm")
                .args(["install", "--no-audit", "--no-fund", "--silent"])
                .current_dir(&directory),
        );
    });
    directory
}

/// Fills `directory`, unless it was filled before from the same `list`. One of several tests at a time.
fn once(directory: &Path, list: &Path, fill: impl FnOnce()) {
    fs::create_dir_all(cache()).expect("the folder is ours");
    let lock = fs::File::create(directory.with_extension("lock")).expect("the folder is ours");
    lock.lock().expect("the folder is ours");
    let wanted = fs::read(list).expect("the folder is ours");
    let ready = directory.join("ready");
    if fs::read(&ready).is_ok_and(|found| found == wanted) {
        return;
    }
    fill();
    fs::write(ready, wanted).expect("the folder is ours");
}

/// A client program of these tests, by its path below `clients`.
#[must_use]
pub fn program(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients").join(path)
}

fn cache() -> PathBuf {
    let built = built("certward-server");
    let target = built.parent().and_then(Path::parent);
    target
        .expect("programs are built into target/PROFILE")
        .join("tmp/published-clients")
}
