//! Taking an object into Terraform's care.

use certward::redis_enterprise::Client;
use tf_provider::{AttributePath, Diagnostics};

use super::lifecycle::find;
use super::{Definition, RedisImportId, RedisObject};
use crate::provider::session::Session;
use crate::report::error;
use crate::report::failure;

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
