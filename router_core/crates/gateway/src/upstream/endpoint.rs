//! One address of a target: keeps a connection to it and tries again when it is lost.

use std::{
    cell::{Cell, RefCell},
    net::SocketAddr,
    rc::Rc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use h2::client::SendRequest;
use http::uri::Authority;
use tokio::{sync::Notify, time::Instant};

use super::{
    connection::{
        CONNECTION_WINDOW_BYTES, LiveConnection, STREAM_WINDOW_BYTES, Unconnected, connect, is_orderly,
    },
    expectation::{Expectation, Fruit},
    settings::PoolSettings,
};

/// The first pause between two tries, and the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// A call has a refusing address tried again this soon after the last try, so that a backend which came back
/// serves at once; one that does not answer at all is left to the pauses above, for calls would wait for it.
pub(super) const RETRY_PAUSE: Duration = Duration::from_millis(20);
const QUICK_FAILURE: Duration = Duration::from_millis(50);
/// A connection that lasted so long was a good one: the next is tried at once, while calls wait for it.
const GOOD_AGE: Duration = Duration::from_secs(1);
/// So many connections in a row may end in order without having taken a call before that counts as a failure:
/// an end may meet the first call of a connection, but a peer that only ever ends is not to be hammered.
const MOST_FRUITLESS: u32 = 3;

/// So many answers may be left in a connection's window, each with at most a stream's window; those beyond are
/// read into memory. Where there is no memory either, further calls go elsewhere before the window is full.
const MOST_UNREAD: usize = 3;
const FULL_UNREAD: usize = 5;
const _: () = assert!(FULL_UNREAD * STREAM_WINDOW_BYTES as usize <= CONNECTION_WINDOW_BYTES as usize * 5 / 8);

/// An answer that lies in its connection's window.
pub(crate) struct Unread(Rc<Endpoint>);

impl Unread {
    /// Whether there are more than may be.
    pub(crate) fn is_crowded(&self) -> bool {
        self.0.unread.get() > MOST_UNREAD
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        self.0.unread.set(self.0.unread.get() - 1);
    }
}

/// One address of a target.
pub(crate) struct Endpoint {
    pub(crate) address: SocketAddr,
    pub(crate) authority: Authority,
    /// The connection, while there is one.
    sender: RefCell<Option<SendRequest<Bytes>>>,
    /// Which connection that is, counted from the first.
    connection: Cell<u64>,
    /// Its calls, and how many it is expected to take.
    pub(super) expectation: Expectation,
    /// Whether the peer ended it in order.
    ended_in_order: Cell<bool>,
    /// Calls of this worker that are on it.
    pub(super) in_flight: Cell<usize>,
    /// Answers whose clients leave them in the connection's window.
    unread: Cell<usize>,
    /// Calls that the peer takes at a time on the connection.
    most_streams: Cell<usize>,
    /// Whether it stands beside another of the same address, because that one was full.
    pub(super) is_extra: bool,
    /// Why the last try failed; none while trying for the first time or connected.
    failure: RefCell<Option<String>>,
    /// When the last try failed, if it failed quickly.
    refused: Cell<Option<Instant>>,
    retry_signal: Notify,
    retired: Cell<bool>,
    retire_signal: Notify,
    suspected: Notify,
}

impl Endpoint {
    pub(super) fn new(address: SocketAddr, authority: Authority, is_extra: bool) -> Rc<Self> {
        Rc::new(Self {
            address,
            authority,
            sender: RefCell::new(None),
            connection: Cell::new(0),
            expectation: Expectation::default(),
            ended_in_order: Cell::new(false),
            in_flight: Cell::new(0),
            unread: Cell::new(0),
            most_streams: Cell::new(usize::MAX),
            is_extra,
            failure: RefCell::new(None),
            refused: Cell::new(None),
            retry_signal: Notify::new(),
            retired: Cell::new(false),
            retire_signal: Notify::new(),
            suspected: Notify::new(),
        })
    }

    /// The way to send calls; none while there is no connection.
    pub(super) fn sender(&self) -> Option<SendRequest<Bytes>> {
        self.sender.borrow().clone()
    }

    pub(super) fn is_up(&self) -> bool {
        self.sender.borrow().is_some()
    }

    /// Gives a call to the connection.
    pub(super) fn assign(&self) {
        self.in_flight.set(self.in_flight.get() + 1);
        self.expectation.assign();
    }

    /// Whether further calls on the connection would wait for others, for their streams or for the window, or be
    /// refused.
    pub(super) fn is_full(&self) -> bool {
        self.in_flight.get() >= self.most_streams.get()
            || self.unread.get() >= FULL_UNREAD
            || self.expectation.is_reached()
    }

    /// Whether a connection is being made, which did not fail before.
    pub(super) fn is_connecting(&self) -> bool {
        !self.is_up() && self.failure.borrow().is_none()
    }

    /// Says that an answer is left in the connection's window until its client takes it.
    pub(super) fn leave_unread(self: &Rc<Self>) -> Unread {
        self.unread.set(self.unread.get() + 1);
        Unread(self.clone())
    }

    /// Why the last try failed.
    pub(super) fn failure(&self) -> Option<String> {
        self.failure.borrow().clone()
    }

    /// Has an address that refused tried again now; says whether that is worth waiting for.
    pub(super) fn retry(&self) -> bool {
        if self.refused.get().is_none_or(|refused| refused.elapsed() < RETRY_PAUSE) {
            return false;
        }
        self.refused.set(None);
        self.failure.borrow_mut().take();
        self.retry_signal.notify_one();
        true
    }

    /// The connection that there is, to tell it from later ones.
    pub(super) fn connection(&self) -> u64 {
        self.connection.get()
    }

    /// A call was sent.
    pub(super) fn mark_sent(&self, connection: u64) {
        if connection == self.connection.get() {
            self.expectation.mark_sent();
        }
    }

    /// A call that was sent came back untouched.
    pub(super) fn mark_refused(&self, connection: u64) {
        if connection == self.connection.get() {
            self.expectation.mark_refused();
        }
    }

    /// Stops sending calls to a connection that broke under one, before its driver finds out.
    pub(super) fn mark_broken(&self, connection: u64) {
        if connection == self.connection.get() && self.is_up() {
            self.is_given_up(&mut Context::from_waker(Waker::noop()));
            self.sender.borrow_mut().take();
            self.suspected.notify_one();
        }
    }

    /// Whether the connection gets no more calls: it was given up, or the peer takes no more.
    fn is_given_up(&self, context: &mut Context<'_>) -> bool {
        let mut sender = self.sender.borrow_mut();
        let ended = match sender.as_mut().map(|sender| sender.poll_ready(context)) {
            None => return true,
            Some(Poll::Ready(Err(error))) => error,
            Some(_) => return false,
        };
        self.ended_in_order.set(is_orderly(&ended));
        sender.take();
        true
    }

    /// Asks the peer for a sign of life, as a call timed out on it.
    pub(super) fn suspect(&self) {
        self.suspected.notify_one();
    }

    /// Ends the connection once its calls are done, for good.
    pub(super) fn retire(&self) {
        self.retired.set(true);
        self.sender.borrow_mut().take();
        self.retire_signal.notify_one();
    }

    /// Keeps the endpoint connected until it is retired; `changed` is told of every change.
    pub(super) async fn run(self: Rc<Self>, settings: Rc<PoolSettings>, changed: Rc<Notify>) {
        let mut pause = FIRST_PAUSE;
        let mut fruitless = 0;
        while !self.retired.get() {
            let began = Instant::now();
            self.refused.set(None);
            let end = match connect(self.address, &settings).await {
                Ok(_) if self.retired.get() => break,
                Ok((sender, connection)) => self.serve(sender, connection, &settings, &changed).await,
                Err(Unconnected::EndedInOrder) => End::InOrder {
                    reason: "the peer ended the connection before it took a call".to_owned(),
                    is_fruitless: true,
                },
                Err(Unconnected::Failed(reason)) => End::Failed(reason),
            };
            let reason = match end {
                End::InOrder { reason, is_fruitless } => {
                    fruitless = if is_fruitless { fruitless + 1 } else { 0 };
                    if fruitless < MOST_FRUITLESS && !self.retired.get() {
                        tracing::debug!(endpoint = %self.address, reason, "backend connection ended in order");
                        pause = FIRST_PAUSE;
                        continue;
                    }
                    reason
                }
                End::Good(reason) if !self.retired.get() => {
                    tracing::info!(endpoint = %self.address, reason, "backend connection ended");
                    pause = FIRST_PAUSE;
                    changed.notify_waiters();
                    continue;
                }
                End::Good(reason) | End::Failed(reason) => reason,
            };
            if self.retired.get() {
                break;
            }
            // Said once for each time it goes down, not for every try.
            if pause == FIRST_PAUSE {
                tracing::warn!(endpoint = %self.address, reason, "backend endpoint is down");
            } else {
                tracing::debug!(endpoint = %self.address, reason, "backend endpoint is still down");
            }
            self.refused.set(Some(Instant::now()).filter(|_| began.elapsed() <= QUICK_FAILURE));
            *self.failure.borrow_mut() = Some(reason);
            changed.notify_waiters();
            // Jitter keeps the threads of many servers from knocking together.
            let jittered = pause.mul_f64(rand::random_range(0.5..1.0));
            tokio::select! {
                () = tokio::time::sleep(jittered) => {}
                () = self.retry_signal.notified() => {}
                () = self.retire_signal.notified() => break,
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Has calls sent on a connection until it ends or takes no more.
    async fn serve(
        &self,
        sender: SendRequest<Bytes>,
        connection: LiveConnection,
        settings: &PoolSettings,
        changed: &Notify,
    ) -> End {
        let since = Instant::now();
        self.failure.borrow_mut().take();
        self.most_streams.set(sender.current_max_send_streams());
        *self.sender.borrow_mut() = Some(sender);
        self.connection.set(self.connection.get() + 1);
        self.expectation.begin();
        self.ended_in_order.set(false);
        changed.notify_waiters();
        // A retired endpoint's connection ends by itself: its last sender is gone with its calls.
        let reason = connection.drive(settings, &self.suspected, |context| self.is_given_up(context)).await;
        self.is_given_up(&mut Context::from_waker(Waker::noop()));
        self.sender.borrow_mut().take();
        if self.ended_in_order.get() {
            // The calls that it refused say so first.
            tokio::task::yield_now().await;
            let is_fruitless = match self.expectation.learn() {
                Fruit::Taken => false,
                Fruit::Refused => true,
                Fruit::Unused => since.elapsed() < FIRST_PAUSE,
            };
            End::InOrder { reason, is_fruitless }
        } else if since.elapsed() >= GOOD_AGE {
            End::Good(reason)
        } else {
            End::Failed(reason)
        }
    }
}

/// How a connection, or the try to make one, ended.
enum End {
    /// The peer said so; without having taken a call, if it was fruitless.
    InOrder { reason: String, is_fruitless: bool },
    /// It broke after a good while.
    Good(String),
    /// It was not made, or broke soon.
    Failed(String),
}
