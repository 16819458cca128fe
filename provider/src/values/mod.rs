//! Values of attributes: how they are described in a schema, checked, read and written.

pub(crate) mod certificate_name;
pub(crate) mod dates;
pub(crate) mod duration;
pub(crate) mod management_role;
pub(crate) mod pem_form;
pub(crate) mod redis_name;
pub(crate) mod schema;
pub(crate) mod timestamp;
pub(crate) mod uid;

use tf_provider::value::Value;

/// Gives an attribute that a configuration does not set its default.
pub(crate) fn set_default<T>(value: &mut Value<T>, default: T) {
    if value.is_null() {
        *value = Value::Value(default);
    }
}
