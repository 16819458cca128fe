//! Assembles, starts and stops a server.

mod cluster;
mod data_dir;
mod error;
mod front;
mod running;
mod services;
mod socket;
mod trust;

use std::iter;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

pub use error::StartError;
use running::Addresses;
pub use running::RunningServer;

use self::front::Front;
use self::socket::{BoundSocket, Reach};
use self::trust::TrustChanges;

use crate::app::{ApiConnections, App};
use crate::config::Settings;
use crate::config::table::{OPERATIONS_URL, REDIS_ENTERPRISE_URL, SERVER_URL};
use crate::expiry;
use crate::operations::{Operations, OperationsListener};
use certward_certificates::issuer::Issuer;
use certward_certificates::server_certificate::{CertificateFile, ServerCertificates};
use certward_ravendb::access::authn::{Authenticator, WellKnown};
use certward_ravendb::access::two_factor::TwoFactorSessions;
use certward_ravendb::api as ravendb;
use certward_ravendb::model::registry::Registry;
use certward_ravendb::rows;
use certward_ravendb::usecases::replacement::Replacement;
use certward_ravendb::usecases::{Authority, AuthorityParts};
use certward_redis_enterprise::api as redis_enterprise;
use certward_redis_enterprise::cluster::access::ClusterAccess;
use certward_redis_model::settings::TlsVersion;
use certward_redis_proxy::{Databases, ProxyParts};
use certward_store::Store;
use certward_store::audit::Audit;
use certward_system::clock::Clock;
use certward_system::telemetry::Recorder;
use certward_transport::http::{Api, Http};
use certward_transport::listener::connections::OpenConnections;
use certward_transport::listener::identity_counts::{ConnectionCounts, ListenerKind};
use certward_transport::listener::workers::Workers;

/// Starts servers.
#[derive(Debug)]
pub enum Server {}

impl Server {
    /// Starts a server and returns it once its listeners accept connections.
    ///
    /// The listeners are bound last: a server that fails to start has not listened on any port.
    ///
    /// # Errors
    ///
    /// [`StartError`], by remedy.
    pub async fn start(settings: Settings, clock: Arc<dyn Clock>) -> Result<RunningServer, StartError> {
        let ravendb = |app: Arc<App>| ravendb::api(services::ravendb(&app));
        let redis_enterprise = |app: Arc<App>| redis_enterprise::api(services::redis_enterprise(&app));
        Self::start_serving(settings, clock, ravendb, redis_enterprise).await
    }

    /// Like [`Self::start`], with these routes instead of each API's: for tests of the layers below.
    ///
    /// # Errors
    ///
    /// [`StartError`].
    #[cfg(any(test, feature = "test-util"))]
    pub async fn start_with_routes(
        settings: Settings,
        clock: Arc<dyn Clock>,
        routes: impl Fn(Arc<App>) -> axum::Router,
    ) -> Result<RunningServer, StartError> {
        Self::start_serving(settings, clock, |app| routes(app).into(), |app| routes(app).into()).await
    }

    async fn start_serving(
        settings: Settings,
        clock: Arc<dyn Clock>,
        ravendb_api: impl FnOnce(Arc<App>) -> Api,
        redis_enterprise_api: impl FnOnce(Arc<App>) -> Api,
    ) -> Result<RunningServer, StartError> {
        // Somebody else may have installed one; TLS is configured with its own all the same.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        socket::raise_descriptor_limit();
        data_dir::check_clock(clock.now())?;
        data_dir::check_store_is_there(&settings.data_dir).map_err(StartError::Store)?;
        let store = Store::open(&settings.data_dir).await.map_err(StartError::Store)?;
        let apis = (ravendb_api, redis_enterprise_api);
        let started = Self::assemble(Arc::new(settings), clock, store.clone(), apis).await;
        if started.is_err() {
            store.close().await;
        }
        started
    }

