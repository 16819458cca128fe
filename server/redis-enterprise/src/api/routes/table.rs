//! Every route of the dialect.

use super::Content::{Json, JsonOrNames, Many, Nothing, One};
use super::{Access, Parameter, Route, route, to};
use crate::api::json::{Body as _, Kind};
use crate::api::wire::{
    AccessToken, Action, Actions, Authorize, Bdb, BdbCertificate, BdbPassword, Bootstrap, CERTIFICATE_NAME,
    CERTIFICATES, CONNECTION_LIST, CertificateRotation, CertificateUpload, CertificateUploads, Cluster, DONE, Deleted,
    HashingAlgorithm, LICENSE, LONG_TEXT, MANAGEMENT, NAMES, NEW_BDB, NODE, NewCluster, NewLicense, NewPassword, Ocsp,
    OcspStatus, OldPassword, OwnRole, PERMISSIONS, Policy, REMOVABLE, REMOVAL_EFFECT, RedisAcl, Refresh, Role, TEXT,
    User,
};
use crate::api::{
    actions, bootstrap, certificates, cluster, connected, databases, jsonschema, license, node, ocsp, openapi, policy,
    redis_acls, roles, users,
};
use crate::cluster::access::action::{
    ChangePassword, CreateCluster, CreateDatabase, CreateRedisAcl, CreateRole, CreateUser, DeleteDatabase,
    DeleteRedisAcl, DeleteRole, DeleteUser, InstallLicense, IssueToken, TestOcspStatus, UpdateCluster, UpdateDatabase,
    UpdateDatabaseWithAction, UpdateOcspSettings, UpdateRedisAcl, UpdateRole, UpdateUser, ViewActions,
    ViewCertificates, ViewCluster, ViewConnections, ViewDatabase, ViewDatabases, ViewLicense, ViewNode, ViewNodes,
    ViewOcspSettings, ViewOcspStatus, ViewPermissions, ViewRedisAcl, ViewRedisAcls, ViewRole, ViewRoles, ViewSchema,
    ViewUser, ViewUsers,
};

const FIELDS: Parameter = (
    "fields",
    LONG_TEXT,
    "the names of the members that are wanted, separated by commas",
);

const PAGE: Kind = Kind::Integer { min: 1, max: i64::MAX };

const INSTANT_FORM: &str = "^([0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3])(:[0-5][0-9]){2}\
                           ([.][0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])|-?[0-9]{1,11})$";

const INSTANT: Kind = Kind::CheckedLater {
    regex: INSTANT_FORM,
    max: 64,
};

macro_rules! access {
    (Anybody) => {
        Access::Anybody
    };
    (UntilCreated) => {
        Access::UntilCreated
    };
    ($action:ident) => {
        to::<$action>()
    };
}

