//! What users' own tests rely on: `terraform test` with `mock_provider "certward" {}`, for every example.

use std::fs;
use std::path::Path;

use certward_acceptance_tests::terraform::Terraform;
use certward_acceptance_tests::test_pki::{Identity, TestCa};

#[test]
fn every_example_passes_a_test_with_the_mocked_provider() {
    let examples = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../examples"));
    let mut modules = vec![
        "quickstart".into(),
        "existing-redis".into(),
        "redis-with-certificates".into(),
    ];
    for folder in ["provider/resources", "provider/data-sources"] {
        let mut names: Vec<String> = fs::read_dir(examples.join(folder))
            .unwrap()
            .map(|entry| format!("{folder}/{}", entry.unwrap().file_name().to_str().unwrap()))
            .collect();
        modules.append(&mut names);
    }
    assert!(modules.len() >= 19, "{modules:?}");
    let mut failed = Vec::new();
    for module in &modules {
        let output = tested(&examples.join(module));
        if !output.contains("Success!") {
            failed.push(format!("{module}:\n{output}\n"));
        }
    }
    assert!(failed.is_empty(), "{}", failed.concat());
}

/// Applies the module and plans it again, with values that Terraform makes up; answers with what was printed.
fn tested(module: &Path) -> String {
    let terraform = Terraform::new("");
    let mut configuration = String::new();
    for entry in fs::read_dir(module).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        // Terraform mocks no imports.
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
    let directory = terraform.directory().display();
    let values = [
        ("server_directory", format!("{directory}")),
        ("identities_directory", format!("{directory}/certificates")),
        ("client_ca_file", format!("{directory}/ca.crt")),
        ("reporting_subject", "CN=reporting,O=Example,C=US".to_owned()),
        ("cache_password", "made up".to_owned()),
    ];
    let variables: String = values
        .iter()
        .filter(|(name, _)| configuration.contains(&format!("variable \"{name}\"")))
        .map(|(name, value)| format!("    {name} = \"{value}\"\n"))
        .collect();
    // What a check says about a made-up value is not ours to answer for.
    let expected = match configuration.contains("check \"login\"") {
        true => "  expect_failures = [check.login]\n",
        false => "",
    };
    let run = |name: &str, command: &str| {
        format!("run \"{name}\" {{\n  command = {command}\n  variables {{\n{variables}  }}\n{expected}}}\n")
    };
    let test = format!(
        "mock_provider \"certward\" {{}}\n{}{}",
        run("applied", "apply"),
        run("planned_again", "plan")
    );
    terraform.write("mock.tftest.hcl", &test);
    terraform.run(&["test", "-no-color"]).text()
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
