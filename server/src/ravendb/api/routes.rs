//! Every route of the dialect, in one table: the router and the OpenAPI document are both made from it.

use std::sync::Arc;

use axum::routing::{MethodRouter, any, delete, get, post, put};

use super::described::Kind;
use super::{browser, certificates, cluster, connected, databases, openapi, server_certificate, two_factor, whoami};
use crate::ravendb::api::Services;
use crate::ravendb::model::clearance::Level;

/// A route.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// The method in capitals; `*` for a path that answers every method.
    pub method: &'static str,
    /// The path, in axum's pattern language. Paths on the wire have no case.
    pub path: &'static str,
    /// The callers who may use the route.
    pub access: Access,
    /// The summary in the OpenAPI document.
    pub summary: &'static str,
    /// The query parameters it reads.
    pub(super) query: &'static [Parameter],
    /// The name of the schema of its body.
    pub(super) request: Option<&'static str>,
    /// The status of its usual answer.
    pub(super) status: u16,
    /// The content of that answer.
    pub(super) content: Content,
    /// Further answers of the route: the status, its meaning, and the name of its schema, which is empty for an answer
    /// without content.
    pub(super) further: &'static [(u16, &'static str, &'static str)],
    /// True for routes that nodes call on each other, whose answers vary by origin (observed records `611`, `708`).
    pub(super) between_nodes: bool,
    pub(super) handler: fn() -> MethodRouter<Arc<Services>>,
}

/// A query parameter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) meaning: &'static str,
    pub(super) is_required: bool,
}

pub(super) const fn parameter(name: &'static str, kind: Kind, meaning: &'static str) -> Parameter {
    Parameter {
        name,
        kind,
        meaning,
        is_required: false,
    }
}

/// The callers who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// All clients, with and without a certificate.
    Anybody,
    /// Callers of this level and above.
    Level(Level),
}

