//! The manifest of append-only files, in the format of Redis 7 and Valkey: one line per file, with pairs of words.

/// The files that hold the data, in order.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct AofManifest {
    pub(super) files: Vec<String>,
    /// The manifest of these files alone: files that are about to be deleted are omitted.
    pub(super) text: String,
}

impl AofManifest {
    /// None if a line is not understood, a file is listed twice, or there are more files than an engine creates.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (mut files, mut kept) = (Vec::new(), String::new());
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let words: Vec<&str> = line.split(' ').collect();
            let (pairs, []) = words.as_chunks::<2>() else {
                return None;
            };
            let value = |key| pairs.iter().find(|[found, _]| *found == key).map(|[_, value]| *value);
            match value("type")? {
                BASE | INCREMENT => {
                    let name = value("file").filter(|name| is_name(name))?.to_owned();
                    if files.contains(&name) || files.len() == MAX_FILES {
                        return None;
                    }
                    files.push(name);
                    kept.push_str(line);
                    kept.push('\n');
                }
                HISTORY => {}
                _ => return None,
            }
        }
        Some(Self { files, text: kept })
    }
}

/// Accepts only plain file names in the same directory. Redis never quotes names with this server's prefix.
fn is_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    !name.starts_with('.') && !name.is_empty() && name.bytes().all(is_plain)
}

const BASE: &str = "b";
/// Every failed rewrite since the last successful one leaves a file. All of them are opened at once.
const MAX_FILES: usize = 500;
const INCREMENT: &str = "i";
const HISTORY: &str = "h";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_and_increments_are_the_data_and_history_is_not() {
        let kept = "file a.1.base.rdb seq 1 type b\nfile a.1.incr.aof seq 1 type i startoffset 7\n";
        let manifest = AofManifest::parse(&format!("# comment\n{kept}file a.0.incr.aof seq 0 type h\n")).unwrap();
        assert_eq!(manifest.files, ["a.1.base.rdb", "a.1.incr.aof"]);
        assert_eq!(manifest.text, kept);
        for unknown in [
            "file ../a seq 1 type b",
            "file a/b seq 1 type b",
            "file \"a b\" seq 1 type b",
            "file a seq 1 type x",
            "file a seq 1 type",
            "file a seq 1",
            "seq 1 type i",
            "file a seq 1 type b\nfile a seq 2 type i",
            &(0..=MAX_FILES)
                .map(|number| format!("file {number} seq 1 type i\n"))
                .collect::<String>(),
        ] {
            assert_eq!(AofManifest::parse(unknown), None, "{unknown}");
        }
    }
}
