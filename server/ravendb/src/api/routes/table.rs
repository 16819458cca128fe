//! Every route of the dialect.

use super::Content::{File, Json, Nothing};
use super::{Access, Parameter, Route, parameter, route};
use crate::api::described::Kind;
use crate::api::{
    browser, certificates, cluster, connected, databases, openapi, server_certificate, two_factor, whoami,
};
use crate::model::clearance::Level;

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

macro_rules! access {
    (Anybody) => {
        Access::Anybody
    };
    ($level:ident) => {
        $level
    };
}

/// Every route.
pub const ROUTES: &[Route] = certward_transport::routes! {
    POST "/admin/certificates" OPERATOR certificates::generate =>
        "Make a key and a certificate, and register the certificate":
        query(&[RAFT_REQUEST_ID, parameter("operationId", Kind::Integer(i64::MIN, i64::MAX), "accepted and not used")])
        body("GenerateCertificate") answers(200, File("application/octet-stream")) also(&[NOT_LICENSED]);
    PUT "/admin/certificates" OPERATOR certificates::register =>
        "Register certificates that somebody else issued": query(&[RAFT_REQUEST_ID]) body("RegisterCertificate")
        answers(201, Nothing) also(&[NOT_LICENSED]);
    GET "/admin/certificates" OPERATOR certificates::list =>
        "List the registered certificates, or look one up":
        query(&[parameter("thumbprint", Kind::Text, "the one certificate to look up; 404 when it is not registered"),
            parameter("name", Kind::Text, "only certificates of exactly this name"),
            parameter("metadataOnly", Kind::Boolean, "leave the certificates themselves out; false"),
            parameter("secondary", Kind::Boolean, "show the secondary certificates of collections; false"),
            parameter("start", PAGING, "how many certificates to pass over; 0, also for a negative number"),
            parameter("pageSize", PAGING, "how many certificates to look at; all, and none for a negative number")])
        answers(200, Json("CertificateList")) also(&[NOT_THERE]);
    DELETE "/admin/certificates" OPERATOR certificates::delete =>
        "Remove a registered certificate":
        query(&[Parameter { is_required: true, ..parameter("thumbprint", Kind::Form("\\S", 256), "the certificate") },
            RAFT_REQUEST_ID]) answers(204, Nothing);
    POST "/admin/certificates/edit" OPERATOR certificates::edit =>
        "Change name and rights of a registered certificate":
        query(&[parameter("deleteTwoFactorConfiguration", Kind::Boolean, "ask for no one-time codes any more; false"),
            RAFT_REQUEST_ID]) body("EditCertificate") answers(201, Nothing) also(&[NOT_LICENSED]);
    DELETE "/admin/certificates/purge" OPERATOR certificates::purge =>
        "Remove every expired certificate": query(&[RAFT_REQUEST_ID]) answers(204, Nothing);
    GET "/admin/certificates/export" OPERATOR server_certificate::export =>
        "Download the public server certificates as PKCS#12": answers(200, File("application/octet-stream"));
    GET "/admin/certificates/for-communication/export" OPERATOR server_certificate::export_for_communication =>
        "Download the public server certificate in DER": answers(200, File("application/octet-stream"));
    GET "/admin/certificates/mode" CLUSTER_ADMIN cluster::setup_mode =>
        "How the server was set up": answers(200, Json("SetupMode"));
    GET "/admin/certificates/cluster-domains" CLUSTER_ADMIN cluster::cluster_domains =>
        "The hosts of the cluster's nodes": answers(200, Json("ClusterDomains"));
    POST "/admin/certificates/replace-cluster-cert" CLUSTER_ADMIN server_certificate::replace =>
        "Replace the server certificate": query(&[REPLACE_IMMEDIATELY]) body("ReplaceServerCertificate")
        answers(201, Nothing) between_nodes();
    GET "/admin/certificates/replacement/status" CLUSTER_ADMIN server_certificate::replacement_status =>
        "How a replacement stands; 404 when none is under way": answers(200, Json("ReplacementStatus"))
        also(&[NOT_THERE]);
    POST "/admin/certificates/replacement/reset" CLUSTER_ADMIN server_certificate::reset_replacement =>
        "Forget a replacement": answers(204, Nothing);
    POST "/admin/certificates/refresh" CLUSTER_ADMIN server_certificate::refresh =>
        "Read the server certificate's file again": query(&[REPLACE_IMMEDIATELY]) answers(204, Nothing)
        between_nodes();
    GET "/admin/certificates/letsencrypt/renewal-date" CLUSTER_ADMIN cluster::letsencrypt_renewal_date =>
        "Not supported: always 500": answers(500, Json("Error"));
    POST "/admin/certificates/letsencrypt/force-renew" CLUSTER_ADMIN cluster::letsencrypt_force_renew =>
        "Not supported: always 500": answers(500, Json("Error"));
    GET "/admin/certificates/local-state" OPERATOR cluster::local_state =>
        "The certificates that wait outside a cluster: none": answers(200, Json("LocalState"));
    DELETE "/admin/certificates/local-state" CLUSTER_ADMIN cluster::delete_local_state =>
        "Clear the local state": answers(204, Nothing);
    POST "/admin/certificates/local-state/apply" CLUSTER_ADMIN cluster::apply_local_state =>
        "Apply the local state": answers(204, Nothing);
    GET "/admin/certificates/2fa/generate" OPERATOR two_factor::generate =>
        "Make a secret for one-time codes": answers(200, Json("TwoFactorSecret"));
    GET "/certificates/whoami" Anybody whoami::whoami =>
        "What is known of the caller's certificate; 204 when nothing is": answers(200, Json("WhoAmI"))
        also(&[(204, "Nothing is known of the caller's certificate", "")]);
    GET "/authentication/2fa/configuration" Anybody two_factor::configuration =>
        "How long sessions last": answers(200, Json("TwoFactorConfiguration"));
    POST "/authentication/2fa" Anybody two_factor::open =>
        "Open a session with a one-time code":
        query(&[parameter("hasLimits", Kind::Boolean, "whether the session needs the cookie of the answer; true"),
            parameter("sessionDurationInMin", COUNT, "minutes, at most the configured maximum; the configured default")])
        body("OneTimeCode") answers(202, Nothing)
        also(&[(400, "There is no certificate, none that is known, or none that needs codes", "TwoFactorError"),
            (406, "The code is wrong", "TwoFactorError")]);
    DELETE "/authentication/2fa" Anybody two_factor::close => "Close the session": answers(204, Nothing);
    GET "/cluster/topology" VALID_USER cluster::topology =>
        "The only node and where it is reached": answers(200, Json("ClusterTopology"));
    GET "/build/version" VALID_USER cluster::build_version =>
        "The version of the API": answers(200, Json("BuildVersion"));
    GET "/license/status" VALID_USER cluster::license_status =>
        "The licence: none": answers(200, Json("LicenseStatus"));
    GET "/secrets/generate" CLUSTER_ADMIN cluster::generate_secret =>
        "256 random bits in Base64": answers(200, File("application/base64"));
    GET "/debug/routes" VALID_USER openapi::routes =>
        "The routes of this server": answers(200, Json("Routes"));
    GET "/openapi.json" VALID_USER openapi::document => "This document": answers(200, Json("OpenApi"));
    GET "/certward/connections" CLUSTER_ADMIN connected::list =>
        "Certward's own: who is connected to the APIs and the databases, and what lets them in":
        query(connected::CONNECTIONS_QUERY) answers(200, Json("ConnectionList")) also(&[WRONG_PARAMETER]);
    GET "/certward/removals/certificates" CLUSTER_ADMIN connected::removal =>
        "Certward's own: which connections and certificates the deletion of a certificate would end":
        query(connected::REMOVALS_QUERY) answers(200, Json("RemovalEffect"))
        also(&[WRONG_PARAMETER, NOT_THERE]);
    ANY "/databases/{name}/{*route}" VALID_USER databases::database =>
        "Routes of a database: refused without rights on it, else 400": answers(400, Json("Error"));
    GET "/" Anybody browser::root => "Sends browsers to the page below": answers(302, Nothing);
    GET "/studio/index.html" Anybody browser::studio =>
        "A page for callers who are known": answers(200, File("text/html; charset=utf-8"));
    GET "/auth-error.html" Anybody browser::authentication_error =>
        "Where refused browsers are sent": answers(200, File("text/html; charset=utf-8"));
};
