//! Loads the cluster of Redis Enterprise's API from the store.

use std::sync::Arc;

use super::StartError;
use crate::config::Settings;
use certward_ravendb::access::authn::Authenticator;
use certward_redis_enterprise::cluster::access::{ClusterAccess, HashCost, PasswordHasher, TokenKey};
use certward_redis_enterprise::cluster::{Cluster, ClusterParts};
use certward_redis_enterprise::rows;
use certward_redis_model::state::ClusterIdentity;
use certward_store::Store;
use certward_store::audit::Audit;
use certward_system::clock::Clock;

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
