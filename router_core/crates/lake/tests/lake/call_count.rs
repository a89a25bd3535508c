//! Calls of a window: counted as one would by hand, however they are spread over files, streams and threads.

use std::{collections::BTreeMap, fs, sync::Arc};

use crate::support::*;
use arrow_array::{ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{DataType, Field, Schema};
use parquet::{arrow::ArrowWriter, file::properties::WriterProperties};
use pointsman_journal::files::RealFiles;
use pointsman_lake::{LakeError, count_calls};
use pointsman_wire::generated::pointsman_v1 as proto;
use proptest::prelude::*;

const FOLDER: &str = "predictions/router=r/model=m/date=2026-01-31";
const BUCKETS_PER_E: u32 = 50;

/// One row of the lake.
#[derive(Debug, Clone)]
struct Row {
    time_us: i64,
    row: i32,
    variant: &'static str,
    reason: &'static str,
    randomised_by: &'static str,
    status_code: i32,
    overhead_ns: i64,
    backend_ns: Option<i64>,
    router_generation: i64,
    allocation_version: i64,
    entity_hash: Option<i64>,
    decided_variant: Option<&'static str>,
}

fn any_row() -> impl Strategy<Value = Row> {
    let call = (0_i64..1_000, 0..3, prop_oneof![Just("a"), Just("b"), Just("c")], 0_i64..3, 0_i64..3);
    let words = (
        prop_oneof![4 => Just("slot"), 1 => Just("pin"), 1 => Just("fallback")],
        prop_oneof![Just("entity"), Just("request"), Just("nothing")],
    );
    let end = (prop_oneof![3 => Just(0), 1 => Just(14)], any::<u32>(), prop::option::of(any::<u32>()));
    let entity = (prop::option::of(-9_i64..9), prop::option::of(prop_oneof![Just("a"), Just("b")]));
    (call, words, end, entity).prop_map(|(call, (reason, randomised_by), end, (entity_hash, decided))| {
        let (time_us, row, variant, router_generation, allocation_version) = call;
        let (status_code, overhead, backend) = end;
        Row {
            time_us,
            row,
            variant,
            reason,
            randomised_by,
            status_code,
            overhead_ns: overhead.into(),
            backend_ns: backend.map(i64::from),
            router_generation,
            allocation_version,
            entity_hash,
            decided_variant: decided.filter(|_| reason == "fallback"),
        }
    })
}

fn batch_of(rows: &[Row]) -> RecordBatch {
    let longs =
        |of: fn(&Row) -> i64| -> ArrayRef { Arc::new(Int64Array::from_iter_values(rows.iter().map(of))) };
    let maybe =
        |of: fn(&Row) -> Option<i64>| -> ArrayRef { Arc::new(rows.iter().map(of).collect::<Int64Array>()) };
    let ints =
        |of: fn(&Row) -> i32| -> ArrayRef { Arc::new(Int32Array::from_iter_values(rows.iter().map(of))) };
    let words = |of: fn(&Row) -> &'static str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(rows.iter().map(of)))
    };
    let columns: Vec<(&str, DataType, bool, ArrayRef)> = vec![
        ("row", DataType::Int32, false, ints(|row| row.row)),
        ("time_us", DataType::Int64, false, longs(|row| row.time_us)),
        ("variant", DataType::Utf8, false, words(|row| row.variant)),
        ("reason", DataType::Utf8, false, words(|row| row.reason)),
        ("randomised_by", DataType::Utf8, false, words(|row| row.randomised_by)),
        ("router_generation", DataType::Int64, false, longs(|row| row.router_generation)),
        ("allocation_version", DataType::Int64, false, longs(|row| row.allocation_version)),
        ("entity_hash", DataType::Int64, true, maybe(|row| row.entity_hash)),
        ("status_code", DataType::Int32, false, ints(|row| row.status_code)),
        ("overhead_ns", DataType::Int64, false, longs(|row| row.overhead_ns)),
        ("backend_ns", DataType::Int64, true, maybe(|row| row.backend_ns)),
        (
            "decided_variant",
            DataType::Utf8,
            true,
            Arc::new(rows.iter().map(|row| row.decided_variant).collect::<StringArray>()),
        ),
    ];
    // Files of earlier releases do not say it.
    let says_decided = rows.iter().any(|row| row.decided_variant.is_some());
    let columns: Vec<_> =
        columns.into_iter().filter(|(name, ..)| says_decided || *name != "decided_variant").collect();
    let fields: Vec<Field> =
        columns.iter().map(|(name, datatype, null, _)| Field::new(*name, datatype.clone(), *null)).collect();
    let arrays = columns.into_iter().map(|(_, _, _, array)| array).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

fn write_file(lake: &Lake, name: &str, rows: &[Row]) -> String {
    let path = format!("{FOLDER}/{name}.parquet");
    fs::create_dir_all(lake.path().join(FOLDER)).unwrap();
    let batch = batch_of(rows);
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(4)).build();
    let file = fs::File::create(lake.path().join(&path)).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    path
}

