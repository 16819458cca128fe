//! Bootstrap: the creation of a cluster from a new node.

use std::fmt;
use std::time::Duration;

use http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::action::poll;
use super::client::Client;
use super::values::BootstrapState;
use super::wire;
use crate::Error;
use crate::client::error::{ActionFailure, Cause, one_line};
use crate::client::handle::handle;
use crate::client::retry::Repeat;
use crate::client::transport::Call;

/// The state of the bootstrap of the node that answers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bootstrap {
    /// The state.
    pub state: BootstrapState,
    /// The time at which the operation started.
    pub start_time: Option<OffsetDateTime>,
    /// The time at which the operation ended.
    pub end_time: Option<OffsetDateTime>,
    /// The error code of a failed bootstrap.
    pub error_code: Option<String>,
    /// The error message of a failed bootstrap.
    pub error_message: Option<String>,
    /// The node's number, as a text.
    pub node_uid: Option<String>,
    /// The version of Redis Enterprise on it.
    pub software_version: Option<String>,
}

/// A cluster to make out of a new node, with its first admin.
pub struct CreateCluster {
    name: String,
    username: String,
    password: SecretString,
    license: Option<String>,
    paths: Option<(String, String)>,
}

impl CreateCluster {
    /// A cluster of this DNS name, with a first admin of this e-mail address and password.
    pub fn new(name: impl Into<String>, username: impl Into<String>, password: SecretString) -> Self {
        Self {
            name: name.into(),
            username: username.into(),
            password,
            license: None,
            paths: None,
        }
    }

    /// The directories for persistent and for ephemeral data. Default: those of the installation.
    #[must_use]
    pub fn storage_paths(mut self, persistent: impl Into<String>, ephemeral: impl Into<String>) -> Self {
        self.paths = Some((persistent.into(), ephemeral.into()));
        self
    }

    /// Its licence. Default: a trial.
    #[must_use]
    pub fn license(mut self, license: impl Into<String>) -> Self {
        self.license = Some(license.into());
        self
    }
}

impl fmt::Debug for CreateCluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreateCluster")
            .field("name", &self.name)
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

handle! {
    /// The creation of a cluster from a new node.
    #[doc(alias = "cluster")]
    Bootstraps = bootstrap
}

impl Bootstraps<'_> {
    /// Returns the state of the node's bootstrap. It needs no login before the node belongs to a cluster, and any
    /// authenticated user afterwards.
    ///
    /// # Errors
    /// The errors that every operation can return.
    pub async fn get(self) -> Result<Bootstrap, Error> {
        let reply = self
            .0
            .send(Call::get("read the bootstrap state", "/v1/bootstrap"))
            .await?;
        reply.json().map(|wire: Wire| wire.into())
    }

    /// Begins to make a cluster out of a new node; [`Bootstraps::wait`] waits for it. Needs no login. Never
    /// repeated once anything was sent.
    ///
    /// # Errors
    /// [`Error::is_conflict`] when the node is under way into a cluster already, and the errors that every operation
    /// can return.
    pub async fn create_cluster(self, cluster: &CreateCluster) -> Result<(), Error> {
        #[derive(Serialize)]
        struct Request<'a> {
            action: &'static str,
            cluster: ClusterRequest<'a>,
            #[serde(skip_serializing_if = "Option::is_none")]
            node: Option<NodeRequest<'a>>,
            credentials: CredentialsRequest<'a>,
            #[serde(skip_serializing_if = "Option::is_none")]
            license: Option<&'a str>,
        }
        #[derive(Serialize)]
        struct ClusterRequest<'a> {
            nodes: [&'a str; 0],
            name: &'a str,
        }
        #[derive(Serialize)]
        struct NodeRequest<'a> {
            paths: PathsRequest<'a>,
        }
        #[derive(Serialize)]
        struct PathsRequest<'a> {
            persistent_path: &'a str,
            ephemeral_path: &'a str,
        }
        #[derive(Serialize)]
        struct CredentialsRequest<'a> {
            username: &'a str,
            password: &'a str,
        }
        let CreateCluster {
            name,
            username,
            password,
            license,
            paths,
        } = cluster;
        let paths = paths.as_ref().map(|(persistent_path, ephemeral_path)| PathsRequest {
            persistent_path,
            ephemeral_path,
        });
        let body = Request {
            action: "create_cluster",
            cluster: ClusterRequest { nodes: [], name },
            node: paths.map(|paths| NodeRequest { paths }),
            credentials: CredentialsRequest {
                username,
                password: password.expose_secret(),
            },
            license: license.as_deref(),
        };
        let path = "/v1/bootstrap/create_cluster";
        let call = Call::new("create a cluster", Method::POST, path, Repeat::Once).json(&body)?;
        self.0.send(call).await.map(drop)
    }

    /// Waits until the node belongs to a cluster.
    ///
    /// # Errors
    /// [`Error::is_failed_action`] when it cannot, [`Error::is_timeout`] when it does not in time, and the errors that
    /// every operation can return.
    pub async fn wait(self, timeout: Duration) -> Result<Bootstrap, Error> {
        let step = &|| "cannot wait for the node to become a cluster".to_owned();
        poll(timeout, step, || async move {
            let bootstrap = self.get().await?;
            match bootstrap.state {
                BootstrapState::Completed => Ok(Some(bootstrap)),
                BootstrapState::Error => {
                    let failure = ActionFailure {
                        status: bootstrap.state.to_string(),
                        error_code: bootstrap.error_code.as_deref().map(one_line),
                        message: bootstrap.error_message.as_deref().map(one_line),
                    };
                    Err(Error::new(step(), Cause::Action(failure)))
                }
                _ => Ok(None),
            }
        })
        .await
    }
}

#[derive(Deserialize)]
struct Wire {
    bootstrap_status: StatusWire,
    #[serde(default)]
    local_node_info: NodeWire,
}

#[derive(Deserialize)]
struct StatusWire {
    state: BootstrapState,
    #[serde(default, deserialize_with = "wire::date")]
    start_time: Option<OffsetDateTime>,
    #[serde(default, deserialize_with = "wire::date")]
    end_time: Option<OffsetDateTime>,
    error_code: Option<String>,
    #[serde(default)]
    error_details: Option<DetailsWire>,
}

#[derive(Deserialize)]
struct DetailsWire {
    message: Option<String>,
}

#[derive(Default, Deserialize)]
struct NodeWire {
    #[serde(default, deserialize_with = "wire::text_or_number")]
    uid: Option<String>,
    software_version: Option<String>,
}

impl From<Wire> for Bootstrap {
    fn from(wire: Wire) -> Self {
        let (status, node) = (wire.bootstrap_status, wire.local_node_info);
        Self {
            state: status.state,
            start_time: status.start_time,
            end_time: status.end_time,
            error_code: status.error_code,
            error_message: status.error_details.and_then(|details| details.message),
            node_uid: node.uid,
            software_version: node.software_version,
        }
    }
}
