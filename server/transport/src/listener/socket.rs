//! Binds sockets for listeners.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpSocket, TcpStream};
use url::Host;

/// Returns the addresses of a host with this port. A name is resolved.
///
/// # Errors
///
/// The name cannot be resolved.
pub async fn addresses(host: &Host, port: u16) -> io::Result<Vec<SocketAddr>> {
    Ok(match host {
        Host::Ipv4(address) => vec![(*address, port).into()],
        Host::Ipv6(address) => vec![(*address, port).into()],
        Host::Domain(name) => tokio::net::lookup_host((name.as_str(), port)).await?.collect(),
    })
}

/// Binds a socket and returns it with its actual address. Clients cannot connect before the socket listens.
///
/// # Errors
///
/// The system refuses the address.
pub fn bind(address: SocketAddr) -> io::Result<(TcpSocket, SocketAddr)> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // A restarted server may take the port of connections that are still winding down.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    let address = socket.local_addr()?;
    Ok((socket, address))
}

/// Acknowledges the bytes received so far at once, without waiting for bytes to send.
///
/// If the server sends no tickets, the client sends the last bytes of a TLS 1.3 handshake. A client that delays its
/// first request until they are acknowledged (Nagle's algorithm, RFC 896) would otherwise wait for the system's delayed
/// acknowledgement, 40 ms.
pub fn acknowledge_at_once(tcp: &TcpStream) {
    // Only time is lost by a failure.
    #[cfg(target_os = "linux")]
    let _ = rustix::net::sockopt::set_tcp_quickack(tcp, true);
    #[cfg(not(target_os = "linux"))]
    let _ = tcp;
}

/// Backlog of connections, so that a burst is not refused while the loop is busy.
pub const BACKLOG: u32 = 4096;
