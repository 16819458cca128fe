//! PEM text (RFC 7468), read with the patience that pasted and templated files need.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::certificate::Certificate;
use super::certificate_error::CertificateError;

/// A text does not hold the PEM blocks asked for. The text itself is never repeated: it may hold a private key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PemError {
    /// The text holds a private key where only certificates belong.
    #[error("line {line} begins a private key; only certificates belong here")]
    PrivateKeyFound {
        /// Counted from 1.
        line: usize,
    },
    /// The text holds no `CERTIFICATE` block.
    #[error("found no \"-----BEGIN CERTIFICATE-----\" block")]
    NoCertificate,
    /// A block has no end line, or its content is not Base64.
    #[error("block {index}, which begins on line {line}, {problem}")]
    Unreadable {
        /// Counted from 1 over every block of the text.
        index: usize,
        /// The line of its `-----BEGIN`, counted from 1.
        line: usize,
        /// The problem with it.
        problem: &'static str,
    },
    /// A block holds something that is no certificate.
    #[error("block {index}, which begins on line {line}, holds no certificate")]
    NotACertificate {
        /// Counted from 1 over every block of the text.
        index: usize,
        /// The line of its `-----BEGIN`, counted from 1.
        line: usize,
        /// The certificate's error.
        source: CertificateError,
    },
    /// More text than any bundle needs.
    #[error("the text has {0} bytes; at most {MAX_LENGTH} are read")]
    TooLarge(usize),
}

/// Every certificate of a PEM text, in its order.
///
/// Windows line ends, a byte order mark, indentation, text before, between and after the blocks, and blocks of other
/// kinds (parameters, requests, revocation lists) do no harm. `X509 CERTIFICATE` and `TRUSTED CERTIFICATE` are not read.
///
/// # Errors
/// [`PemError`]; a private key anywhere in the text is an error of its own, because it is about to be stored or shown
/// where certificates are.
pub fn certificates_from_pem(text: &str) -> Result<Vec<Certificate>, PemError> {
    let mut certificates = Vec::new();
    for block in blocks(text)? {
        if block.is_private_key() {
            return Err(PemError::PrivateKeyFound { line: block.line });
        }
        if block.label == "CERTIFICATE" {
            let (index, line) = (block.index, block.line);
            let der = block.decode()?.to_vec();
            let certificate =
                Certificate::from_der(der).map_err(|source| PemError::NotACertificate { index, line, source })?;
            certificates.push(certificate);
        }
    }
    if certificates.is_empty() {
        Err(PemError::NoCertificate)
    } else {
        Ok(certificates)
    }
}

/// One block, its content still in text.
pub(crate) struct Block<'a> {
    pub(crate) index: usize,
    pub(crate) line: usize,
    pub(crate) label: &'a str,
    lines: Vec<&'a str>,
}

impl Block<'_> {
    pub(crate) fn is_private_key(&self) -> bool {
        self.label.ends_with("PRIVATE KEY")
    }

    /// RFC 1421 headers before the content, as the old way to encrypt a key has them.
    pub(crate) fn has_headers(&self) -> bool {
        self.lines.iter().any(|line| line.contains(':'))
    }

    pub(crate) fn decode(&self) -> Result<Zeroizing<Vec<u8>>, PemError> {
        let base64 = Zeroizing::new(self.lines.concat());
        let decoded = PATIENT_BASE64.decode(base64.as_bytes()).map(Zeroizing::new);
        decoded.map_err(|_| self.unreadable("is not Base64 between its first and last line"))
    }

    pub(crate) fn unreadable(&self, problem: &'static str) -> PemError {
        PemError::Unreadable {
            index: self.index,
            line: self.line,
            problem,
        }
    }
}

/// Finds the blocks of a text.
pub(crate) fn blocks(text: &str) -> Result<Vec<Block<'_>>, PemError> {
    if text.len() > MAX_LENGTH {
        return Err(PemError::TooLarge(text.len()));
    }
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let mut open: Option<Block<'_>> = None;
    for (number, line) in text.split(['\n', '\r']).scan(LineCounter::default(), |counter, line| {
        Some((counter.count(text, line), line))
    }) {
        let line = line.trim_start_matches('\u{feff}').trim();
        if has_lost_line_ends(line) {
            return Err(PemError::Unreadable {
                index: blocks.len() + 1,
                line: number,
                problem: ON_ONE_LINE,
            });
        }
        if let Some(label) = line
            .strip_prefix("-----BEGIN ")
            .and_then(|rest| rest.strip_suffix("-----"))
        {
            if let Some(block) = open {
                return Err(block.unreadable("has no end line before the next block"));
            }
            open = Some(Block {
                index: blocks.len() + 1,
                line: number,
                label,
                lines: Vec::new(),
            });
        } else if let Some(label) = line
            .strip_prefix("-----END ")
            .and_then(|rest| rest.strip_suffix("-----"))
        {
            match open.take() {
                Some(block) if block.label == label => blocks.push(block),
                Some(block) => return Err(block.unreadable("ends with the end line of another kind")),
                None => {}
            }
        } else if let Some(block) = &mut open {
            block.lines.push(line);
        }
    }
    match open {
        Some(block) => Err(block.unreadable("has no end line")),
        None => Ok(blocks),
    }
}

