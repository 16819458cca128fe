//! Worker threads that serve connections, each with a runtime.
//!
//! A connection stays on one thread from the end of its handshake on. No data moves between threads, and a thread that
//! finds several connections ready serves them one after the other without being woken for each: with eight busy
//! connections a request costs a tenth less CPU than on one runtime for all cores, and a pipelined Redis command a
//! fifth less. A new connection is assigned to the thread with the fewest.
//!
//! One core is left free for handshakes, the store, and the engines of databases.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// The worker threads. They end when the last clone, and the last place on them, is dropped.
#[derive(Debug, Clone)]
pub struct Workers(Arc<[Worker]>);

#[derive(Debug)]
struct Worker {
    runtime: Handle,
    connections: AtomicUsize,
    /// Dropped with the worker, which ends its thread.
    _stop: oneshot::Sender<()>,
}

/// A connection's place on a thread, until dropped.
#[derive(Debug)]
pub struct WorkerSlot {
    workers: Workers,
    number: usize,
}

impl Workers {
    /// Starts a thread for each core but one, and at least one. The threads are called `name` with a number.
    ///
    /// # Errors
    ///
    /// The system has no thread or descriptor left.
    pub fn start(name: &str) -> io::Result<Self> {
        Self::start_many(name, cores().saturating_sub(1).max(1))
    }

    fn start_many(name: &str, count: usize) -> io::Result<Self> {
        let start = |number| Worker::start(format!("{name}-{number}"));
        (0..count).map(start).collect::<io::Result<_>>().map(Self)
    }

    /// A place on the thread with the fewest connections.
    pub fn slot(&self) -> WorkerSlot {
        let open = |(_, worker): &(usize, &Worker)| worker.connections.load(Ordering::Relaxed);
        let fewest = self.0.iter().enumerate().min_by_key(open);
        let (number, worker) = fewest.expect("there is at least one thread");
        worker.connections.fetch_add(1, Ordering::Relaxed);
        WorkerSlot {
            workers: self.clone(),
            number,
        }
    }
}

/// The cores that the process may use.
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

impl Worker {
    fn start(name: String) -> io::Result<Self> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .event_interval(EVENT_INTERVAL)
            .build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        thread::Builder::new()
            .name(name)
            // The sender is never used, only dropped.
            .spawn(move || drop(runtime.block_on(stopped)))?;
        Ok(Self {
            runtime: handle,
            connections: AtomicUsize::new(0),
            _stop: stop,
        })
    }
}

impl WorkerSlot {
    /// The runtime of the thread.
    pub fn runtime(&self) -> &Handle {
        &self.worker().runtime
    }

    fn worker(&self) -> &Worker {
        &self.workers.0[self.number]
    }
}

impl Drop for WorkerSlot {
    fn drop(&mut self) {
        self.worker().connections.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Number of task polls after which a thread checks for new events. With tokio's default of 61, a peer that sends many
/// requests at once would have that many answered before any other connection's next one.
const EVENT_INTERVAL: u32 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_spread_evenly_and_a_place_that_is_given_back_is_taken_next() {
        let workers = Workers::start_many("test", 3).unwrap();
        let counts = || {
            let count = |worker: &Worker| worker.connections.load(Ordering::Relaxed);
            workers.0.iter().map(count).collect::<Vec<_>>()
        };
        let mut slots: Vec<_> = (0..6).map(|_| workers.slot()).collect();
        assert_eq!(counts(), [2, 2, 2]);
        slots.remove(1);
        assert_eq!(counts(), [2, 1, 2]);
        slots.push(workers.slot());
        assert_eq!(counts(), [2, 2, 2]);
    }

    #[test]
    fn what_is_spawned_on_a_place_runs_on_its_thread() {
        let workers = Workers::start("test").unwrap();
        let slot = workers.slot();
        let (sender, receiver) = std::sync::mpsc::channel();
        slot.runtime()
            .spawn(async move { sender.send(thread::current().name().map(str::to_owned)) });
        assert_eq!(receiver.recv().unwrap().as_deref(), Some("test-0"));
    }

    #[test]
    fn a_connection_that_always_has_work_lets_another_read_after_a_few_steps() {
        use std::future::poll_fn;
        use std::io::Write as _;
        use std::sync::atomic::AtomicBool;
        use std::task::Poll;
        use tokio::io::AsyncReadExt as _;

        let workers = Workers::start_many("test", 1).unwrap();
        let slot = workers.slot();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut writer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (reader, _) = listener.accept().unwrap();
        reader.set_nonblocking(true).unwrap();
        let was_read = Arc::new(AtomicBool::new(false));
        let (ready, is_ready) = oneshot::channel();
        let noted = Arc::clone(&was_read);
        slot.runtime().spawn(async move {
            let mut reader = tokio::net::TcpStream::from_std(reader).unwrap();
            ready.send(()).unwrap();
            reader.read_u8().await.unwrap();
            noted.store(true, Ordering::SeqCst);
        });
        let (sender, receiver) = std::sync::mpsc::channel();
        slot.runtime().spawn(async move {
            is_ready.await.unwrap();
            let mut steps = 0;
            // The reader waits by now: it went on to its first read without a pause.
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            writer.write_all(b"x").unwrap();
            thread::sleep(std::time::Duration::from_millis(50));
            poll_fn(|context| {
                if was_read.load(Ordering::SeqCst) || steps == 1000 {
                    return Poll::Ready(());
                }
                steps += 1;
                context.waker().wake_by_ref();
                Poll::Pending
            })
            .await;
            sender.send(steps).unwrap();
        });
        let steps = receiver.recv().unwrap();
        assert!(steps <= 2 * EVENT_INTERVAL, "{steps}");
    }
}
