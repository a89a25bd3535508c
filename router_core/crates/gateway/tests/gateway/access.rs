//! Who may call what.

use std::{net::SocketAddr, time::Duration};

use pointsman_wire::generated::{
    method_scopes::METHOD_SCOPES,
    pointsman_v1::{AccessKey, AccessTable, ModelPermissions, RouterPermissions, Scope, Stage},
};
use prost::Message;
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::net::UnixListener;

use crate::{
    backend::Backend,
    client::{Answer, Client, MODEL_INFER, frame, infer_request, read},
    world::{ROUTER, World, run, start, start_in, start_public_in, update},
};

const GET_ROUTER: &str = "/pointsman.v1.RouterService/GetRouter";

fn key(user: &str) -> String {
    format!("pm_{user}_secret")
}

/// A key of the user that has this scope.
fn access_key(user: &str, scope: Scope) -> AccessKey {
    AccessKey {
        key_id: user.to_owned(),
        secret_sha256: Sha256::digest(key(user)).to_vec(),
        user_id: user.to_owned(),
        scopes: vec![scope.into()],
        ..Default::default()
    }
}

/// A router of ann's, and keys for her and others.
fn publish(world: &World, generation: u64, backend: &Backend, permissions: RouterPermissions) {
    let mut update = update(generation, &[backend.address()]);
    update.changed_routers[0].permissions = Some(permissions);
    let mut keys: Vec<AccessKey> =
        ["ann", "bob", "cy"].into_iter().map(|user| access_key(user, Scope::MlopsPredict)).collect();
    keys.push(access_key("reader", Scope::MlopsRead));
    update.access = Some(AccessTable { keys, open: false });
    world.server.publish(&update.encode_to_vec()).unwrap();
}

async fn infer_as(client: &Client, user: &str) -> Answer {
    call_as(client, user, ROUTER).await
}

async fn call_as(client: &Client, user: &str, name: &str) -> Answer {
    let key = key(user);
    client.call(MODEL_INFER, &[("x-api-key", &key)], frame(&infer_request(name))).await.unwrap()
}

/// A model of ann's in production, that a router of everyone's serves, and keys for her, others and an admin.
fn publish_model(world: &World, generation: u64, address: SocketAddr, permissions: Option<ModelPermissions>) {
    let mut update = update(generation, &[address]);
    update.changed_routers[0].permissions =
        Some(RouterPermissions { public_predict: true, ..Default::default() });
    update.changed_routers[0].owner = "dora".to_owned();
    let model = &mut update.changed_models[0];
    model.stage = Stage::Production.into();
    model.owner = "ann".to_owned();
    model.permissions = permissions;
    let mut keys: Vec<AccessKey> =
        ["ann", "bob", "cy", "ops"].into_iter().map(|user| access_key(user, Scope::MlopsPredict)).collect();
    keys[3].admin = true;
    update.access = Some(AccessTable { keys, open: false });
    world.server.publish(&update.encode_to_vec()).unwrap();
}

#[test]
fn a_router_is_called_by_its_owner_and_by_those_it_is_opened_to() {
    run(async {
        let (world, backend) = (start(json!({})), Backend::start().await);
        publish(&world, 1, &backend, RouterPermissions::default());
        let shared = RouterPermissions { shared_user_ids: vec!["bob".to_owned()], ..Default::default() };
        let opened = RouterPermissions { public_predict: true, ..Default::default() };
        let client = world.client().await;
        assert_eq!(infer_as(&client, "bob").await.code(), 5, "what bob may not read is not there for him");
        assert_eq!(infer_as(&client, "reader").await.code(), 7, "the key lacks a scope");
        publish(&world, 2, &backend, shared);
        assert_eq!(infer_as(&client, "bob").await.code(), 7, "bob may read but not call");
        assert_eq!(infer_as(&client, "cy").await.code(), 5);
        publish(&world, 3, &backend, opened);
        backend.answer_all();
        for user in ["ann", "bob", "cy"] {
            assert_eq!(infer_as(&client, user).await.code(), 0, "{user}");
        }
    });
}

