//! A relay of raw bytes on one thread: the least that anything in between can cost.
//!
//! `tcp_relay --target HOST:PORT` prints `{"ports": [PORT]}` and serves.

use std::io::Write;

use crate::{Failure, flags::Flags};
use tokio::io::copy_bidirectional_with_sizes;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{LocalSet, spawn_local};

const BUFFER_BYTES: usize = 64 << 10;

/// Runs the program.
///
/// # Errors
/// A flag is wrong, or what it needs is not there.
pub fn main(flags: &Flags) -> Result<(), Failure> {
    let target: String = flags.require("target")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let ready = serde_json::json!({ "ports": [listener.local_addr()?.port()] });
        writeln!(std::io::stdout(), "{ready}")?;
        loop {
            let (client, _) = listener.accept().await?;
            let target = target.clone();
            spawn_local(async move {
                // Either side closing is the ordinary end.
                let _ = relay(client, &target).await;
            });
        }
    })
}

async fn relay(mut client: TcpStream, target: &str) -> Result<(), Failure> {
    let mut backend = TcpStream::connect(target).await?;
    client.set_nodelay(true)?;
    backend.set_nodelay(true)?;
    copy_bidirectional_with_sizes(&mut client, &mut backend, BUFFER_BYTES, BUFFER_BYTES).await?;
    Ok(())
}
