//! Terraform itself, with the provider as it was built.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::programs;

/// A directory with a configuration, a state and a log of its own.
pub struct Terraform {
    directory: TempDir,
    environment: Vec<(String, String)>,
}

/// Result of a Terraform run.
#[derive(Debug)]
pub struct Run {
    /// The exit code: 0 without changes, 1 with an error, 2 with changes (of a plan).
    pub exit_code: i32,
    /// Every error and warning.
    pub diagnostics: Vec<Diagnostic>,
    /// Everything printed.
    pub output: String,
}

/// An error or a warning, as `-json` prints it.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    /// `error` or `warning`.
    pub severity: String,
    /// Its first line.
    pub summary: String,
    /// The explanation.
    pub detail: String,
    /// The line of the configuration it is about, which names the attribute; empty when it is about none.
    pub code: String,
}

/// The `terraform` and `provider` blocks that log in with these PEM files; an API is the provider's attribute for a product,
/// with its endpoint.
#[must_use]
pub fn provider_block(apis: &[(&str, &str)], certificate: &Path, private_key: &Path, ca_certificate: &Path) -> String {
    let apis: String = apis
        .iter()
        .map(|(attribute, endpoint)| format!("  {attribute} = {{ endpoints = [\"{endpoint}\"] }}\n"))
        .collect();
    format!(
        r#"
terraform {{
  required_providers {{
    certward = {{ source = "certward/certward" }}
  }}
}}

provider "certward" {{
{apis}
  client_certificate_file = "{}"
  client_private_key_file = "{}"
  ca_certificate_file     = "{}"
}}
"#,
        certificate.display(),
        private_key.display(),
        ca_certificate.display()
    )
}

impl Terraform {
    /// A workspace with this `main.tf`. The provider comes from the directory this test was built into.
    ///
    /// # Panics
    ///
    /// If the provider is not built, or files cannot be written.
    #[must_use]
    pub fn new(configuration: &str) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let provider = programs::built("terraform-provider-certward");
        let provider = provider.parent().expect("a built program is in a directory");
        let terraform = Self {
            directory,
            environment: Vec::new(),
        };
        terraform.write(
            "terraform.rc",
            &format!(
                "provider_installation {{\n  dev_overrides {{\n    \"certward/certward\" = \"{}\"\n  }}\n  direct {{}}\n}}\n",
                provider.display()
            ),
        );
        terraform.configure(configuration);
        terraform
    }

    /// Replaces `main.tf`.
    pub fn configure(&self, configuration: &str) {
        self.write("main.tf", configuration);
    }

    /// Writes a file beside the configuration.
    ///
    /// # Panics
    ///
    /// If it cannot be written.
    pub fn write(&self, file: &str, content: &str) -> PathBuf {
        let path = self.path(file);
        fs::write(&path, content).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        path
    }

    /// The path of a file beside the configuration.
    #[must_use]
    pub fn path(&self, file: &str) -> PathBuf {
        self.directory.path().join(file)
    }

    /// The directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Sets an environment variable for the runs that follow.
    pub fn set(&mut self, variable: &str, value: &str) {
        self.environment.push((variable.to_owned(), value.to_owned()));
    }

    /// Plans. Exit code 2 means changes.
    #[must_use]
    pub fn plan(&self) -> Run {
        self.run(&["plan", "-json", "-input=false", "-detailed-exitcode", "-out=plan.bin"])
    }

    /// Plans and applies.
    #[must_use]
    pub fn apply(&self) -> Run {
        self.run(&["apply", "-json", "-input=false", "-auto-approve"])
    }

    /// Destroys everything.
    #[must_use]
    pub fn destroy(&self) -> Run {
        self.run(&["destroy", "-json", "-input=false", "-auto-approve"])
    }

    /// Imports an object under an address.
    #[must_use]
    pub fn import(&self, address: &str, id: &str) -> Run {
        self.run(&["import", "-no-color", "-input=false", address, id])
    }

    /// Applies, and asserts that it succeeds and that the next plan is empty.
    ///
    /// # Panics
    ///
    /// If either is not so.
    pub fn apply_and_settle(&self) {
        self.apply().expect_success();
        self.plan().expect_empty();
    }

    /// The attributes of a managed resource or data source in the state; `Null` when it is not there.
    ///
    /// # Panics
    ///
    /// If the state cannot be shown.
    #[must_use]
    pub fn attributes(&self, address: &str) -> Value {
        let shown = self.run(&["show", "-json"]);
        let state: Value = serde_json::from_str(shown.output.trim()).expect("the state can be shown as JSON");
        let resources = state["values"]["root_module"]["resources"].as_array();
        let found = resources
            .into_iter()
            .flatten()
            .find(|resource| resource["address"] == address);
        found.map_or(Value::Null, |resource| resource["values"].clone())
    }

    /// The actions of the saved plan for an address.
    ///
    /// # Panics
    ///
    /// If there is no saved plan.
    #[must_use]
    pub fn planned_actions(&self, address: &str) -> Vec<String> {
        let shown = self.run(&["show", "-json", "plan.bin"]);
        let plan: Value = serde_json::from_str(shown.output.trim()).expect("the plan can be shown as JSON");
        let changes = plan["resource_changes"].as_array();
        let change = changes
            .into_iter()
            .flatten()
            .find(|change| change["address"] == address);
        let actions = change.and_then(|change| change["change"]["actions"].as_array());
        let words = actions.into_iter().flatten().filter_map(Value::as_str);
        words.map(str::to_owned).collect()
    }

    /// A command of Terraform in the directory, not yet started.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(programs::terraform());
        command
            .args(arguments)
            .current_dir(self.directory.path())
            .env("TF_CLI_CONFIG_FILE", self.path("terraform.rc"))
            .env("CHECKPOINT_DISABLE", "1")
            .env_remove("TF_LOG")
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs any command of Terraform.
    ///
    /// # Panics
    ///
    /// If Terraform cannot be started.
    #[must_use]
    pub fn run(&self, arguments: &[&str]) -> Run {
        let mut command = self.command(arguments);
        let output = command
            .output()
            .unwrap_or_else(|error| panic!("{}: {error}", command.get_program().display()));
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        let diagnostics = stdout.lines().filter_map(Diagnostic::parse).collect();
        Run {
            exit_code: output.status.code().unwrap_or(-1),
            diagnostics,
            output: stdout + &String::from_utf8_lossy(&output.stderr),
        }
    }
}

