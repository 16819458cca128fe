//! Moves a TCP connection from the runtime that accepted it to that of its worker thread.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A TCP connection that can change its runtime while TLS holds it.
#[derive(Debug)]
pub struct MovableTcp(
    /// None after a failed move.
    Option<TcpStream>,
);

impl MovableTcp {
    /// Wraps a connection of the current runtime.
    pub(super) fn new(tcp: TcpStream) -> Self {
        Self(Some(tcp))
    }

    /// Registers it with the current runtime. A failure ends the connection.
    ///
    /// # Errors
    ///
    /// The system has no memory for the registration.
    pub fn move_here(&mut self) -> io::Result<()> {
        let tcp = self.0.take().ok_or(io::ErrorKind::NotConnected)?;
        self.0 = Some(TcpStream::from_std(tcp.into_std()?)?);
        Ok(())
    }

    /// Returns the connection, registered with the current runtime.
    ///
    /// # Errors
    ///
    /// As [`Self::move_here`].
    pub fn into_here(mut self) -> io::Result<TcpStream> {
        self.move_here()?;
        self.0.ok_or(io::ErrorKind::NotConnected.into())
    }

    pub(super) fn get(&self) -> Option<&TcpStream> {
        self.0.as_ref()
    }

    fn pinned(self: Pin<&mut Self>) -> io::Result<Pin<&mut TcpStream>> {
        match &mut self.get_mut().0 {
            Some(tcp) => Ok(Pin::new(tcp)),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

impl AsyncRead for MovableTcp {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.pinned()?.poll_read(context, buffer)
    }
}

impl AsyncWrite for MovableTcp {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.pinned()?.poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.pinned()?.poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.pinned()?.poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.pinned()?.poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;
    use crate::listener::workers::Workers;

    #[tokio::test]
    async fn a_connection_goes_on_where_it_was_moved_to() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let mut moved = MovableTcp::new(listener.accept().await.unwrap().0);
        client.write_all(b"before").await.unwrap();
        let mut received = [0; 6];
        moved.read_exact(&mut received).await.unwrap();
        let slot = Workers::start("test").unwrap().slot();
        let serve = async move {
            moved.move_here().unwrap();
            let mut received = [0; 5];
            moved.read_exact(&mut received).await.unwrap();
            moved.write_all(&received).await.unwrap();
        };
        let served = slot.runtime().spawn(serve);
        client.write_all(b"after").await.unwrap();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer, b"after");
        served.await.unwrap();
    }
}
