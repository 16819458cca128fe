//! Loads the cluster of Redis Enterprise's API from the store.

use std::sync::Arc;

use super::StartError;
use crate::audit::Audit;
use crate::clock::Clock;
use crate::cluster::access::{ClusterAccess, HashCost, PasswordHasher, TokenKey};
use crate::cluster::state::ClusterIdentity;
use crate::cluster::{Cluster, ClusterParts};
use crate::config::Settings;
use crate::ravendb::access::authn::Authenticator;
use crate::redis_enterprise::rows;
use crate::store::Store;

/// Loads the cluster, its authentication, and the key of its store.
///
/// # Errors
///
/// [`StartError::Store`], [`StartError::Cluster`].
pub(super) async fn open(
    store: &Store,
    authenticator: &Arc<Authenticator>,
    clock: &Arc<dyn Clock>,
    audit: &Audit,
    settings: &Settings,
) -> Result<(Arc<Cluster>, Arc<ClusterAccess>, TokenKey), StartError> {
    let url = settings.public_server_url.as_ref().unwrap_or(&settings.server_url);
    let identity = ClusterIdentity {
        name: url.host_str().unwrap_or_default().to_owned(),
        created_at: clock.now(),
    };
    let (state, token_key) = rows::open_cluster(store, identity).await.map_err(StartError::Store)?;
    let parts = ClusterParts {
        store: store.clone(),
        administrators: Arc::<Authenticator>::clone(authenticator),
        passwords: Arc::new(PasswordHasher::new(HashCost::default())),
        clock: Arc::clone(clock),
        audit: audit.clone(),
    };
    let cluster = Arc::new(Cluster::new(parts, state));
    if settings.redis_enterprise_url.is_some() {
        cluster.make_missing_certificates().await.map_err(StartError::Cluster)?;
    }
    let access = ClusterAccess::new(Arc::clone(&cluster), &token_key);
    Ok((cluster, Arc::new(access), token_key))
}