#[test]
fn a_model_is_called_by_the_rule_of_routers() {
    const MODEL: &str = "tumour";
    run(async {
        let (world, backend) = (start(json!({})), Backend::start().await);
        let address = backend.address();
        backend.answer_all();
        let client = world.client().await;
        let codes = async || {
            let mut codes = Vec::new();
            for user in ["ann", "ops", "bob", "cy"] {
                codes.push(call_as(&client, user, MODEL).await.code());
            }
            codes
        };
        publish_model(&world, 1, address, Some(ModelPermissions::default()));
        assert_eq!(codes().await, [0, 0, 5, 5], "its owner and admins");
        let hidden = call_as(&client, "bob", MODEL).await.text().replace(MODEL, "nothing");
        assert_eq!(hidden, call_as(&client, "bob", "nothing").await.text(), "as if it were not there");
        for user in ["ann", "bob", "cy"] {
            assert_eq!(infer_as(&client, user).await.code(), 0, "a router needs rights on itself alone");
        }
        let shared = ModelPermissions { shared_user_ids: vec!["bob".to_owned()], ..Default::default() };
        publish_model(&world, 2, address, Some(shared));
        assert_eq!(codes().await, [0, 0, 7, 5], "bob may read but not call");
        let opened = ModelPermissions { public_predict: true, ..Default::default() };
        publish_model(&world, 3, address, Some(opened));
        assert_eq!(codes().await, [0, 0, 0, 0]);
        publish_model(&world, 4, address, Some(ModelPermissions::default()));
        assert_eq!(codes().await, [0, 0, 5, 5], "closed on connections that were open");
    });
}

#[test]
fn a_state_on_disk_that_states_no_permissions_of_models_answers_whom_it_answered() {
    run(async {
        let (world, backend) = (start(json!({})), Backend::start().await);
        publish_model(&world, 1, backend.address(), None);
        world.stop(Duration::ZERO).await.unwrap();
        drop(world.server);
        let world = start_in(world.folder, 1, json!({}));
        backend.answer_all();
        assert_eq!(call_as(&world.client().await, "cy", "tumour").await.code(), 0);
    });
}

#[test]
fn a_closed_model_stays_closed_over_a_restart_without_its_database() {
    run(async {
        let (world, backend) = (start(json!({})), Backend::start().await);
        publish_model(&world, 1, backend.address(), Some(ModelPermissions::default()));
        world.stop(Duration::ZERO).await.unwrap();
        drop(world.server);
        let world = start_in(world.folder, 1, json!({}));
        backend.answer_all();
        let client = world.client().await;
        assert_eq!(call_as(&client, "cy", "tumour").await.code(), 5);
        assert_eq!(call_as(&client, "ann", "tumour").await.code(), 0);
    });
}

#[test]
fn without_keys_nobody_calls_where_other_machines_reach_the_port() {
    run(async {
        let (world, backend) = (start(json!({})), Backend::start().await);
        let address = backend.address();
        world.publish(1, &[address]);
        backend.answer_all();
        assert_eq!(world.client().await.infer(&infer_request(ROUTER)).await.code(), 0);
        world.stop(Duration::ZERO).await.unwrap();

        // What lies on disk was published when only this machine could call.
        drop(world.server);
        let world = start_public_in(world.folder);
        let status: serde_json::Value = serde_json::from_str(&world.server.status()).unwrap();
        assert_eq!(status["generation"], json!(1));
        let client = world.client().await;
        assert_eq!(client.infer(&infer_request(ROUTER)).await.code(), 16);
        world.publish(2, &[address]);
        assert_eq!(client.infer(&infer_request(ROUTER)).await.code(), 16);
    });
}

#[test]
fn a_revoked_key_is_refused_on_a_connection_that_used_it() {
    run(async {
        let (world, backend) = (start(json!({})), Backend::start().await);
        publish(&world, 1, &backend, RouterPermissions::default());
        let mut without = update(2, &[backend.address()]);
        without.access = Some(AccessTable::default());
        backend.answer_all();
        let client = world.client().await;
        assert_eq!(infer_as(&client, "ann").await.code(), 0);
        world.server.publish(&without.encode_to_vec()).unwrap();
        assert_eq!(infer_as(&client, "ann").await.code(), 16);
    });
}

