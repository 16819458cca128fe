//! Warnings of what the plan for an object would end.

use tf_provider::value::Value;
use tf_provider::{AttributePath, Diagnostics};

use super::lifecycle::parsed_uid;
use super::{Planned, RedisObject};
use crate::effects::{self, Act, Loss};
use crate::session::Session;

/// Warns of what the removal of the object would end.
pub(super) async fn warn_of_removal<O: RedisObject>(diags: &mut Diagnostics, session: &Session, prior: &O::State) {
    if let Some(uid) = parsed_uid::<O>(prior) {
        let loss = loss::<O>(Act::Destroy, O::id_and_name(prior).1, AttributePath::root());
        effects::warn_redis_enterprise(diags, session, loss, &[O::removal(uid)]).await;
    }
}

/// Warns of what the planned change would end, by way of what it leaves out.
pub(super) async fn warn_of_change<O: Planned>(
    diags: &mut Diagnostics,
    session: &Session,
    prior: &O::State,
    planned: &O::State,
) {
    if let Some(uid) = parsed_uid::<O>(prior)
        && let Some((attribute, removals)) = O::left_out(uid, prior, planned)
    {
        let loss = loss::<O>(Act::Change, O::id_and_name(prior).1, attribute);
        effects::warn_redis_enterprise(diags, session, loss, &removals).await;
    }
}

fn loss<O: RedisObject>(act: Act, name: &Value<String>, attribute: AttributePath) -> Loss {
    Loss {
        act,
        subject: effects::named(O::NOUN, name),
        attribute,
    }
}
