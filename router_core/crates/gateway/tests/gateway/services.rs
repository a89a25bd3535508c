//! What the inference service says besides ModelInfer, and Predict, health and reflection.

use bytes::Bytes;
use pointsman_wire::generated::{
    inference::{
        ModelInferResponse, ModelMetadataRequest, ModelMetadataResponse, ModelReadyResponse,
        ServerMetadataResponse,
    },
    pointsman_v1::{PredictRequest, PredictResponse, Signature, TensorSpec},
};
use prost::Message;
use prost_types::{Value, value::Kind};
use serde_json::json;

use crate::{
    backend::Backend,
    client::{Answer, Client, flagged_frame, frame, infer_request, next, read},
    world::{MODEL, ROUTER, run, start, update},
};

async fn ask(client: &Client, method: &str, name: &str) -> Answer {
    let request = ModelMetadataRequest { name: name.to_owned(), version: String::new() };
    let path = format!("/inference.GRPCInferenceService/{method}");
    client.call(&path, &[], frame(&request.encode_to_vec())).await.unwrap()
}

#[test]
fn a_model_is_described_by_its_backend_under_the_routers_name() {
    run(async {
        let (world, mut backend) = (start(json!({})), Backend::start().await);
        world.publish(1, &[backend.address()]);
        let client = world.client().await;
        let serving = async {
            let mut call = backend.call().await;
            assert_eq!(call.head.uri.path(), "/inference.GRPCInferenceService/ModelMetadata");
            let asked = ModelMetadataRequest::decode(call.message().await).unwrap();
            assert_eq!((&*asked.name, &*asked.version), (MODEL, ""));
            let named = ModelMetadataResponse {
                name: MODEL.to_owned(),
                platform: "sklearn".to_owned(),
                ..Default::default()
            };
            call.answer(&named.encode_to_vec());
            let call = backend.call().await;
            call.answer(&ModelReadyResponse { ready: true }.encode_to_vec());
            backend.call().await.fail("12", "unknown method");
        };
        let asking = async {
            let metadata = ask(&client, "ModelMetadata", ROUTER).await;
            let metadata = ModelMetadataResponse::decode(metadata.message()).unwrap();
            assert_eq!((&*metadata.name, &*metadata.platform), (ROUTER, "sklearn"));
            let ready = ask(&client, "ModelReady", ROUTER).await;
            assert!(ModelReadyResponse::decode(ready.message()).unwrap().ready);
            let config = ask(&client, "ModelConfig", ROUTER).await;
            assert_eq!((config.code(), config.text()), (12, "variant lr: unknown method"));
        };
        tokio::join!(serving, asking);
    });
}

#[test]
fn the_server_describes_itself_and_names_what_it_does_not_serve() {
    run(async {
        let world = start(json!({}));
        world.publish(1, &["127.0.0.1:1".parse().unwrap()]);
        let client = world.client().await;
        assert_eq!(ask(&client, "ServerReady", "").await.message(), [8, 1][..]);
        let metadata = ask(&client, "ServerMetadata", "").await;
        let metadata = ServerMetadataResponse::decode(metadata.message()).unwrap();
        assert_eq!((&*metadata.name, &*metadata.version), ("pointsman", "1.2.3"));
        for method in ["ModelStreamInfer", "RepositoryIndex"] {
            let answer = ask(&client, method, "").await;
            assert_eq!(answer.code(), 12);
            assert!(answer.text().contains(method), "{}", answer.text());
        }
        assert_eq!(ask(&client, "ModelMetadata", "nobody").await.code(), 5);
    });
}

#[test]
fn what_is_not_there_is_not_ready() {
    run(async {
        let world = start(json!({}));
        world.publish(1, &["127.0.0.1:1".parse().unwrap()]);
        let client = world.client().await;
        for (name, version) in [("nobody", ""), ("", ""), (ROUTER, "no-such-version")] {
            let request = ModelMetadataRequest { name: name.to_owned(), version: version.to_owned() };
            let path = "/inference.GRPCInferenceService/ModelReady";
            let answer = client.call(path, &[], frame(&request.encode_to_vec())).await.unwrap();
            assert_eq!(answer.code(), 0, "{name:?} {version:?}: {}", answer.text());
            assert!(!ModelReadyResponse::decode(answer.message()).unwrap().ready, "{name:?} {version:?}");
        }
    });
}

fn spec(name: &str) -> TensorSpec {
    TensorSpec {
        name: name.to_owned(),
        datatype: "FP32".to_owned(),
        shape: vec![-1, 1],
        ..Default::default()
    }
}

