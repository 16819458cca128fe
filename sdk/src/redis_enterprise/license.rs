//! The cluster's licence.

use http::Method;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::action::read_one;
use super::client::Client;
use super::wire;
use crate::Error;
use crate::client::handle::handle;
use crate::client::retry::Repeat;
use crate::client::transport::Call;

/// A licence.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct License {
    /// The text of the licence, with its signature.
    #[serde(default)]
    pub license: String,
    /// The licence has expired.
    pub expired: bool,
    /// The start of validity.
    #[serde(default, deserialize_with = "wire::date")]
    pub activation_date: Option<OffsetDateTime>,
    /// Until when.
    #[serde(default, deserialize_with = "wire::date")]
    pub expiration_date: Option<OffsetDateTime>,
    /// The cluster that the licence is for; none for a trial.
    pub cluster_name: Option<String>,
    /// The owner of the licence; none for a trial.
    pub owner: Option<String>,
    /// The features that the licence includes, such as `trial`.
    #[serde(default)]
    pub features: Vec<String>,
    /// The highest number of shards.
    pub shards_limit: Option<u64>,
    /// The highest number of shards in memory.
    pub ram_shards_limit: Option<u64>,
    /// The number of shards in memory in use.
    pub ram_shards_in_use: Option<u64>,
}

handle! {
    /// The cluster's licence.
    #[doc(alias = "licence")]
    Licenses = license
}

impl Licenses<'_> {
    /// The cluster's licence; `None` without one. Needs `view_license`.
    ///
    /// # Errors
    /// [`Error::is_forbidden`] and the errors that every operation can return.
    pub async fn get(self) -> Result<Option<License>, Error> {
        let call = Call::get("read the licence", PATH).accept(&[200, 404]);
        read_one(self.0.send(call).await?)
    }

    /// Installs a licence. Needs `install_new_license`.
    ///
    /// # Errors
    /// [`Error::is_invalid_input`] for a licence that is broken (400) or does not fit this cluster (406), and the
    /// errors that every operation can return.
    pub async fn update(self, license: &str) -> Result<(), Error> {
        #[derive(Serialize)]
        struct Wire<'a> {
            license: &'a str,
        }
        let call = Call::new("install a licence", Method::PUT, PATH, Repeat::NaturalKey).json(&Wire { license })?;
        self.0.send(call).await.map(drop)
    }
}

const PATH: &str = "/v1/license";
