//! One client connection: checked for HTTP/2, served, aged, and drained.

use std::{
    cell::Cell,
    future::poll_fn,
    net::SocketAddr,
    panic::AssertUnwindSafe,
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use h2::{Reason, RecvStream, server::SendResponse};
use http::Request;
use rand::RngExt;
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    time::{Instant, sleep, timeout},
};
use tonic::Code;

use crate::{
    auth::KeyCache,
    keepalive::Keepalive,
    reply::Reply,
    services,
    status::CallError,
    upstream::{CONNECTION_WINDOW_BYTES, MAX_FRAME_BYTES, STREAM_WINDOW_BYTES},
    worker::{Phase, Worker},
};

/// Time for a new client to say that it speaks HTTP/2.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
const PREFACE_PAUSE: Duration = Duration::from_millis(5);
/// How often a connection that was asked to go away is looked at: once it has no calls it is closed, whatever
/// the client still watches or leaves unread.
const CLOSE_LOOK_INTERVAL: Duration = Duration::from_secs(5);

const HTTP1_ANSWER: &[u8] = b"HTTP/1.1 505 HTTP Version Not Supported\r\ncontent-type: text/plain\r\n\
connection: close\r\ncontent-length: 95\r\n\r\n\
This port speaks gRPC over HTTP/2. Use a gRPC client, or the server's HTTP port for this call.\n";
/// A fatal handshake_failure alert: TLS clients stop at once instead of waiting.
const TLS_ALERT: &[u8] = &[0x15, 3, 1, 0, 2, 2, 40];

/// What calls on one connection share.
pub(crate) struct Connection {
    pub(crate) peer: SocketAddr,
    pub(crate) keys: KeyCache,
    /// Calls that it has, without streams that never end.
    calls: Cell<usize>,
}

/// Serves a connection to its end.
pub(crate) async fn serve(worker: &Rc<Worker>, mut stream: TcpStream, peer: SocketAddr) {
    let _ = stream.set_nodelay(true);
    match timeout(HANDSHAKE_TIMEOUT, first_bytes(&stream)).await {
        Ok(Ok(Speech::Http2)) => {}
        Ok(Ok(Speech::Http1)) => return answer(&mut stream, HTTP1_ANSWER, "HTTP/1", peer).await,
        Ok(Ok(Speech::Tls)) => return answer(&mut stream, TLS_ALERT, "TLS", peer).await,
        Ok(Ok(Speech::Unknown)) => {
            tracing::info!(%peer, "closed a connection that speaks neither HTTP/2 nor HTTP/1 nor TLS");
            return;
        }
        Ok(Err(_)) | Err(_) => return,
    }
    let limits = &worker.shared.config.limits;
    let handshake = h2::server::Builder::new()
        .initial_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_frame_size(MAX_FRAME_BYTES)
        .max_concurrent_streams(limits.max_streams_per_connection)
        .max_header_list_size(limits.max_header_list_bytes)
        .handshake::<_, Bytes>(stream);
    match timeout(HANDSHAKE_TIMEOUT, handshake).await {
        Ok(Ok(http2)) => serve_http2(worker, http2, peer).await,
        Ok(Err(error)) => tracing::debug!(%peer, %error, "HTTP/2 handshake failed"),
        Err(_) => tracing::debug!(%peer, "HTTP/2 handshake timed out"),
    }
}

enum Speech {
    Http2,
    Http1,
    Tls,
    Unknown,
}

/// Looks at what a client says first, without taking it.
async fn first_bytes(stream: &TcpStream) -> std::io::Result<Speech> {
    let mut first = [0_u8; 3];
    loop {
        let seen = stream.peek(&mut first).await?;
        match (seen, first) {
            (0, _) => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            (_, [0x16, ..]) => return Ok(Speech::Tls),
            (3, _) if &first == b"PRI" => return Ok(Speech::Http2),
            (3, _) if first.iter().all(u8::is_ascii_uppercase) => return Ok(Speech::Http1),
            (3, _) => return Ok(Speech::Unknown),
            _ => sleep(PREFACE_PAUSE).await,
        }
    }
}

async fn answer(stream: &mut TcpStream, bytes: &[u8], speech: &str, peer: SocketAddr) {
    tracing::info!(%peer, speech, "refused a connection: this port speaks gRPC over plain HTTP/2");
    let _ = timeout(HANDSHAKE_TIMEOUT, async {
        stream.write_all(bytes).await?;
        stream.shutdown().await?;
        // Reading what the client still sends keeps the system from resetting before it has read the answer.
        tokio::io::copy(stream, &mut tokio::io::sink()).await
    })
    .await;
}

