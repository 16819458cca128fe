//! The cluster's licence.

use http::Method;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::action::read_one;
use super::client::Client;
use super::wire;
use crate::Error;
use crate::client::retry::Repeat;
use crate::client::transport::Call;

/// A licence.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct License {
    /// Its text, with its signature.
    #[serde(default)]
    pub license: String,
    /// Whether it has ended.
    pub expired: bool,
    /// Since when it holds.
    #[serde(default, deserialize_with = "wire::date")]
    pub activation_date: Option<OffsetDateTime>,
    /// Until when.
    #[serde(default, deserialize_with = "wire::date")]
    pub expiration_date: Option<OffsetDateTime>,
    /// The cluster it is for; none for a trial.
    pub cluster_name: Option<String>,
    /// Who bought it; none for a trial.
    pub owner: Option<String>,
    /// What it includes, such as `trial`.
    #[serde(default)]
    pub features: Vec<String>,
    /// How many shards it allows.
    pub shards_limit: Option<u64>,
    /// How many shards in memory it allows.
    pub ram_shards_limit: Option<u64>,
    /// How many of them there are.
    pub ram_shards_in_use: Option<u64>,
}

impl Client {
    /// The cluster's licence; `None` without one. Needs `view_license`.
    ///
    /// # Errors
    /// [`Error::is_forbidden`] and what every operation can fail on.
    pub async fn license(&self) -> Result<Option<License>, Error> {
        let call = Call::get("read the licence", PATH).accept(&[200, 404]);
        read_one(self.send(call).await?)
    }

    /// Installs a licence. Needs `install_new_license`.
    ///
    /// # Errors
    /// [`Error::is_invalid_input`] for a licence that is broken (400) or does not fit this cluster (406), and what every
    /// operation can fail on.
    pub async fn update_license(&self, license: &str) -> Result<(), Error> {
        #[derive(Serialize)]
        struct Wire<'a> {
            license: &'a str,
        }
        let call = Call::new("install a licence", Method::PUT, PATH, Repeat::NaturalKey).json(&Wire { license })?;
        self.send(call).await.map(drop)
    }
}

const PATH: &str = "/v1/license";
