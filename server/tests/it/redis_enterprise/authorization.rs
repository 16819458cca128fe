//! Authorization of every route of Redis Enterprise's dialect.
//!
//! Every kind of caller requests every route: for itself, for others and for objects that do not exist. The expected
//! results are written down here again, from the vendor's pages and not from the server's tables
//! (`docs/contracts/redis-enterprise.md` and `docs/contracts/redis-enterprise.md#management-roles`).

use std::collections::BTreeSet;

use certward_server::redis_enterprise::api::ROUTES;
use rcgen::DnType;

use super::house::{Ca, Client, House};

/// A request, whom it needs, and how it is answered when it comes from one of them.
struct Case {
    method: &'static str,
    /// The route's pattern; a number or a name stands for its parameter.
    route: &'static str,
    path: &'static str,
    body: &'static str,
    needs: Needs,
    /// The status for those who may: of a request that changes nothing.
    allowed: u16,
}

#[derive(Debug, Clone, Copy)]
enum Needs {
    /// Credentials of any user.
    AnyUser,
    /// A permission of `docs/contracts/redis-enterprise.md#management-roles`.
    Permission(&'static str),
    /// A permission, which nobody needs for itself.
    PermissionButForItself(&'static str),
    /// Nothing but the right of the administrator, whatever the permissions.
    Admin,
    /// A name and a password.
    Password,
}

use Needs::{Admin, AnyUser, Password, Permission, PermissionButForItself};

const fn case(
    method: &'static str,
    route: &'static str,
    path: &'static str,
    body: &'static str,
    needs: Needs,
    allowed: u16,
) -> Case {
    Case {
        method,
        route,
        path,
        body,
        needs,
        allowed,
    }
}

#[rustfmt::skip]
const CASES: &[Case] = &[
    case("GET", "/v1/cluster", "/v1/cluster", "", Permission("view_cluster_info"), 200),
    case("PUT", "/v1/cluster", "/v1/cluster", "{}", Permission("update_cluster"), 200),
    case("PUT", "/v1/cluster", "/v1/cluster?dry_run", "{}", Permission("update_cluster"), 200),
    case("GET", "/v1/cluster/certificates", "/v1/cluster/certificates", "", Permission("view_cluster_info"), 200),
    case("PUT", "/v1/cluster/certificates", "/v1/cluster/certificates", "{}", Permission("update_cluster"), 400),
    case("DELETE", "/v1/cluster/certificates/{certificate_name}", "/v1/cluster/certificates/mtls_trusted", "", Permission("update_cluster"), 404),
    case("POST", "/v1/cluster/certificates/rotate", "/v1/cluster/certificates/rotate", "{\"name\":1}", Permission("update_cluster"), 400),
    case("PUT", "/v1/cluster/update_cert", "/v1/cluster/update_cert", "{}", Permission("update_cluster"), 400),
    case("PATCH", "/v1/cluster/change_password_hashing_algorithm", "/v1/cluster/change_password_hashing_algorithm", "", Permission("update_cluster"), 400),
    case("GET", "/v1/cluster/policy", "/v1/cluster/policy", "", Permission("view_cluster_info"), 200),
    case("PUT", "/v1/cluster/policy", "/v1/cluster/policy", "{}", Permission("update_cluster"), 200),
    case("GET", "/v1/users", "/v1/users", "", Permission("view_all_users_info"), 200),
    case("POST", "/v1/users", "/v1/users", "{}", Permission("create_new_user"), 400),
    case("GET", "/v1/users/{uid}", "/v1/users/{self}", "", PermissionButForItself("view_user_info"), 200),
    case("GET", "/v1/users/{uid}", "/v1/users/{other}", "", Permission("view_user_info"), 200),
    case("GET", "/v1/users/{uid}", "/v1/users/9999", "", Permission("view_user_info"), 404),
    case("GET", "/v1/users/{uid}", "/v1/users/nobody", "", Permission("view_user_info"), 404),
    case("PUT", "/v1/users/{uid}", "/v1/users/{self}", "{}", PermissionButForItself("update_user"), 200),
    case("PUT", "/v1/users/{uid}", "/v1/users/{other}", "{}", Permission("update_user"), 200),
    case("PUT", "/v1/users/{uid}", "/v1/users/9999", "{}", Permission("update_user"), 404),
    case("DELETE", "/v1/users/{uid}", "/v1/users/{self}?dry_run", "", Permission("delete_user"), 400),
    case("DELETE", "/v1/users/{uid}", "/v1/users/{other}?dry_run", "", Permission("delete_user"), 400),
    case("DELETE", "/v1/users/{uid}", "/v1/users/9999", "", Permission("delete_user"), 404),
    case("GET", "/v1/users/role", "/v1/users/role", "", AnyUser, 200),
    case("GET", "/v1/users/permissions", "/v1/users/permissions", "", AnyUser, 200),
    case("GET", "/v1/users/permissions/{role}", "/v1/users/permissions/none", "", AnyUser, 200),
    case("GET", "/v1/users/permissions/{role}", "/v1/users/permissions/king", "", AnyUser, 404),
    case("PUT", "/v1/users/password", "/v1/users/password", "{}", AnyUser, 400),
    case("POST", "/v1/users/password", "/v1/users/password", "{}", AnyUser, 400),
    case("DELETE", "/v1/users/password", "/v1/users/password", "{}", AnyUser, 400),
    case("PUT", "/v1/users/password", "/v1/users/password", "{\"username\":\"other\", \"new_password\":\"short\"}", Admin, 400),
    case("POST", "/v1/users/password", "/v1/users/password", "{\"username\":\"other\", \"new_password\":\"short\"}", Admin, 400),
    case("DELETE", "/v1/users/password", "/v1/users/password", "{\"username\":\"other\", \"old_password\":\"wrong\"}", Admin, 400),
    case("POST", "/v1/users/authorize", "/v1/users/authorize", "{}", Password, 200),
    // With a password, and not with the token that it is for.
    case("POST", "/v1/users/refresh_jwt", "/v1/users/refresh_jwt", "{}", AnyUser, 401),
    case("GET", "/v1/roles", "/v1/roles", "", Permission("view_all_roles_info"), 200),
    case("POST", "/v1/roles", "/v1/roles", "{}", Permission("create_role"), 400),
    case("GET", "/v1/roles/{uid}", "/v1/roles/1", "", Permission("view_role_info"), 200),
    case("GET", "/v1/roles/{uid}", "/v1/roles/9999", "", Permission("view_role_info"), 404),
    case("PUT", "/v1/roles/{uid}", "/v1/roles/2", "{}", Permission("update_role"), 200),
    case("PUT", "/v1/roles/{uid}", "/v1/roles/9999", "{}", Permission("update_role"), 404),
    case("DELETE", "/v1/roles/{uid}", "/v1/roles/9999", "", Permission("delete_role"), 404),
    case("GET", "/v1/redis_acls", "/v1/redis_acls", "", Permission("view_all_redis_acls_info"), 200),
    case("POST", "/v1/redis_acls", "/v1/redis_acls", "{}", Permission("create_redis_acl"), 400),
    case("POST", "/v1/redis_acls/validate", "/v1/redis_acls/validate", "{}", Permission("create_redis_acl"), 400),
    case("GET", "/v1/redis_acls/{uid}", "/v1/redis_acls/1", "", Permission("view_redis_acl_info"), 200),
    case("GET", "/v1/redis_acls/{uid}", "/v1/redis_acls/9999", "", Permission("view_redis_acl_info"), 404),
    case("PUT", "/v1/redis_acls/{uid}", "/v1/redis_acls/2", "{}", Permission("update_redis_acl"), 200),
    case("PUT", "/v1/redis_acls/{uid}", "/v1/redis_acls/9999", "{}", Permission("update_redis_acl"), 404),
    case("DELETE", "/v1/redis_acls/{uid}", "/v1/redis_acls/9999", "", Permission("delete_redis_acl"), 404),
    case("GET", "/v1/bootstrap", "/v1/bootstrap", "", AnyUser, 200),
    case("POST", "/v1/bootstrap/{action}", "/v1/bootstrap/create_cluster", "{}", Permission("update_cluster"), 400),
    case("GET", "/v1/certward/connections", "/v1/certward/connections", "", Permission("update_cluster"), 200),
    case("GET", "/v1/certward/removals/{kind}/{id}", "/v1/certward/removals/users/9999", "", Permission("update_cluster"), 404),
    case("GET", "/v1/certward/removals/{kind}/{id}", "/v1/certward/removals/roles/1", "", Permission("update_cluster"), 200),
    case("GET", "/v1/nodes", "/v1/nodes", "", Permission("view_all_nodes_info"), 200),
    case("GET", "/v1/nodes/{uid}", "/v1/nodes/1", "", Permission("view_node_info"), 200),
    case("GET", "/v1/nodes/{uid}", "/v1/nodes/2", "", Permission("view_node_info"), 404),
    case("GET", "/v1/license", "/v1/license", "", Permission("view_license"), 200),
    case("PUT", "/v1/license", "/v1/license", "{}", Permission("install_new_license"), 400),
    case("GET", "/v1/bdbs", "/v1/bdbs", "", Permission("view_all_bdbs_info"), 200),
    case("POST", "/v1/bdbs", "/v1/bdbs", "{}", Permission("create_bdb"), 406),
    case("POST", "/v2/bdbs", "/v2/bdbs", "{\"bdb\":{}}", Permission("create_bdb"), 406),
    case("GET", "/v1/bdbs/{uid}", "/v1/bdbs/9999", "", Permission("view_bdb_info"), 404),
    case("PUT", "/v1/bdbs/{uid}", "/v1/bdbs/9999", "{}", Permission("update_bdb"), 404),
    case("PUT", "/v1/bdbs/{uid}/{action}", "/v1/bdbs/9999/flush", "{}", Permission("update_bdb_with_action"), 404),
    case("DELETE", "/v1/bdbs/{uid}", "/v1/bdbs/9999", "", Permission("delete_bdb"), 404),
    case("GET", "/v1/bdbs/{uid}/availability", "/v1/bdbs/9999/availability", "", Permission("view_bdb_info"), 404),
    case("GET", "/v1/local/bdbs/{uid}/endpoint/availability", "/v1/local/bdbs/9999/endpoint/availability", "", Permission("view_bdb_info"), 404),
    case("PUT", "/v1/bdbs/{uid}/passwords", "/v1/bdbs/9999/passwords", "{\"password\":\"x\"}", Permission("update_bdb"), 404),
    case("POST", "/v1/bdbs/{uid}/passwords", "/v1/bdbs/9999/passwords", "{\"password\":\"x\"}", Permission("update_bdb"), 404),
    case("DELETE", "/v1/bdbs/{uid}/passwords", "/v1/bdbs/9999/passwords", "{\"password\":\"x\"}", Permission("update_bdb"), 404),
    case("GET", "/v1/bdbs/certificates", "/v1/bdbs/certificates", "", Permission("view_all_bdbs_info"), 200),
    case("GET", "/v1/bdbs/{uid}/certificates", "/v1/bdbs/9999/certificates", "", Permission("view_bdb_info"), 404),
    case("POST", "/v1/bdbs/{uid}/certificates", "/v1/bdbs/9999/certificates", "{}", Permission("update_bdb"), 400),
    case("DELETE", "/v1/bdbs/{uid}/certificates", "/v1/bdbs/9999/certificates", "", Permission("update_bdb"), 404),
    case("GET", "/v1/actions", "/v1/actions", "", Permission("view_status_of_cluster_action"), 200),
    case("GET", "/v1/actions/{uid}", "/v1/actions/none", "", Permission("view_status_of_cluster_action"), 404),
    case("GET", "/v1/ocsp", "/v1/ocsp", "", Permission("view_ocsp_config"), 200),
    case("PUT", "/v1/ocsp", "/v1/ocsp", "{}", Permission("config_ocsp"), 200),
    case("GET", "/v1/ocsp/status", "/v1/ocsp/status", "", Permission("view_ocsp_status"), 200),
    case("POST", "/v1/ocsp/test", "/v1/ocsp/test", "", Permission("test_ocsp_status"), 400),
    case("GET", "/v1/jsonschema", "/v1/jsonschema?object=user", "", AnyUser, 200),
    case("GET", "/v1/openapi.json", "/v1/openapi.json", "", AnyUser, 200),
];

/// The management roles beside `admin`, who has every permission, that hold a permission: the columns of
/// `docs/contracts/redis-enterprise.md#management-roles`.
fn holders(permission: &str) -> &'static [&'static str] {
    match permission {
        "view_cluster_info"
        | "view_license"
        | "view_all_nodes_info"
        | "view_node_info"
        | "view_all_bdbs_info"
        | "view_bdb_info"
        | "view_all_roles_info"
        | "view_role_info"
        | "view_all_redis_acls_info"
        | "view_redis_acl_info"
        | "view_status_of_cluster_action" => &[
            "cluster_member",
            "cluster_viewer",
            "db_member",
            "db_viewer",
            "user_manager",
        ],
        "create_bdb" | "update_bdb" | "update_bdb_with_action" | "delete_bdb" => &["cluster_member", "db_member"],
        "view_all_users_info"
        | "view_user_info"
        | "create_new_user"
        | "update_user"
        | "delete_user"
        | "create_role"
        | "update_role"
        | "delete_role"
        | "create_redis_acl"
        | "update_redis_acl"
        | "delete_redis_acl"
        | "install_new_license" => &["user_manager"],
        "update_cluster" | "config_ocsp" | "view_ocsp_config" | "view_ocsp_status" | "test_ocsp_status" => &[],
        _ => panic!("section 3.3 has no permission {permission}"),
    }
}

/// Somebody who calls.
struct Caller {
    name: &'static str,
    /// The management roles of the user; none for those who are nobody.
    roles: Option<&'static [&'static str]>,
    uid: u64,
    client: Client,
}

