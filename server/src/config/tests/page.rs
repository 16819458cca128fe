//! The table in `docs/settings.md`. `UPDATE_DOCS=1 cargo test -p certward-server --lib config::tests::page` writes it anew.

use std::fmt::Write as _;
use std::path::Path;

use super::*;
use crate::config::key::{Key, Kind};

#[test]
fn the_page_of_the_settings_has_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/settings.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (prose, _) = page.split_once(HEADING).expect("the page has a heading for the keys");
    let wanted = format!("{prose}{HEADING}{}", markdown());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, wanted).unwrap();
    } else {
        assert!(
            page == wanted,
            "stale, run UPDATE_DOCS=1 cargo test -p certward-server --lib config::tests::page"
        );
    }
}

const HEADING: &str = "## Keys\n";

/// Each key may stand in every source.
fn markdown() -> String {
    let mut text =
        "\nEach may stand on the command line, in the settings file and in the environment. The parts of a list stand \
                    between `;`.\n"
            .to_owned();
    let is_own = |key: &Key| key.name.starts_with("Certward.");
    let followed = || table::FOLLOWED.iter().copied();
    values(&mut text, "Keys of RavenDB 7.2", followed().filter(|key| !is_own(key)));
    values(&mut text, "Keys of Certward", followed().filter(|key| is_own(key)));
    text.push_str("\n### Keys of RavenDB 7.2 that Certward does not follow\n\n| key | |\n| --- | --- |\n");
    for Key {
        name, kind, meaning, ..
    } in table::keys().skip(table::FOLLOWED.len())
    {
        _ = match kind {
            Kind::Refused => writeln!(text, "| `{name}` | Refused: {meaning}. |"),
            _ => writeln!(text, "| `{name}` | Accepted without effect: {meaning} |"),
        };
    }
    text
}

fn values<'a>(text: &mut String, heading: &str, keys: impl Iterator<Item = &'a Key>) {
    _ = write!(
        text,
        "\n### {heading}\n\n| key | value | default | meaning |\n| --- | --- | --- | --- |\n"
    );
    for key in keys {
        let values = match key.kind {
            Kind::Boolean => "`true` or `false`".to_owned(),
            Kind::Number { least, most, unit } => format!("{least} to {most} {unit}").trim_end().to_owned(),
            Kind::Choice(words) => format!("`{}`", words.join("`, `")),
            Kind::Path => "path".to_owned(),
            Kind::Password => "text".to_owned(),
            Kind::Text(form) | Kind::Secret(form) => form.to_owned(),
            Kind::Ignored | Kind::Refused => unreachable!("these keys are followed"),
        };
        let default = match key.default {
            "" => "not set".to_owned(),
            default => format!("`{default}`"),
        };
        _ = writeln!(text, "| `{}` | {values} | {default} | {} |", key.name, key.meaning);
    }
}
