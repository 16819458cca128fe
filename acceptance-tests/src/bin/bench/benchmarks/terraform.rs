//! Terraform itself, with the provider of the release build.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio::process::Command;

use crate::{Bench, Failure};

/// Terraform with the release provider in a mirror of its own.
pub(super) struct Terraform {
    configuration_file: PathBuf,
}

impl Terraform {
    pub(super) fn install(bench: &Bench, folder: &Path) -> Result<Self, Failure> {
        let architecture = if cfg!(target_arch = "aarch64") {
            "arm64"
        } else {
            "amd64"
        };
        let package = folder.join(format!(
            "mirror/registry.terraform.io/certward/certward/0.1.0/linux_{architecture}"
        ));
        fs::create_dir_all(&package)?;
        fs::copy(
            bench.program("terraform-provider-certward"),
            package.join("terraform-provider-certward_v0.1.0"),
        )?;
        let configuration_file = folder.join("terraform.rc");
        let mirror = folder.join("mirror");
        fs::write(
            &configuration_file,
            format!(
                "provider_installation {{\n  filesystem_mirror {{\n    path = \"{}\"\n  }}\n}}\n",
                mirror.display()
            ),
        )?;
        Ok(Self { configuration_file })
    }

    pub(super) async fn prepare(&self, folder: &Path, configuration: &str) -> Result<(), Failure> {
        fs::create_dir_all(folder)?;
        fs::write(folder.join("main.tf"), configuration)?;
        self.run(folder, &["init"]).await.map(drop)
    }

    /// `-detailed-exitcode` ends with 2 when there is something to change.
    pub(super) async fn plan_without_changes(&self, folder: &Path) -> Result<Duration, Failure> {
        self.run(folder, &["plan", "-detailed-exitcode"]).await
    }

    pub(super) async fn run(&self, folder: &Path, arguments: &[&str]) -> Result<Duration, Failure> {
        let mut command = Command::new("terraform");
        command
            .current_dir(folder)
            .args(arguments)
            .args(["-input=false", "-no-color"])
            .env("TF_CLI_CONFIG_FILE", &self.configuration_file)
            .env("TF_IN_AUTOMATION", "1")
            .env("CHECKPOINT_DISABLE", "1");
        let started = Instant::now();
        let output = command.kill_on_drop(true).output().await?;
        let took = started.elapsed();
        if output.status.success() {
            return Ok(took);
        }
        let said = [output.stderr, output.stdout].concat();
        let said = String::from_utf8_lossy(&said);
        Err(format!(
            "terraform {} ended with {}: {:.2000}",
            arguments[0], output.status, said
        )
        .into())
    }
}
