//! The fixtures, as `tools/recorded_answers.py` writes them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

/// A recorded request with its answer, or a request in the place of a record that is missing.
#[derive(Deserialize)]
pub(super) struct Exchange {
    pub(super) id: String,
    pub(super) request: Option<Sent>,
    /// The identity that the answer's zip is.
    pub(super) saves: Option<String>,
    /// To wait before the request.
    pub(super) wait_milliseconds: u64,
    /// None: not compared.
    pub(super) response: Option<Recorded>,
}

#[derive(Deserialize, Clone)]
pub(super) struct Sent {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) identity: Option<String>,
    pub(super) http: String,
    #[serde(default)]
    pub(super) tls: Option<String>,
    pub(super) headers: Vec<String>,
    pub(super) body: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Recorded {
    /// 0: no answer, the connection was not made.
    pub(super) status: u16,
    pub(super) headers: BTreeMap<String, String>,
    /// The names of the files in the zip.
    pub(super) zip: Option<Vec<String>>,
    /// The members of the JSON body.
    pub(super) shape: Option<Value>,
    /// The value of `Type`, for errors.
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
}

pub(super) fn exchanges(file: &str) -> Vec<Exchange> {
    let text = std::fs::read_to_string(folder().join(file)).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The records that differ, with the reason.
pub(super) fn known_differences() -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(folder().join("differences.toml")).unwrap();
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#') && !line.starts_with('['))
        .map(|line| {
            let (id, reason) = line
                .split_once(" = ")
                .unwrap_or_else(|| panic!("not a line of the table: {line}"));
            (id.trim_matches('"').to_owned(), reason.trim_matches('"').to_owned())
        })
        .collect()
}

/// The answers among the files of the contract: the file, the record it is from, and what it holds.
pub(super) fn contract_files() -> Vec<(String, String, Value)> {
    let contract = folder().parent().unwrap().to_owned();
    let table = std::fs::read_to_string(contract.join("README.md")).unwrap();
    table
        .lines()
        .filter_map(|line| {
            let cells: Vec<_> = line.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
            let [_, operation, files, id, _] = cells[..] else {
                return None;
            };
            let file = files.rsplit(", ").next()?;
            let path = contract.join(operation).join(format!("{file}.json"));
            let answer = serde_json::from_str(&std::fs::read_to_string(path).ok()?).unwrap();
            Some((format!("{operation}/{file}.json"), id.to_owned(), answer))
        })
        .collect()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("contract/ravendb/recorded")
}