    async fn assemble(
        settings: Arc<Settings>,
        clock: Arc<dyn Clock>,
        store: Store,
        (ravendb_api, redis_enterprise_api): (impl FnOnce(Arc<App>) -> Api, impl FnOnce(Arc<App>) -> Api),
    ) -> Result<RunningServer, StartError> {
        let recorder = Recorder::start();
        // Apart, so that a long answer of an API holds no database up.
        let (api_workers, database_workers) = (workers("api")?, workers("redis")?);
        let registry = Registry::new(rows::load(&store).await.map_err(StartError::Store)?);
        let registry = Arc::new(registry.with_deleted(rows::load_deleted(&store).await.map_err(StartError::Store)?));
        let topology_id = data_dir::topology_id(&settings.data_dir).await?;
        let certificate_file = CertificateFile::new(
            settings.certificate_path.clone(),
            settings.certificate_password.as_ref(),
            settings.certificate_validate_key_usages,
        );
        let certificate = certificate_file
            .load(clock.now())
            .await
            .map_err(StartError::ServerCertificate)?;
        let server_certificates = Arc::new(ServerCertificates::new(certificate));
        let authenticator = Arc::new(Authenticator::new(
            Arc::clone(&registry),
            Arc::clone(&server_certificates),
            well_known(&settings),
            Arc::clone(&clock),
        ));
        let audit = Audit::start(store.clone(), Arc::clone(&clock), settings.audit_log_folder.as_deref())
            .await
            .map_err(StartError::Audit)?;
        if let Some(days) = settings.audit_retention_days {
            audit.keep_for(days, store.clone());
        }
        let authority = Arc::new(Authority::new(AuthorityParts {
            store: store.clone(),
            registry: Arc::clone(&registry),
            authenticator: Arc::clone(&authenticator),
            issuer: Issuer::new(settings.key_algorithm, settings.key_pool_size),
            server_certificates: Arc::clone(&server_certificates),
            clock: Arc::clone(&clock),
            audit: audit.clone(),
        }));

        let (cluster, cluster_access, key) = cluster::open(&store, &authenticator, &clock, &audit, &settings).await?;

        // Bound first, all of them, so that none listens when one cannot be had.
        let ravendb = BoundSocket::bind(SERVER_URL.key.name, &settings.server_url, Reach::Anybody).await?;
        let redis_enterprise = match &settings.redis_enterprise_url {
            Some(url) => Some(BoundSocket::bind(REDIS_ENTERPRISE_URL.key.name, url, Reach::Anybody).await?),
            None => None,
        };
        let operations = match &settings.operations_url {
            Some(url) => Some(BoundSocket::bind(OPERATIONS_URL.key.name, url, Reach::ThisMachine).await?),
            None => None,
        };
        let (tcp, listening_url) = listen_ravendb(&settings, ravendb)?;
        let redis_enterprise = redis_enterprise.map(BoundSocket::listen).transpose()?;
        let operations = operations.map(BoundSocket::listen).transpose()?;
        let connection_counts = ConnectionCounts::default();
        let proxy = ProxyParts {
            cluster: Arc::<ClusterAccess>::clone(&cluster_access),
            server_certificates: Arc::clone(&server_certificates),
            limits: settings.limits,
            workers: database_workers,
            counts: Arc::clone(connection_counts.of(ListenerKind::Database)),
            clock: Arc::clone(&clock),
        };
        let databases = Databases::new(proxy, Arc::clone(&settings.redis), key);
        let replacement = Replacement::new(
            certificate_file,
            Arc::clone(&server_certificates),
            Arc::clone(&clock),
            Arc::clone(&authority),
        );
        let connections = Arc::new(ApiConnections {
            ravendb: OpenConnections::new(Arc::<Authenticator>::clone(&authenticator), Arc::clone(&clock)),
            redis_enterprise: OpenConnections::new(Arc::<ClusterAccess>::clone(&cluster_access), Arc::clone(&clock)),
        });
        let certificates_in_use = Arc::new(expiry::Sources {
            authority: Arc::clone(&authority),
            cluster: Arc::clone(&cluster),
            server_certificates: Arc::clone(&server_certificates),
            well_known_issuers: settings.well_known_issuers.clone(),
            upstream_authorities: settings.redis.upstream_authorities.clone(),
            warn_days: settings.warn_days.clone(),
            clock: Arc::clone(&clock),
        });
        let app = Arc::new(App {
            certificates_in_use,
            authority,
            authenticator,
            cluster,
            cluster_access,
            databases,
            connections,
            connection_counts,
            replacement,
            two_factor: Arc::new(TwoFactorSessions::new(settings.two_factor, Arc::clone(&clock))),
            audit,
            started_at: clock.now(),
            listening_url,
            topology_id,
            server_certificates,
            clock,
            settings,
        });
        let operations =
            operations.map(|tcp| OperationsListener::new(tcp, Operations::new(recorder.clone(), Arc::clone(&app))));
        let limits = &app.settings.limits;
        let ravendb_http = Arc::new(Http::new(ravendb_api(Arc::clone(&app)), limits));
        let ravendb = Front::open(
            &app,
            (SERVER_URL.key.name, &app.settings.server_url),
            ListenerKind::Ravendb,
            (tcp, &api_workers),
            ravendb_http,
            &app.connections.ravendb,
            || false,
        )?;
        let redis_enterprise = match app.settings.redis_enterprise_url.as_ref().zip(redis_enterprise) {
            Some((url, tcp)) => {
                let http = Arc::new(Http::new(redis_enterprise_api(Arc::clone(&app)), limits));
                let cluster = Arc::clone(&app.cluster);
                let oldest = move || cluster.state().settings().min_control_tls_version;
                let tls_1_3_alone = move || oldest() > TlsVersion::V1_2;
                Some(Front::open(
                    &app,
                    (REDIS_ENTERPRISE_URL.key.name, url),
                    ListenerKind::RedisEnterprise,
                    (tcp, &api_workers),
                    http,
                    &app.connections.redis_enterprise,
                    tls_1_3_alone,
                )?)
            }
            None => None,
        };
        Ok(Self::run(
            app,
            store,
            &registry,
            ravendb,
            redis_enterprise,
            operations,
            recorder,
        ))
    }

