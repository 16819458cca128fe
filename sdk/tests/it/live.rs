//! The operations end to end, against whatever server the environment names: a real RavenDB 7.2 or the reference server.
//!
//! `CERTWARD_ACC_RAVENDB_ENDPOINT` is the server; the three files are named by
//! `CERTWARD_ACC_RAVENDB_CLIENT_CERTIFICATE`, `CERTWARD_ACC_RAVENDB_CLIENT_PRIVATE_KEY` (a ClusterAdmin) and
//! `CERTWARD_ACC_RAVENDB_CA_CERTIFICATE`. Without them the tests print a note and end. Each test deletes its
//! registrations, and the server's own certificate stays.

use std::path::Path;
use std::time::Duration;

use certward::pki::{Certificate, Thumbprint, certificates_from_pem};
use certward::ravendb::{
    Client, ClientBuilder, DatabaseAccess, EditCertificate, GenerateCertificate, ListCertificates, Permissions,
    RegisterCertificate, SecurityClearance, TwoFactorScope,
};
use certward::{Error, ExposeSecret as _, Identity, SecretString};
use time::macros::datetime;
use totp_rs::{Algorithm, Builder, Secret};

#[tokio::test]
async fn the_server_tells_about_itself_and_its_caller() {
    let Some(server) = Live::from_environment() else { return };
    let client = server.client();
    let who = client
        .who_am_i()
        .await
        .unwrap()
        .expect("the client certificate is registered");
    assert_eq!(
        who.certificate.thumbprint,
        client.own_certificate().unwrap().thumbprint()
    );
    assert_eq!(who.certificate.certificate.as_ref(), client.own_certificate());
    assert!(client.server().version().await.unwrap().full_version.starts_with("7."));
    assert!(!client.server().topology().await.unwrap().members.is_empty());
    client.server().license().await.unwrap();
    assert!(["None", "LetsEncrypt", "Secured"].contains(&client.server().setup_mode().await.unwrap().as_str()));
    assert!(!client.server().cluster_domains().await.unwrap().is_empty());
    client.local_state().list().await.unwrap();
    client.server_certificate().replacement().await.unwrap();
    assert!(!client.server_certificate().export().await.unwrap().is_empty());
    client.server_certificate().export_for_communication().await.unwrap();
    let list = client
        .certificates()
        .list(&ListCertificates::new().page_size(1))
        .await
        .unwrap();
    assert_eq!(Some(list.certificates[0].thumbprint), list.loaded_server_certificate);
    assert_eq!(list.certificates[0].security_clearance, SecurityClearance::ClusterNode);
}

#[tokio::test]
async fn a_registered_certificate_is_read_edited_and_deleted() {
    let Some(server) = Live::from_environment() else { return };
    let client = server.client();
    let own = OwnCertificate::new("certward-live-register");
    let permissions: Permissions = [("Orders", DatabaseAccess::ReadWrite)].into_iter().collect();
    let register = RegisterCertificate::new(&own.name, SecurityClearance::ValidUser, &own.certificate)
        .permissions(permissions.clone());
    client.certificates().register(&register).await.unwrap();
    client.certificates().register(&register).await.unwrap(); // again: no conflict

    let found = client
        .certificates()
        .get(&own.thumbprint())
        .await
        .unwrap()
        .expect("it was just registered");
    assert_eq!(found.certificate.as_ref(), Some(&own.certificate));
    assert_eq!(
        (found.name.as_str(), &found.security_clearance),
        (own.name.as_str(), &SecurityClearance::ValidUser)
    );
    assert_eq!(found.permissions, permissions);
    assert_eq!(found.not_after, Some(own.certificate.validity().not_after));
    assert_eq!(found.not_before, Some(own.certificate.validity().not_before));
    assert_eq!(
        found.public_key_pinning_hash,
        Some(own.certificate.public_key_pinning_hash())
    );
    let metadata = client
        .certificates()
        .get_metadata(&own.thumbprint())
        .await
        .unwrap()
        .expect("it was just registered");
    assert_eq!((metadata.certificate, metadata.name), (None, own.name.clone()));

    client
        .certificates()
        .update(
            &EditCertificate::of(&found)
                .clearance(SecurityClearance::Operator)
                .permissions(Permissions::none()),
        )
        .await
        .unwrap();
    let by_name = client
        .certificates()
        .list(&ListCertificates::new().name(&own.name).metadata_only())
        .await
        .unwrap();
    let edited = by_name
        .certificates
        .iter()
        .find(|certificate| certificate.thumbprint == own.thumbprint())
        .expect("it is listed");
    assert_eq!(
        (&edited.security_clearance, edited.permissions.is_empty()),
        (&SecurityClearance::Operator, true)
    );
    let who = server
        .client_as(own.identity())
        .who_am_i()
        .await
        .unwrap()
        .expect("it is registered");
    assert_eq!(who.certificate.thumbprint, own.thumbprint());

    client.certificates().delete(&own.thumbprint()).await.unwrap();
    assert_eq!(client.certificates().get(&own.thumbprint()).await.unwrap(), None);
    client.certificates().delete(&own.thumbprint()).await.unwrap(); // again: no error
    assert!(
        server
            .client_as(own.identity())
            .certificates()
            .list(&ListCertificates::new())
            .await
            .unwrap_err()
            .is_unauthorized()
    );
}

