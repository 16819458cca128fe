//! Replacing, deleting and rotating the cluster's certificates
//! (`docs/contracts/redis-enterprise.md#cluster-certificates`).

use std::sync::Arc;

use super::access::ClusterPermit;
use super::access::action::UpdateCluster;
use super::{Asked, Cluster, ClusterError, Plan, Planning, Run, certificate_rules};
use certward_certificates::issuer::service::create_service_certificate;
use certward_redis_model::named_certificate::{CertificateName, NamedCertificate, NewCertificate};
use certward_redis_model::state::{Change, ClusterState};

impl Cluster {
    /// Replaces certificates: all of them or none. A new `mtls_trusted_ca` replaces the whole former bundle, and
    /// applies to open connections at once.
    ///
    /// # Errors
    ///
    /// For the first certificate that cannot be used: [`ClusterError::InvalidCertificate`],
    /// [`ClusterError::CertificateExpired`]; then [`ClusterError::WouldLockOutCaller`] if the caller's own certificate
    /// would no longer be admitted; [`ClusterError::Store`].
    pub async fn put_certificates(
        &self,
        permit: &ClusterPermit<UpdateCluster>,
        certificates: Vec<NewCertificate>,
    ) -> Result<(), ClusterError> {
        let names: Vec<_> = certificates
            .iter()
            .map(|certificate| certificate.name.as_str())
            .collect();
        let asked = Asked::by(permit, format!("certificates {}", names.join(", ")));
        let caller = Arc::clone(permit.caller());
        self.change(asked, Run::Apply, move |planning| {
            let plan = plan_put(planning, certificates)?;
            planning.check_lets_back_in(&caller, &plan.changes)?;
            Ok(plan)
        })
        .await
    }

    /// Deletes an optional certificate.
    ///
    /// # Errors
    ///
    /// In this order: [`ClusterError::CertificateRequired`]; [`ClusterError::NoSuchCertificate`];
    /// [`ClusterError::CertificateInUse`] for `mtls_trusted_ca` while certificate authentication is on;
    /// [`ClusterError::Store`].
    pub async fn delete_certificate(
        &self,
        permit: &ClusterPermit<UpdateCluster>,
        name: CertificateName,
    ) -> Result<(), ClusterError> {
        let asked = Asked::by(permit, format!("certificate {name}"));
        self.change(asked, Run::Apply, move |planning| plan_delete(planning.state, name))
            .await
    }

    /// Generates the internal certificate of this name again, or all of them.
    ///
    /// # Errors
    ///
    /// [`ClusterError::NotRotatable`] for any other name; [`ClusterError::Issue`]; [`ClusterError::Store`].
    pub async fn rotate_certificates(
        &self,
        permit: &ClusterPermit<UpdateCluster>,
        name: Option<CertificateName>,
    ) -> Result<(), ClusterError> {
        let target = name.map_or("internal certificates".to_owned(), |name| format!("certificate {name}"));
        let asked = Asked::by(permit, target);
        self.change(asked, Run::Apply, move |planning| {
            let names: Vec<_> = match name {
                Some(name) if !name.is_internal() => return Err(ClusterError::NotRotatable { name }),
                Some(name) => vec![name],
                None => CertificateName::ALL
                    .into_iter()
                    .filter(|name| name.is_internal())
                    .collect(),
            };
            plan_make(planning, &names)
        })
        .await
    }

    /// Generates the missing certificates of the services: all of them at the first start.
    ///
    /// # Errors
    ///
    /// [`ClusterError::Issue`]; [`ClusterError::Store`].
    pub async fn make_missing_certificates(&self) -> Result<(), ClusterError> {
        let asked = Asked::server("make_certificates", "certificates of the services");
        self.change(asked, Run::Apply, |planning| {
            let is_missing = |name: &CertificateName| {
                let is_the_servers = name.is_server_certificate() || name.is_server_certificate_at_first();
                !name.is_optional() && !is_the_servers && planning.state.certificates().get(*name).is_none()
            };
            let names: Vec<_> = CertificateName::ALL.into_iter().filter(is_missing).collect();
            plan_make(planning, &names)
        })
        .await
    }
}

fn plan_put(planning: &Planning<'_>, certificates: Vec<NewCertificate>) -> Result<Plan<()>, ClusterError> {
    let state = planning.state;
    let mut changes = Vec::with_capacity(certificates.len());
    let mut detail = Vec::with_capacity(certificates.len());
    let mut names = Vec::with_capacity(certificates.len());
    for certificate in certificates {
        let name = certificate.name;
        if names.contains(&name) {
            return Err(ClusterError::InvalidCertificate {
                name,
                reason: "stands in the request twice; expected each name once".to_owned(),
            });
        }
        names.push(name);
        let described = certificate_rules::check(&certificate, state, planning.now)?;
        if is_present(state, &certificate) {
            continue; // the same again changes nothing
        }
        detail.push(format!("replaced {name} with {described}"));
        changes.push(Change::PutCertificate(Arc::new(NamedCertificate {
            name,
            certificate: certificate.certificate,
            key: certificate.key,
            installed_at: planning.now,
        })));
    }
    Ok(Plan {
        changes,
        detail: detail.join("; "),
        outcome: (),
    })
}

fn plan_delete(state: &ClusterState, name: CertificateName) -> Result<Plan<()>, ClusterError> {
    if !name.is_optional() {
        return Err(ClusterError::CertificateRequired { name });
    }
    if state.certificates().get(name).is_none() {
        return Err(ClusterError::NoSuchCertificate { name });
    }
    if name == CertificateName::MtlsTrustedCa && state.settings().mtls_certificate_authentication {
        return Err(ClusterError::CertificateInUse { name });
    }
    Ok(Plan {
        changes: vec![Change::DeleteCertificate(name)],
        detail: format!("deleted {name}"),
        outcome: (),
    })
}

fn plan_make(planning: &Planning<'_>, names: &[CertificateName]) -> Result<Plan<()>, ClusterError> {
    let mut changes = Vec::with_capacity(names.len());
    let mut detail = Vec::with_capacity(names.len());
    for name in names {
        let (certificate, key) = create_service_certificate(common_name(&planning.state.identity().name), planning.now)
            .map_err(|error| ClusterError::Issue(Box::new(error)))?;
        detail.push(format!("made {name} {}", certificate.thumbprint()));
        changes.push(Change::PutCertificate(Arc::new(NamedCertificate {
            name: *name,
            certificate: certificate.to_pem(),
            key: Some(key),
            installed_at: planning.now,
        })));
    }
    Ok(Plan {
        changes,
        detail: detail.join("; "),
        outcome: (),
    })
}

fn is_present(state: &ClusterState, new: &NewCertificate) -> bool {
    state.certificates().get(new.name).is_some_and(|present| {
        let key = |key: &Option<certward_pki::PrivateKeyPem>| key.as_ref().map(|key| key.to_private_key_der());
        present.certificate == new.certificate && key(&present.key) == key(&new.key)
    })
}

/// The cluster's name as common name, as in a real cluster, or a short name if it is too long (X.520, ub-common-name).
fn common_name(cluster: &str) -> &str {
    if cluster.is_empty() || cluster.chars().count() > 64 {
        "cluster.local"
    } else {
        cluster
    }
}
