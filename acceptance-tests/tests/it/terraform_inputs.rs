//! Users' mistakes are reported on the attribute that holds them.

use std::fs;
use std::path::{Path, PathBuf};

use certward_acceptance_tests::ravendb::RavenDb;
use certward_acceptance_tests::terraform::Terraform;
use certward_acceptance_tests::test_pki::{Identity, TestCa};

const CERTIFICATE: &str = "certificate_pem = file(\"${path.module}/app.crt\")";

#[test]
fn wrong_inputs_are_refused_on_their_attribute() {
    let ravendb = RavenDb::start();
    let terraform = Terraform::new("");
    let identity = Identity::self_signed("app");
    let authority = TestCa::new("Test CA");
    terraform.write("app.crt", &identity.certificate_pem);
    terraform.write(
        "with-key.crt",
        &format!("{}{}", identity.certificate_pem, identity.private_key_pem),
    );
    terraform.write("app.key", &identity.private_key_pem);
    terraform.write("ca.crt", &authority.certificate_pem());
    let other = Identity::self_signed("other");
    terraform.write(
        "two.crt",
        &format!("{}{}", identity.certificate_pem, other.certificate_pem),
    );
    let certificate = |file: &str| format!("name = \"a\"\n  certificate_pem = file(\"${{path.module}}/{file}\")");
    let with = |arguments: &str| format!("name = \"a\"\n  {CERTIFICATE}\n  {arguments}");
    for (arguments, summary, attribute) in [
        (
            certificate("with-key.crt"),
            "Private key in certificate_pem",
            "certificate_pem",
        ),
        (
            certificate("app.key"),
            "Private key in certificate_pem",
            "certificate_pem",
        ),
        (
            certificate("two.crt"),
            "Several certificates in certificate_pem",
            "certificate_pem",
        ),
        (
            "name = \"a\"\n  certificate_pem = \"app.crt\"".to_owned(),
            "No certificate in certificate_pem",
            "certificate_pem",
        ),
        (format!("name = \" \"\n  {CERTIFICATE}"), "Unsuitable name", "name"),
        (
            with("security_clearance = \"ClusterNode\""),
            "Unsuitable security clearance",
            "security_clearance",
        ),
        (
            with("security_clearance = \"UnauthenticatedClients\""),
            "Unsuitable security clearance",
            "security_clearance",
        ),
        (
            with("security_clearance = \"Boss\""),
            "Unsuitable security clearance",
            "security_clearance",
        ),
        (
            with("database_permissions = { Orders = \"Write\" }"),
            "Unknown database access",
            "database_permissions",
        ),
        (
            with("database_permissions = { Orders = \"Admin\", ORDERS = \"Admin\" }"),
            "Database named twice",
            "database_permissions",
        ),
        (
            with("database_permissions = { \"a*b\" = \"Admin\" }"),
            "Not a database name",
            "database_permissions",
        ),
        (
            with("security_clearance = \"Operator\"\n  database_permissions = { Orders = \"Admin\" }"),
            "Permissions without effect",
            "database_permissions",
        ),
    ] {
        terraform.configure(&format!(
            "{}\nresource \"certward_client_certificate\" \"app\" {{\n  {arguments}\n}}\n",
            ravendb.provider_block()
        ));
        let run = terraform.plan();
        assert!(!run.output.contains("MIG"), "the error shows the key: {}", run.output);
        let error = run.expect_error(summary);
        assert!(error.code.trim_start().starts_with(attribute), "{arguments}: {error:?}");
        assert!(!error.detail.is_empty(), "{arguments}");
    }
}

#[test]
fn examples_are_valid_and_formatted() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/provider");
    let pem = Identity::self_signed("app").certificate_pem;
    let authority_pem = TestCa::new("Team CA").certificate_pem();
    let required = "terraform {\n  required_providers {\n    certward = { source = \"certward/certward\" }\n  }\n}\n";
    let mut seen = 0;
    for file in terraform_files(&examples) {
        let text = fs::read_to_string(&file).unwrap();
        let terraform = Terraform::new(if text.contains("required_providers") {
            ""
        } else {
            required
        });
        terraform.write("example.tf", &text);
        for certificate in ["app.crt", "order-service.crt", "alice.crt"] {
            terraform.write(certificate, &pem);
        }
        for authority in ["ca.crt", "partner-ca.crt"] {
            terraform.write(authority, &authority_pem);
        }
        let formatted = terraform.run(&["fmt", "-check", "-no-color", "example.tf"]);
        assert_eq!(
            formatted.exit_code,
            0,
            "{} is not formatted: terraform fmt",
            file.display()
        );
        let valid = terraform.run(&["validate", "-no-color"]);
        assert_eq!(valid.exit_code, 0, "{}: {}", file.display(), valid.output);
        seen += 1;
    }
    assert!(seen >= 6, "only {seen} examples found");
}

fn terraform_files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(terraform_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "tf") {
            found.push(path);
        }
    }
    found
}