impl Run {
    /// Asserts that the run had no error.
    ///
    /// # Panics
    ///
    /// If it had one, with the output.
    pub fn expect_success(self) -> Self {
        assert_eq!(self.exit_code, 0, "{}", self.output);
        self
    }

    /// Asserts that the plan is empty.
    ///
    /// # Panics
    ///
    /// If it has changes or failed, with the output.
    pub fn expect_empty(self) -> Self {
        assert_eq!(self.exit_code, 0, "the plan is not empty: {}", self.output);
        self
    }

    /// Asserts that the plan has changes.
    ///
    /// # Panics
    ///
    /// If it is empty or failed, with the output.
    pub fn expect_changes(self) -> Self {
        assert_eq!(self.exit_code, 2, "the plan has no changes: {}", self.output);
        self
    }

    /// Asserts that the run failed with an error of this summary; returns it.
    ///
    /// # Panics
    ///
    /// If it did not, with the output.
    pub fn expect_error(self, summary: &str) -> Diagnostic {
        let found = self.find("error", summary);
        found.unwrap_or_else(|| panic!("no error \"{summary}\" (exit code {}): {}", self.exit_code, self.output))
    }

    /// The first diagnostic of this kind and summary.
    #[must_use]
    pub fn find(&self, severity: &str, summary: &str) -> Option<Diagnostic> {
        let mut diagnostics = self.diagnostics.iter();
        diagnostics
            .find(|diagnostic| diagnostic.severity == severity && diagnostic.summary == summary)
            .cloned()
    }

    /// The output without line breaks and frames.
    #[must_use]
    pub fn text(&self) -> String {
        let words = self
            .output
            .split_whitespace()
            .filter(|word| !["│", "╷", "╵"].contains(word));
        words.collect::<Vec<_>>().join(" ")
    }
}

impl Diagnostic {
    fn parse(line: &str) -> Option<Self> {
        let message: Value = serde_json::from_str(line).ok()?;
        let diagnostic = message.get("diagnostic")?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Some(Self {
            severity: text(&diagnostic["severity"]),
            summary: text(&diagnostic["summary"]),
            detail: text(&diagnostic["detail"]),
            code: text(&diagnostic["snippet"]["code"]),
        })
    }
}
