//! Lifecycle of resources.

use std::fs;

use serde_json::json;

use crate::terraform::Terraform;

#[test]
fn thing_is_created_updated_replaced_and_destroyed() {
    let thing = |place: &str, size: u32| {
        format!(
            r#"
            resource "terraform_data" "later" {{ input = "known after apply" }}
            resource "trivial_thing" "a" {{
              name  = "first"
              place = "{place}"
              size  = {size}
              owner = {{ name = terraform_data.later.output }}
              parts = [{{ weight = 1 }}, {{ weight = {size} }}]
              labels = {{ "a key" = {{ weight = 7 }} }}
            }}
            output "unknown" {{ value = trivial_thing.a.id }}
            "#
        )
    };
    let Some(terraform) = Terraform::with(&thing("here", 3)) else {
        return;
    };
    terraform.converge();
    let attributes = terraform.attributes("a");
    assert_eq!(attributes["id"], "thing-5");
    assert_eq!(
        attributes["owner"],
        json!({ "name": "known after apply", "secret_wo": null })
    );
    assert_eq!(
        attributes["parts"],
        json!([{ "double": 2, "weight": 1 }, { "double": 6, "weight": 3 }])
    );
    assert_eq!(attributes["labels"]["a key"]["double"], 14);
    assert!(terraform.instance("a")["private"].is_string(), "private data is kept");

    terraform.configure(&thing("here", 4));
    let plan = terraform.run(&["plan"]);
    assert!(
        plan.text.contains("1 to change") && !plan.text.contains("forces replacement"),
        "{}",
        plan.text
    );
    terraform.converge();
    assert_eq!(terraform.attributes("a")["parts"][1]["double"], 8);

    terraform.configure(&thing("there", 4));
    let plan = terraform.run(&["plan"]);
    assert!(plan.text.contains("# forces replacement"), "{}", plan.text);
    terraform.converge();
    assert_eq!(terraform.attributes("a")["place"], "there");

    let destroyed = terraform.run(&["destroy", "-auto-approve"]);
    assert!(destroyed.success, "{}", destroyed.text);
    assert_eq!(terraform.state()["resources"], json!([]));
}

#[test]
fn thing_that_vanished_is_made_again() {
    let Some(terraform) = Terraform::with(r#"resource "trivial_thing" "a" { name = "x" }"#) else {
        return;
    };
    terraform.converge();
    let mut state = terraform.state();
    state["resources"][0]["instances"][0]["attributes"]["behaviour"] = json!("vanish");
    fs::write(terraform.path("terraform.tfstate"), state.to_string()).unwrap();
    let plan = terraform.run(&["plan"]);
    assert!(plan.text.contains("1 to add"), "{}", plan.text);
}

#[test]
fn value_of_nine_megabytes_passes() {
    let configuration = r#"resource "trivial_thing" "a" { name = file("${path.module}/big.txt") }"#;
    let Some(terraform) = Terraform::with(configuration) else {
        return;
    };
    fs::write(
        terraform.path("big.txt"),
        "0123456789abcdef".repeat(9 * 1024 * 1024 / 16),
    )
    .unwrap();
    terraform.converge();
    assert_eq!(
        terraform.attributes("a")["name"].as_str().unwrap().len(),
        9 * 1024 * 1024
    );
}

#[test]
fn data_source_and_functions_answer() {
    let configuration = r#"
        data "trivial_echo" "e" { text = "hello" }
        output "echo"  { value = data.trivial_echo.e.echo }
        output "join"  { value = provider::trivial::join("-", "a", "b", "c") }
        output "total" { value = provider::trivial::total(1, 2, 39) }
    "#;
    let Some(terraform) = Terraform::with(configuration) else {
        return;
    };
    terraform.converge();
    let state = terraform.state();
    assert_eq!(state["outputs"]["echo"]["value"], "hello");
    assert_eq!(state["outputs"]["join"]["value"], "a-b-c");
    assert_eq!(state["outputs"]["total"]["value"], 42);

    terraform.configure(r#"output "join" { value = provider::trivial::join("-") }"#);
    let run = terraform.run(&["plan"]);
    assert!(run.words().contains("there is nothing to join"), "{}", run.text);
    terraform.configure(r#"output "total" { value = provider::trivial::total(1, 2.5) }"#);
    let run = terraform.run(&["plan"]);
    assert!(
        run.words()
            .contains("the value does not fit what the function expects here"),
        "{}",
        run.text
    );
}

#[test]
fn thing_is_imported_without_its_write_only_value() {
    let Some(terraform) = Terraform::with(r#"resource "trivial_thing" "a" { name = "seven77" }"#) else {
        return;
    };
    let run = terraform.run(&["import", "trivial_thing.a", "seven77"]);
    // `import` takes its options before the address.
    assert!(run.success, "{}", run.text);
    assert_eq!(terraform.attributes("a")["id"], "thing-7");
    assert_eq!(terraform.attributes("a")["password_wo"], json!(null));
    let plan = terraform.run(&["plan", "-detailed-exitcode"]);
    assert_eq!(plan.code, Some(0), "{}", plan.text);
}

#[test]
fn state_of_an_older_version_is_upgraded_and_of_an_unknown_one_refused() {
    let Some(terraform) = Terraform::with(r#"resource "trivial_thing" "a" { name = "old" }"#) else {
        return;
    };
    let stored = |version: u32| {
        json!({
            "version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "a",
            "outputs": {},
            "resources": [{
                "mode": "managed", "type": "trivial_thing", "name": "a",
                "provider": "provider[\"registry.terraform.io/certward/trivial\"]",
                "instances": [{
                    "schema_version": version,
                    "attributes": { "id": "thing-3", "title": "old", "dropped_long_ago": [1] }
                }]
            }]
        })
    };
    fs::write(terraform.path("terraform.tfstate"), stored(1).to_string()).unwrap();
    terraform.converge();
    assert_eq!(terraform.attributes("a")["name"], "old");

    fs::write(terraform.path("terraform.tfstate"), stored(0).to_string()).unwrap();
    let run = terraform.apply();
    assert!(!run.success && run.text.contains("Unknown version"), "{}", run.text);
}

#[test]
fn resource_of_another_type_is_moved() {
    let Some(terraform) = Terraform::with(r#"resource "terraform_data" "old" {}"#) else {
        return;
    };
    terraform.converge();
    terraform.configure(
        r#"
        resource "trivial_thing" "a" { name = "moved" }
        moved {
          from = terraform_data.old
          to   = trivial_thing.a
        }
        "#,
    );
    let plan = terraform.run(&["plan"]);
    assert!(
        plan.words().contains("terraform_data.old has moved to trivial_thing.a"),
        "{}",
        plan.text
    );
    terraform.converge();
    assert_eq!(terraform.attributes("a")["id"], "thing-5");
}
