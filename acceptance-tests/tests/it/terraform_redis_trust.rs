//! Lifecycle of a cluster's trust with Terraform, against Redis Enterprise: `certward_trusted_ca`,
//! `certward_trusted_ca_bundle` and `certward_cluster_mtls_settings`.

use std::collections::BTreeSet;

use certward::pki::{Certificate, certificates_from_pem};
use certward::redis_enterprise::{
    AuthorizedSubject, CertificateName, Client, Cluster, CreateUser, NewCertificate, SubjectValidation, UpdateCluster,
};
use certward_acceptance_tests::programs;
use certward_acceptance_tests::ravendb::RavenDb;
use certward_acceptance_tests::redis_enterprise::RedisEnterprise;
use certward_acceptance_tests::terraform::Terraform;
use certward_acceptance_tests::test_pki::{Identity, TestCa, client_params};
use serde_json::json;

const TEAM: &str = "certward_trusted_ca.team";
const BUNDLE: &str = "certward_trusted_ca_bundle.clients";
const SETTINGS: &str = "certward_cluster_mtls_settings.cluster";

/// A cluster, a workspace, and the authority `ca.crt` in it.
struct Case {
    redis: RedisEnterprise,
    terraform: Terraform,
    team: TestCa,
    provider: String,
}

impl Case {
    /// A new cluster; `None`, and so no test, when the environment names a cluster: these settings are the whole
    /// cluster's, and tests of it would disturb each other.
    fn new() -> Option<Self> {
        if std::env::var_os("CERTWARD_ACC_REDIS_ENTERPRISE_ENDPOINT").is_some() {
            println!("skipped: changes what the whole cluster trusts");
            return None;
        }
        let redis = RedisEnterprise::start();
        let terraform = Terraform::new("");
        let team = TestCa::new("Team CA");
        terraform.write("ca.crt", &team.certificate_pem());
        Some(Self {
            provider: redis.provider_block(),
            redis,
            terraform,
            team,
        })
    }

    /// The same, where Terraform logs in as the user `terraform` with a certificate of the authority `ca.crt`, which is
    /// all that lets it in.
    fn as_certificate_user() -> Option<Self> {
        let mut case = Self::new()?;
        let authority = certificates(&case.team);
        case.redis.call(async |client: &Client| {
            client
                .certificates()
                .update(&[NewCertificate::trusted_ca(&authority)])
                .await?;
            let user = CreateUser::certificate("terraform", "CN=terraform").role_uids([1.into()]);
            client.users().create(&user).send().await?;
            let settings = UpdateCluster::new().mtls_certificate_authentication(true);
            client.cluster().update(&settings).send().await
        });
        let own = case.team.issue("terraform");
        case.log_in_by_certificate(&own);
        Some(case)
    }

    fn log_in_by_certificate(&mut self, own: &Identity) {
        self.terraform.write("own.crt", &own.certificate_pem);
        self.terraform.write("own.key", &own.private_key_pem);
        self.provider = self.provider_with(
            "",
            "client_certificate_file = \"own.crt\"\n  client_private_key_file = \"own.key\"",
        );
    }

    fn provider_with(&self, of_api: &str, login: &str) -> String {
        format!(
            "terraform {{\n  required_providers {{\n    certward = {{ source = \"certward/certward\" }}\n  }}\n}}\n\
             provider \"certward\" {{\n  redis_enterprise = {{\n    endpoints = [\"{}\"]\n    {of_api}\n  }}\n  {login}\n  \
             ca_certificate_file = \"{}\"\n}}\n",
            self.redis.endpoint(),
            self.redis.ca_certificate().display()
        )
    }

    fn configure(&self, resources: &str) {
        self.terraform.configure(&format!("{}\n{resources}", self.provider));
    }

    fn configure_settings(&self, arguments: &str) {
        self.configure(&format!(
            "resource \"certward_cluster_mtls_settings\" \"cluster\" {{\n  {arguments}\n}}\n"
        ));
    }

    fn trusted(&self) -> Vec<Certificate> {
        let certificates = self.redis.call(async |client| client.certificates().list().await);
        certificates.trusted_ca().unwrap()
    }

    fn trust(&self, authorities: &[Certificate]) {
        let bundle = [NewCertificate::trusted_ca(authorities)];
        self.redis
            .call(async |client| client.certificates().update(&bundle).await);
    }

