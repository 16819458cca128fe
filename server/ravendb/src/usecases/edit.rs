//! Changing the name and the rights of a registered certificate.

use std::sync::Arc;

use certward_pki::Thumbprint;

use super::{
    Asked, Attempt, Authority, AuthorityParts, Error, Plan, check_administrator_remains, check_name, check_reach,
    collection, lineage,
};
use crate::access::authz::Permit;
use crate::access::authz::action::EditCertificate;
use crate::model::clearance::{Permissions, SecurityClearance};
use crate::model::definition::{RegisteredCertificate, TwoFactorKey};
use crate::model::registry::Change;

/// The new definition of an entry; it replaces the old one completely.
#[derive(Debug)]
pub struct EditRequest {
    /// The entry, or any entry of its collection.
    pub thumbprint: Thumbprint,
    /// The holder's name.
    pub name: String,
    /// Rights on the server.
    pub clearance: SecurityClearance,
    /// Rights on databases.
    pub permissions: Permissions,
    /// A disabled entry stays registered, and its certificate is refused.
    pub disabled: bool,
    /// The change to the one-time codes.
    pub two_factor: TwoFactorChange,
}

/// The change that an edit makes to the one-time codes of a certificate.
#[derive(Debug)]
pub enum TwoFactorChange {
    /// Codes stay required, or not required, as before.
    Keep,
    /// Codes with this secret are required.
    Set(TwoFactorKey),
    /// Codes are no longer required.
    Remove,
}

impl Authority {
    /// Replaces the definition of the entry. The certificates themselves and their positions in a collection stay. A
    /// collection has one definition: whichever of its entries is named, all of them change, so that a secondary, which
    /// lists do not show, never keeps rights that its primary has lost. Renewals that registered themselves change as
    /// well: rights are withdrawn from the key.
    ///
    /// # Errors
    ///
    /// In this order: [`Error::BlankName`] and the like; [`Error::NotRegistered`]; [`Error::ClearanceTooLow`] if the
    /// present or the new clearance, or that of another entry with the same key, is above the caller's;
    /// [`Error::LastAdministrator`]; for `disabled`, [`Error::ClusterNodeDisabled`] and [`Error::OwnCertificate`];
    /// [`Error::Store`].
    pub async fn edit(&self, permit: &Permit<EditCertificate>, request: EditRequest) -> Result<(), Error> {
        let asked = Asked::by(permit, request.thumbprint.to_string());
        let own = permit.caller().thumbprint();
        self.change(asked, move |parts, clearance| plan(parts, clearance, own, request))
            .await
    }
}

fn plan(
    parts: &AuthorityParts,
    caller: SecurityClearance,
    own: Option<Thumbprint>,
    request: EditRequest,
) -> Result<Plan<()>, Error> {
    check_name(&request.name)?;
    let thumbprint = request.thumbprint;
    let entry = parts
        .registry
        .get(&thumbprint)
        .ok_or(Error::NotRegistered { thumbprint })?;
    let mut members = collection::members(&parts.registry, &entry);
    let renewals = lineage::renewals(&parts.registry, &members);
    members.extend(renewals.iter().cloned());
    for member in &members {
        check_reach(caller, member.clearance, Attempt::Edit, &member.name)?;
        lineage::check_reach_of_key(&parts.registry, caller, &member.pinning_hash, Attempt::Edit)?;
    }
    check_reach(caller, request.clearance, Attempt::Edit, &request.name)?;
    let thumbprints = members.iter().map(|member| member.thumbprint).collect();
    check_administrator_remains(parts, own, &thumbprints, request.clearance)?;
    if request.disabled {
        if request.clearance == SecurityClearance::ClusterNode || entry.clearance == SecurityClearance::ClusterNode {
            return Err(Error::ClusterNodeDisabled {
                name: entry.name.clone(),
                thumbprint,
            });
        }
        if let Some(own) = members.iter().find(|member| Some(member.thumbprint) == own) {
            return Err(Error::OwnCertificate {
                name: own.name.clone(),
                thumbprint: own.thumbprint,
            });
        }
    }
    let detail = format!(
        "name {:?} to {:?}, clearance {} to {}{}{}",
        entry.name,
        request.name,
        entry.clearance,
        request.clearance,
        if request.disabled { ", disabled" } else { "" },
        lineage::named(&renewals)
    );
    let changes = members
        .iter()
        .map(|member| Change::Put(Arc::new(edited(member, &request))))
        .collect();
    Ok(Plan {
        changes,
        detail,
        outcome: (),
    })
}

fn edited(member: &RegisteredCertificate, request: &EditRequest) -> RegisteredCertificate {
    RegisteredCertificate {
        name: request.name.clone(),
        clearance: request.clearance,
        permissions: request.permissions.clone(),
        disabled: request.disabled,
        two_factor_key: match &request.two_factor {
            TwoFactorChange::Keep => member.two_factor_key.clone(),
            TwoFactorChange::Set(key) => Some(key.clone()),
            TwoFactorChange::Remove => None,
        },
        ..member.clone()
    }
}
