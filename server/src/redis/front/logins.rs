//! What becomes of the commands by which a client says who it is.
//!
//! | the connection is | `AUTH`, `HELLO … AUTH` | `RESET` |
//! | --- | --- | --- |
//! | a user's, by certificate | answered with an error in its place | reaches Redis, and the user is logged in again behind it |
//! | nobody's, or a user's by password | with the name of a user of the cluster: the password is checked here, and what reaches Redis is the user's secret of this engine, or a wrong one; otherwise it is Redis's | reaches Redis, and whoever it was is nobody again |
//!
//! The certificate says who its holder is, and a password must not say otherwise: a connection is cut by what it was let
//! in by. In a transaction, or between subscribing and `RESET`, Redis may carry out `AUTH` later or not at all, and nobody
//! would know whose the connection is: there it is answered with an error.

use std::pin::Pin;
use std::sync::Arc;

use secrecy::SecretString;
use zeroize::Zeroizing;

use super::DatabaseFront;
use super::admission::Identity;
use super::reply_rewriter::{Instead, ReplyRewriter};
use super::sessions::Session;
use crate::cluster::access::ClusterRefusal;
use crate::cluster::database::rights::{CONTROL, DEFAULT};
use crate::redis::engine::{EngineLogin, EngineUser};
use crate::redis::resp::command::{self, Credentials, IdentityCommand, Mode};
use crate::telemetry;

/// Decides about the commands of one connection.
pub(super) struct Logins {
    front: Arc<DatabaseFront>,
    session: Arc<Session>,
    /// The user of a connection that is one's by certificate.
    certificate_user: Option<EngineUser>,
}

/// What goes to Redis in place of a command.
pub(super) enum Answer {
    /// This.
    Now(Zeroizing<Vec<u8>>),
    /// What comes of this. Nothing of the client goes on before.
    Later(Pin<Box<dyn Future<Output = LoginOutcome> + Send>>),
}

/// What came of a login by password.
pub(super) enum LoginOutcome {
    /// Redis decides it: by the user's secret, or by one that is nobody's.
    Command(Zeroizing<Vec<u8>>),
    /// It is answered with this error.
    Error(String),
}

/// The form in which the client has said it.
enum Form {
    Auth,
    Hello {
        version: Vec<u8>,
        connection_name: Option<Vec<u8>>,
    },
}

impl Logins {
    pub(super) fn new(front: Arc<DatabaseFront>, session: Arc<Session>, login: &EngineLogin) -> Self {
        Self {
            front,
            session,
            certificate_user: match login {
                EngineLogin::User(user) => Some(user.clone()),
                EngineLogin::DefaultUser => None,
            },
        }
    }

    /// Has the connection cut, unless it may still be who it is. Asked for all that a client sends, so that nothing sent
    /// after a change was answered is carried out.
    pub(super) fn review(&self) {
        self.front.review_if_changed(&self.session);
    }

    /// What to do about a command, on a connection in this mode.
    pub(super) fn answer(&self, command: IdentityCommand, mode: Mode, replies: &mut ReplyRewriter) -> Answer {
        if let Some(user) = &self.certificate_user {
            return Answer::Now(match command {
                IdentityCommand::Reset => self.reset_and_log_in(user, replies),
                _ => refuse(
                    &format!("-ERR AUTH is refused: the certificate says that this is {}", user.name),
                    replies,
                ),
            });
        }
        let (form, credentials) = match command {
            IdentityCommand::Reset => {
                self.session.become_only(self.front.default_identity());
                return Answer::Now(command::encode(&[b"RESET"]));
            }
            IdentityCommand::Malformed => {
                return Answer::Now(refuse(
                    "-ERR wrong arguments for AUTH, expected a name and a password once",
                    replies,
                ));
            }
            IdentityCommand::Auth(credentials) => (Form::Auth, credentials),
            IdentityCommand::Hello {
                version,
                credentials,
                connection_name,
            } => {
                let form = Form::Hello {
                    version,
                    connection_name,
                };
                (form, credentials)
            }
        };
        if credentials.name == DEFAULT.as_bytes() {
            if self.front.is_password_of_default(&credentials.password) {
                self.session.become_known();
            }
            self.session.become_perhaps(self.front.default_identity());
            return Answer::Now(form.with(&credentials.name, &credentials.password));
        }
        if mode.in_transaction || mode.subscribed {
            let text = "-ERR AUTH is refused in a transaction, and from a subscription on until RESET";
            return Answer::Now(refuse(text, replies));
        }
        let (front, session) = (Arc::clone(&self.front), Arc::clone(&self.session));
        Answer::Later(Box::pin(log_in(front, session, form, credentials)))
    }

