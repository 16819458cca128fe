//! Renewals that registered themselves. They have the rights of the entry they renew: every change of it applies to
//! them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use certward_pki::{PublicKeyPinningHash, Thumbprint};

use super::{Attempt, Error, check_reach};
use crate::model::clearance::SecurityClearance;
use crate::model::definition::RegisteredCertificate;
use crate::model::registry::Registry;

/// The renewals of the entries, the renewals of those, and so on, without the entries themselves.
pub(super) fn renewals<'a>(
    registry: &Registry,
    entries: impl IntoIterator<Item = &'a Arc<RegisteredCertificate>>,
) -> Vec<Arc<RegisteredCertificate>> {
    let mut open: Vec<Arc<RegisteredCertificate>> = entries.into_iter().cloned().collect();
    let mut known: HashSet<Thumbprint> = open.iter().map(|entry| entry.thumbprint).collect();
    let mut found = Vec::new();
    while let Some(original) = open.pop() {
        for entry in registry.with_pinning_hash(&original.pinning_hash) {
            if entry.renews == Some(original.thumbprint) && known.insert(entry.thumbprint) {
                found.push(Arc::clone(&entry));
                open.push(entry);
            }
        }
    }
    found
}

/// The renewals that stay when the entries `leaving` are deleted without them, each in its new form: it renews the
/// predecessor of the deleted entry. If there is none for several renewals, the one that expires last becomes a single
/// entry, and the others become its renewals. `joining` is added by the same change.
pub(super) fn handed_on(
    registry: &Registry,
    leaving: &HashSet<Thumbprint>,
    joining: Option<&Arc<RegisteredCertificate>>,
) -> Vec<RegisteredCertificate> {
    let gone: HashMap<Thumbprint, Arc<RegisteredCertificate>> = leaving
        .iter()
        .filter_map(|thumbprint| Some((*thumbprint, registry.get(thumbprint)?)))
        .collect();
    let keys: HashSet<PublicKeyPinningHash> = gone.values().map(|entry| entry.pinning_hash).collect();
    let staying = keys
        .iter()
        .flat_map(|key| registry.with_pinning_hash(key))
        .filter(|entry| !gone.contains_key(&entry.thumbprint));
    let mut changed = Vec::new();
    let mut orphans: HashMap<Thumbprint, Vec<RegisteredCertificate>> = HashMap::new();
    for entry in staying.chain(joining.cloned()) {
        let (mut first_gone, mut left) = (None, entry.renews);
        let mut seen = HashSet::new();
        while let Some(original) = left.and_then(|thumbprint| gone.get(&thumbprint))
            && seen.insert(original.thumbprint)
        {
            (first_gone, left) = (Some(original.thumbprint), original.renews);
        }
        let Some(first_gone) = first_gone else { continue };
        let entry = RegisteredCertificate {
            renews: left,
            ..RegisteredCertificate::clone(&entry)
        };
        match left {
            Some(_) => changed.push(entry),
            None => orphans.entry(first_gone).or_default().push(entry),
        }
    }
    for mut siblings in orphans.into_values() {
        siblings.sort_by_key(|entry| (entry.validity.not_after, entry.thumbprint));
        let heir = siblings.last().map(|heir| heir.thumbprint);
        for sibling in &mut siblings {
            sibling.renews = heir.filter(|heir| *heir != sibling.thumbprint);
        }
        changed.extend(siblings);
    }
    changed
}

/// Refuses an operation on a certificate whose public key also has an entry above the caller's clearance: the holder of
/// the key has both.
pub(super) fn check_reach_of_key(
    registry: &Registry,
    caller: SecurityClearance,
    key: &PublicKeyPinningHash,
    attempt: Attempt,
) -> Result<(), Error> {
    registry
        .with_pinning_hash(key)
        .iter()
        .try_for_each(|entry| check_reach(caller, entry.clearance, attempt, &entry.name))
}

/// The end of an audit record's detail: the renewals that changed too.
pub(super) fn named(renewals: &[Arc<RegisteredCertificate>]) -> String {
    if renewals.is_empty() {
        return String::new();
    }
    let listed: Vec<String> = renewals.iter().map(|entry| entry.thumbprint.to_string()).collect();
    format!("; with it what renews it: {}", listed.join(", "))
}
