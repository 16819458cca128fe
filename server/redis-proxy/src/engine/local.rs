//! A Unix socket to an engine.

use std::io::{self, Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};

/// A Unix socket that is watched for writability only while a write is blocked.
///
/// Linux wakes a task that watches a Unix socket for writability whenever the other end has read, even if no write was
/// blocked (`unix_write_space` of af_unix.c). tokio's own type watches for both, so an engine that reads a command
/// would wake the thread once in vain before its reply arrives.
#[derive(Debug)]
pub struct LocalSocket {
    readable: AsyncFd<UnixStream>,
    /// The same socket, while a write is blocked.
    writable: Option<AsyncFd<UnixStream>>,
}

impl LocalSocket {
    /// Registers a connected socket with the current runtime.
    ///
    /// # Errors
    ///
    /// The system has no memory for the registration.
    pub(super) fn new(socket: tokio::net::UnixStream) -> io::Result<Self> {
        Ok(Self {
            readable: watch(socket.into_std()?, Interest::READABLE)?,
            writable: None,
        })
    }
}

impl LocalSocket {
    /// Reads the bytes that are available now. Does not register the task for later ones.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::WouldBlock`] if there are none; any I/O error.
    pub fn try_read(&self, room: &mut [u8]) -> io::Result<usize> {
        self.readable.get_ref().read(room)
    }
}

#[expect(
    deprecated,
    reason = "its successor is unsafe, for types that may change their descriptor; this one does not"
)]
fn watch(socket: UnixStream, interest: Interest) -> io::Result<AsyncFd<UnixStream>> {
    AsyncFd::with_interest(socket, interest)
}

impl AsyncRead for LocalSocket {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            let mut guard = ready!(self.readable.poll_read_ready(context))?;
            let room = buffer.initialize_unfilled();
            let Ok(read) = guard.try_io(|socket| socket.get_ref().read(room)) else {
                continue;
            };
            let (count, size) = (read?, room.len());
            if 0 < count && count < size {
                // It has been emptied: the next bytes are told of anew.
                guard.clear_ready();
            }
            buffer.advance(count);
            return Poll::Ready(Ok(()));
        }
    }
}

impl AsyncWrite for LocalSocket {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            if let Some(writable) = &self.writable {
                let mut guard = ready!(writable.poll_write_ready(context))?;
                if let Ok(written) = guard.try_io(|socket| socket.get_ref().write(bytes)) {
                    self.writable = None;
                    return Poll::Ready(written);
                }
                continue;
            }
            match self.readable.get_ref().write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let same = self.readable.get_ref().try_clone()?;
                    self.writable = Some(watch(same, Interest::WRITABLE)?);
                }
                written => return Poll::Ready(written),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.readable.get_ref().shutdown(Shutdown::Write))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn more_than_fits_is_written_when_the_other_end_has_made_room() {
        let (one, mut other) = tokio::net::UnixStream::pair().unwrap();
        let mut one = LocalSocket::new(one).unwrap();
        let sent: Vec<u8> = (0..4_000_000_u32).map(|number| number as u8).collect();
        let expected = sent.clone();
        let writer = tokio::spawn(async move {
            one.write_all(&sent).await.unwrap();
            one.shutdown().await.unwrap();
            one
        });
        tokio::time::sleep(Duration::from_millis(20)).await;
        let mut received = Vec::new();
        other.read_to_end(&mut received).await.unwrap();
        assert!(received == expected);
        assert!(writer.await.unwrap().writable.is_none());
    }

    #[tokio::test]
    async fn everything_is_read_in_whatever_pieces_it_comes_and_then_the_end() {
        let (one, mut other) = tokio::net::UnixStream::pair().unwrap();
        let mut one = LocalSocket::new(one).unwrap();
        let mut bytes = [0; 4];
        for piece in [b"abcd", b"efgh"] {
            other.write_all(piece).await.unwrap();
            one.read_exact(&mut bytes).await.unwrap();
            assert_eq!(&bytes, piece);
        }
        drop(other);
        assert_eq!(one.read(&mut bytes).await.unwrap(), 0);
    }
}
