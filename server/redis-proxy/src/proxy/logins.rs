//! Handling of the commands that log a client in or reset its connection.
//!
//! | the connection is | `AUTH`, `HELLO … AUTH` | `RESET` |
//! | --- | --- | --- |
//! | a user's, by certificate | with that user's name, answered with `OK`, whatever the password; else with an error |
//! is forwarded to the engine, and the user is logged in again after it |
//! | nobody's, `default`'s, or a user's by password | the password is checked here; the engine gets the user's secret
//! there, or a wrong one | is forwarded to the engine, and the connection has its initial identity again |
//!
//! The certificate determines the identity of its holder, and a password must not change it: a connection is cut by the
//! credentials with which it was admitted. The identity of a connection changes only when the engine has confirmed the
//! login.
//!
//! No password of a client reaches a supervised engine. The user `default` of an external Redis belongs to its
//! operator: that Redis checks the password, after the database's own record.

use std::pin::Pin;
use std::sync::Arc;

use secrecy::SecretString;
use zeroize::Zeroizing;

use super::DatabaseProxy;
use super::admission::{Identity, Refusal};
use super::exchange::Settled;
use super::markers::LoginState;
use super::refused::error_line;
use super::reply_rewriter::{IN_TRANSACTION, ReplyRewriter};
use super::sessions::Session;
use crate::cluster_view::PasswordRefusal;
use crate::engine::{Engine, EngineError, EngineLogin, EngineUser};
use crate::resp::answering::Answering;
use crate::resp::arguments::encode;
use crate::resp::identity::{Credentials, IdentityCommand};
use certward_redis_model::database::{DefaultUser, PasswordDigest};
use certward_redis_model::rights::{CONTROL, DEFAULT};

/// Handles the login commands of one connection.
pub(super) struct Logins {
    proxy: Arc<DatabaseProxy>,
    session: Arc<Session>,
    /// The user who logged in by certificate, if any.
    certificate_user: Option<EngineUser>,
}

/// The replacement of an intercepted command.
pub(super) enum Answer {
    /// Send these bytes now.
    Now(Zeroizing<Vec<u8>>),
    /// Send the result of this future. No later command of the client is forwarded before it.
    Later(Pin<Box<dyn Future<Output = LoginOutcome> + Send>>),
}

/// The result of an asynchronous login.
pub(super) enum LoginOutcome {
    /// The engine executes this command: with the user's secret, or with a wrong one.
    Command(Zeroizing<Vec<u8>>),
    /// The connection is reset, and this command, if any, logs it in again.
    Reset(Option<Zeroizing<Vec<u8>>>, LoginState),
    /// The client gets this error.
    Error(String),
}

/// The form of the client's command.
enum Form {
    /// `AUTH` without a name.
    Password,
    Auth,
    Hello {
        version: Vec<u8>,
        connection_name: Option<Vec<u8>>,
    },
}

impl Logins {
    pub(super) fn new(proxy: Arc<DatabaseProxy>, session: Arc<Session>, login: &EngineLogin) -> Self {
        Self {
            proxy,
            session,
            certificate_user: match login {
                EngineLogin::User(user) => Some(user.clone()),
                EngineLogin::DefaultUser | EngineLogin::Nobody => None,
            },
        }
    }

    /// Cuts the connection if its identity is not admitted any more. Called for everything that a client sends, so that
    /// no command sent after a change took effect is executed.
    pub(super) fn review(&self) {
        self.proxy.review_if_changed(&self.session);
    }

    /// Handles the engine's reply to a command of [`Self::answer`].
    pub(super) fn confirm_identity(&self, settled: Settled) {
        self.session.confirm_identity(settled.is_done, settled.is_login);
    }

