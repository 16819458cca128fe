//! Loads a new server certificate when the file is replaced, as certbot and similar programs do.

use std::sync::Arc;
use std::time::Duration;

use certward_pki::ErrorChain;
use sha2::{Digest, Sha256};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use super::Replacement;
use certward_certificates::server_certificate::{CertificateFileError, UnfitServerCertificate};
use certward_system::telemetry;

impl Replacement {
    /// Checks the file every second, until `stop`. An unusable file is reported once per reason, and the certificate in
    /// force stays: the file may be incomplete while it is being written.
    pub async fn watch_file(self: Arc<Self>, stop: CancellationToken) {
        let mut seen: Option<[u8; 32]> = None;
        let mut reported = None;
        let mut check = tokio::time::interval(FILE_CHECK);
        check.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = check.tick() => {}
            }
            let _turn = self.turn.lock().await;
            let content = self.file.read().await;
            // The content and not its time stamp: a copy may keep the old one, and two changes may share one.
            let digest = content
                .as_ref()
                .map_or([0; 32], |content| Sha256::digest(content).into());
            if content.is_ok() && seen.replace(digest) == Some(digest) {
                continue;
            }
            let outcome = match content {
                Ok(content) => self.reload(&content).await,
                Err(error) => {
                    // The same content counts as new once it can be read again.
                    seen = None;
                    Err(error)
                }
            };
            match outcome {
                Ok(_) => reported = None,
                Err(error) => {
                    if matches!(
                        &error,
                        CertificateFileError::Unfit(UnfitServerCertificate::NotYetValid { .. })
                    ) {
                        // The same content may be usable later.
                        seen = None;
                    }
                    let reason = ErrorChain::new(&error).to_string();
                    if reported.as_ref() != Some(&reason) {
                        self.unusable(&error);
                        reported = Some(reason);
                    }
                }
            }
        }
    }

    /// Reads the file on an operator's request, and logs the result in any case.
    pub async fn reread(&self) {
        let _turn = self.turn.lock().await;
        let outcome = match self.file.read().await {
            Ok(content) => self.reload(&content).await,
            Err(error) => Err(error),
        };
        match outcome {
            // The log has it.
            Ok(true) => {}
            Ok(false) => tracing::info!(
                path = %self.file.path().display(),
                "the server certificate has been read again; it is the one in force"
            ),
            Err(error) => self.unusable(&error),
        }
    }

    /// Puts the certificate in `content` in force, unless it is already, after the checks of a start. Returns whether
    /// it has. The caller holds the lock.
    pub(super) async fn reload(&self, content: &Zeroizing<Vec<u8>>) -> Result<bool, CertificateFileError> {
        let now = self.clock.now();
        let certificate = self.file.parse_own(content, now).await?;
        let current = self.certificates.current();
        if current.certificate().der() == certificate.certificate().der() && current.chain() == certificate.chain() {
            return Ok(false);
        }
        tracing::info!(
            thumbprint = %certificate.certificate().thumbprint(),
            path = %self.file.path().display(),
            "the server certificate has been reloaded from its file"
        );
        self.certificates.replace(certificate);
        metrics::counter!(telemetry::RELOADS, "outcome" => "done").increment(1);
        Ok(true)
    }

    /// Logs why the file is unusable. If the system had no descriptor for it, nothing is known of a new certificate.
    fn unusable(&self, error: &CertificateFileError) {
        if !matches!(error, CertificateFileError::File(file) if file.is_exhausted()) {
            return self.refused(error);
        }
        tracing::error!(
            error = error as &dyn std::error::Error,
            "the file of the server certificate cannot be looked at; the certificate in force stays"
        );
    }

    /// Logs and counts a certificate that was not put in force.
    pub(super) fn refused(&self, error: &CertificateFileError) {
        metrics::counter!(telemetry::RELOADS, "outcome" => "failed").increment(1);
        tracing::error!(
            error = error as &dyn std::error::Error,
            path = %self.file.path().display(),
            "the new server certificate cannot be used; the certificate in force stays"
        );
    }
}

/// Interval of the checks of the file.
const FILE_CHECK: Duration = Duration::from_secs(1);