#[tokio::test]
async fn a_generated_certificate_logs_in_until_it_is_deleted() {
    let Some(server) = Live::from_environment() else { return };
    let client = server.client();
    let not_after = datetime!(2036-02-29 12:00 UTC);
    let password = || SecretString::from("p@ss w0rd");
    let request = GenerateCertificate::new(unique("certward-live-generate"), SecurityClearance::Operator)
        .password(password())
        .not_after(not_after);
    let generated = client.certificates().generate(&request).await.unwrap();
    let thumbprint = generated.certificate.thumbprint();
    assert_eq!(generated.certificate.validity().not_after, not_after);
    assert!(
        generated
            .certificate
            .extended_key_usage()
            .is_some_and(|usage| usage.client_auth())
    );
    assert!(!generated.certificate.is_ca());
    let from_pfx = Identity::from_pkcs12(generated.pkcs12.expose(), &password()).unwrap();
    assert_eq!(from_pfx.certificate(), &generated.certificate);
    assert!(
        Identity::from_pkcs12(generated.pkcs12.expose(), &SecretString::from("wrong"))
            .unwrap_err()
            .is_configuration()
    );
    assert_eq!(
        Identity::from_setup_zip(generated.zip.expose(), &password())
            .unwrap()
            .certificate(),
        &generated.certificate
    );

    let operator = server.client_as(generated.identity().unwrap());
    assert_eq!(
        operator
            .who_am_i()
            .await
            .unwrap()
            .expect("it is registered")
            .certificate
            .thumbprint,
        thumbprint
    );
    operator
        .certificates()
        .list(&ListCertificates::new().metadata_only())
        .await
        .unwrap();
    assert!(is_only_forbidden(&operator.server().setup_mode().await.unwrap_err()));
    assert!(
        operator
            .certificates()
            .delete(&thumbprint)
            .await
            .unwrap_err()
            .is_refused()
    );
    let admin = GenerateCertificate::new("certward-live-too-high", SecurityClearance::ClusterAdmin);
    assert!(operator.certificates().generate(&admin).await.unwrap_err().is_refused());

    client.certificates().delete(&thumbprint).await.unwrap();
    let fresh = server.client_as(generated.identity().unwrap());
    assert!(
        fresh
            .certificates()
            .list(&ListCertificates::new())
            .await
            .unwrap_err()
            .is_unauthorized()
    );
}

#[tokio::test]
async fn a_disabled_certificate_is_shut_out() {
    let Some(server) = Live::from_environment() else { return };
    let client = server.client();
    let own = OwnCertificate::new("certward-live-disabled");
    client
        .certificates()
        .register(&RegisterCertificate::new(
            &own.name,
            SecurityClearance::Operator,
            &own.certificate,
        ))
        .await
        .unwrap();
    let edit = || {
        EditCertificate::new(
            own.thumbprint(),
            &own.name,
            SecurityClearance::Operator,
            Permissions::none(),
        )
    };
    client.certificates().update(&edit().disabled(true)).await.unwrap();
    assert!(
        client
            .certificates()
            .get(&own.thumbprint())
            .await
            .unwrap()
            .expect("it is registered")
            .disabled
    );
    let refused = server
        .client_as(own.identity())
        .certificates()
        .list(&ListCertificates::new())
        .await
        .unwrap_err();
    client.certificates().update(&edit()).await.unwrap();
    let accepted = server
        .client_as(own.identity())
        .certificates()
        .list(&ListCertificates::new())
        .await;
    client.certificates().delete(&own.thumbprint()).await.unwrap();
    assert!(refused.is_forbidden(), "{refused:?}");
    accepted.unwrap();
}