/// The content of an answer.
#[derive(Debug, Clone, Copy)]
pub(super) enum Content {
    /// Nothing.
    Nothing,
    /// JSON of the schema with this name.
    Json(&'static str),
    /// Bytes of this type.
    File(&'static str),
}

const fn route(
    method: &'static str,
    path: &'static str,
    access: Access,
    summary: &'static str,
    handler: fn() -> MethodRouter<Arc<Services>>,
) -> Route {
    Route {
        method,
        path,
        access,
        summary,
        query: &[],
        request: None,
        status: 200,
        content: Content::Nothing,
        further: &[],
        between_nodes: false,
        handler,
    }
}

impl Route {
    const fn query(self, query: &'static [Parameter]) -> Self {
        Self { query, ..self }
    }

    const fn body(self, schema: &'static str) -> Self {
        Self {
            request: Some(schema),
            ..self
        }
    }

    const fn answers(self, status: u16, content: Content) -> Self {
        Self {
            status,
            content,
            ..self
        }
    }

    const fn also(self, further: &'static [(u16, &'static str, &'static str)]) -> Self {
        Self { further, ..self }
    }

    const fn between_nodes(self) -> Self {
        Self {
            between_nodes: true,
            ..self
        }
    }
}

const VALID_USER: Access = Access::Level(Level::ValidUser);
const OPERATOR: Access = Access::Level(Level::Operator);
const CLUSTER_ADMIN: Access = Access::Level(Level::ClusterAdmin);
const RAFT_REQUEST_ID: Parameter = parameter("raft-request-id", Kind::Text, "the client's own name for this request");
const REPLACE_IMMEDIATELY: Parameter = parameter(
    "replaceImmediately",
    Kind::Boolean,
    "whether to go on before every node has confirmed; false",
);
const COUNT: Kind = Kind::Integer(0, 2_147_483_647);
const PAGING: Kind = Kind::Integer(-2_147_483_648, 2_147_483_647);
const NOT_LICENSED: (u16, &str, &str) = (402, "Read access needs its licence", "Error");
const WRONG_PARAMETER: (u16, &str, &str) = (400, "A query parameter is wrong, or not one of these", "Error");
const NOT_THERE: (u16, &str, &str) = (404, "There is none", "");

/// Every route.
pub const ROUTES: &[Route] = &[
    route(
        "POST",
        "/admin/certificates",
        OPERATOR,
        "Make a key and a certificate, and register the certificate",
        || post(certificates::generate),
    )
    .query(&[
        RAFT_REQUEST_ID,
        parameter(
            "operationId",
            Kind::Integer(i64::MIN, i64::MAX),
            "accepted and not used",
        ),
    ])
    .body("GenerateCertificate")
    .answers(200, Content::File("application/octet-stream"))
    .also(&[NOT_LICENSED]),
    route(
        "PUT",
        "/admin/certificates",
        OPERATOR,
        "Register certificates that somebody else issued",
        || put(certificates::register),
    )
    .query(&[RAFT_REQUEST_ID])
    .body("RegisterCertificate")
    .answers(201, Content::Nothing)
    .also(&[NOT_LICENSED]),
    route(
        "GET",
        "/admin/certificates",
        OPERATOR,
        "List the registered certificates, or look one up",
        || get(certificates::list),
    )
    .query(&[
        parameter(
            "thumbprint",
            Kind::Text,
            "the one certificate to look up; 404 when it is not registered",
        ),
        parameter("name", Kind::Text, "only certificates of exactly this name"),
        parameter(
            "metadataOnly",
            Kind::Boolean,
            "leave the certificates themselves out; false",
        ),
        parameter(
            "secondary",
            Kind::Boolean,
            "show the secondary certificates of collections; false",
        ),
        parameter(
            "start",
            PAGING,
            "how many certificates to pass over; 0, also for a negative number",
        ),
        parameter(
            "pageSize",
            PAGING,
            "how many certificates to look at; all, and none for a negative number",
        ),
    ])
    .answers(200, Content::Json("CertificateList"))
    .also(&[NOT_THERE]),
    route(
        "DELETE",
        "/admin/certificates",
        OPERATOR,
        "Remove a registered certificate",
        || delete(certificates::delete),
    )
    .query(&[
        Parameter {
            is_required: true,
            ..parameter("thumbprint", Kind::Form("\\S", 256), "the certificate")
        },
        RAFT_REQUEST_ID,
    ])
    .answers(204, Content::Nothing),
    route(
        "POST",
        "/admin/certificates/edit",
        OPERATOR,
        "Change name and rights of a registered certificate",
        || post(certificates::edit),
    )
    .query(&[
        parameter(
            "deleteTwoFactorConfiguration",
            Kind::Boolean,
            "ask for no one-time codes any more; false",
        ),
        RAFT_REQUEST_ID,
    ])
    .body("EditCertificate")
    .answers(201, Content::Nothing)
    .also(&[NOT_LICENSED]),
    route(
        "DELETE",
        "/admin/certificates/purge",
        OPERATOR,
        "Remove every expired certificate",
        || delete(certificates::purge),
    )
    .query(&[RAFT_REQUEST_ID])
    .answers(204, Content::Nothing),
    route(
        "GET",
        "/admin/certificates/export",
        OPERATOR,
        "Download the public server certificates as PKCS#12",
        || get(server_certificate::export),
    )
    .answers(200, Content::File("application/octet-stream")),
    route(
        "GET",
        "/admin/certificates/for-communication/export",
        OPERATOR,
        "Download the public server certificate in DER",
        || get(server_certificate::export_for_communication),
    )
    .answers(200, Content::File("application/octet-stream")),
    route(
        "GET",
        "/admin/certificates/mode",
        CLUSTER_ADMIN,
        "How the server was set up",
        || get(cluster::setup_mode),
    )
    .answers(200, Content::Json("SetupMode")),
    route(
        "GET",
        "/admin/certificates/cluster-domains",
        CLUSTER_ADMIN,
        "The hosts of the cluster's nodes",
        || get(cluster::cluster_domains),
    )
    .answers(200, Content::Json("ClusterDomains")),
    route(
        "POST",
        "/admin/certificates/replace-cluster-cert",
        CLUSTER_ADMIN,
        "Replace the server certificate",
        || post(server_certificate::replace),
    )
    .query(&[REPLACE_IMMEDIATELY])
    .body("ReplaceServerCertificate")
    .answers(201, Content::Nothing)
    .between_nodes(),
    route(
        "GET",
        "/admin/certificates/replacement/status",
        CLUSTER_ADMIN,
        "How a replacement stands; 404 when none is under way",
        || get(server_certificate::replacement_status),
    )
    .answers(200, Content::Json("ReplacementStatus"))
    .also(&[NOT_THERE]),
    route(
        "POST",
        "/admin/certificates/replacement/reset",
        CLUSTER_ADMIN,
        "Forget a replacement",
        || post(server_certificate::reset_replacement),
    )
    .answers(204, Content::Nothing),
    route(
        "POST",
        "/admin/certificates/refresh",
        CLUSTER_ADMIN,
        "Read the server certificate's file again",
        || post(server_certificate::refresh),
    )
    .query(&[REPLACE_IMMEDIATELY])
    .answers(204, Content::Nothing)
    .between_nodes(),
    route(
        "GET",
        "/admin/certificates/letsencrypt/renewal-date",
        CLUSTER_ADMIN,
        "Not supported: always 500",
        || get(cluster::letsencrypt_renewal_date),
    )
    .answers(500, Content::Json("Error")),
    route(
        "POST",
        "/admin/certificates/letsencrypt/force-renew",
        CLUSTER_ADMIN,
        "Not supported: always 500",
        || post(cluster::letsencrypt_force_renew),
    )
    .answers(500, Content::Json("Error")),
    route(
        "GET",
        "/admin/certificates/local-state",
        OPERATOR,
        "The certificates that wait outside a cluster: none",
        || get(cluster::local_state),
    )
    .answers(200, Content::Json("LocalState")),
    route(
        "DELETE",
        "/admin/certificates/local-state",
        CLUSTER_ADMIN,
        "Clear the local state",
        || delete(cluster::delete_local_state),
    )
    .answers(204, Content::Nothing),
    route(
        "POST",
        "/admin/certificates/local-state/apply",
        CLUSTER_ADMIN,
        "Apply the local state",
        || post(cluster::apply_local_state),
    )
    .answers(204, Content::Nothing),
    route(
        "GET",
        "/admin/certificates/2fa/generate",
        OPERATOR,
        "Make a secret for one-time codes",
        || get(two_factor::generate),
    )
    .answers(200, Content::Json("TwoFactorSecret")),
    route(
        "GET",
        "/certificates/whoami",
        Access::Anybody,
        "What is known of the caller's certificate; 204 when nothing is",
        || get(whoami::whoami),
    )
    .answers(200, Content::Json("WhoAmI"))
    .also(&[(204, "Nothing is known of the caller's certificate", "")]),
    route(
        "GET",
        "/authentication/2fa/configuration",
        Access::Anybody,
        "How long sessions last",
        || get(two_factor::configuration),
    )
    .answers(200, Content::Json("TwoFactorConfiguration")),
    route(
        "POST",
        "/authentication/2fa",
        Access::Anybody,
        "Open a session with a one-time code",
        || post(two_factor::open),
    )
    .query(&[
        parameter(
            "hasLimits",
            Kind::Boolean,
            "whether the session needs the cookie of the answer; true",
        ),
        parameter(
            "sessionDurationInMin",
            COUNT,
            "minutes, at most the configured maximum; the configured default",
        ),
    ])
    .body("OneTimeCode")
    .answers(202, Content::Nothing)
    .also(&[
        (
            400,
            "There is no certificate, none that is known, or none that needs codes",
            "TwoFactorError",
        ),
        (406, "The code is wrong", "TwoFactorError"),
    ]),
    route(
        "DELETE",
        "/authentication/2fa",
        Access::Anybody,
        "Close the session",
        || delete(two_factor::close),
    )
    .answers(204, Content::Nothing),
    route(
        "GET",
        "/cluster/topology",
        VALID_USER,
        "The only node and where it is reached",
        || get(cluster::topology),
    )
    .answers(200, Content::Json("ClusterTopology")),
    route("GET", "/build/version", VALID_USER, "The version of the API", || {
        get(cluster::build_version)
    })
    .answers(200, Content::Json("BuildVersion")),
    route("GET", "/license/status", VALID_USER, "The licence: none", || {
        get(cluster::license_status)
    })
    .answers(200, Content::Json("LicenseStatus")),
    route(
        "GET",
        "/secrets/generate",
        CLUSTER_ADMIN,
        "256 random bits in Base64",
        || get(cluster::generate_secret),
    )
    .answers(200, Content::File("application/base64")),
    route("GET", "/debug/routes", VALID_USER, "The routes of this server", || {
        get(openapi::routes)
    })
    .answers(200, Content::Json("Routes")),
    route("GET", "/openapi.json", VALID_USER, "This document", || {
        get(openapi::document)
    })
    .answers(200, Content::Json("OpenApi")),
    route(
        "GET",
        "/certward/connections",
        CLUSTER_ADMIN,
        "Certward's own: who is connected to the APIs and the databases, and what lets them in",
        || get(connected::list),
    )
    .query(connected::CONNECTIONS_QUERY)
    .answers(200, Content::Json("ConnectionList"))
    .also(&[WRONG_PARAMETER]),
    route(
        "GET",
        "/certward/removals/certificates",
        CLUSTER_ADMIN,
        "Certward's own: which connections and certificates the deletion of a certificate would end",
        || get(connected::removal),
    )
    .query(connected::REMOVALS_QUERY)
    .answers(200, Content::Json("RemovalEffect"))
    .also(&[WRONG_PARAMETER, NOT_THERE]),
    route(
        "*",
        "/databases/{name}/{*route}",
        VALID_USER,
        "Routes of a database: refused without rights on it, else 400",
        || any(databases::database),
    )
    .answers(400, Content::Json("Error")),
    route("GET", "/", Access::Anybody, "Sends browsers to the page below", || {
        get(browser::root)
    })
    .answers(302, Content::Nothing),
    route(
        "GET",
        "/studio/index.html",
        Access::Anybody,
        "A page for callers who are known",
        || get(browser::studio),
    )
    .answers(200, Content::File("text/html; charset=utf-8")),
    route(
        "GET",
        "/auth-error.html",
        Access::Anybody,
        "Where refused browsers are sent",
        || get(browser::authentication_error),
    )
    .answers(200, Content::File("text/html; charset=utf-8")),
];
