//! Members and objects of the API as Rust types.

use std::num::{NonZeroU32, NonZeroU64};

use secrecy::SecretString;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::{Access, Kind, MAX_UID, Member, Object, Schema, SchemaError, Text, Value};

/// The type of a member: what a request is read into, and what an answer is written from.
pub(in super::super) trait Wire: Sized {
    /// The values that a request may hold, unless the member says otherwise.
    const KIND: Kind;
    /// The same for a list of such values.
    const LIST: Kind = Kind::Anything;

    /// Reads a value that has passed [`super::check`].
    fn read(value: &Value) -> Option<Self>;

    /// The value of a member that a request omits, where there is one.
    fn absent() -> Option<Self> {
        None
    }

    /// Returns `true` when an answer omits the member.
    fn is_absent(&self) -> bool {
        false
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
}

/// An object whose members are those of a Rust type. [`objects!`] makes them.
pub(in super::super) trait Body: Sized {
    const SCHEMA: &'static Schema;

    /// Reads an object that has passed [`super::check`].
    ///
    /// # Errors
    ///
    /// [`SchemaError`] when it has not.
    fn of(object: &Object) -> Result<Self, SchemaError>;
}

/// Makes objects of the API. A member is stated here once: its field, its name where that differs, its type, the values
/// that a request may hold where the type does not tell, its meaning, and the side that writes it. Requests are checked
/// and read by this, answers are written by it, and the documents show it.
///
/// `for Type` makes an object of a type that exists already. Where these macros are used, `json` is this module.
macro_rules! objects {
    ($(
        $(#[$attribute:meta])*
        $unknown:ident $Type:ident = $name:literal, $summary:literal $(, fixed $fixed:path)? {
            $($field:ident $($wire:literal)?: $type:ty $(= $kind:expr)?, $meaning:expr $(, $access:ident)*;)*
        }
    )*) => {
        $(
            #[doc = $summary]
            $(#[$attribute])*
            pub(in super::super) struct $Type {
                $(pub(in super::super) $field: $type,)*
            }

            impl serde::Serialize for $Type {
                fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    json::Wire::write(self, serializer)
                }
            }

            objects! {
                for $unknown $Type = $name, $summary $(, fixed $fixed)? {
                    $($field $($wire)?: $type $(= $kind)?, $meaning $(, $access)*;)*
                }
            }
        )*
    };
    ($(
        for $unknown:ident $Type:ident = $name:literal, $summary:literal $(, fixed $fixed:path)? {
            $($field:ident $($wire:literal)?: $type:ty $(= $kind:expr)?, $meaning:expr $(, $access:ident)*;)*
        }
    )*) => {
        $(
            impl json::Body for $Type {
                const SCHEMA: &'static json::Schema = &json::Schema {
                    name: $name,
                    summary: $summary,
                    members: &[$(objects!(@member $field $($wire)?, $type $(= $kind)?, $meaning $(, $access)*)),*],
                    unknown: objects!(@unknown $unknown),
                    fixed: objects!(@fixed $($fixed)?),
                };

                fn of(object: &json::Object) -> Result<Self, json::SchemaError> {
                    Ok(Self {
                        $($field: json::read_member::<$type>(
                            object,
                            const { &objects!(@member $field $($wire)?, $type $(= $kind)?, $meaning $(, $access)*) },
                        )?,)*
                    })
                }
            }

            impl json::Wire for $Type {
                const KIND: json::Kind = json::Kind::Object(<Self as json::Body>::SCHEMA);
                const LIST: json::Kind = json::Kind::Objects(<Self as json::Body>::SCHEMA);

                fn read(value: &json::Value) -> Option<Self> {
                    <Self as json::Body>::of(value.as_object()?).ok()
                }

                fn write<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    let mut members = json::begin::<Self, S>(serializer)?;
                    $(json::write_member(&mut members, objects!(@name $field $($wire)?), &self.$field)?;)*
                    serde::ser::SerializeMap::end(members)
                }
            }
        )*
    };
    (@member $field:ident $($wire:literal)?, $type:ty $(= $kind:expr)?, $meaning:expr $(, $access:ident)*) => {
        json::member(objects!(@name $field $($wire)?), objects!(@kind $type $(= $kind)?), $meaning)$(.$access())*
    };
    (@name $field:ident) => { stringify!($field) };
    (@name $field:ident $wire:literal) => { $wire };
    (@kind $type:ty) => { <$type as json::Wire>::KIND };
    (@kind $type:ty = $kind:expr) => { $kind };
    (@unknown strict) => { json::Unknown::Refused };
    (@unknown open) => { json::Unknown::Ignored };
    (@fixed) => { None };
    (@fixed $fixed:path) => { Some($fixed) };
}

