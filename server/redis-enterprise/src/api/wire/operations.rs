//! Objects that clients read when they connect: bootstrap, nodes, licence, actions
//! (`docs/contracts/redis-enterprise.md#bootstrap-nodes-licence`); and errors.

use secrecy::SecretString;

use super::json::{self, Kind, Schema, objects};
use super::{CHOSEN_PASSWORD, COUNT, LONG_TEXT, TEXT, UID, answers, strict};
use certward_redis_model::name::UserName;

objects! {
    open Bootstrap = "bootstrap", "How far the making of the cluster is, and the node that was asked." {
        bootstrap_status: BootstrapStatus, "How far it is.", read_only;
        local_node_info: serde_json::Value = Kind::Object(&LOCAL_NODE), "The node.", read_only;
    }

    open BootstrapStatus = "bootstrap_status", "How far the making of the cluster is." {
        state: &'static str, "idle or completed.", read_only;
        start_time: Option<String>, "When it was begun.", read_only;
        end_time: Option<String>, "When it was done.", read_only;
    }

    open NewCluster = "bootstrap_configuration", "A cluster to be created." {
        action: Option<String> = Kind::OneOf(&["create_cluster"]), "create_cluster, as in the path.";
        cluster: ClusterIdentity, "What the cluster is called.", required;
        credentials: Credentials, "The first administrator.", required;
        license: Option<String>, "Not looked at.";
        node: Option<serde_json::Value>, "Not looked at.";
    }

    open ClusterIdentity = "cluster_identity", "What a cluster is called." {
        name: String, "The cluster's fully qualified domain name.", required;
    }

    strict Credentials = "credentials", "A name, which should be an e-mail address, and a password." {
        username: UserName, "The e-mail address or name of the first administrator.", required;
        password: SecretString = CHOSEN_PASSWORD, "Its password.", write_only, required;
    }

    strict NewLicense = "new_license", "A licence." {
        license: String = LICENSE_TEXT, "The text, with its first and last line.", required;
    }

    open Action = "action", "An API object that represents a change that is under way or done." {
        action_uid: String, "The number that its start was answered with.", read_only;
        name: &'static str, "What it does.", read_only;
        status: &'static str, "running, completed or failed.", read_only;
        progress: &'static str, "Per cent: 100 when it is done.", read_only;
        creation_time: String, "When: seconds since 1970.", read_only;
        node_uid: &'static str, "On which node.", read_only;
        task_id: String, "The same as action_uid.", read_only;
    }

    open Actions = "actions", "The actions that are remembered." {
        actions: Vec<Action>, "The actions.", read_only;
        state_machines "state-machines": Vec<Action>, "None.", read_only;
    }

    strict Deleted = "deleted", "The action that a deletion is." {
        action_uid: String, "Its number, for /v1/actions/{uid}.", required;
    }

    strict Error = "error", "What went wrong." {
        error_code: &'static str, "For programs.", required;
        description: String = LONG_TEXT, "For people.", required;
        message: String = LONG_TEXT, "The same.", required;
    }
}

/// The answer to a change that has nothing to show.
pub(in super::super) const DONE: Schema = strict("done", "Nothing.", &[]);

answers! {
    open NODE = "node", "An API object that represents a node in the cluster." {
        uid: UID, "The node's number: 1.";
        addr: TEXT, "Where it is reached.";
        external_addr: Kind::Texts, "Where else it is reached.";
        status: TEXT, "active.";
        software_version: TEXT, "The version of the API.";
        architecture: TEXT, "The machine's.";
        cores: COUNT, "Of the machine.";
        total_memory: COUNT, "Bytes; 0, for it is not measured.";
        uptime: COUNT, "Seconds.";
        shard_count: COUNT, "Shards of databases.";
        shard_list: Kind::Anything, "Their uids.";
        accept_servers: Kind::Boolean, "Whether it takes databases.";
    }

    open LOCAL_NODE = "local_node", "The node that was asked. Its uid is a string here." {
        uid: TEXT, "The node's number: 1.";
        software_version: TEXT, "The version of the API.";
        architecture: TEXT, "The machine's.";
        cores: COUNT, "Of the machine.";
        total_memory: COUNT, "Bytes; 0, for it is not measured.";
        uptime: COUNT, "Seconds.";
    }

    open LICENSE = "license", "The licence: none is needed, and a trial that does not end is shown." {
        license: TEXT, "The text.";
        key: TEXT, "The key.";
        expired: Kind::Boolean, "false.";
        activation_date: TEXT, "When it began.";
        expiration_date: TEXT, "When it ends.";
        features: Kind::Texts, "What it allows.";
        shards_limit: COUNT, "How many shards it allows.";
    }
}

const LICENSE_TEXT: Kind = Kind::CheckedLater {
    regex: "LICENSE START[\\s\\S]*LICENSE END",
    max: 64 * 1024,
};
