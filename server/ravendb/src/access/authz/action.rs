//! The actions of callers, with the level that each requires (`docs/contracts/ravendb.md#required-clearance`).

use crate::model::clearance::Level;

/// An action that needs a permit.
pub trait Action {
    /// The lowest rank that may perform it.
    const REQUIRED: Level;
    /// The name in audit records.
    const NAME: &'static str;
}

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident: $level:ident, $text:literal;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug)]
            pub enum $name {}

            impl Action for $name {
                const REQUIRED: Level = Level::$level;
                const NAME: &'static str = $text;
            }
        )*

        /// The name and rank of every action, for the authorization table test.
        pub const ALL: &[(&str, Level)] = &[$(($text, Level::$level)),*];
    };
}

actions! {
    /// Generate a key and a certificate, and register the certificate.
    GenerateCertificate: Operator, "generate_certificate";
    /// Register certificates that another party issued.
    RegisterCertificate: Operator, "register_certificate";
    /// List the registered certificates.
    ListCertificates: Operator, "list_certificates";
    /// Change the name and rights of a registered certificate.
    EditCertificate: Operator, "edit_certificate";
    /// Remove a registered certificate.
    DeleteCertificate: Operator, "delete_certificate";
    /// Remove every expired certificate.
    PurgeCertificates: Operator, "purge_certificates";
    /// Download the public server certificates.
    ExportServerCertificates: Operator, "export_server_certificates";
    /// Generate a secret for one-time codes.
    GenerateTwoFactorSecret: Operator, "generate_two_factor_secret";
    /// List the certificates that wait in the local state of a node outside a cluster.
    ReadLocalState: Operator, "read_local_state";
    /// Apply or clear that local state.
    ChangeLocalState: ClusterAdmin, "change_local_state";
    /// See the set-up mode of the server, and its domains.
    ReadClusterSettings: ClusterAdmin, "read_cluster_settings";
    /// Replace or refresh the server certificate, and watch the replacement.
    ReplaceServerCertificate: ClusterAdmin, "replace_server_certificate";
    /// List connections, and the effects of a deletion.
    ReadConnections: ClusterAdmin, "read_connections";
    /// See the topology, the version and the licence.
    ReadTopology: ValidUser, "read_topology";
}
