//! Every route of the dialect, in one table: the router, the OpenAPI document and the authorization test are made from
//! it.

use std::sync::Arc;

use axum::routing::{MethodRouter, delete, get, patch, post, put};

use super::described::View;
use super::json::{Kind, Schema};
use super::{
    Dialect, actions, bootstrap, certificates, cluster, connected, databases, jsonschema, license, node, ocsp, openapi,
    policy, redis_acls, roles, schemas, users,
};
use crate::cluster::access::action as actions_of;
use crate::cluster::access::{ClusterAction, Required};

/// A route.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// The method in capitals.
    pub method: &'static str,
    /// The path, in axum's pattern language.
    pub path: &'static str,
    /// The callers who may use the route.
    pub access: Access,
    /// The summary in the OpenAPI document.
    pub summary: &'static str,
    /// True when the route has `?dry_run`.
    pub dry_run: bool,
    /// Further query parameters it reads.
    pub(super) query: &'static [Parameter],
    /// The types of those parts of the path that are not uids.
    pub(super) parts: &'static [(&'static str, Kind)],
    /// The body of the request.
    pub(super) request: Option<RequestBody>,
    /// The content of the answer.
    pub(super) content: Content,
    /// The statuses of refusals besides 400, 401 and 403.
    pub(super) refusals: &'static [u16],
    pub(super) handler: fn() -> MethodRouter<Arc<Dialect>>,
}

/// The callers who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// All clients; the handler checks credentials itself.
    Anybody,
    /// Everybody until the cluster is created, then everybody who is let in.
    UntilCreated,
    /// Callers who are let in and may do this.
    Caller(Required),
}

/// A query parameter: its name, what its value is, and what it means.
pub(super) type Parameter = (&'static str, Kind, &'static str);

/// The body of a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct RequestBody {
    pub(super) schema: &'static Schema,
    /// True when the request creates an object; otherwise omitted members stay as they are.
    pub(super) is_new: bool,
    /// True when the request may omit the body.
    pub(super) is_optional: bool,
}

impl RequestBody {
    pub(super) const fn view(&self) -> View {
        if self.is_new { View::New } else { View::Change }
    }
}

/// The content of an answer.
#[derive(Debug, Clone, Copy)]
pub(super) enum Content {
    /// Nothing.
    Nothing,
    /// An object.
    One(&'static Schema),
    /// An array of objects.
    Many(&'static Schema),
    /// An object without a schema.
    Json,
    /// An object without a schema, or an array of names.
    JsonOrNames,
}

const fn to<A: ClusterAction>() -> Access {
    Access::Caller(A::REQUIRED)
}

const fn route(
    method: &'static str,
    path: &'static str,
    access: Access,
    summary: &'static str,
    handler: fn() -> MethodRouter<Arc<Dialect>>,
) -> Route {
    Route {
        method,
        path,
        access,
        summary,
        dry_run: false,
        query: &[],
        parts: &[],
        request: None,
        content: Content::Nothing,
        refusals: &[],
        handler,
    }
}

impl Route {
    const fn dry_run(self) -> Self {
        Self { dry_run: true, ..self }
    }

    const fn query(self, query: &'static [Parameter]) -> Self {
        Self { query, ..self }
    }

    const fn parts(self, parts: &'static [(&'static str, Kind)]) -> Self {
        Self { parts, ..self }
    }

    /// Takes a body that makes something new, or is the whole request.
    const fn body(self, schema: &'static Schema) -> Self {
        self.takes(schema, true, false)
    }

    /// Takes a body that changes something.
    const fn change(self, schema: &'static Schema) -> Self {
        self.takes(schema, false, false)
    }

    const fn optional_body(self) -> Self {
        match self.request {
            Some(request) => self.takes(request.schema, request.is_new, true),
            None => self,
        }
    }

    const fn takes(self, schema: &'static Schema, is_new: bool, is_optional: bool) -> Self {
        Self {
            request: Some(RequestBody {
                schema,
                is_new,
                is_optional,
            }),
            ..self
        }
    }

