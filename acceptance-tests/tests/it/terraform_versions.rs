//! Requirements on every supported version of Terraform. `tools/run-tests` runs this, and the other tests of Terraform,
//! with each version in turn.

use std::path::Path;

use certward_acceptance_tests::programs;
use certward_acceptance_tests::terraform::{Run, Terraform};
use serde_json::Value;

use crate::terraform_world::{EVERYTHING, Kind, World};

/// Major and minor version of the Terraform that the tests run.
fn version() -> (u32, u32) {
    let shown = Terraform::new("").run(&["version", "-json"]);
    let shown: Value = serde_json::from_str(&shown.output).unwrap();
    let version = shown["terraform_version"].as_str().unwrap();
    let mut numbers = version.split('.').map(|number| number.parse().unwrap());
    (numbers.next().unwrap(), numbers.next().unwrap())
}

#[test]
fn terraform_is_supported_and_the_version_that_its_folder_is_named_after() {
    let (major, minor) = version();
    assert!((major, minor) >= (1, 11), "write-only arguments need Terraform 1.11");
    let program = programs::terraform();
    let folders = Path::new(&program).components();
    let mut names = folders.filter_map(|folder| folder.as_os_str().to_str()?.strip_prefix("terraform-"));
    if let Some(named) = names.next() {
        assert_eq!(named, format!("{major}.{minor}"));
    }
}

/// Warnings of a run, without the one about development overrides, which tests always use.
fn warnings(run: &Run) -> Vec<&str> {
    let warnings = run.diagnostics.iter().map(|warning| warning.summary.as_str());
    warnings.filter(|summary| *summary != OVERRIDDEN).collect()
}

/// The same object with other arguments, of the types that can be changed in place.
fn changed(kind: Kind) -> Option<String> {
    let (from, to) = match kind {
        Kind::ClientCertificate => ("name = ", "disabled = true\n  name = "),
        Kind::Role => ("\"none\"", "\"db_viewer\""),
        Kind::Acl => ("+@read", "+@write"),
        Kind::User => ("\"db_viewer\"", "\"cluster_viewer\""),
        Kind::Database => ("_version = 1", "_version = 2"),
        Kind::Settings => ("\"app\"", "\"another\""),
        Kind::TrustedCa | Kind::Bundle => return None,
    };
    Some(kind.block("a", "0", "").replacen(from, to, 1))
}

#[test]
fn every_type_of_resource_is_created_changed_imported_and_destroyed_without_a_warning() {
    let world = World::new();
    let kinds: Vec<Kind> = EVERYTHING.into_iter().filter(|kind| world.has(*kind)).collect();
    let address = |kind: &Kind| format!("{}.a", kind.type_name());
    let settled = || {
        let run = world.terraform.plan().expect_empty();
        assert_eq!(warnings(&run), [""; 0], "{}", run.output);
    };
    let blocks: String = kinds.iter().map(|kind| kind.block("a", "0", "")).collect();
    world.configure(&blocks);
    let run = world.apply(&[]).expect_success();
    assert_eq!(warnings(&run), [""; 0], "{}", run.output);
    settled();

    let change = |kind: &Kind| changed(*kind).unwrap_or_else(|| kind.block("a", "0", ""));
    let blocks: String = kinds.iter().map(change).collect();
    world.configure(&blocks);
    world.terraform.plan().expect_changes();
    for kind in &kinds {
        let action = if changed(*kind).is_some() { "update" } else { "no-op" };
        assert_eq!(world.terraform.planned_actions(&address(kind)), [action], "{kind:?}");
    }
    world.apply(&[]).expect_success();
    settled();
    let before: Vec<_> = kinds.iter().map(|kind| world.ids(*kind)).collect();

    let import = |kind: &Kind| {
        let id = match kind {
            Kind::Settings => "cluster".into(),
            _ => world.terraform.attributes(&address(kind))["id"].clone(),
        };
        format!("import {{\n  to = {}\n  id = {id}\n}}\n", address(kind))
    };
    let imports: String = kinds.iter().map(import).collect();
    world.terraform.write("import.tf", &imports);
    let addresses: Vec<String> = kinds.iter().map(address).collect();
    let forget: Vec<&str> = ["state", "rm"]
        .into_iter()
        .chain(addresses.iter().map(String::as_str))
        .collect();
    world.terraform.run(&forget).expect_success();
    world.apply(&[]).expect_success();
    settled();
    let after: Vec<_> = kinds.iter().map(|kind| world.ids(*kind)).collect();
    assert_eq!(before, after, "an import changes nothing that there is");

    world.terraform.destroy().expect_success();
    // Settings that were imported go back to what the import found.
    for kind in kinds.iter().filter(|kind| **kind != Kind::Settings) {
        assert!(world.ids(*kind).is_empty(), "{kind:?}");
    }
}

