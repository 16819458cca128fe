//! A proxy that loses answers: requests arrive, and the connection breaks before the answer is through.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

/// Forwards connections to a server until it is dropped.
pub(super) struct CuttingProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    server: SocketAddr,
    is_cutting: AtomicBool,
    is_over: AtomicBool,
    /// State of a generator of random numbers (splitmix64).
    random: AtomicU64,
    cut: AtomicU64,
}

impl CuttingProxy {
    /// A proxy on a free port that cuts the connection in place of every eighth answer or so.
    pub(super) fn start(server: SocketAddr, seed: u64) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            server,
            is_cutting: AtomicBool::new(true),
            is_over: AtomicBool::new(false),
            random: AtomicU64::new(seed),
            cut: AtomicU64::new(0),
        });
        let of_thread = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if of_thread.is_over.load(Ordering::SeqCst) {
                    return;
                }
                Arc::clone(&of_thread).forward(client);
            }
        });
        Self { address, shared }
    }

    pub(super) fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// Loses nothing any more.
    pub(super) fn stop_cutting(&self) {
        self.shared.is_cutting.store(false, Ordering::SeqCst);
    }

    /// Number of responses that were dropped.
    pub(super) fn cut(&self) -> u64 {
        self.shared.cut.load(Ordering::SeqCst)
    }
}

impl Drop for CuttingProxy {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn forward(self: Arc<Self>, client: TcpStream) {
        let Ok(server) = TcpStream::connect(self.server) else {
            return;
        };
        let (Ok(from_client), Ok(to_server)) = (client.try_clone(), server.try_clone()) else {
            return;
        };
        thread::spawn(move || pump(from_client, to_server, |_| true));
        thread::spawn(move || pump(server, client, |number| number < HANDSHAKE || !self.cuts()));
    }

    fn cuts(&self) -> bool {
        let state = self.random.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let cuts = self.is_cutting.load(Ordering::SeqCst) && (mixed ^ (mixed >> 31)) % 100 < PERCENT;
        self.cut.fetch_add(u64::from(cuts), Ordering::SeqCst);
        cuts
    }
}

/// Copies until an end, or until something is not to be passed on; then both directions end.
fn pump(mut from: TcpStream, mut to: TcpStream, passes: impl Fn(usize) -> bool) {
    let mut buffer = vec![0; 64 * 1024];
    for number in 0.. {
        match from.read(&mut buffer) {
            Ok(length) if length > 0 && passes(number) && to.write_all(&buffer[..length]).is_ok() => {}
            _ => break,
        }
    }
    for stream in [from, to] {
        _ = stream.shutdown(Shutdown::Both);
    }
}

/// So many pieces of the server's are its part of the handshake.
const HANDSHAKE: usize = 2;
const PERCENT: u64 = 12;
