//! What programs that make load have in common.

use std::io::Write as _;

use bytes::Bytes;
use h2::client::SendRequest;
use tokio::{
    net::TcpStream,
    task::{LocalSet, spawn_local},
};

use crate::{Failure, flags::Flags};

const STREAM_WINDOW: u32 = 4 << 20;
const CONNECTION_WINDOW: u32 = 256 << 20;
const SEND_BUFFER_BYTES: usize = 64 << 20;

/// Runs a program on one thread, and prints its report.
pub fn run_program(
    flags: &Flags,
    run: impl AsyncFnOnce(&Flags) -> Result<serde_json::Value, Failure>,
) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = LocalSet::new().block_on(&runtime, run(flags))?;
    writeln!(std::io::stdout(), "{report}")?;
    Ok(())
}

/// Connects to a server over HTTP/2 without encryption, with windows that never hold a call up.
pub async fn connect(target: &str) -> Result<SendRequest<Bytes>, Failure> {
    let socket = TcpStream::connect(target).await?;
    socket.set_nodelay(true)?;
    let (client, connection) = h2::client::Builder::new()
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buffer_size(SEND_BUFFER_BYTES)
        .handshake(socket)
        .await?;
    spawn_local(async move {
        // The streams see the same error.
        let _ = connection.await;
    });
    Ok(client)
}
