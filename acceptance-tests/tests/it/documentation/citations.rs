//! Every citation in comments and pages resolves: pages, their headings, and the recorded answers of a real RavenDB.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{files, links, pages, prose, workspace};

#[test]
fn every_heading_that_a_page_links_exists() {
    let mut anchors = Anchors::default();
    let mut checked = 0;
    let mut missing = Vec::new();
    for page in pages() {
        for (index, line) in prose(&page).lines().enumerate() {
            for link in links(line) {
                let Some((target, anchor)) = link.split_once('#') else {
                    continue;
                };
                let target = match target {
                    "" => page.clone(),
                    target => page.with_file_name(target),
                };
                checked += 1;
                if !anchors.has(&target, anchor) {
                    missing.push(format!("{}:{}: {link}", page.display(), index + 1));
                }
            }
        }
    }
    assert!(checked > 30, "only {checked} links to headings were found");
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_page_and_heading_that_a_source_cites_exists() {
    let mut anchors = Anchors::default();
    let mut checked = 0;
    let mut missing = Vec::new();
    for file in files(&["rs", "toml", "py", "md"]) {
        let text = fs::read_to_string(&file).unwrap();
        for (index, line) in text.lines().enumerate() {
            for citation in cited_pages(line) {
                let (page, anchor) = match citation.split_once('#') {
                    Some((page, anchor)) => (page, Some(anchor)),
                    None => (citation, None),
                };
                let bases = [workspace().join(page), file.with_file_name(page)];
                let found = bases.iter().find(|path| path.exists());
                checked += 1;
                if !found.is_some_and(|page| anchor.is_none_or(|anchor| anchors.has(page, anchor))) {
                    missing.push(format!("{}:{}: {citation}", file.display(), index + 1));
                }
            }
        }
    }
    assert!(checked > 150, "only {checked} citations were found");
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_record_that_a_source_cites_was_recorded() {
    let records = recorded();
    let is_recorded = |cited: &str| {
        records.iter().any(|id| match id.strip_prefix(cited) {
            Some(rest) => cited.len() > 3 || rest.starts_with('-'),
            None => false,
        })
    };
    let mut checked = 0;
    let mut missing = Vec::new();
    for file in files(&["rs", "md"]) {
        let text = fs::read_to_string(&file).unwrap();
        for (index, line) in text.lines().enumerate() {
            for id in cited_records(line) {
                checked += 1;
                if !is_recorded(id) {
                    missing.push(format!("{}:{}: {id}", file.display(), index + 1));
                }
            }
        }
    }
    assert!(checked > 50, "only {checked} citations were found");
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn citations_are_told_from_addresses_and_from_other_numbers() {
    let line = "(`docs/contracts/ravendb.md#edit`, docs/engines.md. <https://a.b/docs/x.md> ../docs/y.md, docs/*.md)";
    let pages: Vec<_> = cited_pages(line).collect();
    assert_eq!(pages, ["docs/contracts/ravendb.md#edit", "docs/engines.md"]);
    let line = "records `001-build-version`, 112 and `135-post-…`; record `2`, 113 bytes, records `1121`";
    assert_eq!(cited_records(line), ["001-build-version", "112", "135-post-"]);
    assert_eq!(anchor("Where `a_b` is: 2.6, \"x-y\""), "where-a_b-is-26-x-y");
}

/// The anchors of each page that was asked for.
#[derive(Default)]
struct Anchors(BTreeMap<PathBuf, BTreeSet<String>>);

impl Anchors {
    fn has(&mut self, page: &Path, wanted: &str) -> bool {
        let anchors = self.0.entry(page.to_owned()).or_insert_with(|| headings(page));
        anchors.contains(wanted)
    }
}

/// The anchors that GitHub gives to the headings of a page; a repeated heading gets a number. Other files have none.
fn headings(page: &Path) -> BTreeSet<String> {
    if !page.is_file() {
        return BTreeSet::new();
    }
    let mut counts = BTreeMap::<String, usize>::new();
    let prose = prose(page);
    let titles = prose.lines().filter(|line| line.starts_with('#'));
    titles
        .map(|line| {
            let anchor = anchor(line.trim_start_matches('#').trim());
            let count = counts.entry(anchor.clone()).or_default();
            *count += 1;
            match *count {
                1 => anchor,
                count => format!("{anchor}-{}", count - 1),
            }
        })
        .collect()
}

fn anchor(title: &str) -> String {
    let lower = title.to_lowercase();
    lower
        .chars()
        .filter(|&c| c.is_alphanumeric() || " -_".contains(c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

/// The pages of `docs/` that a line names, with their anchors. Addresses and relative paths are not among them.
fn cited_pages(line: &str) -> impl Iterator<Item = &str> {
    let starts = line.match_indices("docs/").map(|(at, _)| line.split_at(at));
    let cited = starts.filter(|(before, _)| !before.ends_with(|c: char| c.is_alphanumeric() || "/._-".contains(c)));
    cited
        .map(|(_, text)| {
            let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || "./_-#".contains(c)));
            text[..end.unwrap_or(text.len())].trim_end_matches('.')
        })
        .filter(|citation| citation.split('#').next().is_some_and(|page| page.ends_with(".md")))
}

/// The ids, or their beginnings, that follow the word "record" or "records" on a line.
fn cited_records(line: &str) -> Vec<&str> {
    let after = line.split("record").skip(1).filter_map(|text| {
        let text = text.strip_prefix('s').unwrap_or(text);
        text.strip_prefix(' ')
    });
    let items = after.flat_map(|text| {
        text.split([' ', ','])
            .map(|word| word.trim_matches(['`', '.', ';', ':', ')', '…']))
            .take_while(|word| word.is_empty() || ["and", "to"].contains(word) || is_record(word))
            .filter(|word| is_record(word))
    });
    items.collect()
}

/// Three digits, alone or before a hyphen.
fn is_record(word: &str) -> bool {
    let (number, rest) = word.split_at_checked(3).unwrap_or((word, ""));
    number.len() == 3 && number.bytes().all(|b| b.is_ascii_digit()) && (rest.is_empty() || rest.starts_with('-'))
}

/// The ids of the recorded exchanges.
fn recorded() -> Vec<String> {
    let folder = workspace().join("acceptance-tests/contract/ravendb/recorded");
    let exchanges = ["first-server.json", "second-server.json"].map(|file| {
        let text = fs::read_to_string(folder.join(file)).unwrap();
        serde_json::from_str::<Vec<Value>>(&text).unwrap()
    });
    let ids = exchanges.iter().flatten().map(|exchange| exchange["id"].as_str());
    ids.map(|id| id.unwrap().to_owned()).collect()
}
