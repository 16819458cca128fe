//! Replacing the server certificate while the server runs (`docs/contracts/ravendb.md#server-certificate-replacement`).
//!
//! On the real server the nodes of a cluster confirm that they have the new certificate, and then swap. Here there is
//! one node: it confirms with the response, and swaps a moment later, so that a caller with the server's own old
//! certificate can still read the status (observed records 740 to 742: status 200 with one confirmation and nothing
//! replaced, and afterwards the old certificate is unknown). With `replace_immediately` it swaps before the response.

mod reload;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use certward_pki::Thumbprint;
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::{Asked, Authority};
use crate::access::authz::Permit;
use crate::access::authz::action::ReplaceServerCertificate;
use crate::usecases;
use certward_certificates::server_certificate::{
    CertificateFile, CertificateFileError, ServerCertificate, ServerCertificates,
};
use certward_system::clock::Clock;
use certward_system::telemetry;

/// The server certificate's file, and the current replacement, if there is one.
#[derive(Debug)]
pub struct Replacement {
    file: CertificateFile,
    certificates: Arc<ServerCertificates>,
    clock: Arc<dyn Clock>,
    /// Checks the caller's rights again.
    authority: Arc<Authority>,
    under_way: Mutex<UnderWay>,
    /// Locked while the file is changed or read, so that the certificate in force always comes from the current
    /// content.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct UnderWay {
    /// Distinguishes a replacement from a later one.
    number: u64,
    status: Option<ReplacementStatus>,
}

/// A request to replace the server certificate.
#[derive(Debug)]
pub struct ReplaceRequest {
    /// The new certificate with its private key and issuers: PKCS#12, or PEM.
    pub file: Zeroizing<Vec<u8>>,
    /// The password of that file.
    pub password: Option<SecretString>,
    /// Swap before the response.
    pub replace_immediately: bool,
}

/// The progress of a replacement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplacementStatus {
    /// Nodes that have the new certificate; here 1.
    pub confirmations: u32,
    /// Thumbprint of the new certificate.
    pub thumbprint: Thumbprint,
    /// Thumbprint of the certificate in force.
    pub old_thumbprint: Thumbprint,
    /// The value in the request.
    pub replace_immediately: bool,
    /// Nodes that have swapped; here 0, because the replacement is over with the only one.
    pub replaced: u32,
}

