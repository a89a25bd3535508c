//! One client connection: checked for HTTP/2, served, aged, and drained.

use std::{future::poll_fn, net::SocketAddr, rc::Rc, task::Poll, time::Duration};

use bytes::Bytes;
use h2::{Reason, RecvStream, server::SendResponse};
use http::Request;
use rand::RngExt;
use tokio::{
    net::TcpStream,
    time::{Instant, sleep, timeout},
};

use crate::{
    gathered_writes::GatheredWrites,
    listener::{call_task, client::Client, keepalive::Keepalive, preface},
    shared::Phase,
    upstream::{CONNECTION_WINDOW_BYTES, MAX_FRAME_BYTES, STREAM_WINDOW_BYTES},
    worker::Worker,
};

/// Time for the HTTP/2 settings to be exchanged.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How often a connection that was asked to go away is looked at: once it has no calls it is closed, whatever
/// the client still watches or leaves unread.
const CLOSE_LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// Serves a connection to its end.
pub(crate) async fn serve(worker: &Rc<Worker>, mut stream: TcpStream, peer: SocketAddr) {
    let _ = stream.set_nodelay(true);
    if !preface::speaks_http2(&mut stream, peer).await {
        return;
    }
    let limits = &worker.shared.config.limits;
    let writes = GatheredWrites::new(stream);
    let handshake = h2::server::Builder::new()
        .initial_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_frame_size(MAX_FRAME_BYTES)
        .max_concurrent_streams(limits.max_streams_per_connection)
        .max_header_list_size(limits.max_header_list_bytes)
        .handshake::<_, Bytes>(writes.clone());
    match timeout(HANDSHAKE_TIMEOUT, handshake).await {
        Ok(Ok(http2)) => {
            writes.begin();
            serve_http2(worker, http2, &writes, peer).await;
        }
        Ok(Err(error)) => tracing::debug!(%peer, %error, "HTTP/2 handshake failed"),
        Err(_) => tracing::debug!(%peer, "HTTP/2 handshake timed out"),
    }
}

async fn serve_http2(
    worker: &Rc<Worker>,
    mut http2: h2::server::Connection<GatheredWrites<TcpStream>, Bytes>,
    writes: &GatheredWrites<TcpStream>,
    peer: SocketAddr,
) {
    let limits = &worker.shared.config.limits;
    let client = Rc::new(Client::new(peer, limits.control_places()));
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
            // Calls first: answers go out together, and the timers are looked at, only when there is none.
            loop {
                if let Poll::Ready(accepted) = http2.poll_accept(context) {
                    return Poll::Ready(Event::Accepted(accepted));
                }
                if !writes.poll_send(context) {
                    break;
                }
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
                // A task is moved many times between here and its end, and a call's state is thousands of bytes.
                let call = Box::pin(call_task::serve(worker.clone(), client.clone(), request, respond));
                tokio::task::spawn_local(call);
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
            Event::Linger if client.calls.get() == 0 => {
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
