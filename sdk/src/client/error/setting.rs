//! The setting of a builder that an error is about.

use super::Error;

/// A setting of a builder that is read when the client is built: [`Error::setting`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BuilderSetting {
    /// `endpoint` and `endpoints`.
    Endpoints,
    /// `trust_anchors_pem`.
    TrustAnchors,
    /// `tls_server_name`.
    TlsServerName,
    /// `proxy_url`.
    ProxyUrl,
}

impl Error {
    /// The setting of the builder that cannot be used, when `build` failed because of one.
    pub fn setting(&self) -> Option<BuilderSetting> {
        self.0.setting
    }

    pub(crate) fn about(mut self, setting: BuilderSetting) -> Self {
        self.0.setting = Some(setting);
        self
    }
}