/// Import by identity came with Terraform 1.12, list resources and actions with 1.14. The provider has none of them.
#[test]
fn what_newer_versions_ask_providers_for_and_this_one_does_not_have_is_refused_by_terraform_itself() {
    let version = version();
    let world = World::new();
    let import = "import {\n  to = certward_redis_role.a\n  identity = { uid = 1 }\n}\n";
    world.configure(&(Kind::Role.block("a", "0", "") + import));
    let expected = if version >= (1, 12) {
        "unknown identity type"
    } else {
        "Unsupported argument"
    };
    let run = world.terraform.plan();
    assert!(run.exit_code == 1 && run.text().contains(expected), "{}", run.output);

    // 1.13 knows the word, and does nothing.
    if version >= (1, 14) {
        world.configure("action \"certward_redis_role\" \"a\" {\n}\n");
        let run = world.terraform.plan();
        let refused = run.text().contains("does not have an action schema");
        assert!(run.exit_code == 1 && refused, "{}", run.output);
    }

    world.configure("");
    let list = "list \"certward_redis_role\" \"all\" {\n  provider = certward\n}\n";
    world.terraform.write("roles.tfquery.hcl", list);
    let expected = if version >= (1, 14) {
        "does not support list resource"
    } else {
        "no command named"
    };
    let run = world.terraform.run(&["query", "-no-color"]);
    assert!(run.exit_code == 1 && run.text().contains(expected), "{}", run.output);

    world.configure(&Kind::Role.block("a", "0", ""));
    world.terraform.apply_and_settle();
}

#[test]
fn every_version_reads_the_whole_schema() {
    let shown = World::new();
    shown.configure("");
    let shown = shown.terraform.run(&["providers", "schema", "-json"]).expect_success();
    let schema: Value = serde_json::from_str(shown.output.trim()).unwrap();
    let schema = &schema["provider_schemas"]["registry.terraform.io/certward/certward"];
    for kind in EVERYTHING.into_iter().chain([Kind::Bundle]) {
        let resource = &schema["resource_schemas"][kind.type_name()];
        assert!(resource["block"]["attributes"].is_object(), "{kind:?}: {schema}");
    }
    let database = &schema["resource_schemas"][Kind::Database.type_name()]["block"]["attributes"];
    assert_eq!(database["default_user_password_wo"]["write_only"], true);
    assert!(schema["data_source_schemas"]["certward_whoami"].is_object());
}

#[test]
fn versions_that_the_documentation_says_are_tested_are_those_of_the_matrix() {
    let tool = include_str!("../../../tools/terraforms");
    let lines = tool.lines().filter_map(|line| line.strip_prefix("terraform-"));
    let mut versions: Vec<&str> = lines.filter_map(|line| line.split_whitespace().next()).collect();
    let newest = versions.pop().unwrap();
    let expected = format!("tested with {} and {newest}", versions.join(", "));
    for document in [
        include_str!("../../../provider/docs/index.md"),
        include_str!("../../../provider/README.md"),
        include_str!("../../../CHANGELOG.md"),
    ] {
        let words: Vec<&str> = document.split_whitespace().collect();
        let text = words.join(" ").replace("tested with Terraform", "tested with");
        assert!(text.contains(&expected), "{expected}");
    }
}

const OVERRIDDEN: &str = "Provider development overrides are in effect";
