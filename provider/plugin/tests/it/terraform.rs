//! Runs `terraform` in a directory of its own, with the trivial provider as a development override.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A working directory of Terraform.
pub(crate) struct Terraform {
    directory: TempDir,
}

/// Result of a run: its output, both streams together, and its exit status.
pub(crate) struct Run {
    pub(crate) success: bool,
    pub(crate) code: Option<i32>,
    pub(crate) text: String,
}

impl Terraform {
    /// A directory with this configuration, or `None` where there is no Terraform; on CI that is a failure.
    pub(crate) fn with(configuration: &str) -> Option<Self> {
        let program = program();
        if Command::new(&program)
            .arg("version")
            .env("CHECKPOINT_DISABLE", "1")
            .output()
            .is_err()
        {
            assert!(
                std::env::var_os("CI").is_none() && program == "terraform",
                "{} cannot be run",
                program.display()
            );
            println!("skipped: terraform is not installed");
            return None;
        }
        let directory = tempfile::Builder::new().prefix("tf-").tempdir().unwrap();
        let bin = directory.path().join("bin");
        fs::create_dir_all(directory.path().join("tmp")).unwrap();
        fs::create_dir_all(&bin).unwrap();
        symlink(trivial_provider(), bin.join("terraform-provider-trivial")).unwrap();
        let overrides = format!(
            "provider_installation {{\n  dev_overrides {{ \"certward/trivial\" = {bin:?} }}\n  direct {{}}\n}}\n"
        );
        fs::write(directory.path().join("terraform.rc"), overrides).unwrap();
        let terraform = Self { directory };
        terraform.configure(configuration);
        Some(terraform)
    }

    /// Replaces the configuration.
    pub(crate) fn configure(&self, configuration: &str) {
        let header = "terraform {\n  required_providers { trivial = { source = \"certward/trivial\" } }\n}\n";
        fs::write(self.path("main.tf"), format!("{header}{configuration}")).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A command, not yet started, in a process group of its own.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command
            .args(arguments)
            .arg("-no-color")
            .current_dir(self.directory.path())
            .env("TF_CLI_CONFIG_FILE", self.path("terraform.rc"))
            .env("CHECKPOINT_DISABLE", "1")
            .env("TF_IN_AUTOMATION", "1")
            .env("TMPDIR", self.path("tmp"))
            .env_remove("TF_LOG")
            .env_remove("RUST_BACKTRACE")
            .stdin(Stdio::null())
            .process_group(0);
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        Run::of(&mut self.command(arguments))
    }

    pub(crate) fn apply(&self) -> Run {
        self.run(&["apply", "-auto-approve"])
    }

    /// Applies, and expects success and then an empty plan.
    pub(crate) fn converge(&self) {
        let run = self.apply();
        assert!(run.success, "{}", run.text);
        let plan = self.run(&["plan", "-detailed-exitcode"]);
        assert_eq!(plan.code, Some(0), "{}", plan.text);
    }

    /// The state file.
    pub(crate) fn state(&self) -> serde_json::Value {
        serde_json::from_slice(&fs::read(self.path("terraform.tfstate")).unwrap()).unwrap()
    }

    /// The stored object of a resource, or null.
    pub(crate) fn instance(&self, name: &str) -> serde_json::Value {
        let state = self.state();
        let resources = state["resources"].as_array().cloned().unwrap_or_default();
        let found = resources.into_iter().find(|resource| resource["name"] == name);
        found
            .map(|resource| resource["instances"][0].clone())
            .unwrap_or_default()
    }

    pub(crate) fn attributes(&self, name: &str) -> serde_json::Value {
        self.instance(name)["attributes"].clone()
    }

    /// The provider processes that this directory's Terraform has started.
    pub(crate) fn providers(&self) -> Vec<u32> {
        let program = self.path("bin/terraform-provider-trivial");
        let processes = fs::read_dir("/proc")
            .unwrap()
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        processes
            .filter(|pid: &u32| {
                let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
                String::from_utf8_lossy(&line).contains(program.to_str().unwrap())
            })
            .collect()
    }

    /// Waits until no provider of this directory runs, and says how long it took.
    pub(crate) fn providers_gone_within(&self, limit: Duration) -> Duration {
        let started = Instant::now();
        while !self.providers().is_empty() {
            assert!(started.elapsed() < limit, "providers still run after {limit:?}");
            sleep(Duration::from_millis(50));
        }
        started.elapsed()
    }
}

impl Run {
    pub(crate) fn of(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        Self {
            success: output.status.success(),
            code: output.status.code(),
            text: String::from_utf8_lossy(&text).into_owned(),
        }
    }

    /// The text without line ends and the bars Terraform draws before diagnostics, to search for sentences.
    pub(crate) fn words(&self) -> String {
        self.text
            .replace(['│', '╷', '╵'], " ")
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// The Terraform that tests run: `$CERTWARD_TERRAFORM`, by default the one on `PATH`.
fn program() -> OsString {
    std::env::var_os("CERTWARD_TERRAFORM").unwrap_or_else(|| "terraform".into())
}

/// The example binary that `cargo test` builds beside this test.
pub(crate) fn trivial_provider() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(Path::parent).unwrap();
    let program = profile.join("examples/trivial_provider");
    assert!(
        program.exists(),
        "{program:?} is missing: cargo build -p terraform-plugin --examples"
    );
    program
}
