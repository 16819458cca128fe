//! Keys that identify an object in the run's table.

use tf_provider::AttributePath;

use super::RedisObject;
use super::lifecycle::parsed_uid;
use crate::resources::compared::Attribute;
use crate::run::Key;

/// The object of this uid.
pub(super) fn id<O: RedisObject>(uid: u64) -> Key {
    Key::new(O::KIND.type_name, "id", uid.to_string())
}

/// The object that a state has.
pub(super) fn id_of<O: RedisObject>(state: &O::State) -> Option<Key> {
    parsed_uid::<O>(state).map(id::<O>)
}

/// The unique values of the object in a state or plan, each with its attribute.
pub(super) fn unique<O: RedisObject>(state: &O::State) -> Vec<(Key, AttributePath)> {
    let attributes = O::unique_attributes(state).into_iter();
    attributes
        .map(|(attribute, value)| {
            let key = Key::new(O::KIND.type_name, attribute.name(), value);
            (key, attribute.path())
        })
        .collect()
}
