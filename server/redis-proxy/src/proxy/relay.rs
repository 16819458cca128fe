//! The relay of one connection, in both directions, until it ends or is cut.
//!
//! One task relays both directions: bytes from the client are forwarded from rustls's plaintext buffer, bytes from the
//! engine are read into a buffer that all connections of a thread share, so that an idle connection holds none. The
//! relay reads from one side only after the other has accepted the last bytes.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};
use tokio::time::Sleep;
use zeroize::Zeroizing;

use super::busy_wait::BusyWait;
use super::exchange::silence_command;
use super::logins::{Answer, LoginOutcome, Logins};
use super::markers::LoginState;
use super::reply_rewriter::ReplyRewriter;
use super::sessions::Session;
use super::stream::ClientStream;
use crate::engine::EngineStream;
use crate::resp::answering::Answering;
use crate::resp::command::{CommandScanner, Scanned};
use certward_transport::listener::connection_table::{Listed as _, Order};

/// A connection between a client and an engine.
pub(super) struct Relay {
    client: ClientStream,
    engine: EngineStream,
    session: Arc<Session>,
    logins: Logins,
    commands: CommandScanner,
    /// Number of the client's received bytes that have been scanned and will be forwarded.
    scanned: usize,
    /// Bytes that are sent to the engine first.
    insertion: Insertion,
    /// A login in progress, before whose end nothing of the client is forwarded.
    login: Option<Pin<Box<dyn Future<Output = LoginOutcome> + Send>>>,
    replies: ReplyRewriter,
    busy_wait: BusyWait,
    client_to_server: ClientToServer,
    /// Set while nothing is read from the client.
    absence: Option<Box<Absence>>,
}

/// The end of a relay.
#[derive(Debug)]
pub(super) enum Ending {
    /// The engine has closed the connection, and the client has received everything.
    Closed,
    /// It has to be cut: commands that the engine has not executed must not be executed.
    Cut,
    /// One of the sides has disconnected.
    Broken(io::Error),
}

/// State of the direction from client to engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ClientToServer {
    Open,
    /// The client sends nothing more; received bytes are still forwarded.
    Ending,
    /// The engine's side has been shut down for writing.
    Ended,
}

/// Bytes for the engine that are not the client's, or were held back. They may be secret.
#[derive(Default)]
struct Insertion {
    bytes: Zeroizing<Vec<u8>>,
    gone: usize,
}

/// Polls whether the client has disconnected.
struct Absence {
    since: Instant,
    pause: Pin<Box<Sleep>>,
    was_gone: bool,
}

impl Relay {
    pub(super) fn new(
        client: ClientStream,
        (engine, login): (EngineStream, LoginState),
        session: Arc<Session>,
        logins: Logins,
    ) -> Self {
        Self {
            client,
            engine,
            session,
            logins,
            commands: CommandScanner::default(),
            scanned: 0,
            insertion: Insertion::default(),
            login: None,
            replies: ReplyRewriter::new(login),
            busy_wait: BusyWait::new(),
            client_to_server: ClientToServer::Open,
            absence: None,
        }
    }

    /// Relays bytes until the connection is over. Does not close either side.
    pub(super) async fn run(&mut self) -> Ending {
        poll_fn(|context| self.poll(context)).await
    }

    /// The client's side, after the end.
    pub(super) fn client(&mut self) -> &mut ClientStream {
        &mut self.client
    }

    /// Closes the client's side at once, and returns the engine's.
    pub(super) async fn close_client(mut self) -> EngineStream {
        // The client is told if that takes no time.
        let _ = poll_fn(|context| Poll::Ready(self.client.poll_finish(context))).await;
        self.engine
    }

    /// After the client has disconnected: waits until the engine has closed the connection, whose last command may take
    /// long. Returns whether the connection has to be cut before that.
    pub(super) async fn wait_for_engine(&mut self) -> bool {
        poll_fn(|context| match self.session.poll_order(context) {
            Order::Cut => Poll::Ready(true),
            Order::Finish => Poll::Ready(false),
            Order::None => {
                if self.client_to_server != ClientToServer::Ended {
                    // An engine that has gone cannot be told.
                    let _ = ready!(Pin::new(&mut self.engine).poll_shutdown(context));
                    self.client_to_server = ClientToServer::Ended;
                }
                ready!(self.poll_nothing_left(context));
                Poll::Ready(false)
            }
        })
        .await
    }

