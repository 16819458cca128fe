//! Recording a certificate that carries on a registered one (contract `ravendb.md`, section 2, renewal).

use std::collections::HashSet;
use std::sync::Arc;

use certward::pki::Thumbprint;

use super::clearance::Level;
use super::definition::{Collection, RegisteredCertificate};
use super::registry::{Change, Registry};
use super::{Asked, Authority, AuthorityParts, Error, Plan, collection};
use crate::audit::Actor;
use crate::authn::Renewal;

impl Authority {
    /// Registers the renewal with the rights that the original has at this moment. Of the certificates with one public
    /// key, at most five are kept: the ones that expire first go, but neither the new one nor the primary of a
    /// collection.
    ///
    /// # Errors
    ///
    /// [`Error::NotRegistered`] when the original has been deleted or disabled since; [`Error::ThumbprintCollision`];
    /// [`Error::Store`].
    pub async fn register_renewal(&self, renewal: &Renewal) -> Result<(), Error> {
        let (certificate, original) = (renewal.certificate().clone(), renewal.original().thumbprint);
        let issuer_chain = renewal.issuer_chain().to_vec();
        let asked = Asked {
            actor: Actor {
                name: renewal.original().name.clone(),
                thumbprint: Some(certificate.thumbprint()),
                address: None,
            },
            caller: None,
            action: "register_renewal",
            target: certificate.thumbprint().to_string(),
            required: Level::ValidUser,
        };
        self.change(asked, None, move |parts, _| {
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
            let original = parts
                .registry
                .get(&original)
                .filter(|entry| !entry.disabled)
                .ok_or(Error::NotRegistered { thumbprint: original })?;
            let entry = RegisteredCertificate {
                thumbprint,
                der: certificate.der().clone(),
                validity: certificate.validity(),
                pinning_hash: certificate.public_key_pinning_hash(),
                issuer_chain,
                collection: Collection::Single,
                ..RegisteredCertificate::clone(&original)
            };
            Ok(plan(parts, entry, original.thumbprint))
        })
        .await
    }
}

fn plan(parts: &AuthorityParts, entry: RegisteredCertificate, original: Thumbprint) -> Plan<()> {
    let going = one_too_many(&parts.registry, &entry);
    let mut changes = collection::detach(&parts.registry, &going);
    let mut detail = format!("renews {original}");
    for thumbprint in going {
        detail.push_str(&format!(", takes the place of {thumbprint}"));
        changes.push(Change::Delete(thumbprint));
    }
    changes.push(Change::Put(Arc::new(entry)));
    Plan {
        changes,
        detail,
        outcome: (),
    }
}

/// Which entries must go so that, with the new one, no more than the allowed number share its key.
fn one_too_many(registry: &Registry, new: &RegisteredCertificate) -> HashSet<Thumbprint> {
    let mut same_key = registry.with_pinning_hash(&new.pinning_hash);
    let surplus = (same_key.len() + 1).saturating_sub(MAX_CERTIFICATES_PER_KEY);
    same_key.retain(|entry| !matches!(entry.collection, Collection::Primary { .. }));
    same_key.sort_by_key(|entry| entry.validity.not_after);
    same_key.iter().take(surplus).map(|entry| entry.thumbprint).collect()
}

/// The real server's number (contract `ravendb.md`, section 2).
const MAX_CERTIFICATES_PER_KEY: usize = 5;
