//! A connection's bytes: what the peer said last is heard although it takes nothing any more.
//!
//! A peer that ends a connection in order says so and closes. A write that comes after it fails at once, and
//! whoever stops there never reads the GOAWAY that lies received before it: which calls the peer did not take,
//! and that it lives, would be lost by chance. So a write to a peer that is gone counts as made, and its end is
//! told by reading.

use std::{
    io::{self, ErrorKind, IoSlice},
    pin::Pin,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

pub(super) struct Socket(TcpStream);

impl Socket {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self(stream)
    }
}

fn counts_as_made(written: Poll<io::Result<usize>>, bytes: usize) -> Poll<io::Result<usize>> {
    match written {
        Poll::Ready(Err(error)) if is_gone(&error) => Poll::Ready(Ok(bytes)),
        written => written,
    }
}

fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset)
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        counts_as_made(Pin::new(&mut self.0).poll_write(context, bytes), bytes.len())
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let bytes = parts.iter().map(|part| part.len()).sum();
        counts_as_made(Pin::new(&mut self.0).poll_write_vectored(context, parts), bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.0).poll_shutdown(context) {
            // There is nobody left to be told.
            Poll::Ready(Err(error)) if is_gone(&error) => Poll::Ready(Ok(())),
            shut => shut,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
    };

    use super::Socket;

    #[tokio::test]
    async fn last_words_are_heard_after_writes_to_a_peer_that_is_gone() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut plain = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut peer, _) = listener.accept().await.unwrap();
        peer.write_all(b"last words").await.unwrap();
        drop(peer);
        // The first write is what has the peer's system say that nobody listens; the error comes with a later one.
        let failed = loop {
            if let Err(error) = plain.write_all(b"late").await {
                break error.kind();
            }
            tokio::task::yield_now().await;
        };
        assert!(matches!(failed, ErrorKind::BrokenPipe | ErrorKind::ConnectionReset), "{failed:?}");
        let mut socket = Socket::new(plain);
        socket.write_all(b"later still").await.unwrap();
        let mut heard = [0; 10];
        socket.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"last words");
        assert!(!matches!(socket.read(&mut heard).await, Ok(1..)), "the end is told by reading");
    }
}