fn stream_of(rows: &[Row]) -> Vec<u8> {
    let batch = batch_of(rows);
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

type Kind = (i32, String, [bool; 2], i32, i64, i64, String, String);
type Cell = (i32, String, &'static str, u32);

/// What is counted, in an order that does not depend on how.
#[derive(Debug, Default, PartialEq)]
struct Counts {
    calls: BTreeMap<Kind, (u64, u64)>,
    latencies: BTreeMap<Cell, u64>,
    entities: BTreeMap<(i64, i64), u64>,
}

fn counts_of(answer: proto::CallCounts) -> Counts {
    let mut counts = Counts::default();
    for call in answer.calls {
        let kind = (
            call.step,
            call.variant,
            [call.pinned, call.fallback],
            call.status_code,
            call.router_generation,
            call.allocation_version,
            call.randomised_by,
            call.decided_variant,
        );
        assert!(counts.calls.insert(kind, (call.call_count, call.further_row_count)).is_none(), "once each");
    }
    for cell in answer.latencies {
        for (name, buckets) in [("overhead", cell.overhead), ("backend", cell.backend)] {
            let buckets = buckets.unwrap_or_default();
            assert!(buckets.buckets.is_sorted());
            for (bucket, count) in buckets.buckets.into_iter().zip(buckets.counts) {
                counts.latencies.insert((cell.step, cell.variant.clone(), name, bucket), count);
            }
        }
    }
    for entity in answer.entities {
        let place = (entity.router_generation, entity.allocation_version);
        *counts.entities.entry(place).or_default() += entity.entity_count;
    }
    counts
}

fn expected(rows: &[Row], query: &proto::CountQuery) -> Counts {
    let mut counts = Counts::default();
    let mut first: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
    let bucket = |nanos: i64| ((nanos as f64 + 1.0).ln() * f64::from(BUCKETS_PER_E)).floor() as u32;
    let inside = |row: &&Row| (query.start_time_us..=query.end_time_us).contains(&row.time_us);
    for row in rows.iter().filter(inside) {
        let step =
            if query.step_us == 0 { 0 } else { (row.time_us - query.origin_time_us) / query.step_us } as i32;
        let apart = ["pin", "fallback"].map(|reason| row.reason == reason);
        let place = (row.router_generation, row.allocation_version);
        let kind = (
            step,
            row.variant.to_owned(),
            apart,
            row.status_code,
            place.0,
            place.1,
            row.randomised_by.to_owned(),
            row.decided_variant.unwrap_or_default().to_owned(),
        );
        let known = counts.calls.entry(kind).or_default();
        if row.row > 0 {
            known.1 += 1;
            continue;
        }
        known.0 += 1;
        for (name, nanos) in [("overhead", Some(row.overhead_ns)), ("backend", row.backend_ns)] {
            let Some(nanos) = nanos.filter(|_| !apart.contains(&true)) else { continue };
            *counts.latencies.entry((step, row.variant.to_owned(), name, bucket(nanos))).or_default() += 1;
        }
        let is_decided = !apart.contains(&true) || row.decided_variant.is_some();
        let is_drawn = is_decided && row.randomised_by == "entity";
        let Some(hash) = row.entity_hash.filter(|_| is_drawn) else { continue };
        if hash % i64::from(query.one_entity_in) == 0 {
            let known = first.entry(hash).or_insert(place);
            *known = place.min(*known);
        }
    }
    for place in first.into_values() {
        *counts.entities.entry(place).or_default() += 1;
    }
    counts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn calls_are_counted_as_by_hand(
        mut files in prop::collection::vec(prop::collection::vec(any_row(), 1..30), 0..6),
        stream in prop::collection::vec(any_row(), 0..20),
        start_time_us in 0_i64..600,
        length in 0_i64..900,
        step_us in prop_oneof![Just(0_i64), 1_i64..500],
        one_entity_in in prop_oneof![Just(1_u32), Just(4)],
        thread_count in 0_u32..4,
    ) {
        let lake = Lake::new();
        // As in the lake, a file's rows are in order of time: row groups are passed over by it.
        files.iter_mut().for_each(|rows| rows.sort_by_key(|row| row.time_us));
        let paths = files.iter().enumerate().map(|(at, rows)| write_file(&lake, &format!("f{at}"), rows));
        let query = proto::CountQuery {
            files: paths.collect(),
            arrow_streams: vec![stream_of(&stream)],
            start_time_us,
            end_time_us: start_time_us + length,
            origin_time_us: start_time_us,
            step_us,
            buckets_per_e: BUCKETS_PER_E,
            one_entity_in,
            thread_count,
        };
        let rows: Vec<Row> = files.into_iter().flatten().chain(stream).collect();
        let counted = count_calls(&RealFiles, lake.path(), &query).unwrap();
        prop_assert_eq!(counts_of(counted), expected(&rows, &query));
    }
}

#[test]
fn a_file_that_is_gone_or_of_no_lake_is_told() {
    let lake = Lake::new();
    let told = |path: &str| {
        let query = proto::CountQuery { files: vec![path.to_owned()], ..proto::CountQuery::default() };
        count_calls(&RealFiles, lake.path(), &query).unwrap_err()
    };
    let gone = format!("{FOLDER}/gone.parquet");
    assert!(matches!(told(&gone), LakeError::FileGone { path } if path == gone));
    assert!(told("../x.parquet").to_string().contains("is no file of the lake"));
    fs::create_dir_all(lake.path().join(FOLDER)).unwrap();
    fs::write(lake.path().join(FOLDER).join("bad.parquet"), b"PAR1").unwrap();
    assert!(told(&format!("{FOLDER}/bad.parquet")).to_string().contains("bad.parquet"));
}

#[test]
fn shipped_files_have_what_is_counted() {
    let lake = Lake::new();
    let calls: Vec<_> = (0..100)
        .map(|n| proto::PredictionEntry {
            time_us: NOON + n,
            overhead_ns: 1_000,
            backend_ns: Some(2_000_000),
            ..predict(&format!("p{n}"), &[("age", number(n as f64))])
        })
        .collect();
    let mut frames = Frames::default();
    frames.route(&route(proto::Signature::default()));
    calls.iter().for_each(|call| frames.prediction(call));
    let query = proto::CountQuery {
        files: vec![lake.ship(1, &frames).files[0].path.clone()],
        start_time_us: NOON + 10,
        end_time_us: NOON + 59,
        buckets_per_e: BUCKETS_PER_E,
        ..proto::CountQuery::default()
    };
    let counted = counts_of(count_calls(&RealFiles, lake.path(), &query).unwrap());
    assert_eq!(counted.calls.values().map(|(calls, _)| calls).sum::<u64>(), 50);
    let cells: Vec<(&str, u32, u64)> =
        counted.latencies.iter().map(|((_, _, name, bucket), count)| (*name, *bucket, *count)).collect();
    assert_eq!(cells, [("backend", 725, 50), ("overhead", 345, 50)]);
}