    fn trust_nobody(&self) {
        self.redis
            .call(async |client| client.certificates().delete(&CertificateName::MtlsTrustedCa).await);
    }

    fn cluster(&self) -> Cluster {
        self.redis.call(async |client| client.cluster().get().await)
    }

    /// Everything these resources can change.
    fn snapshot(&self) -> (Cluster, Vec<Certificate>) {
        (self.cluster(), self.trusted())
    }
}

fn certificates(authority: &TestCa) -> Vec<Certificate> {
    certificates_from_pem(&authority.certificate_pem()).unwrap()
}

fn team_ca(arguments: &str) -> String {
    format!(
        "resource \"certward_trusted_ca\" \"team\" {{\n  certificate_pem = file(\"${{path.module}}/ca.crt\")\n  {arguments}\n}}\n"
    )
}

fn bundle(files: &[&str], arguments: &str) -> String {
    let files: Vec<String> = files
        .iter()
        .map(|file| format!("file(\"${{path.module}}/{file}\")"))
        .collect();
    format!(
        "resource \"certward_trusted_ca_bundle\" \"clients\" {{\n  certificates_pem = [{}]\n  {arguments}\n}}\n",
        files.join(", ")
    )
}

#[test]
fn authority_is_trusted_beside_others_and_removed() {
    let Some(case) = Case::new() else { return };
    let other = certificates(&TestCa::new("Other CA"));
    case.trust(&other);
    case.configure(&team_ca(""));
    case.terraform.apply_and_settle();
    let team = certificates(&case.team).remove(0);
    assert_eq!(case.trusted(), [other[0].clone(), team.clone()]);
    let state = case.terraform.attributes(TEAM);
    for (attribute, expected) in [
        ("id", json!(team.fingerprint().to_string())),
        ("fingerprint_sha256", json!(team.fingerprint().to_string())),
        ("subject_dn", json!("CN=Team CA")),
        ("issuer_dn", json!("CN=Team CA")),
        ("self_signed", json!(true)),
        ("certificate_pem", json!(case.team.certificate_pem())),
        ("name", json!(null)),
        ("allow_lockout", json!(false)),
    ] {
        assert_eq!(state[attribute], expected, "{attribute}");
    }
    for arguments in ["name = \"Team\"", "allow_lockout = true", ""] {
        case.configure(&team_ca(arguments));
        case.terraform.plan().expect_changes();
        assert_eq!(case.terraform.planned_actions(TEAM), ["update"], "{arguments}");
        case.terraform.apply_and_settle();
    }
    let crlf = case.team.certificate_pem().replace('\n', "\r\n");
    case.terraform.write("ca.crt", &crlf);
    case.terraform.plan().expect_empty();
    case.terraform.destroy().expect_success();
    assert_eq!(case.trusted(), other);
}

#[test]
fn another_certificate_replaces_the_authority() {
    let Some(case) = Case::new() else { return };
    case.configure(&team_ca("lifecycle {\n    create_before_destroy = true\n  }"));
    case.terraform.apply_and_settle();
    let next = TestCa::new("Team CA");
    case.terraform.write("ca.crt", &next.certificate_pem());
    case.terraform.plan().expect_changes();
    assert_eq!(case.terraform.planned_actions(TEAM), ["create", "delete"]);
    case.terraform.apply_and_settle();
    assert_eq!(case.trusted(), certificates(&next));
}

#[test]
fn many_authorities_at_once_are_all_trusted() {
    let Some(case) = Case::new() else { return };
    for number in 0..12 {
        let authority = TestCa::new(&format!("CA {number}"));
        case.terraform
            .write(&format!("ca-{number}.crt"), &authority.certificate_pem());
    }
    case.configure(
        "resource \"certward_trusted_ca\" \"all\" {\n  count = 12\n  certificate_pem = \
         file(\"${path.module}/ca-${count.index}.crt\")\n}\n",
    );
    case.terraform.apply_and_settle();
    assert_eq!(case.trusted().len(), 12);
    case.terraform.destroy().expect_success();
    assert_eq!(case.trusted(), []);
}

