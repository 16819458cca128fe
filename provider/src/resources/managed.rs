//! One adapter for all managed resources.
//!
//! A resource says in [`ManagedResource`] what it is and what becomes of its objects, in values of its own. [`Managed`] adds
//! what is the same for all: the session, the table of the run, interruptions, and the shape of Terraform's calls.

use std::marker::PhantomData;

use async_trait::async_trait;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use terraform_plugin::{Configured, PluginResource};
use tf_provider::schema::Schema;
use tf_provider::value::StructEmpty;
use tf_provider::{AttributePath, Diagnostics, Resource};

use crate::report::error;
use crate::run::Key;
use crate::run::interruption::{Ended, until_stopped};
use crate::session::{Kind, Session};

/// A resource in terms of its own values.
///
/// Before a method returns `None`, it adds an error, except for a `read` of an object that is gone.
pub(crate) trait ManagedResource: Sized + 'static {
    /// State, configuration and plan.
    type State: Clone + Serialize + DeserializeOwned + Send + Sync;
    /// Data beside the state that only the provider reads.
    type Private: Serialize + DeserializeOwned + Send + Sync;

    const KIND: Kind;
    /// In messages, such as `role`.
    const NOUN: &'static str;
    /// Adds an error unless the API of the resource is configured, or will be.
    const CHECK_API: fn(&Session, &mut Diagnostics, Kind) -> Option<()> = Session::check_redis_enterprise;
    /// True if a change may end after any of its requests when the user stops Terraform. Other resources stop by
    /// themselves, at a point from which the next run can continue.
    const IS_INTERRUPTIBLE: bool = true;

    fn schema() -> Schema;

    /// The write-only attributes, as [`PluginResource::write_only`] wants them.
    fn write_only() -> Vec<AttributePath> {
        Vec::new()
    }

    /// Turns a state of schema version 0, as the state file has it, into one of today.
    fn upgrade(state: &mut Json) {
        _ = state;
    }

    /// Checks a configuration by itself, without clock and network.
    fn validate(diags: &mut Diagnostics, config: &Self::State);

    /// The object of a state, as the cluster itself tells objects apart.
    fn id(state: &Self::State) -> Option<Key>;

    /// The unique values of the object in a state or plan, each with its attribute.
    fn unique(state: &Self::State) -> Vec<(Key, AttributePath)>;

    /// The object as it is now; `None` without an error when it is gone.
    fn read(call: Call<'_, Self>, state: Self::State) -> impl Future<Output = Option<Self::State>> + Send;

    /// Plans a new object.
    fn plan_create(call: Call<'_, Self>, config: Self::State) -> Option<Self::State>;

    /// Plans a change of an object that is there, and says which attributes force a replacement.
    fn plan_update(
        call: Call<'_, Self>,
        prior: &Self::State,
        config: Self::State,
    ) -> Option<(Self::State, Vec<AttributePath>)>;

    /// Says what speaks against removing an object, if anything does.
    fn guard_removal(diags: &mut Diagnostics, session: Option<&Session>, prior: &Self::State) {
        _ = (diags, session, prior);
    }

    /// Adds what the cluster says to a plan that the table of the run has taken, and what the plan would end.
    fn preview(call: Call<'_, Self>, change: Change<'_, Self::State>) -> impl Future<Output = ()> + Send;

    /// Warns of what the destruction of an object would end.
    fn preview_removal(call: Call<'_, Self>, prior: &Self::State) -> impl Future<Output = ()> + Send;

    /// Makes a planned object, or takes over one that is equal already.
    fn create(
        call: Call<'_, Self>,
        planned: Self::State,
        config: &Self::State,
    ) -> impl Future<Output = Option<Self::State>> + Send;

    /// Changes what the plan changes.
    fn update(
        call: Call<'_, Self>,
        prior: Self::State,
        planned: Self::State,
        config: &Self::State,
    ) -> impl Future<Output = Option<Self::State>> + Send;

    /// Removes the object; one that is gone already is fine.
    fn destroy(call: Call<'_, Self>, prior: &Self::State) -> impl Future<Output = Option<()>> + Send;

    /// The state of an object that is there.
    fn import(call: Call<'_, Self>, id: &str) -> impl Future<Output = Option<Self::State>> + Send;
}

/// The values that a call can use and change besides the state.
pub(crate) struct Call<'a, R: ManagedResource> {
    pub(crate) diags: &'a mut Diagnostics,
    pub(crate) session: &'a Session,
    pub(crate) private: &'a mut Option<R::Private>,
}

/// A plan that makes or changes an object.
pub(crate) struct Change<'a, S> {
    /// `None`: the object is new.
    pub(crate) prior: Option<&'a S>,
    pub(crate) planned: &'a mut S,
    pub(crate) requires_replace: &'a [AttributePath],
}

/// A managed resource as the plugin server takes it.
pub(crate) struct Managed<R> {
    session: Configured<Session>,
    resource: PhantomData<fn() -> R>,
}

impl<R> Managed<R> {
    pub(crate) fn new(session: Configured<Session>) -> Self {
        Self {
            session,
            resource: PhantomData,
        }
    }
}

#[async_trait]
impl<R: ManagedResource> PluginResource for Managed<R> {
    fn write_only(&self) -> Vec<AttributePath> {
        R::write_only()
    }

    async fn upgrade_state(&self, diags: &mut Diagnostics, version: i64, mut state: Json) -> Option<Json> {
        if version != 0 {
            error(
                diags,
                AttributePath::root(),
                "State of a newer provider",
                format!(
                    "The state of this {} was stored by a newer version of the provider (schema version {version}). Use \
                     that version or a newer one.",
                    R::NOUN
                ),
            );
            return None;
        }
        R::upgrade(&mut state);
        Some(state)
    }
}

#[async_trait]
impl<R: ManagedResource> Resource for Managed<R> {
    type State<'a> = R::State;
    type PrivateState<'a> = Option<R::Private>;
    type ProviderMetaState<'a> = Option<StructEmpty>;

    fn schema(&self, _: &mut Diagnostics) -> Option<Schema> {
        Some(R::schema())
    }

    async fn validate<'a>(&self, diags: &mut Diagnostics, config: R::State) -> Option<()> {
        R::validate(diags, &config);
        diags.errors.is_empty().then_some(())
    }

    async fn read<'a>(
        &self,
        diags: &mut Diagnostics,
        state: R::State,
        mut private: Option<R::Private>,
        _: Option<StructEmpty>,
    ) -> Option<(R::State, Option<R::Private>)> {
        let session = self.session.get(diags)?;
        let answer = until_stopped(R::read(call(diags, &session, &mut private), state)).await;
        let state = answer.or_interrupted(diags)?;
        Some((state, private))
    }

    async fn plan_create<'a>(
        &self,
        diags: &mut Diagnostics,
        _: R::State,
        config: R::State,
        _: Option<StructEmpty>,
    ) -> Option<(R::State, Option<R::Private>)> {
        let session = self.session.get(diags)?;
        (R::CHECK_API)(&session, diags, R::KIND)?;
        let mut private = None;
        let mut planned = R::plan_create(call(diags, &session, &mut private), config)?;
        let plans = &session.run.plans;
        plans.guard_replacement(diags);
        plans.note(diags, &R::unique(&planned), None);
        let change = Change {
            prior: None,
            planned: &mut planned,
            requires_replace: &[],
        };
        R::preview(call(diags, &session, &mut private), change).await;
        diags.errors.is_empty().then_some((planned, private))
    }

    async fn plan_update<'a>(
        &self,
        diags: &mut Diagnostics,
        prior: R::State,
        _: R::State,
        config: R::State,
        mut private: Option<R::Private>,
        _: Option<StructEmpty>,
    ) -> Option<(R::State, Option<R::Private>, Vec<AttributePath>)> {
        let session = self.session.get(diags)?;
        (R::CHECK_API)(&session, diags, R::KIND)?;
        let (mut planned, requires_replace) = R::plan_update(call(diags, &session, &mut private), &prior, config)?;
        // Terraform may replace the object without a reason of ours, and then plans the removal later than the creation.
        let mut removal = Diagnostics::default();
        R::guard_removal(&mut removal, Some(&session), &prior);
        let plans = &session.run.plans;
        plans.note_guard(removal.errors);
        let unique = R::unique(&planned);
        plans.note(diags, &unique, R::id(&prior).as_ref());
        if requires_replace.is_empty() {
            plans.note_change(diags, &R::unique(&prior), &unique);
        }
        let change = Change {
            prior: Some(&prior),
            planned: &mut planned,
            requires_replace: &requires_replace,
        };
        R::preview(call(diags, &session, &mut private), change).await;
        diags.errors.is_empty().then_some((planned, private, requires_replace))
    }

    async fn plan_destroy<'a>(
        &self,
        diags: &mut Diagnostics,
        prior: R::State,
        mut private: Option<R::Private>,
        _: Option<StructEmpty>,
    ) -> Option<Option<R::Private>> {
        let session = self.session.peek();
        let id = R::id(&prior);
        // What takes its place has been made of the same object in this run.
        if let (Some(session), Some(id)) = (&session, &id)
            && session.run.objects.is_held(id)
        {
            return Some(private);
        }
        R::guard_removal(diags, session.as_deref(), &prior);
        if let Some(session) = &session {
            if let Some(id) = id {
                session.run.plans.note_removal(diags, &id, &R::unique(&prior));
            }
            R::preview_removal(call(diags, session, &mut private), &prior).await;
        }
        diags.errors.is_empty().then_some(private)
    }

    async fn create<'a>(
        &self,
        diags: &mut Diagnostics,
        planned: R::State,
        config: R::State,
        mut private: Option<R::Private>,
        _: Option<StructEmpty>,
    ) -> Option<(R::State, Option<R::Private>)> {
        let session = self.session.get(diags)?;
        let work = R::create(call(diags, &session, &mut private), planned, &config);
        let answer = self.finished(work).await;
        let state = answer.or_interrupted(diags)?;
        Some((state, private))
    }

    async fn update<'a>(
        &self,
        diags: &mut Diagnostics,
        prior: R::State,
        planned: R::State,
        config: R::State,
        mut private: Option<R::Private>,
        _: Option<StructEmpty>,
    ) -> Option<(R::State, Option<R::Private>)> {
        let session = self.session.get(diags)?;
        let work = R::update(call(diags, &session, &mut private), prior, planned, &config);
        let answer = self.finished(work).await;
        let state = answer.or_interrupted(diags)?;
        Some((state, private))
    }

    async fn destroy<'a>(
        &self,
        diags: &mut Diagnostics,
        prior: R::State,
        mut private: Option<R::Private>,
        _: Option<StructEmpty>,
    ) -> Option<()> {
        let session = self.session.get(diags)?;
        let answer = self
            .finished(R::destroy(call(diags, &session, &mut private), &prior))
            .await;
        answer.or_interrupted(diags)
    }

    async fn import<'a>(&self, diags: &mut Diagnostics, id: String) -> Option<(R::State, Option<R::Private>)> {
        let session = self.session.get(diags)?;
        let mut private = None;
        let answer = until_stopped(R::import(call(diags, &session, &mut private), &id)).await;
        let state = answer.or_interrupted(diags)?;
        Some((state, private))
    }
}

fn call<'a, R: ManagedResource>(
    diags: &'a mut Diagnostics,
    session: &'a Session,
    private: &'a mut Option<R::Private>,
) -> Call<'a, R> {
    Call {
        diags,
        session,
        private,
    }
}

impl<R: ManagedResource> Managed<R> {
    /// Does a change to its end, or until the user stops Terraform.
    async fn finished<T>(&self, work: impl Future<Output = Option<T>>) -> Ended<T> {
        if R::IS_INTERRUPTIBLE {
            until_stopped(work).await
        } else {
            Ended::Done(work.await)
        }
    }
}
