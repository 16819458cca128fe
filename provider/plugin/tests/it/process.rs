//! The process: when it ends, and when it does not.

use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::terraform::{Terraform, trivial_provider};

const SLOW: &str = "resource \"trivial_thing\" \"a\" {\n name = \"x\"\n behaviour = \"slow\"\n}";

/// Starts an apply and returns when the thing is being created.
fn creating(terraform: &Terraform) -> std::process::Child {
    let log = terraform.path("log");
    let child = terraform
        .command(&["apply", "-auto-approve"])
        .env("TF_LOG", "TRACE")
        .env("TF_LOG_PATH", &log)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let started = Instant::now();
    while !std::fs::read_to_string(&log)
        .unwrap_or_default()
        .contains("GRPCProvider.v6: ApplyResourceChange")
    {
        assert!(started.elapsed() < Duration::from_secs(60), "the apply did not begin");
        sleep(Duration::from_millis(50));
    }
    // The line comes just before the call.
    sleep(Duration::from_millis(500));
    child
}

#[test]
fn interrupt_ends_the_operation_early_and_keeps_the_state() {
    let Some(terraform) = Terraform::with(SLOW) else { return };
    let mut child = creating(&terraform);
    let group = Pid::from_child(&child);
    let interrupted = Instant::now();
    kill_process_group(group, Signal::INT).unwrap();
    let status = child.wait().unwrap();
    assert!(
        interrupted.elapsed() < Duration::from_secs(10),
        "it took {:?}",
        interrupted.elapsed()
    );
    assert!(!status.success());
    let instance = terraform.instance("a");
    assert_eq!(instance["attributes"]["name"], "x", "what was made is in the state");
    assert_eq!(instance["status"], "tainted");
    terraform.providers_gone_within(Duration::from_secs(3));

    terraform.configure("");
    terraform.converge();
    assert_eq!(terraform.state()["resources"], serde_json::json!([]));
}

#[test]
fn provider_ends_after_terraform_was_killed() {
    let Some(terraform) = Terraform::with(SLOW) else { return };
    let mut child = creating(&terraform);
    assert!(!terraform.providers().is_empty());
    kill_process(Pid::from_child(&child), Signal::KILL).unwrap();
    child.wait().unwrap();
    terraform.providers_gone_within(Duration::from_secs(15));
    let left = std::fs::read_dir(terraform.path("tmp")).unwrap();
    let left: Vec<_> = left.filter_map(|entry| Some(entry.ok()?.file_name())).collect();
    assert!(
        !left.iter().any(|name| name.to_string_lossy().starts_with("plugin-")),
        "left behind: {left:?}"
    );
}

#[test]
fn provider_ends_with_terraform() {
    let Some(terraform) = Terraform::with("resource \"trivial_thing\" \"a\" { name = \"x\" }") else {
        return;
    };
    let run = terraform.apply();
    assert!(run.success, "{}", run.text);
    terraform.providers_gone_within(Duration::from_secs(2));
}

#[test]
fn program_started_by_hand_says_who_starts_it() {
    let output = Command::new(trivial_provider())
        .env_remove("TF_PLUGIN_MAGIC_COOKIE")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("Terraform starts it"), "{text}");
}