#[test]
fn trusted_authority_is_adopted_imported_and_seen_when_gone() {
    let Some(case) = Case::new() else { return };
    let team = certificates(&case.team);
    case.trust(&team);
    case.configure(&team_ca(""));
    case.terraform.apply_and_settle();
    case.terraform.run(&["state", "rm", TEAM]).expect_success();

    let fingerprint = team[0].fingerprint().to_string();
    let bytes: Vec<&str> = (0..32).map(|byte| &fingerprint[2 * byte..2 * byte + 2]).collect();
    for id in [fingerprint.clone(), bytes.join(":").to_lowercase()] {
        case.terraform.import(TEAM, &id).expect_success();
        case.terraform.plan().expect_empty();
        case.terraform.run(&["state", "rm", TEAM]).expect_success();
    }
    for (id, expected) in [
        ("Team CA", "Unsuitable import id"),
        (&"0".repeat(64), "No such authority"),
    ] {
        let run = case.terraform.import(TEAM, id);
        assert!(
            run.exit_code == 1 && run.text().contains(expected),
            "{id}: {}",
            run.output
        );
    }
    case.terraform.apply_and_settle();

    case.trust_nobody();
    case.terraform.plan().expect_changes();
    assert_eq!(case.terraform.planned_actions(TEAM), ["create"]);
    case.terraform.apply_and_settle();
    case.trust_nobody();
    case.terraform
        .run(&["destroy", "-json", "-auto-approve", "-refresh=false"])
        .expect_success();
}

#[test]
fn bundle_is_all_that_is_trusted() {
    let Some(case) = Case::new() else { return };
    let [two, three] = ["Two CA", "Three CA"].map(TestCa::new);
    case.terraform.write("two.crt", &two.certificate_pem());
    let both = case.team.certificate_pem() + &two.certificate_pem();
    case.terraform.write("both.crt", &both);
    case.trust(&certificates(&three));
    case.configure(&bundle(&["ca.crt", "two.crt"], ""));
    case.terraform.apply_and_settle();
    let members = |trusted: &[&TestCa]| -> Vec<Certificate> {
        let mut members: Vec<_> = trusted.iter().flat_map(|authority| certificates(authority)).collect();
        members.sort_by_key(Certificate::fingerprint);
        members
    };
    let trusted = || {
        let mut trusted = case.trusted();
        trusted.sort_by_key(Certificate::fingerprint);
        trusted
    };
    assert_eq!(trusted(), members(&[&case.team, &two]));
    // One text of both, and the other order, say the same.
    for files in [&["both.crt"][..], &["two.crt", "ca.crt"], &["both.crt", "ca.crt"]] {
        case.configure(&bundle(files, ""));
        case.terraform.plan().expect_empty();
    }
    case.configure(&bundle(&["ca.crt"], ""));
    case.terraform.plan().expect_changes();
    assert_eq!(case.terraform.planned_actions(BUNDLE), ["update"]);
    case.terraform.apply_and_settle();
    assert_eq!(trusted(), members(&[&case.team]));

    case.trust(&members(&[&case.team, &three]));
    let plan = case.terraform.plan().expect_changes();
    let warning = plan.find("warning", "Authorities beside the bundle");
    assert!(warning.unwrap().detail.contains("Three CA"));
    case.terraform.apply_and_settle();
    assert_eq!(trusted(), members(&[&case.team]));

    case.terraform.run(&["state", "rm", BUNDLE]).expect_success();
    case.terraform.import(BUNDLE, "bundle").expect_success();
    case.terraform.plan().expect_empty();

    let run = case.terraform.destroy().expect_success();
    assert!(run.find("warning", "Authorities stay trusted").is_some());
    assert_eq!(trusted(), members(&[&case.team]));
    case.configure(&bundle(&["ca.crt"], "on_destroy = \"remove\""));
    case.terraform.apply_and_settle();
    case.terraform.destroy().expect_success();
    assert_eq!(trusted(), []);
}