/// Every route.
pub const ROUTES: &[Route] = certward_transport::routes! {
    // The cluster.
    GET "/v1/cluster" ViewCluster cluster::read => "The cluster and its settings": answers(One(Cluster::SCHEMA));
    PUT "/v1/cluster" UpdateCluster cluster::update =>
        "Change settings of the cluster": dry_run() change(Cluster::SCHEMA) answers(One(Cluster::SCHEMA));
    GET "/v1/cluster/certificates" ViewCertificates certificates::list =>
        "The certificates; their keys for holders of view_cluster_keys": answers(One(&CERTIFICATES));
    PUT "/v1/cluster/certificates" UpdateCluster certificates::put =>
        "Install certificates, all of them or none": body(CertificateUploads::SCHEMA) answers(One(&DONE))
        refuses(&[406]);
    DELETE "/v1/cluster/certificates/{certificate_name}" UpdateCluster certificates::delete =>
        "Remove an optional certificate": parts(&[("certificate_name", CERTIFICATE_NAME)])
        answers(One(&DONE)) refuses(&[404]);
    POST "/v1/cluster/certificates/rotate" UpdateCluster certificates::rotate =>
        "Make internal certificates anew": body(CertificateRotation::SCHEMA) optional_body()
        answers(One(&DONE));
    PUT "/v1/cluster/update_cert" UpdateCluster certificates::update =>
        "Deprecated: install one certificate": body(CertificateUpload::SCHEMA) answers(One(&DONE))
        refuses(&[406]);
    PATCH "/v1/cluster/change_password_hashing_algorithm" UpdateCluster cluster::change_password_hashing_algorithm =>
        "Change how passwords are said to be hashed": body(HashingAlgorithm::SCHEMA) answers(One(&DONE));
    GET "/v1/cluster/policy" ViewCluster policy::read => "The cluster's policy": answers(One(Policy::SCHEMA));
    PUT "/v1/cluster/policy" UpdateCluster policy::update =>
        "Change the cluster's policy": change(Policy::SCHEMA) answers(One(&DONE));
    // Users.
    GET "/v1/users" ViewUsers users::list => "Every user": answers(Many(User::SCHEMA));
    POST "/v1/users" CreateUser users::create =>
        "Make a user": dry_run() body(User::SCHEMA) answers(One(User::SCHEMA)) refuses(&[409]);
    GET "/v1/users/{uid}" ViewUser users::read =>
        "A user; everybody may see itself": answers(One(User::SCHEMA)) refuses(&[404]);
    PUT "/v1/users/{uid}" UpdateUser users::update =>
        "Change a user; everybody may change its own name, password and alerts": dry_run() change(User::SCHEMA)
        answers(One(User::SCHEMA)) refuses(&[404, 406, 409]);
    DELETE "/v1/users/{uid}" DeleteUser users::delete =>
        "Delete a user": answers(One(Deleted::SCHEMA)) refuses(&[404, 406]);
    GET "/v1/users/role" ViewPermissions users::own_role =>
        "The caller's management role": answers(One(OwnRole::SCHEMA));
    GET "/v1/users/permissions" ViewPermissions users::permissions =>
        "What each management role may do": answers(One(&PERMISSIONS));
    GET "/v1/users/permissions/{role}" ViewPermissions users::permissions_of_role =>
        "What a management role may do": parts(&[("role", MANAGEMENT)]) answers(One(&PERMISSIONS))
        refuses(&[404]);
    PUT "/v1/users/password" ChangePassword users::set_password =>
        "Set the one password of a user; those of others as an administrator": body(NewPassword::SCHEMA)
        answers(One(&DONE)) refuses(&[404]);
    POST "/v1/users/password" ChangePassword users::add_password =>
        "Give a user a further password": body(NewPassword::SCHEMA) answers(One(&DONE)) refuses(&[404]);
    DELETE "/v1/users/password" ChangePassword users::remove_password =>
        "Take a password from a user": body(OldPassword::SCHEMA) answers(One(&DONE)) refuses(&[404]);
    POST "/v1/users/authorize" Anybody users::authorize =>
        "A token for a name and a password": body(Authorize::SCHEMA) optional_body()
        answers(One(AccessToken::SCHEMA));
    POST "/v1/users/refresh_jwt" IssueToken users::refresh =>
        "A new token for an old one": body(Refresh::SCHEMA) optional_body() answers(One(AccessToken::SCHEMA));
    // Roles.
    GET "/v1/roles" ViewRoles roles::list => "Every role": answers(Many(Role::SCHEMA));
    POST "/v1/roles" CreateRole roles::create =>
        "Make a role": dry_run() body(Role::SCHEMA) answers(One(Role::SCHEMA)) refuses(&[409]);
    GET "/v1/roles/{uid}" ViewRole roles::read => "A role": answers(One(Role::SCHEMA)) refuses(&[404]);
    PUT "/v1/roles/{uid}" UpdateRole roles::update =>
        "Change a role": dry_run() change(Role::SCHEMA) answers(One(Role::SCHEMA)) refuses(&[404, 406, 409]);
    DELETE "/v1/roles/{uid}" DeleteRole roles::delete =>
        "Delete a role": dry_run() answers(One(Deleted::SCHEMA)) refuses(&[404, 406]);
    // ACLs.
    GET "/v1/redis_acls" ViewRedisAcls redis_acls::list => "Every ACL": answers(Many(RedisAcl::SCHEMA));
    POST "/v1/redis_acls" CreateRedisAcl redis_acls::create =>
        "Make an ACL": dry_run() body(RedisAcl::SCHEMA) answers(One(RedisAcl::SCHEMA)) refuses(&[409]);
    POST "/v1/redis_acls/validate" CreateRedisAcl redis_acls::validate =>
        "Deprecated: try to make an ACL": body(RedisAcl::SCHEMA) answers(One(RedisAcl::SCHEMA)) refuses(&[409]);
    GET "/v1/redis_acls/{uid}" ViewRedisAcl redis_acls::read =>
        "An ACL": answers(One(RedisAcl::SCHEMA)) refuses(&[404]);
    PUT "/v1/redis_acls/{uid}" UpdateRedisAcl redis_acls::update =>
        "Change an ACL": dry_run() change(RedisAcl::SCHEMA) answers(One(RedisAcl::SCHEMA)) refuses(&[404, 409]);
    DELETE "/v1/redis_acls/{uid}" DeleteRedisAcl redis_acls::delete =>
        "Delete an ACL": answers(One(Deleted::SCHEMA)) refuses(&[404, 406, 409]);
    // What clients touch on connect.
    GET "/v1/bootstrap" UntilCreated bootstrap::read =>
        "How far the making of the cluster is": answers(One(Bootstrap::SCHEMA));
    POST "/v1/bootstrap/{action}" CreateCluster bootstrap::start =>
        "create_cluster: name the cluster, and make its first administrator":
        parts(&[("action", Kind::OneOf(&["create_cluster"]))]) body(NewCluster::SCHEMA)
        answers(One(Bootstrap::SCHEMA)) refuses(&[404, 409]);
    GET "/v1/nodes" ViewNodes node::list => "Every node: one": answers(Many(&NODE));
    GET "/v1/nodes/{uid}" ViewNode node::read => "A node": answers(One(&NODE)) refuses(&[404]);
    GET "/v1/license" ViewLicense license::read => "The licence": answers(One(&LICENSE));
    PUT "/v1/license" InstallLicense license::update =>
        "Replace the licence": body(NewLicense::SCHEMA) answers(Nothing);
    // Certward's own.
    GET "/v1/certward/connections" ViewConnections connected::list =>
        "Certward's own: who is connected to the API and the databases, and what lets them in":
        query(connected::CONNECTIONS_QUERY) answers(One(&CONNECTION_LIST));
    GET "/v1/certward/removals/{kind}/{id}" ViewConnections connected::removal =>
        "Certward's own: which connections and users the removal of something would end":
        parts(&[("kind", Kind::OneOf(&connected::KINDS)), ("id", REMOVABLE)]) query(connected::REMOVALS_QUERY)
        answers(One(&REMOVAL_EFFECT)) refuses(&[404]);
    // Databases.
    GET "/v1/bdbs" ViewDatabases databases::list =>
        "Every database that the caller may see": query(&[FIELDS, ("extended", Kind::Anything, "without effect")])
        answers(Many(Bdb::SCHEMA));
    POST "/v1/bdbs" CreateDatabase databases::create =>
        "Make a database": dry_run() body(Bdb::SCHEMA) answers(One(Bdb::SCHEMA)) refuses(&[406, 409]);
    POST "/v2/bdbs" CreateDatabase databases::create_from_plan =>
        "Make a database, which stands under bdb in the body": dry_run() body(&NEW_BDB)
        answers(One(Bdb::SCHEMA)) refuses(&[406, 409]);
    GET "/v1/bdbs/{uid}" ViewDatabase databases::read =>
        "A database": query(&[FIELDS]) answers(One(Bdb::SCHEMA)) refuses(&[404]);
    PUT "/v1/bdbs/{uid}" UpdateDatabase databases::update =>
        "Change a database": dry_run() change(Bdb::SCHEMA) answers(One(Bdb::SCHEMA)) refuses(&[404, 406, 409]);
    PUT "/v1/bdbs/{uid}/{action}" UpdateDatabaseWithAction databases::act =>
        "Change a database, and flush: delete its data": dry_run() parts(&[("action", Kind::OneOf(&["flush"]))])
        change(Bdb::SCHEMA) optional_body() answers(One(Bdb::SCHEMA)) refuses(&[404, 406, 409]);
    DELETE "/v1/bdbs/{uid}" DeleteDatabase databases::delete =>
        "Delete a database with its data": answers(One(Deleted::SCHEMA)) refuses(&[404]);
    GET "/v1/bdbs/{uid}/availability" ViewDatabase databases::availability =>
        "Whether a database can be used": answers(Nothing) refuses(&[404, 503]);
    GET "/v1/local/bdbs/{uid}/endpoint/availability" ViewDatabase databases::availability =>
        "Whether the endpoint of a database can be used": answers(Nothing) refuses(&[404, 503]);
    PUT "/v1/bdbs/{uid}/passwords" UpdateDatabase databases::set_password =>
        "Set the one password of the default user": body(BdbPassword::SCHEMA) answers(One(&DONE))
        refuses(&[404]);
    POST "/v1/bdbs/{uid}/passwords" UpdateDatabase databases::add_password =>
        "Give the default user a further password": body(BdbPassword::SCHEMA) answers(One(&DONE))
        refuses(&[404, 406]);
    DELETE "/v1/bdbs/{uid}/passwords" UpdateDatabase databases::remove_password =>
        "Take a password from the default user": body(BdbPassword::SCHEMA) answers(One(&DONE))
        refuses(&[404, 406]);
    GET "/v1/bdbs/certificates" ViewDatabases databases::list_certificates =>
        "The server certificates that databases have of their own":
        query(&[("page", PAGE, "which page, from 1"), ("page_size", PAGE, "how many on a page; 100, at most 1000"),
            ("expires_before", INSTANT, "only those that end before this instant, as 2027-01-31T00:00:00Z or in seconds \
             since 1970"),
            ("tls_mode", Kind::OneOf(&["enabled", "disabled"]), "only those of databases with this tls_mode")])
        answers(Many(BdbCertificate::SCHEMA));
    GET "/v1/bdbs/{uid}/certificates" ViewDatabase databases::read_certificate =>
        "The server certificate that a database has of its own": answers(One(BdbCertificate::SCHEMA))
        refuses(&[404]);
    POST "/v1/bdbs/{uid}/certificates" UpdateDatabase databases::put_certificate =>
        "Give a database a server certificate of its own": dry_run() body(BdbCertificate::SCHEMA)
        answers(One(BdbCertificate::SCHEMA)) refuses(&[404, 406]);
    DELETE "/v1/bdbs/{uid}/certificates" UpdateDatabase databases::delete_certificate =>
        "Have a database show the cluster's certificate again": answers(One(&DONE)) refuses(&[404]);
    GET "/v1/actions" ViewActions actions::list => "The last actions": answers(One(Actions::SCHEMA));
    GET "/v1/actions/{uid}" ViewActions actions::read =>
        "An action": parts(&[("uid", TEXT)]) answers(One(Action::SCHEMA)) refuses(&[404]);
    GET "/v1/ocsp" ViewOcspSettings ocsp::read =>
        "How the status of the proxy certificate is asked for": answers(One(Ocsp::SCHEMA));
    PUT "/v1/ocsp" UpdateOcspSettings ocsp::update =>
        "Change how it is asked for": change(Ocsp::SCHEMA) answers(One(Ocsp::SCHEMA));
    GET "/v1/ocsp/status" ViewOcspStatus ocsp::status =>
        "What the responder said last": answers(One(OcspStatus::SCHEMA));
    POST "/v1/ocsp/test" TestOcspStatus ocsp::test =>
        "Ask the responder now": answers(One(OcspStatus::SCHEMA)) refuses(&[400]);
    GET "/v1/jsonschema" ViewSchema jsonschema::read =>
        "The JSON Schema of an object":
        query(&[("object", Kind::OneOf(&NAMES), "the object; without it, the names of all")])
        answers(JsonOrNames) refuses(&[406]);
    GET "/v1/openapi.json" ViewSchema openapi::document => "This document": answers(Json);
};
