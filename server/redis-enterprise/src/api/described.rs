//! The objects of the API as JSON Schema, for the OpenAPI document and for `/v1/jsonschema`.

use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{Ref, RefOr, Schema as Described};

use super::json::{Access, Kind, MAX_UID, Member, Schema, Unknown};
use super::routes::{Content, ROUTES};

/// The place of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    /// In an answer.
    Answer,
    /// In a request that makes something new.
    New,
    /// In a request that changes something.
    Change,
    /// In both, each member with a mark that says where.
    Whole,
}

/// The form of an object within another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nested {
    /// By the name of its component.
    Referred,
    /// In full.
    Inline,
}

impl View {
    /// Of an object within one in this view. A change takes it whole, as a new one.
    pub(super) const fn within(self) -> Self {
        match self {
            Self::Change => Self::New,
            view => view,
        }
    }
}

/// The name of an object's component. Requests and answers share one when they have the same members.
pub(super) fn component_name(schema: &Schema, view: View) -> String {
    let same = |member: &Member| matches!(member.access, Access::Optional | Access::Required);
    match view {
        View::Answer | View::Whole => schema.name.to_owned(),
        View::New if !is_answered(schema) || schema.members().all(same) => schema.name.to_owned(),
        View::New => format!("{}_create", schema.name),
        View::Change => format!("{}_update", schema.name),
    }
}

pub(super) fn reference(schema: &Schema, view: View) -> RefOr<Described> {
    RefOr::Ref(Ref::from_schema_name(component_name(schema, view)))
}

/// An object with the members that it has in this view.
pub(super) fn described(schema: &Schema, view: View, nested: Nested) -> Described {
    let mut object = ObjectBuilder::new()
        .schema_type(Type::Object)
        .title((view == View::Whole).then_some(schema.name))
        .description(Some(schema.summary))
        .additional_properties(Some(AdditionalProperties::<Described>::FreeForm(
            schema.unknown == Unknown::Ignored,
        )));
    for member in schema.members().filter(|member| is_in(member, view)) {
        object = object.property(member.name, value(member, view, nested));
        if is_required(member, view) {
            object = object.required(member.name);
        }
    }
    Described::Object(object.build())
}

/// Returns the schema of a value.
pub(super) fn kind(kind: Kind, view: View, nested: Nested) -> RefOr<Described> {
    match kind {
        Kind::Object(schema) | Kind::Later(schema) => inner(schema, view, nested),
        Kind::Objects(schema) => array(inner(schema, view, nested)),
        Kind::Texts => list(simple(Type::String), true, 0),
        Kind::TextsOf(each) => list(self::kind(*each, view, nested), true, 0),
        Kind::TextList => list(simple(Type::String), false, 0),
        Kind::Uids => list(
            self::kind(Kind::Integer { min: 1, max: MAX_UID }, view, nested),
            true,
            1,
        ),
        _ => RefOr::T(Described::Object(leaf(kind).build())),
    }
}

pub(super) fn array(items: RefOr<Described>) -> RefOr<Described> {
    list(items, false, 0)
}

/// An object without a schema; with `names`, or an array.
pub(super) fn object_or_names(names: bool) -> RefOr<Described> {
    let types = [Type::Object, Type::Array];
    let types = &types[..if names { 2 } else { 1 }];
    let object = ObjectBuilder::new().schema_type(types.iter().cloned().collect::<SchemaType>());
    RefOr::T(Described::Object(object.build()))
}

/// A member's value, with what it means and, where the view does not tell, who writes it.
fn value(member: &Member, view: View, nested: Nested) -> RefOr<Described> {
    let mut value = kind(member.kind, view, nested);
    if let RefOr::T(Described::Object(object)) = &mut value {
        object.description = Some(member.meaning.to_owned());
        object.read_only = (view == View::Whole && member.access == Access::ReadOnly).then_some(true);
        let is_write_only = matches!(member.access, Access::WriteOnly | Access::RequiredWriteOnly);
        object.write_only = (view == View::Whole && is_write_only).then_some(true);
    } else if let RefOr::T(Described::Array(array)) = &mut value {
        array.description = Some(member.meaning.to_owned());
    }
    value
}

fn is_in(member: &Member, view: View) -> bool {
    match (member.access, view) {
        (_, View::Whole) | (Access::Optional | Access::Required | Access::Needed, _) => true,
        (Access::WriteOnly | Access::RequiredWriteOnly, _) => view != View::Answer,
        (Access::Refused, _) => false,
        (Access::ReadOnly, _) => view == View::Answer,
        (Access::Fixed | Access::Chosen, _) => view != View::Change,
    }
}

fn is_required(member: &Member, view: View) -> bool {
    match view {
        View::Answer => matches!(member.access, Access::Required | Access::Fixed),
        View::New => matches!(
            member.access,
            Access::Required | Access::RequiredWriteOnly | Access::Needed
        ),
        View::Change => false,
        View::Whole => matches!(member.access, Access::Required | Access::RequiredWriteOnly),
    }
}

fn inner(schema: &Schema, view: View, nested: Nested) -> RefOr<Described> {
    match nested {
        Nested::Referred => reference(schema, view.within()),
        Nested::Inline => RefOr::T(described(schema, view.within(), nested)),
    }
}

fn leaf(kind: Kind) -> ObjectBuilder {
    let text = ObjectBuilder::new().schema_type(Type::String);
    match kind {
        Kind::Boolean => ObjectBuilder::new().schema_type(Type::Boolean),
        Kind::Integer { min, max } => ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(min))
            .maximum((max != i64::MAX).then_some(max)),
        Kind::Text { max } => text.max_length((max != usize::MAX).then_some(max)),
        Kind::FilledText { max } => text.min_length(Some(1)).max_length(Some(max)),
        Kind::Pattern { regex, max, .. } | Kind::CheckedLater { regex, max } => {
            text.pattern(Some(regex)).max_length(Some(max))
        }
        Kind::OneOf(words) => text.enum_values(Some(words.iter().copied())),
        _ => ObjectBuilder::new().schema_type(SchemaType::AnyValue),
    }
}

fn list(items: RefOr<Described>, unique: bool, least: usize) -> RefOr<Described> {
    let array = ArrayBuilder::new().items(items).unique_items(unique);
    RefOr::T(Described::Array(array.min_items((least > 0).then_some(least)).build()))
}

fn simple(kind: Type) -> RefOr<Described> {
    RefOr::T(Described::Object(ObjectBuilder::new().schema_type(kind).build()))
}

/// Returns `true` when an answer has this object.
fn is_answered(schema: &Schema) -> bool {
    ROUTES.iter().any(|route| match route.content {
        Content::One(answer) | Content::Many(answer) => answer.name == schema.name,
        Content::Nothing | Content::Json | Content::JsonOrNames => false,
    })
}
