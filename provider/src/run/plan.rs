//! Plans of a run: two blocks for one object are found before any change.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use terraform_plugin::{Instance, instance_call};
use tf_provider::{AttributePath, Diagnostic, Diagnostics};
use tokio::sync::Notify;
use tokio::time::{Instant as Moment, timeout_at};

use super::Key;
use super::circle::Exchanges;
use crate::report::{error, warning};

/// The plans of this run, by object.
#[derive(Default)]
pub(crate) struct Plans {
    planned: Mutex<Planned>,
    /// Notified when another CA is planned to be trusted.
    trust_noted: Notify,
}

#[derive(Default)]
struct Planned {
    /// Instances that plan an object with this key.
    wanted: HashMap<Key, Want>,
    /// Instances that have read the object with this identifier.
    read: HashMap<Key, Instance>,
    /// Instances that have the object with this identifier in their state, and its planned fate.
    states: HashMap<Key, (Instance, Fate)>,
    /// The way in which the cluster's trusted CAs are managed.
    way: Option<Way>,
    /// CAs that a block plans to trust, alone or in a bundle.
    trusted: HashSet<Key>,
    /// CAs whose block is planned to be destroyed.
    untrusted: HashSet<Key>,
    /// Instances whose destruction is planned, by every unique key of their object.
    destroyed: HashMap<Key, Instance>,
    /// Keys that one instance gives up and another wants.
    exchanges: Exchanges,
    /// Objections to removing the object of an instance.
    guards: HashMap<Instance, Vec<Diagnostic>>,
}

/// The way in which a configuration manages the trusted CAs of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// One by one, beside others: `certward_trusted_ca`.
    SingleCas,
    /// All of them: `certward_trusted_ca_bundle`.
    Bundle,
}

#[derive(Clone, Copy)]
struct Want {
    instance: Instance,
    /// True if the instance has no object yet.
    is_new: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Stays,
    Destroyed,
}

impl Plans {
    /// Notes that an instance has the object of this id in the state. `false`, with a warning, when another instance has it
    /// too: then it is as if this one had none.
    ///
    /// That is so when a run ended after a replacement was made with what it replaces, and before that was destroyed. Each
    /// object of a state is read once in a run, in any order. Without the second one Terraform plans no destruction, or a
    /// creation beside the destruction, and of these the object stays.
    pub(crate) fn note_read(&self, diags: &mut Diagnostics, id: &Key) -> bool {
        let call = instance_call();
        let mut planned = self.lock();
        match planned.read.get(id) {
            Some(other) if call.is_known && *other != call.instance => {
                warning(
                    diags,
                    AttributePath::root(),
                    "Two entries of the state for one object",
                    format!(
                        "The state has the {id} twice: under two addresses, or under one with an object beside it that was to \
                         be destroyed. The cluster has one such object. This entry of the state is taken for gone, and the \
                         object stays."
                    ),
                );
                false
            }
            Some(_) => true,
            None => {
                if call.is_known {
                    planned.read.insert(id.clone(), call.instance);
                }
                true
            }
        }
    }

    /// Notes that an instance is to have the object with these keys; adds an error when another instance is to have it.
    ///
    /// `prior` is the object that the instance has in the state, by its identifier. Unknown values are omitted from
    /// `keys`: the creation itself finds an object that another instance has created.
    pub(crate) fn note(&self, diags: &mut Diagnostics, keys: &[(Key, AttributePath)], prior: Option<&Key>) {
        let call = instance_call();
        let mut planned = self.lock();
        match prior {
            Some(id) => planned.note_state(diags, id, call.instance, Fate::Stays),
            None => planned.exchanges.forget(call.instance),
        }
        let is_new = prior.is_none() && !call.is_known;
        for (key, attribute) in keys {
            match planned.wanted.get(key) {
                Some(other) if other.instance != call.instance => {
                    twin(diags, key, attribute.clone());
                    return;
                }
                // A replacement is planned twice, first with what it replaces.
                Some(_) => {}
                None => {
                    let instance = call.instance;
                    planned.wanted.insert(key.clone(), Want { instance, is_new });
                }
            }
            if is_new && planned.destroyed.contains_key(key) {
                both_ways(diags, key);
                return;
            }
        }
    }

