//! What users get wrong, and the attribute that the error is about.

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
    terraform.write("two.crt", &identity.certificate_pem.repeat(2));
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
        (certificate("ca.crt"), "Not a client certificate", "certificate_pem"),
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
            format!("name = \"{}\"\n  {CERTIFICATE}", "a".repeat(65)),
            "Unsuitable name",
            "name",
        ),
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