/// The server certificate is not replaced.
#[derive(Debug, thiserror::Error)]
pub enum ReplacementError {
    /// The file cannot be used or cannot be written.
    #[error("the new certificate cannot be used")]
    File(#[from] CertificateFileError),
    /// The caller has lost the right.
    #[error(transparent)]
    Refused(#[from] usecases::Error),
}

impl Replacement {
    /// Creates it without a current replacement.
    #[must_use]
    pub fn new(
        file: CertificateFile,
        certificates: Arc<ServerCertificates>,
        clock: Arc<dyn Clock>,
        authority: Arc<Authority>,
    ) -> Arc<Self> {
        Arc::new(Self {
            file,
            certificates,
            clock,
            authority,
            under_way: Mutex::default(),
            turn: tokio::sync::Mutex::new(()),
        })
    }

    /// Checks the new certificate and starts to replace the one in force. A current replacement is cancelled. The
    /// caller needs the right both at the request and at the swap.
    ///
    /// # Errors
    ///
    /// [`ReplacementError`]; nothing has changed.
    pub async fn replace(
        self: &Arc<Self>,
        permit: &Permit<ReplaceServerCertificate>,
        request: ReplaceRequest,
    ) -> Result<(), ReplacementError> {
        let ReplaceRequest {
            file,
            password,
            replace_immediately,
        } = request;
        let asked = asked(permit);
        self.authority.look_again(&asked)?;
        let now = self.clock.now();
        let certificate = match self.file.parse(&file, password.as_ref(), now).await {
            Ok(certificate) => certificate,
            Err(error) => {
                self.refused(&error);
                return Err(error.into());
            }
        };
        let number = {
            let _held = self.authority.hold(&asked).await?;
            self.begin(&certificate, replace_immediately)
        };
        let this = Arc::clone(self);
        // In a task of its own: a caller who hangs up must not leave the file changed and the certificate in force not.
        let swap = tokio::spawn(async move {
            if !replace_immediately {
                tokio::time::sleep(SWAP_DELAY).await;
            }
            let swapped = this.swap(number, &asked, file, password, certificate).await;
            match &swapped {
                Ok(()) => {}
                Err(ReplacementError::File(error)) => this.refused(error),
                Err(ReplacementError::Refused(error)) => tracing::warn!(
                    error = error as &dyn std::error::Error,
                    "the server certificate is not replaced; the certificate in force stays"
                ),
            }
            swapped
        });
        if !replace_immediately {
            return Ok(());
        }
        // It fails to join only when the runtime is stopping.
        swap.await.unwrap_or(Ok(()))
    }

    /// The status of the current replacement.
    #[must_use]
    pub fn status(&self, _permit: &Permit<ReplaceServerCertificate>) -> Option<ReplacementStatus> {
        self.under_way().status
    }

    /// Cancels the current replacement, if there is one.
    ///
    /// # Errors
    ///
    /// [`ReplacementError::Refused`].
    pub fn reset(&self, permit: &Permit<ReplaceServerCertificate>) -> Result<(), ReplacementError> {
        self.authority.look_again(&asked(permit))?;
        let mut under_way = self.under_way();
        under_way.number += 1;
        under_way.status = None;
        Ok(())
    }

    /// Puts the certificate that the file holds now in force, if it differs.
    ///
    /// # Errors
    ///
    /// [`ReplacementError`]; the certificate in force stays.
    pub async fn refresh(&self, permit: &Permit<ReplaceServerCertificate>) -> Result<(), ReplacementError> {
        let _turn = self.turn.lock().await;
        self.authority.look_again(&asked(permit))?;
        let outcome = match self.file.read().await {
            Ok(content) => self.reload(&content).await.map(drop),
            Err(error) => Err(error),
        };
        outcome.inspect_err(|error| self.refused(error))?;
        Ok(())
    }

    fn begin(&self, certificate: &ServerCertificate, replace_immediately: bool) -> u64 {
        let mut under_way = self.under_way();
        under_way.number += 1;
        under_way.status = Some(ReplacementStatus {
            confirmations: 1,
            thumbprint: certificate.certificate().thumbprint(),
            old_thumbprint: self.certificates.current().certificate().thumbprint(),
            replace_immediately,
            replaced: 0,
        });
        under_way.number
    }

    /// The file is written first: a restarted server must present the certificate that it has presented before.
    async fn swap(
        &self,
        number: u64,
        asked: &Asked,
        file: Zeroizing<Vec<u8>>,
        password: Option<SecretString>,
        certificate: ServerCertificate,
    ) -> Result<(), ReplacementError> {
        // Kept until the certificate is in force, so that the deletion of whoever asked comes before the swap or after it.
        // Before the turn, which a store that does not answer must not keep from those who read the file.
        let _held = match self.authority.hold(asked).await {
            Ok(held) => held,
            Err(refused) => {
                self.end(number);
                return Err(refused.into());
            }
        };
        let _turn = self.turn.lock().await;
        if self.under_way().number != number {
            return Ok(());
        }
        let written = self.file.write(file, password.as_ref(), &certificate).await;
        if written.is_ok() {
            tracing::info!(
                thumbprint = %certificate.certificate().thumbprint(),
                path = %self.file.path().display(),
                "the server certificate has been replaced"
            );
            self.certificates.replace(certificate);
            metrics::counter!(telemetry::RELOADS, "outcome" => "done").increment(1);
        }
        self.end(number);
        Ok(written?)
    }

    /// Marks this replacement as ended.
    fn end(&self, number: u64) {
        let mut under_way = self.under_way();
        if under_way.number == number {
            under_way.status = None;
        }
    }

    fn under_way(&self) -> MutexGuard<'_, UnderWay> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn asked(permit: &Permit<ReplaceServerCertificate>) -> Asked {
    Asked::by(permit, "server certificate")
}

/// The time for which the progress of a replacement can be read before the swap.
pub const SWAP_DELAY: Duration = Duration::from_secs(1);
