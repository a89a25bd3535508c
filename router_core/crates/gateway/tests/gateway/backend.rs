//! A backend that does with each call what its test says.

use std::{future::poll_fn, net::SocketAddr};

use bytes::{Bytes, BytesMut};
use h2::{Reason, RecvStream, server::SendResponse};
use http::{HeaderMap, HeaderValue, Request, Response, request::Parts};
use pointsman_wire::generated::inference::{ModelInferRequest, ModelInferResponse};
use prost::Message;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, UnixListener},
    sync::{broadcast, mpsc},
    task::{JoinHandle, JoinSet},
};

use crate::client::frame;

/// A backend on a port of its own, or the control plane on its socket.
pub(crate) struct Backend {
    address: Option<SocketAddr>,
    calls: mpsc::UnboundedReceiver<BackendCall>,
    go_away: broadcast::Sender<()>,
    accepting: JoinHandle<()>,
}

/// A call that reached a backend.
pub(crate) struct BackendCall {
    pub(crate) head: Parts,
    pub(crate) body: RecvStream,
    pub(crate) respond: SendResponse<Bytes>,
    /// The connection that it came by, counted from 0.
    pub(crate) connection: usize,
}

impl Backend {
    pub(crate) async fn start() -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap()).await
    }

    pub(crate) async fn start_at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        Self::accept(Some(address), async move || listener.accept().await.map(|(stream, _)| stream))
    }

    /// A backend that takes so many calls at a time on each connection.
    pub(crate) async fn start_with_streams(most: u32) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut builder = h2::server::Builder::new();
        builder.max_concurrent_streams(most);
        Self::accept_with(builder, Some(address), async move || {
            listener.accept().await.map(|(stream, _)| stream)
        })
    }

    pub(crate) fn start_control(listener: UnixListener) -> Self {
        Self::accept(None, async move || listener.accept().await.map(|(stream, _)| stream))
    }

    fn accept<S, A>(address: Option<SocketAddr>, accept: A) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        A: AsyncFnMut() -> std::io::Result<S> + 'static,
    {
        Self::accept_with(h2::server::Builder::new(), address, accept)
    }

    fn accept_with<S, A>(builder: h2::server::Builder, address: Option<SocketAddr>, mut accept: A) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        A: AsyncFnMut() -> std::io::Result<S> + 'static,
    {
        let (reached, calls) = mpsc::unbounded_channel();
        let (go_away, _) = broadcast::channel(1);
        let signal = go_away.clone();
        let accepting = tokio::task::spawn_local(async move {
            // Dropped with this task, and the connections with it.
            let mut connections = JoinSet::new();
            for connection in 0.. {
                let stream = accept().await.unwrap();
                connections.spawn(serve(
                    builder.clone(),
                    stream,
                    connection,
                    reached.clone(),
                    signal.subscribe(),
                ));
            }
        });
        Self { address, calls, go_away, accepting }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address.unwrap()
    }

    /// The next call.
    pub(crate) async fn call(&mut self) -> BackendCall {
        self.calls.recv().await.unwrap()
    }

    /// Asks every client to go away once its calls are done.
    pub(crate) fn go_away(&self) {
        self.go_away.send(()).unwrap();
    }

    /// Answers every call with an empty response from now on.
    pub(crate) fn answer_all(mut self) -> JoinHandle<()> {
        tokio::task::spawn_local(async move {
            while let Some(mut call) = self.calls.recv().await {
                tokio::task::spawn_local(async move {
                    call.message().await;
                    call.answer(&ModelInferResponse::default().encode_to_vec());
                });
            }
        })
    }

    /// Closes the port and every connection; answers the address.
    pub(crate) async fn kill(mut self) -> SocketAddr {
        self.accepting.abort();
        assert!((&mut self.accepting).await.unwrap_err().is_cancelled());
        self.address()
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    builder: h2::server::Builder,
    stream: S,
    connection: usize,
    reached: mpsc::UnboundedSender<BackendCall>,
    mut go_away: broadcast::Receiver<()>,
) {
    let mut http2 = builder.handshake(stream).await.unwrap();
    loop {
        tokio::select! {
            accepted = http2.accept() => {
                let Some(Ok((request, respond))) = accepted else { return };
                let (head, body) = Request::into_parts(request);
                // A test that is over takes no more calls.
                let _ = reached.send(BackendCall { head, body, respond, connection });
            }
            Ok(()) = go_away.recv() => http2.graceful_shutdown(),
        }
    }
}

impl BackendCall {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Everything that was sent, prefixes included, or how the stream broke.
    pub(crate) async fn sent(&mut self) -> Result<Bytes, h2::Error> {
        let mut sent = BytesMut::new();
        while let Some(data) = self.body.data().await {
            let data = data?;
            self.body.flow_control().release_capacity(data.len())?;
            sent.extend_from_slice(&data);
        }
        Ok(sent.freeze())
    }

    /// The one message that was sent, without its prefix.
    pub(crate) async fn message(&mut self) -> Bytes {
        let sent = self.sent().await.unwrap();
        assert_eq!(sent[..5], frame(&sent[5..])[..5], "the prefix says the message's length");
        sent.slice(5..)
    }

    pub(crate) async fn request(&mut self) -> ModelInferRequest {
        ModelInferRequest::decode(self.message().await).unwrap()
    }

    /// Answers with status OK and this message.
    pub(crate) fn answer(mut self, message: &[u8]) {
        let mut out = self.begin();
        out.send_data(frame(message), false).unwrap();
        out.send_trailers(status("0")).unwrap();
    }

    /// Answers with the headers only.
    pub(crate) fn begin(&mut self) -> h2::SendStream<Bytes> {
        self.respond.send_response(grpc_response(), false).unwrap()
    }

    /// Answers with a failure and no message.
    pub(crate) fn fail(mut self, code: &str, text: &str) {
        let mut response = grpc_response();
        response.headers_mut().extend(status(code));
        response.headers_mut().insert("grpc-message", HeaderValue::from_str(text).unwrap());
        self.respond.send_response(response, true).unwrap();
    }

    /// Waits until the caller resets the call.
    pub(crate) async fn reset(&mut self) -> Reason {
        poll_fn(|context| self.respond.poll_reset(context)).await.unwrap()
    }
}

pub(crate) fn status(code: &str) -> HeaderMap {
    HeaderMap::from_iter([(
        http::HeaderName::from_static("grpc-status"),
        HeaderValue::from_str(code).unwrap(),
    )])
}

fn grpc_response() -> Response<()> {
    Response::builder().header("content-type", "application/grpc").body(()).unwrap()
}
