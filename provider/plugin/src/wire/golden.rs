//! Messages against bytes that `protoc --encode` made from the published definitions (6.9).

use prost::Message;
use prost::bytes::Bytes;

use super::function::Return;
use super::schema::{Attribute, Block, NestedBlock, Object};
use super::{
    AttributePath, ClientCapabilities, Diagnostic, DynamicValue, Function, FunctionError, NestingMode, RawState,
    ResourceIdentityData, Schema, Selector, ServerCapabilities, Severity, Step, StringKind, Timestamp, call_function,
    get_provider_schema, move_resource_state, open_ephemeral_resource, plan_resource_change,
};

fn check<M: Message + Default + PartialEq>(message: &M, golden: &str) {
    let hex: String = message
        .encode_to_vec()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(hex, golden);
    assert!(
        &M::decode(message.encode_to_vec().as_slice()).unwrap() == message,
        "decoding gives it back"
    );
}

fn msgpack(bytes: &'static [u8]) -> Option<DynamicValue> {
    Some(DynamicValue {
        msgpack: Bytes::from_static(bytes),
        json: Bytes::new(),
    })
}

fn step(selector: Selector) -> Step {
    Step {
        selector: Some(selector),
    }
}

#[test]
fn attribute_is_encoded_as_published() {
    let inner = Attribute {
        name: "b".to_owned(),
        ..Attribute::default()
    };
    let attribute = Attribute {
        name: "a".to_owned(),
        r#type: Bytes::from_static(b"\"string\""),
        description: "d".to_owned(),
        required: true,
        optional: true,
        computed: true,
        sensitive: true,
        description_kind: StringKind::Markdown.into(),
        deprecated: true,
        nested_type: Some(Object {
            attributes: vec![inner],
            nesting: NestingMode::Map.into(),
        }),
        write_only: true,
    };
    check(
        &attribute,
        "0a0161120822737472696e67221a016420012801300138014001480152070a030a016218045801",
    );
}

#[test]
fn schema_is_encoded_as_published() {
    let nested = NestedBlock {
        type_name: "n".to_owned(),
        block: Some(Block {
            deprecated: true,
            ..Block::default()
        }),
        nesting: NestingMode::Group.into(),
        min_items: 1,
        max_items: 2,
    };
    let block = Block {
        version: 3,
        attributes: vec![Attribute {
            name: "a".to_owned(),
            ..Attribute::default()
        }],
        block_types: vec![nested],
        description: "d".to_owned(),
        description_kind: StringKind::Markdown.into(),
        deprecated: true,
    };
    check(
        &Schema {
            version: 3,
            block: Some(block),
        },
        "0803121d080312030a01611a0d0a016e1202300118052001280222016428013001",
    );
}

#[test]
fn plan_is_encoded_as_published() {
    let request = plan_resource_change::Request {
        type_name: "t".to_owned(),
        prior_state: msgpack(b"\xc0"),
        proposed_new_state: msgpack(b"\x80"),
        config: Some(DynamicValue {
            msgpack: Bytes::new(),
            json: Bytes::from_static(b"{}"),
        }),
        prior_private: Bytes::from_static(b"p"),
        provider_meta: msgpack(b"\xc0"),
        client_capabilities: Some(ClientCapabilities {
            deferral_allowed: true,
            write_only_attributes_allowed: true,
        }),
        prior_identity: Some(ResourceIdentityData {
            identity_data: msgpack(b"\xc0"),
        }),
    };
    check(
        &request,
        "0a017412030a01c01a030a0180220412027b7d2a017032030a01c03a040801100142050a030a01c0",
    );
    let path = vec![
        step(Selector::AttributeName("a".to_owned())),
        step(Selector::ElementKeyString("k".to_owned())),
        step(Selector::ElementKeyInt(7)),
    ];
    let warning = Diagnostic {
        severity: Severity::Warning.into(),
        summary: "s".to_owned(),
        detail: "d".to_owned(),
        attribute: Some(AttributePath {
            steps: vec![step(Selector::AttributeName("a".to_owned()))],
        }),
    };
    let response = plan_resource_change::Response {
        planned_state: msgpack(b"\x80"),
        requires_replace: vec![AttributePath { steps: path }],
        planned_private: Bytes::from_static(b"p"),
        diagnostics: vec![warning],
        ..Default::default()
    };
    check(
        &response,
        "0a030a0180120e0a030a01610a0312016b0a0218071a0170220f08021201731a016422050a030a0161",
    );
}

#[test]
fn opened_ephemeral_resource_is_encoded_as_published() {
    let error = Diagnostic {
        severity: Severity::Error.into(),
        summary: "s".to_owned(),
        ..Diagnostic::default()
    };
    let response = open_ephemeral_resource::Response {
        diagnostics: vec![error],
        renew_at: Some(Timestamp { seconds: 1, nanos: 2 }),
        result: msgpack(b"\x80"),
        private: Some(Bytes::new()),
    };
    check(&response, "0a0508011201731204080110021a030a01802200");
}

#[test]
fn provider_schema_is_encoded_as_published() {
    let version = |version| Schema { version, block: None };
    let function = Function {
        summary: "s".to_owned(),
        r#return: Some(Return {
            r#type: Bytes::from_static(b"\"bool\""),
        }),
        ..Function::default()
    };
    let response = get_provider_schema::Response {
        provider: Some(version(1)),
        resource_schemas: [("r".to_owned(), version(2))].into(),
        data_source_schemas: [("d".to_owned(), version(3))].into(),
        diagnostics: vec![Diagnostic {
            severity: Severity::Error.into(),
            ..Diagnostic::default()
        }],
        server_capabilities: Some(ServerCapabilities {
            plan_destroy: true,
            get_provider_schema_optional: true,
            move_resource_state: true,
        }),
        functions: [("f".to_owned(), function)].into(),
        ephemeral_resource_schemas: [("e".to_owned(), version(4))].into(),
        ..Default::default()
    };
    check(
        &response,
        "0a02080112070a0172120208021a070a0164120208032202080132060801100118013a120a0166120d1a080a0622626f6f6c22220173\
         42070a016512020804",
    );
}

#[test]
fn function_error_names_argument_zero() {
    let error = FunctionError {
        text: "t".to_owned(),
        function_argument: Some(0),
    };
    check(
        &call_function::Response {
            result: None,
            error: Some(error),
        },
        "12050a01741000",
    );
}

#[test]
fn move_is_encoded_as_published() {
    let request = move_resource_state::Request {
        source_provider_address: "a".to_owned(),
        source_type_name: "b".to_owned(),
        source_schema_version: 1,
        source_state: Some(RawState {
            json: Bytes::from_static(b"{}"),
            flatmap: [("k".to_owned(), "v".to_owned())].into(),
        }),
        target_type_name: "c".to_owned(),
        source_private: Bytes::from_static(b"p"),
        ..Default::default()
    };
    check(&request, "0a01611201621801220c0a027b7d12060a016b1201762a0163320170");
}
