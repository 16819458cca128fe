//! A running database: its engine, its port, and the task that supervises both.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use certward_pki::ErrorChain;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::listener::DatabaseListener;
use super::refused_acls::RefusedAcls;
use super::{DatabaseStatus, Databases};
use crate::engine::{Engine, EngineConfiguration, EngineHealth};
use crate::proxy::DatabaseProxy;
use certward_redis_model::database::Database;
use certward_redis_model::uid::DatabaseUid;

/// A running database.
pub(super) struct Running {
    uid: DatabaseUid,
    orders: watch::Sender<Order>,
    seen: watch::Sender<Seen>,
    refused_acls: RefusedAcls,
    /// True if the database existed when the server started.
    is_restored: bool,
    ended: CancellationToken,
}

/// The desired state of a database.
#[derive(Debug, Clone)]
enum Order {
    /// It runs, with this configuration.
    Run(Arc<Database>),
    /// It stops, and its data stays.
    Stop,
    /// It stops, and its data is deleted.
    Remove,
}

/// The observed state of a database.
#[derive(Debug, Clone, Default)]
struct Seen {
    engine: Option<Arc<Engine>>,
    /// Its proxy, while its port is open.
    proxy: Option<Arc<DatabaseProxy>>,
    /// The configuration in force.
    applied: Option<Arc<Database>>,
    is_ready: bool,
    was_ready: bool,
    /// The reason why it is not ready.
    reason: Option<String>,
}

impl Running {
    /// A database that is not supervised yet: call [`Self::supervise`].
    pub(super) fn new(database: &Arc<Database>, is_restored: bool) -> Arc<Self> {
        Arc::new(Self {
            uid: database.uid,
            orders: watch::Sender::new(Order::Run(Arc::clone(database))),
            seen: watch::Sender::default(),
            refused_acls: RefusedAcls::default(),
            is_restored,
            ended: CancellationToken::new(),
        })
    }

    /// Supervises the database until it has to end, and ends it.
    pub(super) async fn supervise(
        self: Arc<Self>,
        databases: Arc<Databases>,
        tasks: TaskTracker,
        stop: CancellationToken,
        abort: CancellationToken,
    ) {
        let mut orders = self.orders.subscribe();
        let engine = self.engine_for(&databases, &tasks, &mut orders).await;
        let listener = match &engine {
            None => None,
            Some((engine, configured)) => {
                let opening = Opening {
                    databases: &databases,
                    stop: &stop,
                    abort: &abort,
                };
                self.supervise_engine(engine, configured.clone(), &mut orders, &opening)
                    .await
            }
        };
        let is_removed = matches!(*self.orders.borrow(), Order::Remove);
        if let Some(listener) = listener {
            listener.close(is_removed).await;
        }
        let removed = match engine {
            Some((engine, _)) if is_removed => match engine.remove().await {
                Ok(()) => databases.data_is_deleted(self.uid).await,
                Err(error) => Err(error.into()),
            },
            Some((engine, _)) => {
                engine.stop().await;
                Ok(())
            }
            None if is_removed => databases.delete_data(self.uid).await,
            None => Ok(()),
        };
        if let Err(error) = removed {
            tracing::warn!(
                error = &*error,
                database.uid = self.uid.get(),
                "the data of a deleted database cannot be deleted"
            );
        }
        self.seen.send_replace(Seen::default());
        self.ended.cancel();
        databases.ended.notify_one();
    }

    /// Creates its engine, as soon as that is possible; none if the database has to end before.
    async fn engine_for(
        &self,
        databases: &Databases,
        tasks: &TaskTracker,
        orders: &mut watch::Receiver<Order>,
    ) -> Option<(Arc<Engine>, EngineConfiguration)> {
        let mut is_clear = self.is_restored;
        loop {
            let Order::Run(database) = orders.borrow_and_update().clone() else {
                return None;
            };
            let made = match self.clear(databases, is_clear).await {
                Ok(()) => {
                    is_clear = true;
                    databases.make_engine(&database, tasks).await
                }
                Err(error) => Err(error),
            };
            match made {
                Ok(engine) => {
                    self.seen.send_modify(|seen| {
                        seen.engine = Some(Arc::clone(&engine));
                        seen.reason = None;
                    });
                    return Some((engine, EngineConfiguration::of(&database)));
                }
                Err(error) => self.cannot(error.to_string()),
            }
            tokio::select! {
                changed = orders.changed() => if changed.is_err() { return None },
                () = tokio::time::sleep(RETRY) => {}
            }
        }
    }

