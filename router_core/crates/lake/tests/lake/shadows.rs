//! Answers of shadows: in files of their own, and never among predictions.

use crate::support::*;
use arrow_ipc::reader::StreamReader;
use pointsman_journal::files::RealFiles;
use pointsman_lake::{merge_files, read_rows, read_tail};
use pointsman_wire::generated::pointsman_v1 as proto;

const FOLDER: &str = "router=r/model=m/date=2026-01-31";

/// A signature whose answers tell their rows.
fn signature_of_rows() -> proto::Signature {
    proto::Signature {
        outputs: vec![proto::TensorSpec {
            name: "y".into(),
            datatype: "FP32".into(),
            shape: vec![-1],
            ..proto::TensorSpec::default()
        }],
        ..signature(&[("x", "FP32", &[-1, 2], &["a", "b"])])
    }
}

/// A call of three rows that variant `a` answered.
fn call(id: &str, entity: &str, time: i64) -> proto::PredictionEntry {
    let inputs = [fp32("x", &[3, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])];
    proto::PredictionEntry {
        time_us: NOON + time,
        entity_id: entity.into(),
        ..infer(id, &inputs, Some(&[fp32("y", &[3], &[0.1, 0.2, 0.3])]))
    }
}

/// What variant `b` said to the same.
fn shadow_of(call: &proto::PredictionEntry) -> proto::PredictionEntry {
    let said = infer("", &[], Some(&[fp32("y", &[3], &[7.0, 8.0, 9.0])]));
    proto::PredictionEntry {
        variant: 1,
        prediction_id: call.prediction_id.clone(),
        time_us: call.time_us,
        entity_id: call.entity_id.clone(),
        propensity: 0.5,
        reason: proto::DecisionReason::Shadow.into(),
        randomised_by: proto::RandomisedBy::Nothing.into(),
        response_kind: said.response_kind,
        response: said.response,
        shadow: true,
        ..proto::PredictionEntry::default()
    }
}

fn frames(calls: &[proto::PredictionEntry]) -> Frames {
    let mut frames = Frames::default();
    frames.route(&route(signature_of_rows()));
    for call in calls {
        frames.prediction(call);
        frames.prediction(&shadow_of(call));
    }
    frames
}

/// The paths of the files of predictions and of shadows.
fn files(shipped: &proto::ShippedSegment) -> (String, String) {
    let path = |shadows: bool| {
        let found: Vec<_> = shipped.files.iter().filter(|file| file.shadows == shadows).collect();
        assert_eq!(found.len(), 1);
        found[0].path.clone()
    };
    assert_eq!(shipped.files.len(), 2);
    (path(false), path(true))
}

#[test]
fn shadows_lie_apart_and_their_rows_are_those_of_the_predictions() {
    let lake = Lake::new();
    let (predictions, shadows) = files(&lake.ship(7, &frames(&[call("1", "ann", 1), call("2", "bob", 2)])));
    assert_eq!(predictions, format!("predictions/{FOLDER}/0a1b2c3d-00000000000000000007.parquet"));
    assert_eq!(shadows, format!("shadows/{FOLDER}/0a1b2c3d-00000000000000000007.parquet"));
    let (own, copied) = (lake.read(&predictions), lake.read(&shadows));
    for column in ["prediction_id", "row", "row_count", "time_us", "entity_id", "entity_hash"] {
        assert_eq!(own.column_by_name(column), copied.column_by_name(column), "{column}");
    }
    assert_eq!(doubles(&copied, "prediction_number"), [7.0, 8.0, 9.0, 7.0, 8.0, 9.0].map(Some));
    for (column, value) in [
        ("variant", "b"),
        ("reason", "shadow"),
        ("propensity", "0.5"),
        ("features_content", "none"),
        ("answer_content", "all"),
        ("answer_notes", "null"),
        ("eligible_variants", "[b]"),
    ] {
        assert_eq!(shown(&copied, column, 4), value, "{column}");
    }
    let fixed = |rows: &arrow_array::RecordBatch| -> Vec<String> {
        let names = rows.schema().fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>();
        names.into_iter().filter(|name| !name.starts_with("f_")).collect()
    };
    assert_eq!(fixed(&own), fixed(&copied));
    assert_eq!(feature_names(&copied), [""; 0]);
}

#[test]
fn predictions_are_the_same_bytes_whether_they_have_shadows_or_not() {
    let calls = [call("1", "ann", 1), call("2", "", 2)];
    let (with, without) = (Lake::new(), Lake::new());
    let (predictions, _) = files(&with.ship(7, &frames(&calls)));
    let mut alone = Frames::default();
    alone.route(&route(signature_of_rows()));
    calls.iter().for_each(|call| alone.prediction(call));
    let shipped = without.ship(7, &alone);
    assert_eq!(shipped.files[0].path, predictions);
    let bytes = |lake: &Lake| std::fs::read(lake.path().join(&predictions)).unwrap();
    assert!(bytes(&with) == bytes(&without));
}

