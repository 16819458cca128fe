//! Closes a client's connection in its engine, even if it keeps the engine busy or the engine does not answer.
//!
//! The server sends `CLIENT KILL`. A busy engine refuses that, and gets `SCRIPT KILL` first. A supervised engine that
//! still has the connection after [`last_resort`] is killed and restarted.

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
use certward_redis_model::database::Persistence;

/// Connections that an engine has not closed in time.
#[derive(Default)]
pub(super) struct Endings(Mutex<Queue>);

#[derive(Default)]
struct Queue {
    clients: VecDeque<EngineClientId>,
    /// True while a task processes the queue.
    is_attended: bool,
}

/// The result of one attempt to end a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attempt {
    /// The engine does not have the connection any more.
    Ended,
    /// A script keeps the engine busy.
    Busy,
    /// The engine does not answer.
    Unanswered,
}

impl Engine {
    /// Closes a connection in the engine: its unread and unexecuted commands are dropped. Returns whether the engine
    /// has done so within 250 ms; otherwise call [`Self::end_client_later`].
    ///
    /// Await it before closing the stream, because an engine executes commands that it finds in a closed one.
    pub async fn end_client(&self, client: EngineClientId) -> bool {
        let attempt = tokio::time::timeout(PROMPT, self.try_to_end(client));
        matches!(attempt.await, Ok(Attempt::Ended))
    }

    /// Retries to close a connection in the engine until it succeeds, then closes its stream. Returns at once.
    pub fn end_client_later(self: &Arc<Self>, client: EngineClientId, stream: EngineStream) {
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

    /// Closes the connections of the queue, one after the other.
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

    /// Kills the script or function that keeps the engine busy, unless it has written.
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
                engine.place = %attached.redis,
                "an attached Redis keeps a connection that was cut: it does not answer, or a script that cannot be ended \
                 keeps it busy"
            ),
        }
    }
}

impl Endings {
    /// The first connection of the queue; the calling task must end if there is none.
    fn first(&self) -> Option<EngineClientId> {
        let mut queue = self.queue();
        let first = queue.clients.front().copied();
        queue.is_attended = first.is_some();
        first
    }

    fn remove_first(&self) {
        self.queue().clients.pop_front();
    }

    /// Returns `true` if a connection has not been closed yet.
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
/// Additional time for an engine that becomes responsive again. With [`PROMPT`], the cut is complete within a second.
const GRACE: Duration = Duration::from_millis(500);
/// Timeout of one reply. The next attempt asks again.
const ANSWER: Duration = Duration::from_secs(1);
/// Pause between two attempts.
const AGAIN: Duration = Duration::from_millis(200);
/// Twice the time after which an engine reports that a script keeps it busy.
const DURABLE_LAST_RESORT: Duration = Duration::from_secs(10);
/// Time for a script to end by itself before data is lost.
const LAST_RESORT: Duration = Duration::from_secs(20);
/// Time after which nothing more is tried: the process belongs to someone else.
const ATTACHED_LAST_RESORT: Duration = Duration::from_secs(60);
