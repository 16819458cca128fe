//! Terraform's values as msgpack, to and from the types of resources.

use prost::bytes::Bytes;
use rmpv::Value;
use serde::{Deserialize, Serialize};
use tf_provider::{AttributePath, AttributePathStep, Diagnostics};

use super::wire::DynamicValue;

/// The bytes of a value in msgpack; a missing value is null.
pub(crate) fn from_wire(diags: &mut Diagnostics, value: Option<DynamicValue>) -> Option<Bytes> {
    match value {
        Some(value) if !value.msgpack.is_empty() => Some(value.msgpack),
        Some(value) if !value.json.is_empty() => from_json(diags, &value.json),
        _ => Some(null()),
    }
}

/// A value as it is sent.
pub(crate) fn to_wire(msgpack: Bytes) -> Option<DynamicValue> {
    Some(DynamicValue {
        msgpack,
        json: Bytes::new(),
    })
}

/// Null.
pub(crate) fn null() -> Bytes {
    Bytes::from_static(NULL)
}

/// Returns `true` when a value is null.
pub(crate) fn is_null(msgpack: &[u8]) -> bool {
    msgpack.is_empty() || msgpack == NULL
}

/// The bytes, or null where there are none.
pub(crate) fn or_null(msgpack: &[u8]) -> &[u8] {
    if msgpack.is_empty() { NULL } else { msgpack }
}

/// Returns `true` when the bytes decode into `T`.
pub(crate) fn fits<T: for<'a> Deserialize<'a>>(msgpack: &[u8]) -> bool {
    rmp_serde::from_slice::<T>(msgpack).is_ok()
}

/// Decodes a value.
///
/// If the value does not fit, adds an error that names the attribute, which is found by calling `fits` on the value
/// without each attribute in turn. The error holds no part of the value.
pub(crate) fn decode<'a, T: Deserialize<'a>>(
    diags: &mut Diagnostics,
    msgpack: &'a [u8],
    fits: impl Fn(&[u8]) -> bool,
) -> Option<T> {
    match rmp_serde::from_slice(msgpack) {
        Ok(value) => Some(value),
        Err(error) => {
            explain(diags, msgpack, &error, &fits);
            None
        }
    }
}

/// Encodes a value, structs as maps.
pub(crate) fn encode<T: Serialize>(diags: &mut Diagnostics, value: &T) -> Option<Bytes> {
    match rmp_serde::to_vec_named(value) {
        Ok(bytes) => Some(bytes.into()),
        Err(error) => {
            diags.root_error(
                "The provider's answer cannot be encoded",
                format!("{error}. This is a bug in the provider; please report it."),
            );
            None
        }
    }
}

/// An array of encoded values, with room announced for `more` that the caller appends.
pub(crate) fn array<'a>(values: impl ExactSizeIterator<Item = &'a [u8]>, more: usize) -> Vec<u8> {
    let length = values.len() + more;
    let mut bytes = Vec::new();
    match (u8::try_from(length), u32::try_from(length)) {
        (Ok(short @ 0..16), _) => bytes.push(0x90 | short),
        (_, Ok(long)) => {
            bytes.push(0xdd);
            bytes.extend(long.to_be_bytes());
        }
        (_, Err(_)) => unreachable!("a message of at most 64 MiB holds fewer than 2^32 values"),
    }
    values.for_each(|value| bytes.extend_from_slice(value));
    bytes
}

/// The value as a tree.
pub(crate) fn tree(msgpack: &[u8]) -> Option<Value> {
    rmpv::decode::read_value(&mut &*msgpack).ok()
}

/// The tree as bytes.
pub(crate) fn from_tree(tree: &Value) -> Bytes {
    let mut bytes = Vec::new();
    rmpv::encode::write_value(&mut bytes, tree).expect("writing to a vector does not fail");
    bytes.into()
}

fn from_json(diags: &mut Diagnostics, json: &[u8]) -> Option<Bytes> {
    match serde_json::from_slice::<serde_json::Value>(json) {
        Ok(value) => encode(diags, &value),
        Err(_) => {
            diags.root_error_short("Terraform sent a value that is not JSON");
            None
        }
    }
}

fn explain(diags: &mut Diagnostics, msgpack: &[u8], error: &rmp_serde::decode::Error, fits: &impl Fn(&[u8]) -> bool) {
    let Some(mut root) = tree(msgpack) else {
        diags.root_error_short("Terraform sent a value that is not msgpack");
        return;
    };
    let mut path = Vec::new();
    if msgpack.len() <= LONGEST_SEARCHED {
        while let Some(step) = guilty_child(&root, &path, fits) {
            path.push(step);
        }
    }
    let kind = at(&mut root, &path).map_or("value", |value| kind(value));
    let path = AttributePath { steps: path };
    // serde names a missing field, and nothing of the value, in this one form.
    let error = error.to_string();
    let missing = error
        .strip_prefix("missing field ")
        .map(|field| format!(" Nothing was sent for {field}."));
    let place = if path.steps.is_empty() {
        String::new()
    } else {
        format!(" for `{path}`")
    };
    diags.error(
        "Value does not fit",
        format!(
            "The provider cannot read the {kind} it was given{place}.{} The \
             documentation says what it takes.",
            missing.unwrap_or_default()
        ),
        path,
    );
}

