//! Connections of clients in the engine: users created for them, logged in by secrets, tried and forgotten.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use certward_pki::ErrorChain;
use futures_util::future::join;
use secrecy::ExposeSecret as _;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::command::Command;
use super::control::{ANSWER_TIMEOUT, Control};
use super::error::SET_USER;
use super::login::{self, CONTROL_USER};
use super::{
    Attached, Engine, EngineClientId, EngineConnection, EngineError, EngineLogin, EngineUser, Place, UserMark,
};
use certward_redis_model::redis_acl_rules::RedisAclRules;
use certward_redis_model::rights::DEFAULT;

impl Engine {
    /// Opens a connection with the identity `login`. The user's rules in the engine are those of the login, or newer
    /// ones.
    ///
    /// # Errors
    ///
    /// [`EngineError::ReservedName`], [`EngineError::ForeignUser`], [`EngineError::Superseded`], [`EngineError::Busy`]
    /// if the engine would have to create or change the user, [`EngineError::RulesRefused`] if the engine does not know
    /// a rule, and the errors of an engine that does not answer.
    pub async fn log_in(&self, login: &EngineLogin) -> Result<EngineConnection, EngineError> {
        tokio::time::timeout(ANSWER_TIMEOUT, async {
            match self.try_log_in(login).await {
                // Another administrator of an external Redis may have deleted the user, or it has been restarted.
                Err(EngineError::Refused { command: "HELLO", .. } | EngineError::Unreachable(_)) => {
                    if let Some(user) = self.user_of(login) {
                        self.users.doubt(&user.name).await;
                    }
                    self.try_log_in(login).await
                }
                done => done,
            }
        })
        .await
        .map_err(|_| EngineError::TimedOut)?
    }

    async fn try_log_in(&self, login: &EngineLogin) -> Result<EngineConnection, EngineError> {
        let control = self.control()?;
        self.prepare_on(&control, login).await?;
        let mut stream = self.connect().await.map_err(EngineError::unreachable)?;
        // Commands that an engine carries out while a script keeps it busy: SCRIPT KILL may be what the user comes for.
        let commands = match self.user_of(login) {
            Some(user) => vec![login::hello(&user.name, &self.secrets.of(&user.name))],
            None => vec![self.own_hello(), Command::new("RESET", [])],
        };
        let replies = login::exchange(&mut stream, &commands.iter().collect::<Vec<_>>()).await?;
        let number = replies.first().and_then(login::client_number);
        let number = number.ok_or(EngineError::NotReady)?;
        // Otherwise the number may be of an incarnation that has ended, or of one without any user yet.
        let incarnation = control.incarnation();
        if self.control()?.incarnation() != incarnation {
            return Err(EngineError::NotReady);
        }
        Ok(EngineConnection {
            stream,
            client: EngineClientId { number, incarnation },
        })
    }

    /// The command that gives an open connection the identity `login`, if `RESET` does not: `AUTH` with the user's name
    /// and secret. Call [`Self::prepare`] for the login first.
    pub fn login_command(&self, login: &EngineLogin) -> Option<Zeroizing<Vec<u8>>> {
        self.login(login).map(Command::into_bytes)
    }

    /// The secret of the user that a client's password login becomes; none where the engine itself checks the password:
    /// for `default` of an external Redis. Call [`Self::prepare`] for the login first.
    pub fn secret_of(&self, login: &EngineLogin) -> Option<Zeroizing<String>> {
        let user = self.user_of(login)?;
        let secret = self.secrets.of(&user.name);
        Some(Zeroizing::new(secret.secret().expose_secret().to_owned()))
    }

    /// Creates or changes the user of `login` in the engine, before a login on an open connection.
    ///
    /// # Errors
    ///
    /// As [`Self::log_in`].
    pub async fn prepare(&self, login: &EngineLogin) -> Result<(), EngineError> {
        self.prepare_on(&self.control()?, login).await
    }

    async fn prepare_on(&self, control: &Control, login: &EngineLogin) -> Result<(), EngineError> {
        let Some(user) = self.user_of(login) else { return Ok(()) };
        if let EngineLogin::User(user) = login {
            login::check_name(&user.name, self.control_user())?;
        }
        match self.users.sync_user(control, &self.secrets, self.mark(), &user).await {
            Err(error) if error.is_busy() => Err(EngineError::Busy { name: user.name }),
            Err(error) => Err(match error.objection() {
                Some(objection) => EngineError::RulesRefused {
                    objection: objection.to_owned(),
                    name: user.name,
                },
                None => error,
            }),
            Ok(()) => Ok(()),
        }
    }

