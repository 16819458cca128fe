//! Changing the settings (`docs/contracts/redis-enterprise.md#cluster`).

use std::sync::Arc;

use super::access::ClusterPermit;
use super::access::action::UpdateCluster;
use super::cipher_list::Signing;
use super::{Asked, Cluster, ClusterError, Plan, Planning, Precondition, Run, list_length};
use certward_certificates::trust::{AuthorizedSubject, SubjectValidation};
use certward_redis_model::settings::{ClusterSettings, PasswordHashingAlgorithm, TlsVersion};
use certward_redis_model::state::Change;

macro_rules! settings_update {
    ($($field:ident: $type:ty, $name:literal;)*) => {
        /// Changes to the settings. An omitted setting stays; a list replaces the former one.
        #[derive(Debug, Clone, Default)]
        pub struct SettingsUpdate {
            $(
                #[doc = concat!("`", $name, "`: see [`ClusterSettings`].")]
                pub $field: Option<$type>,
            )*
            /// Values that the state must still have.
            pub precondition: Precondition,
        }

        impl SettingsUpdate {
            fn applied_to(self, settings: &ClusterSettings) -> ClusterSettings {
                ClusterSettings {
                    $($field: self.$field.unwrap_or_else(|| settings.$field.clone()),)*
                    // What is not a member of the cluster object has its own use case.
                    policy: settings.policy.clone(),
                    ocsp: settings.ocsp.clone(),
                    license: settings.license.clone(),
                }
            }
        }

        /// The API's names of the differing settings.
        fn differing(old: &ClusterSettings, new: &ClusterSettings) -> Vec<&'static str> {
            let mut names = Vec::new();
            $(
                if old.$field != new.$field {
                    names.push($name);
                }
            )*
            names
        }
    };
}

settings_update! {
    mtls_certificate_authentication: bool, "mtls_certificate_authentication";
    mtls_client_cert_subject_validation_type: SubjectValidation, "mtls_client_cert_subject_validation_type";
    mtls_authorized_subjects: Vec<AuthorizedSubject>, "mtls_authorized_subjects";
    control_plane_basic_authentication: bool, "control_plane_basic_authentication";
    dmc_external_authentication: bool, "dmc_external_authentication";
    dmc_external_cba_authentication: bool, "dmc_external_cba_authentication";
    dmc_external_ldap_authentication: bool, "dmc_external_ldap_authentication";
    dmc_external_entraid_authentication: bool, "dmc_external_entraid_authentication";
    min_control_tls_version: TlsVersion, "min_control_TLS_version";
    min_data_tls_version: TlsVersion, "min_data_TLS_version";
    min_sentinel_tls_version: TlsVersion, "min_sentinel_TLS_version";
    control_cipher_suites: String, "control_cipher_suites";
    data_cipher_list: String, "data_cipher_list";
    encrypt_pkeys: bool, "encrypt_pkeys";
    password_complexity: bool, "password_complexity";
    password_min_length: u32, "password_min_length";
    password_expiration_duration: u32, "password_expiration_duration";
    password_hashing_algorithm: PasswordHashingAlgorithm, "password_hashing_algorithm";
    cnm_http_port: u16, "cnm_http_port";
    cnm_https_port: u16, "cnm_https_port";
    cm_port: u16, "cm_port";
    http_support: bool, "http_support";
    handle_redirects: bool, "handle_redirects";
    options_method_forbidden: bool, "options_method_forbidden";
    reserved_ports: Vec<String>, "reserved_ports";
    mask_bdb_credentials: bool, "mask_bdb_credentials";
}

impl Cluster {
    /// Changes the settings, and returns all of them as of then. Settings for certificates apply to open connections at
    /// once.
    ///
    /// # Errors
    ///
    /// In this order: [`ClusterError::InvalidSetting`]; [`ClusterError::MissingTrustedCa`] if certificate
    /// authentication would be on without a CA; [`ClusterError::WouldLockOutCaller`] if the caller's credentials would
    /// no longer be accepted; [`ClusterError::Store`].
    pub async fn update_settings(
        &self,
        permit: &ClusterPermit<UpdateCluster>,
        update: SettingsUpdate,
        run: Run,
    ) -> Result<Arc<ClusterSettings>, ClusterError> {
        let asked = Asked::by(permit, "settings");
        let caller = Arc::clone(permit.caller());
        self.change(asked, run, move |planning| {
            let plan = plan_update(planning, update)?;
            planning.check_lets_back_in(&caller, &plan.changes)?;
            Ok(plan)
        })
        .await
    }
}

