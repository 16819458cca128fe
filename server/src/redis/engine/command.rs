//! Commands of the server to an engine, as RESP wants them.

use zeroize::Zeroizing;

/// A command, ready to be sent. It may hold a secret: it is wiped, and shows nothing.
pub(super) struct Command {
    name: &'static str,
    bytes: Zeroizing<Vec<u8>>,
}

impl Command {
    /// `name` and its arguments. The words of the name are arguments of their own, as in `CONFIG SET`.
    pub(super) fn new<'a>(name: &'static str, arguments: impl IntoIterator<Item = &'a str>) -> Self {
        let words: Vec<&str> = name.split(' ').chain(arguments).collect();
        Self {
            name,
            bytes: encode(&words),
        }
    }

    /// The name, for errors.
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// The encoded command.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Consumes the command and returns its encoded bytes.
    pub(super) fn into_bytes(self) -> Zeroizing<Vec<u8>> {
        self.bytes
    }
}

/// An array of bulk strings. The buffer has its size from the beginning, so that growing leaves no copy behind.
fn encode(words: &[&str]) -> Zeroizing<Vec<u8>> {
    let size = words.iter().map(|word| word.len() + OVERHEAD).sum::<usize>() + OVERHEAD;
    let mut bytes = Zeroizing::new(Vec::with_capacity(size));
    bytes.extend_from_slice(format!("*{}\r\n", words.len()).as_bytes());
    for word in words {
        bytes.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        bytes.extend_from_slice(word.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

/// A sign, a number of 64 bits, and the ends of two lines.
const OVERHEAD: usize = 25;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_an_array_of_bulk_strings_whatever_is_in_them() {
        let command = Command::new("CONFIG SET", ["save", "", "a\r\nb"]);
        let expected = b"*5\r\n$6\r\nCONFIG\r\n$3\r\nSET\r\n$4\r\nsave\r\n$0\r\n\r\n$4\r\na\r\nb\r\n";
        assert_eq!(command.bytes(), expected);
    }
}
