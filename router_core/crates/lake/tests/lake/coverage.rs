//! Rows with feedback: counted as a join would, however rows and feedback are spread over files and streams.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    sync::Arc,
};

use crate::support::*;
use arrow_array::{ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow_ipc::writer::StreamWriter;
use parquet::{arrow::ArrowWriter, file::properties::WriterProperties};
use pointsman_journal::files::RealFiles;
use pointsman_lake::{LakeError, count_coverage};
use pointsman_wire::generated::pointsman_v1 as proto;
use proptest::prelude::*;

const FOLDER: &str = "predictions/router=r/model=m/date=2026-01-31";

/// A row of a call. Few times, numbers and ids, so that many have two of the three in common and not the third.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    time_us: i64,
    row: i32,
    id: String,
}

#[derive(Debug, Clone)]
struct Row {
    key: Key,
    variant: &'static str,
    reason: &'static str,
}

fn any_key() -> impl Strategy<Value = Key> {
    (0_i64..40, 0..3, 0..3).prop_map(|(time_us, row, id)| Key { time_us, row, id: format!("id-{id}") })
}

fn any_row() -> impl Strategy<Value = Row> {
    let reasons =
        prop_oneof![5 => Just("slot"), 1 => Just("pin"), 1 => Just("fallback"), 1 => Just("override")];
    (any_key(), prop_oneof![Just("a"), Just("b")], reasons).prop_map(|(key, variant, reason)| Row {
        key,
        variant,
        reason,
    })
}

fn column<T: From<Vec<V>> + arrow_array::Array + 'static, V>(values: impl Iterator<Item = V>) -> ArrayRef {
    Arc::new(T::from(values.collect::<Vec<V>>()))
}

fn batch_of(rows: &[Row]) -> RecordBatch {
    RecordBatch::try_from_iter([
        ("prediction_id", column::<StringArray, _>(rows.iter().map(|row| row.key.id.clone()))),
        ("row", column::<Int32Array, _>(rows.iter().map(|row| row.key.row))),
        ("time_us", column::<Int64Array, _>(rows.iter().map(|row| row.key.time_us))),
        ("variant", column::<StringArray, _>(rows.iter().map(|row| row.variant))),
        ("reason", column::<StringArray, _>(rows.iter().map(|row| row.reason))),
    ])
    .unwrap()
}

fn write_file(lake: &Lake, name: &str, rows: &[Row]) -> String {
    let path = format!("{FOLDER}/{name}.parquet");
    fs::create_dir_all(lake.path().join(FOLDER)).unwrap();
    let batch = batch_of(rows);
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(5)).build();
    let file = fs::File::create(lake.path().join(&path)).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    path
}

fn stream_of(batch: &RecordBatch) -> Vec<u8> {
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap()
}

fn feedback_of(keys: &[Key]) -> Vec<u8> {
    stream_of(
        &RecordBatch::try_from_iter([
            ("time_us", column::<Int64Array, _>(keys.iter().map(|key| key.time_us))),
            ("prediction_id", column::<StringArray, _>(keys.iter().map(|key| key.id.clone()))),
            ("row", column::<Int32Array, _>(keys.iter().map(|key| key.row))),
        ])
        .unwrap(),
    )
}

fn counted(answer: proto::CoverageCounts) -> BTreeMap<(i32, String), u64> {
    let counts: Vec<_> = answer.counts.into_iter().map(|c| ((c.step, c.variant), c.row_count)).collect();
    let found: BTreeMap<_, _> = counts.iter().cloned().collect();
    assert_eq!(found.len(), counts.len(), "each step and variant once: {counts:?}");
    found
}