fn plan_update(planning: &Planning<'_>, update: SettingsUpdate) -> Result<Plan<Arc<ClusterSettings>>, ClusterError> {
    let state = planning.state;
    planning.check_precondition(&update.precondition)?;
    let old = state.settings();
    let new = update.applied_to(old);
    check(&new)?;
    if new.mtls_certificate_authentication && state.trust_anchors().is_none() {
        return Err(ClusterError::MissingTrustedCa);
    }
    let differing = differing(old, &new);
    if differing.is_empty() {
        return Ok(Plan {
            changes: Vec::new(),
            detail: String::new(),
            outcome: Arc::clone(old),
        });
    }
    let new = Arc::new(new);
    Ok(Plan {
        changes: vec![Change::PutSettings(Arc::clone(&new))],
        detail: format!("changed {}", differing.join(", ")),
        outcome: new,
    })
}

/// Refuses settings that are out of range, for every caller.
fn check(settings: &ClusterSettings) -> Result<(), ClusterError> {
    check_subjects("mtls_authorized_subjects", &settings.mtls_authorized_subjects)?;
    check_range("password_min_length", settings.password_min_length, 8, 256)?;
    check_range(
        "password_expiration_duration",
        settings.password_expiration_duration,
        0,
        MAX_PASSWORD_DAYS,
    )?;
    check_cipher_list("control_cipher_suites", &settings.control_cipher_suites)?;
    check_cipher_list("data_cipher_list", &settings.data_cipher_list)?;
    check_ports(settings)?;
    list_length::check("reserved_ports", settings.reserved_ports.len())?;
    match settings.reserved_ports.iter().find(|range| !is_port_range(range)) {
        Some(range) => Err(invalid(
            "reserved_ports",
            format!("has the entry {range:?}; expected ports such as \"6379\" or ranges such as \"20000-20010\""),
        )),
        None => Ok(()),
    }
}

/// Refuses subjects that no certificate can have; `setting` is the name of their list.
pub(super) fn check_subjects(setting: &'static str, subjects: &[AuthorizedSubject]) -> Result<(), ClusterError> {
    list_length::check(setting, subjects.len())?;
    for (number, subject) in (1..).zip(subjects) {
        if subject.common_name.is_empty() {
            return Err(invalid(
                setting,
                format!("has entry {number} without a CN; every entry needs one"),
            ));
        }
        let texts = [
            &subject.common_name,
            &subject.organization,
            &subject.locality,
            &subject.state,
            &subject.country,
        ];
        let mut texts = texts.into_iter().chain(&subject.organizational_units);
        if texts.any(|text| text.chars().any(char::is_control)) {
            return Err(invalid(
                setting,
                format!("has a control character in entry {number}, which no accepted subject holds"),
            ));
        }
    }
    Ok(())
}

fn check_range(setting: &'static str, value: u32, least: u32, most: u32) -> Result<(), ClusterError> {
    if (least..=most).contains(&value) {
        Ok(())
    } else {
        Err(invalid(setting, format!("is {value}; expected {least} to {most}")))
    }
}

fn check_cipher_list(setting: &'static str, list: &str) -> Result<(), ClusterError> {
    let is_printable = list.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    if !is_printable || !(Signing::Rsa.is_allowed_by(list) || Signing::Ecdsa.is_allowed_by(list)) {
        return Err(invalid(
            setting,
            "leaves no cipher suite of TLS 1.2; expected a list in OpenSSL's form, such as \"DEFAULT:!3DES\""
                .to_owned(),
        ));
    }
    Ok(())
}

fn check_ports(settings: &ClusterSettings) -> Result<(), ClusterError> {
    let ports = [
        ("cnm_http_port", settings.cnm_http_port),
        ("cnm_https_port", settings.cnm_https_port),
        ("cm_port", settings.cm_port),
    ];
    for (place, (setting, port)) in ports.iter().enumerate() {
        if *port == 0 {
            return Err(invalid(setting, "is 0; expected 1 to 65535".to_owned()));
        }
        if let Some((other, _)) = ports[..place].iter().find(|(_, taken)| taken == port) {
            return Err(invalid(setting, format!("is {port}, which is {other} already")));
        }
    }
    Ok(())
}

fn is_port_range(text: &str) -> bool {
    let port = |text: &str| text.parse::<u16>().ok().filter(|port| *port > 0);
    match text.split_once('-') {
        None => port(text).is_some(),
        Some((first, last)) => port(first).zip(port(last)).is_some_and(|(first, last)| first <= last),
    }
}

fn invalid(setting: &'static str, problem: String) -> ClusterError {
    ClusterError::InvalidSetting { setting, problem }
}

/// A hundred years. Use 0 for no expiry.
const MAX_PASSWORD_DAYS: u32 = 36_500;
