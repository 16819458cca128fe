//! Trial runs (`dry_run`) of a plan on the Redis Enterprise cluster, and the proof that they change nothing.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};

use certward::Error;
use certward::redis_enterprise::Client;
use tf_provider::{AttributePath, Diagnostics};
use tokio::sync::Mutex;

use crate::report::failure;
use crate::report::{error, shown};

/// State of the trials (`dry_run` requests) of this run.
///
/// A cluster that does not know `dry_run` applies the request, and so does one behind a proxy that drops query strings.
/// Therefore the first accepted trial is verified by comparing the state before and after it; all others wait for that.
#[derive(Default)]
pub(crate) struct Trials {
    /// The cluster could not be reached: a plan without a cluster does not wait once for each resource.
    over: AtomicBool,
    proof: Mutex<Proof>,
}

/// Verification that trials of this run change nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Proof {
    /// No trial has been accepted yet.
    #[default]
    Missing,
    /// One was accepted, and nothing changed.
    Given,
    /// One was applied, or may have been.
    Failed,
}

/// A request that must have no effect.
pub(crate) trait Trial: Sync {
    /// The cluster's response.
    type Answer: Send + Sync;
    /// The part of the cluster's state that this request could change.
    type Sight: Send + Sync;

    /// Reads that state.
    fn look(&self) -> impl Future<Output = Result<Self::Sight, Error>> + Send;

    /// True if applying this request would change that state.
    fn is_visible(&self, before: &Self::Sight) -> bool {
        _ = before;
        true
    }

    /// Sends the request.
    fn send(&self) -> impl Future<Output = Result<Self::Answer, Error>> + Send;

    /// Describes the effect of the request and its rollback in whole sentences; `None` if it had none. Reverts the
    /// effect as far as possible. `answer` is none if the response was lost.
    fn effect(
        &self,
        before: &Self::Sight,
        after: &Self::Sight,
        answer: Option<&Self::Answer>,
    ) -> impl Future<Output = Option<String>> + Send;
}

impl Trials {
    /// True if the cluster was unreachable in this run.
    pub(crate) fn are_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Makes a trial and returns the cluster's response. `None` if this run makes no more trials, or if this one turns
    /// out to have been applied, which is an error.
    pub(crate) async fn make<T: Trial>(
        &self,
        diags: &mut Diagnostics,
        client: &Client,
        trial: &T,
    ) -> Option<Result<T::Answer, Error>> {
        let mut proof = self.proof.lock().await;
        if self.are_over() || *proof == Proof::Failed {
            return None;
        }
        if *proof == Proof::Given {
            drop(proof);
            return Some(self.noted(trial.send().await));
        }
        let before = match self.noted(trial.look().await) {
            Ok(before) => before,
            Err(problem) => return Some(Err(problem)),
        };
        if !trial.is_visible(&before) {
            drop(proof);
            return Some(self.noted(trial.send().await));
        }
        // This call may be dropped on the way.
        *proof = Proof::Failed;
        let answer = self.noted(trial.send().await);
        let may_have_effect = answer.as_ref().map_or_else(failure::may_have_been_done, |_| true);
        if may_have_effect {
            let after = self.noted(trial.look().await).ok()?;
            if let Some(effect) = trial.effect(&before, &after, answer.as_ref().ok()).await {
                carried_out(diags, client, &effect).await;
                return None;
            }
        }
        *proof = match answer {
            Ok(_) => Proof::Given,
            Err(_) => Proof::Missing,
        };
        Some(answer)
    }

    /// Gives trials up for the rest of this run when there was no answer.
    fn noted<T>(&self, answer: Result<T, Error>) -> Result<T, Error> {
        if answer.as_ref().is_err_and(|problem| problem.status().is_none()) {
            self.over.store(true, Ordering::Relaxed);
        }
        answer
    }
}

async fn carried_out(diags: &mut Diagnostics, client: &Client, effect: &str) {
    let mut versions: Vec<String> = Vec::new();
    for node in client.nodes().list().await.unwrap_or_default() {
        versions.extend(node.software_version);
    }
    versions.sort();
    versions.dedup();
    let mut cluster = "The cluster".to_owned();
    if !versions.is_empty() {
        _ = write!(cluster, " (version {})", shown(&versions.join(", ")));
    }
    error(
        diags,
        AttributePath::root(),
        "The plan has changed the cluster",
        format!(
            "To check a plan, the provider sends its requests with the parameter dry_run, by which nothing is to be changed. \
             {cluster} ignores the parameter. {effect} Nothing else was tried in this run. Redis Enterprise 8.2 knows the \
             parameter: upgrade the cluster, or, where a proxy in front of it drops the query of requests, have it pass the \
             query on. Until then every plan can do the same."
        ),
    );
}
