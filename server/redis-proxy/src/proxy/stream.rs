//! A client's connection, with or without TLS, as the relay needs it: received bytes are scanned in place, and nothing
//! more is read before they have been forwarded.

use std::io::{self, BufRead as _, IoSlice, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustls::ServerConnection;
use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};
use tokio::net::TcpStream;

/// A client's connection. It holds no buffer except for bytes in transit.
pub(super) enum ClientStream {
    Tls(Box<TlsClient>),
    Plain(PlainClient),
}

/// rustls buffers the received bytes, a record or two, and the bytes to send.
pub(super) struct TlsClient {
    tcp: TcpStream,
    session: ServerConnection,
}

pub(super) struct PlainClient {
    tcp: TcpStream,
    received: Waiting,
    unsent: Waiting,
}

/// Bytes to be forwarded.
#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    gone: usize,
}

impl ClientStream {
    pub(super) fn plain(tcp: TcpStream) -> Self {
        Self::Plain(PlainClient {
            tcp,
            received: Waiting::default(),
            unsent: Waiting::default(),
        })
    }

    pub(super) fn tls(tcp: TcpStream, mut session: ServerConnection) -> Self {
        // The relay sends nothing before the last is gone, so that there is a limit: the size of its buffer.
        session.set_buffer_limit(None);
        Self::Tls(Box::new(TlsClient { tcp, session }))
    }

    /// Waits until bytes have been received: `false` at the end of the stream.
    pub(super) fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<io::Result<bool>> {
        match self {
            Self::Tls(client) => client.poll_receive(context),
            Self::Plain(client) => client.poll_receive(context),
        }
    }

    /// The first contiguous part of the bytes that were received and not yet forwarded.
    pub(super) fn received(&mut self) -> &[u8] {
        match self {
            // At the end there is nothing either.
            Self::Tls(client) => client.session.reader().into_first_chunk().unwrap_or_default(),
            Self::Plain(client) => client.received.bytes(),
        }
    }

    /// Removes this many of the received bytes, which have been forwarded.
    pub(super) fn consume(&mut self, count: usize) {
        match self {
            Self::Tls(client) => client.session.reader().consume(count),
            Self::Plain(client) => client.received.go_on(count),
        }
    }

    /// Buffers bytes to send. [`Self::poll_flush`] tells when they have been sent.
    pub(super) fn send(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Tls(client) => client.session.writer().write_all(bytes),
            Self::Plain(client) => client.send(context, bytes),
        }
    }

    /// Waits until the system has accepted all bytes.
    pub(super) fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tls(client) => client.poll_flush(context),
            Self::Plain(client) => client.unsent.poll_write(&mut client.tcp, context),
        }
    }

    /// Ends the stream after all sent bytes.
    pub(super) fn poll_finish(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Self::Tls(client) = self {
            // Once is enough, and rustls sees to that.
            client.session.send_close_notify();
        }
        ready!(self.poll_flush(context))?;
        Pin::new(self.tcp()).poll_shutdown(context)
    }

    /// Waits until the client has closed its side too, or has sent more than `most` bytes after the end. These bytes
    /// are discarded: closing with unread bytes would reset the connection, and the last reply would be lost.
    pub(super) fn poll_drain(&mut self, context: &mut Context<'_>, most: &mut usize) -> Poll<()> {
        let mut scrap = [0; 4096];
        while *most > 0 {
            let mut buffer = ReadBuf::new(&mut scrap);
            match ready!(Pin::new(self.tcp()).poll_read(context, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => *most = most.saturating_sub(buffer.filled().len()),
                _ => break,
            }
        }
        Poll::Ready(())
    }

    /// True if the client has closed its side or the connection is broken, even while bytes of it are unread.
    pub(super) fn is_gone(&mut self) -> bool {
        let mut watched = [PollFd::new(self.tcp(), PollFlags::RDHUP)];
        let none = Timespec { tv_sec: 0, tv_nsec: 0 };
        match poll(&mut watched, Some(&none)) {
            Ok(count) => count > 0,
            Err(_) => false,
        }
    }

    fn tcp(&mut self) -> &mut TcpStream {
        match self {
            Self::Tls(client) => &mut client.tcp,
            Self::Plain(client) => &mut client.tcp,
        }
    }
}

