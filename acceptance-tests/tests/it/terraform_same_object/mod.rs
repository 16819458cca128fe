//! Whatever happens to blocks (`-replace`, `taint`, other labels, shorter lists, two blocks, another type), what the
//! configuration wants is there at the end, once, and the next plan is empty.

mod cutting_proxy;
mod interrupted;

use std::collections::BTreeSet;

use certward::redis_enterprise::UpdateCluster;
use certward_acceptance_tests::programs;

use crate::terraform_world::{EVERYTHING, Kind, MANY, World};

const CREATE_BEFORE_DESTROY: &str = "lifecycle {\n    create_before_destroy = true\n  }";

/// One block of every type; the bundle has a test of its own, because it does not go with single CAs.
fn one_of_each(world: &World, label: &str, further: &str) -> String {
    let kinds = EVERYTHING.into_iter().filter(|kind| world.has(*kind));
    kinds.map(|kind| kind.block(label, "0", further)).collect()
}

fn addresses(world: &World, label: &str) -> Vec<String> {
    let kinds = EVERYTHING.into_iter().filter(|kind| world.has(*kind));
    kinds.map(|kind| format!("{}.{label}", kind.type_name())).collect()
}

fn expect_objects(world: &World, kinds: &[Kind], numbers: impl IntoIterator<Item = usize> + Clone) {
    for kind in kinds.iter().filter(|kind| world.has(**kind)) {
        let expected: BTreeSet<usize> = numbers.clone().into_iter().collect();
        assert_eq!(world.objects(*kind), expected, "{kind:?}");
    }
}

fn rounds() -> usize {
    if programs::long_tests() { 20 } else { 2 }
}

fn replaced(further: &str) -> World {
    let world = World::new();
    world.configure(&one_of_each(&world, "a", further));
    world.apply(&[]).expect_success();
    let replace: Vec<String> = addresses(&world, "a")
        .iter()
        .map(|address| format!("-replace={address}"))
        .collect();
    let replace: Vec<&str> = replace.iter().map(String::as_str).collect();
    for _ in 0..rounds() {
        world.apply(&replace).expect_success();
        expect_objects(&world, &EVERYTHING, [0]);
        world.expect_settled();
    }
    world
}

#[test]
fn replaced_object_is_made_anew() {
    let world = replaced("");
    let before = world.ids(Kind::Role);
    world.apply(&["-replace=certward_redis_role.a"]).expect_success();
    assert_ne!(world.ids(Kind::Role), before);
}

#[test]
fn object_that_is_replaced_before_it_is_destroyed_stays() {
    let world = replaced(CREATE_BEFORE_DESTROY);
    let before = world.ids(Kind::Role);
    let run = world.apply(&["-replace=certward_redis_role.a"]).expect_success();
    assert_eq!(world.ids(Kind::Role), before, "there cannot be two of one name");
    run.find("warning", "Not removed").unwrap();
}

fn tainted(further: &str) {
    let world = World::new();
    world.configure(&one_of_each(&world, "a", further));
    world.apply(&[]).expect_success();
    for _ in 0..rounds() {
        for address in addresses(&world, "a") {
            world.terraform.run(&["taint", &address]).expect_success();
        }
        world.apply(&[]).expect_success();
        expect_objects(&world, &EVERYTHING, [0]);
        world.expect_settled();
    }
}

#[test]
fn tainted_object_is_made_anew() {
    tainted("");
}

#[test]
fn tainted_object_that_is_replaced_before_it_is_destroyed_stays() {
    tainted(CREATE_BEFORE_DESTROY);
}

#[test]
fn object_under_another_label_is_there_once() {
    let world = World::new();
    world.configure(&one_of_each(&world, "a", ""));
    world.apply(&[]).expect_success();
    for round in 0..rounds() {
        let label = ["b", "a"][round % 2];
        world.configure(&one_of_each(&world, label, ""));
        let run = world.apply(&[]).expect_success();
        expect_objects(&world, &EVERYTHING, [0]);
        let warning = run.find("warning", "Destroyed and created in one run").unwrap();
        assert!(warning.detail.contains("moved {"), "{warning:?}");
        world.expect_settled();
    }
}

