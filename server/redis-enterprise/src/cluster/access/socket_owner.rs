//! Finds the user who owns the other end of a local connection, in the kernel's table of sockets (proc(5),
//! `/proc/net/tcp`).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Returns `true` if the other end of a connection, at `peer`, is a process on this machine that runs as this server's
/// user.
///
/// Root's processes count only if the server runs as root: proxies for other machines run as root (`docker-proxy`, the
/// kubelet behind `kubectl port-forward`, `haproxy`), and root can become any user. A proxy of the server's own user,
/// such as `ssh -L`, cannot be distinguished from its other processes.
pub(super) async fn is_of_own_user(peer: SocketAddr) -> bool {
    if !peer.ip().to_canonical().is_loopback() {
        return false;
    }
    let mut all = String::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        all += &tokio::fs::read_to_string(table).await.unwrap_or_default();
    }
    belongs_to(&all, peer, rustix::process::geteuid().as_raw())
}

/// Returns `true` if `user` owns all sockets with the address `local`, and each of them is connected.
///
/// Connections to different addresses may share one local port, also between users, and the second process chooses the
/// port. Therefore one socket of another user makes the owner ambiguous.
fn belongs_to(table: &str, local: SocketAddr, user: u32) -> bool {
    let mut sockets = table.lines().filter_map(|line| socket_at(line, local)).peekable();
    sockets.peek().is_some() && sockets.all(|(state, owner)| state == ESTABLISHED && owner == Some(user))
}

/// State and owner of the socket in a line of the table, if it has the address `local`.
fn socket_at(line: &str, local: SocketAddr) -> Option<(&str, Option<u32>)> {
    let mut columns = line.split_ascii_whitespace();
    let address = columns.nth(1)?;
    let state = columns.nth(1)?;
    let owner = columns.nth(3)?;
    (parse(address)? == (local.ip().to_canonical(), local.port())).then(|| (state, owner.parse().ok()))
}

/// Parses an address such as `0100007F:24DB`: the IP address in the machine's byte order, the port in network order.
fn parse(text: &str) -> Option<(IpAddr, u16)> {
    let (address, port) = text.split_once(':')?;
    let word = |place: usize| {
        let digits = address.get(8 * place..8 * (place + 1))?;
        u32::from_str_radix(digits, 16).ok().map(u32::to_ne_bytes)
    };
    let address: IpAddr = match address.len() {
        8 => Ipv4Addr::from(word(0)?).into(),
        32 => {
            let words = [word(0)?, word(1)?, word(2)?, word(3)?];
            let bytes: [u8; 16] = words.concat().try_into().ok()?;
            Ipv6Addr::from(bytes).to_canonical()
        }
        _ => return None,
    };
    Some((address, u16::from_str_radix(port, 16).ok()?))
}

/// State of an open connection's socket.
const ESTABLISHED: &str = "01";

#[cfg(all(test, target_endian = "little"))]
mod tests {
    use super::*;

    const TCP: &str = "   0: 0100007F:8124 0100007F:24DB 01 00000000:00000000 00:00000000 00000000  1000        0 7 1";
    const TCP6: &str = "   1: 0000000000000000FFFF00000100007F:8125 0000000000000000FFFF00000100007F:24DB 01 \
                        00000000:00000000 00:00000000 00000000     0        0 8 1";

    #[test]
    fn the_owner_of_a_socket_is_found_by_its_address() {
        for (line, address, expected) in [
            (TCP, "127.0.0.1:33060", Some((ESTABLISHED, Some(1000)))),
            (TCP, "[::ffff:127.0.0.1]:33060", Some((ESTABLISHED, Some(1000)))),
            (TCP, "127.0.0.1:33061", None),
            (TCP, "127.0.0.1:9435", None),
            (TCP, "127.0.0.2:33060", None),
            (TCP6, "127.0.0.1:33061", Some((ESTABLISHED, Some(0)))),
            ("  sl  local_address rem_address   st tx_queue", "127.0.0.1:33060", None),
            ("", "127.0.0.1:33060", None),
        ] {
            assert_eq!(
                socket_at(line, address.parse().unwrap()),
                expected,
                "{address} in {line}"
            );
        }
    }

    #[test]
    fn a_port_that_another_user_shares_says_nothing_of_whose_program_it_is() {
        let local = "127.0.0.1:33060".parse().unwrap();
        let of_other = TCP.replace("24DB", "24DC").replace(" 1000 ", " 1001 ");
        let (listening, ended) = (TCP.replace(" 01 ", " 0A "), TCP.replace(" 01 ", " 06 "));
        for (lines, expected) in [
            (vec![TCP], true),
            (vec![TCP, TCP6], true),
            (vec![TCP, TCP], true),
            (vec![], false),
            (vec![TCP6], false),
            (vec![&of_other], false),
            (vec![TCP, &of_other], false),
            (vec![&of_other, TCP], false),
            (vec![&listening], false),
            (vec![TCP, &ended], false),
        ] {
            assert_eq!(belongs_to(&lines.join("\n"), local, 1000), expected, "{lines:?}");
        }
    }

    #[tokio::test]
    async fn a_connection_of_this_process_is_its_users_and_an_address_without_one_is_not() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = tokio::net::TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let (_server, peer) = listener.accept().await.unwrap();
        assert_eq!(peer, client.local_addr().unwrap());
        assert!(is_of_own_user(peer).await);
        drop(client);
        assert!(!is_of_own_user("127.0.0.1:1".parse().unwrap()).await);
        assert!(!is_of_own_user("192.0.2.7:443".parse().unwrap()).await);
    }
}