/// Returns `true` if a line contains a BEGIN line and an END line: the line breaks have become blanks, are written as
/// the two characters `
/// `, or are lost.
fn has_lost_line_ends(line: &str) -> bool {
    line.starts_with("-----BEGIN ") && line.contains("-----END ")
}

/// Line numbers where `\r\n` counts once and a lone `\r` (old Macintosh files) ends a line too.
#[derive(Default)]
struct LineCounter {
    line: usize,
}

impl LineCounter {
    fn count(&mut self, text: &str, piece: &str) -> usize {
        let start = piece.as_ptr() as usize - text.as_ptr() as usize;
        let is_rest_of_windows_end = start >= 2 && &text.as_bytes()[start - 2..start] == b"\r\n";
        if !is_rest_of_windows_end {
            self.line += 1;
        }
        self.line
    }
}

/// A bundle of system trust anchors has about 250 KB.
const MAX_LENGTH: usize = 4 * 1024 * 1024;

const PATIENT_BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

const ON_ONE_LINE: &str =
    "is on one line; the BEGIN line, the END line and the Base64 between them are lines of their own";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pem() -> String {
        let key = rcgen::KeyPair::generate().unwrap();
        rcgen::CertificateParams::new(["a.example".to_owned()])
            .unwrap()
            .self_signed(&key)
            .unwrap()
            .pem()
    }

    #[test]
    fn untidy_text_is_read() {
        let pem = pem();
        let tidy = certificates_from_pem(&pem).unwrap();
        let indented = pem.lines().map(|line| format!("    {line}  \n")).collect::<String>();
        for untidy in [
            pem.replace('\n', "\r\n"),
            pem.replace('\n', "\r"),
            format!("\u{feff}{pem}"),
            format!("subject=CN = a\n{pem}trailing words"),
            indented,
            pem.trim_end().to_owned(),
        ] {
            assert_eq!(certificates_from_pem(&untidy).unwrap(), tidy, "{untidy:?}");
        }
        assert_eq!(certificates_from_pem(&format!("{pem}{pem}")).unwrap().len(), 2);
        assert_eq!(certificates_from_pem(&tidy[0].to_pem()).unwrap(), tidy);
    }

    #[test]
    fn a_private_key_is_named_with_its_line_and_not_shown() {
        let text = format!(
            "{}{}",
            pem().replace('\n', "\r\n"),
            "-----BEGIN RSA PRIVATE KEY-----\nc2VjcmV0\n-----END RSA PRIVATE KEY-----"
        );
        let line = pem_lines(&text);
        let error = certificates_from_pem(&text).unwrap_err();
        assert_eq!(error, PemError::PrivateKeyFound { line });
        assert!(!format!("{error} {error:?}").contains("c2VjcmV0"));
    }

    fn pem_lines(text: &str) -> usize {
        text.lines().position(|line| line.contains("RSA PRIVATE")).unwrap() + 1
    }

    #[test]
    fn broken_blocks_are_named_with_their_place() {
        let pem = pem();
        let (index, line) = (1, 1);
        let unreadable = |problem| PemError::Unreadable { index, line, problem };
        assert_eq!(certificates_from_pem("no pem"), Err(PemError::NoCertificate));
        for line_end in ["", " ", "\\n"] {
            let one_line = pem.replace('\n', line_end);
            assert_eq!(
                certificates_from_pem(&one_line),
                Err(unreadable(ON_ONE_LINE)),
                "{one_line}"
            );
        }
        assert_eq!(
            certificates_from_pem(pem.trim_end_matches("-----END CERTIFICATE-----\n")),
            Err(unreadable("has no end line"))
        );
        assert_eq!(
            certificates_from_pem(&pem.replacen("MII", "!!!", 1)),
            Err(unreadable("is not Base64 between its first and last line"))
        );
        let second_broken = format!("{pem}\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        assert!(matches!(
            certificates_from_pem(&second_broken),
            Err(PemError::NotACertificate { index: 2, .. })
        ));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(?s)(-----BEGIN |-----END |CERTIFICATE|-----|\\r|\\n|AAAA|.){0,40}") {
            let _ = certificates_from_pem(&text);
        }
    }
}