/// The child of the node at `path` without which the whole can be read.
fn guilty_child(root: &Value, path: &[AttributePathStep], fits: &impl Fn(&[u8]) -> bool) -> Option<AttributePathStep> {
    let mut others = root.clone();
    let children = match at(&mut others, path)? {
        Value::Map(entries) => entries.len(),
        Value::Array(elements) => elements.len(),
        _ => return None,
    };
    (0..children).find_map(|position| {
        let mut others = root.clone();
        let step = match at(&mut others, path)? {
            Value::Map(entries) => {
                let (name, child) = entries.get_mut(position)?;
                *child = Value::Nil;
                AttributePathStep::Attribute(name.as_str()?.to_owned().into())
            }
            Value::Array(elements) => {
                elements.remove(position);
                AttributePathStep::Index(i64::try_from(position).ok()?)
            }
            _ => return None,
        };
        fits(&from_tree(&others)).then_some(step)
    })
}

/// The node at `path`.
fn at<'a>(root: &'a mut Value, path: &[AttributePathStep]) -> Option<&'a mut Value> {
    path.iter().try_fold(root, |node, step| match (node, step) {
        (Value::Map(entries), AttributePathStep::Attribute(name)) => entries
            .iter_mut()
            .find(|(key, _)| key.as_str() == Some(name))
            .map(|(_, value)| value),
        (Value::Array(elements), AttributePathStep::Index(index)) => elements.get_mut(usize::try_from(*index).ok()?),
        _ => None,
    })
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Nil => "null",
        Value::Boolean(_) => "true or false",
        Value::Integer(_) => "whole number",
        Value::F32(_) | Value::F64(_) => "number with a fraction",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Map(_) => "object",
        Value::Ext(..) => "unknown value",
        Value::Binary(_) => "binary value",
    }
}

const NULL: &[u8] = &[0xc0];

/// Searching the guilty attribute decodes the value once for each attribute; longer values are reported without it.
const LONGEST_SEARCHED: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tf_provider::value::Value as Terraform;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Thing {
        name: Terraform<String>,
        size: Terraform<i64>,
        parts: Terraform<Vec<Part>>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Part {
        weight: Terraform<i64>,
    }

    fn msgpack(value: serde_json::Value) -> Vec<u8> {
        rmp_serde::to_vec_named(&value).unwrap()
    }

    fn failure(value: serde_json::Value) -> tf_provider::Diagnostic {
        let mut diags = Diagnostics::default();
        let bytes = msgpack(value);
        assert!(decode::<Thing>(&mut diags, &bytes, fits::<Thing>).is_none());
        diags.errors.remove(0)
    }

    #[test]
    fn unknown_values_survive_a_round_trip() {
        // {"name": unknown, "size": unknown with refinements, "parts": null}
        let mut bytes = vec![0x83, 0xa4];
        bytes.extend(b"name");
        bytes.extend([0xd4, 0x00, 0x00, 0xa4]);
        bytes.extend(b"size");
        bytes.extend([0xc7, 0x03, 0x0c, 0x81, 0x01, 0xc2, 0xa5]);
        bytes.extend(b"parts");
        bytes.push(0xc0);
        let mut diags = Diagnostics::default();
        let thing: Thing = decode(&mut diags, &bytes, fits::<Thing>).unwrap();
        assert_eq!(
            thing,
            Thing {
                name: Terraform::Unknown,
                size: Terraform::Unknown,
                parts: Terraform::Null
            }
        );
        let encoded = encode(&mut diags, &thing).unwrap();
        let again: Thing = decode(&mut diags, &encoded, fits::<Thing>).unwrap();
        assert_eq!(again, thing);
        let Some(Value::Map(entries)) = tree(&encoded) else {
            panic!("not a map")
        };
        assert!(matches!(entries[0].1, Value::Ext(0, _)));
    }

    #[test]
    fn wrong_attribute_is_named_without_its_value() {
        let error = failure(json!({ "name": "a", "size": "hidden", "parts": null }));
        assert_eq!(error.attribute, AttributePath::new("size"));
        assert!(error.detail.contains("cannot read the text"), "{}", error.detail);
        assert!(!error.detail.contains("hidden"), "{}", error.detail);
    }

    #[test]
    fn wrong_attribute_inside_a_list_is_named() {
        let error = failure(json!({ "name": "a", "size": 1, "parts": [{ "weight": 1 }, { "weight": true }] }));
        assert_eq!(
            error.attribute,
            AttributePath::new("parts").index(1).attribute("weight")
        );
    }

    #[test]
    fn missing_attribute_is_named() {
        let error = failure(json!({ "name": "a", "parts": null }));
        assert!(error.detail.contains("Nothing was sent for `size`"), "{}", error.detail);
    }

    #[test]
    fn arrays_of_any_length_decode() {
        for length in [0, 1, 15, 16, 70_000] {
            let values = vec![[0x01_u8].as_slice(); length];
            let bytes = array(values.into_iter(), 0);
            assert_eq!(rmp_serde::from_slice::<Vec<i64>>(&bytes).unwrap().len(), length);
        }
    }
}