fn shortened(kind: Kind, length: usize, further: &str) {
    let world = World::new();
    if !world.has(kind) {
        return;
    }
    let configure = |numbers: &[usize]| {
        let list: Vec<String> = numbers.iter().map(|number| format!("\"{number}\"")).collect();
        let count = format!("count = {}\n  {further}", numbers.len());
        let block = kind.block("a", "${local.numbers[count.index]}", &count);
        world.configure(&format!("locals {{\n  numbers = [{}]\n}}\n{block}", list.join(", ")));
    };
    let all: Vec<usize> = (0..length).collect();
    configure(&all);
    world.apply(&[]).expect_success();
    for _ in 0..rounds() {
        for numbers in [&all[1..], &all] {
            configure(numbers);
            world.apply(&[]).expect_success();
            expect_objects(&world, &[kind], numbers.iter().copied());
            world.expect_settled();
        }
    }
}

#[test]
fn list_of_client_certificates_loses_its_first_and_gets_it_back() {
    shortened(Kind::ClientCertificate, 6, "");
}

#[test]
fn list_of_client_certificates_that_are_replaced_first_loses_its_first_and_gets_it_back() {
    shortened(Kind::ClientCertificate, 6, CREATE_BEFORE_DESTROY);
}

#[test]
fn list_of_trusted_cas_loses_its_first_and_gets_it_back() {
    shortened(Kind::TrustedCa, 6, "");
}

#[test]
fn list_of_trusted_cas_that_are_replaced_first_loses_its_first_and_gets_it_back() {
    shortened(Kind::TrustedCa, 6, CREATE_BEFORE_DESTROY);
}

#[test]
fn list_of_roles_loses_its_first_and_gets_it_back() {
    shortened(Kind::Role, 6, "");
}

#[test]
fn list_of_acls_loses_its_first_and_gets_it_back() {
    shortened(Kind::Acl, 6, "");
}

#[test]
fn list_of_users_loses_its_first_and_gets_it_back() {
    shortened(Kind::User, 6, "");
}

#[test]
fn list_of_databases_loses_its_first_and_gets_it_back() {
    shortened(Kind::Database, 4, "");
}

/// Writes a list of blocks of each of the kinds.
fn configure_lists(world: &World, kinds: &[Kind], numbers: &[usize]) {
    let list: Vec<String> = numbers.iter().map(|number| format!("\"{number}\"")).collect();
    let count = format!("count = {}", numbers.len());
    let blocks: String = kinds
        .iter()
        .map(|kind| kind.block("a", "${local.numbers[count.index]}", &count))
        .collect();
    world.configure(&format!("locals {{\n  numbers = [{}]\n}}\n{blocks}", list.join(", ")));
}

/// The list is longer than Terraform's ten steps at a time, and no other step comes to the aid of one that waits.
#[test]
fn long_list_loses_its_first_and_gets_it_back_in_runs_of_one_step_at_a_time() {
    let world = World::with_files(LONG);
    let kinds = [Kind::ClientCertificate, Kind::TrustedCa];
    let all: Vec<usize> = (0..LONG).collect();
    configure_lists(&world, &kinds, &all);
    world.apply(&["-parallelism=1"]).expect_success();
    for _ in 0..2 {
        for numbers in [&all[1..], &all] {
            configure_lists(&world, &kinds, numbers);
            world.apply(&["-parallelism=1"]).expect_success();
            expect_objects(&world, &kinds, numbers.iter().copied());
            world.expect_settled();
        }
    }
}

