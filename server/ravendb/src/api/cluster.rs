//! This server as a cluster of one node: topology, version, licence, set-up mode, and the local state of a node outside
//! a cluster, which is always empty.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use axum::extract::State;
use axum::response::Response;
use certward_pki::{Certificate, SubjectAltName};
use http::StatusCode;
use serde::Serialize;

use super::answer;
use super::authorized::Authorized;
use super::problem::Problem;
use super::wire::date;
use crate::access::authz::action::{
    ChangeLocalState, ReadClusterSettings, ReadLocalState, ReadTopology, ReplaceServerCertificate,
};
use crate::api::Services;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct BuildVersion {
    build_version: u32,
    product_version: &'static str,
    commit_hash: &'static str,
    full_version: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Topology<'a> {
    #[serde(rename = "@metadata")]
    metadata: Metadata<'a>,
    topology: Nodes<'a>,
    etag: u64,
    leader: &'static str,
    /// Milliseconds since the server was started.
    leader_ship_duration: i64,
    current_state: &'static str,
    node_tag: &'static str,
    server_role: &'static str,
    current_term: u64,
    node_license_details: BTreeMap<&'static str, NodeDetails>,
    last_state_change_reason: String,
    status: Empty,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata<'a> {
    date_time: String,
    web_url: &'a str,
    node_tag: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Nodes<'a> {
    topology_id: &'a str,
    all_nodes: BTreeMap<&'static str, &'a str>,
    members: BTreeMap<&'static str, &'a str>,
    promotables: Empty,
    watchers: Empty,
    last_node_id: &'static str,
    etag: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct NodeDetails {
    utilized_cores: usize,
    max_utilized_cores: Option<u32>,
    number_of_cores: usize,
    installed_memory_in_gb: f64,
    usable_memory_in_gb: f64,
    build_info: BuildInfo,
    os_info: OsInfo,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct BuildInfo {
    product_version: &'static str,
    build_version: u32,
    commit_hash: &'static str,
    full_version: &'static str,
    assembly_version: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct OsInfo {
    #[serde(rename = "Type")]
    kind: &'static str,
    full_name: String,
    version: String,
    build_version: String,
    is64_bit: bool,
}

/// `{}`
#[derive(Serialize)]
struct Empty {}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SetupMode {
    setup_mode: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ClusterDomains {
    cluster_domains: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct LocalState {
    results: [&'static str; 0],
}

/// `GET /build/version`
pub(super) async fn build_version(_: Authorized<ReadTopology>) -> Response {
    answer::json(&BuildVersion {
        build_version: BUILD,
        product_version: PRODUCT_VERSION,
        commit_hash: COMMIT_HASH,
        full_version: FULL_VERSION,
    })
}

/// `GET /cluster/topology`: one node, `A`, which is a member and the leader. Clients continue with its URL.
pub(super) async fn topology(_: Authorized<ReadTopology>, State(app): State<Arc<Services>>) -> Response {
    let url = node_url(&app);
    let now = app.clock.now();
    answer::json(&Topology {
        metadata: Metadata {
            date_time: date(now),
            web_url: &url,
            node_tag: NODE,
        },
        topology: Nodes {
            topology_id: &app.topology_id,
            all_nodes: BTreeMap::from([(NODE, url.as_str())]),
            members: BTreeMap::from([(NODE, url.as_str())]),
            promotables: Empty {},
            watchers: Empty {},
            last_node_id: NODE,
            etag: 1,
        },
        etag: 1,
        leader: NODE,
        leader_ship_duration: i64::try_from((now - app.started_at).whole_milliseconds()).unwrap_or(i64::MAX),
        current_state: "Leader",
        node_tag: NODE,
        server_role: "Member",
        current_term: 1,
        node_license_details: BTreeMap::from([(NODE, node_details())]),
        last_state_change_reason: format!("the only node of its cluster leads since {}", date(app.started_at)),
        status: Empty {},
    })
}

/// `GET /license/status`: no licence, and its consequences. The members are the real server's, because clients expect
/// them; their limits do not apply here, except for `Read` access.
pub(super) async fn license_status(_: Authorized<ReadTopology>, State(app): State<Arc<Services>>) -> Response {
    let mut status = serde_json::Map::new();
    for member in LICENSE_MEMBERS {
        let value = match member {
            "Status" => "Open Source".into(),
            "Type" => "None".into(),
            "FirstServerStartDate" => date(app.started_at).into(),
            "Expired" | "IsIsv" | "IsCloud" | "DistributedCluster" => false.into(),
            "HasReadOnlyCertificates" => app.settings.licensed_read_only_access.into(),
            "MaxClusterSize" => 1.into(),
            _ if member.starts_with("Has") || member.starts_with("Can") => false.into(),
            _ => serde_json::Value::Null,
        };
        status.insert(member.to_owned(), value);
    }
    answer::json(&status)
}

/// `GET /admin/certificates/mode`
pub(super) async fn setup_mode(_: Authorized<ReadClusterSettings>, State(app): State<Arc<Services>>) -> Response {
    answer::json(&SetupMode {
        setup_mode: app.settings.setup_mode,
    })
}

/// `GET /admin/certificates/cluster-domains`: the host of the node's URL (observed record `702-cluster-domains`).
pub(super) async fn cluster_domains(_: Authorized<ReadClusterSettings>, State(app): State<Arc<Services>>) -> Response {
    let host = app.listening_url.host_str().map(str::to_owned);
    let domains = host.or_else(|| first_name(app.server_certificates.current().certificate()));
    answer::json(&ClusterDomains {
        cluster_domains: domains.into_iter().collect(),
    })
}

/// `GET /admin/certificates/letsencrypt/renewal-date`, which is empty on this server (record `706`).
pub(super) async fn letsencrypt_renewal_date(_: Authorized<ReplaceServerCertificate>) -> Problem {
    not_from_letsencrypt()
}

/// `POST /admin/certificates/letsencrypt/force-renew`
pub(super) async fn letsencrypt_force_renew(_: Authorized<ReplaceServerCertificate>) -> Problem {
    not_from_letsencrypt()
}

/// `GET /admin/certificates/local-state`
pub(super) async fn local_state(_: Authorized<ReadLocalState>) -> Response {
    answer::json(&LocalState { results: [] })
}

/// `DELETE /admin/certificates/local-state`
pub(super) async fn delete_local_state(_: Authorized<ChangeLocalState>) -> Response {
    answer::empty(StatusCode::NO_CONTENT)
}

/// `POST /admin/certificates/local-state/apply`
pub(super) async fn apply_local_state(_: Authorized<ChangeLocalState>) -> Response {
    answer::empty(StatusCode::NO_CONTENT)
}

/// `GET /secrets/generate`: 256 random bits in Base64.
pub(super) async fn generate_secret(_: Authorized<ReadClusterSettings>) -> Result<Response, Problem> {
    use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
    use base64::Engine as _;

    let mut secret = zeroize::Zeroizing::new([0_u8; 32]);
    SystemRandom::new()
        .fill(&mut *secret)
        .map_err(|error| Problem::invalid_operation("no secret could be made").because(&error))?;
    let text = base64::engine::general_purpose::STANDARD.encode(*secret);
    Ok(answer::content("application/base64", text.into()))
}

fn not_from_letsencrypt() -> Problem {
    Problem::invalid_operation("this server was not set up with Let's Encrypt, and cannot renew its certificate there")
}

fn node_url(app: &Services) -> String {
    app.listening_url.as_str().trim_end_matches('/').to_owned()
}

fn first_name(certificate: &Certificate) -> Option<String> {
    certificate.subject_alt_names().into_iter().find_map(|name| match name {
        SubjectAltName::Dns(name) => Some(name),
        _ => None,
    })
}

fn node_details() -> NodeDetails {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    let machine = &*MACHINE;
    NodeDetails {
        utilized_cores: cores,
        max_utilized_cores: None,
        number_of_cores: cores,
        installed_memory_in_gb: machine.memory_in_gb,
        usable_memory_in_gb: machine.memory_in_gb,
        build_info: BuildInfo {
            product_version: PRODUCT_VERSION,
            build_version: BUILD,
            commit_hash: COMMIT_HASH,
            full_version: FULL_VERSION,
            assembly_version: answer::ASSEMBLY_VERSION,
        },
        os_info: OsInfo {
            kind: "Linux",
            full_name: format!("Linux {}", machine.kernel),
            version: machine.kernel.clone(),
            build_version: machine.kernel.clone(),
            is64_bit: usize::BITS == 64,
        },
    }
}

/// The kernel's description of the machine; empty and 0 if there is none.
struct Machine {
    kernel: String,
    memory_in_gb: f64,
}

/// Read once: the values do not change while the server runs.
static MACHINE: LazyLock<Machine> = LazyLock::new(|| {
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kibibytes: f64 = memory
        .lines()
        .find_map(|line| {
            line.strip_prefix("MemTotal:")?
                .trim()
                .strip_suffix("kB")?
                .trim()
                .parse()
                .ok()
        })
        .unwrap_or_default();
    Machine {
        kernel: kernel.trim().to_owned(),
        memory_in_gb: kibibytes / f64::from(1_u32 << 20),
    }
});

/// The tag of the only node.
const NODE: &str = "A";

/// The build number of the API's version.
const BUILD: u32 = 72051;
const PRODUCT_VERSION: &str = "7.2";
const FULL_VERSION: &str = "7.2.7";
/// The commit of the server with which this dialect was compared.
const COMMIT_HASH: &str = "441f983";

/// The members of the real server's response, in its order (record `004-routes-certs-license-status`).
const LICENSE_MEMBERS: [&str; 84] = [
    "Id",
    "LicensedTo",
    "Status",
    "Expired",
    "UpgradeRequired",
    "FirstServerStartDate",
    "Ratio",
    "Attributes",
    "ErrorMessage",
    "Type",
    "Version",
    "Expiration",
    "SubscriptionExpiration",
    "MaxMemory",
    "MaxCores",
    "MaxCoresPerNode",
    "IsIsv",
    "HasEncryption",
    "HasSnmpMonitoring",
    "DistributedCluster",
    "MaxClusterSize",
    "HasSnapshotBackups",
    "HasCloudBackups",
    "HasDynamicNodesDistribution",
    "HasExternalReplication",
    "HasDelayedExternalReplication",
    "HasRavenEtl",
    "HasSqlEtl",
    "HasHighlyAvailableTasks",
    "HasPullReplicationAsHub",
    "HasPullReplicationAsSink",
    "HasEncryptedBackups",
    "HasSso",
    "CanAutoRenewLetsEncryptCertificate",
    "IsCloud",
    "HasDocumentsCompression",
    "HasTimeSeriesRollupsAndRetention",
    "HasAdditionalAssembliesFromNuGet",
    "HasMonitoringEndpoints",
    "HasOlapEtl",
    "HasReadOnlyCertificates",
    "HasTcpDataCompression",
    "HasConcurrentDataSubscriptions",
    "HasElasticSearchEtl",
    "HasQueueEtl",
    "HasSnowflakeEtl",
    "HasEmbeddingsGeneration",
    "HasGenAi",
    "HasAiAgent",
    "HasAiAssistant",
    "HasPowerBI",
    "HasPostgreSqlIntegration",
    "HasServerWideBackups",
    "HasServerWideExternalReplications",
    "HasServerWideCustomSorters",
    "HasServerWideAnalyzers",
    "HasServerWideConnectionStrings",
    "HasIndexCleanup",
    "HasPeriodicBackup",
    "HasClientConfiguration",
    "HasStudioConfiguration",
    "HasQueueSink",
    "HasCdcSink",
    "HasDataArchival",
    "HasRevisionsInSubscriptions",
    "HasMultiNodeSharding",
    "MaxNumberOfRevisionsToKeep",
    "MaxNumberOfRevisionAgeToKeepInDays",
    "MinPeriodForExpirationInHours",
    "MinPeriodForRefreshInHours",
    "MaxReplicationFactorForSharding",
    "MaxNumberOfStaticIndexesPerDatabase",
    "MaxNumberOfStaticIndexesPerCluster",
    "MaxNumberOfAutoIndexesPerDatabase",
    "MaxNumberOfAutoIndexesPerCluster",
    "MaxNumberOfSubscriptionsPerDatabase",
    "MaxNumberOfSubscriptionsPerCluster",
    "MaxNumberOfCustomSortersPerDatabase",
    "MaxNumberOfCustomSortersPerCluster",
    "MaxNumberOfCustomAnalyzersPerDatabase",
    "MaxNumberOfCustomAnalyzersPerCluster",
    "CanSetupDefaultRevisionsConfiguration",
    "HasRemoteAttachments",
    "HasSchemaValidation",
];
