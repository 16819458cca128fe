//! Collections: certificates that were registered together, and are changed and deleted together.

use std::collections::HashSet;
use std::sync::Arc;

use certward_pki::Thumbprint;

use crate::model::definition::{Collection, RegisteredCertificate};
use crate::model::registry::{Change, Registry};

/// The primary of the entry's collection and its secondaries, the primary first; a single entry is its own collection.
pub(super) fn members(registry: &Registry, entry: &Arc<RegisteredCertificate>) -> Vec<Arc<RegisteredCertificate>> {
    let primary = match &entry.collection {
        Collection::Secondary { primary } => registry.get(primary).unwrap_or_else(|| Arc::clone(entry)),
        Collection::Single | Collection::Primary { .. } => Arc::clone(entry),
    };
    let secondaries = match &primary.collection {
        Collection::Primary { secondaries } => secondaries.iter().filter_map(|other| registry.get(other)).collect(),
        Collection::Single | Collection::Secondary { .. } => Vec::new(),
    };
    std::iter::once(primary).chain(secondaries).collect()
}

/// Returns the changes to other entries if the entries `leaving` are deleted or moved to another collection: a primary
/// that loses secondaries keeps the others; the secondaries of a leaving primary become single entries with unchanged
/// rights.
pub(super) fn detach(registry: &Registry, leaving: &HashSet<Thumbprint>) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut done = HashSet::new();
    for entry in leaving.iter().filter_map(|thumbprint| registry.get(thumbprint)) {
        let members = members(registry, &entry);
        let Some(primary) = members.first() else { continue };
        if members.len() < 2 || !done.insert(primary.thumbprint) {
            continue;
        }
        let staying = |member: &&Arc<RegisteredCertificate>| !leaving.contains(&member.thumbprint);
        if leaving.contains(&primary.thumbprint) {
            changes.extend(
                members
                    .iter()
                    .filter(staying)
                    .map(|member| placed(member, Collection::Single)),
            );
        } else {
            let secondaries: Vec<_> = members
                .iter()
                .skip(1)
                .filter(staying)
                .map(|member| member.thumbprint)
                .collect();
            let place = if secondaries.is_empty() {
                Collection::Single
            } else {
                Collection::Primary { secondaries }
            };
            changes.push(placed(primary, place));
        }
    }
    changes
}

fn placed(entry: &RegisteredCertificate, collection: Collection) -> Change {
    Change::Put(Arc::new(RegisteredCertificate {
        collection,
        ..entry.clone()
    }))
}