    /// Notes that the object of this instance is to be changed in place, so that it has the keys `after` and no longer
    /// `before`; adds an error when several instances exchange what they have.
    pub(crate) fn note_change(
        &self,
        diags: &mut Diagnostics,
        before: &[(Key, AttributePath)],
        after: &[(Key, AttributePath)],
    ) {
        let instance = instance_call().instance;
        self.lock().exchanges.note(diags, instance, before, after);
    }

    /// Notes that an instance's object is to be destroyed; adds an error when it is the object of another instance that stays.
    pub(crate) fn note_removal(&self, diags: &mut Diagnostics, id: &Key, keys: &[(Key, AttributePath)]) {
        let instance = instance_call().instance;
        let mut planned = self.lock();
        planned.note_state(diags, id, instance, Fate::Destroyed);
        for (key, _) in keys {
            planned.destroyed.insert(key.clone(), instance);
            let want = planned.wanted.get(key);
            if want.is_some_and(|want| want.is_new && want.instance != instance) {
                both_ways(diags, key);
                return;
            }
        }
    }

    /// Notes that authorities are to be trusted in this way; adds an error when the configuration has the other way too.
    pub(crate) fn note_way(&self, diags: &mut Diagnostics, way: Way) {
        let mut planned = self.lock();
        if *planned.way.get_or_insert(way) != way {
            error(
                diags,
                AttributePath::root(),
                "Two ways to manage the trusted authorities",
                "This configuration has both certward_trusted_ca_bundle, which is everything that the cluster trusts, and \
                 certward_trusted_ca. Each would undo what the other one does. List every authority in the bundle, or manage \
                 each by a certward_trusted_ca, and remove the blocks of the other type: what stays in the configuration \
                 stays trusted.",
            );
        }
    }

    /// Notes that authorities are to be trusted. Answers whether a block that has one of them is to be destroyed, so that the
    /// apply has to see to the trust although nothing else changes.
    pub(crate) fn note_trust(&self, authorities: &[Key]) -> bool {
        let mut planned = self.lock();
        planned.trusted.extend(authorities.iter().cloned());
        self.trust_noted.notify_waiters();
        authorities
            .iter()
            .any(|authority| planned.untrusted.contains(authority))
    }

    /// Notes that the block of these authorities is to be destroyed. Answers those that another block wants trusted.
    ///
    /// Terraform plans in any order, so the other block is waited for. Without an answer the apply would end the trust before
    /// it begins anew, and a run that is cut off in between would leave it ended.
    pub(crate) async fn note_end_of_trust(&self, authorities: &[Key]) -> Vec<Key> {
        self.lock().untrusted.extend(authorities.iter().cloned());
        let end = Moment::now() + PATIENCE;
        loop {
            let noted = self.trust_noted.notified();
            let kept = self.kept(authorities);
            if kept.len() == authorities.len() || timeout_at(end, noted).await.is_err() {
                return kept;
            }
        }
    }

    fn kept(&self, authorities: &[Key]) -> Vec<Key> {
        let planned = self.lock();
        let kept = authorities.iter().filter(|key| planned.trusted.contains(key));
        kept.cloned().collect()
    }

    /// True if another instance has the object with this identifier in its state and keeps it.
    pub(crate) fn is_of_another(&self, id: &Key) -> bool {
        let instance = instance_call().instance;
        let planned = self.lock();
        planned
            .states
            .get(id)
            .is_some_and(|(other, fate)| *other != instance && *fate == Fate::Stays)
    }

