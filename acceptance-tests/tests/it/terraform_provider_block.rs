//! The provider block: where its values come from, and what is said when they do not fit.

use certward_acceptance_tests::ravendb::RavenDb;
use certward_acceptance_tests::terraform::Terraform;
use certward_acceptance_tests::test_pki::Identity;

const REQUIRED_PROVIDERS: &str =
    "terraform {\n  required_providers {\n    certward = { source = \"certward/certward\" }\n  }\n}\n";
const WHOAMI: &str = "data \"certward_whoami\" \"me\" {}\n";

fn provider(arguments: &str) -> String {
    format!("{REQUIRED_PROVIDERS}\nprovider \"certward\" {{\n{arguments}\n}}\n{WHOAMI}")
}

fn path(path: &std::path::Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn environment_configures_the_provider() {
    let ravendb = RavenDb::start();
    let mut terraform = Terraform::new(&format!("{REQUIRED_PROVIDERS}\nprovider \"certward\" {{}}\n{WHOAMI}"));
    terraform.set("CERTWARD_RAVENDB_ENDPOINTS", ravendb.endpoint());
    terraform.set("CERTWARD_CLIENT_CERTIFICATE_FILE", path(ravendb.client_certificate()));
    let key = std::fs::read_to_string(ravendb.client_private_key()).unwrap();
    terraform.set("CERTWARD_CLIENT_PRIVATE_KEY", &key);
    terraform.set("CERTWARD_CA_CERTIFICATE_FILE", path(ravendb.ca_certificate()));
    terraform.set("CERTWARD_REQUEST_TIMEOUT", "1m");
    terraform.set("CERTWARD_MAX_RETRIES", "1");
    terraform.apply().expect_success();
    assert_eq!(terraform.attributes("data.certward_whoami.me")["authenticated"], true);

    // An attribute wins over its variable.
    terraform.set("CERTWARD_RAVENDB_ENDPOINTS", "https://127.0.0.1:1");
    terraform.configure(&provider(&format!(
        "ravendb = {{ endpoints = [\"{}\"] }}",
        ravendb.endpoint()
    )));
    terraform.apply().expect_success();
}

#[test]
fn wrong_settings_are_refused_before_anything_connects() {
    let terraform = Terraform::new("");
    let (one, other) = (Identity::self_signed("one"), Identity::self_signed("other"));
    terraform.write("one.crt", &one.certificate_pem);
    terraform.write("one.key", &one.private_key_pem);
    terraform.write("other.key", &other.private_key_pem);
    terraform.write("setup.zip", "PK\u{3}\u{4}");
    let ravendb = "ravendb = { endpoints = [\"https://127.0.0.1:1\"] }";
    let files = |arguments: &str| format!("{ravendb}\n{arguments}");
    for (arguments, summary, mentions) in [
        (
            "ravendb = { endpoints = [\"http://a.example\"] }".to_owned(),
            "Unsuitable endpoint",
            "https",
        ),
        (
            "ravendb = { endpoints = [\"a.example:443\"] }".to_owned(),
            "Unsuitable endpoint",
            "https",
        ),
        (
            "ravendb = { endpoints = [\"https://a.example/studio\"] }".to_owned(),
            "Unsuitable endpoint",
            "host and port",
        ),
        ("ravendb = { endpoints = [] }".to_owned(), "No endpoint", "at least one"),
        (
            files("client_certificate_file = \"one.crt\""),
            "Private key is missing",
            "client_private_key_file",
        ),
        (
            files("client_private_key_file = \"one.key\""),
            "Client certificate is missing",
            "client_certificate_file",
        ),
        (
            files("client_certificate_file = \"one.crt\"\nclient_private_key_file = \"other.key\""),
            "Key does not match certificate",
            "CN=one",
        ),
        (
            files(
                "client_certificate_file = \"one.crt\"\nclient_certificate_pem = \"x\"\nclient_private_key_file = \"one.key\"",
            ),
            "Conflicting provider settings",
            "client_certificate_pem and client_certificate_file",
        ),
        (
            files(
                "client_certificate_file = \"one.crt\"\nclient_private_key_file = \"one.key\"\npkcs12_file = \"a.pfx\"",
            ),
            "Conflicting provider settings",
            "pkcs12_file",
        ),
        (files("pkcs12_file = \"setup.zip\""), "This is a zip file", "Unpack it"),
        (
            files("pkcs12_base64 = \"***\""),
            "Unreadable PKCS#12 file",
            "filebase64",
        ),
        (
            files("ca_certificate_file = \"missing.pem\""),
            "Unreadable file",
            "missing.pem",
        ),
        (files("request_timeout = \"30\""), "Unsuitable request timeout", "30s"),
        (
            files("proxy_url = \"socks5://user:hunter2@proxy.example\""),
            "Provider settings cannot be used",
            "http or https",
        ),
        (
            files("tls_server_name = \"not a name\""),
            "Provider settings cannot be used",
            "not a name",
        ),
        (files("max_retries = 99"), "Unsuitable number", "max_retries"),
        (
            files("max_concurrent_requests = 0"),
            "Unsuitable number",
            "max_concurrent_requests",
        ),
        (
            "redis_enterprise = {\n  endpoints = [\"https://a.example:9443\"]\n  username = \"a@example.com\"\n}"
                .to_owned(),
            "Incomplete login by password",
            "redis_enterprise.password",
        ),
    ] {
        terraform.configure(&provider(&arguments));
        let error = terraform.plan().expect_error(summary);
        assert!(!error.detail.contains("hunter2"), "{error:?}");
        assert!(error.detail.contains(mentions), "{arguments}: {error:?}");
        assert!(
            !error.code.is_empty(),
            "{arguments}: the error is on no attribute: {error:?}"
        );
    }
}

#[test]
fn missing_api_is_an_error_at_plan_that_names_the_attribute() {
    let terraform = Terraform::new(&format!(
        "{REQUIRED_PROVIDERS}\nprovider \"certward\" {{}}\nresource \"certward_client_certificate\" \"app\" {{\n  name = \"a\"\n  certificate_pem = file(\"app.crt\")\n}}\n"
    ));
    terraform.write("app.crt", &Identity::self_signed("app").certificate_pem);
    let error = terraform.plan().expect_error("RavenDB is not configured");
    assert!(error.detail.contains("ravendb = { endpoints"), "{error:?}");
}

#[test]
fn unknown_provider_settings_plan_by_the_state_with_one_warning() {
    let ravendb = RavenDb::start();
    let identity = Identity::self_signed("app");
    let endpoint = |expression: &str| {
        ravendb
            .provider_block()
            .replace(&format!("\"{}\"", ravendb.endpoint()), expression)
            + &format!(
                "\nresource \"terraform_data\" \"endpoint\" {{\n  input = \"{}\"\n}}\nresource \"certward_client_certificate\" \"app\" {{\n  count = 3\n  name = \"{}\"\n  certificate_pem = file(\"app.crt\")\n}}\n",
                ravendb.endpoint(),
                ravendb.name("app")
            )
    };
    let terraform = Terraform::new(&endpoint("terraform_data.endpoint.output").replace("count = 3\n", ""));
    terraform.write("app.crt", &identity.certificate_pem);
    let run = terraform.plan().expect_changes();
    let warnings = run
        .diagnostics
        .iter()
        .filter(|one| one.summary == "Provider configuration is not known yet");
    assert_eq!(warnings.count(), 1, "{}", run.output);
    terraform.apply_and_settle();
    assert!(
        ravendb
            .registered(&certward::pki::Thumbprint::of(&identity.certificate))
            .is_some()
    );
    terraform.destroy().expect_success();
}

#[test]
fn untrusted_server_and_unknown_certificate_are_explained() {
    let ravendb = RavenDb::start();
    let terraform = Terraform::new("");
    let stranger = Identity::self_signed("stranger");
    terraform.write("stranger.crt", &stranger.certificate_pem);
    terraform.write("stranger.key", &stranger.private_key_pem);
    let login = format!(
        "ravendb = {{ endpoints = [\"{}\"] }}\nclient_certificate_file = \"stranger.crt\"\nclient_private_key_file = \"stranger.key\"\nmax_retries = 0",
        ravendb.endpoint()
    );
    terraform.configure(&provider(&login));
    terraform.plan().expect_error("Cannot verify the server");

    let trusting = format!("{login}\nca_certificate_file = \"{}\"", path(ravendb.ca_certificate()));
    terraform.configure(&provider(&trusting));
    terraform.apply().expect_success();
    assert_eq!(terraform.attributes("data.certward_whoami.me")["authenticated"], false);

    let list = "data \"certward_client_certificates\" \"all\" {}\n";
    terraform.configure(&(provider(&trusting) + list));
    terraform.plan().expect_error("Server does not trust this certificate");

    let nowhere = trusting.replace(ravendb.endpoint(), "https://127.0.0.1:1");
    terraform.configure(&provider(&nowhere));
    terraform.plan().expect_error("Cannot reach the cluster");
}

#[test]
fn proxy_that_does_not_answer_is_named_with_its_variable_and_without_its_password() {
    let mut terraform = Terraform::new(&provider(
        "ravendb = { endpoints = [\"https://127.0.0.1:1\"] }\nmax_retries = 0",
    ));
    terraform.set("HTTPS_PROXY", "http://user:hunter2@127.0.0.1:9");
    terraform.set("NO_PROXY", "");
    terraform.set("TF_LOG_PROVIDER", "INFO");
    let run = terraform.plan();
    assert!(!run.output.contains("hunter2"), "{}", run.output);
    let log = run
        .output
        .lines()
        .find(|line| line.contains("requests go through a proxy"));
    let log = log.unwrap_or_else(|| panic!("{}", run.output));
    assert!(
        log.contains("https://127.0.0.1:1") && log.contains("(HTTPS_PROXY)"),
        "{log}"
    );
    let error = run.expect_error("Cannot reach the cluster");
    assert!(
        error
            .detail
            .contains("through the proxy http://127.0.0.1:9 (HTTPS_PROXY)"),
        "{error:?}"
    );
}

#[test]
fn exchanged_endpoints_are_told() {
    let server = certward_acceptance_tests::reference_server::ReferenceServer::start();
    let apis = [
        ("ravendb", &*server.redis_enterprise_endpoint()),
        ("redis_enterprise", &*server.endpoint()),
    ];
    let block = certward_acceptance_tests::terraform::provider_block(
        &apis,
        &server.path("admin.crt"),
        &server.path("admin.key"),
        &server.path("ca.crt"),
    );
    let terraform = Terraform::new("");
    for (source, summary) in [
        (
            "data \"certward_client_certificates\" \"all\" {}\n",
            "This is not RavenDB",
        ),
        (
            "data \"certward_cert_users\" \"all\" {}\n",
            "This is not Redis Enterprise",
        ),
        (
            "resource \"certward_redis_role\" \"app\" {\n  name       = \"app\"\n  management = \"none\"\n}\n",
            "This is not Redis Enterprise",
        ),
    ] {
        terraform.configure(&format!("{block}{source}"));
        let error = terraform.plan().expect_error(summary);
        assert!(error.detail.contains("exchanged"), "{error:?}");
    }
}

#[test]
fn login_with_the_servers_certificate_is_warned_of_once() {
    let server = certward_acceptance_tests::reference_server::ReferenceServer::start();
    let arguments = format!(
        "ravendb = {{ endpoints = [\"{}\"] }}\nclient_certificate_file = \"{}\"\nclient_private_key_file = \"{}\"\nca_certificate_file = \"{}\"",
        server.endpoint(),
        path(&server.path("server.crt")),
        path(&server.path("server.key")),
        path(&server.path("ca.crt"))
    );
    let terraform = Terraform::new("");
    let mut resources = String::new();
    for name in ["a", "b"] {
        terraform.write(&format!("{name}.crt"), &Identity::self_signed(name).certificate_pem);
        resources += &format!(
            "resource \"certward_client_certificate\" \"{name}\" {{\n  name = \"{name}\"\n  certificate_pem = file(\"{name}.crt\")\n}}\n"
        );
    }
    terraform.configure(&(provider(&arguments) + &resources));
    let run = terraform.apply().expect_success();
    let warnings = run
        .diagnostics
        .iter()
        .filter(|one| one.summary == "Logging in with the server's certificate");
    assert_eq!(warnings.count(), 1, "{}", run.output);
}
