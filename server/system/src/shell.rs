//! Commands that the program prints for people to run.

use std::ffi::OsStr;
use std::fmt::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use certward_pki::Printable;

/// A path as one word of a shell: bare if possible, else between `'`, and as `$'\x1b'` (POSIX.1-2024, bash, zsh) if it
/// contains unprintable characters or is not UTF-8.
#[derive(Debug, Clone, Copy)]
pub struct ShellWord<'a>(&'a OsStr);

impl<'a> ShellWord<'a> {
    /// Quotes a path.
    pub fn of(path: &'a Path) -> Self {
        Self(path.as_os_str())
    }
}

impl fmt::Display for ShellWord<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.0.as_bytes();
        let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-+:,@%".contains(byte);
        // What begins with a dash would be taken for an option.
        if !bytes.is_empty() && !bytes.starts_with(b"-") && bytes.iter().all(is_plain) {
            return write!(f, "{}", self.0.display());
        }
        let dash = if bytes.starts_with(b"-") { "./" } else { "" };
        match self.0.to_str() {
            Some(text) if Printable::escaped(text).at_most(usize::MAX).to_string() == text => {
                write!(f, "'{dash}{}'", text.replace('\'', r"'\''"))
            }
            _ => {
                write!(f, "$'{dash}")?;
                for byte in bytes {
                    match byte {
                        b'\'' | b'\\' => write!(f, "\\{}", char::from(*byte))?,
                        b' '..=b'~' => f.write_char(char::from(*byte))?,
                        _ => write!(f, "\\x{byte:02x}")?,
                    }
                }
                f.write_char('\'')
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn word(path: &[u8]) -> String {
        ShellWord::of(Path::new(OsStr::from_bytes(path))).to_string()
    }

    #[test]
    fn path_is_quoted_only_when_it_needs_to_be() {
        for (path, expected) in [
            (&b"/etc/certward/settings.json"[..], "/etc/certward/settings.json"),
            (b"/a b/it's; rm", r"'/a b/it'\''s; rm'"),
            (b"~/x", "'~/x'"),
            ("/srv/größe".as_bytes(), "'/srv/größe'"),
            (b"/a\x1b[2J", r"$'/a\x1b[2J'"),
            (b"/\xff'\\", r"$'/\xff\'\\'"),
            (b"-rf", "'./-rf'"),
            (b"", "''"),
        ] {
            assert_eq!(word(path), expected);
        }
    }

    #[test]
    fn shell_takes_the_word_for_the_path() {
        let every_byte: Vec<u8> = (1..=255).collect();
        for path in [&b"/a b/it's; $(rm) `x` \"y\" \\ !"[..], &every_byte] {
            let shell = Command::new("bash")
                .arg("-c")
                .arg(format!("printf %s {}", word(path)))
                .output();
            assert_eq!(shell.unwrap().stdout, path);
        }
    }
}
