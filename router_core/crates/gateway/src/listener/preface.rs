//! The first bytes of a connection: HTTP/2, or something that gets a clear answer.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    time::{sleep, timeout},
};

/// Time for a new client to say what it speaks, and for a refused one to read why.
const PREFACE_TIMEOUT: Duration = Duration::from_secs(10);
const PREFACE_PAUSE: Duration = Duration::from_millis(5);
const HTTP1_ANSWER: &[u8] = b"HTTP/1.1 505 HTTP Version Not Supported\r\ncontent-type: text/plain\r\n\
connection: close\r\ncontent-length: 95\r\n\r\n\
This port speaks gRPC over HTTP/2. Use a gRPC client, or the server's HTTP port for this call.\n";
/// A fatal handshake_failure alert: TLS clients stop at once instead of waiting.
const TLS_ALERT: &[u8] = &[0x15, 3, 1, 0, 2, 2, 40];

/// Whether a new client speaks HTTP/2. One that speaks something else is told so.
pub(crate) async fn speaks_http2(stream: &mut TcpStream, peer: SocketAddr) -> bool {
    match timeout(PREFACE_TIMEOUT, first_bytes(stream)).await {
        Ok(Ok(Speech::Http2)) => return true,
        Ok(Ok(Speech::Http1)) => answer(stream, HTTP1_ANSWER, "HTTP/1", peer).await,
        Ok(Ok(Speech::Tls)) => answer(stream, TLS_ALERT, "TLS", peer).await,
        Ok(Ok(Speech::Unknown)) => {
            tracing::info!(%peer, "closed a connection that speaks neither HTTP/2 nor HTTP/1 nor TLS");
        }
        Ok(Err(_)) | Err(_) => {}
    }
    false
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
    let _ = timeout(PREFACE_TIMEOUT, async {
        stream.write_all(bytes).await?;
        stream.shutdown().await?;
        // Reading what the client still sends keeps the system from resetting before it has read the answer.
        tokio::io::copy(stream, &mut tokio::io::sink()).await
    })
    .await;
}
