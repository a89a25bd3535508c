//! What one HTTP/2 connection writes while it is polled, sent together behind that.
//!
//! `h2` hands every message of more than some hundred bytes to the system by itself. On a connection with many calls
//! each would cost a system call here and a wake-up at the peer; together they cost one. Nothing waits for it: whoever
//! polls the connection sends what it wrote before it waits again.

use std::{
    cell::RefCell,
    io::{self, ErrorKind, IoSlice},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes that are gathered; what is more goes out at once. A connection holds them only until they are sent.
const MOST_BYTES: usize = 32 << 10;

/// A stream whose writes can be gathered. Clones are of the same stream: one is the connection's, the other sends.
pub(crate) struct GatheredWrites<S>(Rc<RefCell<Gathering<S>>>);

impl<S> Clone for GatheredWrites<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

struct Gathering<S> {
    stream: S,
    /// Whether writes wait for [`GatheredWrites::poll_send`].
    is_begun: bool,
    /// What waits, of which so many bytes are gone already.
    waiting: Vec<u8>,
    gone: usize,
    /// Why sending failed, for the connection, which does not know that anything was sent.
    failure: Option<io::Error>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> GatheredWrites<S> {
    /// Takes a stream, which is written directly until [`Self::begin`].
    pub(crate) fn new(stream: S) -> Self {
        Self(Rc::new(RefCell::new(Gathering {
            stream,
            is_begun: false,
            waiting: Vec::new(),
            gone: 0,
            failure: None,
        })))
    }

    /// From now on whoever polls the connection calls [`Self::poll_send`] behind that.
    pub(crate) fn begin(&self) {
        self.0.borrow_mut().is_begun = true;
    }

    /// Sends what was gathered. What the system does not take now wakes the task when it does.
    ///
    /// # Returns
    /// Whether it failed: then the connection is told so when it is polled again.
    pub(crate) fn poll_send(&self, context: &mut Context<'_>) -> bool {
        let mut gathering = self.0.borrow_mut();
        match gathering.poll_send(context) {
            Poll::Ready(Err(error)) => {
                // What is left has nowhere to go.
                (gathering.waiting, gathering.gone) = (Vec::new(), 0);
                gathering.failure = Some(error);
                true
            }
            Poll::Ready(Ok(())) | Poll::Pending => false,
        }
    }
}

impl<S: AsyncWrite + Unpin> Gathering<S> {
    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(left) = self.waiting.get(self.gone..).filter(|left| !left.is_empty()) {
            match ready!(Pin::new(&mut self.stream).poll_write(context, left))? {
                0 => return Poll::Ready(Err(ErrorKind::WriteZero.into())),
                taken => self.gone += taken,
            }
        }
        // An idle connection holds no buffer.
        (self.waiting, self.gone) = (Vec::new(), 0);
        Poll::Ready(Ok(()))
    }

    fn poll_write(&mut self, context: &mut Context<'_>, parts: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        if let Some(failure) = self.failure.take() {
            return Poll::Ready(Err(failure));
        }
        let bytes: usize = parts.iter().map(|part| part.len()).sum();
        if self.waiting.len() + bytes > MOST_BYTES {
            ready!(self.poll_send(context))?;
        }
        if !self.is_begun || bytes > MOST_BYTES {
            return Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        }
        if self.waiting.capacity() == 0 {
            self.waiting.reserve_exact(MOST_BYTES);
        }
        for part in parts {
            self.waiting.extend_from_slice(part);
        }
        Poll::Ready(Ok(bytes))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for GatheredWrites<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0.borrow_mut().stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for GatheredWrites<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.0.borrow_mut().poll_write(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.0.borrow_mut().poll_write(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.borrow().stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut gathering = self.0.borrow_mut();
        match gathering.failure.take() {
            Some(failure) => Poll::Ready(Err(failure)),
            None if gathering.is_begun => Poll::Ready(Ok(())),
            None => Pin::new(&mut gathering.stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut gathering = self.0.borrow_mut();
        ready!(gathering.poll_send(context))?;
        Pin::new(&mut gathering.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use proptest::prelude::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// A peer that takes as many bytes at a time as it is told, and counts the writes.
    #[derive(Default)]
    struct Peer {
        taken: Vec<u8>,
        writes: usize,
        /// What it takes of the writes to come; none blocks once. It takes everything behind the last.
        appetite: Vec<Option<usize>>,
        is_gone: bool,
        is_shut: bool,
    }

    impl AsyncRead for Peer {
        fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    impl AsyncWrite for Peer {
        fn poll_write(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            if self.is_gone {
                return Poll::Ready(Err(ErrorKind::TimedOut.into()));
            }
            let most = match self.appetite.pop() {
                Some(None) => {
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Some(Some(most)) => most,
                None => usize::MAX,
            };
            let taken = bytes.len().min(most);
            self.writes += 1;
            self.taken.extend_from_slice(&bytes[..taken]);
            Poll::Ready(Ok(taken))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.is_shut = true;
            Poll::Ready(Ok(()))
        }
    }

    fn gathering(peer: Peer) -> (GatheredWrites<Peer>, GatheredWrites<Peer>) {
        let writes = GatheredWrites::new(peer);
        (writes.clone(), writes)
    }

    /// Sends until nothing waits.
    async fn send(writes: &GatheredWrites<Peer>) -> bool {
        poll_fn(|context| match writes.poll_send(context) {
            true => Poll::Ready(true),
            false if writes.0.borrow().waiting.is_empty() => Poll::Ready(false),
            false => Poll::Pending,
        })
        .await
    }

    #[tokio::test]
    async fn writes_go_out_directly_until_they_are_gathered_and_then_together() {
        let (mut stream, writes) = gathering(Peer::default());
        stream.write_all(b"preface ").await.unwrap();
        assert_eq!(writes.0.borrow().stream.taken, b"preface ");
        writes.begin();
        for part in [&b"one "[..], b"two ", b"three"] {
            stream.write_all(part).await.unwrap();
            stream.flush().await.unwrap();
        }
        assert_eq!(writes.0.borrow().stream.writes, 1, "nothing goes out before it is sent");
        assert!(!send(&writes).await);
        let gathering = writes.0.borrow();
        assert_eq!((gathering.stream.writes, &*gathering.stream.taken), (2, &b"preface one two three"[..]));
        assert_eq!(gathering.waiting.capacity(), 0, "an idle connection holds no buffer");
    }

    #[tokio::test]
    async fn what_is_too_much_to_gather_goes_out_at_once_behind_what_waits() {
        let (mut stream, writes) = gathering(Peer::default());
        writes.begin();
        stream.write_all(b"head").await.unwrap();
        let body = vec![7; MOST_BYTES + 1];
        stream.write_all(&body).await.unwrap();
        let gathering = writes.0.borrow();
        assert_eq!(gathering.stream.writes, 2);
        assert_eq!(gathering.stream.taken, [&b"head"[..], &body].concat());
    }

    #[tokio::test]
    async fn a_failure_is_told_to_the_connection_once_and_nothing_is_sent_again() {
        let (mut stream, writes) = gathering(Peer { is_gone: true, ..Peer::default() });
        writes.begin();
        stream.write_all(b"lost").await.unwrap();
        assert!(send(&writes).await);
        assert!(!send(&writes).await, "nothing waits any more");
        assert_eq!(stream.flush().await.unwrap_err().kind(), ErrorKind::TimedOut);
        stream.flush().await.unwrap();
    }

    #[tokio::test]
    async fn last_words_are_sent_before_the_end() {
        let (mut stream, writes) = gathering(Peer { appetite: vec![None, Some(2)], ..Peer::default() });
        writes.begin();
        stream.write_all(b"goodbye").await.unwrap();
        stream.shutdown().await.unwrap();
        let gathering = writes.0.borrow();
        assert_eq!((&*gathering.stream.taken, gathering.stream.is_shut), (&b"goodbye"[..], true));
    }

    #[tokio::test]
    async fn reads_pass_through() {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let mut stream = GatheredWrites::new(ours);
        stream.begin();
        theirs.write_all(b"hello").await.unwrap();
        let mut heard = [0; 5];
        stream.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"hello");
    }

    proptest! {
        #[test]
        fn every_byte_arrives_once_and_in_order_whatever_the_peer_takes(
            sizes in prop::collection::vec((0_usize..2 * MOST_BYTES, any::<bool>()), 1..12),
            appetite in prop::collection::vec(prop::option::of(1_usize..MOST_BYTES), 0..40),
        ) {
            let (mut stream, writes) = gathering(Peer { appetite, ..Peer::default() });
            writes.begin();
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let mut sent = Vec::new();
            runtime.block_on(async {
                for (number, (size, is_polled)) in sizes.into_iter().enumerate() {
                    let part: Vec<u8> = (0..size).map(|place| (place * 31 + number) as u8).collect();
                    sent.extend_from_slice(&part);
                    stream.write_all(&part).await.unwrap();
                    assert!(writes.0.borrow().waiting.len() <= MOST_BYTES);
                    if is_polled {
                        assert!(!send(&writes).await);
                    }
                }
                assert!(!send(&writes).await);
            });
            prop_assert_eq!(&writes.0.borrow().stream.taken, &sent);
        }
    }
}