#[test]
fn a_key_is_passed_to_nobody() {
    run(async {
        let (world, mut backend) = (start(json!({})), Backend::start().await);
        publish(&world, 1, &backend, RouterPermissions::default());
        let listener = UnixListener::bind(world.folder.path().join("control.sock")).unwrap();
        let mut control = Backend::start_control(listener);
        let client = world.client().await;
        for (path, user) in [(MODEL_INFER, "ann"), (GET_ROUTER, "reader")] {
            let (key, bearer) = (key(user), format!("Bearer {}", key(user)));
            for metadata in [("authorization", &*bearer), ("x-api-key", &*key)] {
                let (response, mut out) = client.begin(path, &[metadata]).await.unwrap();
                out.send_data(frame(&infer_request(ROUTER)), true).unwrap();
                let call = if path == MODEL_INFER { backend.call().await } else { control.call().await };
                let values = call.head.headers.values();
                assert!(values.into_iter().all(|value| !value.to_str().unwrap().contains("pm_")), "{path}");
                if path == GET_ROUTER {
                    assert_eq!(call.header("x-pointsman-user"), Some("reader"));
                    assert_eq!(call.header("x-pointsman-key-id"), Some("reader"));
                }
                call.answer(&[]);
                assert_eq!(read(response).await.unwrap().code(), 0);
            }
        }
    });
}

#[test]
fn a_key_without_the_scope_is_refused_before_its_message_is_read() {
    run(async {
        let (world, backend) = (start(json!({})), Backend::start().await);
        publish(&world, 1, &backend, RouterPermissions::default());
        let client = world.client().await;
        let of_inference = ["ModelInfer", "ModelReady", "ModelMetadata", "ModelConfig", "ModelStatistics"]
            .map(|method| (format!("/inference.GRPCInferenceService/{method}"), Scope::MlopsPredict));
        let of_ours = METHOD_SCOPES.iter().map(|(path, scope)| ((*path).to_owned(), *scope));
        for (path, scope) in of_ours.chain(of_inference) {
            let other = if scope == Scope::MlopsRead { "ann" } else { "reader" };
            let (response, _unsent) = client.begin(&path, &[("x-api-key", &key(other))]).await.unwrap();
            let answer = read(response).await.unwrap();
            assert_eq!(answer.code(), 7, "{path}");
            assert!(answer.text().contains(&scope_name(scope)), "{path}: {}", answer.text());
            let (response, _unsent) = client.begin(&path, &[]).await.unwrap();
            assert_eq!(read(response).await.unwrap().code(), 16, "{path} without a key");
        }
    });
}

/// `mlops:read` for `SCOPE_MLOPS_READ`.
fn scope_name(scope: Scope) -> String {
    scope.as_str_name().trim_start_matches("SCOPE_").to_lowercase().replace('_', ":")
}

#[test]
fn the_calls_of_one_key_leave_places_at_the_control_plane_to_the_others() {
    run(async {
        let limits = json!({ "max_in_flight_per_backend": 32, "max_queued_per_backend": 0 });
        let (world, backend) = (start(limits), Backend::start().await);
        let mut update = update(1, &[backend.address()]);
        let keys = ["ann", "bob"].map(|user| access_key(user, Scope::MlopsRead));
        update.access = Some(AccessTable { keys: keys.to_vec(), open: false });
        world.server.publish(&update.encode_to_vec()).unwrap();
        let listener = UnixListener::bind(world.folder.path().join("control.sock")).unwrap();
        let mut control = Backend::start_control(listener);
        let begin = async |client: &Client, user: &str| {
            let (response, mut out) = client.begin(GET_ROUTER, &[("x-api-key", &key(user))]).await.unwrap();
            out.send_data(frame(b""), true).unwrap();
            (response, out)
        };
        let (mut clients, mut unanswered, mut held) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..16 {
            let client = world.client().await;
            for _ in 0..4 {
                unanswered.push(begin(&client, "ann").await);
            }
            clients.push(client);
        }
        for _ in 0..8 {
            held.push(control.call().await);
        }
        let other = world.client().await;
        let (response, _out) = begin(&other, "bob").await;
        let call = control.call().await;
        assert_eq!(call.header("x-pointsman-user"), Some("bob"), "a key may hold 8 of 32 places");
        call.answer(&[]);
        assert_eq!(read(response).await.unwrap().code(), 0);
        for mut call in held {
            call.message().await;
            call.answer(&[]);
        }
        assert_eq!(control.call().await.header("x-pointsman-user"), Some("ann"), "one of those that wait");
    });
}
