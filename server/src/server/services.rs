//! Dependencies of each API.

use std::sync::Arc;

use url::Url;

use crate::app::App;
use crate::connected::ConnectionView;
use certward_ravendb::api as ravendb;
use certward_redis_enterprise::api as redis_enterprise;
use certward_redis_enterprise::cluster::databases::DatabaseAdministration;

/// Dependencies of RavenDB's API.
pub(super) fn ravendb(app: &App) -> Arc<ravendb::Services> {
    let settings = &app.settings;
    Arc::new(ravendb::Services {
        authority: Arc::clone(&app.authority),
        authenticator: Arc::clone(&app.authenticator),
        server_certificates: Arc::clone(&app.server_certificates),
        replacement: Arc::clone(&app.replacement),
        two_factor: Arc::clone(&app.two_factor),
        connected: view(app),
        audit: app.audit.clone(),
        clock: Arc::clone(&app.clock),
        settings: ravendb::Settings {
            body_bytes: settings.limits.body_bytes,
            setup_mode: settings.setup_mode.as_str(),
            two_factor: settings.two_factor,
            licensed_read_only_access: settings.licensed_read_only_access,
            origins: settings.csrf.clone(),
        },
        started_at: app.started_at,
        listening_url: app.listening_url.clone(),
        topology_id: app.topology_id.clone(),
    })
}

/// Dependencies of Redis Enterprise's API.
pub(super) fn redis_enterprise(app: &App) -> Arc<redis_enterprise::Services> {
    let settings = &app.settings;
    let urls = [
        settings.redis_enterprise_url.as_ref(),
        settings.public_server_url.as_ref(),
        Some(&settings.server_url),
    ];
    Arc::new(redis_enterprise::Services {
        cluster: Arc::clone(&app.cluster),
        cluster_access: Arc::clone(&app.cluster_access),
        databases: Arc::clone(&app.databases),
        administration: DatabaseAdministration::new(Arc::clone(&app.cluster), Arc::clone(&app.databases)),
        server_certificates: Arc::clone(&app.server_certificates),
        connected: view(app),
        audit: app.audit.clone(),
        clock: Arc::clone(&app.clock),
        settings: redis_enterprise::Settings {
            body_bytes: settings.limits.body_bytes,
            url: settings.redis_enterprise_url.clone(),
            databases_listen_on: settings.redis.listen_address.clone(),
            hosts: urls
                .into_iter()
                .flatten()
                .filter_map(Url::host)
                .map(|host| host.to_owned())
                .collect(),
            origins: settings.csrf.clone(),
            listening_url: app.listening_url.clone(),
        },
        started_at: app.started_at,
    })
}

fn view(app: &App) -> Arc<ConnectionView> {
    Arc::new(ConnectionView {
        authority: Arc::clone(&app.authority),
        authenticator: Arc::clone(&app.authenticator),
        cluster: Arc::clone(&app.cluster),
        cluster_access: Arc::clone(&app.cluster_access),
        databases: Arc::clone(&app.databases),
        connections: Arc::clone(&app.connections),
    })
}