#[tokio::test]
async fn a_certificate_with_a_second_factor_needs_its_code() {
    let Some(server) = Live::from_environment() else { return };
    let client = server.client();
    let limits = client.two_factor().configuration().await.unwrap();
    assert!(limits.default_session_minutes <= limits.max_session_minutes);
    let secret = client.two_factor().generate_secret().await.unwrap();
    let own = OwnCertificate::new("certward-live-2fa");
    let key = SecretString::from(secret.expose_secret().to_owned());
    let register =
        RegisterCertificate::new(&own.name, SecurityClearance::Operator, &own.certificate).two_factor_key(key);
    client.certificates().register(&register).await.unwrap();

    let holder = server.client_as(own.identity());
    let list = ListCertificates::new().metadata_only().page_size(1);
    assert!(
        holder
            .certificates()
            .list(&list)
            .await
            .unwrap_err()
            .is_two_factor_required()
    );
    let secret = Secret::try_from_base32(secret.expose_secret()).unwrap();
    let totp = Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_step_duration(30)
        .with_secret(secret)
        .build()
        .unwrap();
    let code: u32 = totp.generate_current().to_string().parse().unwrap();
    let wrong = holder
        .two_factor()
        .log_in((code + 1) % 1_000_000, TwoFactorScope::ThisClient, None)
        .await
        .unwrap_err();
    holder
        .two_factor()
        .log_in(code, TwoFactorScope::ThisClient, Some(Duration::from_secs(300)))
        .await
        .unwrap();
    holder.certificates().list(&list).await.unwrap();
    assert!(
        holder
            .who_am_i()
            .await
            .unwrap()
            .expect("it is registered")
            .two_factor_expires
            .is_some()
    );
    holder.two_factor().log_out().await.unwrap();
    let after = holder.certificates().list(&list).await.unwrap_err();
    client.certificates().delete(&own.thumbprint()).await.unwrap();
    assert!(after.is_two_factor_required(), "{after:?}");
    assert!(wrong.is_invalid_input() && wrong.status() == Some(406), "{wrong:?}");
}

