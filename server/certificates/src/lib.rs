//! Certificates, whatever the product: how they are read from uploads, judged, made, and presented by the server.

pub mod asn1;
pub mod certificate;
pub mod issuer;
pub mod pkcs12;
pub mod server_certificate;
pub mod trust;
