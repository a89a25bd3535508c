//! Asks a silent peer whether it still lives.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use h2::{Ping, PingPong};
use tokio::time::{Instant, Sleep, sleep};

/// Pings at an interval and waits so long for the answer.
pub(crate) struct Keepalive {
    ping_pong: Option<PingPong>,
    timer: Pin<Box<Sleep>>,
    waiting: bool,
    interval: Duration,
    timeout: Duration,
}

impl Keepalive {
    pub(crate) fn new(ping_pong: Option<PingPong>, interval: Duration, timeout: Duration) -> Self {
        Self { ping_pong, timer: Box::pin(sleep(interval)), waiting: false, interval, timeout }
    }

    /// Is ready when the peer did not answer in time.
    pub(crate) fn poll_dead(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(ping_pong) = &mut self.ping_pong else { return Poll::Pending };
        if self.waiting && ping_pong.poll_pong(context).is_ready() {
            self.waiting = false;
            self.timer.as_mut().reset(Instant::now() + self.interval);
        }
        while self.timer.as_mut().poll(context).is_ready() {
            if self.waiting {
                return Poll::Ready(());
            }
            if ping_pong.send_ping(Ping::opaque()).is_err() {
                return Poll::Ready(());
            }
            self.waiting = true;
            self.timer.as_mut().reset(Instant::now() + self.timeout);
            // Registers for the answer.
            if ping_pong.poll_pong(context).is_ready() {
                self.waiting = false;
                self.timer.as_mut().reset(Instant::now() + self.interval);
            }
        }
        Poll::Pending
    }
}
