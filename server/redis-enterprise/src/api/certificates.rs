//! `/v1/cluster/certificates` and `/v1/cluster/update_cert`: the cluster's certificates
//! (`docs/contracts/redis-enterprise.md#cluster-certificates`).

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use certward_pki::PrivateKeyPem;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::authorized::Authorized;
use super::body::RequestBody;
use super::problem::{Code, Problem};
use super::wire::{CertificateRotation, CertificateUpload, CertificateUploads};
use super::{Dialect, answer};
use crate::cluster::access::action::{UpdateCluster, ViewCertificates};
use certward_certificates::server_certificate::ServerCertificate;
use certward_redis_model::named_certificate::{
    CertificateName, NamedCertificates, NewCertificate, UnknownCertificateName,
};
use certward_redis_model::permission::Permission;

/// The certificates, flat: `<name>_cert` and, for those who may see keys, `<name>_key`. `api` is what this server shows
/// in TLS, and `proxy` too until one is installed; its key is a file of the server's, and no client's to read.
struct View<'a> {
    server_certificate: Arc<ServerCertificate>,
    certificates: &'a NamedCertificates,
    with_keys: bool,
}

impl Serialize for View<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(None)?;
        members.serialize_entry("api_cert", &self.server_certificate.certificate().to_pem())?;
        if self.certificates.get(CertificateName::Proxy).is_none() {
            members.serialize_entry("proxy_cert", &self.server_certificate.to_pem())?;
        }
        for certificate in self.certificates.iter() {
            members.serialize_entry(&format!("{}_cert", certificate.name), &certificate.certificate)?;
            if self.with_keys
                && let Some(key) = &certificate.key
            {
                members.serialize_entry(&format!("{}_key", certificate.name), key.expose())?;
            }
        }
        members.end()
    }
}

/// `GET /v1/cluster/certificates`
pub(super) async fn list(
    Authorized(permit): Authorized<ViewCertificates>,
    State(dialect): State<Arc<Dialect>>,
) -> Response {
    answer::json(&View {
        server_certificate: dialect.app.server_certificates.current(),
        certificates: dialect.app.cluster.state().certificates(),
        with_keys: permit.caller().permissions().contains(Permission::ViewClusterKeys),
    })
}

/// `PUT /v1/cluster/certificates`: all of them or none.
pub(super) async fn put(
    Authorized(permit): Authorized<UpdateCluster>,
    State(dialect): State<Arc<Dialect>>,
    body: RequestBody,
) -> Result<Response, Problem> {
    let body: CertificateUploads = body.read().await?;
    let certificates: Vec<_> = body.certificates.into_iter().map(upload).collect::<Result<_, _>>()?;
    if certificates.is_empty() {
        return Err(Problem::new(
            Code::InvalidSchema,
            "the field 'certificates' is empty; name at least one certificate",
        ));
    }
    dialect.app.cluster.put_certificates(&permit, certificates).await?;
    Ok(answer::done())
}

/// `PUT /v1/cluster/update_cert`, deprecated by [`put`].
pub(super) async fn update(
    Authorized(permit): Authorized<UpdateCluster>,
    State(dialect): State<Arc<Dialect>>,
    body: RequestBody,
) -> Result<Response, Problem> {
    let certificate = upload(body.read().await?)?;
    dialect.app.cluster.put_certificates(&permit, vec![certificate]).await?;
    Ok(answer::done())
}

/// `DELETE /v1/cluster/certificates/{certificate_name}`
pub(super) async fn delete(
    Authorized(permit): Authorized<UpdateCluster>,
    State(dialect): State<Arc<Dialect>>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    let name = name
        .parse()
        .map_err(|error: UnknownCertificateName| Problem::new(Code::CertificateNotExist, error.to_string()))?;
    dialect.app.cluster.delete_certificate(&permit, name).await?;
    Ok(answer::done())
}

/// `POST /v1/cluster/certificates/rotate`
pub(super) async fn rotate(
    Authorized(permit): Authorized<UpdateCluster>,
    State(dialect): State<Arc<Dialect>>,
    body: RequestBody,
) -> Result<Response, Problem> {
    let body: CertificateRotation = body.read_if_any().await?;
    let name = body.name.as_deref().map(named).transpose()?;
    dialect.app.cluster.rotate_certificates(&permit, name).await?;
    Ok(answer::done())
}

fn upload(entry: CertificateUpload) -> Result<NewCertificate, Problem> {
    let name = named(&entry.name)?;
    // An empty key is as good as none: a form that has the field sends it.
    let key = entry.key.as_deref().filter(|key| !key.trim().is_empty());
    Ok(NewCertificate {
        name,
        certificate: entry.certificate,
        key: key
            .map(|key| PrivateKeyPem::from_pem(key))
            .transpose()
            .map_err(|error| {
                Problem::new(
                    Code::InvalidCertificate,
                    format!("certificate {name}: the key is not usable: {error}"),
                )
            })?,
    })
}

fn named(name: &str) -> Result<CertificateName, Problem> {
    name.parse()
        .map_err(|error: UnknownCertificateName| Problem::new(Code::InvalidCertificateName, error.to_string()))
}