    /// Discards the engine's bytes until their end.
    fn poll_nothing_left(&mut self, context: &mut Context<'_>) -> Poll<()> {
        RECEIVED.with_borrow_mut(|bytes| {
            loop {
                let mut buffer = ReadBuf::new(bytes);
                let read = ready!(Pin::new(&mut self.engine).poll_read(context, &mut buffer));
                if read.is_err() || buffer.filled().is_empty() {
                    return Poll::Ready(());
                }
            }
        })
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Ending> {
        match self.session.poll_order(context) {
            Order::None => {}
            Order::Finish if self.client_to_server == ClientToServer::Open => {
                self.client_to_server = ClientToServer::Ending
            }
            Order::Finish => {}
            Order::Cut => return Poll::Ready(Ending::Cut),
        }
        // Once: the thread has other connections, which may have something by then.
        let mut may_wait = true;
        loop {
            // The way down first: an answer that has been waited for may let the client's next command go on.
            match self.poll_down(context) {
                Poll::Ready(Ok(())) => return Poll::Ready(Ending::Closed),
                Poll::Ready(Err(error)) => return Poll::Ready(Ending::Broken(error)),
                Poll::Pending => {}
            }
            if let Poll::Ready(Err(error)) = self.poll_up(context) {
                return Poll::Ready(Ending::Broken(error));
            }
            match self.wait_for_answer(context, std::mem::take(&mut may_wait)) {
                // Nobody will be woken for it.
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Ending::Broken(error)),
                Poll::Pending => break,
            }
        }
        // Whatever TLS has to say to what has come.
        match self.client.poll_flush(context) {
            Poll::Ready(Err(error)) => Poll::Ready(Ending::Broken(error)),
            _ => Poll::Pending,
        }
    }

