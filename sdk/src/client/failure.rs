//! Causes of failed connections and exchanges, found in the source chain of an HTTP error.

use std::error::Error as StdError;
use std::io;

use rustls::pki_types::InvalidDnsNameError;
use rustls::{AlertDescription, CertificateError, OtherError};

use super::error::{Cause, TlsFailure};
use super::resolver::UnresolvedHost;
use crate::pki::{Certificate, ErrorChain};

/// The cause in words. `own` is the client's certificate.
pub(crate) fn cause(error: &reqwest::Error, own: Option<&Certificate>) -> Cause {
    match (find(error), error.is_connect()) {
        (Found::Tls(tls), true) => Cause::Tls(TlsFailure {
            client_certificate: refuses_client_certificate(&tls),
            after_handshake: false,
            explanation: explain(&tls, own),
        }),
        // TLS 1.3 verifies the client after the client's side of the handshake has ended (RFC 8446, 4.4.2 and 6).
        (Found::Tls(tls), false) if refuses_client_certificate(&tls) => Cause::Tls(TlsFailure {
            client_certificate: true,
            after_handshake: true,
            explanation: explain(&tls, own),
        }),
        (Found::Tls(tls), false) => Cause::Broken(explain(&tls, own)),
        (Found::Unresolved(host), _) if host.may_pass => Cause::Connect(host.to_string()),
        (Found::Unresolved(host), _) => Cause::Unreachable(host.to_string()),
        (Found::NoHostName, _) => Cause::Unreachable("this is no host name".to_owned()),
        (Found::ProxyLogin, _) => Cause::Unreachable("the proxy demands a login (407)".to_owned()),
        (Found::Closed(_), true) => {
            Cause::Connect("the server closed the connection during the TLS handshake".to_owned())
        }
        (_, true) if error.is_timeout() => Cause::Connect("no connection in time".to_owned()),
        (_, false) if error.is_timeout() => Cause::Timeout,
        (Found::HeaderTooLarge, _) => Cause::TooLarge("the header of the answer is larger than is read".to_owned()),
        (Found::NotHttp, _) => Cause::Decode("the answer is not HTTP".to_owned()),
        (Found::Other(text), true) => Cause::Connect(text),
        (Found::Closed(text) | Found::Other(text), false) => Cause::Broken(text),
    }
}

enum Found<'a> {
    Tls(rustls::Error),
    /// The peer closed or reset the connection.
    Closed(String),
    /// The answer has more header fields, or longer ones, than are read.
    HeaderTooLarge,
    /// The bytes are not an HTTP response.
    NotHttp,
    Unresolved(&'a UnresolvedHost),
    /// A host name for which no certificate can exist.
    NoHostName,
    ProxyLogin,
    /// The text of the innermost cause; those around it say the same once more, with the names of libraries.
    Other(String),
}

fn find<'a>(error: &'a (dyn StdError + 'static)) -> Found<'a> {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    let mut found = None;
    let mut innermost: &(dyn StdError + 'static) = error;
    let mut next = Some(error);
    while let Some(error) = next {
        innermost = error;
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return Found::Tls(tls.clone());
        }
        if let Some(host) = error.downcast_ref::<UnresolvedHost>() {
            return Found::Unresolved(host);
        }
        if error.is::<InvalidDnsNameError>() {
            return Found::NoHostName;
        }
        if let Some(io) = error.downcast_ref::<io::Error>() {
            if matches!(
                io.kind(),
                ConnectionReset | ConnectionAborted | BrokenPipe | UnexpectedEof
            ) {
                found = Some(Found::Closed(ErrorChain::new(io).text()));
            }
            // An io::Error's `source` is that of the error it wraps, so the wrapped one must be asked for.
            next = io.get_ref().map(|inner| inner as &(dyn StdError + 'static));
            continue;
        }
        match error.downcast_ref::<hyper::Error>() {
            Some(error) if error.is_parse_too_large() => found = Some(Found::HeaderTooLarge),
            Some(error) if error.is_parse() => found = Some(Found::NotHttp),
            Some(error) if error.is_incomplete_message() || error.is_closed() => {
                found = Some(Found::Closed(ErrorChain::new(error).text()));
            }
            _ => {}
        }
        next = error.source();
    }
    let text = ErrorChain::new(innermost).text();
    if let Some(alert) = alert_in(&text) {
        return Found::Tls(rustls::Error::AlertReceived(alert));
    }
    if text.contains("proxy authorization required") {
        return Found::ProxyLogin;
    }
    found.unwrap_or(Found::Other(text))
}

/// The alert in the text of an error. h2 keeps of an I/O error only its text.
fn alert_in(text: &str) -> Option<AlertDescription> {
    CLIENT_CERTIFICATE_ALERTS
        .into_iter()
        .find(|alert| text == rustls::Error::AlertReceived(*alert).to_string())
}

fn refuses_client_certificate(error: &rustls::Error) -> bool {
    matches!(error, rustls::Error::AlertReceived(alert) if CLIENT_CERTIFICATE_ALERTS.contains(alert))
}

fn explain(error: &rustls::Error, own: Option<&Certificate>) -> String {
    let named = || match own {
        Some(own) => format!("{} (thumbprint {})", own.subject(), own.thumbprint()),
        None => "none was sent".to_owned(),
    };
    match error {
        rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(other))) => other.to_string(),
        rustls::Error::AlertReceived(AlertDescription::CertificateExpired) => {
            let end = own
                .map(|own| format!("; it ended at {}", own.validity().not_after))
                .unwrap_or_default();
            format!(
                "the server refuses the client certificate because it has expired (TLS alert 45): {}{end}",
                named()
            )
        }
        rustls::Error::AlertReceived(AlertDescription::UnknownCA) => {
            format!(
                "the server refuses the client certificate because it does not know its issuer (TLS alert 48): {}",
                named()
            )
        }
        rustls::Error::AlertReceived(AlertDescription::CertificateRequired) => {
            "the server demands a client certificate and got none (TLS alert 116)".to_owned()
        }
        rustls::Error::AlertReceived(alert) if CLIENT_CERTIFICATE_ALERTS.contains(alert) => {
            format!(
                "the server refuses the client certificate (TLS alert {}): {}",
                u8::from(*alert),
                named()
            )
        }
        rustls::Error::AlertReceived(AlertDescription::HandshakeFailure) => {
            format!(
                "the server ended the TLS handshake (alert 40): no common cipher, or a client certificate it does not accept: {}",
                named()
            )
        }
        rustls::Error::InvalidMessage(_) => "what answers there does not speak TLS; is it plain HTTP?".to_owned(),
        other => format!("TLS failed: {other}"),
    }
}

/// The alerts by which a server refuses the client's certificate, or says that there is none (RFC 8446, 6.2).
const CLIENT_CERTIFICATE_ALERTS: [AlertDescription; 8] = [
    AlertDescription::BadCertificate,
    AlertDescription::UnsupportedCertificate,
    AlertDescription::CertificateRevoked,
    AlertDescription::CertificateExpired,
    AlertDescription::CertificateUnknown,
    AlertDescription::UnknownCA,
    AlertDescription::AccessDenied,
    AlertDescription::CertificateRequired,
];
