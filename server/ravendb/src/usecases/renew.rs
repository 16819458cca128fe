//! Registers the renewal of a registered certificate (`docs/contracts/ravendb.md#renewal`).

use std::collections::HashSet;
use std::sync::Arc;

use certward_pki::{Certificate, Thumbprint};

use super::{Asked, Authority, AuthorityParts, Error, Plan, collection, lineage};
use crate::access::authn::{Renewal, VerifiedIssuer};
use crate::access::two_factor::{AcceptedCode, SecretDigest};
use crate::model::clearance::Level;
use crate::model::definition::{Collection, RegisteredCertificate};
use crate::model::registry::{Change, Registry};
use certward_store::audit::Actor;
use certward_store::ledger::Head;

impl Authority {
    /// Registers the renewal with the current rights of the original. Of the certificates with one public key, at most
    /// five are kept: those that expire first are deleted, but never the new one or the primary of a collection.
    ///
    /// If the original requires one-time codes, `code` is the accepted one: nothing is registered before a code is
    /// accepted.
    ///
    /// # Errors
    ///
    /// [`Error::NotRenewable`] if the certificate or the original has been deleted, or the original disabled or
    /// replaced since, the server certificate has been replaced since, or the original or an issuer is not valid now;
    /// [`Error::OneTimeCodeMissing`]; [`Error::ThumbprintCollision`]; [`Error::Store`].
    pub async fn register_renewal(&self, renewal: &Arc<Renewal>, code: Option<&AcceptedCode>) -> Result<(), Error> {
        let thumbprint = renewal.certificate().thumbprint();
        let actor = Actor {
            name: renewal.original().name.clone(),
            thumbprint: Some(thumbprint),
            address: None,
        };
        let asked = Asked {
            head: Head {
                actor,
                action: "register_renewal",
                target: thumbprint.to_string(),
            },
            caller: None,
            required: Level::ValidUser,
            answered: None,
        };
        let (renewal, secret) = (Arc::clone(renewal), code.map(AcceptedCode::secret));
        self.change(asked, move |parts, _| plan(parts, &renewal, secret)).await
    }
}

fn plan(parts: &AuthorityParts, renewal: &Renewal, accepted: Option<SecretDigest>) -> Result<Plan<()>, Error> {
    let (certificate, now) = (renewal.certificate(), parts.clock.now());
    let thumbprint = certificate.thumbprint();
    if let Some(existing) = parts.registry.get(&thumbprint) {
        return if &existing.der == certificate.der() {
            Ok(Plan {
                changes: Vec::new(),
                detail: String::new(),
                outcome: (),
            })
        } else {
            Err(Error::ThumbprintCollision { thumbprint })
        };
    }
    if parts.registry.was_deleted(&certificate.fingerprint()) {
        return Err(Error::NotRenewable { thumbprint });
    }
    // An issuer that was proved by a server certificate that is not in force any more is proved no longer.
    let is_of_now = renewal.server_certificate_revision() == parts.server_certificates.revision();
    let was = renewal.original();
    let original = parts
        .registry
        .get(&was.thumbprint)
        .filter(|_| is_of_now)
        .filter(|entry| entry.der == was.der && !entry.disabled && renewal.issuer().in_date().contains(now))
        .ok_or(Error::NotRenewable {
            thumbprint: was.thumbprint,
        })?;
    if let Some(key) = &original.two_factor_key
        && accepted != Some(SecretDigest::of(key))
    {
        return Err(Error::OneTimeCodeMissing { thumbprint });
    }
    Ok(plan_entry(
        parts,
        renewed(certificate, &original, renewal.issuer()),
        original.thumbprint,
    ))
}

/// The entry of the renewal: everything except the certificate is the original's.
fn renewed(
    certificate: &Certificate,
    original: &RegisteredCertificate,
    issuer: &VerifiedIssuer,
) -> RegisteredCertificate {
    RegisteredCertificate {
        thumbprint: certificate.thumbprint(),
        der: certificate.der().clone(),
        validity: certificate.validity(),
        pinning_hash: certificate.public_key_pinning_hash(),
        issuer_chain: issuer.chain().to_vec(),
        collection: Collection::Single,
        renews: Some(original.thumbprint),
        ..original.clone()
    }
}

fn plan_entry(parts: &AuthorityParts, entry: RegisteredCertificate, original: Thumbprint) -> Plan<()> {
    let entry = Arc::new(entry);
    let going = one_too_many(&parts.registry, &entry);
    let handed_on = lineage::handed_on(&parts.registry, &going, Some(&entry));
    let mut changes = collection::detach(&parts.registry, &going);
    let mut detail = format!("renews {original}");
    for thumbprint in going {
        detail.push_str(&format!(", takes the place of {thumbprint}"));
        changes.push(Change::Delete(thumbprint));
    }
    let mut puts = handed_on;
    if !puts.iter().any(|put| put.thumbprint == entry.thumbprint) {
        puts.push(RegisteredCertificate::clone(&entry));
    }
    changes.extend(puts.into_iter().map(|entry| Change::Put(Arc::new(entry))));
    Plan {
        changes,
        detail,
        outcome: (),
    }
}

/// Returns the entries to delete so that, including the new one, no more than the allowed number share its key.
fn one_too_many(registry: &Registry, new: &RegisteredCertificate) -> HashSet<Thumbprint> {
    let mut same_key = registry.with_pinning_hash(&new.pinning_hash);
    let surplus = (same_key.len() + 1).saturating_sub(MAX_CERTIFICATES_PER_KEY);
    same_key.retain(|entry| !matches!(entry.collection, Collection::Primary { .. }));
    same_key.sort_by_key(|entry| entry.validity.not_after);
    same_key.iter().take(surplus).map(|entry| entry.thumbprint).collect()
}

/// The number of entries that the real server keeps for a key (`docs/contracts/ravendb.md#renewal`).
const MAX_CERTIFICATES_PER_KEY: usize = 5;
