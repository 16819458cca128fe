//! `certward_cert_user`, `certward_redis_role` and `certward_redis_acl` from their creation to their end, with Terraform,
//! against Redis Enterprise.

use certward::redis_enterprise::{
    CreateRedisAcl, CreateRole, CreateUser, ManagementRole, RedisAcl, Role, RoleUid, UpdateRedisAcl, UpdateRole,
    UpdateUser, User,
};
use certward_acceptance_tests::redis_enterprise::RedisEnterprise;
use certward_acceptance_tests::terraform::{Run, Terraform};
use certward_acceptance_tests::test_pki::{Identity, TestCa};
use serde_json::{Value, json};

const USER: &str = "certward_cert_user.app";
const ROLE: &str = "certward_redis_role.app";
const ACL: &str = "certward_redis_acl.app";

/// A cluster and a workspace.
struct Case {
    redis: RedisEnterprise,
    terraform: Terraform,
}

impl Case {
    fn new() -> Self {
        let redis = RedisEnterprise::start();
        let terraform = Terraform::new(&redis.provider_block());
        Self { redis, terraform }
    }

    /// The configuration with these blocks beside that of the provider.
    fn configure(&self, blocks: &str) {
        let provider = self.redis.provider_block();
        self.terraform.configure(&format!("{provider}\n{blocks}\n"));
    }

    /// A user `app` with these arguments beside its name.
    fn configure_user(&self, arguments: &str) {
        let name = self.redis.name("app");
        self.configure(&format!(
            "resource \"certward_cert_user\" \"app\" {{\n  name = \"{name}\"\n  {arguments}\n}}"
        ));
    }

    fn subject_line(&self) -> String {
        format!("CN={},OU=payments,O=Example,C=US", self.redis.name("app"))
    }

    fn user(&self, name: &str) -> Option<User> {
        let name = self.redis.name(name);
        let users = self.redis.call(async |client| client.users().list().await);
        users.into_iter().find(|user| user.name == name)
    }

    fn role(&self, name: &str) -> Option<Role> {
        let name = self.redis.name(name);
        let roles = self.redis.call(async |client| client.roles().list().await);
        roles.into_iter().find(|role| role.name == name)
    }

    fn acl(&self, name: &str) -> Option<RedisAcl> {
        let name = self.redis.name(name);
        let acls = self.redis.call(async |client| client.redis_acls().list().await);
        acls.into_iter().find(|acl| acl.name == name)
    }

    /// A role that the test makes itself.
    fn make_role(&self, name: &str, management: ManagementRole) -> RoleUid {
        let request = CreateRole::new(self.redis.name(name), management);
        self.redis
            .call(async |client| client.roles().create(&request).send().await)
            .uid
    }

    fn make_user(&self, request: &CreateUser) -> User {
        self.redis
            .call(async |client| client.users().create(request).send().await)
    }

    fn change(&self, user: &User, changes: &UpdateUser) {
        self.redis
            .call(async |client| client.users().update(user.uid, changes).send().await);
    }
}

#[test]
fn users_roles_and_acls_are_made_as_configured_and_removed() {
    let case = Case::new();
    let (name, role, acl) = (case.redis.name("app"), case.redis.name("role"), case.redis.name("acl"));
    case.configure(&format!(
        r#"
resource "certward_redis_acl" "app" {{
  name = "{acl}"
  acl  = "+@read  ~cache:*"
}}
resource "certward_redis_role" "app" {{
  name       = "{role}"
  management = "db_viewer"
}}
resource "certward_cert_user" "app" {{
  name  = "{name}"
  email = "app@example.com"
  certificate_subject = {{
    common_name          = "{name}"
    organizational_units = ["payments"]
    organization         = "Acme, Inc."
    country              = "US"
  }}
  role_ids = [certward_redis_role.app.id]
}}
"#
    ));
    case.terraform.plan().expect_changes();
    case.terraform.apply_and_settle();

    let stored_acl = case.acl("acl").unwrap();
    assert_eq!(
        stored_acl.acl.split_whitespace().collect::<Vec<_>>(),
        ["+@read", "~cache:*"]
    );
    let stored_role = case.role("role").unwrap();
    assert_eq!(stored_role.management, Some(ManagementRole::DbViewer));
    let user = case.user("app").unwrap();
    assert_eq!(user.email.as_deref(), Some("app@example.com"));
    assert_eq!(user.role_uids, [stored_role.uid]);
    let line = format!("CN={name},OU=payments,O=Acme\\, Inc.,C=US");
    assert_eq!(user.certificate_subject_line, Some(line.clone()));

    let state = case.terraform.attributes(USER);
    for (attribute, expected) in [
        ("id", json!(user.uid.to_string())),
        ("certificate_subject_line", json!(line)),
        ("role", json!("db_viewer")),
        ("role_ids", json!([stored_role.uid.to_string()])),
        ("auth_method", json!("certificate")),
        ("status", json!("active")),
        ("email_alerts", json!(true)),
        ("deletion_protection", json!(false)),
        ("certificate_pem", Value::Null),
    ] {
        assert_eq!(state[attribute], expected, "{attribute}");
    }
    let state = case.terraform.attributes(ROLE);
    assert_eq!(
        (&state["id"], &state["resources"]),
        (&json!(stored_role.uid.to_string()), &json!([]))
    );
    let state = case.terraform.attributes(ACL);
    assert_eq!(state["id"], json!(stored_acl.uid.to_string()));
    assert_eq!(state["acl"], json!("+@read  ~cache:*"), "as the user wrote it");

    case.terraform.destroy().expect_success();
    assert!(case.user("app").is_none() && case.role("role").is_none() && case.acl("acl").is_none());
}