impl Caller {
    fn may(&self, needs: Needs) -> Option<bool> {
        let roles = self.roles?;
        let is_admin = roles.contains(&"admin");
        let holds = |permission| is_admin || roles.iter().any(|role| holders(permission).contains(role));
        Some(match needs {
            AnyUser => true,
            Admin => is_admin,
            Password => self.uid != 0,
            Permission(permission) => holds(permission),
            // An administrator by certificate is no user, and has no number of its own.
            PermissionButForItself(permission) => self.uid != 0 || holds(permission),
        })
    }
}

#[tokio::test]
async fn every_route_is_open_to_those_the_vendors_pages_say_and_to_nobody_else() {
    let house = House::open().await;
    let callers = callers(&house).await;
    let other = house.user("other", &[6]).await;
    let mut unexpected = Vec::new();
    let mut asked = 0;
    for case in CASES {
        for caller in &callers {
            let own = if caller.uid == 0 { other } else { caller.uid };
            let path = case
                .path
                .replace("{self}", &own.to_string())
                .replace("{other}", &other.to_string());
            let answer = caller.client.send(case.method, &path, case.body).await;
            let expected = match caller.may(case.needs) {
                None => 401,
                Some(false) => 403,
                Some(true) => case.allowed,
            };
            asked += 1;
            if answer.status != expected {
                unexpected.push(format!(
                    "{} {path} as {}: {} in the place of {expected}: {}",
                    case.method, caller.name, answer.status, answer.body
                ));
            }
        }
    }
    assert!(
        unexpected.is_empty(),
        "{} of {asked}:\n{}",
        unexpected.len(),
        unexpected.join("\n")
    );
    house.server.shutdown().await;
}

