//! A database's own server certificate, in place of the cluster's.

use std::sync::Arc;

use super::{changed, described};
use crate::cluster::access::ClusterPermit;
use crate::cluster::access::action::UpdateDatabase;
use crate::cluster::{Cluster, ClusterError, Planning, Run, certificate_rules};
use certward_redis_model::database::{Database, ProxyCertificate};
use certward_redis_model::named_certificate::{CertificateName, NewCertificate};
use certward_redis_model::uid::DatabaseUid;

impl Cluster {
    /// Sets a database's own server certificate, which is presented from the next handshake on.
    ///
    /// # Errors
    ///
    /// In this order: [`ClusterError::NoSuchDatabase`]; [`ClusterError::OutsideScope`];
    /// [`ClusterError::InvalidCertificate`] or [`ClusterError::CertificateExpired`], as for the cluster's `proxy`;
    /// [`ClusterError::Store`].
    pub async fn put_database_certificate(
        &self,
        permit: &ClusterPermit<UpdateDatabase>,
        uid: DatabaseUid,
        certificate: ProxyCertificate,
        run: Run,
    ) -> Result<Arc<Database>, ClusterError> {
        let plan = move |planning: &Planning<'_>, present: &Arc<Database>| {
            let new = NewCertificate {
                name: CertificateName::Proxy,
                certificate: certificate.chain,
                key: Some(certificate.key),
            };
            let what = certificate_rules::check(&new, planning.state, planning.now)?;
            let NewCertificate {
                certificate: chain,
                key,
                ..
            } = new;
            let mut database = Database::clone(present);
            database.tls.certificate = key.map(|key| Arc::new(ProxyCertificate { chain, key }));
            database.changed_at = planning.now;
            Ok(changed(database, |database| {
                format!("gave {} the server certificate {what}", described(database))
            }))
        };
        self.change_database(permit, uid, run, plan).await
    }

    /// Deletes a database's own server certificate: the cluster's is presented again.
    ///
    /// # Errors
    ///
    /// In this order: [`ClusterError::NoSuchDatabase`]; [`ClusterError::OutsideScope`];
    /// [`ClusterError::NoDatabaseCertificate`]; [`ClusterError::Store`].
    pub async fn delete_database_certificate(
        &self,
        permit: &ClusterPermit<UpdateDatabase>,
        uid: DatabaseUid,
    ) -> Result<(), ClusterError> {
        let plan = move |planning: &Planning<'_>, present: &Arc<Database>| {
            let mut database = Database::clone(present);
            if database.tls.certificate.take().is_none() {
                return Err(ClusterError::NoDatabaseCertificate { uid });
            }
            database.changed_at = planning.now;
            Ok(changed(database, |database| {
                format!("took the server certificate of {} away", described(database))
            }))
        };
        self.change_database(permit, uid, Run::Apply, plan).await.map(drop)
    }
}
