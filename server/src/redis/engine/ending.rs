//! The end of a connection in its engine, also of one that keeps the engine busy or whose engine does not answer.
//!
//! The engine is asked to end the connection. While a script keeps it busy it refuses that, and is asked to end the
//! script. A supervised engine that still has the connection after [`last_resort`] is ended itself, and started again.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::command::Command;
use super::control::Control;
use super::error::EngineError;
use super::login::EngineClientId;
use super::stream::EngineStream;
use super::{Engine, Place};
use crate::cluster::database::Persistence;

/// The connections that an engine has not ended in time.
#[derive(Default)]
pub(super) struct Endings(Mutex<Queue>);

#[derive(Default)]
struct Queue {
    clients: VecDeque<EngineClientId>,
    /// True when a task works on them.
    is_attended: bool,
}

/// The result of one attempt to end a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attempt {
    /// The engine has the connection no more.
    Ended,
    /// A script keeps the engine busy.
    Busy,
    /// The engine does not answer.
    Unanswered,
}

impl Engine {
    /// Ends a connection in the engine: what the engine has read of it and not executed is dropped, and nothing more is
    /// read. Says whether the engine has done so within 250 ms; otherwise [`Self::end_client_later`] is to be called.
    ///
    /// To be waited for before the stream is closed, because an engine executes what it finds in a closed one.
    pub(crate) async fn end_client(&self, client: EngineClientId) -> bool {
        let attempt = tokio::time::timeout(PROMPT, self.try_to_end(client));
        matches!(attempt.await, Ok(Attempt::Ended))
    }

    /// Goes on ending a connection that the engine has not ended in time, whatever it takes, and closes its stream.
    /// Nobody has to wait for it.
    pub(crate) fn end_client_later(self: &Arc<Self>, client: EngineClientId, stream: EngineStream) {
        tracing::warn!(
            engine.client = %client,
            "an engine is busy and has not ended a connection that was cut: what it received of the connection before that may \
             still be carried out"
        );
        self.tasks.spawn(async move {
            tokio::time::sleep(GRACE).await;
            drop(stream);
        });
        let mut queue = self.endings.queue();
        queue.clients.push_back(client);
        if !std::mem::replace(&mut queue.is_attended, true) {
            self.tasks.spawn(Arc::clone(self).attend());
        }
    }

    /// Ends the connections of the queue, one after the other.
    async fn attend(self: Arc<Self>) {
        let mut since = Instant::now();
        while let Some(client) = self.endings.first() {
            let attempt = tokio::select! {
                attempt = self.try_to_end(client) => attempt,
                // Whatever is open ends with the engine, or has no user there any more.
                () = self.stop.cancelled() => Attempt::Ended,
            };
            match attempt {
                Attempt::Ended => {
                    self.endings.remove_first();
                    since = Instant::now();
                    continue;
                }
                Attempt::Busy => self.end_script().await,
                Attempt::Unanswered => {}
            }
            if since.elapsed() >= self.last_resort().await {
                self.end_process(client).await;
                self.endings.remove_first();
                since = Instant::now();
            } else {
                tokio::time::sleep(AGAIN).await;
            }
        }
    }

    async fn try_to_end(&self, client: EngineClientId) -> Attempt {
        if let Place::Supervised(place) = &self.place
            && place.process(client.incarnation).is_none()
        {
            return Attempt::Ended;
        }
        let Ok(control) = self.control() else {
            return Attempt::Unanswered;
        };
        if control.incarnation() != client.incarnation {
            return Attempt::Ended;
        }
        let number = client.number.to_string();
        match ask(&control, Command::new("CLIENT KILL", ["ID", &number])).await {
            Err(error) if error.is_busy() => Attempt::Busy,
            // A refusal says that there is no such connection.
            Ok(()) | Err(EngineError::Refused { .. }) => Attempt::Ended,
            Err(_) => Attempt::Unanswered,
        }
    }

    /// Ends the script or the function that keeps the engine busy, unless it has written something.
    async fn end_script(&self) {
        let Ok(control) = self.control() else { return };
        for command in ["SCRIPT KILL", "FUNCTION KILL"] {
            // Which of the two it is, or that it has ended, the engine says.
            let _ = ask(&control, Command::new(command, [])).await;
        }
    }

    /// Time that an engine has to close a connection that was cut, before its process is killed. A killed engine with
    /// an append-only file loses nothing that it has answered; any other loses the writes since its last snapshot, or
    /// all data.
    async fn last_resort(&self) -> Duration {
        match (&self.place, &self.configuration.lock().await.persistence) {
            (Place::Attached(_), _) => ATTACHED_LAST_RESORT,
            (_, Persistence::Aof(_)) => DURABLE_LAST_RESORT,
            (_, Persistence::Snapshot(_) | Persistence::Disabled) => LAST_RESORT,
        }
    }

    async fn end_process(&self, client: EngineClientId) {
        match &self.place {
            Place::Supervised(place) => {
                if let Some(process) = place.process(client.incarnation) {
                    process.kill().await;
                }
            }
            Place::Attached(attached) => tracing::error!(
                engine.place = %attached.upstream,
                "an attached Redis keeps a connection that was cut: it does not answer, or a script that cannot be ended \
                 keeps it busy"
            ),
        }
    }
}

impl Endings {
    /// The first of the queue. The task that finds none is to end.
    fn first(&self) -> Option<EngineClientId> {
        let mut queue = self.queue();
        let first = queue.clients.front().copied();
        queue.is_attended = first.is_some();
        first
    }

    fn remove_first(&self) {
        self.queue().clients.pop_front();
    }

    /// Returns `true` when there is one that has not ended.
    #[cfg(test)]
    pub(super) fn is_busy(&self) -> bool {
        !self.queue().clients.is_empty()
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn ask(control: &Control, command: Command) -> Result<(), EngineError> {
    let answer = tokio::time::timeout(ANSWER, control.ask(command)).await;
    answer.map_err(|_| EngineError::TimedOut)?.map(drop)
}

/// A quarter of the second in which a connection has to be cut.
const PROMPT: Duration = Duration::from_millis(250);
/// For an engine that answers again in the meantime. With [`PROMPT`], the cut has ended within a second.
const GRACE: Duration = Duration::from_millis(500);
/// For one answer. The next attempt asks again.
const ANSWER: Duration = Duration::from_secs(1);
/// Between two attempts.
const AGAIN: Duration = Duration::from_millis(200);
/// Twice the time after which an engine says that a script keeps it busy.
const DURABLE_LAST_RESORT: Duration = Duration::from_secs(10);
/// Time for a script to end by itself, before data is lost.
const LAST_RESORT: Duration = Duration::from_secs(20);
/// After it nothing more is tried: the process is somebody else's.
const ATTACHED_LAST_RESORT: Duration = Duration::from_secs(60);