#[test]
fn settings_are_created_changed_and_restored() {
    let Some(case) = Case::new() else { return };
    let before = case.cluster();
    let settings = |arguments: &str| {
        format!(
            "{}resource \"certward_cluster_mtls_settings\" \"cluster\" {{\n  certificate_authentication_enabled = true\n  \
             on_destroy = \"restore\"\n  {arguments}\n  depends_on = [certward_trusted_ca.team]\n}}\n",
            team_ca("")
        )
    };
    case.configure(&settings(""));
    case.terraform.apply_and_settle();
    assert_eq!(case.cluster().mtls_certificate_authentication, Some(true));
    let state = case.terraform.attributes(SETTINGS);
    assert_eq!(state["id"], json!(before.name));
    assert_eq!(
        state["subject_validation_type"],
        json!(null),
        "left out, so not managed"
    );

    let alice = AuthorizedSubject::new("alice").organization("Acme");
    for (arguments, validation, subjects) in [
        (
            "subject_validation_type = \"san_cn\"\n  authorized_subjects = [{ common_name = \"alice\" }]",
            SubjectValidation::SanCn,
            vec![AuthorizedSubject::new("alice")],
        ),
        (
            "subject_validation_type = \"full_subject\"\n  authorized_subjects = [{ common_name = \"alice\", \
             organization = \"Acme\", organizational_units = [\"b\", \"a\"], locality = \"\" }, { common_name = \"bob\" }]",
            SubjectValidation::FullSubject,
            vec![
                alice.organizational_unit("b").organizational_unit("a"),
                AuthorizedSubject::new("bob"),
            ],
        ),
        (
            "subject_validation_type = \"disabled\"\n  authorized_subjects = []",
            SubjectValidation::Disabled,
            vec![],
        ),
        (
            "basic_authentication_enabled = false",
            SubjectValidation::Disabled,
            vec![],
        ),
        ("", SubjectValidation::Disabled, vec![]),
    ] {
        case.configure(&settings(arguments));
        case.terraform.plan().expect_changes();
        assert_eq!(case.terraform.planned_actions(SETTINGS), ["update"], "{arguments}");
        case.terraform.apply_and_settle();
        let cluster = case.cluster();
        assert_eq!(cluster.mtls_client_cert_subject_validation_type, Some(validation));
        let mut found = cluster.mtls_authorized_subjects;
        found.sort();
        assert_eq!(found, subjects, "{arguments}");
        let passwords = !arguments.contains("basic");
        // What was left out of the last step stays as it was.
        assert!(cluster.control_plane_basic_authentication == Some(passwords) || arguments.is_empty());
    }
    case.configure(&settings("basic_authentication_enabled = true"));
    case.terraform.apply_and_settle();
    case.terraform.destroy().expect_success();
    assert_eq!(case.cluster(), before);
    assert_eq!(case.trusted(), []);
}

#[test]
fn settings_changed_outside_are_seen_and_undone() {
    let Some(case) = Case::new() else { return };
    case.trust(&certificates(&case.team));
    case.configure_settings(
        "certificate_authentication_enabled = true\n  subject_validation_type = \"san_cn\"\n  authorized_subjects = [{ \
         common_name = \"alice\" }]\n  basic_authentication_enabled = true",
    );
    case.terraform.apply_and_settle();
    let configured = case.cluster();
    for change in [
        UpdateCluster::new().mtls_certificate_authentication(false),
        UpdateCluster::new().mtls_client_cert_subject_validation_type(SubjectValidation::Disabled),
        UpdateCluster::new().mtls_authorized_subjects([AuthorizedSubject::new("mallory")]),
        UpdateCluster::new().mtls_authorized_subjects([]),
        UpdateCluster::new().control_plane_basic_authentication(false),
    ] {
        case.redis
            .call(async |client| client.cluster().update(&change).send().await);
        case.terraform.plan().expect_changes();
        assert_eq!(case.terraform.planned_actions(SETTINGS), ["update"]);
        case.terraform.apply_and_settle();
        assert_eq!(case.cluster(), configured);
    }
    case.terraform.run(&["state", "rm", SETTINGS]).expect_success();
    case.terraform.import(SETTINGS, "cluster").expect_success();
    case.terraform.plan().expect_empty();
    let run = case.terraform.import(SETTINGS, "1");
    assert_eq!(run.exit_code, 1);
    let run = case.terraform.destroy().expect_success();
    assert!(run.find("warning", "Settings stay as they are").is_some());
    assert_eq!(case.cluster(), configured);
}