fn query(files: Vec<String>, streams: Vec<Vec<u8>>, keys: &[Key]) -> proto::CoverageQuery {
    proto::CoverageQuery {
        files,
        arrow_streams: streams,
        start_time_us: 0,
        end_time_us: 1_000,
        rows_with_feedback: feedback_of(keys),
        thread_count: 2,
        ..proto::CoverageQuery::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn it_is_the_join_of_rows_and_feedback(
        files in prop::collection::vec(prop::collection::vec(any_row(), 1..30), 0..4),
        sorted in any::<bool>(),
        tail in prop::collection::vec(any_row(), 0..8),
        keys in prop::collection::vec(any_key(), 0..40),
        window in (0_i64..20, 20_i64..50),
        step_us in prop_oneof![Just(0_i64), Just(7)],
        thread_count in 1_u32..4,
    ) {
        let lake = Lake::new();
        let mut files = files;
        if sorted {
            files.iter_mut().for_each(|rows| rows.sort_by(|a, b| a.key.cmp(&b.key)));
        }
        let paths = files.iter().enumerate().map(|(n, rows)| write_file(&lake, &n.to_string(), rows)).collect();
        let streams = if tail.is_empty() { vec![] } else { vec![stream_of(&batch_of(&tail))] };
        let (start_time_us, end_time_us) = window;
        let asked = proto::CoverageQuery {
            start_time_us,
            end_time_us,
            origin_time_us: start_time_us,
            step_us,
            thread_count,
            ..query(paths, streams, &keys)
        };
        let answer = count_coverage(&RealFiles, lake.path(), &asked).unwrap();

        let keys: BTreeSet<_> = keys.into_iter().collect();
        let mut expected = BTreeMap::new();
        for row in files.iter().flatten().chain(&tail) {
            let time_us = row.key.time_us;
            if keys.contains(&row.key) && row.reason == "slot" && (start_time_us..=end_time_us).contains(&time_us) {
                let step = if step_us == 0 { 0 } else { ((time_us - start_time_us) / step_us) as i32 };
                *expected.entry((step, row.variant.to_owned())).or_insert(0) += 1;
            }
        }
        prop_assert_eq!(counted(answer), expected);
    }
}

#[test]
fn of_a_call_of_many_rows_each_counts_by_its_number() {
    let lake = Lake::new();
    let key = |row: i32| Key { time_us: 7, row, id: "call".to_owned() };
    let rows: Vec<_> = (0..20_000).map(|row| Row { key: key(row), variant: "a", reason: "slot" }).collect();
    let path = write_file(&lake, "0", &rows);
    let keys: Vec<_> = (0..20_000).filter(|row| row % 3 == 0).map(key).chain([key(20_000)]).collect();
    let answer = count_coverage(&RealFiles, lake.path(), &query(vec![path], vec![], &keys)).unwrap();
    assert_eq!(counted(answer), BTreeMap::from([((0, "a".to_owned()), 6_667)]));
}

#[test]
fn without_feedback_no_file_is_looked_for() {
    let lake = Lake::new();
    let asked = query(vec![format!("{FOLDER}/gone.parquet")], vec![], &[]);
    assert_eq!(count_coverage(&RealFiles, lake.path(), &asked).unwrap(), proto::CoverageCounts::default());
}

#[test]
fn a_file_that_was_replaced_is_said_to_be_gone() {
    let lake = Lake::new();
    let path = format!("{FOLDER}/gone.parquet");
    let keys = [Key { time_us: 7, row: 0, id: "call".to_owned() }];
    let found = count_coverage(&RealFiles, lake.path(), &query(vec![path.clone()], vec![], &keys));
    assert!(matches!(&found, Err(LakeError::FileGone { path: gone }) if *gone == path), "{found:?}");
}

#[test]
fn what_is_no_stream_of_rows_with_feedback_is_refused() {
    let lake = Lake::new();
    let asked = proto::CoverageQuery { rows_with_feedback: b"none".to_vec(), ..query(vec![], vec![], &[]) };
    assert!(matches!(count_coverage(&RealFiles, lake.path(), &asked), Err(LakeError::Arrow(_))));
}