#[test]
fn every_attribute_of_a_user_is_updated_in_place() {
    let case = Case::new();
    let (viewer, member) = (
        case.make_role("viewer", ManagementRole::DbViewer),
        case.make_role("member", ManagementRole::DbMember),
    );
    let line = case.subject_line();
    let subject = format!("certificate_subject_line = \"{line}\"");
    case.configure_user(&format!("{subject}\n  role_ids = [{viewer}]"));
    case.terraform.apply_and_settle();
    let uid = case.user("app").unwrap().uid;
    for arguments in [
        format!("{subject}\n  role_ids = [{viewer}, {member}]"),
        format!("{subject}\n  role_ids = [{member}]"),
        format!("{subject}\n  role = \"cluster_viewer\""),
        format!("{subject}\n  role = \"cluster_viewer\"\n  email = \"app@example.com\""),
        format!("{subject}\n  role = \"cluster_viewer\"\n  email_alerts = false"),
        format!("{subject}\n  role = \"cluster_viewer\"\n  deletion_protection = true"),
        format!("certificate_subject = {{ common_name = \"{line}\" }}\n  role = \"none\""),
        format!("{subject}\n  role_ids = [{viewer}]"),
    ] {
        case.configure_user(&arguments);
        case.terraform.plan().expect_changes();
        assert_eq!(case.terraform.planned_actions(USER), ["update"], "{arguments}");
        case.terraform.apply_and_settle();
        let user = case.user("app").unwrap();
        assert_eq!(user.uid, uid);
        assert_eq!(user.email.is_some(), arguments.contains("email ="), "{arguments}");
        assert_eq!(
            user.email_alerts == Some(false),
            arguments.contains("email_alerts"),
            "{arguments}"
        );
        let by_line = user.certificate_subject_line == Some(line.clone());
        assert_eq!(by_line, arguments.contains(&subject), "{arguments}");
        for (role, word) in [(viewer, viewer.to_string()), (member, member.to_string())] {
            let configured = arguments
                .split_once("role_ids = ")
                .is_some_and(|(_, ids)| ids.trim_matches(['[', ']']).split(", ").any(|id| id == word));
            assert_eq!(user.role_uids.contains(&role), configured, "{arguments}");
        }
    }
    let renamed = case.redis.name("renamed <1>").replace(['<', '>'], "|");
    case.configure(&format!(
        "resource \"certward_cert_user\" \"app\" {{\n  name = \"{renamed}\"\n  {subject}\n  role_ids = [{viewer}]\n}}"
    ));
    case.terraform.apply_and_settle();
    assert_eq!(case.user("renamed |1|").unwrap().uid, uid);
}

