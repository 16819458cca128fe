//! Certificates for all products: parsing uploads, verification, issuing, and the server certificate.

pub mod asn1;
pub mod certificate;
pub mod issuer;
pub mod pkcs12;
pub mod server_certificate;
pub mod trust;