/// Makes the words of the API for the variants of an enumeration: with `as_str` its own, otherwise those given here.
macro_rules! words {
    ($($Type:ty: $($Variant:ident = $word:literal),+;)+) => {
        $(impl json::Wire for $Type {
            const KIND: json::Kind = json::Kind::OneOf(&[$($word),+]);

            fn read(value: &json::Value) -> Option<Self> {
                match value.as_text()? {
                    $($word => Some(Self::$Variant),)+
                    _ => None,
                }
            }

            fn write<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(match self {
                    $(Self::$Variant => $word,)+
                })
            }
        })+
    };
    ($($Type:ident.as_str: $($Variant:ident),+;)+) => {
        $(impl json::Wire for $Type {
            const KIND: json::Kind = json::Kind::OneOf(&[$($Type::$Variant.as_str()),+]);

            fn read(value: &json::Value) -> Option<Self> {
                let word = value.as_text()?;
                [$($Type::$Variant),+].into_iter().find(|known| known.as_str() == word)
            }

            fn write<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        })+
    };
}

pub(in super::super) use {objects, words};

/// Reads a member of an object that has passed [`super::check`]. A member that only the server writes is not read.
pub(in super::super) fn read_member<T: Wire>(object: &Object, member: &Member) -> Result<T, SchemaError> {
    let path = || member.name.to_owned();
    match object.get(member.name) {
        Some(value) if member.access != Access::ReadOnly => T::read(value).ok_or_else(|| SchemaError::Wrong {
            path: path(),
            found: value.kind(),
            wanted: member.kind.to_string(),
        }),
        _ => T::absent().ok_or_else(|| SchemaError::Missing { path: path() }),
    }
}

/// Begins an object with its fixed members.
pub(in super::super) fn begin<T: Body, S: Serializer>(serializer: S) -> Result<S::SerializeMap, S::Error> {
    let mut members = serializer.serialize_map(None)?;
    if let Some(fixed) = T::SCHEMA.fixed {
        for (name, value) in fixed().values {
            members.serialize_entry(name, value)?;
        }
    }
    Ok(members)
}

pub(in super::super) fn write_member<T: Wire, M: SerializeMap>(
    members: &mut M,
    name: &'static str,
    value: &T,
) -> Result<(), M::Error> {
    if value.is_absent() {
        return Ok(());
    }
    members.serialize_entry(name, &Written(value))
}

struct Written<'a, T>(&'a T);

impl<T: Wire> Serialize for Written<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write(serializer)
    }
}

impl<T: Wire> Wire for Option<T> {
    const KIND: Kind = T::KIND;
    const LIST: Kind = T::LIST;

    fn read(value: &Value) -> Option<Self> {
        T::read(value).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Some(value) => value.write(serializer),
            None => serializer.serialize_none(),
        }
    }
}

impl<T: Wire> Wire for Vec<T> {
    const KIND: Kind = T::LIST;

    fn read(value: &Value) -> Option<Self> {
        value.as_array()?.iter().map(T::read).collect()
    }

    fn absent() -> Option<Self> {
        Some(Self::new())
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Written))
    }
}

impl Wire for bool {
    const KIND: Kind = Kind::Boolean;

    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(*self)
    }
}

impl Wire for String {
    const KIND: Kind = super::TEXT;
    const LIST: Kind = Kind::TextList;

    fn read(value: &Value) -> Option<Self> {
        value.as_text().map(str::to_owned)
    }

    fn absent() -> Option<Self> {
        Some(Self::new())
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

/// Words of this server's.
impl Wire for &'static str {
    const KIND: Kind = super::TEXT;
    const LIST: Kind = Kind::TextList;

    fn read(_: &Value) -> Option<Self> {
        None
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

/// A secret. No answer tells it.
impl Wire for SecretString {
    const KIND: Kind = super::TEXT;

    fn read(value: &Value) -> Option<Self> {
        value.as_text().map(Self::from)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("")
    }
}

/// Text that may hold a private key. No answer tells it.
impl Wire for Text {
    const KIND: Kind = super::TEXT;

    fn read(value: &Value) -> Option<Self> {
        value.as_text().map(|text| Self::new(text.to_owned()))
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("")
    }
}

/// Something that the server does not look into.
impl Wire for serde_json::Value {
    const KIND: Kind = Kind::Anything;

    fn read(_: &Value) -> Option<Self> {
        Some(Self::Null)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize(serializer)
    }
}

macro_rules! numbers {
    ($($Number:ty: $of:expr;)*) => {
        $(impl Wire for $Number {
            const KIND: Kind = Kind::Integer { min: 0, max: i64::MAX };

            fn read(value: &Value) -> Option<Self> {
                value.as_integer().and_then($of)
            }

            fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.serialize(serializer)
            }
        })*
    };
}

numbers! {
    u16: |number: i64| Self::try_from(number).ok();
    u32: |number: i64| Self::try_from(number).ok();
    u64: |number: i64| Self::try_from(number).ok();
    i64: Some;
    NonZeroU32: |number: i64| Self::new(u32::try_from(number).ok()?);
    NonZeroU64: |number: i64| Self::new(u64::try_from(number).ok()?);
}

macro_rules! uids {
    ($($Uid:ident),*) => {
        $(impl Wire for certward_redis_model::uid::$Uid {
            const KIND: Kind = Kind::Integer { min: 1, max: MAX_UID };
            const LIST: Kind = Kind::Uids;

            fn read(value: &Value) -> Option<Self> {
                Self::new(u32::try_from(value.as_integer()?).ok()?)
            }

            fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_u32(self.get())
            }
        })*
    };
}

uids!(UserUid, RoleUid, RedisAclUid, DatabaseUid);
