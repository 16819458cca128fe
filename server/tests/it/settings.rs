//! `certward-server run` with settings that cannot be used, and its start and end.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::program::{Installation, Running, has_tool, is_root, program, succeed, text};

#[test]
fn wrong_settings_are_all_named_and_nothing_is_opened() {
    let installation = Installation::new();
    let data_dir = installation.path("elsewhere");
    let output = installation
        .run_command()
        .arg(format!("--DataDir={}", data_dir.display()))
        .args([
            "--Security.Certificate.Pasword=s3cr7t-canary",
            "--Certward.Log.Level=loud",
        ])
        .env("RAVEN_Certward_Limits_BodyTimeoutInSec", "soon")
        .output()
        .unwrap();
    let text = text(&output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    for part in [
        "3 reasons",
        "did you mean 'Security.Certificate.Password'?",
        "RAVEN_Certward_Limits_BodyTimeoutInSec",
        "Certward.Log.Level",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert!(
        !text.contains("s3cr7t-canary") && !text.contains("keeps its data"),
        "{text}"
    );
    assert!(!data_dir.exists());
}

/// With every other mistake, before anything is opened.
#[test]
fn a_program_of_databases_that_is_none_is_named_with_the_other_mistakes() {
    let installation = Installation::new();
    let no_program = installation.path("plain.txt");
    std::fs::write(&no_program, "hello").unwrap();
    std::fs::set_permissions(&no_program, std::fs::Permissions::from_mode(0o600)).unwrap();
    let other = installation.path("other");
    std::fs::write(&other, "#!/bin/sh\necho hello\n").unwrap();
    std::fs::set_permissions(&other, std::fs::Permissions::from_mode(0o700)).unwrap();
    let data_dir = installation.path("elsewhere");
    for (value, problem) in [
        ("/nowhere/redis-server".to_owned(), "cannot be run"),
        (no_program.display().to_string(), "cannot be run"),
        ("no-such-redis".to_owned(), "cannot be run"),
        (other.display().to_string(), "is neither redis-server nor valkey-server"),
    ] {
        let output = installation
            .run_command()
            .arg(format!("--DataDir={}", data_dir.display()))
            .arg(format!("--Certward.Redis.ServerPath={value}"))
            .arg("--Certward.Log.Level=loud")
            .output()
            .unwrap();
        let text = text(&output);
        assert_eq!(output.status.code(), Some(2), "{text}");
        for part in ["2 reasons", "Certward.Redis.ServerPath (on the command line)", problem] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }
    assert!(!data_dir.exists());
}

#[test]
fn a_wrong_password_of_the_server_certificate_is_a_mistake_of_its_own_key() {
    if !has_tool("openssl") {
        return;
    }
    let installation = Installation::new();
    let file = installation.path("protected.pfx");
    let open = ["-in", "server.pfx", "-passin", "pass:", "-nodes", "-out", "server.pem"];
    let protect = [
        "-export",
        "-in",
        "server.pem",
        "-passout",
        "pass:right",
        "-out",
        "protected.pfx",
    ];
    for arguments in [open.as_slice(), &protect] {
        let mut openssl = Command::new("openssl");
        succeed(openssl.arg("pkcs12").args(arguments).current_dir(installation.folder()));
    }
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let data_dir = installation.path("elsewhere");
    for (password, origin) in [(None, "not set"), (Some("s3cr7t-canary"), "on the command line")] {
        let output = installation
            .run_command()
            .arg(format!("--DataDir={}", data_dir.display()))
            .arg(format!("--Security.Certificate.Path={}", file.display()))
            .args(password.map(|password| format!("--Security.Certificate.Password={password}")))
            .output()
            .unwrap();
        let text = text(&output);
        assert_eq!(output.status.code(), Some(2), "{text}");
        let key = format!("Security.Certificate.Password ({origin})");
        assert!(text.contains(&key) && text.contains("protected.pfx"), "{text}");
        assert!(!text.contains("s3cr7t-canary"), "{text}");
    }
    assert!(!data_dir.exists());
}

#[test]
fn a_key_file_that_others_can_read_stops_the_server() {
    let installation = Installation::new();
    let file = installation.path("server.pfx");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let output = installation.run_command().output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output).contains("chmod 600"), "{}", text(&output));
}

