//! The thread of a worker: takes connections from the acceptor and serves them until the server ends.

use std::{net::SocketAddr, rc::Rc, sync::Arc};

use tokio::{net::TcpStream, runtime::LocalRuntime, sync::mpsc};

use crate::{
    listener::connection,
    shared::{Phase, Shared},
    worker::Worker,
};

/// Runs a worker until its connections' channel closes and the server's end has come.
pub(crate) fn run(
    runtime: &LocalRuntime,
    shared: Arc<Shared>,
    index: usize,
    mut accepted: mpsc::Receiver<(std::net::TcpStream, SocketAddr)>,
) {
    runtime.block_on(async move {
        let mut phase = shared.phase.subscribe();
        let worker = Worker::new(shared, index);
        tokio::task::spawn_local(worker.clone().tidy());
        loop {
            tokio::select! {
                connection = accepted.recv() => match connection {
                    Some((stream, peer)) => start_connection(&worker, stream, peer),
                    None => break,
                },
                _ = phase.wait_for(|phase| *phase == Phase::Ended) => break,
            }
        }
        // Ends with the server even when the acceptor is gone before.
        let _ = phase.wait_for(|phase| *phase == Phase::Ended).await;
        worker.close();
    });
}

fn start_connection(worker: &Rc<Worker>, stream: std::net::TcpStream, peer: SocketAddr) {
    let worker = worker.clone();
    tokio::task::spawn_local(async move {
        let _open = Open(worker.clone());
        match TcpStream::from_std(stream) {
            Ok(stream) => connection::serve(&worker, stream, peer).await,
            Err(error) => tracing::warn!(%peer, %error, "connection cannot be served"),
        }
    });
}

/// A connection that the acceptor counted; it counts no more once dropped, be it by a panic.
struct Open(Rc<Worker>);

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(stats) = self.0.stats() {
            stats.disconnected();
        }
    }
}
