//! The zip archive with a generated certificate.

use std::io::{Cursor, Write as _};

use zeroize::Zeroizing;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Packs the three files. They are not compressed: they are small, and half of the content is random.
pub(super) fn write(
    name: &str,
    pfx: &[u8],
    certificate: &str,
    private_key: &str,
) -> Result<Zeroizing<Vec<u8>>, ZipError> {
    let stem = entry_stem(name);
    let files = [
        ("pfx", pfx),
        ("crt", certificate.as_bytes()),
        ("key", private_key.as_bytes()),
    ];
    // Room for everything, so that the key is never moved and left behind.
    let room: usize = files
        .iter()
        .map(|(_, content)| content.len() + 2 * stem.len() + PER_FILE)
        .sum();
    let mut archive = Zeroizing::new(Vec::with_capacity(room));
    let mut writer = ZipWriter::new(Cursor::new(std::mem::take(&mut *archive)));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .unix_permissions(0o600);
    for (extension, content) in files {
        writer.start_file(format!("{stem}.{extension}"), options)?;
        writer.write_all(content)?;
    }
    *archive = writer.finish()?.into_inner();
    Ok(archive)
}

/// The name as the stem of a file name that cannot leave the target directory on any system.
///
/// Ordinary names are unchanged, with blanks, quotes, commas and letters of any script (observed records `139` to
/// `144`). `/`, `\`, `:` and control characters become `_`, and so do leading dots: `../a/b`, which the real server
/// writes unchanged, becomes `___a_b`.
fn entry_stem(name: &str) -> String {
    let dots = name.len() - name.trim_start_matches('.').len();
    name.chars()
        .enumerate()
        .map(|(place, character)| match character {
            '/' | '\\' | ':' => '_',
            '.' if place < dots => '_',
            character if character.is_control() => '_',
            character => character,
        })
        .collect()
}

/// An upper bound of the zip format's overhead for each file, without names.
const PER_FILE: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_stay_and_paths_lead_nowhere() {
        for (name, stem) in [
            ("x15", "x15"),
            ("my \"cert\", 1", "my \"cert\", 1"),
            ("сертификат-ü", "сертификат-ü"),
            ("a,CN=evil", "a,CN=evil"),
            ("release 1.2.3", "release 1.2.3"),
            ("../a/b", "___a_b"),
            ("..", "__"),
            (".ssh", "_ssh"),
            ("c:\\windows", "c__windows"),
            ("/etc/passwd", "_etc_passwd"),
        ] {
            assert_eq!(entry_stem(name), stem);
        }
    }
}