#[test]
fn every_form_and_spelling_of_one_subject_is_no_change() {
    let case = Case::new();
    let common_name = case.redis.name("app");
    let authority = TestCa::new("Team CA");
    let certificate = authority.issue(&common_name);
    case.terraform.write("app.crt", &certificate.certificate_pem);
    case.configure_user(&format!(
        "certificate_subject_line = \"CN={common_name}\"\n  role = \"none\""
    ));
    case.terraform.apply_and_settle();
    for same in [
        format!("certificate_subject_line = \"cn={common_name}\""),
        format!("certificate_subject_line = \"CN = \\\"{common_name}\\\"\""),
        format!("certificate_subject = {{ common_name = \"{common_name}\", organization = \"\" }}"),
    ] {
        case.configure_user(&format!("{same}\n  role = \"none\""));
        case.terraform.plan().expect_empty();
    }
    // A certificate is kept in the state, which is a change of the state and of nothing else.
    case.configure_user("certificate_pem = file(\"${path.module}/app.crt\")\n  role = \"none\"");
    let before = case.user("app").unwrap();
    case.terraform.apply_and_settle();
    case.terraform
        .write("app.crt", &authority.issue(&common_name).certificate_pem);
    case.terraform.apply_and_settle();
    assert_eq!(case.user("app").unwrap(), before);
    // Another subject is another matter.
    case.terraform
        .write("app.crt", &authority.issue(&case.redis.name("other")).certificate_pem);
    case.terraform.plan().expect_changes();
    case.terraform.apply_and_settle();
    let line = format!("CN={}", case.redis.name("other"));
    assert_eq!(case.user("app").unwrap().certificate_subject_line, Some(line));
}

#[test]
fn roles_and_acls_are_updated_in_place() {
    let case = Case::new();
    let blocks = |role: &str, acl: &str| {
        let (role_name, acl_name) = (case.redis.name("role"), case.redis.name("acl"));
        let role = role.replace("NAME", &role_name);
        let acl = acl.replace("NAME", &acl_name);
        case.configure(&format!(
            "resource \"certward_redis_role\" \"app\" {{\n  {role}\n}}\nresource \"certward_redis_acl\" \"app\" {{\n  {acl}\n}}"
        ));
    };
    let limited =
        "name = \"NAME\"\n  management = \"db_member\"\n  resources = [{ type = \"db\", uids = [\"1\", \"2\"] }]";
    blocks(
        "name = \"NAME\"\n  management = \"none\"",
        "name = \"NAME\"\n  acl = \"+get ~*\"",
    );
    case.terraform.apply_and_settle();
    let (role_uid, acl_uid) = (case.role("role").unwrap().uid, case.acl("acl").unwrap().uid);

    blocks(
        "name = \"NAME\"\n  management = \"cluster_viewer\"",
        "name = \"NAME\"\n  acl = \"+get   ~*\"",
    );
    case.terraform.plan().expect_changes();
    assert_eq!(case.terraform.planned_actions(ROLE), ["update"]);
    assert_eq!(case.terraform.planned_actions(ACL), ["no-op"], "blanks mean nothing");
    case.terraform.apply_and_settle();

    blocks(limited, "name = \"NAME\"\n  acl = \"+@read -@dangerous ~cache:*\"");
    case.terraform.apply_and_settle();
    assert_eq!(case.role("role").unwrap().resources[0].uids, ["1", "2"]);
    assert_eq!(case.acl("acl").unwrap().acl, "+@read -@dangerous ~cache:*");
    blocks(
        &limited.replace("\"1\", \"2\"", "\"2\", \"1\""),
        "name = \"NAME 2\"\n  acl = \"+@read -@dangerous ~cache:*\"",
    );
    case.terraform.plan().expect_changes();
    assert_eq!(
        case.terraform.planned_actions(ROLE),
        ["no-op"],
        "the order of uids means nothing"
    );
    assert_eq!(case.terraform.planned_actions(ACL), ["update"]);
    case.terraform.apply_and_settle();
    assert_eq!(case.acl("acl 2").unwrap().uid, acl_uid);

    blocks(
        "name = \"NAME (2)\"\n  management = \"db_member\"",
        "name = \"NAME\"\n  acl = \"-@all\"",
    );
    case.terraform.apply_and_settle();
    let role = case.role("role (2)").unwrap();
    assert_eq!((role.uid, role.resources.len()), (role_uid, 0));
}

