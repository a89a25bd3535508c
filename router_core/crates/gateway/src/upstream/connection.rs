//! One HTTP/2 connection to a backend: made, checked, driven to its end.

use std::{
    future::poll_fn,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use h2::{
    Ping, PingPong, Reason,
    client::{Connection, SendRequest},
};
use tokio::{
    net::TcpStream,
    sync::Notify,
    time::{Instant, timeout},
};

use super::{settings::PoolSettings, socket::Socket};
use crate::gathered_writes::GatheredWrites;

/// HTTP/2 windows: a stream's fits the usual tensor, the connection's a few of them.
pub(crate) const STREAM_WINDOW_BYTES: u32 = 1 << 20;
pub(crate) const CONNECTION_WINDOW_BYTES: u32 = 8 << 20;
pub(crate) const MAX_FRAME_BYTES: u32 = 256 << 10;

/// At most one question whether a suspect peer lives in this time: servers count pings as abuse.
const PING_PAUSE: Duration = Duration::from_secs(30);

/// Calls given up whose late answers are expected, for a second each.
const MAX_RESET_STREAMS: usize = 1_024;

/// Whether the peer ended a connection in order: what it did not take it says, and a new connection it takes.
pub(super) fn is_orderly(error: &h2::Error) -> bool {
    error.is_go_away() && error.reason() == Some(Reason::NO_ERROR)
}

/// Why a connection was not made.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unconnected {
    /// The peer ended it in order before it could take a call, as one does that is draining.
    EndedInOrder,
    /// Nothing answered, or what did speaks no HTTP/2.
    Failed(String),
}

impl Unconnected {
    fn failed(error: impl ToString) -> Self {
        Self::Failed(error.to_string())
    }

    /// What the end of a new connection means, by what the peer would tell a call on it.
    fn ended(
        sender: &mut SendRequest<Bytes>,
        context: &mut Context<'_>,
        ended: Result<(), h2::Error>,
    ) -> Self {
        match (sender.poll_ready(context), ended) {
            (Poll::Ready(Err(told)), _) if is_orderly(&told) => Self::EndedInOrder,
            (_, Ok(())) => Self::failed("the peer closed the connection"),
            (_, Err(error)) => Self::Failed(format!("the peer does not speak HTTP/2: {error}")),
        }
    }
}

/// A connection and what it writes, polled as one.
struct Driven {
    connection: Connection<GatheredWrites<Socket>, Bytes>,
    writes: GatheredWrites<Socket>,
}

impl Future for Driven {
    type Output = Result<(), h2::Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            if let Poll::Ready(ended) = Pin::new(&mut self.connection).poll(context) {
                return Poll::Ready(ended);
            }
            if !self.writes.poll_send(context) {
                return Poll::Pending;
            }
        }
    }
}

/// A connection that answered.
pub(super) struct LiveConnection {
    connection: Driven,
    ping_pong: PingPong,
    asked: Instant,
}

/// Connects and makes sure that an HTTP/2 server answers: what is none is found out here, not by a call.
pub(super) async fn connect(
    address: SocketAddr,
    settings: &PoolSettings,
) -> Result<(SendRequest<Bytes>, LiveConnection), Unconnected> {
    let connecting = timeout(settings.connect_timeout, connect_unbounded(address, settings)).await;
    connecting.unwrap_or_else(|_| {
        Err(Unconnected::Failed(format!("no HTTP/2 connection within {:?}", settings.connect_timeout)))
    })
}

async fn connect_unbounded(
    address: SocketAddr,
    settings: &PoolSettings,
) -> Result<(SendRequest<Bytes>, LiveConnection), Unconnected> {
    let stream = TcpStream::connect(address).await.map_err(Unconnected::failed)?;
    stream.set_nodelay(true).map_err(Unconnected::failed)?;
    // Dead hosts are found by the kernel; HTTP/2 pings without calls would count as abuse at gRPC servers.
    let keepalive = socket2::TcpKeepalive::new().with_time(settings.keepalive_interval);
    socket2::SockRef::from(&stream).set_tcp_keepalive(&keepalive).map_err(Unconnected::failed)?;
    let writes = GatheredWrites::new(Socket::new(stream));
    let (mut sender, mut connection) = h2::client::Builder::new()
        .initial_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_frame_size(MAX_FRAME_BYTES)
        .max_header_list_size(settings.max_header_list_bytes)
        .max_concurrent_reset_streams(MAX_RESET_STREAMS)
        // Answers later than that are no reason to break the connection under other calls.
        .max_local_error_reset_streams(None)
        .enable_push(false)
        .handshake::<_, Bytes>(writes.clone())
        .await
        .map_err(|error| Unconnected::Failed(format!("HTTP/2 handshake failed: {error}")))?;
    let mut ping_pong =
        connection.ping_pong().ok_or_else(|| Unconnected::failed("the connection cannot be checked"))?;
    ping_pong.send_ping(Ping::opaque()).map_err(Unconnected::failed)?;
    writes.begin();
    let mut connection = Driven { connection, writes };
    poll_fn(|context| {
        if let Poll::Ready(ended) = Pin::new(&mut connection).poll(context) {
            return Poll::Ready(Err(Unconnected::ended(&mut sender, context, ended)));
        }
        ping_pong.poll_pong(context).map(|answer| answer.map(drop).map_err(Unconnected::failed))
    })
    .await?;
    Ok((sender, LiveConnection { connection, ping_pong, asked: Instant::now() - PING_PAUSE }))
}

impl LiveConnection {
    /// Drives the connection until it ends or takes no more calls, and says why. When `suspected`, asks the
    /// peer whether it lives.
    pub(super) async fn drive(
        mut self,
        settings: &PoolSettings,
        suspected: &Notify,
        is_given_up: impl Fn(&mut Context<'_>) -> bool,
    ) -> String {
        loop {
            // After a GOAWAY the connection goes on with its calls; what tells of it is that it takes no more.
            let ends = poll_fn(|context| match Pin::new(&mut self.connection).poll(context) {
                Poll::Ready(ended) => Poll::Ready(Some(ended)),
                Poll::Pending if is_given_up(context) => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            });
            let is_given_up = tokio::select! {
                ended = ends => match ended {
                    Some(Ok(())) => return "the peer closed the connection".to_owned(),
                    Some(Err(error)) => return error.to_string(),
                    None => true,
                },
                () = suspected.notified() => poll_fn(|context| Poll::Ready(is_given_up(context))).await,
            };
            if is_given_up {
                // The calls that are still on it, after a GOAWAY, are finished; new ones need not wait for them.
                tokio::task::spawn_local(self.connection);
                return "the peer takes no more calls on this connection".to_owned();
            }
            if self.asked.elapsed() < PING_PAUSE {
                continue;
            }
            self.asked = Instant::now();
            if let Err(reason) = self.ask(settings.keepalive_timeout).await {
                return reason;
            }
        }
    }

    async fn ask(&mut self, patience: Duration) -> Result<(), String> {
        self.ping_pong.send_ping(Ping::opaque()).map_err(|error| error.to_string())?;
        let answered = poll_fn(|context| {
            if let Poll::Ready(ended) = Pin::new(&mut self.connection).poll(context) {
                let reason =
                    ended.map_or_else(|error| error.to_string(), |()| "closed by the peer".to_owned());
                return Poll::Ready(Err(reason));
            }
            self.ping_pong
                .poll_pong(context)
                .map(|answer| answer.map(drop).map_err(|error| error.to_string()))
        });
        timeout(patience, answered)
            .await
            .unwrap_or_else(|_| Err(format!("no sign of life within {patience:?}")))
    }
}
