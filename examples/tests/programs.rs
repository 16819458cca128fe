//! The programs as a user starts them.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Output};

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};

/// A folder with a login in it.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap().pem();
        for (name, content) in [
            ("ca.crt", &certificate),
            ("a.crt", &certificate),
            ("a.key", &key.serialize_pem()),
        ] {
            std::fs::write(folder.path().join(name), content).unwrap();
        }
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, program: &str, arguments: &[&str], endpoint: &str) -> Output {
        self.command(program, endpoint).args(arguments).output().unwrap()
    }

    fn command(&self, program: &str, endpoint: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.0.path())
            .env("CERTWARD_ENDPOINT", endpoint)
            .env("CERTWARD_CA_CERTIFICATE_FILE", "ca.crt")
            .env("CERTWARD_CLIENT_CERTIFICATE_FILE", "a.crt")
            .env("CERTWARD_CLIENT_PRIVATE_KEY_FILE", "a.key");
        command
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.0.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

/// An endpoint that speaks plain HTTP, which is an error at once.
fn plain_http() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("https://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        while let Ok((mut socket, _)) = listener.accept() {
            let _ = socket.read(&mut [0; 4096]);
            let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    endpoint
}

/// The program's error output. Asserts that it exits with 1 and prints one line.
fn error(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.starts_with("error: ") && text.trim_end().lines().count() == 1,
        "{text}"
    );
    for debug in ["Os {", "Error {", "Error(", "kind:"] {
        assert!(!text.contains(debug), "{text}");
    }
    text
}

const GENERATE: &str = env!("CARGO_BIN_EXE_generate");

#[test]
fn a_refused_generation_leaves_no_file_and_does_not_block_the_next_try() {
    let folder = Folder::new();
    let endpoint = plain_http();
    for _ in 0..2 {
        let error = error(&folder.run(GENERATE, &["app", "orders"], &endpoint));
        assert!(
            error.contains(&endpoint) && error.contains("does not speak TLS"),
            "{error}"
        );
        assert_eq!(folder.names(), ["a.crt", "a.key", "ca.crt"]);
    }
}

#[test]
fn generation_never_overwrites_a_file() {
    for name in ["app.key", "app.crt"] {
        let folder = Folder::new();
        std::fs::write(folder.path(name), "precious").unwrap();
        let error = error(&folder.run(GENERATE, &["app", "orders"], &plain_http()));
        assert!(error.contains(&format!("{name} exists")), "{error}");
        assert_eq!(std::fs::read_to_string(folder.path(name)).unwrap(), "precious");
        assert_eq!(folder.names().len(), 4);
    }
}

#[test]
fn of_two_generations_of_one_name_at_once_the_second_asks_no_server() {
    let folder = Folder::new();
    // Accepts, and says nothing.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("https://{}", listener.local_addr().unwrap());
    let mut command = folder.command(GENERATE, &endpoint);
    let mut first = command
        .args(["app", "orders"])
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let _asked = listener.accept().unwrap();
    let error = error(&folder.run(GENERATE, &["app", "orders"], &plain_http()));
    assert!(
        error.contains("app.key.new exists") && error.contains("another program"),
        "{error}"
    );
    first.kill().unwrap();
    first.wait().unwrap();
}

#[test]
fn every_program_names_the_file_that_it_cannot_use() {
    let folder = Folder::new();
    std::fs::write(folder.path("empty.crt"), "").unwrap();
    for file in ["missing.crt", "empty.crt"] {
        for (program, arguments) in [
            (env!("CARGO_BIN_EXE_register"), &["app", file][..]),
            (env!("CARGO_BIN_EXE_removal_effect"), &[file]),
            (env!("CARGO_BIN_EXE_certificate_user"), &["app", "role", file, "a.crt"]),
            (env!("CARGO_BIN_EXE_certificate_user"), &["app", "role", "ca.crt", file]),
        ] {
            let error = error(&folder.run(program, arguments, "https://127.0.0.1:9"));
            assert!(error.contains(file), "{program}: {error}");
        }
    }
    let no_folder = error(&folder.run(GENERATE, &["missing/app", "orders"], "https://127.0.0.1:9"));
    assert!(no_folder.contains("missing/app.key"), "{no_folder}");
}

#[test]
fn every_program_names_the_variable_and_file_of_a_wrong_login() {
    let folder = Folder::new();
    let leaf = CertificateParams::default()
        .self_signed(&KeyPair::generate().unwrap())
        .unwrap();
    std::fs::write(folder.path("leaf.crt"), leaf.pem()).unwrap();
    let programs: [(&str, &[&str]); 5] = [
        (GENERATE, &["app", "orders"]),
        (env!("CARGO_BIN_EXE_whoami"), &[]),
        (env!("CARGO_BIN_EXE_register"), &["app", "leaf.crt"]),
        (env!("CARGO_BIN_EXE_removal_effect"), &["ca.crt"]),
        (
            env!("CARGO_BIN_EXE_certificate_user"),
            &["app", "role", "ca.crt", "a.crt"],
        ),
    ];
    for (program, arguments) in programs {
        for variable in [
            "CERTWARD_CA_CERTIFICATE_FILE",
            "CERTWARD_CLIENT_CERTIFICATE_FILE",
            "CERTWARD_CLIENT_PRIVATE_KEY_FILE",
        ] {
            let mut command = folder.command(program, "https://127.0.0.1:9");
            let output = command.args(arguments).env(variable, "missing.pem").output().unwrap();
            let error = error(&output);
            assert!(
                error.contains(variable) && error.contains("missing.pem"),
                "{program}: {error}"
            );
        }
    }
}