/// Names are unique, and the step that gives a name up can come after the one that wants it.
#[test]
fn long_list_of_names_that_shifts_in_runs_of_one_step_at_a_time_loses_nothing_and_says_to_apply_again() {
    let world = World::with_files(0);
    let all: Vec<usize> = (0..LONG).collect();
    configure_lists(&world, &[Kind::Role], &all);
    world.apply(&["-parallelism=1"]).expect_success();
    let before: BTreeSet<String> = world.ids(Kind::Role).into_iter().map(|(_, id)| id).collect();
    configure_lists(&world, &[Kind::Role], &all[1..]);
    let run = world.apply(&["-parallelism=1"]);
    if run.exit_code != 0 {
        let error = run.expect_error("Name is in use");
        assert!(error.detail.contains("apply again"), "{error:?}");
    }
    interrupted::applies_until_settled(&world);
    let after: BTreeSet<String> = world.ids(Kind::Role).into_iter().map(|(_, id)| id).collect();
    expect_objects(&world, &[Kind::Role], all[1..].iter().copied());
    assert!(
        after.is_subset(&before) && before.len() == after.len() + 1,
        "{before:?} {after:?}"
    );
}

/// The cluster changes one object at a time, so none of them can be the first.
#[test]
fn list_of_names_that_is_rotated_is_refused_before_anything_is_changed_and_says_what_to_do() {
    let world = World::new();
    for kind in [Kind::Role, Kind::Acl, Kind::User, Kind::Database] {
        if !world.has(kind) {
            continue;
        }
        configure_lists(&world, &[kind], &[0, 1, 2]);
        world.apply(&[]).expect_success();
        let before = world.ids(kind);
        configure_lists(&world, &[kind], &[1, 2, 0]);
        let error = world.apply(&[]).expect_error("Objects exchange their names");
        assert!(error.detail.contains("a value that nothing has"), "{error:?}");
        assert_eq!(world.ids(kind), before, "{kind:?}");
        // As the error says.
        for numbers in [[7, 2, 0], [1, 2, 0]] {
            configure_lists(&world, &[kind], &numbers);
            world.apply(&[]).expect_success();
        }
        world.expect_settled();
        let ids =
            |ids: &BTreeSet<(usize, String)>| -> BTreeSet<String> { ids.iter().map(|(_, id)| id.clone()).collect() };
        assert_eq!(ids(&world.ids(kind)), ids(&before), "nothing is made anew");
        world.terraform.destroy().expect_success();
    }
}

#[test]
fn two_blocks_for_one_object_are_refused_before_anything_is_changed() {
    let world = World::new();
    for kind in [&MANY[..], &[Kind::Settings, Kind::Bundle]].concat() {
        if !world.has(kind) {
            continue;
        }
        let (first, second) = (kind.block("a", "0", ""), kind.block("b", "0", ""));
        world.configure(&format!("{first}{second}"));
        let error = world.terraform.plan().expect_error("Two blocks for one object");
        assert!(error.detail.contains(kind.type_name()), "{error:?}");
        world.apply(&[]).expect_error("Two blocks for one object");
        assert_eq!(world.objects(kind), BTreeSet::new(), "{kind:?}");
    }
}

#[test]
fn second_block_for_an_object_of_the_state_is_refused() {
    let world = World::new();
    world.configure(&one_of_each(&world, "a", ""));
    world.apply(&[]).expect_success();
    for kind in EVERYTHING.into_iter().filter(|kind| world.has(*kind)) {
        let second = kind.block("b", "0", "");
        world.configure(&format!("{}{second}", one_of_each(&world, "a", "")));
        world.apply(&[]).expect_error("Two blocks for one object");
    }
    world.configure(&one_of_each(&world, "a", ""));
    world.expect_settled();
}

