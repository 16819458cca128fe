//! The vendors' published clients, unchanged: PyPI `ravendb` 7.2.7 and npm `ravendb` 7.2.6.

use std::path::{Path, PathBuf};
use std::process::Command;

use certward::pki::Thumbprint;
use certward_acceptance_tests::programs::{installed, succeed};
use certward_acceptance_tests::reference_server::ReferenceServer;
use certward_acceptance_tests::test_pki::Identity;

#[test]
fn the_python_client_runs_its_certificate_operations() {
    if !installed("python3") {
        return;
    }
    let python = python_environment();
    check(Command::new(python).arg(program("python/certificate_operations.py")));
}

#[test]
fn the_node_client_runs_its_certificate_operations() {
    if !installed("node") || !installed("npm") {
        return;
    }
    let modules = node_modules();
    check(
        Command::new("node")
            .current_dir(&modules)
            .arg(modules.join("certificate_operations.mjs")),
    );
}

/// Runs a client program against a new server and reads its steps.
fn check(command: &mut Command) {
    let server = ReferenceServer::start();
    let identity = Identity::self_signed("published-client");
    let admin = format!(
        "{}\n{}\n",
        server.read("admin.crt").trim(),
        server.read("admin.key").trim()
    );
    let output = succeed(
        command
            .env("ENDPOINT", server.endpoint())
            .env("CLIENT_PEM", server.write("admin.pem", admin.as_bytes()))
            .env("CA", server.path("ca.crt"))
            .env(
                "CERTIFICATE",
                server.write("put.crt", identity.certificate_pem.as_bytes()),
            )
            .env(
                "CERTIFICATE_THUMBPRINT",
                Thumbprint::of(&identity.certificate).to_string(),
            )
            .env("PREFIX", "certward-acc-")
            .env("REPLACEMENT_PFX", server.path("server.pfx"))
            .env("WORK", server.work()),
    );
    let steps = String::from_utf8_lossy(&output.stdout).into_owned();
    println!("{steps}");
    assert!(
        steps.ends_with("ok: the server certificate is replaced\n"),
        "the program did not reach its end"
    );
}

/// The interpreter of a virtual environment with the client in it, made once per checkout.
fn python_environment() -> PathBuf {
    let directory = cache().join("python");
    let python = directory.join("bin/python");
    let ready = directory.join("ready");
    if !ready.exists() {
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
                .arg(program("python/requirements.txt")),
        );
        std::fs::write(ready, "").unwrap();
    }
    python
}

/// A folder with the Node program and the client beside it, made once per checkout.
fn node_modules() -> PathBuf {
    let directory = cache().join("node");
    std::fs::create_dir_all(&directory).unwrap();
    for file in ["package.json", "certificate_operations.mjs"] {
        std::fs::copy(program(&format!("node/{file}")), directory.join(file)).unwrap();
    }
    let ready = directory.join("ready");
    if !ready.exists() {
        succeed(
            Command::new("npm")
                .args(["install", "--no-audit", "--no-fund", "--silent"])
                .current_dir(&directory),
        );
        std::fs::write(ready, "").unwrap();
    }
    directory
}

fn program(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients").join(path)
}

fn cache() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("published-clients")
}
