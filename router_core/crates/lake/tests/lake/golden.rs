//! Format version 1 stays what it is: a segment of it stays readable, and its columns keep their names and types.

use std::{fmt::Write as _, fs, path::PathBuf};

use crate::support::*;
use arrow_array::RecordBatch;
use parquet::file::{reader::FileReader as _, serialized_reader::SerializedFileReader};
use pointsman_journal::SegmentInfo;
use pointsman_model::Datatype;
use pointsman_wire::generated::pointsman_v1::{self as proto, BodyKind};
use prost::Message;

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn shipped() -> (Lake, proto::ShippedSegment) {
    let lake = Lake::new();
    let path = golden("predictions-v1.seg");
    let length = fs::metadata(&path).unwrap().len();
    let segment = SegmentInfo { start: 4_096, end: 4_096 + length, sealed: true, created_us: 1, path };
    let shipped = lake.try_ship(&segment).unwrap();
    (lake, shipped)
}

/// Rows as text, a line for each cell.
fn text_of(rows: &RecordBatch) -> String {
    let mut out = String::new();
    for row in 0..rows.num_rows() {
        for field in rows.schema().fields() {
            writeln!(out, "{} = {}", field.name(), shown(rows, field.name(), row)).unwrap();
        }
        out.push('\n');
    }
    out
}

#[test]
fn a_segment_of_version_1_makes_the_rows_that_it_always_made() {
    let (lake, shipped) = shipped();
    let rows: String = shipped.files.iter().map(|file| text_of(&lake.read(&file.path))).collect();
    let expected = fs::read_to_string(golden("rows-v1.txt")).unwrap();
    assert_eq!(rows, expected);
}

#[test]
fn columns_of_version_1_keep_their_names_and_types() {
    let (lake, shipped) = shipped();
    let file = fs::File::open(lake.path().join(&shipped.files[0].path)).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    let schema = reader.metadata().file_metadata().schema();
    let mut out = Vec::new();
    parquet::schema::printer::print_schema(&mut out, schema);
    let expected = fs::read_to_string(golden("schema-v1.txt")).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

/// Writes the golden files anew: only for a new version of the format, whose files get a new number.
#[test]
#[ignore = "writes the golden files"]
fn write_golden_files() {
    let folder = tempfile::tempdir().unwrap();
    let written = golden_frames().write(folder.path(), 4_096);
    fs::copy(&written.path, golden("predictions-v1.seg")).unwrap();
    let (lake, shipped) = shipped();
    let rows: String = shipped.files.iter().map(|file| text_of(&lake.read(&file.path))).collect();
    fs::write(golden("rows-v1.txt"), rows).unwrap();
    let file = fs::File::open(lake.path().join(&shipped.files[0].path)).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    let mut out = Vec::new();
    parquet::schema::printer::print_schema(&mut out, reader.metadata().file_metadata().schema());
    fs::write(golden("schema-v1.txt"), out).unwrap();
}

fn golden_frames() -> Frames {
    let mut route = route(classifier(&[
        ("x", "FP32", &[-1, 2], &["age", "income"]),
        ("member", "BOOL", &[-1, 1], &[]),
        ("city", "BYTES", &[-1, 1], &[]),
    ]));
    route.exclude_features = vec!["income".to_owned()];
    let inputs = [
        fp32("x", &[2, 2], &[31.5, 1.0, f32::NAN, 2.0]),
        tensor("member", Datatype::Bool, &[2, 1], vec![1, 0]),
        texts("city", &[2, 1], &["Köln".as_bytes(), b""]),
    ];
    let outputs = [
        int64("label", &[2, 1], &[1, 0]),
        fp32("probabilities", &[2, 2], &[0.25, 0.75, 0.5, 0.5]),
        fp32("score", &[2, 1], &[0.5, f32::INFINITY]),
    ];
    let infer = proto::PredictionEntry {
        generation: 12,
        allocation_version: 3,
        epoch: 2,
        draw: Some(u64::MAX),
        slot: Some(9_999),
        entity_id: "user-1".into(),
        replayable: true,
        trace_id: "0123456789abcdef0123456789abcdef".into(),
        backend_ns: Some(1_500_000),
        experiment_id: "summer".into(),
        reason: proto::DecisionReason::Slot.into(),
        randomised_by: proto::RandomisedBy::Entity.into(),
        ..infer("infer", &inputs, Some(&outputs))
    };
    let mut predict = predict(
        "predict",
        &[("age", number(31.0)), ("member", text("maybe")), ("tags", list(vec![text("a"), number(1.0)]))],
    );
    predict.time_us += 1;
    predict.variant = 1;
    predict.response_kind = BodyKind::Predict.into();
    let response = proto::PredictResponse {
        prediction: Some(number(12.5)),
        outputs: [("price".to_owned(), number(12.5)), ("note".to_owned(), text("n"))].into(),
        ..Default::default()
    };
    predict.response = response.encode_to_vec().into();
    let failed = proto::PredictionEntry {
        time_us: NOON + 2,
        status_code: 14,
        request_kind: BodyKind::Cut.into(),
        reason: proto::DecisionReason::Pin.into(),
        randomised_by: proto::RandomisedBy::Nothing.into(),
        propensity: 1.0,
        ..entry("failed")
    };
    let mut frames = Frames::default();
    frames.route(&route);
    frames.prediction(&predict);
    frames.prediction(&infer);
    frames.prediction(&failed);
    frames
}