    /// Answers a command, which the engine would answer in the mode `answering`.
    pub(super) fn answer(&self, command: IdentityCommand, replies: &mut ReplyRewriter, answering: Answering) -> Answer {
        if let IdentityCommand::Forbidden(error) = command {
            return Answer::Now(replies.refuse(error.to_owned()));
        }
        if let Some(user) = &self.certificate_user {
            return Answer::Now(self.answer_user(user, command, replies));
        }
        if answering == Answering::MayStayOff && command.logs_in() {
            // The engine might not answer the markers of an exchange, nor the command that has it answer.
            return Answer::Now(replies.refuse(IN_TRANSACTION.to_owned()));
        }
        let (form, name, password) = match command {
            IdentityCommand::Reset => {
                let (proxy, session) = (Arc::clone(&self.proxy), Arc::clone(&self.session));
                return Answer::Later(Box::pin(reset(proxy, session)));
            }
            IdentityCommand::Refused(error) => return Answer::Now(replies.refuse(error)),
            IdentityCommand::Forbidden(error) => return Answer::Now(replies.refuse(error.to_owned())),
            IdentityCommand::Password(password) => (Form::Password, DEFAULT.into(), password),
            IdentityCommand::Auth(Credentials { name, password }) => (Form::Auth, name, password),
            IdentityCommand::Hello {
                version,
                credentials: Credentials { name, password },
                connection_name,
            } => {
                let form = Form::Hello {
                    version,
                    connection_name,
                };
                (form, name, password)
            }
        };
        let (proxy, session) = (Arc::clone(&self.proxy), Arc::clone(&self.session));
        if name == DEFAULT.as_bytes() {
            return Answer::Later(Box::pin(log_in_as_default(proxy, session, form, password)));
        }
        Answer::Later(Box::pin(log_in(proxy, session, form, Credentials { name, password })))
    }

    /// Answers a command on a connection of a user who logged in by certificate.
    fn answer_user(
        &self,
        user: &EngineUser,
        command: IdentityCommand,
        replies: &mut ReplyRewriter,
    ) -> Zeroizing<Vec<u8>> {
        match command {
            IdentityCommand::Reset => {
                let login = self.proxy.engine.login_command(&EngineLogin::User(user.clone()));
                replies.reset(login.as_deref().map(Vec::as_slice), LoginState::LoggedIn)
            }
            // Client libraries that have a user name beside their certificate say who the connection is already.
            IdentityCommand::Auth(Credentials { name, .. }) if *name == *user.name.as_bytes() => {
                replies.refuse("+OK".to_owned())
            }
            IdentityCommand::Hello {
                version,
                credentials: Credentials { name, .. },
                connection_name,
            } if *name == *user.name.as_bytes() => match connection_name {
                Some(connection_name) => encode(&[b"HELLO", &version, b"SETNAME", &connection_name]),
                None => encode(&[b"HELLO", &version]),
            },
            _ => replies.refuse(format!(
                "-ERR AUTH is refused: the certificate says that this is {}",
                user.name
            )),
        }
    }
}

/// The engine login of a connection before its client has authenticated.
pub(super) fn unnamed_login(default_user: &DefaultUser) -> EngineLogin {
    if default_user.is_enabled && default_user.password_hashes.is_empty() {
        EngineLogin::DefaultUser
    } else {
        EngineLogin::Nobody
    }
}

/// State of a connection after this login.
pub(super) fn login_state(engine: &Engine, login: &EngineLogin) -> LoginState {
    if engine.is_logged_in(login) {
        LoginState::LoggedIn
    } else {
        LoginState::LoggedOut
    }
}

/// Restores the initial identity of the connection.
async fn reset(proxy: Arc<DatabaseProxy>, session: Arc<Session>) -> LoginOutcome {
    let default_user = proxy.default_user();
    let login = unnamed_login(&default_user);
    if let Err(error) = proxy.engine.prepare(&login).await {
        // Nobody logs in by it.
        return LoginOutcome::Error(error_line(&error));
    }
    session.may_become(Identity::Default(default_user));
    proxy.review_one(&session);
    LoginOutcome::Reset(proxy.engine.login_command(&login), login_state(&proxy.engine, &login))
}

async fn log_in_as_default(
    proxy: Arc<DatabaseProxy>,
    session: Arc<Session>,
    form: Form,
    password: Zeroizing<Vec<u8>>,
) -> LoginOutcome {
    let default_user = proxy.default_user();
    let hashes = &default_user.password_hashes;
    let is_right = hashes.is_empty() || hashes.contains(&PasswordDigest::of_bytes(&password));
    if !default_user.is_enabled || !is_right {
        let refusal = PasswordRefusal::Wrong;
        proxy.refuse_login(&session, DEFAULT.as_bytes(), refusal.reason(), &refusal);
        return LoginOutcome::Command(form.with(DEFAULT.as_bytes(), &random_secret()));
    }
    if hashes.is_empty() && matches!(form, Form::Password) && !proxy.engine.is_external() {
        return LoginOutcome::Error(NO_PASSWORD.to_owned());
    }
    let login = EngineLogin::DefaultUser;
    if let Err(error) = proxy.engine.prepare(&login).await {
        return refused_by_engine(&proxy, &session, DEFAULT.as_bytes(), &error).await;
    }
    session.may_become(Identity::Default(default_user));
    // What has changed since the decision cuts the connection, as it does from now on.
    proxy.review_one(&session);
    LoginOutcome::Command(match proxy.engine.secret_of(&login) {
        Some(secret) => form.with(DEFAULT.as_bytes(), secret.as_bytes()),
        None => form.with(DEFAULT.as_bytes(), &password),
    })
}

