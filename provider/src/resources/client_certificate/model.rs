//! The resource as Terraform keeps it, and the part of it that RavenDB keeps.

use std::collections::BTreeMap;

use certward::pki::{Certificate, Thumbprint};
use certward::ravendb::{self, DatabaseAccess, SecurityClearance};
use certward::ravendb_names::folded;
use serde::{Deserialize, Serialize};
use tf_provider::value::Value;

use super::certificate_pem;
use crate::resources::compared::{Compared, attributes};
use crate::values::timestamp;

/// Database name to access, as Terraform carries it.
pub(crate) type Permissions = BTreeMap<String, Value<DatabaseAccess>>;

/// State, configuration and plan of `certward_client_certificate`; the schema says what each attribute is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ClientCertificateState {
    pub(crate) name: Value<String>,
    pub(crate) certificate_pem: Value<String>,
    pub(crate) security_clearance: Value<SecurityClearance>,
    pub(crate) database_permissions: Value<Permissions>,
    pub(crate) disabled: Value<bool>,
    pub(crate) deletion_protection: Value<bool>,

    pub(crate) id: Value<String>,
    pub(crate) thumbprint: Value<String>,
    pub(crate) fingerprint_sha256: Value<String>,
    pub(crate) public_key_pin: Value<String>,
    pub(crate) serial_number: Value<String>,
    pub(crate) subject_dn: Value<String>,
    pub(crate) issuer_dn: Value<String>,
    pub(crate) not_before: Value<String>,
    pub(crate) not_after: Value<String>,
}

impl ClientCertificateState {
    /// The thumbprint of the entry; `None` while it is not known.
    pub(crate) fn thumbprint(&self) -> Option<Thumbprint> {
        self.thumbprint.as_deref_option()?.parse().ok()
    }

    /// Everything that follows from the certificate.
    fn described(&mut self) -> [&mut Value<String>; 9] {
        [
            &mut self.id,
            &mut self.thumbprint,
            &mut self.fingerprint_sha256,
            &mut self.public_key_pin,
            &mut self.serial_number,
            &mut self.subject_dn,
            &mut self.issuer_dn,
            &mut self.not_before,
            &mut self.not_after,
        ]
    }

    /// Fills in everything that follows from the certificate. The text in `certificate_pem` is left alone.
    pub(crate) fn describe(&mut self, certificate: &Certificate) {
        let texts = [
            certificate.thumbprint().to_string(),
            certificate.thumbprint().to_string(),
            certificate.fingerprint().to_string(),
            certificate.public_key_pinning_hash().to_string(),
            certificate.serial_number().to_string(),
            certificate.subject().to_string(),
            certificate.issuer().to_string(),
            timestamp::format(certificate.validity().not_before),
            timestamp::format(certificate.validity().not_after),
        ];
        for (value, text) in self.described().into_iter().zip(texts) {
            *value = Value::Value(text);
        }
    }

    /// Fills in what follows from the certificate where an older version left it out.
    pub(crate) fn describe_again(&mut self) {
        if !self.described().into_iter().any(|value| value.is_null()) {
            return;
        }
        let certificate = self.certificate_pem.as_deref_option().map(certificate_pem::parse);
        if let Some(Ok(certificate)) = certificate {
            self.describe(&certificate);
        }
    }

    /// Marks everything that follows from the certificate as not known yet.
    pub(crate) fn describe_unknown(&mut self) {
        for value in self.described() {
            *value = Value::Unknown;
        }
    }

    /// Takes over from `prior` everything that follows from the certificate.
    pub(crate) fn describe_as(&mut self, prior: &Self) {
        let mut prior = prior.clone();
        for (value, prior) in self.described().into_iter().zip(prior.described()) {
            *value = prior.clone();
        }
    }