    /// Nothing more may reach Redis before [`ReplyRewriter`] has seen the answer.
    fn reset_and_log_in(&self, user: &EngineUser, replies: &mut ReplyRewriter) -> Zeroizing<Vec<u8>> {
        let login = self.front.engine.login_command(&EngineLogin::User(user.clone()));
        let reset = command::encode(&[b"RESET"]);
        let marker = replies.expect(Instead::Reset).command();
        let mut commands = Zeroizing::new(Vec::with_capacity(reset.len() + login.len() + marker.len()));
        commands.extend_from_slice(&reset);
        commands.extend_from_slice(&login);
        commands.extend_from_slice(&marker);
        commands
    }
}

/// What has Redis answer with this error.
pub(super) fn refuse(error: &str, replies: &mut ReplyRewriter) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(replies.expect(Instead::Error(error.to_owned())).command())
}

async fn log_in(
    front: Arc<DatabaseFront>,
    session: Arc<Session>,
    form: Form,
    credentials: Credentials,
) -> LoginOutcome {
    let wrong = |form: &Form, reason| {
        metrics::counter!(telemetry::REFUSALS, "reason" => reason).increment(1);
        // Whatever the client gave stays here: Redis says what it says of a wrong password.
        LoginOutcome::Command(form.with(&credentials.name, &random_secret()))
    };
    let texts = (
        std::str::from_utf8(&credentials.name),
        std::str::from_utf8(&credentials.password),
    );
    let (Ok(name), Ok(password)) = texts else {
        return wrong(&form, "wrong_password");
    };
    if name == CONTROL {
        return wrong(&form, "wrong_password");
    }
    let user = match front
        .parts
        .access
        .user_by_password(name, &SecretString::from(password), session.address().ip())
        .await
    {
        Ok(user) => user,
        Err(ClusterRefusal::Busy(_)) => {
            return LoginOutcome::Error("-ERR too many passwords are being checked; try again".to_owned());
        }
        Err(refusal) => return wrong(&form, refusal.reason()),
    };
    let access = match front.access_of(&user) {
        Ok(access) => access,
        Err(refusal) => {
            metrics::counter!(telemetry::REFUSALS, "reason" => "no_rights").increment(1);
            return LoginOutcome::Error(format!("-NOPERM {refusal}"));
        }
    };
    let (access, revision) = access;
    let engine_user = EngineUser {
        name: Arc::clone(&access.rights.name),
        rules: Arc::clone(&access.rights.rules),
        revision,
    };
    if let Err(error) = front.engine.tell(&engine_user).await {
        return LoginOutcome::Error(format!("-ERR {error}"));
    }
    let identity = Identity::Password(access);
    match form {
        Form::Auth => session.become_only(identity),
        // Redis may refuse the version, and then carries out nothing of it.
        Form::Hello { .. } => session.become_perhaps(identity),
    }
    // What has changed since the decision cuts the connection, as it does from now on.
    front.review_one(&session);
    let login = front.engine.login_command(&EngineLogin::User(engine_user));
    match command::arguments_of(&login).as_slice() {
        [_, name, secret] => LoginOutcome::Command(form.with(name, secret)),
        _ => LoginOutcome::Error("-ERR the database cannot log users in now".to_owned()),
    }
}

impl Form {
    fn with(&self, name: &[u8], password: &[u8]) -> Zeroizing<Vec<u8>> {
        match self {
            Self::Auth => command::encode(&[b"AUTH", name, password]),
            Self::Hello {
                version,
                connection_name: None,
            } => command::encode(&[b"HELLO", version, b"AUTH", name, password]),
            Self::Hello {
                version,
                connection_name: Some(connection_name),
            } => command::encode(&[b"HELLO", version, b"AUTH", name, password, b"SETNAME", connection_name]),
        }
    }
}

/// The password of nobody.
fn random_secret() -> Zeroizing<Vec<u8>> {
    let mut secret = Zeroizing::new(vec![0; 32]);
    aws_lc_rs::rand::fill(&mut secret).expect("the system gives random octets");
    Zeroizing::new(data_encoding::HEXLOWER.encode(&secret).into_bytes())
}
