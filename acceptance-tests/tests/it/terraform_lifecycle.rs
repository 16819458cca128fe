//! `certward_client_certificate` from its creation to its end, with Terraform, against RavenDB.

use std::process::Command;

use certward::SecretBytes;
use certward::pki::{Certificate, Thumbprint};
use certward::ravendb::{DatabaseAccess, EditCertificate, Permissions, RegisterCertificate, SecurityClearance};
use certward_acceptance_tests::programs::succeed;
use certward_acceptance_tests::ravendb::RavenDb;
use certward_acceptance_tests::terraform::Terraform;
use certward_acceptance_tests::test_pki::Identity;
use serde_json::json;

const APP: &str = "certward_client_certificate.app";

/// A server, a workspace, and the certificate `app.crt` in it.
struct Case {
    ravendb: RavenDb,
    terraform: Terraform,
    identity: Identity,
    name: String,
}

impl Case {
    fn new() -> Self {
        let ravendb = RavenDb::start();
        let terraform = Terraform::new(&ravendb.provider_block());
        let name = ravendb.name("app");
        let identity = Identity::self_signed(&name);
        terraform.write("app.crt", &identity.certificate_pem);
        Self {
            ravendb,
            terraform,
            identity,
            name,
        }
    }

    /// The configuration with these arguments beside name and certificate.
    fn configure(&self, arguments: &str) {
        let name = &self.name;
        self.configure_whole(&format!(
            "name = \"{name}\"\n  certificate_pem = file(\"${{path.module}}/app.crt\")\n  {arguments}"
        ));
    }

    fn configure_whole(&self, arguments: &str) {
        self.terraform.configure(&format!(
            "{}\nresource \"certward_client_certificate\" \"app\" {{\n  {arguments}\n}}\n",
            self.ravendb.provider_block()
        ));
    }

    fn thumbprint(&self) -> Thumbprint {
        Thumbprint::of(&self.identity.certificate)
    }

    fn certificate(&self) -> Certificate {
        Certificate::from_der(self.identity.certificate.clone()).unwrap()
    }

    fn register(&self, name: &str, clearance: SecurityClearance, permissions: Permissions) {
        let request = RegisterCertificate::new(name, clearance, &self.certificate()).permissions(permissions);
        self.ravendb
            .call(async |client| client.certificates().register(&request).await);
    }
}

fn permissions<const N: usize>(entries: [(&str, DatabaseAccess); N]) -> Permissions {
    entries.into_iter().collect()
}

#[test]
fn certificate_is_registered_as_configured_and_removed() {
    let case = Case::new();
    case.configure("database_permissions = { Orders = \"ReadWrite\" }");
    case.terraform.apply_and_settle();

    let registered = case.ravendb.registered(&case.thumbprint()).unwrap();
    assert_eq!(registered.name, case.name);
    assert_eq!(registered.security_clearance, SecurityClearance::ValidUser);
    assert_eq!(
        registered.permissions,
        permissions([("Orders", DatabaseAccess::ReadWrite)])
    );
    assert!(!registered.disabled);
    assert_eq!(registered.certificate, Some(case.certificate()));

    let state = case.terraform.attributes(APP);
    let certificate = case.certificate();
    for (attribute, expected) in [
        ("id", json!(certificate.thumbprint().to_string())),
        ("thumbprint", json!(certificate.thumbprint().to_string())),
        ("fingerprint_sha256", json!(certificate.fingerprint().to_string())),
        (
            "public_key_pin",
            json!(certificate.public_key_pinning_hash().to_string()),
        ),
        ("subject_dn", json!(certificate.subject().to_string())),
        ("certificate_pem", json!(case.identity.certificate_pem)),
        ("database_permissions", json!({ "Orders": "ReadWrite" })),
    ] {
        assert_eq!(state[attribute], expected, "{attribute}");
    }

    case.terraform.destroy().expect_success();
    assert_eq!(case.ravendb.registered(&case.thumbprint()), None);
}

