//! Issuing a certificate.

use std::sync::Arc;

use certward_pki::Certificate;
use secrecy::SecretString;
use time::OffsetDateTime;

use super::{Asked, Attempt, Authority, Error, Plan, check_name, check_reach};
use crate::access::authn::Caller;
use crate::access::authz::action::GenerateCertificate;
use crate::access::authz::{Permit, authorize};
use crate::model::definition::{Grant, RegisteredCertificate};
use crate::model::registry::Change;
use crate::rows::AnsweredRequest;
use certward_certificates::issuer::{IssuedCertificate, client_certificate_validity};

/// A certificate to issue.
#[derive(Debug)]
pub struct GenerateRequest {
    /// The name, which becomes the common name, and the rights.
    pub grant: Grant,
    /// The password of the PKCS#12 file; empty without one.
    pub password: Option<SecretString>,
    /// The end of its validity, in whole seconds; by default five years after the last UTC midnight.
    pub not_after: Option<OffsetDateTime>,
    /// The client's identifier of this request. A repeated request issues nothing.
    pub request_id: Option<String>,
}

impl Authority {
    /// Generates and registers the first certificate of a new store, as the wizard does: nobody is there yet who could
    /// permit it.
    ///
    /// # Errors
    ///
    /// [`Error::CallerLostRights`] if a certificate is registered; those of [`Self::generate`].
    pub async fn generate_first(&self, request: GenerateRequest) -> Result<IssuedCertificate, Error> {
        if !self.registry().is_empty() {
            return Err(Error::CallerLostRights);
        }
        let permit = authorize(&Arc::new(Caller::at_setup())).map_err(|_| Error::CallerLostRights)?;
        self.generate(&permit, request).await
    }

    /// Generates a key and a certificate, registers the certificate, and returns both. The key is not stored.
    ///
    /// # Errors
    ///
    /// In this order, before a key is generated: [`Error::BlankName`] and the like; [`Error::ClearanceTooLow`];
    /// [`Error::InvalidNotAfter`]; [`Error::RepeatedRequest`]. Then [`Error::Issuer`]. Then, for concurrent changes:
    /// [`Error::CallerLostRights`], [`Error::RepeatedRequest`]; and [`Error::Store`].
    pub async fn generate(
        &self,
        permit: &Permit<GenerateCertificate>,
        request: GenerateRequest,
    ) -> Result<IssuedCertificate, Error> {
        let asked = || Asked::by(permit, request.grant.name.clone());
        let issued = match self.issue(permit, &request).await {
            Ok(issued) => issued,
            Err(error) => {
                self.ledger.refused(&asked(), &error);
                return Err(error);
            }
        };
        let (mut asked, certificate) = (asked(), issued.certificate.clone());
        asked.answered = request.request_id.map(|request_id| AnsweredRequest {
            request_id,
            thumbprint: certificate.thumbprint(),
            at: self.parts().clock.now(),
        });
        let grant = request.grant;
        self.change(asked, move |_, clearance| {
            check_reach(clearance, grant.clearance, Attempt::Generate, &grant.name)?;
            Ok(plan(&certificate, grant))
        })
        .await?;
        Ok(issued)
    }

    async fn issue(
        &self,
        permit: &Permit<GenerateCertificate>,
        request: &GenerateRequest,
    ) -> Result<IssuedCertificate, Error> {
        let (parts, grant) = (self.parts(), &request.grant);
        check_name(&grant.name)?;
        check_reach(
            permit.caller().clearance(),
            grant.clearance,
            Attempt::Generate,
            &grant.name,
        )?;
        let now = parts.clock.now();
        let validity = client_certificate_validity(request.not_after, now);
        if validity.not_after <= now {
            return Err(Error::InvalidNotAfter {
                not_after: validity.not_after,
            });
        }
        if let Some(request_id) = &request.request_id {
            parts.refuse_repeated(request_id).await?;
        }
        let server = parts.server_certificates.current();
        parts
            .issuer
            .issue(
                server,
                grant.name.clone(),
                request.not_after,
                request.password.clone(),
                now,
            )
            .await
            .map_err(Error::Issuer)
    }
}

fn plan(certificate: &Certificate, grant: Grant) -> Plan<()> {
    let detail = format!("issued {} with clearance {}", certificate.thumbprint(), grant.clearance);
    let entry = RegisteredCertificate::new(certificate, grant);
    Plan {
        changes: vec![Change::Put(Arc::new(entry))],
        detail,
        outcome: (),
    }
}
