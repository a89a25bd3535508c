//! Who brings feedback: clients with a key, and the control plane, which finds what an entity's is about.

use std::io::Write;

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use pointsman_wire::generated::pointsman_v1::{
    AccessKey, AccessTable, BatchRecordFeedbackRequest, FeedbackAnswer, FeedbackCall, FeedbackOutcome,
    MetricDefinition, RecordFeedbackRequest, RouterPermissions, Scope,
};
use prost::Message;
use prost_types::Timestamp;
use sha2::{Digest, Sha256};
use tokio::net::UnixListener;

use super::{BATCH, DAY_US, RECORD, about, id, journalled, now_us, published, record, signed, world_of};
use crate::{
    backend::Backend,
    client::{flagged_frame, frame, read},
    world::{ROUTER, run},
};

#[test]
fn the_control_plane_is_told_what_a_client_would_be() {
    run(async {
        let mut update = published();
        update.changed_routers[0].metrics =
            vec![MetricDefinition { name: "reward".to_owned(), ..Default::default() }];
        let (world, client) = world_of(&update).await;
        let good = || about(id(1), 1.0);
        let by_entity = RecordFeedbackRequest {
            router_id: ROUTER.to_owned(),
            entity_id: "alice".to_owned(),
            value: 1.0,
            ..Default::default()
        };
        let refused = [
            about("forged".to_owned(), 1.0),
            about(id(1), f64::NAN),
            RecordFeedbackRequest { row: -1, ..good() },
            RecordFeedbackRequest { metric: "other".to_owned(), ..good() },
            RecordFeedbackRequest { observe_time: Some(Timestamp { seconds: 0, nanos: 0 }), ..good() },
            about(signed("nobody", now_us(), 1, false, [7; 32]), 1.0),
            about(signed(ROUTER, now_us() - 91 * DAY_US, 1, false, [7; 32]), 1.0),
        ];
        let call = FeedbackCall {
            user_id: "local".to_owned(),
            admin: true,
            feedback: refused.iter().cloned().chain([good(), by_entity.clone()]).collect(),
            ..Default::default()
        };
        let checked = world.server.check_feedback(&call.encode_to_vec()).unwrap();
        let checked = FeedbackAnswer::decode(&checked[..]).unwrap().verdicts;
        assert!(checked[7..].iter().all(|verdict| verdict.refusal.is_none()));
        assert_eq!(checked.iter().position(|verdict| verdict.needs_prediction), Some(8));
        assert!(journalled(&world).is_empty(), "it was only checked");
        for (given, verdict) in refused.iter().zip(&checked) {
            let told = record(&client, given).await;
            let refusal = verdict.refusal.clone().unwrap();
            assert_eq!((refusal.code as u32, &*refusal.message), (told.code(), told.text()));
        }
        let call = FeedbackCall { timeout_ms: 5_000, ..call };
        let server = world.server.clone();
        let appending = tokio::task::spawn_blocking(move || server.append_feedback(&call.encode_to_vec()));
        let appended = FeedbackAnswer::decode(&appending.await.unwrap().unwrap()[..]).unwrap().verdicts;
        assert_eq!(appended[..7], checked[..7]);
        assert_eq!(appended[7].outcome(), FeedbackOutcome::Recorded);
        assert!(appended[8].refusal.is_some(), "nobody has said which prediction is meant");
        assert_eq!(journalled(&world).len(), 1);
    });
}

#[test]
fn those_who_may_call_the_router_bring_its_feedback() {
    run(async {
        let key = |user: &str, scope: Scope| AccessKey {
            key_id: user.to_owned(),
            secret_sha256: Sha256::digest(format!("pm_{user}_secret")).to_vec(),
            user_id: user.to_owned(),
            scopes: vec![scope.into()],
            ..Default::default()
        };
        let mut update = published();
        let keys = ["ann", "bob", "cy"].map(|user| key(user, Scope::MlopsPredict));
        let keys = keys.into_iter().chain([key("reader", Scope::MlopsRead)]).collect();
        update.access = Some(AccessTable { keys, open: false });
        let shared = vec!["bob".to_owned()];
        update.changed_routers[0].permissions =
            Some(RouterPermissions { shared_user_ids: shared, ..Default::default() });
        let (world, client) = world_of(&update).await;
        let as_user = async |user: &str| {
            let key = format!("pm_{user}_secret");
            let body = frame(&about(id(1), 1.0).encode_to_vec());
            client.call(RECORD, &[("x-api-key", &key)], body).await.unwrap()
        };
        assert_eq!(as_user("ann").await.code(), 0);
        let bob = as_user("bob").await;
        assert_eq!(bob.code(), 7, "bob may read but not call");
        assert!(bob.text().contains("public_predict"), "{}", bob.text());
        assert_eq!(as_user("cy").await.code(), 5, "what cy may not read is not there for cy");
        let reader = as_user("reader").await;
        assert_eq!(reader.code(), 7);
        assert!(
            reader.text().contains("RecordFeedback needs a key with the scope mlops:predict"),
            "{}",
            reader.text()
        );
        assert_eq!(as_user("nobody").await.code(), 16);
        assert_eq!(journalled(&world).len(), 1);
    });
}

#[test]
fn feedback_by_entity_is_passed_on_whole_to_the_control_plane() {
    run(async {
        let (world, client) = world_of(&published()).await;
        let listener = UnixListener::bind(world.folder.path().join("control.sock")).unwrap();
        let mut control = Backend::start_control(listener);
        let by_entity = RecordFeedbackRequest {
            router_id: ROUTER.to_owned(),
            entity_id: "alice".to_owned(),
            value: 1.0,
            ..Default::default()
        };
        let single = Bytes::from(by_entity.encode_to_vec());
        let batch = BatchRecordFeedbackRequest { feedback: vec![about(id(1), 1.0), by_entity], wait: 2 };
        let batch = Bytes::from(batch.encode_to_vec());
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&single).unwrap();
        let compressed = flagged_frame(1, &gzip.finish().unwrap());
        for (path, sent, message) in
            [(RECORD, frame(&single), &single), (BATCH, frame(&batch), &batch), (RECORD, compressed, &single)]
        {
            let metadata = [("grpc-encoding", "gzip"), ("x-pointsman-user", "root"), ("grpc-timeout", "9S")];
            let (response, mut out) = client.begin(path, &metadata).await.unwrap();
            out.send_data(sent, true).unwrap();
            let mut call = control.call().await;
            assert_eq!(call.head.uri.path(), path);
            assert_eq!(call.header("x-pointsman-user"), Some("local"));
            assert!(call.header("grpc-timeout").is_some(), "the control plane gives up with the client");
            assert_eq!(call.message().await, message);
            call.answer(b"answer");
            assert_eq!(read(response).await.unwrap().message(), "answer");
        }
        assert!(journalled(&world).is_empty());
    });
}