#[test]
fn every_attribute_is_updated_in_place() {
    let case = Case::new();
    case.configure("");
    case.terraform.apply_and_settle();
    for arguments in [
        "database_permissions = { Orders = \"ReadWrite\" }",
        "database_permissions = { Orders = \"Admin\", Stock = \"ReadWrite\" }",
        "security_clearance = \"Operator\"",
        "security_clearance = \"ClusterAdmin\"",
        "disabled = true",
        "deletion_protection = true",
        "",
    ] {
        case.configure(arguments);
        case.terraform.plan().expect_changes();
        assert_eq!(case.terraform.planned_actions(APP), ["update"], "{arguments}");
        case.terraform.apply_and_settle();
        let registered = case.ravendb.registered(&case.thumbprint()).unwrap();
        assert_eq!(registered.disabled, arguments.contains("disabled"), "{arguments}");
        assert_eq!(
            registered.permissions.len(),
            arguments.matches(" = \"").count() - usize::from(arguments.contains("clearance"))
        );
    }
    let renamed = case.ravendb.name("renamed \"ü\" /");
    case.configure_whole(&format!(
        "name = {}\n  certificate_pem = file(\"${{path.module}}/app.crt\")",
        json!(renamed)
    ));
    case.terraform.apply_and_settle();
    assert_eq!(case.ravendb.registered(&case.thumbprint()).unwrap().name, renamed);
}

#[test]
fn disabled_entry_can_be_created() {
    let case = Case::new();
    case.configure("disabled = true");
    case.terraform.apply_and_settle();
    assert!(case.ravendb.registered(&case.thumbprint()).unwrap().disabled);
}

#[test]
fn another_spelling_of_the_certificate_is_no_change() {
    let case = Case::new();
    case.configure("");
    case.terraform.apply_and_settle();
    let pem = &case.identity.certificate_pem;
    let indented: String = pem.lines().map(|line| format!("    {line}\n")).collect();
    for text in [
        pem.replace("\r\n", "\n").replace('\n', "\r\n"),
        pem.trim_end().to_owned(),
        format!("subject=CN = app\n{pem}"),
        indented,
    ] {
        case.terraform.write("app.crt", &text);
        case.terraform.plan().expect_empty();
    }
}

#[test]
fn another_certificate_replaces_the_entry() {
    let case = Case::new();
    case.configure("lifecycle {\n    create_before_destroy = true\n  }");
    case.terraform.apply_and_settle();
    let next = Identity::self_signed(&case.name);
    case.terraform.write("app.crt", &next.certificate_pem);
    case.terraform.plan().expect_changes();
    assert_eq!(case.terraform.planned_actions(APP), ["create", "delete"]);
    case.terraform.apply_and_settle();
    assert_eq!(case.ravendb.registered(&case.thumbprint()), None);
    assert!(case.ravendb.registered(&Thumbprint::of(&next.certificate)).is_some());
}

#[test]
fn import_gives_an_empty_plan() {
    let case = Case::new();
    case.register(
        &case.name,
        SecurityClearance::ValidUser,
        permissions([("orders", DatabaseAccess::Admin)]),
    );
    case.configure("database_permissions = { Orders = \"Admin\" }");
    let thumbprint = case.thumbprint().to_string();
    let bytes: Vec<&str> = (0..20).map(|byte| &thumbprint[2 * byte..2 * byte + 2]).collect();
    for id in [
        thumbprint.clone(),
        thumbprint.to_lowercase(),
        bytes.join(":"),
        format!("name:{}", case.name),
    ] {
        case.terraform.import(APP, &id).expect_success();
        case.terraform.plan().expect_empty();
        case.terraform.run(&["state", "rm", APP]).expect_success();
    }
    // An import block goes the same way.
    let import = format!("import {{\n  to = {APP}\n  id = \"{thumbprint}\"\n}}\n");
    case.terraform.write("import.tf", &import);
    case.terraform.apply().expect_success();
    case.terraform.plan().expect_empty();
}