    const fn answers(self, content: Content) -> Self {
        Self { content, ..self }
    }

    const fn refuses(self, refusals: &'static [u16]) -> Self {
        Self { refusals, ..self }
    }
}

use self::Content::{Json, JsonOrNames, Many, Nothing, One};
use self::actions_of::{
    ChangePassword, CreateCluster, CreateDatabase, CreateRedisAcl, CreateRole, CreateUser, DeleteDatabase,
    DeleteRedisAcl, DeleteRole, DeleteUser, InstallLicense, IssueToken, TestOcspStatus, UpdateCluster, UpdateDatabase,
    UpdateDatabaseWithAction, UpdateOcspSettings, UpdateRedisAcl, UpdateRole, UpdateUser, ViewActions,
    ViewCertificates, ViewCluster, ViewConnections, ViewDatabase, ViewDatabases, ViewLicense, ViewNode, ViewNodes,
    ViewOcspSettings, ViewOcspStatus, ViewPermissions, ViewRedisAcl, ViewRedisAcls, ViewRole, ViewRoles, ViewSchema,
    ViewUser, ViewUsers,
};

const FIELDS: Parameter = (
    "fields",
    schemas::LONG_TEXT,
    "the names of the members that are wanted, separated by commas",
);

const PAGE: Kind = Kind::Integer { min: 1, max: i64::MAX };

const INSTANT_FORM: &str = "^([0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3])(:[0-5][0-9]){2}\
                           ([.][0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])|-?[0-9]{1,11})$";

const INSTANT: Kind = Kind::CheckedLater {
    regex: INSTANT_FORM,
    max: 64,
};