    /// Fills in what the cluster says. Names of databases keep the spelling they had.
    pub(crate) fn take_over(&mut self, grant: &Grant) {
        let spelling = self.database_permissions.as_ref_option();
        let permissions = respelled(&grant.database_permissions, spelling);
        self.name = Value::Value(grant.name.clone());
        self.security_clearance = Value::Value(grant.security_clearance.clone());
        self.database_permissions = Value::Value(permissions);
        self.disabled = Value::Value(grant.disabled);
    }

    /// Leaves out permissions that RavenDB keeps and asks of no `ValidUser`: a configuration cannot set them.
    pub(crate) fn drop_idle_permissions(&mut self) {
        let clearance = self.security_clearance.as_ref_option();
        if clearance.is_some_and(|clearance| *clearance != SecurityClearance::ValidUser) {
            self.database_permissions = Value::Value(Permissions::new());
        }
    }
}

/// The parts of a registration that users configure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) name: String,
    pub(crate) security_clearance: SecurityClearance,
    pub(crate) database_permissions: ravendb::Permissions,
    pub(crate) disabled: bool,
}

attributes! {
    GrantAttribute {
        Name = "name",
        SecurityClearance = "security_clearance",
        DatabasePermissions = "database_permissions",
        Disabled = "disabled",
    }
}

impl Grant {
    /// The values of a state or plan; a part that is not known yet differs from every other.
    pub(crate) fn of_state(state: &ClientCertificateState) -> Self {
        let permissions = state.database_permissions.as_ref_option().into_iter().flatten();
        let clearance = state.security_clearance.clone();
        Self {
            name: state.name.clone().unwrap_or_default(),
            security_clearance: clearance.unwrap_or_else(|| SecurityClearance::from("")),
            database_permissions: permissions
                .filter_map(|(database, access)| Some((database.as_str(), access.clone().as_option()?)))
                .collect(),
            disabled: state.disabled.unwrap_or_default(),
        }
    }

    /// Returns `true` when this leaves fewer rights than `before`.
    pub(crate) fn takes_rights_from(&self, before: &Self) -> bool {
        let lost = before.database_permissions.iter().any(|(database, access)| {
            let left = self.database_permissions.get(database);
            left.is_none_or(|left| access_rank(left) < access_rank(access))
        });
        lost || rank(&self.security_clearance) < rank(&before.security_clearance)
    }
}

impl Compared for Grant {
    type Attribute = GrantAttribute;

    fn agrees(&self, there: &Self, attribute: GrantAttribute) -> bool {
        match attribute {
            GrantAttribute::Name => self.name == there.name,
            GrantAttribute::SecurityClearance => self.security_clearance == there.security_clearance,
            GrantAttribute::DatabasePermissions => {
                fold(self.database_permissions.iter()) == fold(there.database_permissions.iter())
            }
            GrantAttribute::Disabled => self.disabled == there.disabled,
        }
    }

    fn shown(&self, attribute: GrantAttribute) -> String {
        match attribute {
            GrantAttribute::Name => format!("{:?}", self.name),
            GrantAttribute::SecurityClearance => format!("{:?}", self.security_clearance.as_str()),
            GrantAttribute::DatabasePermissions if self.database_permissions.is_empty() => "{}".to_owned(),
            GrantAttribute::DatabasePermissions => {
                let entries = self.database_permissions.iter();
                let entries: Vec<String> = entries
                    .map(|(name, access)| format!("{name:?} = {:?}", access.as_str()))
                    .collect();
                format!("{{ {} }}", entries.join(", "))
            }
            GrantAttribute::Disabled => self.disabled.to_string(),
        }
    }
}

/// Rank of a clearance; higher ranks include the rights of lower ones.
pub(crate) fn rank(clearance: &SecurityClearance) -> u8 {
    match clearance {
        SecurityClearance::ClusterAdmin | SecurityClearance::ClusterNode => 2,
        SecurityClearance::Operator => 1,
        _ => 0,
    }
}