impl TlsClient {
    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<io::Result<bool>> {
        loop {
            match self.session.reader().into_first_chunk() {
                Ok([]) => return Poll::Ready(Ok(false)),
                Ok(_) => return Poll::Ready(Ok(true)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // The client has closed without saying so in TLS, as most clients of Redis do. Whatever of a command is
                // missing, Redis does not carry out.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Poll::Ready(Ok(false)),
                Err(error) => return Poll::Ready(Err(error)),
            }
            let mut tcp = PolledTcp {
                tcp: &mut self.tcp,
                context,
            };
            match self.session.read_tls(&mut tcp) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Poll::Pending,
                Err(error) => return Poll::Ready(Err(error)),
            }
            if let Err(error) = self.session.process_new_packets() {
                // The alert that says what is wrong goes out if it can.
                let _ = self.poll_flush(context);
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, error)));
            }
        }
    }

    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.session.wants_write() {
            let mut tcp = PolledTcp {
                tcp: &mut self.tcp,
                context,
            };
            match self.session.write_tls(&mut tcp) {
                Ok(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Poll::Pending,
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl PlainClient {
    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<io::Result<bool>> {
        if !self.received.bytes().is_empty() {
            return Poll::Ready(Ok(true));
        }
        RECEIVED.with_borrow_mut(|bytes| {
            let mut buffer = ReadBuf::new(bytes);
            ready!(Pin::new(&mut self.tcp).poll_read(context, &mut buffer))?;
            self.received.push(buffer.filled());
            Poll::Ready(Ok(!buffer.filled().is_empty()))
        })
    }

    fn send(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        // Most of the time there is room for all of it, and nothing is kept.
        while self.unsent.bytes().is_empty() && !rest.is_empty() {
            match Pin::new(&mut self.tcp).poll_write(context, rest) {
                Poll::Ready(written) => rest = &rest[written?..],
                Poll::Pending => break,
            }
        }
        self.unsent.push(rest);
        Ok(())
    }
}

impl Waiting {
    fn bytes(&self) -> &[u8] {
        &self.bytes[self.gone..]
    }

    fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    fn go_on(&mut self, count: usize) {
        self.gone += count;
        if self.gone >= self.bytes.len() {
            // The memory goes back: most connections are idle.
            *self = Self::default();
        }
    }

    fn poll_write(&mut self, tcp: &mut TcpStream, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.bytes().is_empty() {
            let written = ready!(Pin::new(&mut *tcp).poll_write(context, self.bytes()))?;
            self.go_on(written);
        }
        Poll::Ready(Ok(()))
    }
}

/// A TCP stream as rustls expects it: one that returns `WouldBlock`, and then wakes the task.
struct PolledTcp<'a, 'b> {
    tcp: &'a mut TcpStream,
    context: &'a mut Context<'b>,
}

impl Read for PolledTcp<'_, '_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let mut buffer = ReadBuf::new(bytes);
        blocking(Pin::new(&mut *self.tcp).poll_read(self.context, &mut buffer))?;
        Ok(buffer.filled().len())
    }
}

impl Write for PolledTcp<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        blocking(Pin::new(&mut *self.tcp).poll_write(self.context, bytes))
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        blocking(Pin::new(&mut *self.tcp).poll_write_vectored(self.context, slices))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn blocking<T>(result: Poll<io::Result<T>>) -> io::Result<T> {
    match result {
        Poll::Ready(result) => result,
        Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
    }
}

thread_local! {
    /// Shared read buffer, for connections whose next read has an unknown length.
    static RECEIVED: std::cell::RefCell<Vec<u8>> = std::cell::RefCell::new(vec![0; 16 * 1024]);
}