    /// Notes what speaks against removing the object of this instance, should Terraform plan its replacement next.
    pub(crate) fn note_guard(&self, errors: Vec<Diagnostic>) {
        self.lock().guards.insert(instance_call().instance, errors);
    }

    /// Adds what speaks against removing the object that the planned one replaces.
    ///
    /// Terraform shows no warnings of this call, only errors.
    pub(crate) fn guard_replacement(&self, diags: &mut Diagnostics) {
        if let Some(errors) = self.lock().guards.get(&instance_call().instance) {
            diags.errors.extend(errors.iter().cloned());
        }
    }

    /// Begins another run.
    #[cfg(test)]
    pub(crate) fn forget(&self) {
        *self.lock() = Planned::default();
    }

    fn lock(&self) -> MutexGuard<'_, Planned> {
        self.planned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Planned {
    fn note_state(&mut self, diags: &mut Diagnostics, id: &Key, instance: Instance, fate: Fate) {
        match self.states.get(id) {
            Some((other, other_fate)) if *other != instance => match (fate, other_fate) {
                (Fate::Stays, Fate::Stays) => twin(diags, id, AttributePath::root()),
                (Fate::Destroyed, Fate::Destroyed) => {}
                _ => destroys_for_both(diags, id),
            },
            _ => _ = self.states.insert(id.clone(), (instance, fate)),
        }
    }
}

fn twin(diags: &mut Diagnostics, key: &Key, attribute: AttributePath) {
    error(
        diags,
        attribute,
        "Two blocks for one object",
        format!(
            "Another block of this configuration is a {key} too. The cluster has one such object, so both blocks would \
             manage it, and removing one of them would remove it for both. Keep one of them. If the address has changed, \
             write moved {{ from = <old address>  to = <new address> }}; to have Terraform forget an address and keep the \
             object, write removed {{ from = <address>  lifecycle {{ destroy = false }} }}."
        ),
    );
}

fn destroys_for_both(diags: &mut Diagnostics, id: &Key) {
    error(
        diags,
        AttributePath::root(),
        "Two blocks for one object",
        format!(
            "Two addresses have the {id} in the state, and this plan destroys one of them and keeps the other. The cluster \
             has one such object, so it would be gone for both. Have Terraform forget the one to be removed: removed {{ from \
             = <address>  lifecycle {{ destroy = false }} }}, or terraform state rm."
        ),
    );
}

fn both_ways(diags: &mut Diagnostics, key: &Key) {
    warning(
        diags,
        AttributePath::root(),
        "Destroyed and created in one run",
        format!(
            "This plan destroys the {key} under one address and creates it under another. Terraform does so in any order: \
             either the object is removed and made anew, or the one that is there stays and is taken over. If only the \
             address has changed, write moved {{ from = <old address>  to = <new address> }}, and nothing is removed."
        ),
    );
}

/// Terraform plans block after block within milliseconds; on a busy machine within this.
const PATIENCE: Duration = Duration::from_millis(300);

#[cfg(test)]
mod tests {
    use super::*;
    use terraform_plugin::InstanceCall;

    fn key(value: &str) -> (Key, AttributePath) {
        (
            Key::new("certward_redis_role", "name", value),
            AttributePath::new("name"),
        )
    }

    fn id(value: &str) -> Key {
        Key::new("certward_redis_role", "id", value)
    }

    /// A new instance.
    fn new() -> InstanceCall {
        InstanceCall {
            is_known: false,
            ..instance_call()
        }
    }

    fn known(call: InstanceCall) -> InstanceCall {
        InstanceCall { is_known: true, ..call }
    }

    async fn planned(plans: &Plans, call: InstanceCall, keys: &[&str], prior: Option<&str>) -> Diagnostics {
        let mut diags = Diagnostics::default();
        let keys: Vec<_> = keys.iter().map(|value| key(value)).collect();
        let prior = prior.map(id);
        call.scope(async { plans.note(&mut diags, &keys, prior.as_ref()) })
            .await;
        diags
    }