#[test]
fn import_gives_an_empty_plan() {
    let case = Case::new();
    let role = case.make_role("role", ManagementRole::DbViewer);
    let line = case.subject_line();
    // As somebody has typed it, with blanks.
    let request = CreateUser::certificate(case.redis.name("app"), line.replace(',', ", "));
    let user = case.make_user(&request.email("app@example.com").role_uids([role]));
    let acl = CreateRedisAcl::new(case.redis.name("acl"), "+get ~*");
    let acl = case
        .redis
        .call(async |client| client.redis_acls().create(&acl).send().await);
    let (role_name, acl_name) = (case.redis.name("role"), case.redis.name("acl"));
    case.configure(&format!(
        r#"
resource "certward_cert_user" "app" {{
  name                     = "{}"
  email                    = "app@example.com"
  certificate_subject_line = "{line}"
  role_ids                 = [{role}]
}}
resource "certward_redis_role" "app" {{
  name       = "{role_name}"
  management = "db_viewer"
}}
resource "certward_redis_acl" "app" {{
  name = "{acl_name}"
  acl  = "+get ~*"
}}
"#,
        user.name
    ));
    for ids in [
        [user.uid.to_string(), role.to_string(), acl.uid.to_string()],
        [
            format!("name:{}", user.name),
            format!("name:{role_name}"),
            format!("name:{acl_name}"),
        ],
    ] {
        for (address, id) in [USER, ROLE, ACL].into_iter().zip(ids) {
            case.terraform.import(address, &id).expect_success();
        }
        case.terraform.plan().expect_empty();
        case.terraform.run(&["state", "rm", USER, ROLE, ACL]).expect_success();
    }
    for (address, id) in [(USER, "email:app@example.com".to_owned()), (ROLE, role.to_string())] {
        let import = format!("import {{\n  to = {address}\n  id = \"{id}\"\n}}\n");
        case.terraform.write("import.tf", &import);
        case.terraform
            .run(&["apply", "-auto-approve", "-input=false", &format!("-target={address}")])
            .expect_success();
    }
    case.terraform.run(&["state", "rm", USER, ROLE]).expect_success();
    for (address, id, expected) in [
        (USER, "app", "Unsuitable import id"),
        (USER, "999999", "No such user"),
        (USER, "email:nobody@example.com", "No such user"),
        (ROLE, "999999", "No such role"),
        (ACL, "name:nothing", "No such Redis ACL"),
    ] {
        let run = case.terraform.import(address, id);
        assert_eq!(run.exit_code, 1, "{id}");
        assert!(run.text().contains(expected), "{id}: {}", run.output);
    }
}

#[test]
fn changes_made_outside_are_seen_and_undone() {
    let case = Case::new();
    let (viewer, member) = (
        case.make_role("viewer", ManagementRole::DbViewer),
        case.make_role("member", ManagementRole::DbMember),
    );
    let line = case.subject_line();
    let (role_name, acl_name) = (case.redis.name("role"), case.redis.name("acl"));
    case.configure(&format!(
        r#"
resource "certward_cert_user" "app" {{
  name                     = "{}"
  certificate_subject_line = "{line}"
  role_ids                 = [{viewer}]
}}
resource "certward_redis_role" "app" {{
  name       = "{role_name}"
  management = "db_viewer"
}}
resource "certward_redis_acl" "app" {{
  name = "{acl_name}"
  acl  = "+get ~*"
}}
"#,
        case.redis.name("app")
    ));
    case.terraform.apply_and_settle();
    let configured = case.user("app").unwrap();
    let undone = |address: &str| {
        case.terraform.plan().expect_changes();
        assert_eq!(case.terraform.planned_actions(address), ["update"]);
        case.terraform.apply_and_settle();
    };
    for change in [
        UpdateUser::new().name(case.redis.name("renamed outside")),
        UpdateUser::new().email("outside@example.com"),
        UpdateUser::new().certificate_subject_line("CN=somebody else"),
        UpdateUser::new().role_uids([member]),
        UpdateUser::new().role_uids([viewer, member]),
        UpdateUser::new().email_alerts(false),
    ] {
        case.change(&configured, &change);
        undone(USER);
        let user = case.user("app").unwrap();
        assert_eq!(user.email, configured.email);
        assert_eq!(user.certificate_subject_line, configured.certificate_subject_line);
        assert_eq!(user.role_uids, configured.role_uids);
        assert_eq!(user.email_alerts, configured.email_alerts);
    }
    // Blanks after commas are no change, and neither is what is not managed here.
    let spaced = UpdateUser::new().certificate_subject_line(line.replace(',', ", "));
    case.change(&configured, &spaced.bdbs_email_alerts(["all".to_owned()]));
    case.terraform.plan().expect_empty();
    case.change(&configured, &UpdateUser::new().email_alerts(false));
    undone(USER);
    assert_eq!(case.user("app").unwrap().bdbs_email_alerts, ["all"]);

    let role = case.role("role").unwrap().uid;
    for change in [
        UpdateRole::new().name(case.redis.name("role outside")),
        UpdateRole::new().management(ManagementRole::DbMember),
    ] {
        case.redis
            .call(async |client| client.roles().update(role, &change).send().await);
        undone(ROLE);
    }
    let acl = case.acl("acl").unwrap().uid;
    let change = UpdateRedisAcl::new().acl("+@all ~*");
    case.redis
        .call(async |client| client.redis_acls().update(acl, &change).send().await);
    undone(ACL);
    assert_eq!(case.acl("acl").unwrap().acl, "+get ~*");
}

