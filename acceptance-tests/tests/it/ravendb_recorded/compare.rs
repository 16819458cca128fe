//! Differences between a recorded response and this server's.

use std::io::Cursor;

use serde_json::Value;

use super::client::Seen;
use super::fixture::Recorded;

/// One line for each difference.
pub(super) fn differences(recorded: &Recorded, seen: Option<&Seen>) -> Vec<String> {
    let Some(seen) = seen else {
        return if recorded.status == 0 {
            Vec::new()
        } else {
            vec![format!("status {} became no answer", recorded.status)]
        };
    };
    let mut found = Vec::new();
    if seen.status != recorded.status {
        found.push(format!(
            "status {} became {}: {}",
            recorded.status,
            seen.status,
            String::from_utf8_lossy(&seen.body)
        ));
    }
    for name in HEADERS {
        let recorded = recorded.headers.get(name).cloned();
        let ours = seen
            .headers
            .get(name)
            .map(|value| without_uuid(value.to_str().unwrap_or("?")));
        if recorded != ours {
            found.push(format!(
                "{name}: {} became {}",
                shown(recorded.as_deref()),
                shown(ours.as_deref())
            ));
        }
    }
    let body: Option<Value> = serde_json::from_slice(&seen.body).ok();
    if let Some(shape) = &recorded.shape {
        match &body {
            None => found.push("the body is not JSON".to_owned()),
            Some(body) => compare_members("", shape, body, &mut found),
        }
    }
    let kind = body.as_ref().and_then(|body| body["Type"].as_str());
    if recorded.kind.as_deref() != kind.filter(|_| recorded.kind.is_some()) {
        found.push(format!(
            "Type: {} became {}",
            shown(recorded.kind.as_deref()),
            shown(kind)
        ));
    }
    if let Some(names) = &recorded.zip {
        let ours = zip_names(&seen.body);
        if ours.as_ref() != Some(names) {
            found.push(format!("zip entries: {names:?} became {ours:?}"));
        }
    }
    found
}

/// Names and order of the members; of arrays, those of the first item.
pub(super) fn compare_members(path: &str, recorded: &Value, ours: &Value, found: &mut Vec<String>) {
    match (recorded, ours) {
        (Value::Object(recorded), Value::Object(ours)) => {
            // An object whose members are data, such as the databases of a certificate, has none in the fixture.
            if recorded.is_empty() {
                return;
            }
            let names = |object: &serde_json::Map<String, Value>| object.keys().cloned().collect::<Vec<_>>();
            if names(recorded) != names(ours) {
                found.push(format!(
                    "members of {path}/: {:?} became {:?}",
                    names(recorded),
                    names(ours)
                ));
            }
            for (name, recorded) in recorded {
                if let Some(ours) = ours.get(name) {
                    compare_members(&format!("{path}/{name}"), recorded, ours, found);
                }
            }
        }
        (Value::Array(recorded), Value::Array(ours)) => match (recorded.first(), ours.first()) {
            (Some(recorded), Some(ours)) => compare_members(&format!("{path}/0"), recorded, ours, found),
            (Some(_), None) => found.push(format!("{path} has become empty")),
            (None, _) => {}
        },
        (Value::Object(_) | Value::Array(_), ours) => found.push(format!("{path} has become {ours}")),
        _ => {}
    }
}

fn zip_names(body: &[u8]) -> Option<Vec<String>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(body)).ok()?;
    (0..archive.len())
        .map(|place| Some(archive.by_index(place).ok()?.name().ok()?.into_owned()))
        .collect()
}

/// A cookie with its value left out.
fn without_uuid(value: &str) -> String {
    match value.split_once('=') {
        Some(("2fa-cookie", rest)) => format!("2fa-cookie=…{}", rest.get(36..).unwrap_or_default()),
        _ => value.to_owned(),
    }
}

fn shown(value: Option<&str>) -> &str {
    value.unwrap_or("nothing")
}

/// The headers that were recorded.
const HEADERS: [&str; 6] = [
    "content-type",
    "content-disposition",
    "location",
    "raven-server-version",
    "set-cookie",
    "vary",
];