#[test]
fn predict_turns_features_into_tensors_and_back() {
    run(async {
        let (world, mut backend) = (start(json!({})), Backend::start().await);
        let mut described = update(1, &[backend.address()]);
        for model in &mut described.changed_models {
            let signature =
                Signature { inputs: vec![spec("x")], outputs: vec![spec("y")], ..Default::default() };
            model.signature = Some(signature);
        }
        world.server.publish(&described.encode_to_vec()).unwrap();
        let client = world.client().await;
        let request = |feature: &str| PredictRequest {
            router_id: ROUTER.to_owned(),
            features: [(feature.to_owned(), Value { kind: Some(Kind::NumberValue(1.5)) })].into(),
            entity_id: "u1".to_owned(),
            ..Default::default()
        };
        let predict = async |feature: &str| {
            let body = frame(&request(feature).encode_to_vec());
            client.call("/pointsman.v1.PredictionService/Predict", &[], body).await.unwrap()
        };
        let answer = predict("z").await;
        assert_eq!(answer.code(), 3);
        assert!(answer.text().contains('x'), "names the missing feature: {}", answer.text());

        let serving = async {
            let mut call = backend.call().await;
            let asked = call.request().await;
            assert_eq!((&*asked.model_name, &*asked.inputs[0].name), (MODEL, "x"));
            assert_eq!(asked.raw_input_contents, [1.5_f32.to_le_bytes().to_vec()]);
            let output = pointsman_wire::generated::inference::model_infer_response::InferOutputTensor {
                name: "y".to_owned(),
                datatype: "FP32".to_owned(),
                shape: vec![1, 1],
                ..Default::default()
            };
            let response = ModelInferResponse {
                outputs: vec![output],
                raw_output_contents: vec![2.5_f32.to_le_bytes().to_vec().into()],
                ..Default::default()
            };
            call.answer(&response.encode_to_vec());
        };
        let (answer, ()) = tokio::join!(predict("x"), serving);
        let answer = PredictResponse::decode(answer.message()).unwrap();
        assert_eq!((&*answer.variant, &*answer.model_version), ("lr", "1"));
        assert_eq!((answer.propensity, answer.generation), (1.0, 1));
        assert_eq!(answer.prediction.unwrap().kind, Some(Kind::NumberValue(2.5)));
    });
}

#[test]
fn health_is_told_overall_and_for_each_service() {
    run(async {
        let world = start(json!({}));
        let client = world.client().await;
        for service in ["", "inference.GRPCInferenceService", "pointsman.v1.RouterService"] {
            let mut request = vec![10, u8::try_from(service.len()).unwrap()];
            request.extend_from_slice(service.as_bytes());
            let answer = client.call("/grpc.health.v1.Health/Check", &[], frame(&request)).await.unwrap();
            assert_eq!(answer.message(), [8, 1][..], "{service}");
        }
    });
}

#[test]
fn reflection_lists_every_service_in_both_versions() {
    run(async {
        let world = start(json!({}));
        let client = world.client().await;
        for version in ["v1", "v1alpha"] {
            let path = format!("/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo");
            let (response, mut out) = client.begin(&path, &[]).await.unwrap();
            // Field 7: list_services.
            out.send_data(frame(&[0x3a, 0]), false).unwrap();
            let mut stream = response.await.unwrap().into_body();
            let listed = next(&mut stream).await.unwrap().unwrap();
            let listed = String::from_utf8_lossy(&listed);
            for service in [
                "inference.GRPCInferenceService",
                "pointsman.v1.PredictionService",
                "pointsman.v1.RouterService",
                "pointsman.v1.ModelService",
                "pointsman.v1.ApiKeyService",
                "pointsman.v1.DefinitionService",
                "grpc.health.v1.Health",
            ] {
                assert!(listed.contains(service), "{version}: {service}");
            }
        }
    });
}

const CHECK: &str = "/grpc.health.v1.Health/Check";
const WATCH: &str = "/grpc.health.v1.Health/Watch";
const REFLECTION: &str = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
/// Field 7 of a question to reflection: list_services.
const LIST: [u8; 2] = [0x3a, 0];
const HELD: &str = "pointsman_body_budget_held_bytes";

#[test]
fn a_long_message_to_health_or_reflection_is_refused_by_its_prefix() {
    run(async {
        let world = start(json!({}));
        let client = world.client().await;
        for path in [CHECK, WATCH, REFLECTION] {
            let (response, mut out) = client.begin(path, &[]).await.unwrap();
            out.send_data(Bytes::from_static(&[0, 0, 1, 0, 1]), false).unwrap();
            let answer = read(response).await.unwrap();
            assert_eq!(answer.code(), 8, "{path}");
            assert!(answer.text().contains("65536"), "{path}: {}", answer.text());
        }
    });
}