#[tokio::test]
async fn strangers_are_told_so() {
    let Some(server) = Live::from_environment() else { return };
    for client in [
        server.client_as(OwnCertificate::new("certward-live-stranger").identity()),
        server.builder().build().unwrap(),
    ] {
        assert_eq!(client.who_am_i().await.unwrap(), None);
        let error = client.certificates().list(&ListCertificates::new()).await.unwrap_err();
        assert!(
            error.is_unauthorized() && error.error_type() == Some("InvalidAuth"),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let Some(server) = Live::from_environment() else { return };
    let client = server.client();
    let nobody = Thumbprint::from_bytes([0; 20]);
    assert_eq!(client.certificates().get(&nobody).await.unwrap(), None);
    client.certificates().delete(&nobody).await.unwrap();
    let edit = EditCertificate::new(nobody, "nobody", SecurityClearance::Operator, Permissions::none());
    assert!(client.certificates().update(&edit).await.unwrap_err().is_refused());
    let past = GenerateCertificate::new("certward-live-past", SecurityClearance::Operator)
        .not_after(datetime!(2020-01-01 0:00 UTC));
    assert!(
        client
            .certificates()
            .generate(&past)
            .await
            .unwrap_err()
            .is_invalid_input()
    );
    let unknown = GenerateCertificate::new("certward-live-unknown", SecurityClearance::from("SuperAdmin"));
    assert!(
        client
            .certificates()
            .generate(&unknown)
            .await
            .unwrap_err()
            .is_invalid_input()
    );
    let loaded = client
        .certificates()
        .list(&ListCertificates::new().page_size(1))
        .await
        .unwrap()
        .certificates
        .remove(0);
    let own = RegisterCertificate::new(
        "certward-live-server",
        SecurityClearance::Operator,
        loaded.certificate.as_ref().expect("listed in full"),
    );
    assert!(client.certificates().register(&own).await.unwrap_err().is_refused());
}

#[tokio::test]
async fn read_access_is_given_where_the_licence_has_it() {
    let Some(server) = Live::from_environment() else { return };
    let client = server.client();
    let licensed = client.server().license().await.unwrap().has_read_only_certificates;
    let permissions = [("Orders", DatabaseAccess::Read)].into_iter().collect();
    let request =
        GenerateCertificate::new(unique("certward-live-read"), SecurityClearance::ValidUser).permissions(permissions);
    match client.certificates().generate(&request).await {
        Ok(generated) => {
            client
                .certificates()
                .delete(&generated.certificate.thumbprint())
                .await
                .unwrap();
            assert!(licensed, "read access was given without a licence");
        }
        Err(error) => assert!(error.is_license_limit() && !licensed, "{error:?}"),
    }
}

#[tokio::test]
async fn expired_certificates_are_purged() {
    let Some(server) = Live::from_environment() else { return };
    let client = server.client();
    let own = OwnCertificate::ending("certward-live-expired", datetime!(2021-01-01 0:00 UTC));
    client
        .certificates()
        .register(&RegisterCertificate::new(
            &own.name,
            SecurityClearance::Operator,
            &own.certificate,
        ))
        .await
        .unwrap();
    let refused = server
        .client_as(own.identity())
        .certificates()
        .list(&ListCertificates::new())
        .await
        .unwrap_err();
    client.certificates().delete_expired().await.unwrap();
    assert_eq!(client.certificates().get(&own.thumbprint()).await.unwrap(), None);
    assert!(refused.is_unauthorized(), "{refused:?}");
}

/// The server that the environment names.
struct Live {
    endpoint: String,
    ca: String,
    certificate: String,
    private_key: String,
}

impl Live {
    fn from_environment() -> Option<Self> {
        let Ok(endpoint) = std::env::var("CERTWARD_ACC_RAVENDB_ENDPOINT") else {
            println!("skipped: CERTWARD_ACC_RAVENDB_ENDPOINT names no server");
            return None;
        };
        let file = |name: &str| {
            let path = std::env::var(name)
                .unwrap_or_else(|_| panic!("{name} must name a file when CERTWARD_ACC_RAVENDB_ENDPOINT is set"));
            std::fs::read_to_string(Path::new(&path)).unwrap_or_else(|error| panic!("{name}={path}: {error}"))
        };
        Some(Self {
            endpoint,
            ca: file("CERTWARD_ACC_RAVENDB_CA_CERTIFICATE"),
            certificate: file("CERTWARD_ACC_RAVENDB_CLIENT_CERTIFICATE"),
            private_key: file("CERTWARD_ACC_RAVENDB_CLIENT_PRIVATE_KEY"),
        })
    }

    fn builder(&self) -> ClientBuilder {
        let builder = Client::builder().endpoint(&self.endpoint).trust_anchors_pem(&self.ca);
        builder.request_timeout(Duration::from_secs(120)) // a real server takes 5 s of CPU for each generated key
    }

    fn client(&self) -> Client {
        self.client_as(Identity::from_pem(&self.certificate, &self.private_key).unwrap())
    }

    /// A client with connections of its own: RavenDB decides about a connection once.
    fn client_as(&self, identity: Identity) -> Client {
        self.builder().identity(identity).build().unwrap()
    }
}

/// A self-signed client certificate, made here because that is quick.
struct OwnCertificate {
    name: String,
    certificate: Certificate,
    pem: String,
    key: String,
}

impl OwnCertificate {
    fn new(name: &str) -> Self {
        Self::ending(name, datetime!(2036-01-01 0:00 UTC))
    }

    fn ending(name: &str, not_after: time::OffsetDateTime) -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::default();
        let name = unique(name);
        params.distinguished_name.push(rcgen::DnType::CommonName, name.as_str());
        params.not_before = datetime!(2020-01-01 0:00 UTC);
        params.not_after = not_after;
        params.key_usages = vec![rcgen::KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
        let pem = params.self_signed(&key).unwrap().pem();
        let certificate = certificates_from_pem(&pem).unwrap().remove(0);
        Self {
            name,
            certificate,
            pem,
            key: key.serialize_pem(),
        }
    }

    fn thumbprint(&self) -> Thumbprint {
        self.certificate.thumbprint()
    }

    fn identity(&self) -> Identity {
        Identity::from_pem(&self.pem, &self.key).unwrap()
    }
}

fn is_only_forbidden(error: &Error) -> bool {
    error.is_forbidden() && !error.is_unauthorized()
}

/// Runs against one server must not meet each other's certificates.
fn unique(name: &str) -> String {
    let random = rcgen::KeyPair::generate().unwrap().serialize_der();
    let digits: String = random.iter().rev().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("{name}-{digits}")
}
