//! The socket, and who may connect to it.

use std::io;

use rustls_pki_types::CertificateDer;

use super::handshake;

#[cfg(unix)]
pub(crate) use unix::{Connection, Listener};

#[cfg(not(unix))]
pub(crate) use loopback::{Connection, Listener};

#[cfg(unix)]
mod unix {
    use std::fs::Permissions;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::PermissionsExt;
    use std::path::{Path, PathBuf};

    use rustix::process::geteuid;
    use tempfile::TempDir;
    use tokio::net::{UnixListener, UnixStream};

    use super::{CertificateDer, handshake, io};

    /// A connection of a client whose user is ours; not yet its certificate.
    pub(crate) type Connection = UnixStream;

    /// A Unix socket in a directory that only this user can enter; both are removed on drop.
    pub(crate) struct Listener {
        socket: UnixListener,
        path: PathBuf,
        _directory: TempDir,
    }

    impl Listener {
        /// Binds a socket under TMPDIR, or under /tmp where TMPDIR is too long for the address of a socket.
        pub(crate) fn bind() -> io::Result<Self> {
            Self::bind_under(&std::env::temp_dir())
        }

        fn bind_under(system: &Path) -> io::Result<Self> {
            let directory = private_directory(system)?;
            let directory = if fits(&directory.path().join(SOCKET_NAME)) {
                directory
            } else {
                private_directory(Path::new("/tmp"))?
            };
            let path = directory.path().join(SOCKET_NAME);
            let socket = UnixListener::bind(&path)?;
            Ok(Self {
                socket,
                path,
                _directory: directory,
            })
        }

        /// The line that invites Terraform to this socket.
        pub(crate) fn handshake(&self, certificate: &CertificateDer<'_>) -> String {
            handshake::line("unix", &self.path.to_string_lossy(), certificate)
        }

        /// The next client of our own user. Another user's connection is closed; it can come only when the directory
        /// has been opened by hand, or from root.
        pub(crate) async fn accept(&self) -> io::Result<Connection> {
            loop {
                let (stream, _) = self.socket.accept().await?;
                match stream.peer_cred() {
                    Ok(peer) if peer.uid() == geteuid().as_raw() => return Ok(stream),
                    Ok(peer) => tracing::warn!(uid = peer.uid(), "refused a connection of another user"),
                    Err(_) => tracing::warn!("refused a connection of an unknown user"),
                }
            }
        }
    }

    fn private_directory(parent: &Path) -> io::Result<TempDir> {
        tempfile::Builder::new()
            .prefix("plugin-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(parent)
    }

    /// `sun_path` has 108 bytes on Linux and 104 on others, the last of which is a zero.
    fn fits(path: &Path) -> bool {
        path.as_os_str().as_bytes().len() < 104
    }

    const SOCKET_NAME: &str = "socket";

    #[cfg(test)]
    mod tests {
        use super::*;

        #[tokio::test]
        async fn socket_is_in_a_private_directory_and_goes_with_the_listener() {
            let parent = tempfile::tempdir().unwrap();
            let listener = Listener::bind_under(parent.path()).unwrap();
            let path = listener.path.clone();
            assert!(path.starts_with(parent.path()));
            let mode = path.parent().unwrap().metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700);
            drop(listener);
            assert!(!path.parent().unwrap().exists());
        }

        #[tokio::test]
        async fn too_long_a_directory_is_replaced_by_tmp() {
            let parent = tempfile::Builder::new().prefix(&"x".repeat(100)).tempdir().unwrap();
            let listener = Listener::bind_under(parent.path()).unwrap();
            assert_eq!(listener.path.parent().unwrap().parent(), Some(Path::new("/tmp")));
            assert_eq!(parent.path().read_dir().unwrap().count(), 0, "nothing is left behind");
        }
    }
}

/// Compiled for tests everywhere, so that it cannot rot unseen.
#[cfg(any(not(unix), test))]
mod loopback {
    use tokio::net::{TcpListener, TcpStream};

    use super::{CertificateDer, handshake, io};

    /// A connection of a local client; not yet its certificate.
    pub(crate) type Connection = TcpStream;

    /// A port of the loopback address, for systems without Unix sockets.
    pub(crate) struct Listener {
        socket: TcpListener,
    }

    impl Listener {
        /// Binds any free port.
        pub(crate) fn bind() -> io::Result<Self> {
            let socket = std::net::TcpListener::bind(("127.0.0.1", 0))?;
            socket.set_nonblocking(true)?;
            Ok(Self {
                socket: TcpListener::from_std(socket)?,
            })
        }

        /// The line that invites Terraform to this port.
        pub(crate) fn handshake(&self, certificate: &CertificateDer<'_>) -> String {
            let address = self
                .socket
                .local_addr()
                .map(|address| address.to_string())
                .unwrap_or_default();
            handshake::line("tcp", &address, certificate)
        }

        /// The next client; its certificate is all that tells it from others.
        pub(crate) async fn accept(&self) -> io::Result<Connection> {
            let (stream, _) = self.socket.accept().await?;
            // Small messages to and fro: without this each waits 40 ms for the other side's acknowledgement.
            stream.set_nodelay(true)?;
            Ok(stream)
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[tokio::test]
        async fn port_is_on_loopback_and_named_in_the_handshake() {
            let listener = Listener::bind().unwrap();
            let line = listener.handshake(&CertificateDer::from(vec![1, 2, 3]));
            let address = line
                .strip_prefix("1|6|tcp|")
                .and_then(|rest| rest.strip_suffix("|grpc|AQID\n"))
                .unwrap();
            let (client, server) = tokio::join!(TcpStream::connect(address), listener.accept());
            assert!(client.unwrap().peer_addr().unwrap().ip().is_loopback());
            assert!(server.unwrap().nodelay().unwrap());
        }
    }
}