#[test]
fn import_explains_what_it_cannot_take() {
    let case = Case::new();
    case.configure("");
    for (id, expected) in [
        ("14C1".to_owned(), "Unsuitable import id"),
        ("0".repeat(40), "No such certificate"),
        (format!("name:{}", case.ravendb.name("nobody")), "No such certificate"),
        ("name:Server Certificate".to_owned(), "No such certificate"),
    ] {
        let run = case.terraform.import(APP, &id);
        assert_eq!(run.exit_code, 1, "{id}");
        assert!(
            run.text().contains(expected) || run.text().contains("server's own"),
            "{id}: {}",
            run.output
        );
    }
    let list = certward::ravendb::ListCertificates::new().metadata_only();
    let listed = case
        .ravendb
        .call(async |client| client.certificates().list(&list).await);
    let own = listed
        .loaded_server_certificate
        .expect("RavenDB names its own certificate");
    let run = case.terraform.import(APP, &own.to_string());
    assert!(
        run.text().contains("This is the server's own certificate"),
        "{}",
        run.output
    );

    let other = Identity::self_signed("other");
    case.register(&case.name, SecurityClearance::ValidUser, Permissions::none());
    let other = Certificate::from_der(other.certificate).unwrap();
    let request = RegisterCertificate::new(&case.name, SecurityClearance::ValidUser, &other);
    case.ravendb
        .call(async |client| client.certificates().register(&request).await);
    let run = case.terraform.import(APP, &format!("name:{}", case.name));
    assert!(run.text().contains("Name is not unique"), "{}", run.output);
}

#[test]
fn changes_made_outside_are_seen_and_undone() {
    let case = Case::new();
    case.configure("database_permissions = { Orders = \"ReadWrite\" }");
    case.terraform.apply_and_settle();
    let registered = || case.ravendb.registered(&case.thumbprint()).unwrap();
    let configured = registered();
    let edit = || EditCertificate::of(&configured);
    for change in [
        edit().name(case.ravendb.name("renamed-outside")),
        edit()
            .clearance(SecurityClearance::Operator)
            .permissions(Permissions::none()),
        edit().permissions(permissions([("Orders", DatabaseAccess::Admin)])),
        edit().permissions(permissions([
            ("Orders", DatabaseAccess::ReadWrite),
            ("Stock", DatabaseAccess::Admin),
        ])),
        edit().permissions(Permissions::none()),
        edit().disabled(true),
    ] {
        case.ravendb
            .call(async |client| client.certificates().update(&change).await);
        case.terraform.plan().expect_changes();
        assert_eq!(case.terraform.planned_actions(APP), ["update"]);
        case.terraform.apply_and_settle();
        assert_eq!(registered(), configured);
    }
    // The case of a database name is no change.
    let change = edit().permissions(permissions([("ORDERS", DatabaseAccess::ReadWrite)]));
    case.ravendb
        .call(async |client| client.certificates().update(&change).await);
    case.terraform.plan().expect_empty();
}

#[test]
fn entry_deleted_outside_is_registered_again_and_its_destruction_succeeds() {
    let case = Case::new();
    case.configure("");
    case.terraform.apply_and_settle();
    let thumbprint = case.thumbprint();
    case.ravendb
        .call(async |client| client.certificates().delete(&thumbprint).await);
    case.terraform.plan().expect_changes();
    assert_eq!(case.terraform.planned_actions(APP), ["create"]);
    case.terraform.apply_and_settle();

    case.ravendb
        .call(async |client| client.certificates().delete(&thumbprint).await);
    case.terraform
        .run(&["destroy", "-json", "-auto-approve", "-refresh=false"])
        .expect_success();
}

#[test]
fn equal_entry_is_adopted() {
    let case = Case::new();
    case.register(
        &case.name,
        SecurityClearance::ValidUser,
        permissions([("orders", DatabaseAccess::ReadWrite)]),
    );
    case.configure("database_permissions = { Orders = \"ReadWrite\" }");
    case.terraform.apply_and_settle();
}

#[test]
fn different_entry_is_refused_with_the_import_block() {
    let case = Case::new();
    let theirs = case.ravendb.name("billing");
    case.register(&theirs, SecurityClearance::Operator, Permissions::none());
    case.configure("");
    let error = case.terraform.apply().expect_error("Certificate already registered");
    assert!(error.code.contains("certificate_pem"), "{error:?}");
    assert!(
        error.detail.contains(&theirs) && error.detail.contains("Operator"),
        "{error:?}"
    );
    // The block can be pasted, but for the address.
    let block = error.detail.split_once("\n\n").unwrap().1;
    let address = block
        .split_whitespace()
        .find(|word| word.starts_with("certward_"))
        .unwrap();
    case.terraform.write("import.tf", &block.replace(address, APP));
    case.terraform.apply_and_settle();
    assert_eq!(case.ravendb.registered(&case.thumbprint()).unwrap().name, case.name);
}