#[test]
fn without_settings_the_answer_is_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let output = program(&["run"]).current_dir(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output).contains("certward-server setup makes one"),
        "{}",
        text(&output)
    );
}

#[test]
fn a_port_that_is_taken_stops_the_server_and_its_socket_goes() {
    let installation = Installation::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("--ServerUrl=https://{}", taken.local_addr().unwrap());
    let output = program(&["run", "--settings", &installation.argument("settings.json"), &url])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(!installation.path("Databases/admin.sock").exists());
}

/// Mistakes that show only when the setting is used.
#[test]
fn settings_that_fail_when_they_are_used_end_with_1_and_name_their_key() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", taken.local_addr().unwrap());
    let plain = url.replace("https", "http");
    let installation = Installation::new();
    let too_long = installation.argument(&"x".repeat(100));
    for (key, value) in [
        ("ServerUrl", url.as_str()),
        ("Certward.RedisEnterprise.ServerUrl", &url),
        ("Certward.Operations.ServerUrl", &plain),
        ("Security.AuditLog.FolderPath", "/nowhere/at/all"),
        ("Security.AuditLog.FolderPath", "/dev/null"),
        ("DataDir", "/dev/null"),
        ("DataDir", "/dev/null/data"),
        ("DataDir", &too_long),
    ] {
        let text = ends_with_1(&installation, key, value);
        assert!(text.contains(key), "{key}={value}: {text}");
    }
}

