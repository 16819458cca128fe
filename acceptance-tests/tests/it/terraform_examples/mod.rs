//! Every example of the repository, with the mocked provider and on servers.

mod applied;
mod mocked;

use std::fs;
use std::path::{Path, PathBuf};

use certward_acceptance_tests::terraform::Terraform;
use certward_acceptance_tests::test_pki::{Identity, TestCa};

/// The examples that have a provider block of their own.
const WHOLE: [&str; 3] = ["quickstart", "existing-redis", "redis-with-certificates"];

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

/// The modules in a folder of the examples.
fn modules_in(folder: &str) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(examples().join(folder))
        .unwrap()
        .map(|entry| format!("{folder}/{}", entry.unwrap().file_name().to_str().unwrap()))
        .collect();
    names.sort();
    names
}

/// An example in a workspace of its own, with files for what it reads.
struct Example {
    terraform: Terraform,
    /// All of it.
    configuration: String,
}

impl Example {
    fn new(module: &str) -> Self {
        let terraform = Terraform::new("");
        let mut configuration = String::new();
        for entry in fs::read_dir(examples().join(module)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            // They import what nobody has made here, and Terraform mocks no imports.
            if name.ends_with(".tf") && !name.starts_with("import") {
                let text = fs::read_to_string(&path).unwrap();
                configuration.push_str(&text);
                terraform.write(&name, &text);
            }
        }
        if !configuration.contains("required_providers") {
            terraform.write(
                "versions.tf",
                "terraform {\n  required_providers {\n    certward = {\n      source = \"certward/certward\"\n    }\n  }\n}\n",
            );
        }
        write_certificates(&terraform);
        Self {
            terraform,
            configuration,
        }
    }

    /// Values for its variables.
    fn variables(&self) -> Vec<(&'static str, String)> {
        let directory = self.terraform.directory().display();
        let values = [
            ("server_directory", format!("{directory}")),
            ("identities_directory", format!("{directory}/certificates")),
            ("client_ca_file", format!("{directory}/ca.crt")),
            ("reporting_subject", "CN=reporting,O=Example,C=US".to_owned()),
            ("cache_password", "made up".to_owned()),
        ];
        let is_declared = |name: &str| self.configuration.contains(&format!("variable \"{name}\""));
        values.into_iter().filter(|(name, _)| is_declared(name)).collect()
    }
}

fn write_certificates(terraform: &Terraform) {
    for folder in ["certificates", "operators", "services"] {
        fs::create_dir(terraform.path(folder)).unwrap();
    }
    for name in ["ca.crt", "partner-ca.crt", "certificates/team-ca.crt"] {
        terraform.write(name, &TestCa::new(name).certificate_pem());
    }
    for name in ["order-service", "alice", "app", "operators/a", "services/a"] {
        terraform.write(&format!("{name}.crt"), &Identity::self_signed(name).certificate_pem);
    }
    for name in ["auditor", "courier", "ci-reader", "alice", "order-service", "dana"] {
        let identity = Identity::self_signed(name);
        terraform.write(&format!("certificates/{name}.crt"), &identity.certificate_pem);
    }
}
