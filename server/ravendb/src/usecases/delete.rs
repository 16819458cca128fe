//! Deletes one entry, or all expired ones.

use std::collections::HashSet;
use std::sync::Arc;

use certward_pki::Thumbprint;

use super::{Asked, Attempt, Authority, AuthorityParts, Error, Plan, check_reach, collection, lineage};
use crate::access::authz::Permit;
use crate::access::authz::action::{DeleteCertificate, PurgeCertificates};
use crate::model::clearance::SecurityClearance;
use crate::model::definition::{Collection, RegisteredCertificate};
use crate::model::registry::{Change, Registry};

impl Authority {
    /// Deletes the entry; for a primary also its secondaries; and all renewals of these that registered themselves.
    /// None of these certificates is admitted as a renewal of another one afterwards. An unknown thumbprint other than
    /// the caller's own is not an error (observed record `432-delete-again`). The last cluster administrator can be
    /// deleted: the server's own certificate remains.
    ///
    /// # Errors
    ///
    /// In this order: [`Error::OwnCertificate`] if the caller's certificate would be deleted;
    /// [`Error::ClearanceTooLow`]; [`Error::SecondaryCertificate`]; [`Error::Store`].
    pub async fn delete(&self, permit: &Permit<DeleteCertificate>, thumbprint: &Thumbprint) -> Result<(), Error> {
        let (asked, own, thumbprint) = (
            Asked::by(permit, thumbprint.to_string()),
            permit.caller().thumbprint(),
            *thumbprint,
        );
        self.change(asked, move |parts, clearance| {
            plan_delete(parts, clearance, own, thumbprint)
        })
        .await
    }

    /// The entries that the deletion of this one would delete, including itself; none if it is not registered.
    pub fn would_delete(&self, thumbprint: &Thumbprint) -> Option<Vec<Arc<RegisteredCertificate>>> {
        let registry = self.registry();
        registry.get(thumbprint).map(|entry| going_with(registry, &entry).all)
    }

    /// Deletes every entry whose certificate has expired, and returns their number. With an expired primary its
    /// secondaries are deleted, expired or not; an expired secondary is deleted alone. Renewals of deleted entries
    /// stay. A collection that holds the caller's own certificate loses only its expired secondaries.
    ///
    /// # Errors
    ///
    /// [`Error::Store`].
    pub async fn purge(&self, permit: &Permit<PurgeCertificates>) -> Result<usize, Error> {
        let (asked, own) = (Asked::by(permit, "expired certificates"), permit.caller().thumbprint());
        self.change(asked, move |parts, _| Ok(plan_purge(parts, own))).await
    }
}

/// The entries that are deleted with `entry`: itself or its whole collection, and the renewals of those.
fn going_with(registry: &Registry, entry: &Arc<RegisteredCertificate>) -> Going {
    let mut all = match &entry.collection {
        Collection::Secondary { .. } => vec![Arc::clone(entry)],
        Collection::Single | Collection::Primary { .. } => collection::members(registry, entry),
    };
    let renewals = lineage::renewals(registry, &all);
    all.extend(renewals.iter().cloned());
    Going { all, renewals }
}

/// The entries that a deletion removes.
struct Going {
    all: Vec<Arc<RegisteredCertificate>>,
    renewals: Vec<Arc<RegisteredCertificate>>,
}

fn plan_delete(
    parts: &AuthorityParts,
    caller: SecurityClearance,
    own: Option<Thumbprint>,
    thumbprint: Thumbprint,
) -> Result<Plan<()>, Error> {
    let Some(entry) = parts.registry.get(&thumbprint) else {
        // The server's own, or one that the settings trust.
        if own == Some(thumbprint) {
            return Err(Error::OwnCertificate {
                name: String::new(),
                thumbprint,
            });
        }
        return Ok(Plan {
            changes: Vec::new(),
            detail: String::new(),
            outcome: (),
        });
    };
    let Going { all: going, renewals } = going_with(&parts.registry, &entry);
    if let Some(own) = going.iter().find(|member| Some(member.thumbprint) == own) {
        return Err(Error::OwnCertificate {
            name: own.name.clone(),
            thumbprint: own.thumbprint,
        });
    }
    for member in &going {
        check_reach(caller, member.clearance, Attempt::Delete, &member.name)?;
    }
    if let Collection::Secondary { primary } = entry.collection {
        return Err(Error::SecondaryCertificate {
            name: entry.name.clone(),
            thumbprint,
            primary,
        });
    }
    let detail = format!(
        "deleted {:?} with clearance {}, {} in all{}",
        entry.name,
        entry.clearance,
        going.len(),
        lineage::named(&renewals)
    );
    // The primary last: the secondaries name it.
    let at = parts.clock.now();
    let changes = going
        .into_iter()
        .rev()
        .map(|entry| Change::Revoke { entry, at })
        .collect();
    Ok(Plan {
        changes,
        detail,
        outcome: (),
    })
}

fn plan_purge(parts: &AuthorityParts, own: Option<Thumbprint>) -> Plan<usize> {
    let (registry, now) = (&parts.registry, parts.clock.now());
    let mut going: HashSet<Thumbprint> = HashSet::new();
    for entry in registry.all().iter().filter(|entry| entry.validity.is_over(now)) {
        if matches!(entry.collection, Collection::Secondary { .. }) {
            going.insert(entry.thumbprint);
            continue;
        }
        let members = collection::members(registry, entry);
        if !members.iter().any(|member| Some(member.thumbprint) == own) {
            going.extend(members.iter().map(|member| member.thumbprint));
        }
    }
    let mut changes = collection::detach(registry, &going);
    changes.extend(
        lineage::handed_on(registry, &going, None)
            .into_iter()
            .map(|renewal| Change::Put(Arc::new(renewal))),
    );
    let at = now;
    changes.extend(
        going
            .iter()
            .filter_map(|thumbprint| registry.get(thumbprint))
            .map(|entry| Change::Revoke { entry, at }),
    );
    let mut listed: Vec<String> = going.iter().map(Thumbprint::to_string).collect();
    listed.sort_unstable();
    Plan {
        changes,
        detail: format!("deleted {}", listed.join(", ")),
        outcome: going.len(),
    }
}