#[test]
fn what_is_deleted_outside_is_made_again_and_its_destruction_succeeds() {
    let case = Case::new();
    case.configure_user(&format!(
        "certificate_subject_line = \"{}\"\n  role = \"db_viewer\"",
        case.subject_line()
    ));
    case.terraform.apply_and_settle();
    let delete = || {
        let uid = case.user("app").unwrap().uid;
        case.redis.call(async |client| client.users().delete(uid).await);
    };
    delete();
    case.terraform.plan().expect_changes();
    assert_eq!(case.terraform.planned_actions(USER), ["create"]);
    case.terraform.apply_and_settle();
    delete();
    case.terraform
        .run(&["destroy", "-json", "-auto-approve", "-refresh=false"])
        .expect_success();
}

#[test]
fn equal_user_is_adopted_and_a_different_one_refused_with_the_import_block() {
    let case = Case::new();
    let viewer = case.make_role("viewer", ManagementRole::DbViewer);
    let line = case.subject_line();
    let request = || CreateUser::certificate(case.redis.name("app"), line.as_str());
    let user = case.make_user(&request().role_uids([viewer]));
    let configure = |arguments: &str| {
        case.configure_user(&format!("certificate_subject_line = \"{line}\"\n  {arguments}"));
    };
    configure(&format!("role_ids = [{viewer}]"));
    case.terraform.apply_and_settle();
    assert_eq!(case.user("app").unwrap().uid, user.uid);
    case.terraform.run(&["state", "rm", USER]).expect_success();

    configure("role = \"cluster_viewer\"");
    let error = case.terraform.apply().expect_error("The user exists already");
    assert!(error.code.contains("name"), "{error:?}");
    assert!(
        error.detail.contains("db_viewer") && error.detail.contains("cluster_viewer"),
        "{error:?}"
    );
    // The block can be pasted, but for the address, which no provider is told.
    let block = error.detail.split_once("\n\n").unwrap().1;
    assert!(block.contains("to = certward_cert_user.ADDRESS"), "{block}");
    case.terraform
        .write("import.tf", &block.replace("certward_cert_user.ADDRESS", USER));
    case.terraform.apply_and_settle();
    assert_eq!(case.user("app").unwrap().role, Some(ManagementRole::ClusterViewer));

    // One subject is one user.
    let other = case.redis.name("other");
    let second = format!(
        "resource \"certward_cert_user\" \"other\" {{\n  name = \"{other}\"\n  certificate_subject_line = \"{line}\"\n  role = \"none\"\n}}"
    );
    case.terraform.write("other.tf", &second);
    let error = case.terraform.apply().expect_error("Two blocks for one object");
    assert!(error.code.contains("certificate_subject_line"), "{error:?}");
}

#[test]
fn generated_configuration_is_valid_and_plans_no_change() {
    let case = Case::new();
    let role = case.make_role("role", ManagementRole::DbViewer);
    let request = CreateUser::certificate(case.redis.name("app"), case.subject_line());
    let user = case.make_user(&request.role_uids([role]));
    case.configure(&format!("import {{\n  to = {USER}\n  id = \"{}\"\n}}", user.uid));
    let generated = "-generate-config-out=generated.tf";
    case.terraform
        .run(&["plan", "-input=false", generated])
        .expect_success();
    let text = std::fs::read_to_string(case.terraform.path("generated.tf")).unwrap();
    assert!(text.contains("role_ids") && !text.contains("common_name"), "{text}");
    let run = case.terraform.apply().expect_success();
    assert!(run.output.contains("0 changed"), "{}", run.output);
    case.terraform.plan().expect_empty();
    // What an import leaves out for the generated configuration is there from the next run on.
    case.terraform.apply_and_settle();
    let state = case.terraform.attributes(USER);
    assert_eq!(state["role"], json!("db_viewer"));
    assert_eq!(state["certificate_subject"]["organization"], json!("Example"));
}