#[test]
fn what_lets_the_provider_in_is_guarded() {
    let Some(case) = Case::as_certificate_user() else {
        return;
    };
    let refusal = "Would lock you out";
    let managed = team_ca("");
    case.configure(&managed);
    case.terraform.apply_and_settle();
    let before = case.snapshot();

    // The authority of its own certificate, by destroying, by replacing, and by a bundle without it.
    case.terraform.destroy().expect_error(refusal);
    assert_eq!(case.snapshot(), before);
    let other = TestCa::new("Other CA");
    case.terraform.write("other.crt", &other.certificate_pem());
    case.configure(&managed.replace("ca.crt", "other.crt"));
    case.terraform.apply().expect_error(refusal);
    assert_eq!(case.snapshot(), before);
    case.terraform.run(&["state", "rm", TEAM]).expect_success();
    case.configure(&bundle(&["other.crt"], ""));
    let error = case.terraform.apply().expect_error(refusal);
    assert!(error.detail.contains("CN=Other CA"), "{error:?}");
    assert_eq!(case.snapshot(), before);

    // Settings: said by the plan already.
    for (arguments, attribute) in [
        (
            "certificate_authentication_enabled = false",
            "certificate_authentication_enabled",
        ),
        (
            "subject_validation_type = \"san_cn\"\n  authorized_subjects = [{ common_name = \"somebody\" }]",
            "authorized_subjects",
        ),
        (
            "subject_validation_type = \"full_subject\"\n  authorized_subjects = [{ common_name = \"terraform\", country = \
             \"DE\" }]",
            "authorized_subjects",
        ),
    ] {
        case.configure_settings(arguments);
        let error = case.terraform.plan().expect_error(refusal);
        assert!(error.code.trim_start().starts_with(attribute), "{arguments}: {error:?}");
        assert_eq!(case.snapshot(), before);
    }

    // What keeps the login goes through, passwords off among it.
    case.configure_settings(
        "subject_validation_type = \"full_subject\"\n  authorized_subjects = [{ common_name = \"terraform\" }]\n  \
         basic_authentication_enabled = false\n  on_destroy = \"restore\"",
    );
    case.terraform.apply_and_settle();
    case.terraform.destroy().expect_success();
    assert_eq!(case.snapshot(), before);
}

#[test]
fn password_login_keeps_passwords_on_and_looks_at_its_certificate() {
    let Some(mut case) = Case::new() else { return };
    let password = "correct-horse-Battery-7";
    let user = CreateUser::regular("terraform", password.into())
        .email("terraform@example.com")
        .role_uids([1.into()]);
    case.redis
        .call(async |client| client.users().create(&user).send().await);
    let password = format!("username = \"terraform@example.com\"\n    password = \"{password}\"");
    case.provider = case.provider_with(&password, "");
    let before = case.snapshot();

    case.configure_settings("basic_authentication_enabled = false");
    let error = case.terraform.plan().expect_error("Would lock you out");
    assert!(error.code.contains("basic_authentication_enabled"), "{error:?}");
    case.configure_settings("certificate_authentication_enabled = true");
    case.terraform.apply().expect_error("No trusted authority");
    assert_eq!(case.snapshot(), before);

    // With a certificate of another authority beside the password, which could never log in.
    let stranger = TestCa::new("Stranger CA").issue("terraform");
    case.terraform.write("own.crt", &stranger.certificate_pem);
    case.terraform.write("own.key", &stranger.private_key_pem);
    let files = "client_certificate_file = \"own.crt\"\n  client_private_key_file = \"own.key\"";
    case.provider = case.provider_with(&password, files);
    let on = format!(
        "{}resource \"certward_cluster_mtls_settings\" \"cluster\" {{\n  certificate_authentication_enabled = true\n  \
         depends_on = [certward_trusted_ca.team]\n}}\n",
        team_ca("")
    );
    case.configure(&on);
    let error = case.terraform.apply().expect_error("Would lock you out");
    assert!(error.detail.contains("CN=Team CA"), "{error:?}");
    assert_eq!(case.cluster(), before.0);

    let own = case.team.issue("terraform");
    case.terraform.write("own.crt", &own.certificate_pem);
    case.terraform.write("own.key", &own.private_key_pem);
    case.terraform.apply_and_settle();
    assert_eq!(case.cluster().mtls_certificate_authentication, Some(true));
}