#[test]
fn every_route_has_a_line_in_the_table() {
    let served: BTreeSet<_> = ROUTES.iter().map(|route| (route.method, route.path)).collect();
    let listed: BTreeSet<_> = CASES.iter().map(|case| (case.method, case.route)).collect();
    assert_eq!(served, listed);
}

/// Two who are nobody, a user of each management role, one with two roles, and the holder of the server's certificate.
async fn callers(house: &House) -> Vec<Caller> {
    let stranger = Ca::new("a stranger's").issue(&[(DnType::CommonName, "stranger")]);
    let mut callers = vec![
        Caller {
            name: "nobody",
            roles: None,
            uid: 0,
            client: house.stranger(),
        },
        Caller {
            name: "a stranger with a certificate",
            roles: None,
            uid: 0,
            client: house.with_certificate(&stranger),
        },
        Caller {
            name: "a forged token",
            roles: None,
            uid: 0,
            client: house.stranger().with("authorization", "JWT e30.e30.e30"),
        },
    ];
    let made = house
        .admin
        .post(
            "/v1/roles",
            &serde_json::json!({ "name": "User Manager", "management": "user_manager" }),
        )
        .await;
    let user_manager = u32::try_from(made.expect(200)["uid"].as_u64().unwrap()).unwrap();
    let users: [(&'static str, &'static [&'static str], Vec<u32>); 8] = [
        ("admin", &["admin"], vec![1]),
        ("cluster_member", &["cluster_member"], vec![2]),
        ("cluster_viewer", &["cluster_viewer"], vec![3]),
        ("db_member", &["db_member"], vec![4]),
        ("db_viewer", &["db_viewer"], vec![5]),
        ("none", &["none"], vec![6]),
        ("user_manager", &["user_manager"], vec![user_manager]),
        (
            "viewer_and_manager",
            &["db_viewer", "user_manager"],
            vec![5, user_manager],
        ),
    ];
    for (name, roles, uids) in users {
        callers.push(Caller {
            name,
            roles: Some(roles),
            uid: house.user(name, &uids).await,
            client: house.basic(name),
        });
    }
    callers.push(Caller {
        name: "the server's certificate",
        roles: Some(&["admin"]),
        uid: 0,
        client: house.with_server_certificate(),
    });
    callers
}