#[test]
fn whatever_ignore_changes_holds_can_be_planned_and_destroyed() {
    let case = Case::new();
    let role = case.make_role("role", ManagementRole::DbViewer);
    let line = case.subject_line();
    for (first, then) in [
        (format!("certificate_subject_line = \"{line}\""), "role = \"admin\""),
        (
            format!(
                "certificate_subject = {{ common_name = \"{}\" }}",
                case.redis.name("app")
            ),
            "role_ids = [1]",
        ),
    ] {
        let configure = |arguments: &str| {
            case.configure_user(&format!(
                "{first}\n  {arguments}\n  lifecycle {{\n    ignore_changes = all\n  }}"
            ));
        };
        configure(&format!("role_ids = [{role}]"));
        case.terraform.apply_and_settle();
        case.terraform.plan().expect_empty();
        configure(then);
        case.terraform.plan().expect_empty();
        case.terraform.destroy().expect_success();
        assert!(case.user("app").is_none());
    }
}

#[test]
fn many_users_at_once_are_all_made_and_removed() {
    let case = Case::new();
    let prefix = case.redis.name("");
    case.configure(&format!(
        "resource \"certward_cert_user\" \"many\" {{\n  for_each = toset([for number in range(50) : \"{prefix}${{number}}\"])\n  \
         name = each.key\n  certificate_subject = {{ common_name = each.key }}\n  role = \"none\"\n}}"
    ));
    let made = || {
        let users = case.redis.call(async |client| client.users().list().await);
        users.iter().filter(|user| user.name.starts_with(&prefix)).count()
    };
    case.terraform
        .run(&["apply", "-json", "-auto-approve", "-parallelism=30"])
        .expect_success();
    assert_eq!(made(), 50);
    case.terraform.plan().expect_empty();
    case.terraform
        .run(&["destroy", "-json", "-auto-approve", "-parallelism=30"])
        .expect_success();
    assert_eq!(made(), 0);
}

#[test]
fn protected_user_stays() {
    let case = Case::new();
    let arguments = format!(
        "certificate_subject_line = \"{}\"\n  role = \"none\"",
        case.subject_line()
    );
    case.configure_user(&format!("{arguments}\n  deletion_protection = true"));
    case.terraform.apply_and_settle();
    case.terraform.destroy().expect_error("Protected against deletion");
    assert!(case.user("app").is_some());
    case.configure_user(&arguments);
    case.terraform.apply_and_settle();
    case.terraform.destroy().expect_success();
    assert!(case.user("app").is_none());
}

#[test]
fn user_terraform_is_logged_in_as_is_guarded() {
    let case = Case::new();
    let own = std::fs::read_to_string(case.redis.client_certificate()).unwrap();
    let own = certward::pki::certificates_from_pem(&own).unwrap()[0]
        .subject()
        .to_string();
    let line = format!("certificate_subject_line = {}", json!(own));
    case.configure_user(&format!("{line}\n  role = \"admin\""));
    case.terraform.apply_and_settle();
    let refusal = "This is the user Terraform is logged in as";
    case.terraform.destroy().expect_error(refusal);
    let refused = |arguments: &str, attribute: &str| {
        case.configure_user(arguments);
        let error = case.terraform.plan().expect_error(refusal);
        assert!(error.code.contains(attribute), "{error:?}");
    };
    refused(&format!("{line}\n  role = \"user_manager\""), "role");
    refused(
        "certificate_subject_line = \"CN=other\"\n  role = \"admin\"",
        "certificate_subject_line",
    );
    assert_eq!(case.user("app").unwrap().role, Some(ManagementRole::Admin));
}

