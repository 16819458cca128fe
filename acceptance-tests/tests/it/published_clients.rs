//! The vendors' published clients, unchanged: PyPI `ravendb` 7.2.7 and npm `ravendb` 7.2.6; the crate `redis-enterprise`
//! 0.10.0 and PyPI's of the same name.

use std::path::{Path, PathBuf};
use std::process::Command;

use certward::pki::Thumbprint;
use certward_acceptance_tests::programs::{built, installed, succeed};
use certward_acceptance_tests::published_clients::{node_modules, program, python_environment};
use certward_acceptance_tests::reference_server::ReferenceServer;
use certward_acceptance_tests::team::Team;
use certward_acceptance_tests::test_pki::Identity;

#[test]
fn the_python_client_runs_its_certificate_operations() {
    if !installed("python3") {
        return;
    }
    let python = python_environment();
    check_ravendb(Command::new(python).arg(program("python/certificate_operations.py")));
}

#[test]
fn the_node_client_runs_its_certificate_operations() {
    if !installed("node") || !installed("npm") {
        return;
    }
    let modules = node_modules();
    check_ravendb(
        Command::new("node")
            .current_dir(&modules)
            .arg(modules.join("certificate_operations.mjs")),
    );
}

#[test]
fn the_python_client_of_redis_enterprise_runs_its_calls() {
    if !installed("python3") {
        return;
    }
    let python = python_environment();
    check_redis_enterprise(Command::new(python).arg(program("python/redis_enterprise_calls.py")));
}

#[test]
fn the_rust_client_of_redis_enterprise_runs_its_calls() {
    if !installed("cargo") {
        return;
    }
    check_redis_enterprise(&mut Command::new(rust_program()));
}

/// Runs a client program against a new RavenDB and reads its steps.
fn check_ravendb(command: &mut Command) {
    let server = ReferenceServer::start();
    let identity = Identity::self_signed("published-client");
    let admin = format!(
        "{}\n{}\n",
        server.read("admin.crt").trim(),
        server.read("admin.key").trim()
    );
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
        .env("WORK", server.work());
    check(command, "ok: the server certificate is replaced\n");
}

/// Runs a client program against a new Redis Enterprise cluster, which it creates itself, and reads its steps.
fn check_redis_enterprise(command: &mut Command) {
    let team = Team::new();
    let (user, password) = ("admin@example.com", "a password for tests");
    let server = &team.server;
    let (endpoint, ca) = (server.redis_enterprise_endpoint(), server.path("ca.crt"));
    let trusted_ca = team.ca.certificate_pem();
    command
        .env("TRUSTED_CA", server.write("trusted-ca.crt", trusted_ca.as_bytes()))
        // The names that the Python client reads by itself, and those of the Rust program.
        .envs([("REDIS_ENTERPRISE_URL", &endpoint), ("ENDPOINT", &endpoint)])
        .envs([("REDIS_ENTERPRISE_CA_CERT", &ca), ("CA", &ca)])
        .envs(["REDIS_ENTERPRISE_USER", "USERNAME"].map(|name| (name, user)))
        .envs(["REDIS_ENTERPRISE_PASSWORD", "PASSWORD"].map(|name| (name, password)));
    check(command, "ok: every call was made\n");
}

fn check(command: &mut Command, last_step: &str) {
    let output = succeed(command);
    let steps = String::from_utf8_lossy(&output.stdout).into_owned();
    println!("{steps}");
    assert!(steps.ends_with(last_step), "the program did not reach its end");
}

/// The program on the Rust client, built into this workspace's target directory, where most of what it needs is built.
fn rust_program() -> PathBuf {
    let built = built("certward-server");
    let target = built
        .parent()
        .and_then(Path::parent)
        .expect("programs are built into target/PROFILE");
    succeed(
        Command::new("cargo")
            .args(["build", "--locked", "--quiet", "--manifest-path"])
            .arg(program("rust/Cargo.toml"))
            .arg("--target-dir")
            .arg(target),
    );
    target.join("debug/certward-acceptance-rust-client")
}
