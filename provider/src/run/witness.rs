//! Remembers which servers list the effects of a removal.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use certward::Error;
use certward::effects::RemovalEffect;
use tokio::sync::OnceCell;
use tokio::time::timeout;

/// Remembers which servers can list the effects of a removal, as found out in this run.
#[derive(Default)]
pub(crate) struct Effects {
    pub(crate) ravendb: Witness,
    pub(crate) redis_enterprise: Witness,
}

/// Remembers whether one server can. While the first question is in progress, the others wait for its result.
#[derive(Default)]
pub(crate) struct Witness {
    pub(crate) answers: OnceCell<AtomicBool>,
}

impl Witness {
    pub(crate) async fn ask<Q>(&self, question: impl Fn() -> Q) -> Option<RemovalEffect>
    where
        Q: Future<Output = Result<Option<RemovalEffect>, Error>>,
    {
        let mut first = None;
        let asked_first = &mut first;
        let ask_first = async || {
            let (answers, effect) = answer(question()).await;
            *asked_first = Some(effect);
            AtomicBool::new(answers)
        };
        let answers = self.answers.get_or_init(ask_first).await;
        if let Some(effect) = first {
            return effect;
        }
        if !answers.load(Ordering::Relaxed) {
            return None;
        }
        let (still_answers, effect) = answer(question()).await;
        answers.fetch_and(still_answers, Ordering::Relaxed);
        effect
    }
}

/// Returns whether the server can list effects, and its answer to this question.
async fn answer(question: impl Future<Output = Result<Option<RemovalEffect>, Error>>) -> (bool, Option<RemovalEffect>) {
    match timeout(PATIENCE, question).await {
        Ok(Ok(Some(effect))) => (true, Some(effect)),
        Ok(Ok(None)) => {
            tracing::debug!("the server cannot tell what a removal would end");
            (false, None)
        }
        Ok(Err(problem)) => {
            tracing::debug!(error = %problem.report(), "the server did not tell what a removal would end");
            // A refusal is about one object, or this user's rights; without an answer the next one would wait too.
            (problem.status().is_some(), None)
        }
        Err(_) => {
            tracing::debug!("the server did not tell in time what a removal would end");
            (false, None)
        }
    }
}

/// The server answers from memory; a plan with many removals must not wait long for a server that hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
