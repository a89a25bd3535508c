//! A server with routers published to it.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use pointsman_gateway::Server;
use pointsman_wire::generated::pointsman_v1::{
    AccessTable, Backend, GrpcBackend, ModelSnapshot, RouterSnapshot, RouterStatus, SigningKey, SigningKeys,
    SnapshotUpdate, Stage, Strategy, Variant, backend::Kind,
};
use prost::Message;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::{JoinHandle, LocalSet};

use crate::client::Client;

/// The router of most tests, and its backends' name for the model.
pub(crate) const ROUTER: &str = "cancer";
pub(crate) const MODEL: &str = "cancer-lr";

/// No test takes so long unless something hangs.
const PATIENCE: Duration = Duration::from_secs(20);

const LOOPBACK: &str = "127.0.0.1:0";

/// A server and its folder.
pub(crate) struct World {
    pub(crate) server: Arc<Server>,
    pub(crate) folder: TempDir,
}

/// Runs a test, which fails when it hangs.
pub(crate) fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let tasks = LocalSet::new();
    let test = tasks.run_until(async { tokio::time::timeout(PATIENCE, test).await });
    runtime.block_on(test).unwrap_or_else(|_| panic!("hangs"));
}

/// Starts a server on one thread.
pub(crate) fn start(limits: Value) -> World {
    start_with(1, limits)
}

pub(crate) fn start_with(threads: usize, limits: Value) -> World {
    start_in(tempfile::tempdir().unwrap(), threads, limits)
}

/// Starts a server on one thread with these settings of its journal.
pub(crate) fn start_journal(journal: Value) -> World {
    start_all(tempfile::tempdir().unwrap(), LOOPBACK, 1, json!({}), journal)
}

/// Starts a server on one thread that other machines reach.
pub(crate) fn start_public_in(folder: TempDir) -> World {
    start_all(folder, "0.0.0.0:0", 1, json!({}), json!({}))
}

pub(crate) fn start_in(folder: TempDir, threads: usize, limits: Value) -> World {
    start_all(folder, LOOPBACK, threads, limits, json!({}))
}

fn start_all(folder: TempDir, address: &str, threads: usize, limits: Value, journal: Value) -> World {
    start_config(folder, address, threads, json!({ "limits": limits, "journal": journal }))
}

/// Starts a server on one thread that runs the ONNX files of its folder `models`.
pub(crate) fn start_onnx(folder: TempDir, library: &std::path::Path) -> World {
    start_config(folder, LOOPBACK, 1, json!({ "onnx_library": library }))
}

fn start_config(folder: TempDir, address: &str, threads: usize, further: Value) -> World {
    let mut config = json!({
        "grpc_address": address,
        "threads": threads,
        "data_dir": folder.path(),
        "control_socket": folder.path().join("control.sock"),
        "server_version": "1.2.3",
        "log_level": "off",
    });
    if let (Some(config), Value::Object(further)) = (config.as_object_mut(), further) {
        config.extend(further);
    }
    // Starting blocks, which a thread that runs tasks must not.
    let starting = std::thread::spawn(move || Server::start(&config.to_string()));
    World { server: Arc::new(starting.join().unwrap().unwrap()), folder }
}

impl World {
    pub(crate) async fn client(&self) -> Client {
        let port = self.server.address().port();
        Client::connect(SocketAddr::from(([127, 0, 0, 1], port))).await
    }

    /// Publishes one router whose only traffic goes to these endpoints; answers the generation.
    pub(crate) fn publish(&self, generation: u64, endpoints: &[SocketAddr]) -> u64 {
        let published = self.server.publish(&update(generation, endpoints).encode_to_vec()).unwrap();
        assert_eq!(published.refused, []);
        published.generation
    }

    /// Stops the server beside the test.
    pub(crate) fn stop(&self, grace: Duration) -> JoinHandle<u64> {
        let server = self.server.clone();
        tokio::task::spawn_blocking(move || server.stop(grace))
    }

    /// One number of the metrics; 0 when there is no such line.
    pub(crate) fn metric(&self, series: &str) -> f64 {
        let text = self.server.metrics();
        let mut values = text.lines().filter_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        values.next().map_or(0.0, |value| value.parse().unwrap())
    }
}

/// A complete state: variant `lr` has all the weight, `gb` none, at the same endpoints.
pub(crate) fn update(generation: u64, endpoints: &[SocketAddr]) -> SnapshotUpdate {
    let target: Vec<String> = endpoints.iter().map(SocketAddr::to_string).collect();
    let target = target.join(",");
    SnapshotUpdate {
        generation,
        complete: true,
        changed_routers: vec![router()],
        changed_models: vec![model("1", &target), model("2", &target)],
        access: Some(AccessTable { keys: Vec::new(), open: true }),
        signing_keys: Some(SigningKeys {
            keys: vec![SigningKey { key_id: 1, secret: vec![7; 32] }],
            current_key_id: 1,
        }),
        ..Default::default()
    }
}

pub(crate) fn router() -> RouterSnapshot {
    RouterSnapshot {
        router_id: ROUTER.to_owned(),
        strategy: Strategy::Weighted.into(),
        status: RouterStatus::Running.into(),
        sticky: true,
        variants: vec![variant("lr", "1", 100.0), variant("gb", "2", 0.0)],
        salt: vec![5; 16],
        slot_runs: vec![0, 10_000],
        owner: "ann".to_owned(),
        ..Default::default()
    }
}

pub(crate) fn variant(name: &str, version: &str, weight: f64) -> Variant {
    Variant {
        name: name.to_owned(),
        model_id: "tumour".to_owned(),
        model_version: version.to_owned(),
        weight,
        enabled: Some(true),
        ..Default::default()
    }
}

pub(crate) fn model(version: &str, target: &str) -> ModelSnapshot {
    let grpc = GrpcBackend { target: target.to_owned(), model_name: MODEL.to_owned(), ..Default::default() };
    ModelSnapshot {
        model_id: "tumour".to_owned(),
        version: version.to_owned(),
        backend: Some(Backend { kind: Some(Kind::Grpc(grpc)) }),
        stage: Stage::Staging.into(),
        ..Default::default()
    }
}