#[test]
fn a_variant_that_was_called_and_copied_to_has_rows_of_both_kinds_in_their_files() {
    let lake = Lake::new();
    let mut frames = Frames::default();
    frames.route(&route(signature_of_rows()));
    for (number, is_shadow) in [true, false, true, true, false].into_iter().enumerate() {
        let called = proto::PredictionEntry { variant: 1, ..call(&number.to_string(), "", number as i64) };
        frames.prediction(&if is_shadow { shadow_of(&called) } else { called });
    }
    let (predictions, shadows) = files(&lake.ship(0, &frames));
    let ids = |path: &str| {
        let mut ids = strings(&lake.read(path), "prediction_id");
        ids.dedup();
        ids.into_iter().flatten().collect::<Vec<_>>()
    };
    assert_eq!(ids(&predictions), ["1", "4"]);
    assert_eq!(ids(&shadows), ["0", "2", "3"]);
}

#[test]
fn a_shadow_that_failed_has_one_row_with_its_status() {
    let lake = Lake::new();
    let call = call("1", "ann", 1);
    let mut frames = Frames::default();
    frames.route(&route(signature_of_rows()));
    frames.prediction(&call);
    let failed = proto::PredictionEntry {
        status_code: 4,
        response_kind: 0,
        response: bytes::Bytes::new(),
        ..shadow_of(&call)
    };
    frames.prediction(&failed);
    let (_, shadows) = files(&lake.ship(0, &frames));
    let rows = lake.read(&shadows);
    assert_eq!(rows.num_rows(), 1);
    assert_eq!(
        (shown(&rows, "status_code", 0), shown(&rows, "answer_content", 0)),
        ("4".into(), "none".into())
    );
}

#[test]
fn the_tail_answers_one_kind_at_a_time() {
    let lake = Lake::new();
    let segments = vec![frames(&[call("1", "ann", 1), call("2", "bob", 2)]).write(lake.path(), 0)];
    let asked = |query: proto::TailQuery| {
        let query = proto::TailQuery { router_id: "r".into(), ..query };
        let answer = read_tail(&RealFiles, &lake.registry, || segments.clone(), &query).unwrap();
        let mut found = Vec::new();
        for stream in &answer.arrow_streams {
            for rows in StreamReader::try_new(&stream[..], None).unwrap() {
                let rows = rows.unwrap();
                for row in 0..rows.num_rows() {
                    found.push((shown(&rows, "prediction_id", row), shown(&rows, "variant", row)));
                }
            }
        }
        found.dedup();
        found
    };
    let pair = |id: &str, variant: &str| (id.to_owned(), variant.to_owned());
    for max_decisions in [0, 10] {
        for with_bodies in [false, true] {
            let query = proto::TailQuery { max_decisions, with_bodies, ..proto::TailQuery::default() };
            assert_eq!(asked(query.clone()), [pair("1", "a"), pair("2", "a")]);
            let shadows = proto::TailQuery { shadows: true, ..query.clone() };
            assert_eq!(asked(shadows.clone()), [pair("1", "b"), pair("2", "b")]);
            let of_one = proto::TailQuery { entity_ids: vec!["bob".into()], ..shadows };
            assert_eq!(asked(of_one), [pair("2", "b")]);
            let other = proto::TailQuery { variant: "b".into(), ..query };
            assert_eq!(asked(other), []);
        }
    }
}

#[test]
fn files_of_shadows_are_merged_erased_and_read_as_those_of_predictions() {
    let lake = Lake::new();
    let (own, first) = files(&lake.ship(1, &frames(&[call("1", "ann", 1), call("2", "bob", 4)])));
    let (_, second) = files(&lake.ship(2, &frames(&[call("3", "ann", 2), call("4", "", 3)])));
    let output = format!("shadows/{FOLDER}/0a1b2c3d-00000000000000000000-00000000000000000099.parquet");
    let merge = |inputs: &[&String], output: &str| {
        let request = proto::MergeRequest {
            inputs: inputs.iter().map(|input| (*input).clone()).collect(),
            output: output.to_owned(),
            erased_entity_ids: vec!["bob".into()],
            router_incarnation: 0,
        };
        merge_files(&RealFiles, lake.path(), &request)
    };
    let merged = merge(&[&first, &second], &output).unwrap();
    assert!(merged.shadows);
    let rows = lake.read(&merged.path);
    let mut ids = strings(&rows, "prediction_id");
    ids.dedup();
    assert_eq!(ids.into_iter().flatten().collect::<Vec<_>>(), ["1", "3", "4"]);
    assert_eq!(merged.row_count, 9);

    // The two kinds never come into one file.
    let elsewhere =
        format!("predictions/{FOLDER}/0a1b2c3d-00000000000000000000-00000000000000000098.parquet");
    for (inputs, output) in [([&own, &first], &output), ([&first, &second], &elsewhere)] {
        let refused = merge(&inputs, output).unwrap_err().to_string();
        assert!(refused.contains("merge only files of one folder"), "{refused}");
    }

    let query = proto::RowsQuery {
        files: vec![proto::FileRows { path: merged.path, rows: vec![0, 5] }],
        columns: vec!["prediction_id".into(), "row".into(), "prediction_number".into()],
    };
    let answer = read_rows(&RealFiles, lake.path(), &query).unwrap();
    assert_eq!(answer.row_count, 2);
}