#[test]
fn change_after_which_the_login_fails_is_put_back() {
    let Some(mut case) = Case::new() else { return };
    let password = "correct-horse-Battery-7";
    let admin = CreateUser::regular("admin", password.into()).role_uids([1.into()]);
    let user = CreateUser::certificate("terraform", "CN=terraform").role_uids([1.into()]);
    case.redis.call(async |client: &Client| {
        client.users().create(&admin).send().await?;
        client.users().create(&user).send().await
    });
    case.trust(&certificates(&case.team));
    // Chain, subject and user are as they have to be, so that nothing can be foreseen; but the server wants clientAuth
    // spelt out, and refuses the certificate.
    let mut params = client_params("terraform");
    params.extended_key_usages.clear();
    let own = case.team.issue_with(params);
    case.terraform.write("own.crt", &own.certificate_pem);
    case.terraform.write("own.key", &own.private_key_pem);
    case.provider = case.provider_with(
        &format!("username = \"admin\"\n    password = \"{password}\""),
        "client_certificate_file = \"own.crt\"\n  client_private_key_file = \"own.key\"",
    );
    let before = case.snapshot();
    case.configure_settings("certificate_authentication_enabled = true\n  subject_validation_type = \"disabled\"");
    let run = case.terraform.apply();
    assert!(!run.output.contains(password));
    assert!(run.find("error", "Settings were put back").is_some(), "{}", run.output);
    run.expect_error("Server does not let the provider in");
    assert_eq!(case.snapshot(), before);
    assert_eq!(case.terraform.attributes(SETTINGS), json!(null), "nothing was made");

    case.configure_settings("certificate_authentication_enabled = true\n  allow_lockout = true");
    case.terraform.apply_and_settle();
}

#[test]
fn runs_at_the_same_time_lose_no_authority() {
    let Some(case) = Case::new() else { return };
    let workspaces: Vec<Terraform> = (0..8)
        .map(|_| Terraform::new(&format!("{}\n{}", case.provider, team_ca(""))))
        .collect();
    let rounds = if programs::long_tests() { 10 } else { 2 };
    for round in 0..rounds {
        // From the second round on, each run takes its authority away, too.
        for (number, terraform) in workspaces.iter().enumerate() {
            let authority = TestCa::new(&format!("CA {number} of round {round}"));
            terraform.write("ca.crt", &authority.certificate_pem());
        }
        std::thread::scope(|scope| {
            for terraform in &workspaces {
                scope.spawn(|| terraform.apply().expect_success());
            }
        });
        let trusted = case
            .trusted()
            .into_iter()
            .map(|authority| authority.subject().to_string());
        let trusted: BTreeSet<String> = trusted.collect();
        let expected = (0..workspaces.len()).map(|number| format!("CN=CA {number} of round {round}"));
        assert_eq!(trusted, expected.collect());
    }
    for terraform in &workspaces {
        terraform.plan().expect_empty();
    }
}

#[test]
fn last_authority_stays_while_certificates_are_asked_for() {
    let Some(case) = Case::new() else { return };
    case.configure(&format!(
        "{}resource \"certward_cluster_mtls_settings\" \"cluster\" {{\n  certificate_authentication_enabled = true\n  \
         depends_on = [certward_trusted_ca.team]\n}}\n",
        team_ca("")
    ));
    case.terraform.apply_and_settle();
    // on_destroy = "keep" leaves certificates asked for.
    case.terraform.destroy().expect_error("Last trusted authority");
    assert_eq!(case.trusted(), certificates(&case.team));
}