#[test]
fn a_message_to_health_or_reflection_that_stays_unfinished_is_ended() {
    run(async {
        let world = start(json!({ "message_timeout_seconds": 0.1 }));
        let client = world.client().await;
        for path in [CHECK, WATCH, REFLECTION] {
            let (response, mut out) = client.begin(path, &[]).await.unwrap();
            out.send_data(Bytes::from_static(&[0, 0, 0, 0x10, 0, 1]), false).unwrap();
            assert_eq!(read(response).await.unwrap().code(), 4, "{path}");
        }
        while world.metric(HELD) > 0.0 {
            tokio::task::yield_now().await;
        }
    });
}

#[test]
fn reflection_answers_many_questions_and_ends_well_when_no_more_come() {
    run(async {
        let world = start(json!({ "message_timeout_seconds": 0.1 }));
        let client = world.client().await;
        let (response, mut out) = client.begin(REFLECTION, &[]).await.unwrap();
        // Three questions in two pieces that end anywhere.
        let questions = [frame(&LIST), frame(&LIST), frame(&LIST)].concat();
        out.send_data(questions[..9].to_vec().into(), false).unwrap();
        out.send_data(questions[9..].to_vec().into(), false).unwrap();
        let answer = read(response).await.unwrap();
        assert_eq!(answer.code(), 0, "{}", answer.text());
        let listed = String::from_utf8_lossy(&answer.body).matches("pointsman.v1.RouterService").count();
        assert_eq!(listed, 3);
    });
}

#[test]
fn wrong_questions_to_reflection_are_told_apart_from_no_questions() {
    run(async {
        let world = start(json!({}));
        let client = world.client().await;
        let [cut, compressed] = [frame(&LIST).slice(..6), flagged_frame(1, &LIST)];
        for (sent, code) in [(Bytes::new(), 0), (cut, 3), (compressed, 12), (frame(&LIST), 0)] {
            let (response, mut out) = client.begin(REFLECTION, &[]).await.unwrap();
            out.send_data(sent, true).unwrap();
            let answer = read(response).await.unwrap();
            assert_eq!(answer.code(), code, "{}", answer.text());
        }
    });
}

#[test]
fn streams_without_a_key_fill_a_part_of_the_budget_and_leave_the_rest() {
    run(async {
        let (world, backend) = (start(json!({ "body_budget_bytes": 1 << 20 })), Backend::start().await);
        world.publish(1, &[backend.address()]);
        backend.answer_all();
        let client = world.client().await;
        let mut open = Vec::new();
        let refused = loop {
            let (response, mut out) = client.begin(REFLECTION, &[]).await.unwrap();
            out.send_data(frame(&LIST), false).unwrap();
            let (head, mut body) = response.await.unwrap().into_parts();
            if next(&mut body).await.unwrap().is_none() {
                break body.trailers().await.unwrap().unwrap_or(head.headers);
            }
            open.push((body, out));
            assert!(open.len() <= 4, "a sixteenth of the budget has no room for more");
        };
        assert!(!open.is_empty());
        assert_eq!(refused["grpc-status"], "8");
        assert!(world.metric(HELD) <= f64::from((1 << 20) / 16));
        assert_eq!(client.call(CHECK, &[], frame(&[])).await.unwrap().message(), [8, 1][..]);
        assert_eq!(ask(&client, "ServerReady", "").await.message(), [8, 1][..]);
        let infer = infer_request(ROUTER);
        assert_eq!(client.infer(&infer).await.code(), 0);
        drop(open);
        while world.metric(HELD) > 0.0 {
            tokio::task::yield_now().await;
        }
    });
}

#[test]
fn a_watch_lasts_until_its_client_names_an_end() {
    run(async {
        let world = start(json!({ "message_timeout_seconds": 0.1, "default_deadline_seconds": 0.1 }));
        let client = world.client().await;
        let (response, mut out) = client.begin(WATCH, &[]).await.unwrap();
        out.send_data(frame(&[]), true).unwrap();
        let mut watch = response.await.unwrap().into_body();
        assert_eq!(next(&mut watch).await.unwrap().unwrap()[5..], [8, 1]);
        let (response, mut out) = client.begin(WATCH, &[("grpc-timeout", "300m")]).await.unwrap();
        out.send_data(frame(&[]), true).unwrap();
        assert_eq!(read(response).await.unwrap().code(), 4);
        world.stop(std::time::Duration::from_secs(5));
        let told = next(&mut watch).await.unwrap();
        assert_eq!(told.unwrap()[5..], [8, 2], "a watch outlives both times, and tells of the end");
    });
}