    /// Removes data that another database with the same number may have left: a new one is empty.
    async fn clear(&self, databases: &Databases, is_clear: bool) -> Result<(), Box<dyn Error + Send + Sync>> {
        if is_clear {
            return Ok(());
        }
        databases
            .make_room(self.uid)
            .await
            .map_err(|error| format!("the data of another database with its number cannot be removed: {error}").into())
    }

    /// Runs the engine and the port according to the orders. Returns the port when the database has to end.
    async fn supervise_engine(
        self: &Arc<Self>,
        engine: &Arc<Engine>,
        mut configured: EngineConfiguration,
        orders: &mut watch::Receiver<Order>,
        opening: &Opening<'_>,
    ) -> Option<DatabaseListener> {
        let mut health = engine.health();
        let mut listener: Option<DatabaseListener> = None;
        let mut was_ready = false;
        loop {
            let Order::Run(database) = orders.borrow_and_update().clone() else {
                return listener;
            };
            if listener
                .as_ref()
                .is_none_or(|listener| listener.port() != database.port)
            {
                if let Some(listener) = listener.take() {
                    listener.close(true).await;
                }
                listener = self.open_listener(&database, engine, opening).await;
            }
            let wanted = EngineConfiguration::of(&database);
            if wanted != configured {
                match engine.configure(wanted.clone()).await {
                    Ok(()) => configured = wanted,
                    Err(error) => tracing::warn!(
                        error = %ErrorChain::new(&error),
                        database.uid = self.uid.get(),
                        "a database is not yet as it was changed to be"
                    ),
                }
            }
            let is_as_wanted = listener.is_some() && configured == EngineConfiguration::of(&database);
            let health_now = health.borrow_and_update().clone();
            let is_ready = health_now == EngineHealth::Ready;
            if is_ready && !was_ready {
                // Nobody waits for it: an engine may be kept busy.
                let (running, state) = (Arc::clone(self), opening.databases.cluster.state());
                tokio::spawn(async move { running.review_acls(&state).await });
            }
            was_ready = is_ready;
            self.notice(&health_now, is_as_wanted.then_some(&database));
            tokio::select! {
                changed = orders.changed() => if changed.is_err() { return listener },
                changed = health.changed() => if changed.is_err() { return listener },
                () = tokio::time::sleep(RETRY), if !is_as_wanted => {}
            }
        }
    }

    async fn open_listener(
        &self,
        database: &Database,
        engine: &Arc<Engine>,
        opening: &Opening<'_>,
    ) -> Option<DatabaseListener> {
        match opening.databases.ports.listen(database.port).await {
            Ok(tcp) => {
                let listener = DatabaseListener::open(tcp, database, engine, opening);
                let proxy = Arc::clone(listener.proxy());
                self.seen.send_modify(|seen| seen.proxy = Some(proxy));
                Some(listener)
            }
            Err(error) => {
                self.cannot(format!("port {} cannot be listened on: {error}", database.port));
                None
            }
        }
    }

    /// Records the engine's health, and the configuration in force if it is the desired one.
    fn notice(&self, health: &EngineHealth, applied: Option<&Arc<Database>>) {
        self.seen.send_modify(|seen| {
            if let Some(database) = applied {
                seen.applied = Some(Arc::clone(database));
            }
            let is_ready = *health == EngineHealth::Ready && seen.applied.is_some();
            match health {
                EngineHealth::Down { reason } => seen.reason = Some(reason.clone()),
                EngineHealth::Ready if is_ready => seen.reason = None,
                EngineHealth::Ready | EngineHealth::Starting => {}
            }
            seen.is_ready = is_ready;
            seen.was_ready |= is_ready;
        });
    }

    /// Sets the reason why it is not ready, and logs it once.
    fn cannot(&self, reason: String) {
        if self.seen.borrow().reason.as_ref() != Some(&reason) {
            tracing::error!(database.uid = self.uid.get(), reason, "a database cannot be run");
        }
        self.seen.send_modify(|seen| {
            seen.reason = Some(reason);
            seen.is_ready = false;
        });
    }

    /// Changes its configuration, unless it has to end.
    pub(super) fn set_desired(&self, database: &Arc<Database>) {
        self.orders.send_if_modified(|order| match order {
            Order::Run(present) if !Arc::ptr_eq(present, database) => {
                *present = Arc::clone(database);
                true
            }
            _ => false,
        });
    }

    /// Stops it; its data stays.
    pub(super) fn stop(&self) {
        self.orders.send_if_modified(|order| {
            let runs = matches!(order, Order::Run(_));
            if runs {
                *order = Order::Stop;
            }
            runs
        });
    }

