//! The nodes of a cluster.

use serde::Deserialize;

use super::action::read_one;
use super::client::Client;
use super::values::NodeUid;
use crate::Error;
use crate::client::handle::handle;
use crate::client::transport::Call;

/// A node of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Node {
    /// The node's number.
    pub uid: NodeUid,
    /// The state of the node, such as `active`, `down` or `provisioning`.
    pub status: String,
    /// Its address inside of the cluster.
    pub addr: Option<String>,
    /// Its addresses outside of the cluster.
    #[serde(default)]
    pub external_addr: Vec<String>,
    /// The version of Redis Enterprise on it.
    pub software_version: Option<String>,
    /// Its operating system.
    pub os_version: Option<String>,
    /// The architecture of its processor.
    pub architecture: Option<String>,
    /// The number of processors.
    pub cores: Option<u32>,
    /// Its memory, in bytes.
    pub total_memory: Option<u64>,
    /// The time since its start, in seconds.
    pub uptime: Option<u64>,
    /// The number of shards on the node.
    pub shard_count: Option<u32>,
    /// Its rack.
    pub rack_id: Option<String>,
    /// The node accepts new shards.
    pub accept_servers: Option<bool>,
}

handle! {
    /// Nodes of the cluster.
    Nodes = nodes
}

impl Nodes<'_> {
    /// All nodes. Needs `view_all_nodes_info`.
    ///
    /// # Errors
    /// [`Error::is_forbidden`] and the errors that every operation can return.
    pub async fn list(self) -> Result<Vec<Node>, Error> {
        self.0.send(Call::get("list nodes", "/v1/nodes")).await?.json()
    }

    /// One node; `None` when there is none. Needs `view_node_info`.
    ///
    /// # Errors
    /// [`Error::is_forbidden`] and the errors that every operation can return.
    pub async fn get(self, uid: NodeUid) -> Result<Option<Node>, Error> {
        let call = Call::get("read a node", format!("/v1/nodes/{uid}")).accept(&[200, 404]);
        read_one(self.0.send(call).await?)
    }
}