    async fn removed(plans: &Plans, call: InstanceCall, prior: &str, keys: &[&str]) -> Diagnostics {
        let mut diags = Diagnostics::default();
        let keys: Vec<_> = keys.iter().map(|value| key(value)).collect();
        call.scope(async { plans.note_removal(&mut diags, &id(prior), &keys) })
            .await;
        diags
    }

    #[tokio::test]
    async fn two_instances_that_want_one_object_are_an_error_whichever_has_it() {
        for (first, second) in [
            (None, None),
            (None, Some("7")),
            (Some("7"), None),
            (Some("7"), Some("7")),
        ] {
            let plans = Plans::default();
            assert_eq!(planned(&plans, new(), &["app"], first).await, Diagnostics::default());
            let diags = planned(&plans, new(), &["app"], second).await;
            assert_eq!(diags.errors[0].summary, "Two blocks for one object");
            assert!(diags.errors[0].detail.contains("certward_redis_role"), "{diags:?}");
        }
    }

    #[tokio::test]
    async fn replacement_is_planned_twice_and_is_no_twin_of_itself() {
        let plans = Plans::default();
        let instance = new();
        for prior in [Some("7"), None] {
            let diags = planned(&plans, known(instance), &["app"], prior).await;
            assert_eq!(diags, Diagnostics::default());
        }
        assert_eq!(planned(&plans, new(), &["app"], None).await.errors.len(), 1);
    }

    #[tokio::test]
    async fn shifted_list_is_no_twin() {
        let plans = Plans::default();
        let instances = [new(), new(), new()];
        for (index, name) in ["b", "c"].into_iter().enumerate() {
            let diags = planned(&plans, known(instances[index]), &[name], Some(&index.to_string())).await;
            assert_eq!(diags, Diagnostics::default());
        }
        // "c" is renamed to by another instance, which has an object of its own.
        let diags = removed(&plans, known(instances[2]), "2", &["c"]).await;
        assert_eq!(diags, Diagnostics::default());
    }

    #[tokio::test]
    async fn changed_address_is_told_in_either_order() {
        let plans = Plans::default();
        assert_eq!(
            removed(&plans, known(new()), "7", &["app"]).await,
            Diagnostics::default()
        );
        let diags = planned(&plans, new(), &["app"], None).await;
        assert!(diags.errors.is_empty());
        assert!(diags.warnings[0].detail.contains("moved {"), "{diags:?}");

        let plans = Plans::default();
        assert_eq!(planned(&plans, new(), &["app"], None).await, Diagnostics::default());
        let diags = removed(&plans, known(new()), "7", &["app"]).await;
        assert!(diags.errors.is_empty());
        assert_eq!(diags.warnings.len(), 1);
    }

    #[tokio::test]
    async fn object_that_two_entries_of_the_state_have_is_read_for_one_of_them() {
        let plans = Plans::default();
        let read = |call: InstanceCall| {
            let plans = &plans;
            call.scope(async move { plans.note_read(&mut Diagnostics::default(), &id("7")) })
        };
        let (first, second) = (known(new()), known(new()));
        assert!(read(new()).await, "of what has no id yet nothing is known");
        assert!(read(first).await);
        assert!(!read(second).await);
        assert!(read(first).await);
    }

    #[tokio::test]
    async fn object_of_two_addresses_is_not_destroyed_for_one_of_them() {
        let plans = Plans::default();
        assert_eq!(
            planned(&plans, known(new()), &["app"], Some("7")).await,
            Diagnostics::default()
        );
        assert_eq!(removed(&plans, known(new()), "7", &["app"]).await.errors.len(), 1);

        let plans = Plans::default();
        for _ in 0..2 {
            assert_eq!(
                removed(&plans, known(new()), "7", &["app"]).await,
                Diagnostics::default()
            );
        }
        assert_eq!(planned(&plans, known(new()), &["app"], Some("7")).await.errors.len(), 1);
    }
}
