//! `certward-server setup`.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::program::{Installation, has_tool, is_root, mode, program, succeed, text};

const KEYS: [&str; 7] = [
    "ca.key",
    "server.key",
    "server.pfx",
    "admin.key",
    "admin.pfx",
    "settings.json",
    "admin.client.certificate.certward-server.zip",
];

#[test]
fn command_that_comes_next_can_be_given_to_a_shell_whatever_the_folder_is_called() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("it's a $(touch folder)");
    let folder_argument = folder.display().to_string();
    let output = succeed(&mut program(&[
        "setup",
        "--dir",
        &folder_argument,
        "--non-interactive",
        "--key-algorithm",
        "ECDSA_P256",
    ]));
    let next = output
        .lines()
        .find_map(|line| line.strip_prefix("Next: certward-server run --settings "))
        .unwrap();
    let word = succeed(Command::new("sh").arg("-c").arg(format!("printf %s {next}")));
    assert_eq!(Path::new(&word), folder.join("settings.json"));
}

#[test]
fn setup_writes_everything_for_the_owner_alone() {
    let installation = Installation::new();
    assert_eq!(mode(installation.folder()), 0o700);
    assert_eq!(mode(&installation.path("Databases")), 0o700);
    for name in KEYS.into_iter().chain(["ca.crt", "server.crt", "admin.crt"]) {
        assert_eq!(mode(&installation.path(name)), 0o600, "{name}");
    }
    let settings = std::fs::read_to_string(installation.path("settings.json")).unwrap();
    for line in [
        r#""ServerUrl": "https://127.0.0.1:8443""#,
        r#""Certward.RedisEnterprise.ServerUrl": "https://127.0.0.1:9443""#,
        r#""Setup.Mode": "Secured""#,
        r#""DataDir": "Databases""#,
        r#""Security.Certificate.Path": "server.pfx""#,
    ] {
        assert!(settings.contains(line), "{line} is not in {settings}");
    }
    let left_over = std::fs::read_dir(installation.folder()).unwrap().count();
    assert_eq!(left_over, KEYS.len() + 3 + 1, "nothing else is left in the folder");
}

#[test]
fn setup_and_the_server_make_files_for_the_owner_alone_under_any_umask() {
    for umask in ["000", "002", "077"] {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("a/server");
        let script = format!(
            "umask {umask}; exec '{}' setup --dir '{}' --non-interactive --key-algorithm ECDSA_P256",
            crate::program::PROGRAM,
            folder.display()
        );
        succeed(Command::new("sh").args(["-c", &script]).stdin(Stdio::null()));
        for entry in [
            folder.parent().unwrap().to_owned(),
            folder.clone(),
            folder.join("Databases"),
        ] {
            assert_eq!(mode(&entry), 0o700, "{umask} {}", entry.display());
        }
        for name in KEYS {
            assert_eq!(mode(&folder.join(name)), 0o600, "{umask} {name}");
        }
    }
}

#[test]
fn redis_enterprises_port_gives_way_to_ravendbs_and_that_is_said() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("server").display().to_string();
    let shown = succeed(&mut program(&[
        "setup",
        "--dir",
        &folder,
        "--port",
        "9443",
        "--non-interactive",
        "--key-algorithm",
        "ECDSA_P256",
    ]));
    assert!(
        shown.contains("Redis Enterprise's API listens on port 8443 here, because RavenDB's has its usual port, 9443."),
        "{shown}"
    );
    let settings = std::fs::read_to_string(parent.path().join("server/settings.json")).unwrap();
    assert!(
        settings.contains(r#""Certward.RedisEnterprise.ServerUrl": "https://127.0.0.1:8443""#),
        "{settings}"
    );
}

#[test]
fn setup_overwrites_nothing() {
    let installation = Installation::new();
    let before = std::fs::read(installation.path("ca.key")).unwrap();
    let folder = installation.folder().display().to_string();
    let again = program(&["setup", "--dir", &folder, "--non-interactive"])
        .output()
        .unwrap();
    assert_eq!(again.status.code(), Some(1));
    assert!(
        text(&again).contains("exists already, and nothing is ever overwritten"),
        "{}",
        text(&again)
    );
    assert_eq!(std::fs::read(installation.path("ca.key")).unwrap(), before);
}

#[test]
fn setup_refuses_a_host_that_is_none_before_it_writes() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("server");
    let output = program(&["setup", "--host", "https://db.example.org"])
        .arg("--dir")
        .arg(&target)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    assert!(text(&output).contains("give no scheme"), "{}", text(&output));
    assert!(!target.exists());
}