#[test]
fn protected_entry_stays() {
    let case = Case::new();
    case.configure("deletion_protection = true");
    case.terraform.apply_and_settle();
    case.terraform.destroy().expect_error("Protected against deletion");
    let replaced = ["plan", "-json", "-input=false", &format!("-replace={APP}")];
    case.terraform.run(&replaced).expect_error("Protected against deletion");
    case.terraform
        .write("app.crt", &Identity::self_signed(&case.name).certificate_pem);
    let error = case.terraform.plan().expect_error("Protected against deletion");
    assert!(error.code.contains("certificate_pem"), "{error:?}");
    assert!(case.ravendb.registered(&case.thumbprint()).is_some());
    case.terraform.write("app.crt", &case.identity.certificate_pem);
    case.configure("");
    case.terraform.apply_and_settle();
    case.terraform.destroy().expect_success();
}

#[test]
fn certificate_terraform_uses_is_guarded() {
    let case = Case::new();
    let own = std::fs::read_to_string(case.ravendb.client_certificate()).unwrap();
    case.terraform.write("app.crt", &own);
    let thumbprint = certward::pki::certificates_from_pem(&own).unwrap()[0].thumbprint();
    let registered = case
        .ravendb
        .registered(&thumbprint)
        .expect("the administrator is registered");
    let arguments = |clearance: &str, disabled: bool| {
        format!(
            "name = {}\n  certificate_pem = file(\"${{path.module}}/app.crt\")\n  security_clearance = \"{clearance}\"\n  disabled = {disabled}",
            json!(registered.name)
        )
    };
    case.configure_whole(&arguments("ClusterAdmin", false));
    case.terraform.import(APP, &thumbprint.to_string()).expect_success();
    case.terraform.plan().expect_empty();
    let refusal = "This is the certificate Terraform is using";
    case.terraform.destroy().expect_error(refusal);
    case.configure_whole(&arguments("ClusterAdmin", true));
    assert!(case.terraform.plan().expect_error(refusal).code.contains("disabled"));
    case.configure_whole(&arguments("Operator", false));
    assert!(
        case.terraform
            .plan()
            .expect_error(refusal)
            .code
            .contains("security_clearance")
    );
    assert_eq!(case.ravendb.registered(&thumbprint), Some(registered));
}

#[test]
fn removing_one_certificate_of_a_key_names_the_others() {
    let case = Case::new();
    case.configure("");
    case.terraform.apply_and_settle();
    let renewed = case.identity.renewed(&case.name);
    let certificate = Certificate::from_der(renewed.certificate).unwrap();
    let request = RegisterCertificate::new(case.ravendb.name("sibling"), SecurityClearance::ValidUser, &certificate);
    case.ravendb
        .call(async |client| client.certificates().register(&request).await);
    let run = case.terraform.destroy().expect_success();
    let warning = run
        .find("warning", "The key can still log in")
        .expect("a warning about the sibling");
    assert!(
        warning.detail.contains(&certificate.thumbprint().to_string()),
        "{warning:?}"
    );
}

