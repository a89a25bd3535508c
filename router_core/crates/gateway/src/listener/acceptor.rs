//! One acceptor: hands each connection to the least loaded worker, so that few long ones are balanced exactly.

use std::{
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use tokio::{runtime::LocalRuntime, sync::mpsc::Sender};

use crate::{
    figures::stats::ThreadStats,
    shared::{Phase, Shared},
};

/// The pause after the system ran out of something, most likely file descriptors.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(50);

type HandOver = Sender<(std::net::TcpStream, SocketAddr)>;

/// Accepts until the server drains.
pub(crate) fn run(runtime: &LocalRuntime, shared: &Shared, listener: TcpListener, workers: &[HandOver]) {
    runtime.block_on(async {
        let listener = match tokio::net::TcpListener::from_std(listener) {
            Ok(listener) => listener,
            Err(error) => {
                tracing::error!(%error, "the address cannot be listened on");
                return;
            }
        };
        let mut phase = shared.phase.subscribe();
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => hand_over(shared, workers, stream, peer),
                    Err(error) => {
                        tracing::warn!(%error, "a connection cannot be accepted");
                        tokio::time::sleep(EXHAUSTED_PAUSE).await;
                    }
                },
                _ = phase.wait_for(|phase| *phase != Phase::Serving) => return,
            }
        }
    });
}

fn hand_over(shared: &Shared, workers: &[HandOver], stream: tokio::net::TcpStream, peer: SocketAddr) {
    let stats = &shared.thread_stats;
    let open: u64 = stats.iter().map(ThreadStats::connections).sum();
    let limit = shared.config.limits.max_connections;
    if open >= limit as u64 {
        tracing::warn!(%peer, limit, "closed a connection: there are limits.max_connections already");
        return;
    }
    let least = stats.iter().zip(workers).min_by_key(|(stats, _)| stats.connections());
    let (Some((stats, worker)), Ok(stream)) = (least, stream.into_std()) else { return };
    stats.connected();
    if worker.try_send((stream, peer)).is_err() {
        stats.disconnected();
        tracing::warn!(%peer, "closed a connection: its worker does not keep up");
    }
}
