//! Creating the cluster: giving it a name and its first administrator.

use std::sync::Arc;

use secrecy::SecretString;

use super::access::ClusterPermit;
use super::access::action::CreateCluster;
use super::password_rules;
use super::users::refuse_reserved;
use super::{Asked, Cluster, ClusterError, Plan, Planning, Run};
use certward_redis_model::name::{EmailAddress, UserName};
use certward_redis_model::permission::ManagementRole;
use certward_redis_model::state::{Change, ClusterIdentity};
use certward_redis_model::user::{Authentication, EmailAlerts, User};

/// The cluster to be created.
#[derive(Debug)]
pub struct NewCluster {
    /// The name of the cluster; none to keep the current one.
    pub name: Option<String>,
    /// The first administrator's name.
    pub administrator: UserName,
    /// The first administrator's e-mail address.
    pub email: Option<EmailAddress>,
    /// The first administrator's password.
    pub password: SecretString,
}

impl Cluster {
    /// Creates the cluster.
    ///
    /// # Errors
    ///
    /// [`ClusterError::AlreadyBootstrapped`] if the cluster exists, or has a user; [`ClusterError::PasswordTooWeak`];
    /// [`ClusterError::NameReserved`]; [`ClusterError::Busy`]; [`ClusterError::Store`].
    pub async fn create(
        &self,
        permit: &ClusterPermit<CreateCluster>,
        new: NewCluster,
    ) -> Result<Arc<User>, ClusterError> {
        let state = self.state();
        if state.is_created() {
            return Err(ClusterError::AlreadyBootstrapped);
        }
        password_rules::check(&new.password, state.settings(), new.email.as_ref())?;
        drop(state);
        let hash = self
            .passwords()
            .hash(&new.password)
            .await
            .map_err(|_| ClusterError::Busy)?;
        let asked = Asked::by(permit, "cluster");
        self.change(asked, Run::Apply, move |planning| {
            let authentication = Authentication::Regular {
                passwords: vec![hash],
                issued_at: planning.now,
            };
            plan(planning, new, authentication)
        })
        .await
    }
}

fn plan(
    planning: &Planning<'_>,
    new: NewCluster,
    authentication: Authentication,
) -> Result<Plan<Arc<User>>, ClusterError> {
    let (state, now) = (planning.state, planning.now);
    if state.is_created() {
        return Err(ClusterError::AlreadyBootstrapped);
    }
    refuse_reserved(&new.administrator)?;
    let management = ManagementRole::Admin;
    let role = state
        .roles()
        .find(|role| role.management == management)
        .ok_or(ClusterError::NoRoleWithManagement { management })?;
    let user = Arc::new(User {
        uid: state.next_user_uid().ok_or(ClusterError::NoUidLeft)?,
        name: new.administrator,
        email: new.email,
        authentication,
        credentials_revision: state.revision() + 1,
        role_uids: vec![role.uid],
        alerts: EmailAlerts::default(),
    });
    let identity = ClusterIdentity {
        name: new.name.unwrap_or_else(|| state.identity().name.clone()),
        created_at: now,
    };
    Ok(Plan {
        detail: format!(
            "created the cluster {:?} with the administrator {:?}",
            identity.name,
            user.name.as_str()
        ),
        changes: vec![
            Change::Bootstrap {
                identity: Arc::new(identity),
                at: now,
            },
            Change::PutUser(Arc::clone(&user)),
        ],
        outcome: user,
    })
}