#[test]
fn second_block_whose_key_is_known_at_apply_only_is_refused_then() {
    let world = World::new();
    let late = "resource \"terraform_data\" \"late\" {\n  input = \"0\"\n}\n";
    for kind in [
        Kind::ClientCertificate,
        Kind::Role,
        Kind::Acl,
        Kind::User,
        Kind::TrustedCa,
    ] {
        let first = kind.block("a", "0", "");
        let second = kind.block("b", "${terraform_data.late.output}", "");
        world.configure(&format!("{late}{first}{second}"));
        world.apply(&[]).expect_error("Two blocks for one object");
        assert_eq!(world.objects(kind), BTreeSet::from([0]), "{kind:?}");
        world.configure(&format!("{late}{first}"));
        world.apply(&[]).expect_success();
        assert_eq!(world.objects(kind), BTreeSet::from([0]), "{kind:?}");
        world.expect_settled();
        world.terraform.destroy().expect_success();
    }
}

#[test]
fn single_cas_become_a_bundle_and_back() {
    let world = World::new();
    let single: String = (0..2)
        .map(|n| Kind::TrustedCa.block(&format!("ca_{n}"), &n.to_string(), ""))
        .collect();
    let bundle = Kind::Bundle.block("all", "", "");
    world.configure(&single);
    world.apply(&[]).expect_success();
    // The last authority that is trusted cannot go then.
    let settings = UpdateCluster::new().mtls_certificate_authentication(true);
    world.call(async |client| client.cluster().update(&settings).send().await);
    for _ in 0..rounds() {
        for blocks in [&bundle, &single] {
            world.configure(blocks);
            world.apply(&[]).expect_success();
            expect_objects(&world, &[Kind::TrustedCa], [0, 1]);
            world.expect_settled();
        }
    }
    world.configure(&format!("{single}{bundle}"));
    world
        .terraform
        .plan()
        .expect_error("Two ways to manage the trusted authorities");
}

#[test]
fn bundle_without_authorities_never_empties_the_trust_store() {
    let world = World::new();
    world.configure(&Kind::Bundle.block("all", "", ""));
    world.apply(&[]).expect_success();
    for nothing in ["null", "[]", "[null]", "var.nothing", "[var.nothing_inside]"] {
        world.configure(&format!(
            "variable \"nothing\" {{\n  type    = list(string)\n  default = null\n}}\nvariable \"nothing_inside\" {{\n  type    \
             = string\n  default = null\n}}\nresource \"certward_trusted_ca_bundle\" \"all\" {{\n  certificates_pem = \
             {nothing}\n  on_destroy = \"remove\"\n}}\n"
        ));
        for run in [world.terraform.plan(), world.apply(&[])] {
            assert_eq!(run.exit_code, 1, "{nothing}: {}", run.output);
            assert!(run.output.contains("certificates_pem"), "{nothing}: {}", run.output);
        }
        assert_eq!(world.objects(Kind::Bundle), BTreeSet::from([0, 1]), "{nothing}");
    }
}

/// More than Terraform does at a time.
/// A role and an ACL with those who have them, all under labels that end in this.
fn in_use(label: &str) -> String {
    format!(
        r#"
resource "certward_redis_role" "{label}" {{
  name       = "role-0"
  management = "none"
}}
resource "certward_redis_acl" "{label}" {{
  name = "acl-0"
  acl  = "+@read ~*"
}}
resource "certward_cert_user" "user" {{
  name                     = "user-0"
  certificate_subject_line = "CN=user-0"
  role_ids                 = [certward_redis_role.{label}.id]
}}
resource "certward_redis_database" "database" {{
  name                = "database-0"
  memory_size         = 134217728
  deletion_protection = false
  roles_permissions   = [{{ role_id = certward_redis_role.{label}.id, redis_acl_id = certward_redis_acl.{label}.id }}]
}}
"#
    )
}

#[test]
fn role_and_acl_in_use_are_there_once_under_another_label() {
    let world = World::new();
    if !world.has(Kind::Database) {
        return;
    }
    for label in ["a", "b", "c"] {
        world.configure(&in_use(label));
        world.apply(&[]).expect_success();
        world.expect_settled();
        expect_objects(&world, &[Kind::Role, Kind::Acl, Kind::User, Kind::Database], [0]);
    }
    world.terraform.destroy().expect_success();
}

const LONG: usize = 12;
