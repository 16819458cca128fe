//! Registers certificates that another party issued.

use std::collections::HashSet;
use std::sync::Arc;

use certward_pki::{Certificate, Thumbprint};

use super::{
    Asked, Attempt, Authority, AuthorityParts, Error, Plan, check_administrator_remains, check_name, check_reach,
    collection, lineage,
};
use crate::access::authz::Permit;
use crate::access::authz::action::RegisterCertificate;
use crate::model::clearance::SecurityClearance;
use crate::model::definition::{Collection, Grant, RegisteredCertificate};
use crate::model::registry::Change;
use certward_certificates::certificate::CertificateBundle;
use certward_certificates::certificate::key_fitness;

/// Certificates to register, and their common rights.
#[derive(Debug)]
pub struct RegisterRequest {
    /// The name and the rights.
    pub grant: Grant,
    /// The certificates; several become a collection, with the first as its primary.
    pub certificates: CertificateBundle,
}

impl Authority {
    /// Registers the certificates and returns their entries, the primary first. An entry with the same thumbprint is
    /// overwritten (observed record `202-put-same-again`); it leaves its former collection, and renewals of it that
    /// registered themselves get the same rights.
    ///
    /// # Errors
    ///
    /// In this order: [`Error::BlankName`] and the like; [`Error::ClearanceTooLow`] if the requested clearance, or that
    /// of an overwritten entry or of another entry with the same key, is above the caller's;
    /// [`Error::ServerCertificate`] if the server's own certificate is among them; [`Error::UnusableKey`];
    /// [`Error::ThumbprintCollision`]; [`Error::OwnCertificate`] if the caller's own would be disabled;
    /// [`Error::LastAdministrator`]; [`Error::Store`].
    pub async fn register(
        &self,
        permit: &Permit<RegisterCertificate>,
        request: RegisterRequest,
    ) -> Result<Vec<Arc<RegisteredCertificate>>, Error> {
        let asked = Asked::by(permit, request.grant.name.clone());
        let own = permit.caller().thumbprint();
        self.change(asked, move |parts, clearance| plan(parts, clearance, own, request))
            .await
    }
}

fn plan(
    parts: &AuthorityParts,
    caller: SecurityClearance,
    own: Option<Thumbprint>,
    request: RegisterRequest,
) -> Result<Plan<Vec<Arc<RegisteredCertificate>>>, Error> {
    let RegisterRequest { grant, certificates } = request;
    check_name(&grant.name)?;
    check_reach(caller, grant.clearance, Attempt::Register, &grant.name)?;
    let server = parts.server_certificates.current();
    let mut thumbprints = HashSet::new();
    let mut warnings = String::new();
    let mut overwritten = Vec::new();
    for end_entity in certificates.end_entities() {
        let certificate = &end_entity.certificate;
        if certificate == server.certificate() {
            return Err(Error::ServerCertificate { name: grant.name });
        }
        let thumbprint = certificate.thumbprint();
        if let Some(obstacle) = obstacle(certificate)? {
            warnings.push_str(&format!("; {thumbprint} {obstacle}"));
        }
        let key = certificate.public_key_pinning_hash();
        lineage::check_reach_of_key(&parts.registry, caller, &key, Attempt::Register)?;
        match parts.registry.get(&thumbprint) {
            Some(existing) if &existing.der != certificate.der() => {
                return Err(Error::ThumbprintCollision { thumbprint });
            }
            Some(existing) => {
                check_reach(caller, existing.clearance, Attempt::Register, &existing.name)?;
                overwritten.push(existing);
            }
            None => {}
        }
        if !thumbprints.insert(thumbprint) {
            return Err(Error::ThumbprintCollision { thumbprint });
        }
    }
    let renewals: Vec<_> = lineage::renewals(&parts.registry, &overwritten)
        .into_iter()
        .filter(|renewal| !thumbprints.contains(&renewal.thumbprint))
        .collect();
    let mut members = thumbprints.clone();
    members.extend(renewals.iter().map(|renewal| renewal.thumbprint));
    if let Some(own) = own.filter(|own| grant.disabled && members.contains(own)) {
        return Err(Error::OwnCertificate {
            name: grant.name,
            thumbprint: own,
        });
    }
    check_administrator_remains(parts, own, &members, grant.clearance)?;
    if !warnings.is_empty() {
        tracing::warn!(
            name = grant.name,
            "a certificate was registered that lets nobody in{warnings}"
        );
    }
    let mut changes = collection::detach(&parts.registry, &thumbprints);
    changes.extend(
        renewals
            .iter()
            .map(|renewal| Change::Put(Arc::new(granted(renewal, &grant)))),
    );
    let entries = entries(certificates, grant);
    let listed: Vec<String> = entries.iter().map(|entry| entry.thumbprint.to_string()).collect();
    let detail = match entries.first() {
        Some(first) => format!(
            "registered {} with clearance {}{warnings}{}",
            listed.join(", "),
            first.clearance,
            lineage::named(&renewals)
        ),
        None => String::new(),
    };
    changes.extend(entries.iter().cloned().map(Change::Put));
    Ok(Plan {
        changes,
        detail,
        outcome: entries,
    })
}

/// A key that cannot be used to log in is refused; a short key, or an oversized certificate, is accepted with a
/// warning, as by the real server (records `234-put-rsa1024` and `526-whoami-rsa1024`).
fn obstacle(certificate: &Certificate) -> Result<Option<String>, Error> {
    key_fitness::obstacle(certificate).map_err(|fault| Error::UnusableKey {
        subject: certificate.subject().to_string(),
        fault,
    })
}

fn granted(renewal: &RegisteredCertificate, grant: &Grant) -> RegisteredCertificate {
    let grant = grant.clone();
    RegisteredCertificate {
        name: grant.name,
        clearance: grant.clearance,
        permissions: grant.permissions,
        disabled: grant.disabled,
        two_factor_key: grant.two_factor_key,
        ..renewal.clone()
    }
}

fn entries(certificates: CertificateBundle, grant: Grant) -> Vec<Arc<RegisteredCertificate>> {
    let mut entries: Vec<RegisteredCertificate> = certificates
        .into_end_entities()
        .into_iter()
        .map(|end_entity| RegisteredCertificate {
            issuer_chain: end_entity.issuer_chain,
            ..RegisteredCertificate::new(&end_entity.certificate, grant.clone())
        })
        .collect();
    if let [primary, secondaries @ ..] = entries.as_mut_slice()
        && !secondaries.is_empty()
    {
        primary.collection = Collection::Primary {
            secondaries: secondaries.iter().map(|entry| entry.thumbprint).collect(),
        };
        for secondary in secondaries {
            secondary.collection = Collection::Secondary {
                primary: primary.thumbprint,
            };
        }
    }
    entries.into_iter().map(Arc::new).collect()
}