fn access_rank(access: &DatabaseAccess) -> u8 {
    match access {
        DatabaseAccess::Admin => 2,
        DatabaseAccess::ReadWrite => 1,
        _ => 0,
    }
}

/// Returns `true` when both maps give the same access to the same databases.
pub(crate) fn same_permissions(one: &Permissions, other: &Permissions) -> bool {
    let entries = |permissions| Permissions::iter(permissions).map(|(name, access)| (name.as_str(), access));
    one.len() == other.len() && fold(entries(one)) == fold(entries(other))
}

/// Permissions as a state has them.
pub(crate) fn permissions_state(permissions: &ravendb::Permissions) -> Permissions {
    respelled(permissions, None)
}

/// Permissions with the spelling of `spelling` for every database that is in both.
///
/// RavenDB gives names back in the case it stored first; a difference in case is no drift.
fn respelled(permissions: &ravendb::Permissions, spelling: Option<&Permissions>) -> Permissions {
    let names = spelling.into_iter().flat_map(Permissions::keys);
    let spellings: BTreeMap<String, &String> = names.map(|name| (folded(name), name)).collect();
    permissions
        .iter()
        .map(|(name, access)| {
            let spelling = spellings.get(&folded(name)).map(|name| name.as_str());
            (spelling.unwrap_or(name).to_owned(), Value::Value(access.clone()))
        })
        .collect()
}

/// RavenDB compares names of databases without case.
fn fold<'a, A: 'a>(permissions: impl Iterator<Item = (&'a str, &'a A)>) -> BTreeMap<String, &'a A> {
    permissions.map(|(name, access)| (folded(name), access)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_older_state_lacks_is_derived_again() {
        let key = rcgen::KeyPair::generate().unwrap();
        let pem = rcgen::CertificateParams::default().self_signed(&key).unwrap().pem();
        let mut state = ClientCertificateState {
            certificate_pem: Value::Value(pem),
            thumbprint: Value::Value("old".to_owned()),
            ..ClientCertificateState::default()
        };
        state.describe_again();
        assert!(state.not_after.is_value() && state.thumbprint != Value::Value("old".to_owned()));
        state.issuer_dn = Value::Value("kept".to_owned());
        state.describe_again();
        assert_eq!(state.issuer_dn, Value::Value("kept".to_owned()), "nothing was missing");
    }

    #[test]
    fn permissions_that_only_a_valid_user_has_are_left_out_for_others() {
        let permissions = Permissions::from([("a".to_owned(), Value::Value(DatabaseAccess::Read))]);
        for (clearance, kept) in [("ValidUser", 1), ("Operator", 0), ("ClusterAdmin", 0)] {
            let mut state = ClientCertificateState {
                security_clearance: Value::Value(clearance.into()),
                database_permissions: Value::Value(permissions.clone()),
                ..ClientCertificateState::default()
            };
            state.drop_idle_permissions();
            assert_eq!(
                state.database_permissions.as_ref_option().unwrap().len(),
                kept,
                "{clearance}"
            );
        }
    }

    #[test]
    fn case_of_database_names_is_no_difference() {
        let permissions = |entries: [(&str, &str); 2]| -> ravendb::Permissions {
            entries
                .map(|(name, access)| (name, access.into()))
                .into_iter()
                .collect()
        };
        let one = permissions_state(&permissions([("Orders", "Read"), ("Über", "Admin")]));
        let same = |other| same_permissions(&one, &permissions_state(&other));
        assert!(same(permissions([("ORDERS", "Read"), ("über", "Admin")])));
        assert!(!same(permissions([("ORDERS", "ReadWrite"), ("über", "Admin")])));
        assert!(!same([("Orders", DatabaseAccess::Read)].into_iter().collect()));
        let theirs = permissions([("orders", "Admin"), ("New", "Read")]);
        assert_eq!(
            respelled(&theirs, Some(&one)),
            permissions_state(&permissions([("Orders", "Admin"), ("New", "Read")]))
        );
    }
}
