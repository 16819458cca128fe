//! Supervision of an engine: start, health checks and restart.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use certward_pki::ErrorChain;
use tokio::time::{Instant, MissedTickBehavior};

use super::command::Command;
use super::control::{ANSWER_TIMEOUT, Control};
use super::error::EngineError;
use super::kept_back::KeptBack;
use super::persistence::{text, value};
use super::{Engine, EngineHealth, OpenUsers, Place, login, supervised};

impl Engine {
    /// Supervises the engine until it is stopped.
    pub(super) async fn run(self: Arc<Self>) {
        // Also when the runtime ends.
        let _ended = self.ended.clone().drop_guard();
        let mut pause = FIRST_PAUSE;
        loop {
            let began = Instant::now();
            let end = match &self.place {
                Place::Supervised(place) => supervised::live(&self, place).await,
                Place::Attached(_) => tokio::select! {
                    () = self.stop.cancelled() => "the engine has been let go".to_owned(),
                    end = self.serve() => end,
                },
            };
            self.is_down(end);
            if began.elapsed() >= HEALTHY_LIFE {
                pause = FIRST_PAUSE;
            }
            tokio::select! {
                () = self.stop.cancelled() => break,
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
            }
        }
        if let Place::Supervised(place) = &self.place {
            place.directory.release();
        }
    }

    /// Connects to the engine, applies its configuration once it is ready, and checks its health from then on. Returns
    /// the reason why it ended.
    pub(super) async fn serve(&self) -> String {
        let control = match self.begin().await {
            Ok(control) => control,
            Err(error) => return told(&error),
        };
        let mut looked_up = Instant::now();
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = control.closed() => return "the connection to the engine has ended".to_owned(),
                _ = ticks.tick() => {}
            }
            match control.ask(Command::new("PING", [])).await {
                Ok(_) => self.is_healthy(EngineHealth::Ready),
                // It is kept busy, or says BUSY; it is there, and the data with it.
                Err(error @ (EngineError::TimedOut | EngineError::Refused { .. })) => {
                    self.is_healthy(EngineHealth::Down { reason: told(&error) });
                }
                Err(error) => return told(&error),
            }
            if looked_up.elapsed() >= LOOK_UP_AGAIN {
                looked_up = Instant::now();
                self.look_up_users(&control).await;
            }
            if let Place::Supervised(place) = &self.place
                && let Err(error) = place.directory.bound_log()
            {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    database.directory = %place.directory.path().display(),
                    "the log of an engine cannot be begun anew"
                );
            }
        }
    }

    /// Waits until the engine accepts commands, and applies the configuration; then it is ready.
    async fn begin(&self) -> Result<Control, EngineError> {
        let control = loop {
            match tokio::time::timeout(ANSWER_TIMEOUT, self.knock()).await {
                Ok(Ok(control)) => break control,
                // Its socket is not there yet.
                Ok(Err(EngineError::Unreachable(_))) if matches!(self.place, Place::Supervised(_)) => {}
                // It reads its data.
                Ok(Err(EngineError::Refused { message, .. })) if message.starts_with(LOADING) => {}
                Ok(Err(error)) => return Err(error),
                Err(_) => return Err(EngineError::TimedOut),
            }
            tokio::time::sleep(KNOCK_AGAIN).await;
        };
        let configuration = self.configuration.lock().await;
        self.put_in_force(&control, &configuration).await?;
        self.look_up_users(&control).await;
        if let Place::Supervised(place) = &self.place {
            place.is_incarnation(control.incarnation());
        }
        *self.control.lock().unwrap_or_else(PoisonError::into_inner) = Some(control.clone());
        self.is_healthy(EngineHealth::Ready);
        Ok(control)
    }

    /// Lists the users of an external Redis that need no password, and logs new ones.
    async fn look_up_users(&self, control: &Control) {
        let Place::Attached(attached) = &self.place else { return };
        let found = match OpenUsers::look_up(control).await {
            Ok(found) => found,
            Err(error) => {
                let error = told(&error);
                tracing::warn!(error, engine.place = %attached.redis, "the users of an external Redis cannot be looked up");
                return;
            }
        };
        let before = {
            let mut known = attached.open_users.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *known, found.clone())
        };
        if before != found {
            for warning in self.warnings() {
                tracing::warn!("{warning}");
            }
        }
    }

    /// Connects, and determines the incarnation.
    async fn knock(&self) -> Result<Control, EngineError> {
        let mut stream = self.connect().await.map_err(EngineError::unreachable)?;
        let (own, ping) = (self.own_login(), Command::new("PING", []));
        let info = Command::new("INFO", ["server"]);
        let questions = KeptBack::questions();
        let commands: Vec<&Command> = own.iter().chain([&ping, &info]).chain(&questions).collect();
        let mut replies = login::exchange(&mut stream, &commands).await?;
        let categories = replies.split_off(replies.len() - questions.len());
        let kept_back = KeptBack::of_replies(categories.try_into().map_err(|_| EngineError::NotReady)?)?;
        let info = replies.pop().map(text).unwrap_or_default();
        let run = value(&info, "run_id").unwrap_or_default();
        let mut incarnation = self.incarnation();
        if incarnation.run != run || run.is_empty() {
            incarnation.number += 1;
            incarnation.run = run.to_owned();
        }
        incarnation.version = value(&info, "redis_version").and_then(|version| version.parse().ok());
        Ok(Control::start(stream, incarnation.number, kept_back, &self.tasks))
    }

    /// Marks the engine as down.
    pub(super) fn is_down(&self, reason: String) {
        self.leave();
        self.is_healthy(EngineHealth::Down { reason });
    }

    /// Drops the connection.
    pub(super) fn leave(&self) {
        *self.control.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Sets the health, and logs it if it has changed.
    fn is_healthy(&self, health: EngineHealth) {
        let is_news = self.health.send_if_modified(|current| {
            let is_news = *current != health;
            current.clone_from(&health);
            is_news
        });
        if !is_news {
            return;
        }
        let place = match &self.place {
            Place::Supervised(place) => place.directory.path().display().to_string(),
            Place::Attached(attached) => attached.redis.to_string(),
        };
        match health {
            EngineHealth::Starting => {}
            EngineHealth::Ready => tracing::info!(engine.place = place, "an engine is ready"),
            EngineHealth::Down { .. } if self.stop.is_cancelled() => {
                tracing::info!(engine.place = place, "an engine has been stopped");
            }
            EngineHealth::Down { reason } => {
                tracing::warn!(engine.place = place, reason, "an engine is down; it is tried again");
            }
        }
    }
}

/// An error with its causes, in one sentence.
fn told(error: &EngineError) -> String {
    ErrorChain::new(error).to_string()
}

/// Prefix of an engine's errors while it loads its data.
const LOADING: &str = "LOADING";
/// Interval between attempts to connect to an engine that does not listen yet.
const KNOCK_AGAIN: Duration = Duration::from_millis(20);
/// Interval of the health checks.
const TICK: Duration = Duration::from_secs(1);
/// Interval at which the users of an external Redis are listed.
const LOOK_UP_AGAIN: Duration = Duration::from_secs(60);
/// Pause before the first restart; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Maximum pause: the engine must be back within five seconds, however often it crashes.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// An engine that has run this long is healthy: its next crash is not one at start-up.
const HEALTHY_LIFE: Duration = Duration::from_secs(30);