/// Output of `run` with this setting.
fn ends_with_1(installation: &Installation, key: &str, value: &str) -> String {
    let free_ports = ["ServerUrl", "Certward.RedisEnterprise.ServerUrl"];
    let output = program(&["run", "--settings", &installation.argument("settings.json")])
        .args(
            free_ports
                .iter()
                .filter(|other| **other != key)
                .map(|other| format!("--{other}=https://127.0.0.1:0")),
        )
        .arg(format!("--{key}={value}"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{key}={value}: {}", text(&output));
    text(&output)
}

#[test]
fn folder_of_the_audit_log_is_made_for_its_owner_alone_when_only_it_is_missing() {
    let installation = Installation::new();
    let folder = installation.path("audit");
    let setting = format!("--Security.AuditLog.FolderPath={}", folder.display());
    let running = Running::start(installation.run_command().arg(setting));
    assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    assert!(folder.join("audit.log").exists());
    running.signal("TERM");
    assert_eq!(running.wait().code(), Some(0));
}

#[test]
fn a_signal_to_end_is_obeyed_and_leaves_no_socket() {
    for signal in ["TERM", "INT"] {
        let installation = Installation::new();
        let running = installation.start();
        assert!(installation.path("Databases/admin.sock").exists());
        running.signal(signal);
        assert_eq!(running.wait().code(), Some(0), "{signal}");
        assert!(!installation.path("Databases/admin.sock").exists());
    }
}

#[test]
fn a_second_server_on_one_folder_is_refused_and_a_killed_one_is_replaced() {
    let installation = Installation::new();
    let running = installation.start();
    let second = installation.run_command().output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    assert!(text(&second).contains("already running"), "{}", text(&second));

    running.signal("KILL");
    running.wait();
    assert!(
        installation.path("Databases/admin.sock").exists(),
        "a killed server leaves its socket"
    );
    drop(installation.start());
}

#[test]
fn a_folder_whose_path_is_too_long_for_a_socket_is_refused_in_these_words() {
    let installation = Installation::new();
    let data_dir = installation.path(&"x".repeat(100));
    let output = installation
        .run_command()
        .arg(format!("--DataDir={}", data_dir.display()))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("choose a shorter DataDir"), "{}", text(&output));
}

#[test]
fn a_data_directory_or_settings_file_that_others_can_write_stops_the_server_with_the_command_to_run() {
    for (name, mode) in [
        ("Databases", 0o777),
        ("Databases", 0o773),
        ("Databases", 0o1777),
        ("Databases", 0o702),
        ("settings.json", 0o666),
        ("settings.json", 0o662),
        ("settings.json", 0o602),
        ("server.pfx", 0o602),
        ("", 0o777),
        ("", 0o702),
    ] {
        let installation = Installation::new();
        let path = installation.path(name);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let output = installation.run_command().output().unwrap();
        let text = text(&output);
        assert!(matches!(output.status.code(), Some(1 | 2)), "{name} {mode:o}: {text}");
        let shown = std::fs::canonicalize(&path).unwrap();
        let correction = if mode & 0o1000 != 0 {
            format!("such as {}/certward", shown.display())
        } else {
            format!("run: chmod go-w {}", shown.display())
        };
        assert!(text.contains(&correction), "{name} {mode:o}: {text}");
        assert!(!installation.path("Databases/admin.sock").exists(), "{name} {mode:o}");
    }
}

#[test]
fn a_start_refuses_what_belongs_to_somebody_else_behind_a_link_too() {
    if !is_root("give a file to another user") {
        return;
    }
    for (name, linked) in [
        ("Databases", false),
        ("Databases", true),
        ("settings.json", false),
        ("settings.json", true),
        ("server.pfx", false),
        ("Databases/certward.db", false),
        ("Databases/certward.db", true),
    ] {
        let installation = Installation::new();
        let path = installation.path(name);
        let real = if linked {
            let elsewhere = installation.path("elsewhere");
            std::fs::rename(&path, &elsewhere).unwrap();
            std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
            elsewhere
        } else {
            path
        };
        std::os::unix::fs::chown(&real, Some(OTHER_USER), None).unwrap();
        let output = installation.run_command().output().unwrap();
        let text = text(&output);
        assert!(!output.status.success(), "{name} {linked}: {text}");
        let words = format!("belongs to user {OTHER_USER}, and must belong to user 0");
        assert!(text.contains(&words), "{name} {linked}: {text}");
    }
}

#[test]
fn files_that_are_no_files_and_endless_ones_are_refused_at_once() {
    let installation = Installation::new();
    let fifo = installation.path("fifo");
    succeed(std::process::Command::new("mkfifo").arg(&fifo));
    std::fs::write(installation.path("large"), vec![b' '; 5 * 1024 * 1024]).unwrap();
    std::fs::set_permissions(installation.path("large"), std::fs::Permissions::from_mode(0o600)).unwrap();
    let (fifo, large) = (fifo.display().to_string(), installation.argument("large"));
    for key in [
        "settings",
        "Security.Certificate.Path",
        "Security.WellKnownIssuers.Admin",
        "Certward.Redis.UpstreamCa",
    ] {
        for (file, words) in [
            (fifo.as_str(), "is not a file"),
            ("/dev/zero", "is not a file"),
            (&large, "larger than"),
        ] {
            let mut command = installation.run_command();
            if key == "settings" {
                command = program(&["run", "--settings", file]);
            } else {
                command.arg(format!("--{key}={file}"));
            }
            let output = command.output().unwrap();
            let text = text(&output);
            assert!(matches!(output.status.code(), Some(1 | 2)), "{key} {file}: {text}");
            assert!(text.contains(words), "{key} {file}: {text}");
        }
    }
    let running = installation.start();
    for (file, words) in [
        (fifo.as_str(), "is not a file"),
        ("/dev/zero", "is not a file"),
        (&large, "larger than"),
    ] {
        let output = installation.admin(&["trustClientCert", "x", file]).output().unwrap();
        assert!(
            !output.status.success() && text(&output).contains(words),
            "{}",
            text(&output)
        );
    }
    drop(running);
}

/// Nobody's in the tests: the ids of `nobody` on Debian.
const OTHER_USER: u32 = 65_534;
