//! The ledger of a product: each change is decided, recorded and made visible in one step that no other change can come
//! between, and that goes on when the caller hangs up. It is on the disk before it is answered.

use std::sync::Arc;

use certward_system::clock::Clock;
use time::OffsetDateTime;
use tokio::sync::{Mutex, MutexGuard};

use crate::audit::{Actor, Audit, AuditRecord, Outcome};
use crate::{Changes, Store, StoreError};

/// A product, as far as its ledger knows it.
pub trait Domain: Send + Sync + 'static {
    /// A request for a change: the head of its audit record, and the rights that it requires.
    type Asked: AsRef<Head> + Send + Sync + 'static;
    /// The state and rights of this moment, from which a change is planned.
    type Basis: Send;
    /// One change of the state.
    type Change: Send + Sync;
    /// The reason that a change is refused or has failed.
    type Error: std::error::Error + From<StoreError> + Send + 'static;

    /// Decides again, under the writer's lock, whether the caller may: the rights that it was let in with may have been
    /// taken away while its request was read, or while it waited.
    fn admit(&self, asked: &Self::Asked) -> impl Future<Output = Result<Self::Basis, Self::Error>> + Send;

    /// The write that commits the changes.
    fn write<'a>(&self, asked: &'a Self::Asked, changes: &'a [Self::Change]) -> impl Changes + 'a;

    /// Makes committed changes visible.
    fn publish(&self, changes: &[Self::Change]);

    /// Returns `true` when the server is at fault, and not the caller: the error is logged.
    fn is_fault(error: &Self::Error) -> bool;
}

/// The head of an audit record: who asks for what.
#[derive(Debug, Clone)]
pub struct Head {
    /// The one who asks.
    pub actor: Actor,
    /// The name of the action.
    pub action: &'static str,
    /// The thumbprints and names that it concerns.
    pub target: String,
}

impl Head {
    fn done(&self, detail: String, at: OffsetDateTime) -> AuditRecord {
        AuditRecord {
            at,
            actor: self.actor.clone(),
            action: self.action.into(),
            target: self.target.clone(),
            outcome: Outcome::Done(detail.into()),
            occurrences: 1,
        }
    }
}

/// A change that has passed all checks.
#[derive(Debug)]
pub struct Plan<C, T> {
    /// The changes; nothing is recorded when there are none.
    pub changes: Vec<C>,
    /// The description of the change in the audit record.
    pub detail: String,
    /// The result of the use case.
    pub outcome: T,
}

/// The one way to change the state of a product.
#[derive(Debug)]
pub struct Ledger<D> {
    domain: D,
    store: Store,
    clock: Arc<dyn Clock>,
    audit: Audit,
    /// Held from the checks of a change until it is visible.
    writer: Mutex<()>,
}

impl<D: Domain> Ledger<D> {
    /// Joins the parts. `domain` has the state that `store` holds.
    pub fn new(domain: D, store: Store, clock: Arc<dyn Clock>, audit: Audit) -> Arc<Self> {
        Arc::new(Self {
            domain,
            store,
            clock,
            audit,
            writer: Mutex::new(()),
        })
    }

    /// The product.
    pub fn domain(&self) -> &D {
        &self.domain
    }

    /// Decides with `plan`, records and makes visible what it planned. In a dry run, it is only decided.
    ///
    /// # Errors
    ///
    /// Those of [`Domain::admit`] and of `plan`, which are recorded as refusals; those of the store.
    pub async fn change<T, F>(self: &Arc<Self>, asked: D::Asked, is_dry_run: bool, plan: F) -> Result<T, D::Error>
    where
        T: Send + 'static,
        F: FnOnce(&D, &D::Basis) -> Result<Plan<D::Change, T>, D::Error> + Send + 'static,
    {
        let ledger = Arc::clone(self);
        // A task of its own: a caller that hangs up between commit and visibility must not leave them apart.
        let step = tokio::spawn(async move {
            let outcome = ledger.decide(&asked, is_dry_run, plan).await;
            outcome.inspect_err(|error| ledger.refused(&asked, error))
        });
        self.store.outcome_of(step).await?
    }

    async fn decide<T, F>(&self, asked: &D::Asked, is_dry_run: bool, plan: F) -> Result<T, D::Error>
    where
        F: FnOnce(&D, &D::Basis) -> Result<Plan<D::Change, T>, D::Error>,
    {
        let _writer = self.hold().await?;
        let basis = self.domain.admit(asked).await?;
        let Plan {
            changes,
            detail,
            outcome,
        } = plan(&self.domain, &basis)?;
        // The next state may be made of the one in here, without a copy.
        drop(basis);
        if is_dry_run || changes.is_empty() {
            return Ok(outcome);
        }
        let record = asked.as_ref().done(detail, self.clock.now());
        let write = self.domain.write(asked, &changes);
        self.store.commit(&write, &[record]).await?;
        self.domain.publish(&changes);
        self.audit.committed();
        Ok(outcome)
    }

    /// Waits for the change that is being made; there is no other while the guard is kept.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] while it is not known whether the last change was made.
    pub async fn hold(&self) -> Result<MutexGuard<'_, ()>, StoreError> {
        self.store.turn(&self.writer).await
    }

    /// Records a refusal, and logs it when the server is at fault.
    pub fn refused(&self, asked: &D::Asked, error: &D::Error) {
        let Head { actor, action, target } = asked.as_ref();
        if D::is_fault(error) {
            tracing::error!(error = error as &dyn std::error::Error, action, "a change failed");
        }
        self.audit
            .refused(actor.clone(), *action, target.clone(), error.to_string());
    }
}