#[test]
fn wrong_inputs_are_refused_on_their_attribute() {
    let Some(case) = Case::new() else { return };
    let client = Identity::self_signed("app");
    case.terraform.write("app.crt", &client.certificate_pem);
    case.terraform.write("app.key", &client.private_key_pem);
    let with_key = case.team.certificate_pem() + &client.private_key_pem;
    case.terraform.write("with-key.crt", &with_key);
    case.terraform.write("two.crt", &case.team.certificate_pem().repeat(2));
    let ca = |file: &str| team_ca("").replace("ca.crt", file);
    let settings =
        |arguments: &str| format!("resource \"certward_cluster_mtls_settings\" \"cluster\" {{\n  {arguments}\n}}\n");
    for (resource, summary, attribute) in [
        (ca("app.crt"), "Not a certification authority", "certificate_pem"),
        (ca("app.key"), "Private key in certificate_pem", "certificate_pem"),
        (ca("with-key.crt"), "Private key in certificate_pem", "certificate_pem"),
        (
            ca("two.crt"),
            "Several certificates in certificate_pem",
            "certificate_pem",
        ),
        (
            team_ca("").replace("file(\"${path.module}/ca.crt\")", "\"ca.crt\""),
            "No certificate in certificate_pem",
            "certificate_pem",
        ),
        (bundle(&[], ""), "No authorities", "certificates_pem"),
        (
            bundle(&["ca.crt", "app.crt"], ""),
            "Not a certification authority",
            "certificates_pem",
        ),
        (
            bundle(&["ca.crt"], "on_destroy = \"restore\""),
            "Unknown way to destroy",
            "on_destroy",
        ),
        (
            settings("subject_validation_type = \"full\""),
            "Unknown subject validation",
            "subject_validation_type",
        ),
        (
            settings("subject_validation_type = \"san_cn\"\n  authorized_subjects = []"),
            "Nobody could log in",
            "authorized_subjects",
        ),
        (
            settings("authorized_subjects = [{ common_name = \"\" }]"),
            "Authorized subject without a common name",
            "authorized_subjects",
        ),
        (
            settings("certificate_authentication_enabled = false\n  basic_authentication_enabled = false"),
            "Nobody could log in",
            "basic_authentication_enabled",
        ),
        (
            settings("on_destroy = \"remove\""),
            "Unknown way to destroy",
            "on_destroy",
        ),
    ] {
        case.configure(&resource);
        let run = case.terraform.plan();
        assert!(!run.output.contains("MIG"), "the error shows the key: {}", run.output);
        let error = run.expect_error(summary);
        assert!(error.code.trim_start().starts_with(attribute), "{resource}: {error:?}");
        assert!(!error.detail.is_empty(), "{resource}");
    }
}

#[test]
fn resources_of_redis_enterprise_name_what_ravendb_has_instead() {
    let ravendb = RavenDb::start();
    let terraform = Terraform::new("");
    terraform.write("ca.crt", &TestCa::new("Team CA").certificate_pem());
    for (resource, instead) in [
        (team_ca(""), "Security.WellKnownIssuers.Admin"),
        (bundle(&["ca.crt"], ""), "Security.WellKnownIssuers.Admin"),
        (
            "resource \"certward_cluster_mtls_settings\" \"cluster\" {}\n".to_owned(),
            "certward_client_certificate",
        ),
        (
            "data \"certward_cluster\" \"redis\" {}\n".to_owned(),
            "certward_client_certificates",
        ),
    ] {
        terraform.configure(&format!("{}\n{resource}", ravendb.provider_block()));
        let error = terraform.plan().expect_error("Not supported on RavenDB");
        assert!(error.detail.contains(instead), "{resource}: {error:?}");
    }
}

#[test]
fn data_sources_show_settings_and_authorities() {
    let Some(case) = Case::new() else { return };
    let team = certificates(&case.team);
    case.trust(&team);
    let change = UpdateCluster::new().mtls_authorized_subjects([AuthorizedSubject::new("alice").country("DE")]);
    case.redis
        .call(async |client| client.cluster().update(&change).send().await);
    case.configure("data \"certward_cluster\" \"redis\" {}\ndata \"certward_trusted_cas\" \"all\" {}\n");
    case.terraform.apply().expect_success();
    let cluster = case.terraform.attributes("data.certward_cluster.redis");
    assert_eq!(cluster["name"], json!(case.cluster().name));
    assert_eq!(cluster["certificate_authentication_enabled"], json!(false));
    assert_eq!(cluster["basic_authentication_enabled"], json!(true));
    assert_eq!(cluster["authorized_subjects"][0]["common_name"], json!("alice"));
    assert_eq!(cluster["authorized_subjects"][0]["country"], json!("DE"));
    assert_eq!(cluster["authorized_subjects"][0]["locality"], json!(null));
    let authorities = case.terraform.attributes("data.certward_trusted_cas.all");
    assert_eq!(authorities["well_known_issuers"], json!(null));
    let listed = authorities["certificates"].as_array().unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["certificate_pem"], json!(team[0].to_pem()));
    assert_eq!(listed[0]["subject_dn"], json!("CN=Team CA"));

    // RavenDB tells the thumbprints of its setting.
    let ravendb = RavenDb::start();
    let terraform = Terraform::new(&format!(
        "{}\ndata \"certward_trusted_cas\" \"all\" {{}}\n",
        ravendb.provider_block()
    ));
    terraform.apply().expect_success();
    let authorities = terraform.attributes("data.certward_trusted_cas.all");
    assert_eq!(authorities["certificates"], json!(null));
    assert_eq!(authorities["well_known_issuers"], json!([]));
}