async fn serve_http2(
    worker: &Rc<Worker>,
    mut http2: h2::server::Connection<TcpStream, Bytes>,
    peer: SocketAddr,
) {
    let limits = &worker.shared.config.limits;
    let connection = Rc::new(Connection { peer, keys: KeyCache::default(), calls: Cell::new(0) });
    let mut keepalive =
        Keepalive::new(http2.ping_pong(), limits.keepalive_interval(), limits.keepalive_timeout());
    let jitter = 1.0 - limits.connection_age_jitter_share * worker.rng.borrow_mut().random::<f64>();
    let age = limits.max_connection_age_seconds * jitter;
    let mut aged = std::pin::pin!(tokio::time::sleep_until(Instant::now() + Duration::from_secs_f64(age)));
    let mut phase = worker.shared.phase.subscribe();
    let mut draining = std::pin::pin!(async move {
        let _ = phase.wait_for(|phase| *phase != Phase::Serving).await;
    });
    let mut is_closing = false;
    let mut lingering = std::pin::pin!(sleep(Duration::ZERO));
    loop {
        let event = poll_fn(|context| {
            // Calls first: the timers are looked at only when there is none.
            match http2.poll_accept(context) {
                Poll::Ready(accepted) => return Poll::Ready(Event::Accepted(accepted)),
                Poll::Pending => {}
            }
            if !is_closing
                && (draining.as_mut().poll(context).is_ready() || aged.as_mut().poll(context).is_ready())
            {
                return Poll::Ready(Event::Close);
            }
            if is_closing && lingering.as_mut().poll(context).is_ready() {
                return Poll::Ready(Event::Linger);
            }
            keepalive.poll_dead(context).map(|()| Event::Dead)
        })
        .await;
        match event {
            Event::Accepted(Some(Ok((request, respond)))) => {
                tokio::task::spawn_local(serve_call(worker.clone(), connection.clone(), request, respond));
            }
            Event::Accepted(Some(Err(error))) => {
                tracing::debug!(%peer, %error, "connection broke");
                return;
            }
            Event::Accepted(None) => return,
            Event::Close => {
                is_closing = true;
                lingering.as_mut().reset(Instant::now() + CLOSE_LOOK_INTERVAL);
                http2.graceful_shutdown();
            }
            Event::Linger if connection.calls.get() == 0 => {
                tracing::debug!(%peer, "client does not close its side");
                return;
            }
            Event::Linger => lingering.as_mut().reset(Instant::now() + CLOSE_LOOK_INTERVAL),
            Event::Dead => {
                tracing::debug!(%peer, "client did not answer a keepalive ping");
                http2.abrupt_shutdown(Reason::NO_ERROR);
                return;
            }
        }
    }
}

/// A call's request and the way to answer it.
type Arrived = (Request<RecvStream>, SendResponse<Bytes>);

#[expect(clippy::large_enum_variant, reason = "lives for a moment; a box would cost each call")]
enum Event {
    Accepted(Option<Result<Arrived, h2::Error>>),
    Close,
    Linger,
    Dead,
}

/// Counts a call as in flight until dropped.
struct InFlight(Rc<Worker>, Rc<Connection>);

impl InFlight {
    fn enter(worker: &Rc<Worker>, connection: &Rc<Connection>) -> Self {
        if let Some(stats) = worker.stats() {
            stats.enter();
        }
        connection.calls.set(connection.calls.get() + 1);
        Self(worker.clone(), connection.clone())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if let Some(stats) = self.0.stats() {
            stats.leave();
        }
        self.1.calls.set(self.1.calls.get() - 1);
    }
}

async fn serve_call(
    worker: Rc<Worker>,
    connection: Rc<Connection>,
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
) {
    // A watch or a reflection stream may stay open for ever and must not hold a drain up.
    let _in_flight =
        services::counts_as_in_flight(request.uri().path()).then(|| InFlight::enter(&worker, &connection));
    let answering = std::pin::pin!(services::answer(&worker, &connection, request));
    if let Some(reply) = until_reset(answering, &mut respond).await {
        reply.send(&mut respond).await;
    }
}

/// Waits for the answer; none when the client goes away first, or an INTERNAL status after a panic.
async fn until_reset(
    mut answering: std::pin::Pin<&mut impl Future<Output = Reply>>,
    respond: &mut SendResponse<Bytes>,
) -> Option<Reply> {
    poll_fn(|context: &mut Context<'_>| {
        let polled = std::panic::catch_unwind(AssertUnwindSafe(|| answering.as_mut().poll(context)));
        match polled {
            Ok(Poll::Ready(reply)) => Poll::Ready(Some(reply)),
            Ok(Poll::Pending) => respond.poll_reset(context).map(|_| None),
            Err(_) => {
                tracing::error!("a call panicked");
                let error = CallError::new(Code::Internal, "the server failed on this call; see its log");
                Poll::Ready(Some(error.into()))
            }
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use super::*;

    #[tokio::test]
    async fn a_call_that_panics_fails_alone() {
        let (ours, theirs) = tokio::io::duplex(1_024);
        let serving = async {
            let mut connection = h2::server::handshake(ours).await.unwrap();
            while let Some(arrived) = connection.accept().await {
                let (request, mut respond) = arrived.unwrap();
                let path = request.into_parts().0.uri.path().to_owned();
                let answering = pin!(async move {
                    assert_eq!(path, "/good", "expected by this test");
                    Reply::Http { status: http::StatusCode::OK, text: "" }
                });
                until_reset(answering, &mut respond).await.unwrap().send(&mut respond).await;
            }
        };
        let asking = async {
            let (sender, connection) = h2::client::handshake(theirs).await.unwrap();
            let asking = async move {
                let mut statuses = Vec::new();
                for path in ["/bad", "/good"] {
                    let mut sender: h2::client::SendRequest<Bytes> = sender.clone().ready().await.unwrap();
                    let request = Request::post(format!("http://a{path}")).body(()).unwrap();
                    let response = sender.send_request(request, true).unwrap().0.await.unwrap();
                    statuses.push(response.headers().get("grpc-status").cloned());
                }
                statuses
            };
            let (statuses, ended) = tokio::join!(asking, connection);
            ended.unwrap();
            statuses
        };
        let ((), statuses) = tokio::join!(serving, asking);
        assert_eq!(statuses, [Some("13".parse().unwrap()), None]);
    }
}
