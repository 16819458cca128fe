//! Errors that say what is needed, and secrets that stay where they belong.

use std::fs;

use serde_json::json;

use crate::terraform::{Run, Terraform};

#[test]
fn ephemeral_value_reaches_a_write_only_attribute_and_nothing_else() {
    let configuration = r#"
        ephemeral "trivial_secret" "s" { seed = "canary-4711" }
        resource "trivial_thing" "a" {
          name                = "x"
          behaviour           = "dawdle"
          password_wo         = ephemeral.trivial_secret.s.value
          password_wo_version = "1"
          owner               = { name = "o", secret_wo = ephemeral.trivial_secret.s.value }
        }
    "#;
    let Some(terraform) = Terraform::with(configuration) else {
        return;
    };
    let log = terraform.path("log");
    let apply = |version: &str| {
        terraform.configure(&configuration.replace("\"1\"", &format!("{version:?}")));
        let run = Run::of(
            terraform
                .command(&["apply", "-auto-approve"])
                .env("TF_LOG", "TRACE")
                .env("TF_LOG_PATH", &log),
        );
        assert!(run.success, "{}", run.text);
        run
    };
    apply("1");
    apply("2");
    let attributes = terraform.attributes("a");
    assert_eq!(attributes["password_length"], "opened-canary-4711".len());
    assert_eq!(attributes["password_wo"], json!(null));
    assert_eq!(attributes["owner"]["secret_wo"], json!(null));

    let state = fs::read_to_string(terraform.path("terraform.tfstate")).unwrap();
    assert!(!state.contains("opened-canary"), "the secret is in the state");
    let log = fs::read_to_string(log).unwrap();
    // The seed is part of the configuration; the value made of it is the secret.
    assert!(!log.contains("opened-canary"), "the secret is in the log");
    let line = log
        .lines()
        .find(|line| line.contains("took a password"))
        .expect("the provider's line is in the log");
    assert!(line.contains("***"), "{line}");
    assert!(log.contains("renewed an ephemeral secret"), "renewing was not called");
    assert!(log.contains("closed an ephemeral secret"), "closing was not called");
    assert!(
        log.contains("[INFO]  provider.terraform-provider-trivial: configured"),
        "the log has another form"
    );
}

#[test]
fn panic_is_reported_with_its_place_and_without_its_values() {
    let thing =
        |behaviour: &str| format!("resource \"trivial_thing\" \"a\" {{\n name = \"x\"\n behaviour = {behaviour:?}\n}}");
    let Some(terraform) = Terraform::with(&thing("panic")) else {
        return;
    };
    let run = Run::of(
        terraform
            .command(&["apply", "-auto-approve"])
            .env("RUST_BACKTRACE", "1"),
    );
    assert!(!run.success);
    let words = run.words();
    assert!(words.contains("Applying of `trivial_thing` panicked at"), "{words}");
    assert!(words.contains("please report it"), "{words}");
    assert!(!words.contains("hunter2") && !words.contains("backtrace"), "{words}");

    terraform.configure(&thing("ok"));
    terraform.converge();
    terraform.configure(&thing("panic"));
    assert!(!terraform.apply().success);
    assert_eq!(
        terraform.attributes("a")["behaviour"],
        "ok",
        "a failed update leaves the prior state"
    );
}

#[test]
fn equal_errors_are_shown_once_and_without_backtrace() {
    let configuration = "resource \"trivial_thing\" \"a\" {\n name = \"x\"\n behaviour = \"fail\"\n}";
    let Some(terraform) = Terraform::with(configuration) else {
        return;
    };
    let run = Run::of(
        terraform
            .command(&["apply", "-auto-approve"])
            .env("RUST_BACKTRACE", "full"),
    );
    assert!(!run.success);
    assert_eq!(run.text.matches("It failed").count(), 1, "{}", run.text);
    assert!(!run.text.contains("tf_provider::"), "{}", run.text);
}

#[test]
fn object_that_was_not_destroyed_stays_in_the_state() {
    for (behaviour, message) in [
        ("stay", "The provider gave no answer"),
        ("stay with a reason", "Still in use"),
    ] {
        let configuration =
            format!("resource \"trivial_thing\" \"a\" {{\n name = \"x\"\n behaviour = {behaviour:?}\n}}");
        let Some(terraform) = Terraform::with(&configuration) else {
            return;
        };
        terraform.converge();
        let run = terraform.run(&["destroy", "-auto-approve"]);
        assert!(!run.success && run.text.contains(message), "{}", run.text);
        assert_eq!(terraform.attributes("a")["name"], "x");
    }
}

#[test]
fn value_that_does_not_fit_is_reported_at_its_attribute() {
    let thing = |attribute: &str| format!("resource \"trivial_thing\" \"a\" {{\n name = \"x\"\n {attribute}\n}}");
    let Some(terraform) = Terraform::with(&thing("size = 0.5")) else {
        return;
    };
    let run = terraform.run(&["plan"]);
    let words = run.words();
    assert!(!run.success && words.contains("Invalid Whole Number"), "{words}");
    assert!(words.contains("6: size = 0.5"), "the line is quoted: {words}");

    terraform.configure(&thing("parts = [{ weight = 1 }, { weight = 0.5 }]"));
    let words = terraform.run(&["plan"]).words();
    assert!(words.contains("Set parts[1].weight to a whole number"), "{words}");
}
