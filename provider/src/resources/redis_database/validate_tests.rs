use super::*;
use crate::resources::cluster_mtls_settings::AuthorizedSubjectState;

fn text(text: &str) -> Value<String> {
    Value::Value(text.to_owned())
}

fn config() -> RedisDatabaseState {
    RedisDatabaseState {
        name: text("orders"),
        memory_size: Value::Value(1 << 30),
        ..RedisDatabaseState::default()
    }
}

fn subject() -> Value<Vec<Value<AuthorizedSubjectState>>> {
    Value::Value(vec![Value::Value(AuthorizedSubjectState {
        common_name: text("client"),
        ..AuthorizedSubjectState::default()
    })])
}

/// Attribute and summary of each error.
fn errors(config: &RedisDatabaseState) -> Vec<(String, String)> {
    let mut diags = Diagnostics::default();
    validate(&mut diags, config);
    let errors = diags.errors.iter();
    errors
        .map(|error| (error.attribute.to_string(), error.summary.to_string()))
        .collect()
}

fn check(change: impl FnOnce(&mut RedisDatabaseState), attribute: &str, summary: &str) {
    let mut config = config();
    change(&mut config);
    assert_eq!(errors(&config), [(attribute.to_owned(), summary.to_owned())]);
}

fn check_mtls(change: impl FnOnce(&mut DatabaseMtls), summary: &str) {
    let mut mtls = DatabaseMtls::default();
    change(&mut mtls);
    check(|config| config.mtls = Value::Value(mtls), "mtls", summary);
}

#[test]
fn suitable_configurations_pass() {
    assert_eq!(errors(&config()), []);
    for name in ["a", "7", "Cache-1", &"a".repeat(63)] {
        let config = RedisDatabaseState {
            name: text(name),
            memory_size: Value::Value(0),
            port: Value::Value(65_535),
            default_user_password_wo: text("canary"),
            default_user_password_wo_version: Value::Value(1),
            ..config()
        };
        assert_eq!(errors(&config), [], "{name}");
    }
    let unknown = RedisDatabaseState {
        name: Value::Unknown,
        memory_size: Value::Unknown,
        port: Value::Unknown,
        mtls: Value::Unknown,
        default_user_password_wo: Value::Unknown,
        default_user_password_wo_version: Value::Value(1),
        roles_permissions: Value::Unknown,
        ..RedisDatabaseState::default()
    };
    assert_eq!(errors(&unknown), []);
}

#[test]
fn wrong_values_are_refused_on_their_attribute() {
    for name in ["", "-a", "a-", "a b", "a_b", "ä", &"a".repeat(64)] {
        check(|config| config.name = text(name), "name", "Unsuitable name");
    }
    for memory_size in [-1, 1, 100, SMALLEST_MEMORY - 1] {
        check(
            |config| config.memory_size = Value::Value(memory_size),
            "memory_size",
            "Unsuitable memory size",
        );
    }
    for port in [0, -1, 443, 65_536] {
        check(|config| config.port = Value::Value(port), "port", "Unsuitable port");
    }
    check(
        |config| config.eviction_policy = text("lru"),
        "eviction_policy",
        "Unknown word",
    );
    check(
        |config| config.data_persistence = text("AOF"),
        "data_persistence",
        "Unknown word",
    );
}

#[test]
fn password_and_version_go_together() {
    check(
        |config| config.default_user_password_wo = text("canary"),
        "default_user_password_wo_version",
        "Password without a version",
    );
    check(
        |config| config.default_user_password_wo_version = Value::Value(1),
        "default_user_password_wo",
        "Version without a password",
    );
    check(
        |config| {
            config.default_user_password_wo = text("");
            config.default_user_password_wo_version = Value::Value(1);
        },
        "default_user_password_wo",
        "Empty password",
    );
}

#[test]
fn mutual_tls_that_lets_nobody_in_is_refused() {
    check_mtls(
        |mtls| mtls.client_authentication_enforced = Value::Value(true),
        "Certificates without TLS",
    );
    check_mtls(
        |mtls| {
            mtls.tls_mode = text("enabled");
            mtls.client_authentication_enforced = Value::Value(true);
            mtls.client_certificates_pem = Value::Value(vec![]);
        },
        "No client certificates",
    );
    check_mtls(|mtls| mtls.tls_mode = text("on"), "Unknown word");
    check_mtls(
        |mtls| mtls.subject_validation_type = text("cn"),
        "Unknown subject validation",
    );
    check_mtls(
        |mtls| mtls.subject_validation_type = text("san_cn"),
        "Nobody could connect",
    );
    let gate = DatabaseMtls {
        subject_validation_type: text("full_subject"),
        authorized_subjects: subject(),
        ..DatabaseMtls::default()
    };
    let config = RedisDatabaseState {
        mtls: Value::Value(gate),
        ..config()
    };
    assert_eq!(errors(&config), []);
}

#[test]
fn password_that_the_cluster_refuses_is_refused_on_its_attribute_and_not_repeated() {
    for password in ["canary\n", "can\r\nary", "canary\0"] {
        let config = RedisDatabaseState {
            default_user_password_wo: text(password),
            default_user_password_wo_version: Value::Value(1),
            ..config()
        };
        let expected = ("default_user_password_wo".to_owned(), "Unsuitable password".to_owned());
        assert_eq!(errors(&config), [expected], "{password:?}");
        let mut diags = Diagnostics::default();
        validate(&mut diags, &config);
        assert!(!format!("{diags:?}").contains("canary"));
    }
}