#[test]
fn the_server_certificate_has_every_name_and_is_never_called_localhost() {
    if !has_tool("openssl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let hosts = ["--host", "localhost", "--host", "db.example.org", "--host", "10.1.2.3"];
    succeed(
        program(&["setup", "--non-interactive", "--key-algorithm", "ECDSA_P256"])
            .args(hosts)
            .arg("--dir")
            .arg(folder.path()),
    );
    let certificate = folder.path().join("server.crt");
    let shown = succeed(
        Command::new("openssl")
            .args(["x509", "-noout", "-text", "-in"])
            .arg(&certificate),
    );
    for part in [
        "DNS:localhost",
        "DNS:db.example.org",
        "IP Address:10.1.2.3",
        "IP Address:127.0.0.1",
        "IP Address:0:0:0:0:0:0:0:1",
        "TLS Web Server Authentication, TLS Web Client Authentication",
        "Subject: CN = db.example.org",
    ] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
    succeed(
        Command::new("openssl")
            .args([
                "verify",
                "-purpose",
                "sslserver",
                "-verify_hostname",
                "db.example.org",
                "-CAfile",
            ])
            .arg(folder.path().join("ca.crt"))
            .arg(&certificate),
    );
    assert!(
        folder
            .path()
            .join("admin.client.certificate.db.example.org.zip")
            .exists()
    );
    let settings = std::fs::read_to_string(folder.path().join("settings.json")).unwrap();
    assert!(
        settings.contains("Certward.ClientCertificate.KeyAlgorithm"),
        "{settings}"
    );
}

/// A setup that takes long, because its administrator's key is large, stopped in the middle of its work.
fn stopped(signal: &str) -> (tempfile::TempDir, Output) {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("server");
    let mut setup = program(&["setup", "--non-interactive", "--key-algorithm", "RSA_4096", "--dir"])
        .arg(&folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let started = Instant::now();
    while leftovers(&folder).is_empty() {
        assert!(started.elapsed() < Duration::from_secs(60), "setup has not begun");
        std::thread::sleep(Duration::from_millis(1));
    }
    if signal == "KILL" {
        setup.kill().unwrap();
    } else {
        succeed(Command::new("kill").args(["-s", signal, &setup.id().to_string()]));
    }
    (parent, setup.wait_with_output().unwrap())
}

fn leftovers(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with(".setup-")).collect()
}

#[test]
fn a_setup_that_is_stopped_leaves_nothing() {
    for signal in ["TERM", "INT", "HUP"] {
        let (parent, output) = stopped(signal);
        let left = std::fs::read_dir(parent.path()).unwrap().count();
        if output.status.success() {
            // It had come to its end before the signal came.
            continue;
        }
        assert_eq!(output.status.code(), Some(1), "{signal}: {}", text(&output));
        let words = format!("stopped by SIG{signal}; nothing was made");
        assert!(text(&output).contains(&words), "{signal}: {}", text(&output));
        assert_eq!(left, 0, "{signal}");
    }
}

#[test]
fn what_a_killed_setup_leaves_is_taken_away_by_the_next() {
    let (parent, output) = stopped("KILL");
    let folder = parent.path().join("server");
    assert!(!output.status.success());
    let left = leftovers(&folder);
    assert_eq!(left.len(), 1, "a killed setup can clear nothing away");
    assert_eq!(mode(&folder.join(&left[0])), 0o700);
    succeed(program(&["setup", "--non-interactive", "--key-algorithm", "ECDSA_P256", "--dir"]).arg(&folder));
    assert!(leftovers(&folder).is_empty());
    assert!(folder.join("settings.json").exists());
}

#[test]
fn setup_writes_no_keys_where_others_can_change_them() {
    let set = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    for (mode, words) in [(0o777, "chmod go-w"), (0o773, "chmod go-w"), (0o1777, "certward")] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("theirs"), "x").unwrap();
        set(folder.path(), mode);
        let output = program(&["setup", "--non-interactive", "--dir"])
            .arg(folder.path())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{mode:o}: {}", text(&output));
        assert!(text(&output).contains(words), "{mode:o}: {}", text(&output));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "{mode:o}");
    }
    let parent = tempfile::tempdir().unwrap();
    set(parent.path(), 0o777);
    let output = program(&["setup", "--non-interactive", "--dir"])
        .arg(parent.path().join("new"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert_eq!(std::fs::read_dir(parent.path()).unwrap().count(), 0);
    if !is_root("give a folder to another user") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::chown(folder.path(), Some(65_534), None).unwrap();
    let output = program(&["setup", "--non-interactive", "--dir"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains("belongs to user 65534"), "{}", text(&output));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