/// Every route.
pub const ROUTES: &[Route] = &[
    // The cluster.
    route(
        "GET",
        "/v1/cluster",
        to::<ViewCluster>(),
        "The cluster and its settings",
        || get(cluster::read),
    )
    .answers(One(&schemas::CLUSTER)),
    route(
        "PUT",
        "/v1/cluster",
        to::<UpdateCluster>(),
        "Change settings of the cluster",
        || put(cluster::update),
    )
    .dry_run()
    .change(&schemas::CLUSTER)
    .answers(One(&schemas::CLUSTER)),
    route(
        "GET",
        "/v1/cluster/certificates",
        to::<ViewCertificates>(),
        "The certificates; their keys for holders of view_cluster_keys",
        || get(certificates::list),
    )
    .answers(One(&schemas::CERTIFICATES)),
    route(
        "PUT",
        "/v1/cluster/certificates",
        to::<UpdateCluster>(),
        "Install certificates, all of them or none",
        || put(certificates::put),
    )
    .body(&schemas::CERTIFICATE_UPLOADS)
    .answers(One(&schemas::DONE))
    .refuses(&[406]),
    route(
        "DELETE",
        "/v1/cluster/certificates/{certificate_name}",
        to::<UpdateCluster>(),
        "Remove an optional certificate",
        || delete(certificates::delete),
    )
    .parts(&[("certificate_name", schemas::CERTIFICATE_NAME)])
    .answers(One(&schemas::DONE))
    .refuses(&[404]),
    route(
        "POST",
        "/v1/cluster/certificates/rotate",
        to::<UpdateCluster>(),
        "Make internal certificates anew",
        || post(certificates::rotate),
    )
    .body(&schemas::CERTIFICATE_ROTATION)
    .optional_body()
    .answers(One(&schemas::DONE)),
    route(
        "PUT",
        "/v1/cluster/update_cert",
        to::<UpdateCluster>(),
        "Deprecated: install one certificate",
        || put(certificates::update),
    )
    .body(&schemas::CERTIFICATE_UPLOAD)
    .answers(One(&schemas::DONE))
    .refuses(&[406]),
    route(
        "PATCH",
        "/v1/cluster/change_password_hashing_algorithm",
        to::<UpdateCluster>(),
        "Change how passwords are said to be hashed",
        || patch(cluster::change_password_hashing_algorithm),
    )
    .body(&schemas::HASHING_ALGORITHM)
    .answers(One(&schemas::DONE)),
    route(
        "GET",
        "/v1/cluster/policy",
        to::<ViewCluster>(),
        "The cluster's policy",
        || get(policy::read),
    )
    .answers(One(&schemas::POLICY)),
    route(
        "PUT",
        "/v1/cluster/policy",
        to::<UpdateCluster>(),
        "Change the cluster's policy",
        || put(policy::update),
    )
    .change(&schemas::POLICY)
    .answers(One(&schemas::DONE)),
    // Users.
    route("GET", "/v1/users", to::<ViewUsers>(), "Every user", || get(users::list)).answers(Many(&schemas::USER)),
    route("POST", "/v1/users", to::<CreateUser>(), "Make a user", || {
        post(users::create)
    })
    .dry_run()
    .body(&schemas::USER)
    .answers(One(&schemas::USER))
    .refuses(&[409]),
    route(
        "GET",
        "/v1/users/{uid}",
        to::<ViewUser>(),
        "A user; everybody may see itself",
        || get(users::read),
    )
    .answers(One(&schemas::USER))
    .refuses(&[404]),
    route(
        "PUT",
        "/v1/users/{uid}",
        to::<UpdateUser>(),
        "Change a user; everybody may change its own name, password and alerts",
        || put(users::update),
    )
    .dry_run()
    .change(&schemas::USER)
    .answers(One(&schemas::USER))
    .refuses(&[404, 406, 409]),
    route("DELETE", "/v1/users/{uid}", to::<DeleteUser>(), "Delete a user", || {
        delete(users::delete)
    })
    .answers(One(&schemas::DELETED))
    .refuses(&[404, 406]),
    route(
        "GET",
        "/v1/users/role",
        to::<ViewPermissions>(),
        "The caller's management role",
        || get(users::own_role),
    )
    .answers(One(&schemas::OWN_ROLE)),
    route(
        "GET",
        "/v1/users/permissions",
        to::<ViewPermissions>(),
        "What each management role may do",
        || get(users::permissions),
    )
    .answers(One(&schemas::PERMISSIONS)),
    route(
        "GET",
        "/v1/users/permissions/{role}",
        to::<ViewPermissions>(),
        "What a management role may do",
        || get(users::permissions_of_role),
    )
    .parts(&[("role", schemas::MANAGEMENT)])
    .answers(One(&schemas::PERMISSIONS))
    .refuses(&[404]),
    route(
        "PUT",
        "/v1/users/password",
        to::<ChangePassword>(),
        "Set the one password of a user; those of others as an administrator",
        || put(users::set_password),
    )
    .body(&schemas::NEW_PASSWORD)
    .answers(One(&schemas::DONE))
    .refuses(&[404]),
    route(
        "POST",
        "/v1/users/password",
        to::<ChangePassword>(),
        "Give a user a further password",
        || post(users::add_password),
    )
    .body(&schemas::NEW_PASSWORD)
    .answers(One(&schemas::DONE))
    .refuses(&[404]),
    route(
        "DELETE",
        "/v1/users/password",
        to::<ChangePassword>(),
        "Take a password from a user",
        || delete(users::remove_password),
    )
    .body(&schemas::OLD_PASSWORD)
    .answers(One(&schemas::DONE))
    .refuses(&[404]),
    route(
        "POST",
        "/v1/users/authorize",
        Access::Anybody,
        "A token for a name and a password",
        || post(users::authorize),
    )
    .body(&schemas::AUTHORIZE)
    .optional_body()
    .answers(One(&schemas::ACCESS_TOKEN)),
    route(
        "POST",
        "/v1/users/refresh_jwt",
        to::<IssueToken>(),
        "A new token for an old one",
        || post(users::refresh),
    )
    .body(&schemas::REFRESH)
    .optional_body()
    .answers(One(&schemas::ACCESS_TOKEN)),
    // Roles.
    route("GET", "/v1/roles", to::<ViewRoles>(), "Every role", || get(roles::list)).answers(Many(&schemas::ROLE)),
    route("POST", "/v1/roles", to::<CreateRole>(), "Make a role", || {
        post(roles::create)
    })
    .dry_run()
    .body(&schemas::ROLE)
    .answers(One(&schemas::ROLE))
    .refuses(&[409]),
    route("GET", "/v1/roles/{uid}", to::<ViewRole>(), "A role", || {
        get(roles::read)
    })
    .answers(One(&schemas::ROLE))
    .refuses(&[404]),
    route("PUT", "/v1/roles/{uid}", to::<UpdateRole>(), "Change a role", || {
        put(roles::update)
    })
    .dry_run()
    .change(&schemas::ROLE)
    .answers(One(&schemas::ROLE))
    .refuses(&[404, 406, 409]),
    route("DELETE", "/v1/roles/{uid}", to::<DeleteRole>(), "Delete a role", || {
        delete(roles::delete)
    })
    .dry_run()
    .answers(One(&schemas::DELETED))
    .refuses(&[404, 406]),
    // ACLs.
    route("GET", "/v1/redis_acls", to::<ViewRedisAcls>(), "Every ACL", || {
        get(redis_acls::list)
    })
    .answers(Many(&schemas::REDIS_ACL)),
    route("POST", "/v1/redis_acls", to::<CreateRedisAcl>(), "Make an ACL", || {
        post(redis_acls::create)
    })
    .dry_run()
    .body(&schemas::REDIS_ACL)
    .answers(One(&schemas::REDIS_ACL))
    .refuses(&[409]),
    route(
        "POST",
        "/v1/redis_acls/validate",
        to::<CreateRedisAcl>(),
        "Deprecated: try to make an ACL",
        || post(redis_acls::validate),
    )
    .body(&schemas::REDIS_ACL)
    .answers(One(&schemas::REDIS_ACL))
    .refuses(&[409]),
    route("GET", "/v1/redis_acls/{uid}", to::<ViewRedisAcl>(), "An ACL", || {
        get(redis_acls::read)
    })
    .answers(One(&schemas::REDIS_ACL))
    .refuses(&[404]),
    route(
        "PUT",
        "/v1/redis_acls/{uid}",
        to::<UpdateRedisAcl>(),
        "Change an ACL",
        || put(redis_acls::update),
    )
    .dry_run()
    .change(&schemas::REDIS_ACL)
    .answers(One(&schemas::REDIS_ACL))
    .refuses(&[404, 409]),
    route(
        "DELETE",
        "/v1/redis_acls/{uid}",
        to::<DeleteRedisAcl>(),
        "Delete an ACL",
        || delete(redis_acls::delete),
    )
    .answers(One(&schemas::DELETED))
    .refuses(&[404, 406, 409]),
    // What clients touch on connect.
    route(
        "GET",
        "/v1/bootstrap",
        Access::UntilCreated,
        "How far the making of the cluster is",
        || get(bootstrap::read),
    )
    .answers(One(&schemas::BOOTSTRAP)),
    route(
        "POST",
        "/v1/bootstrap/{action}",
        to::<CreateCluster>(),
        "create_cluster: name the cluster, and make its first administrator",
        || post(bootstrap::start),
    )
    .parts(&[("action", Kind::OneOf(&["create_cluster"]))])
    .body(&schemas::NEW_CLUSTER)
    .answers(One(&schemas::BOOTSTRAP))
    .refuses(&[404, 409]),
    route("GET", "/v1/nodes", to::<ViewNodes>(), "Every node: one", || {
        get(node::list)
    })
    .answers(Many(&schemas::NODE)),
    route("GET", "/v1/nodes/{uid}", to::<ViewNode>(), "A node", || get(node::read))
        .answers(One(&schemas::NODE))
        .refuses(&[404]),
    route("GET", "/v1/license", to::<ViewLicense>(), "The licence", || {
        get(license::read)
    })
    .answers(One(&schemas::LICENSE)),
    route(
        "PUT",
        "/v1/license",
        to::<InstallLicense>(),
        "Replace the licence",
        || put(license::update),
    )
    .body(&schemas::NEW_LICENSE)
    .answers(Nothing),
    // Certward's own.
    route(
        "GET",
        "/v1/certward/connections",
        to::<ViewConnections>(),
        "Certward's own: who is connected to the API and the databases, and what lets them in",
        || get(connected::list),
    )
    .query(connected::CONNECTIONS_QUERY)
    .answers(One(&schemas::CONNECTION_LIST)),
    route(
        "GET",
        "/v1/certward/removals/{kind}/{id}",
        to::<ViewConnections>(),
        "Certward's own: which connections and users the removal of something would end",
        || get(connected::removal),
    )
    .parts(&[("kind", Kind::OneOf(&connected::KINDS)), ("id", schemas::REMOVABLE)])
    .query(connected::REMOVALS_QUERY)
    .answers(One(&schemas::REMOVAL_EFFECT))
    .refuses(&[404]),
    // Databases.
    route(
        "GET",
        "/v1/bdbs",
        to::<ViewDatabases>(),
        "Every database that the caller may see",
        || get(databases::list),
    )
    .query(&[FIELDS, ("extended", Kind::Anything, "without effect")])
    .answers(Many(&schemas::BDB)),
    route("POST", "/v1/bdbs", to::<CreateDatabase>(), "Make a database", || {
        post(databases::create)
    })
    .dry_run()
    .body(&schemas::BDB)
    .answers(One(&schemas::BDB))
    .refuses(&[406, 409]),
    route(
        "POST",
        "/v2/bdbs",
        to::<CreateDatabase>(),
        "Make a database, which stands under bdb in the body",
        || post(databases::create_from_plan),
    )
    .dry_run()
    .body(&schemas::NEW_BDB)
    .answers(One(&schemas::BDB))
    .refuses(&[406, 409]),
    route("GET", "/v1/bdbs/{uid}", to::<ViewDatabase>(), "A database", || {
        get(databases::read)
    })
    .query(&[FIELDS])
    .answers(One(&schemas::BDB))
    .refuses(&[404]),
    route(
        "PUT",
        "/v1/bdbs/{uid}",
        to::<UpdateDatabase>(),
        "Change a database",
        || put(databases::update),
    )
    .dry_run()
    .change(&schemas::BDB)
    .answers(One(&schemas::BDB))
    .refuses(&[404, 406, 409]),
    route(
        "PUT",
        "/v1/bdbs/{uid}/{action}",
        to::<UpdateDatabaseWithAction>(),
        "Change a database, and flush: delete its data",
        || put(databases::act),
    )
    .dry_run()
    .parts(&[("action", Kind::OneOf(&["flush"]))])
    .change(&schemas::BDB)
    .optional_body()
    .answers(One(&schemas::BDB))
    .refuses(&[404, 406, 409]),
    route(
        "DELETE",
        "/v1/bdbs/{uid}",
        to::<DeleteDatabase>(),
        "Delete a database with its data",
        || delete(databases::delete),
    )
    .answers(One(&schemas::DELETED))
    .refuses(&[404]),
    route(
        "GET",
        "/v1/bdbs/{uid}/availability",
        to::<ViewDatabase>(),
        "Whether a database can be used",
        || get(databases::availability),
    )
    .answers(Nothing)
    .refuses(&[404, 503]),
    route(
        "GET",
        "/v1/local/bdbs/{uid}/endpoint/availability",
        to::<ViewDatabase>(),
        "Whether the endpoint of a database can be used",
        || get(databases::availability),
    )
    .answers(Nothing)
    .refuses(&[404, 503]),
    route(
        "PUT",
        "/v1/bdbs/{uid}/passwords",
        to::<UpdateDatabase>(),
        "Set the one password of the default user",
        || put(databases::set_password),
    )
    .body(&schemas::BDB_PASSWORD)
    .answers(One(&schemas::DONE))
    .refuses(&[404]),
    route(
        "POST",
        "/v1/bdbs/{uid}/passwords",
        to::<UpdateDatabase>(),
        "Give the default user a further password",
        || post(databases::add_password),
    )
    .body(&schemas::BDB_PASSWORD)
    .answers(One(&schemas::DONE))
    .refuses(&[404, 406]),
    route(
        "DELETE",
        "/v1/bdbs/{uid}/passwords",
        to::<UpdateDatabase>(),
        "Take a password from the default user",
        || delete(databases::remove_password),
    )
    .body(&schemas::BDB_PASSWORD)
    .answers(One(&schemas::DONE))
    .refuses(&[404, 406]),
    route(
        "GET",
        "/v1/bdbs/certificates",
        to::<ViewDatabases>(),
        "The server certificates that databases have of their own",
        || get(databases::list_certificates),
    )
    .query(&[
        ("page", PAGE, "which page, from 1"),
        ("page_size", PAGE, "how many on a page; 100, at most 1000"),
        (
            "expires_before",
            INSTANT,
            "only those that end before this instant, as 2027-01-31T00:00:00Z or in seconds since 1970",
        ),
        (
            "tls_mode",
            Kind::OneOf(&["enabled", "disabled"]),
            "only those of databases with this tls_mode",
        ),
    ])
    .answers(Many(&schemas::BDB_CERTIFICATE)),
    route(
        "GET",
        "/v1/bdbs/{uid}/certificates",
        to::<ViewDatabase>(),
        "The server certificate that a database has of its own",
        || get(databases::read_certificate),
    )
    .answers(One(&schemas::BDB_CERTIFICATE))
    .refuses(&[404]),
    route(
        "POST",
        "/v1/bdbs/{uid}/certificates",
        to::<UpdateDatabase>(),
        "Give a database a server certificate of its own",
        || post(databases::put_certificate),
    )
    .dry_run()
    .body(&schemas::BDB_CERTIFICATE)
    .answers(One(&schemas::BDB_CERTIFICATE))
    .refuses(&[404, 406]),
    route(
        "DELETE",
        "/v1/bdbs/{uid}/certificates",
        to::<UpdateDatabase>(),
        "Have a database show the cluster's certificate again",
        || delete(databases::delete_certificate),
    )
    .answers(One(&schemas::DONE))
    .refuses(&[404]),
    route("GET", "/v1/actions", to::<ViewActions>(), "The last actions", || {
        get(actions::list)
    })
    .answers(One(&schemas::ACTIONS)),
    route("GET", "/v1/actions/{uid}", to::<ViewActions>(), "An action", || {
        get(actions::read)
    })
    .parts(&[("uid", schemas::TEXT)])
    .answers(One(&schemas::ACTION))
    .refuses(&[404]),
    route(
        "GET",
        "/v1/ocsp",
        to::<ViewOcspSettings>(),
        "How the status of the proxy certificate is asked for",
        || get(ocsp::read),
    )
    .answers(One(&schemas::OCSP)),
    route(
        "PUT",
        "/v1/ocsp",
        to::<UpdateOcspSettings>(),
        "Change how it is asked for",
        || put(ocsp::update),
    )
    .change(&schemas::OCSP)
    .answers(One(&schemas::OCSP)),
    route(
        "GET",
        "/v1/ocsp/status",
        to::<ViewOcspStatus>(),
        "What the responder said last",
        || get(ocsp::status),
    )
    .answers(One(&schemas::OCSP_STATUS)),
    route(
        "POST",
        "/v1/ocsp/test",
        to::<TestOcspStatus>(),
        "Ask the responder now",
        || post(ocsp::test),
    )
    .answers(One(&schemas::OCSP_STATUS))
    .refuses(&[400]),
    route(
        "GET",
        "/v1/jsonschema",
        to::<ViewSchema>(),
        "The JSON Schema of an object",
        || get(jsonschema::read),
    )
    .query(&[(
        "object",
        Kind::OneOf(&schemas::NAMES),
        "the object; without it, the names of all",
    )])
    .answers(JsonOrNames)
    .refuses(&[406]),
    route("GET", "/v1/openapi.json", to::<ViewSchema>(), "This document", || {
        get(openapi::document)
    })
    .answers(Json),
];
