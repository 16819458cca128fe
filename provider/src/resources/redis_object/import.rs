//! Taking an object into Terraform's care.

use std::fmt;
use std::str::FromStr;

use certward::redis_enterprise::Client;
use tf_provider::{AttributePath, Diagnostics};

use super::lifecycle::find;
use super::{Definition, RedisObject};
use crate::report::{error, failure};
use crate::session::Session;

/// The state of the object that `id` names: a uid, `name:` and a name, or for users `email:` and an e-mail address.
pub(crate) async fn import<O: RedisObject>(diags: &mut Diagnostics, session: &Session, id: &str) -> Option<O::State> {
    let client = &session.redis_enterprise(diags, O::KIND)?.client;
    let id = match id.parse::<RedisImportId>() {
        Ok(id) => id,
        Err(problem) => {
            let detail = format!("{problem}.");
            error(diags, AttributePath::root(), "Unsuitable import id", detail);
            return None;
        }
    };
    let object = found::<O>(diags, client, &id).await?;
    let mut state = O::imported();
    O::take_over(&mut state, &object);
    Some(state)
}

/// The object of this id; an error when there is none, or one that is nothing to manage here.
pub(crate) async fn found<O: RedisObject>(
    diags: &mut Diagnostics,
    client: &Client,
    id: &RedisImportId,
) -> Option<O::Object> {
    let object = match id {
        RedisImportId::Uid(uid) => find::<O>(diags, client, *uid).await?,
        RedisImportId::Name(name) => listed::<O>(diags, client, |there| there.name() == name).await?,
        RedisImportId::Email(email) => listed::<O>(diags, client, |there| there.email() == Some(email)).await?,
    };
    let Some(object) = object else {
        let detail = format!("No {} has {id}.", O::NOUN);
        error(diags, AttributePath::root(), format!("No such {}", O::NOUN), detail);
        return None;
    };
    if let Some((summary, detail)) = O::refusal(&object) {
        error(diags, AttributePath::root(), summary, detail);
        return None;
    }
    Some(object)
}

/// The first object that fits; names and e-mail addresses are unique.
async fn listed<O: RedisObject>(
    diags: &mut Diagnostics,
    client: &Client,
    fits: impl Fn(&O::Definition) -> bool,
) -> Option<Option<O::Object>> {
    match O::list(client).await {
        Ok(objects) => Some(objects.into_iter().find(|object| fits(&O::of_object(object)))),
        Err(problem) => {
            failure::redis_enterprise(diags, &format!("list every {}", O::NOUN), &problem);
            None
        }
    }
}

/// The object to import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RedisImportId {
    /// The one with this uid.
    Uid(u64),
    /// The one with this exact name.
    Name(String),
    /// The user with this exact e-mail address.
    Email(String),
}

/// A text is no import id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is neither a uid (a whole number from 1) nor \"name:\" followed by a name; users are also found by \
     \"email:\" followed by their e-mail address"
)]
pub(crate) struct RedisImportIdError(String);

impl FromStr for RedisImportId {
    type Err = RedisImportIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rest = |prefix: &str| text.strip_prefix(prefix).filter(|rest| !rest.is_empty());
        if let Some(name) = rest("name:") {
            return Ok(Self::Name(name.to_owned()));
        }
        if let Some(email) = rest("email:") {
            return Ok(Self::Email(email.to_owned()));
        }
        match text.trim().parse() {
            Ok(uid) if uid > 0 => Ok(Self::Uid(uid)),
            _ => Err(RedisImportIdError(text.escape_debug().to_string())),
        }
    }
}

impl fmt::Display for RedisImportId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uid(uid) => write!(f, "the uid {uid}"),
            Self::Name(name) => write!(f, "the name \"{name}\" (upper and lower case count)"),
            Self::Email(email) => write!(f, "the e-mail address \"{email}\""),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_names_and_addresses_are_told_apart() {
        assert_eq!("7".parse(), Ok(RedisImportId::Uid(7)));
        assert_eq!(" 12\n".parse(), Ok(RedisImportId::Uid(12)));
        assert_eq!("name:7".parse(), Ok(RedisImportId::Name("7".to_owned())));
        assert_eq!("name: a b".parse(), Ok(RedisImportId::Name(" a b".to_owned())));
        assert_eq!("email:a@b.c".parse(), Ok(RedisImportId::Email("a@b.c".to_owned())));
        for text in ["", "0", "-1", "app", "name:", "email:", "1.5"] {
            let error = text.parse::<RedisImportId>().unwrap_err().to_string();
            assert!(error.contains("neither a uid"), "{error}");
        }
    }
}
