//! `certward-server run` with settings that cannot be used, and its start and end.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use crate::program::{Installation, program, text};

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
        .env("RAVEN_Setup_Mode", "Unsecured")
        .output()
        .unwrap();
    let text = text(&output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    for part in [
        "3 reasons",
        "the nearest is Security.Certificate.Password",
        "RAVEN_Setup_Mode",
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