#[test]
fn collection_is_shown_and_removed_as_a_whole_and_never_edited() {
    let case = Case::new();
    let identities = ["one", "two", "three"].map(Identity::self_signed);
    let folder = tempfile::tempdir().unwrap();
    let all: String = identities.iter().map(|member| &*member.certificate_pem).collect();
    std::fs::write(folder.path().join("all.crt"), all).unwrap();
    let arguments = "pkcs12 -export -nokeys -in all.crt -out all.pfx -passout pass:secret";
    succeed(
        Command::new("openssl")
            .args(arguments.split(' '))
            .current_dir(folder.path()),
    );
    let file = SecretBytes::new(std::fs::read(folder.path().join("all.pfx")).unwrap());
    let members = identities.map(|member| member.certificate);
    let password = Some("secret".into());
    let request = RegisterCertificate::from_pkcs12(&case.name, SecurityClearance::ValidUser, &file, password);
    case.ravendb
        .call(async |client| client.certificates().register(&request).await);

    let source = format!(
        "data \"certward_client_certificates\" \"all\" {{\n  name = \"{}\"\n}}\n",
        case.name
    );
    case.terraform
        .configure(&format!("{}\n{source}", case.ravendb.provider_block()));
    case.terraform.apply().expect_success();
    let listed = case.terraform.attributes("data.certward_client_certificates.all");
    let listed = listed["certificates"].as_array().unwrap();
    assert_eq!(listed.len(), 1, "{listed:?}");
    let primary = listed[0]["thumbprint"].as_str().unwrap().to_owned();
    let further = listed[0]["registered_together_with"].as_array().unwrap().iter();
    let further: Vec<String> = further
        .map(|thumbprint| thumbprint.as_str().unwrap().to_owned())
        .collect();
    let mut all = further.clone();
    all.push(primary.clone());
    all.sort();
    let mut expected = members.map(|member| Thumbprint::of(&member).to_string());
    expected.sort();
    assert_eq!(all, expected);

    case.terraform
        .write("app.crt", listed[0]["certificate_pem"].as_str().unwrap());
    case.configure("");
    let run = case.terraform.import(APP, &primary).expect_success();
    assert!(run.output.contains("Primary of a collection"), "{}", run.output);
    case.terraform.plan().expect_empty();
    case.configure("disabled = true");
    let names_all = |text: &str| further.iter().all(|thumbprint| text.contains(thumbprint));
    for run in [case.terraform.plan(), case.terraform.apply()] {
        let error = run.expect_error("Collection cannot be edited");
        assert!(names_all(&error.detail), "{error:?}");
    }
    // Terraform plans the configuration before it plans its destruction.
    case.configure("");
    let plan = ["plan", "-destroy", "-json", "-input=false"];
    let run = case.terraform.run(&plan).expect_success();
    let warning = run.find("warning", "Removes a whole collection").unwrap();
    assert!(names_all(&warning.detail), "{warning:?}");
    case.terraform.destroy().expect_success();
    for thumbprint in all {
        assert!(case.ravendb.registered(&thumbprint.parse().unwrap()).is_none());
    }
}

#[test]
fn data_sources_show_login_and_entries() {
    let case = Case::new();
    case.register(&case.name, SecurityClearance::Operator, Permissions::none());
    case.terraform.configure(&format!(
        "{}\n{}",
        case.ravendb.provider_block(),
        format_args!(
            r#"
data "certward_whoami" "me" {{}}
data "certward_client_certificates" "all" {{}}
data "certward_client_certificates" "named" {{
  name = "{0}"
}}
data "certward_client_certificates" "users" {{
  name               = "{0}"
  security_clearance = "ValidUser"
}}
data "certward_client_certificates" "ending" {{
  name            = "{0}"
  expiring_within = "1h"
}}
data "certward_client_certificates" "with_server" {{
  include_server_certificate = true
}}
"#,
            case.name
        )
    ));
    case.terraform.apply().expect_success();
    let me = case.terraform.attributes("data.certward_whoami.me");
    assert_eq!(me["authenticated"], true);
    assert_eq!(me["security_clearance"], "ClusterAdmin");
    assert_eq!(me["two_factor_required"], false);
    let certificates = |name: &str| {
        let attributes = case
            .terraform
            .attributes(&format!("data.certward_client_certificates.{name}"));
        attributes["certificates"].as_array().unwrap().clone()
    };
    let named = certificates("named");
    assert_eq!(named.len(), 1);
    assert_eq!(named[0]["thumbprint"], case.thumbprint().to_string());
    assert_eq!(named[0]["certificate_pem"], case.certificate().to_pem());
    assert_eq!(named[0]["security_clearance"], "Operator");
    assert_eq!(certificates("users").len(), 0);
    assert_eq!(certificates("ending").len(), 0);
    let all = certificates("all");
    assert!(all.iter().any(|entry| entry["name"] == case.name));
    assert!(all.iter().all(|entry| entry["security_clearance"] != "ClusterNode"));
    assert!(certificates("with_server").len() > all.len());
}