async fn log_in(
    proxy: Arc<DatabaseProxy>,
    session: Arc<Session>,
    form: Form,
    credentials: Credentials,
) -> LoginOutcome {
    let wrong = |form: &Form, refusal: &PasswordRefusal| {
        proxy.refuse_login(&session, &credentials.name, refusal.reason(), refusal);
        // What the client gave stays here: the engine says what it says of a wrong password.
        LoginOutcome::Command(form.with(&credentials.name, &random_secret()))
    };
    let texts = (
        std::str::from_utf8(&credentials.name),
        std::str::from_utf8(&credentials.password),
    );
    let (Ok(name), Ok(password)) = texts else {
        return wrong(&form, &PasswordRefusal::Wrong);
    };
    if name == CONTROL {
        return wrong(&form, &PasswordRefusal::Wrong);
    }
    let user = match proxy
        .parts
        .cluster
        .user_by_password(name, &SecretString::from(password), session.address().ip())
        .await
    {
        Ok(user) => user,
        Err(refusal @ PasswordRefusal::Busy) => {
            proxy.refuse_login(&session, &credentials.name, refusal.reason(), &refusal);
            return LoginOutcome::Error("-ERR too many passwords are being checked; try again".to_owned());
        }
        Err(refusal) => return wrong(&form, &refusal),
    };
    let access = match proxy.access_of(&user) {
        Ok(access) => access,
        Err(no_rights) => {
            let refusal = Refusal::NoRights(no_rights);
            proxy.refuse_login(&session, &credentials.name, refusal.reason(), &refusal);
            return LoginOutcome::Error(format!("-NOPERM {refusal}"));
        }
    };
    let (access, revision) = access;
    let engine_user = EngineUser {
        name: Arc::clone(&access.rights.name),
        rules: Arc::clone(&access.rights.rules),
        revision,
    };
    let login = EngineLogin::User(engine_user);
    if let Err(error) = proxy.engine.prepare(&login).await {
        return refused_by_engine(&proxy, &session, &credentials.name, &error).await;
    }
    session.may_become(Identity::Password(access));
    // What has changed since the decision cuts the connection, as it does from now on.
    proxy.review_one(&session);
    match proxy.engine.secret_of(&login) {
        Some(secret) => LoginOutcome::Command(form.with(&credentials.name, secret.as_bytes())),
        None => LoginOutcome::Error("-ERR the database cannot log users in now".to_owned()),
    }
}

async fn refused_by_engine(proxy: &DatabaseProxy, session: &Session, name: &[u8], error: &EngineError) -> LoginOutcome {
    proxy.refuse_login(session, name, error.reason(), error);
    proxy.warn_of_refused_rules(error).await;
    LoginOutcome::Error(error_line(error))
}

impl Form {
    fn with(&self, name: &[u8], password: &[u8]) -> Zeroizing<Vec<u8>> {
        match self {
            Self::Password | Self::Auth => encode(&[b"AUTH", name, password]),
            Self::Hello {
                version,
                connection_name: None,
            } => encode(&[b"HELLO", version, b"AUTH", name, password]),
            Self::Hello {
                version,
                connection_name: Some(connection_name),
            } => encode(&[b"HELLO", version, b"AUTH", name, password, b"SETNAME", connection_name]),
        }
    }
}

/// An engine's reply to `AUTH password` if the user `default` needs no password.
const NO_PASSWORD: &str = "-ERR AUTH <password> called without any password configured for the default user. Are you sure \
                           your configuration is correct?";

/// A random password that no user has.
fn random_secret() -> Zeroizing<Vec<u8>> {
    let mut secret = Zeroizing::new(vec![0; 32]);
    aws_lc_rs::rand::fill(&mut secret).expect("the system gives random bytes");
    Zeroizing::new(data_encoding::HEXLOWER.encode(&secret).into_bytes())
}