#[test]
fn wrong_inputs_are_refused_on_their_attribute() {
    let case = Case::new();
    let identity = Identity::self_signed("app");
    case.terraform.write(
        "with-key.crt",
        &format!("{}{}", identity.certificate_pem, identity.private_key_pem),
    );
    case.terraform
        .write("ca.crt", &TestCa::new("Test CA").certificate_pem());
    let user = |arguments: &str| format!("resource \"certward_cert_user\" \"app\" {{\n  {arguments}\n}}");
    let role = |arguments: &str| format!("resource \"certward_redis_role\" \"app\" {{\n  {arguments}\n}}");
    let acl = |arguments: &str| format!("resource \"certward_redis_acl\" \"app\" {{\n  {arguments}\n}}");
    let subject = "certificate_subject_line = \"CN=app\"";
    for (block, summary, attribute) in [
        (
            user(&format!("name = \"a&b\"\n  {subject}\n  role = \"none\"")),
            "Unsuitable name",
            "name",
        ),
        (
            user(&format!(
                "name = \"a\"\n  email = \"a b\"\n  {subject}\n  role = \"none\""
            )),
            "Unsuitable e-mail address",
            "email",
        ),
        (
            user("name = \"a\"\n  certificate_subject_line = \"C=US,O=x,CN=app\"\n  role = \"none\""),
            "Unsuitable subject line",
            "certificate_subject_line",
        ),
        (
            user("name = \"a\"\n  certificate_subject_line = \"/CN=app\"\n  role = \"none\""),
            "Unsuitable subject line",
            "certificate_subject_line",
        ),
        (
            user("name = \"a\"\n  certificate_subject = { common_name = \"\" }\n  role = \"none\""),
            "Unsuitable subject",
            "certificate_subject",
        ),
        (
            user(&format!(
                "name = \"a\"\n  {subject}\n  certificate_pem = file(\"ca.crt\")\n  role = \"none\""
            )),
            "Several subjects",
            "certificate_pem",
        ),
        (user("name = \"a\"\n  role = \"none\""), "No subject", ""),
        (
            user("name = \"a\"\n  certificate_pem = file(\"with-key.crt\")\n  role = \"none\""),
            "Private key in certificate_pem",
            "certificate_pem",
        ),
        (user(&format!("name = \"a\"\n  {subject}")), "No role", ""),
        (
            user(&format!(
                "name = \"a\"\n  {subject}\n  role = \"none\"\n  role_ids = [1]"
            )),
            "Conflicting roles",
            "role_ids",
        ),
        (
            user(&format!("name = \"a\"\n  {subject}\n  role = \"Admin\"")),
            "Unknown management role",
            "role",
        ),
        (
            role("name = \"a/b\"\n  management = \"none\""),
            "Unsuitable name",
            "name",
        ),
        (
            role("name = \"a\"\n  management = \"boss\""),
            "Unknown management role",
            "management",
        ),
        (
            role("name = \"a\"\n  management = \"admin\"\n  resources = [{ type = \"db\", uids = [\"1\"] }]"),
            "Limit without effect",
            "resources",
        ),
        (acl("name = \"a\"\n  acl = \"get\""), "Unsuitable ACL", "acl"),
        (acl("name = \"a\"\n  acl = \"+get >password\""), "Unsuitable ACL", "acl"),
    ] {
        case.configure(&block);
        let error = case.terraform.run(&["validate", "-json"]);
        let error = validation_error(&error, summary);
        let code = error["snippet"]["code"].as_str().unwrap_or_default();
        assert!(code.contains(attribute), "{summary}: {error}");
        assert!(!error.to_string().contains("PRIVATE KEY"), "{error}");
    }
}

#[test]
fn what_only_the_cluster_knows_is_refused_at_plan() {
    let case = Case::new();
    case.configure(&format!(
        "resource \"certward_redis_acl\" \"app\" {{\n  name = \"{}\"\n  acl = \"+@nonsense ~*\"\n}}",
        case.redis.name("acl")
    ));
    let run = case.terraform.plan();
    assert_eq!(run.exit_code, 1, "{}", run.output);
    assert!(run.text().contains("nonsense"), "{}", run.output);
    assert!(case.acl("acl").is_none());

    // Nothing else is written by a plan.
    let users = case.redis.call(async |client| client.users().list().await);
    case.configure_user(&format!(
        "certificate_subject_line = \"{}\"\n  role = \"none\"",
        case.subject_line()
    ));
    case.terraform.plan().expect_changes();
    assert_eq!(case.redis.call(async |client| client.users().list().await), users);
}

