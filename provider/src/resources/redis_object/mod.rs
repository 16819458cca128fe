//! The life of an object of Redis Enterprise that has a uid and a unique name: user, role, ACL, database.
//!
//! Each says in [`RedisObject`] what it is; how it is read, made, changed, removed and imported is the same for all.

pub(crate) mod creation;
mod effects;
mod import;
mod keys;
pub(crate) mod lifecycle;
mod resource;
pub(crate) mod trial;

use std::time::Duration;

use certward::Error;
use certward::redis_enterprise::{Client, Removal};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tf_provider::value::Value;
use tf_provider::{Diagnostic, Diagnostics};

pub(crate) use import::{RedisImportId, found, import};
pub(crate) use resource::Planned;

use crate::resources::compared::Compared;
use crate::run::removal;
use crate::session::Kind;

/// One kind of objects.
pub(crate) trait RedisObject: Sized + 'static {
    /// The Terraform state.
    type State: Clone + Serialize + DeserializeOwned + Send + Sync;
    /// The object as the cluster returns it.
    type Object: Send + Sync;
    /// The attributes that Terraform manages, in comparable form.
    type Definition: Definition + Send + Sync;

    const KIND: Kind;
    /// In messages, such as `role`.
    const NOUN: &'static str;

    /// The attributes `id` and `name`.
    fn id_and_name(state: &Self::State) -> (&Value<String>, &Value<String>);

    /// The attributes that no two objects of the cluster can have in common, as far as a state or plan knows them.
    fn unique_attributes(state: &Self::State) -> Vec<(AttributeOf<Self>, String)> {
        let name = Self::id_and_name(state).1.as_ref_option();
        name.map(|name| (Self::Definition::NAME, name.clone()))
            .into_iter()
            .collect()
    }

    /// The definition in a state or plan; `None` while too little of it is known.
    fn of_state(state: &Self::State) -> Option<Self::Definition>;

    /// The definition of the cluster's object.
    fn of_object(object: &Self::Object) -> Self::Definition;

    fn uid(object: &Self::Object) -> u64;

    /// The removal of the object, for asking the cluster about its effects.
    fn removal(uid: u64) -> Removal;

    /// Fills in the cluster's values. An equivalent value keeps its former spelling.
    fn take_over(state: &mut Self::State, object: &Self::Object);

    /// The state after a change: as planned, with what the cluster has filled in.
    fn confirm(planned: Self::State, object: &Self::Object) -> Self::State {
        let mut state = planned;
        Self::take_over(&mut state, object);
        state
    }

    /// The state that an import begins with: what only Terraform knows.
    fn imported() -> Self::State;

    /// Leaves one of several attributes that say the same, in a state that an import is to make a configuration of: of
    /// such attributes a configuration sets one.
    fn in_one_form(state: &mut Self::State) {
        _ = state;
    }

    /// The definition of the cluster's object, completed from the state where the cluster does not return a value.
    fn of_object_beside(object: &Self::Object, state: &Self::State) -> Self::Definition {
        _ = state;
        Self::of_object(object)
    }

    /// Adds the values of write-only attributes, which only a configuration has.
    fn add_write_only(wanted: &mut Self::Definition, config: &Self::State) {
        _ = (wanted, config);
    }

    /// Gives an object that was there already what cannot be compared: the value of a write-only attribute.
    fn complete(
        client: &Client,
        object: &Self::Object,
        wanted: &Self::Definition,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        _ = (client, object, wanted);
        std::future::ready(Ok(()))
    }

    /// The state of an object that was made and cannot be used: Terraform marks it tainted, and destroys it next.
    fn unusable(state: Self::State) -> Self::State {
        state
    }

    /// Waits until a created or changed object can be used, and returns its state then. Problems are added to the
    /// diagnostics, because the object exists nevertheless.
    fn settle(
        diags: &mut Diagnostics,
        client: &Client,
        object: Self::Object,
        planned: &Self::State,
        step: Step,
    ) -> impl Future<Output = Self::Object> + Send {
        _ = (diags, client, planned, step);
        std::future::ready(object)
    }

    /// Maximum time to wait until a removed object is gone.
    fn removal_timeout(state: &Self::State) -> Duration {
        _ = state;
        removal::TIMEOUT
    }

    /// The reason why an object of the cluster cannot be managed here: summary and detail.
    fn refusal(object: &Self::Object) -> Option<(&'static str, String)> {
        _ = object;
        None
    }

    /// The cluster's warnings about an existing object.
    fn warnings(object: &Self::Object) -> &[String] {
        _ = object;
        &[]
    }

    /// The diagnostic for a wanted setting that this cluster's version lacks, as its response shows; it names the
    /// attribute.
    fn unknown_setting(wanted: &Self::Definition, object: &Self::Object) -> Option<Diagnostic> {
        _ = (wanted, object);
        None
    }

    fn find(client: &Client, uid: u64) -> impl Future<Output = Result<Option<Self::Object>, Error>> + Send;

    fn list(client: &Client) -> impl Future<Output = Result<Vec<Self::Object>, Error>> + Send;

    /// Makes it; the answer is the object as stored, or as it would be.
    fn create(
        client: &Client,
        wanted: &Self::Definition,
        run: Run,
    ) -> impl Future<Output = Result<Self::Object, Error>> + Send;

    /// Sends what differs from what is there; the answer is the object as stored, or as it would be.
    fn update(
        client: &Client,
        uid: u64,
        there: &Self::Definition,
        wanted: &Self::Definition,
        run: Run,
    ) -> impl Future<Output = Result<Self::Object, Error>> + Send;

    /// Removes it. One that is gone already is an error.
    fn delete(client: &Client, uid: u64) -> impl Future<Output = Result<(), Error>> + Send;
}

/// Attributes of an object in comparable form.
pub(crate) trait Definition: Compared {
    /// The attribute `name`.
    const NAME: Self::Attribute;

    fn name(&self) -> &str;

    /// The e-mail address, of objects that can have one.
    fn email(&self) -> Option<&str> {
        None
    }

    /// The attributes that only one object of the cluster can have, as far as they are set.
    fn unique(&self) -> Vec<Self::Attribute> {
        vec![Self::NAME]
    }
}

/// The attributes of a kind of objects.
type AttributeOf<O> = <<O as RedisObject>::Definition as Compared>::Attribute;

/// The operation that precedes a wait for an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Creation,
    Change,
}

/// Mode of a request: applied, or only tried (`dry_run`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Run {
    Apply,
    Try,
}