    /// Stops it and deletes its data.
    pub(super) fn remove(&self) {
        self.orders.send_if_modified(|order| {
            let is_news = !matches!(order, Order::Remove);
            *order = Order::Remove;
            is_news
        });
    }

    /// Waits until it has ended.
    pub(super) async fn ended(&self) {
        self.ended.cancelled().await;
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended.is_cancelled()
    }

    /// Waits until it has the configuration of `database`, or the obstacle is known.
    pub(super) async fn settled(&self, database: &Arc<Database>) {
        let mut seen = self.seen.subscribe();
        // The closure runs under the lock of `seen`: it must not take it once more, since a writer that waits between the
        // two would stop both for ever.
        let settled = seen.wait_for(|seen| !self.status_by(seen, database).is_passing());
        tokio::select! {
            _ = settled => {}
            () = self.ended.cancelled() => {}
        }
    }

    /// Status of the database, given that `database` is its desired configuration.
    pub(super) fn status(&self, database: &Arc<Database>) -> DatabaseStatus {
        self.status_by(&self.seen.borrow(), database)
    }

    fn status_by(&self, seen: &Seen, database: &Arc<Database>) -> DatabaseStatus {
        if matches!(*self.orders.borrow(), Order::Remove) {
            return DatabaseStatus::DeletePending;
        }
        let is_applied = seen
            .applied
            .as_ref()
            .is_some_and(|applied| Arc::ptr_eq(applied, database));
        match (seen.is_ready, &seen.reason) {
            (true, _) if is_applied => DatabaseStatus::Active,
            (true, _) => DatabaseStatus::ActiveChangePending,
            (false, _) if seen.was_ready || self.is_restored => DatabaseStatus::Recovery,
            (false, Some(_)) => DatabaseStatus::CreationFailed,
            (false, None) => DatabaseStatus::Pending,
        }
    }

    /// True if clients can use it.
    pub(super) fn is_ready(&self) -> bool {
        self.seen.borrow().is_ready
    }

    /// Its UID.
    pub(super) fn uid(&self) -> DatabaseUid {
        self.uid
    }

    /// The ACLs of the database that its engine refuses.
    pub(super) fn refused_acls(&self) -> &RefusedAcls {
        &self.refused_acls
    }

    /// Its engine, if there is one.
    pub(super) fn engine(&self) -> Option<Arc<Engine>> {
        self.seen.borrow().engine.clone()
    }

    /// Its proxy, if its port has been opened.
    pub(super) fn proxy(&self) -> Option<Arc<DatabaseProxy>> {
        self.seen.borrow().proxy.clone()
    }

    /// The reason why it is not ready, if known.
    pub(super) fn reason(&self) -> Option<String> {
        self.seen.borrow().reason.clone()
    }
}

/// Context for opening a database's proxy.
pub(super) struct Opening<'a> {
    pub(super) databases: &'a Arc<Databases>,
    pub(super) stop: &'a CancellationToken,
    pub(super) abort: &'a CancellationToken,
}

/// Pause between attempts at something that fails now: a port of another program, an engine that is not installed.
const RETRY: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    /// A request waits for its database while the supervising task reports its state.
    #[test]
    fn a_request_that_waits_for_a_database_and_the_databases_keeper_never_stop_each_other() {
        let database = Arc::new(Database::sample());
        let running = Running::new(&database, false);
        running.notice(&EngineHealth::Ready, Some(&database));
        let is_over = Arc::new(AtomicBool::new(false));
        let (done, both_done) = mpsc::channel();
        let keeper = {
            let (running, is_over, done) = (Arc::clone(&running), Arc::clone(&is_over), done.clone());
            move || {
                while !is_over.load(Ordering::Relaxed) {
                    running.notice(&EngineHealth::Ready, None);
                }
                done.send(()).unwrap();
            }
        };
        let request = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            for _ in 0..200_000 {
                runtime.block_on(running.settled(&database));
            }
            is_over.store(true, Ordering::Relaxed);
            done.send(()).unwrap();
        };
        thread::spawn(keeper);
        thread::spawn(request);
        for _ in 0..2 {
            both_done
                .recv_timeout(Duration::from_secs(60))
                .expect("both go on for ever: neither waits for the other");
        }
    }

    #[tokio::test]
    async fn nobody_waits_for_a_database_that_has_ended() {
        let database = Arc::new(Database::sample());
        let running = Running::new(&database, false);
        let waiting = running.settled(&database);
        let ending = async {
            tokio::task::yield_now().await;
            running.ended.cancel();
        };
        tokio::time::timeout(Duration::from_secs(10), async { tokio::join!(waiting, ending) })
            .await
            .expect("the wait ends with the database");
    }
}