    /// Relays from the client to the engine. Ready when nothing more will be sent.
    fn poll_up(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            if self.session.order() == Order::Cut {
                // The task has been woken, and comes to its end next.
                return Poll::Pending;
            }
            if self.client_to_server == ClientToServer::Ended {
                return Poll::Ready(Ok(()));
            }
            self.finish_exchange();
            if !self.insertion.is_empty() {
                match ready!(Pin::new(&mut self.engine).poll_write(context, self.insertion.bytes())) {
                    Ok(written) => self.insertion.go_on(written),
                    Err(_) => self.engine_takes_no_more(),
                }
                continue;
            }
            // An engine that is spoken to in TLS may still hold what was written.
            if ready!(Pin::new(&mut self.engine).poll_flush(context)).is_err() {
                self.engine_takes_no_more();
                continue;
            }
            if let Some(login) = &mut self.login {
                let outcome = ready!(login.as_mut().poll(context));
                self.login = None;
                self.insertion.put(match outcome {
                    LoginOutcome::Command(command) => self.replies.log_in(&command),
                    LoginOutcome::Reset(login, after) => self.replies.reset(login.as_deref().map(Vec::as_slice), after),
                    LoginOutcome::Error(text) => self.replies.refuse(text),
                });
                continue;
            }
            let may_refuse = self.client_to_server == ClientToServer::Open && self.scanned == 0;
            if self.replies.is_exchanging() || (may_refuse && self.replies.is_full()) {
                return self.poll_absence(context);
            }
            self.absence = None;
            if self.scanned > 0 {
                let bytes = &self.client.received()[..self.scanned];
                match ready!(Pin::new(&mut self.engine).poll_write(context, bytes)) {
                    Ok(written) => {
                        self.client.consume(written);
                        self.scanned -= written;
                        if self.engine.local().is_some() {
                            self.busy_wait.asked();
                        }
                    }
                    Err(_) => self.engine_takes_no_more(),
                }
                continue;
            }
            match self.client_to_server {
                ClientToServer::Open if ready!(self.client.poll_receive(context))? => {
                    self.logins.review();
                    if self.session.order() != Order::Cut {
                        self.scan_received();
                    }
                }
                ClientToServer::Open => self.client_to_server = ClientToServer::Ending,
                _ => {
                    // An engine that has gone cannot be told.
                    let _ = ready!(Pin::new(&mut self.engine).poll_shutdown(context));
                    self.client_to_server = ClientToServer::Ended;
                }
            }
        }
    }

    /// Scans the client's bytes, and decides which are forwarded.
    fn scan_received(&mut self) {
        let scanned = self.commands.scan(self.client.received());
        self.replies.expect(self.commands.answering());
        match scanned {
            Scanned::Pass(count) => {
                if self.commands.holds() {
                    self.insertion.put(self.commands.take_held());
                }
                self.scanned = count;
            }
            Scanned::Hold(count) => self.client.consume(count),
            Scanned::Line(count, array) => {
                self.client.consume(count);
                self.insertion.put(array);
            }
            Scanned::Identity(count, command) => {
                self.client.consume(count);
                match self
                    .logins
                    .answer(command, &mut self.replies, self.commands.answering())
                {
                    Answer::Now(bytes) => self.insertion.put(bytes),
                    Answer::Later(login) => self.login = Some(login),
                }
            }
            Scanned::Refused(error) => {
                self.insertion.put(self.replies.refuse(error));
                self.client_to_server = ClientToServer::Ending;
            }
            Scanned::Garbage(count) => {
                // The engine reads it to the end of its line.
                let mut last = self.commands.take_held();
                last.extend_from_slice(&self.client.received()[..count]);
                last.extend_from_slice(b"\r\n");
                self.insertion.put(last);
                self.client_to_server = ClientToServer::Ending;
            }
        }
    }

    /// Handles the result of an exchange.
    fn finish_exchange(&mut self) {
        if let Some(settled) = self.replies.take_settled() {
            self.logins.confirm_identity(settled);
            if settled.was_silent {
                self.insertion.put(silence_command());
            } else {
                self.commands.is_answered();
                self.replies.expect(Answering::On);
            }
        }
    }

    /// Forwards nothing more from the client until the engine has answered. A client that has disconnected is not
    /// waited for, because the engine may be blocked on something that never comes; it has a short grace period,
    /// because commands sent before the end count. If the client has turned replies off, turning them on again may
    /// fail: a busy engine refuses that without a reply.
    fn poll_absence(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let timer = self.absence.get_or_insert_with(Box::default);
        loop {
            ready!(timer.pause.as_mut().poll(context));
            if self.commands.answering() != Answering::On && timer.since.elapsed() > SILENT_PATIENCE {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            if !self.client.is_gone() {
                timer.was_gone = false;
            } else if std::mem::replace(&mut timer.was_gone, true) {
                return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
            }
            timer.pause.as_mut().reset(tokio::time::Instant::now() + ABSENCE_CHECK);
        }
    }

    /// Stops sending to the engine. Its earlier replies are still read.
    fn engine_takes_no_more(&mut self) {
        self.insertion = Insertion::default();
        self.scanned = 0;
        self.client_to_server = ClientToServer::Ended;
    }

    /// Relays from the engine to the client. Ready when the engine has ended and everything was sent.
    fn poll_down(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            ready!(self.client.poll_flush(context))?;
            let read = |engine: &mut EngineStream, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>| {
                // An engine that has gone has said everything it will say.
                Pin::new(engine).poll_read(context, buffer).map(drop)
            };
            if ready!(self.poll_engine(context, read))? {
                return self.client.poll_flush(context);
            }
        }
    }

    /// Polls for the reply to the sent bytes, if that is better than sleeping until it arrives.
    fn wait_for_answer(&mut self, context: &mut Context<'_>, may_wait: bool) -> Poll<io::Result<()>> {
        let Some(until) = self.busy_wait.begin().filter(|_| may_wait) else {
            return Poll::Pending;
        };
        ready!(self.client.poll_flush(context))?;
        let look = |engine: &mut EngineStream, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>| {
            match engine
                .local()
                .map(|socket| socket.try_read(buffer.initialize_unfilled()))
            {
                Some(Ok(count @ 1..)) => {
                    buffer.advance(count);
                    Poll::Ready(())
                }
                // The end, and what is wrong with the socket, are found when it wakes the thread.
                _ => Poll::Pending,
            }
        };
        while self.poll_engine(context, look)?.is_pending() {
            if Instant::now() > until {
                self.busy_wait.was_in_vain();
                return Poll::Pending;
            }
            std::hint::spin_loop();
        }
        self.busy_wait.was_answered();
        Poll::Ready(Ok(()))
    }

    /// Handles the result of `read` from the engine. Returns whether it was the end.
    fn poll_engine(
        &mut self,
        context: &mut Context<'_>,
        read: impl FnOnce(&mut EngineStream, &mut Context<'_>, &mut ReadBuf<'_>) -> Poll<()>,
    ) -> Poll<io::Result<bool>> {
        let Self {
            client,
            engine,
            replies,
            ..
        } = self;
        RECEIVED.with_borrow_mut(|bytes| {
            let mut buffer = ReadBuf::new(bytes);
            ready!(read(engine, context, &mut buffer));
            let received = buffer.filled();
            let sent = if received.is_empty() {
                client.send(context, &replies.take_held())
            } else if replies.is_idle() {
                client.send(context, received)
            } else {
                let rewritten = replies.rewrite(received).map_err(io::Error::other)?;
                client.send(context, &rewritten)
            };
            Poll::Ready(sent.map(|()| received.is_empty()))
        })
    }
}

impl Default for Absence {
    fn default() -> Self {
        Self {
            since: Instant::now(),
            pause: Box::pin(tokio::time::sleep(ABSENCE_CHECK)),
            was_gone: false,
        }
    }
}

impl Insertion {
    fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[self.gone..]
    }

    /// Call only when it is empty.
    fn put(&mut self, bytes: Zeroizing<Vec<u8>>) {
        *self = Self { bytes, gone: 0 };
    }

    fn go_on(&mut self, count: usize) {
        self.gone += count;
        if self.gone >= self.bytes.len() {
            *self = Self::default();
        }
    }
}

/// A client that is found disconnected twice in a row is not waited for.
const ABSENCE_CHECK: Duration = Duration::from_millis(500);
/// Timeout for a reply that may be off. Longer than a script may run before the engine reports that it is busy.
const SILENT_PATIENCE: Duration = Duration::from_secs(30);

thread_local! {
    /// Shared buffer for engines' replies, as large as four TLS records.
    static RECEIVED: RefCell<Vec<u8>> = RefCell::new(vec![0; 64 * 1024]);
}
