//! The reply rewriter, as the fuzz target drives it.

use super::markers::LoginState;
use super::reply_rewriter::ReplyRewriter;
use crate::resp::answering::Answering;

/// The bytes for the client, and for a settled exchange: whether it is done, and whether replies were off.
type Rewritten = (Vec<u8>, Option<(bool, bool)>);

/// Rewrites an engine's replies that arrive in pieces of this many bytes, after two refusals and an exchange, and
/// returns the bytes for the client and the result of the exchange. Bytes from 0xF0 on stand for the replies to the
/// markers, in order; remaining markers are written as their number. None if the connection must end.
pub fn rewritten(answers: &[u8], logs_in: bool, piece: usize) -> Option<Rewritten> {
    let mut rewriter = ReplyRewriter::new(LoginState::LoggedIn);
    // With as many markers as there can be.
    rewriter.expect(Answering::MayBeOff);
    let refusals = ["-ERR one", "-ERR other"].map(|error| rewriter.refuse(error.to_owned()));
    let exchange = if logs_in {
        rewriter.log_in(b"")
    } else {
        rewriter.reset(Some(b""), LoginState::LoggedIn)
    };
    let sent = [refusals[0].as_slice(), &refusals[1], &exchange].concat();
    let is_name = |word: &&[u8]| word.len() == 32;
    let names: Vec<_> = sent.split(|byte| b"\r\n".contains(byte)).filter(is_name).collect();
    let mut received = Vec::new();
    for byte in answers {
        match byte.checked_sub(0xf0).and_then(|number| names.get(usize::from(number))) {
            Some(name) => {
                received.extend([b"-ERR unknown command '", *name, b"', with args beginning with: \r\n"].concat())
            }
            None => received.push(*byte),
        }
    }
    let mut out = Vec::new();
    for piece in received.chunks(piece.max(1)) {
        out.extend(rewriter.rewrite(piece).ok()?);
    }
    out.extend(rewriter.take_held());
    let mut at = 0;
    while at < out.len() {
        if let Some(number) = names.iter().position(|name| out[at..].starts_with(name)) {
            out.splice(at..at + 32, number.to_string().into_bytes());
        }
        at += 1;
    }
    let settled = rewriter.take_settled();
    Some((out, settled.map(|settled| (settled.is_done, settled.was_silent))))
}