    /// True if `login` needs no command on a new or reset connection: an external Redis logs connections in as
    /// `default` by itself while that user is open.
    pub fn is_logged_in(&self, login: &EngineLogin) -> bool {
        let is_open = |attached: &Attached| {
            let users = attached.open_users.lock().unwrap_or_else(PoisonError::into_inner);
            users.has(DEFAULT)
        };
        match &self.place {
            Place::Attached(attached) if *login == EngineLogin::DefaultUser => is_open(attached),
            _ => self.user_of(login).is_some(),
        }
    }

    /// The engine user of a login; none if the connection is not logged in.
    fn user_of(&self, login: &EngineLogin) -> Option<EngineUser> {
        match (login, &self.place) {
            (EngineLogin::User(user), _) => Some(user.clone()),
            (EngineLogin::DefaultUser, Place::Supervised(_)) => Some(EngineUser::default_user()),
            (EngineLogin::Nobody, Place::Attached(attached)) => {
                Some(EngineUser::fixed(attached.mark.nobody().into(), Arc::from([])))
            }
            (EngineLogin::DefaultUser, Place::Attached(_)) | (EngineLogin::Nobody, Place::Supervised(_)) => None,
        }
    }

    /// For each of these lists of rules, in order: the engine's message if it refuses the list, because it lacks a
    /// command in it or does not know a form of rule. `None` if it accepts the list, or cannot be asked now. A busy
    /// engine costs `OBJECTION_TIMEOUT` in total, however many lists there are.
    pub async fn objections_to(&self, all: &[&RedisAclRules]) -> Vec<Option<String>> {
        let end = Instant::now() + OBJECTION_TIMEOUT;
        let mut objections = Vec::with_capacity(all.len());
        for rules in all {
            let Ok(objection) = timeout_at(end, self.objection_to(rules)).await else {
                break;
            };
            objections.push(objection);
        }
        objections.resize(all.len(), None);
        objections
    }

    async fn objection_to(&self, rules: &RedisAclRules) -> Option<String> {
        let control = self.control().ok()?;
        // A user that is there for a moment, under a name that nobody has.
        let probe = Uuid::new_v4().to_string();
        let words = [probe.as_str(), "reset", "off"].into_iter().chain(rules.rules());
        let set = control.ask(Command::new(SET_USER, words));
        // Sent together and in this order, so that the user goes also when nobody waits for the answers.
        let delete = control.ask(Command::new("ACL DELUSER", [probe.as_str()]));
        let (set, _) = join(set, delete).await;
        set.err()?.objection().map(str::to_owned)
    }

    /// The users that it knows from logins, including `default`, except the one without rights.
    pub fn user_names(&self) -> Vec<Arc<str>> {
        let nobody = self.mark().map(UserMark::nobody);
        let mut names = self.users.names();
        names.retain(|name| nobody.as_deref() != Some(name));
        names
    }

    /// Deletes a user in the engine, which closes the user's connections.
    pub async fn forget_user(&self, name: &str) {
        let Ok(control) = self.control() else { return };
        if let Err(error) = self.users.forget(&control, self.mark(), name).await {
            // Nobody but the server knows the user's secret.
            tracing::warn!(
                error = %ErrorChain::new(&error),
                user.name = name,
                "an engine has not forgotten a user"
            );
        }
    }

    /// The server's own login, if it needs one.
    pub(super) fn own_login(&self) -> Option<Command> {
        match &self.place {
            Place::Supervised(_) => Some(login::auth(CONTROL_USER, &self.secrets.of(CONTROL_USER))),
            Place::Attached(attached) => attached.redis.login(),
        }
    }

    /// The same, in a form whose reply contains the number of the connection.
    fn own_hello(&self) -> Command {
        match &self.place {
            Place::Supervised(_) => login::hello(CONTROL_USER, &self.secrets.of(CONTROL_USER)),
            Place::Attached(attached) => attached.redis.hello(),
        }
    }

    fn login(&self, login: &EngineLogin) -> Option<Command> {
        let user = self.user_of(login)?;
        Some(login::auth(&user.name, &self.secrets.of(&user.name)))
    }

    pub(super) fn mark(&self) -> Option<&UserMark> {
        match &self.place {
            Place::Supervised(_) => None,
            Place::Attached(attached) => Some(&attached.mark),
        }
    }

    pub(super) fn control_user(&self) -> Option<&str> {
        match &self.place {
            Place::Supervised(_) => None,
            Place::Attached(attached) => Some(attached.redis.user()),
        }
    }
}

/// An administrator waits for the answer, which is only advice.
const OBJECTION_TIMEOUT: Duration = Duration::from_secs(1);
