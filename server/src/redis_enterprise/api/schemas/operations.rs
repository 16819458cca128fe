//! Objects that clients read when they connect: bootstrap, nodes, licence, actions
//! (`docs/contracts/redis-enterprise.md#bootstrap-nodes-licence`); and errors.

use super::{CHOSEN_PASSWORD, COUNT, LONG_TEXT, TEXT, UID, USER_NAME, open, strict};
use crate::redis_enterprise::api::json::{Kind, Schema, member};

/// The state of the cluster's bootstrap, with the node.
pub(in super::super) const BOOTSTRAP: Schema = open(
    "bootstrap",
    "How far the making of the cluster is, and the node that was asked.",
    &[
        member("bootstrap_status", Kind::Object(&BOOTSTRAP_STATUS), "How far it is.").read_only(),
        member("local_node_info", Kind::Object(&LOCAL_NODE), "The node.").read_only(),
    ],
);

/// The state of the cluster's bootstrap.
pub(in super::super) const BOOTSTRAP_STATUS: Schema = open(
    "bootstrap_status",
    "How far the making of the cluster is.",
    &[
        member("state", TEXT, "idle or completed.").read_only(),
        member("start_time", TEXT, "When it was begun.").read_only(),
        member("end_time", TEXT, "When it was done.").read_only(),
    ],
);

/// A cluster to be made. The vendor has many members about machines, which are not looked at.
pub(in super::super) const NEW_CLUSTER: Schema = open(
    "bootstrap_configuration",
    "A cluster to be created.",
    &[
        member(
            "action",
            Kind::OneOf(&["create_cluster"]),
            "create_cluster, as in the path.",
        ),
        member(
            "cluster",
            Kind::Object(&CLUSTER_IDENTITY),
            "What the cluster is called.",
        )
        .required(),
        member("credentials", Kind::Object(&CREDENTIALS), "The first administrator.").required(),
        member("license", TEXT, "Not looked at."),
        member("node", Kind::Anything, "Not looked at."),
    ],
);

const CLUSTER_IDENTITY: Schema = open(
    "cluster_identity",
    "What a cluster is called.",
    &[member("name", TEXT, "The cluster's fully qualified domain name.").required()],
);

/// The first administrator.
pub(in super::super) const CREDENTIALS: Schema = strict(
    "credentials",
    "A name, which should be an e-mail address, and a password.",
    &[
        member(
            "username",
            USER_NAME,
            "The e-mail address or name of the first administrator.",
        )
        .required(),
        member("password", CHOSEN_PASSWORD, "Its password.")
            .write_only()
            .required(),
    ],
);

/// A node.
pub(in super::super) const NODE: Schema = open(
    "node",
    "An API object that represents a node in the cluster.",
    &[
        member("uid", UID, "The node's number: 1.").read_only(),
        member("addr", TEXT, "Where it is reached.").read_only(),
        member("external_addr", Kind::Texts, "Where else it is reached.").read_only(),
        member("status", TEXT, "active.").read_only(),
        member("software_version", TEXT, "The version of the API.").read_only(),
        member("architecture", TEXT, "The machine's.").read_only(),
        member("cores", COUNT, "Of the machine.").read_only(),
        member("total_memory", COUNT, "Bytes; 0, for it is not measured.").read_only(),
        member("uptime", COUNT, "Seconds.").read_only(),
        member("shard_count", COUNT, "Shards of databases.").read_only(),
        member("shard_list", Kind::Anything, "Their uids.").read_only(),
        member("accept_servers", Kind::Boolean, "Whether it takes databases.").read_only(),
    ],
);

/// The node that was asked for the state of the cluster.
pub(in super::super) const LOCAL_NODE: Schema = open(
    "local_node",
    "The node that was asked. Its uid is a string here.",
    &[
        member("uid", TEXT, "The node's number: 1.").read_only(),
        member("software_version", TEXT, "The version of the API.").read_only(),
        member("architecture", TEXT, "The machine's.").read_only(),
        member("cores", COUNT, "Of the machine.").read_only(),
        member("total_memory", COUNT, "Bytes; 0, for it is not measured.").read_only(),
        member("uptime", COUNT, "Seconds.").read_only(),
    ],
);

/// The licence.
pub(in super::super) const LICENSE: Schema = open(
    "license",
    "The licence: none is needed, and a trial that does not end is shown.",
    &[
        member("license", TEXT, "The text.").read_only(),
        member("key", TEXT, "The key.").read_only(),
        member("expired", Kind::Boolean, "false.").read_only(),
        member("activation_date", TEXT, "When it began.").read_only(),
        member("expiration_date", TEXT, "When it ends.").read_only(),
        member("features", Kind::Texts, "What it allows.").read_only(),
        member("shards_limit", COUNT, "How many shards it allows.").read_only(),
    ],
);

/// A licence to be installed.
pub(in super::super) const NEW_LICENSE: Schema = strict(
    "new_license",
    "A licence.",
    &[member(
        "license",
        Kind::CheckedLater {
            regex: "LICENSE START[\\s\\S]*LICENSE END",
            max: 64 * 1024,
        },
        "The text, with its first and last line.",
    )
    .required()],
);

/// Something that takes its time on a real cluster, and here is mostly done before the answer.
pub(in super::super) const ACTION: Schema = open(
    "action",
    "An API object that represents a change that is under way or done.",
    &[
        member("action_uid", TEXT, "The number that its start was answered with.").read_only(),
        member("name", TEXT, "What it does.").read_only(),
        member("status", TEXT, "running, completed or failed.").read_only(),
        member("progress", TEXT, "Per cent: 100 when it is done.").read_only(),
        member("creation_time", TEXT, "When: seconds since 1970.").read_only(),
        member("node_uid", TEXT, "On which node.").read_only(),
        member("task_id", TEXT, "The same as action_uid.").read_only(),
    ],
);

/// Every action that is remembered.
pub(in super::super) const ACTIONS: Schema = open(
    "actions",
    "The actions that are remembered.",
    &[
        member("actions", Kind::Objects(&ACTION), "The actions.").read_only(),
        member("state-machines", Kind::Objects(&ACTION), "None.").read_only(),
    ],
);

/// The answer to a deletion.
pub(in super::super) const DELETED: Schema = strict(
    "deleted",
    "The action that a deletion is.",
    &[member("action_uid", TEXT, "Its number, for /v1/actions/{uid}.").required()],
);

/// The answer to a change that has nothing to show.
pub(in super::super) const DONE: Schema = strict("done", "Nothing.", &[]);

/// An error.
pub(in super::super) const ERROR: Schema = strict(
    "error",
    "What went wrong.",
    &[
        member("error_code", TEXT, "For programs.").required(),
        member("description", LONG_TEXT, "For people.").required(),
        member("message", LONG_TEXT, "The same.").required(),
    ],
);