    fn run(
        app: Arc<App>,
        store: Store,
        registry: &Registry,
        ravendb: Front,
        redis_enterprise: Option<Front>,
        operations: Option<OperationsListener>,
        recorder: Recorder,
    ) -> RunningServer {
        let (stop, abort) = (CancellationToken::new(), CancellationToken::new());
        let tasks = TaskTracker::new();
        let changes = TrustChanges::of(registry, &app.server_certificates, &app.cluster);
        let addresses = Addresses {
            ravendb: ravendb.address,
            redis_enterprise: redis_enterprise.as_ref().map(|front| front.address),
            operations: operations.as_ref().and_then(OperationsListener::address),
        };
        let connections = |front: &Front| Arc::clone(&front.connections);
        let open = iter::once(&ravendb).chain(&redis_enterprise).map(connections).collect();
        let (ravendb_connections, redis_enterprise_connections) =
            (connections(&ravendb), redis_enterprise.as_ref().map(connections));
        let running = RunningServer::new(
            Arc::clone(&app),
            store,
            addresses,
            open,
            (stop.clone(), abort.clone(), tasks.clone()),
        );
        tasks.spawn(changes.watch(
            ravendb_connections,
            redis_enterprise_connections,
            Arc::clone(&app.clock),
            stop.clone(),
        ));
        tasks.spawn(Arc::clone(&app.replacement).watch_file(stop.clone()));
        tasks.spawn(recorder.keep_up(stop.clone()));
        tasks.spawn(expiry::watch(Arc::clone(&app.certificates_in_use), stop.clone()));
        if let Some(operations) = operations {
            tasks.spawn(operations.run(stop.clone()));
        }
        let databases = Arc::clone(&app.databases);
        tasks.spawn(databases.run(tasks.clone(), stop.clone(), abort.clone()));
        tracing::info!(url = %app.listening_url, address = %ravendb.address, "the server is listening");
        if let Some(front) = redis_enterprise {
            tracing::info!(address = %front.address, "Redis Enterprise's API is listening");
            tasks.spawn(front.listener.run(tasks.clone(), stop.clone(), abort.clone()));
        }
        tasks.spawn(ravendb.listener.run(tasks.clone(), stop, abort));
        running
    }
}

fn workers(name: &str) -> Result<Workers, StartError> {
    Workers::start(name).map_err(StartError::Threads)
}

fn well_known(settings: &Settings) -> WellKnown {
    let domain = settings.validate_certificate_names.then(|| {
        let url = settings.public_server_url.as_ref().unwrap_or(&settings.server_url);
        url.host_str().unwrap_or_default().to_owned()
    });
    WellKnown::new(
        settings.well_known_administrators.iter().copied(),
        settings.well_known_issuers.iter().cloned(),
        domain,
    )
}

/// Opens RavenDB's listener, and logs its address.
fn listen_ravendb(settings: &Settings, socket: BoundSocket) -> Result<(TcpListener, Url), StartError> {
    let port = socket.address().port();
    let tcp = socket.listen()?;
    let url = settings.public_server_url.clone().unwrap_or_else(|| {
        let mut url = settings.server_url.clone();
        // Fails only for URLs without a host, which a bound one has.
        let _ = url.set_port(Some(port));
        url
    });
    Ok((tcp, url))
}
