//! The users of an external Redis: those that this server created, and those that need no password.

use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;

use super::command::Command;
use super::control::Control;
use super::error::EngineError;
use super::persistence::text;
use crate::resp::reply::Reply;
use certward_redis_model::token_key::TokenKey;
use certward_redis_model::uid::DatabaseUid;

/// Identifies the users that this server created in an external Redis, also after a restart.
///
/// The mark is an additional password hash of the user (`ACL SETUSER`, `#<hash>`) for which no password exists: an HMAC
/// of the name under a key of this server's store. Only the server can compute it, and nobody can log in with it.
pub struct UserMark(hmac::Key);

/// The owner of a user in an external Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UserOwner {
    /// There is no such user.
    Nobody,
    /// This server.
    Server,
    /// The operator of that Redis: the server neither changes nor deletes it.
    Operator,
}

/// Users of an external Redis that need no password.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct OpenUsers(Vec<String>);

impl UserMark {
    /// The mark for the users of one database.
    pub fn new(key: &TokenKey, database: DatabaseUid) -> Self {
        let key = key.derive(&format!("user of the external Redis of database {database}"));
        Self(hmac::Key::new(hmac::HMAC_SHA256, key.as_slice()))
    }

    /// The rule of `ACL SETUSER` that puts the mark on the user `name`.
    pub(super) fn rule(&self, name: &str) -> String {
        format!("#{}", self.of(name))
    }

    /// The name of the user without rights.
    pub(super) fn nobody(&self) -> String {
        format!("certward-nobody-{}", &self.of("nobody")[..16])
    }

    /// The owner of the user `name`.
    ///
    /// # Errors
    ///
    /// The errors of [`Control::ask`].
    pub(super) async fn owner(&self, control: &Control, name: &str) -> Result<UserOwner, EngineError> {
        let user = control.ask(Command::new("ACL GETUSER", [name])).await?;
        Ok(match passwords(user) {
            None => UserOwner::Nobody,
            Some(passwords) if passwords.contains(&self.of(name)) => UserOwner::Server,
            Some(_) => UserOwner::Operator,
        })
    }

    fn of(&self, name: &str) -> String {
        HEXLOWER.encode(hmac::sign(&self.0, name.as_bytes()).as_ref())
    }
}

impl OpenUsers {
    /// Lists the users that need no password.
    ///
    /// # Errors
    ///
    /// The errors of [`Control::ask`].
    pub(super) async fn look_up(control: &Control) -> Result<Self, EngineError> {
        let Reply::Array(users) = control.ask(Command::new("ACL LIST", [])).await? else {
            return Ok(Self::default());
        };
        Ok(Self(
            users
                .into_iter()
                .map(text)
                .filter_map(|user| open_user(&user))
                .collect(),
        ))
    }

    /// Returns `true` if the user `name` is among them.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|open| open == name)
    }

    /// Warnings for administrators, a sentence each. The server itself logs in as `own`.
    pub(super) fn warnings(&self, place: &str, own: &str) -> Vec<String> {
        let warning = |name: &String| {
            let first = if name == own {
                "Certward logs in as this user: give it one of its own first (redis://USER:PASSWORD@… in \
                 Certward.Redis.Upstream), then "
            } else {
                ""
            };
            format!(
                "the external Redis at {place} lets anybody who reaches it in as its user {name:?}, without a password and past \
                 Certward; {first}give it a password (ACL SETUSER {name} resetpass >PASSWORD) or turn it off (ACL SETUSER {name} \
                 off)"
            )
        };
        self.0.iter().map(warning).collect()
    }
}

/// The password hashes of a user; none when there is no such user.
fn passwords(user: Reply) -> Option<Vec<String>> {
    let Reply::Array(members) = user else { return None };
    let mut members = members.into_iter();
    while let (Some(name), Some(value)) = (members.next(), members.next()) {
        if let (b"passwords", Reply::Array(hashes)) = (text(name).as_bytes(), value) {
            return Some(hashes.into_iter().map(text).collect());
        }
    }
    Some(Vec::new())
}

/// The name of the user in a line of `ACL LIST`, if the user needs no password.
fn open_user(line: &str) -> Option<String> {
    let mut words = line.split(' ').skip(1);
    let name = words.next()?;
    let words: Vec<_> = words.collect();
    (words.contains(&"on") && words.contains(&"nopass")).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_open_when_it_is_on_and_needs_no_password() {
        assert_eq!(
            open_user("user default on nopass ~* &* +@all").as_deref(),
            Some("default")
        );
        assert_eq!(open_user("user default off nopass ~* &* +@all"), None);
        assert_eq!(open_user("user ops on #9f86d08 ~* &* +@all"), None);
        assert_eq!(
            open_user("user a on nopass sanitize-payload resetchannels -@all").as_deref(),
            Some("a")
        );
    }

    #[test]
    fn the_hashes_of_a_user_are_found_among_its_members() {
        let bulk = |text: &str| Reply::Bulk(text.as_bytes().to_vec());
        let user = Reply::Array(vec![
            bulk("flags"),
            Reply::Array(vec![bulk("on")]),
            bulk("passwords"),
            Reply::Array(vec![bulk("ab")]),
        ]);
        assert_eq!(passwords(user), Some(vec!["ab".to_owned()]));
        assert_eq!(passwords(Reply::Nil), None);
    }
}
