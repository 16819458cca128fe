//! Commands from the server to an engine, in RESP.

use zeroize::Zeroizing;

/// An encoded command. It may hold a secret, so it is wiped when dropped, and `Debug` prints no argument.
pub(super) struct Command {
    name: &'static str,
    bytes: Zeroizing<Vec<u8>>,
}

impl Command {
    /// `name` and its arguments. A name of several words, such as `CONFIG SET`, is sent as several arguments.
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

/// Encodes an array of bulk strings. The buffer is allocated at full size, so that growing leaves no copy of a secret
/// behind.
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

/// Maximum overhead of one argument: `$`, a 64-bit number, and two line ends.
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
