//! The BER form that NSS and Bouncy Castle write, made from DER. For tests, those of `acceptance-tests` included.

/// The same elements with indefinite lengths, and every OCTET STRING in pieces of `piece` bytes, as is a primitive `[0]`:
/// the `encryptedContent` of RFC 5652. Not for certificates: their signature is over DER.
pub(crate) fn indefinite(der: &[u8], piece: usize) -> Vec<u8> {
    let (mut ber, mut rest) = (Vec::new(), der);
    while let Some((tag, content, after)) = element(rest) {
        match tag {
            OCTET_STRING => around(&mut ber, OCTET_STRING | CONSTRUCTED, &pieces(content, piece)),
            CONTEXT_0 => around(&mut ber, CONTEXT_0 | CONSTRUCTED, &pieces(content, piece)),
            tag if tag & CONSTRUCTED != 0 => around(&mut ber, tag, &indefinite(content, piece)),
            _ => ber.extend_from_slice(&rest[..rest.len() - after.len()]),
        }
        rest = after;
    }
    ber
}

/// As [`indefinite`] for a PKCS#12 file without MAC and encryption, at every level: also what its strings hold.
pub(crate) fn indefinite_throughout(pfx: &[u8], piece: usize) -> Vec<u8> {
    indefinite(&with_inner_strings(pfx, piece, 2), piece)
}

/// Re-encodes what the strings of so many levels hold: the authenticated safe, and the bags in it.
fn with_inner_strings(der: &[u8], piece: usize, levels: usize) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::new(), der);
    while let Some((tag, content, after)) = element(rest) {
        let content = match tag {
            OCTET_STRING if levels > 0 => indefinite(&with_inner_strings(content, piece, levels - 1), piece),
            tag if tag & CONSTRUCTED != 0 => with_inner_strings(content, piece, levels),
            _ => content.to_vec(),
        };
        push(&mut out, tag, &content);
        rest = after;
    }
    out
}

fn around(ber: &mut Vec<u8>, tag: u8, content: &[u8]) {
    ber.extend_from_slice(&[tag, 0x80]);
    ber.extend_from_slice(content);
    ber.extend_from_slice(&[0, 0]);
}

fn pieces(content: &[u8], piece: usize) -> Vec<u8> {
    let mut out = Vec::new();
    content
        .chunks(piece)
        .for_each(|chunk| push(&mut out, OCTET_STRING, chunk));
    out
}

fn push(out: &mut Vec<u8>, tag: u8, content: &[u8]) {
    let length = u32::try_from(content.len()).expect("a small element").to_be_bytes();
    match content.len() {
        0..=0x7f => out.extend_from_slice(&[tag, length[3]]),
        0x80..=0xff => out.extend_from_slice(&[tag, 0x81, length[3]]),
        0x100..=0xffff => out.extend_from_slice(&[tag, 0x82, length[2], length[3]]),
        _ => out.extend_from_slice(&[tag, 0x84, length[0], length[1], length[2], length[3]]),
    }
    out.extend_from_slice(content);
}

/// Tag and content of the first element, and what follows it. The input is DER.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (length, rest) = rest.split_at(usize::from(first & 0x7f));
        (length.iter().fold(0, |sum, byte| sum * 256 + usize::from(*byte)), rest)
    };
    let (content, after) = rest.split_at(length);
    Some((tag, content, after))
}

const OCTET_STRING: u8 = 0x04;
const CONTEXT_0: u8 = 0x80;
const CONSTRUCTED: u8 = 0x20;