#[test]
fn data_sources_show_users_and_roles() {
    let case = Case::new();
    let role = case.make_role("viewer", ManagementRole::DbViewer);
    let line = case.subject_line();
    let request = CreateUser::certificate(case.redis.name("app"), line.as_str());
    let user = case.make_user(&request.email("app@example.com").role_uids([role]));
    let spaced = line.replace(',', ", ");
    case.configure(&format!(
        r#"
data "certward_cert_user" "by_name" {{
  name = "{name}"
}}
data "certward_cert_user" "by_id" {{
  id = {uid}
}}
data "certward_cert_user" "by_email" {{
  email = "app@example.com"
}}
data "certward_cert_user" "by_subject" {{
  certificate_subject_line = "{spaced}"
}}
data "certward_cert_users" "viewers" {{
  role    = "db_viewer"
  role_id = {role}
}}
data "certward_cert_users" "admins" {{
  role_id = {role}
  role    = "admin"
}}
data "certward_redis_roles" "all" {{}}
data "certward_redis_roles" "named" {{
  name       = "{role_name}"
  management = "db_viewer"
}}
"#,
        name = user.name,
        uid = user.uid,
        role_name = case.redis.name("viewer"),
    ));
    case.terraform.apply().expect_success();
    case.terraform.plan().expect_empty();
    for name in ["by_name", "by_id", "by_email", "by_subject"] {
        let found = case.terraform.attributes(&format!("data.certward_cert_user.{name}"));
        assert_eq!(found["id"], json!(user.uid.to_string()), "{name}");
        assert_eq!(found["name"], json!(user.name), "{name}");
        assert_eq!(found["role_ids"], json!([role.to_string()]), "{name}");
        assert_eq!(found["certificate_subject"]["organization"], json!("Example"), "{name}");
    }
    let listed = |name: &str| {
        let attributes = case.terraform.attributes(&format!("data.certward_cert_users.{name}"));
        attributes["users"].as_array().unwrap().clone()
    };
    assert_eq!(listed("viewers").len(), 1);
    assert_eq!(listed("viewers")[0]["certificate_subject_line"], json!(line));
    assert_eq!(listed("admins").len(), 0);
    let roles = |name: &str| {
        let attributes = case.terraform.attributes(&format!("data.certward_redis_roles.{name}"));
        attributes["roles"].as_array().unwrap().clone()
    };
    assert!(roles("all").len() > 1, "built-in roles are listed too");
    assert_eq!(roles("named")[0]["id"], json!(role.to_string()));

    case.configure("data \"certward_cert_user\" \"nobody\" {\n  name = \"nobody at all\"\n}");
    case.terraform.plan().expect_error("No such user");
}

#[test]
fn resource_of_the_other_product_is_a_plan_error_that_names_the_right_one() {
    let case = Case::new();
    let only_ravendb = case.redis.provider_block().replace("redis_enterprise", "ravendb");
    for (block, right) in [
        (
            "resource \"certward_cert_user\" \"app\" {\n  name = \"a\"\n  certificate_subject_line = \"CN=a\"\n  role = \"none\"\n}",
            "certward_client_certificate",
        ),
        (
            "resource \"certward_redis_role\" \"app\" {\n  name = \"a\"\n  management = \"none\"\n}",
            "certward_client_certificate",
        ),
        (
            "data \"certward_cert_users\" \"all\" {}",
            "certward_client_certificates",
        ),
    ] {
        case.terraform.configure(&format!("{only_ravendb}\n{block}\n"));
        let error = case.terraform.plan().expect_error("Not supported on RavenDB");
        assert!(error.detail.contains(right), "{error:?}");
        assert!(error.detail.contains("redis_enterprise = { endpoints"), "{error:?}");
    }
    case.terraform
        .write("app.crt", &Identity::self_signed("app").certificate_pem);
    case.configure(
        "resource \"certward_client_certificate\" \"app\" {\n  name = \"a\"\n  certificate_pem = file(\"app.crt\")\n}",
    );
    let error = case.terraform.plan().expect_error("Not supported on Redis Enterprise");
    assert!(error.detail.contains("certward_cert_user"), "{error:?}");
}

fn validation_error(run: &Run, summary: &str) -> Value {
    let answer: Value =
        serde_json::from_str(run.output.trim()).unwrap_or_else(|error| panic!("{error}: {}", run.output));
    let found = answer["diagnostics"].as_array().unwrap().iter();
    let found = found.clone().find(|diagnostic| diagnostic["summary"] == summary);
    found
        .unwrap_or_else(|| panic!("no error \"{summary}\": {}", run.output))
        .clone()
}
