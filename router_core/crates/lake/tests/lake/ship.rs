//! Segments into files: every row once, the same bytes each time, columns whose types never change.

use std::fs;

use crate::support::*;
use arrow_schema::Schema;
use parquet::file::{reader::FileReader as _, serialized_reader::SerializedFileReader};
use pointsman_wire::generated::pointsman_v1 as proto;
use proptest::prelude::*;

const DAY: i64 = 86_400_000_000;

#[test]
fn rows_are_parted_by_router_model_and_day_and_ordered_by_time() {
    let lake = Lake::new();
    let mut other = route(proto::Signature::default());
    other.route = 1;
    other.router_id = "s".into();
    other.variants[1].model_id = "n".into();
    let mut frames = Frames::default();
    frames.route(&route(proto::Signature::default()));
    frames.route(&other);
    for (id, route, variant, time_us) in [
        ("1", 0, 0, NOON + 3),
        ("2", 0, 1, NOON + 1),
        ("3", 0, 0, NOON + DAY),
        ("4", 1, 0, NOON + 2),
        ("5", 1, 1, NOON - 1),
        ("6", 0, 0, NOON + 2),
    ] {
        frames.prediction(&proto::PredictionEntry { route, variant, time_us, ..entry(id) });
    }
    let shipped = lake.ship(7, &frames);
    assert_eq!((shipped.journal_id.as_str(), shipped.start_position), (JOURNAL, 7));
    let mut files: Vec<(String, Vec<i64>)> = Vec::new();
    for file in &shipped.files {
        let rows = lake.read(&file.path);
        assert_eq!(rows.num_rows() as u64, file.row_count);
        assert_eq!(fs::metadata(lake.path().join(&file.path)).unwrap().len(), file.byte_count);
        let times = times(&rows);
        assert_eq!((file.min_time_us, file.max_time_us), (times[0], times[times.len() - 1]));
        let name = format!("router={}/model={}/date={}", file.router_id, file.model_id, file.date);
        assert_eq!(file.path, format!("predictions/{name}/0a1b2c3d-00000000000000000007.parquet"));
        files.push((name, times));
    }
    files.sort();
    assert_eq!(
        files,
        [
            ("router=r/model=m/date=2026-01-31".to_owned(), vec![NOON + 1, NOON + 2, NOON + 3]),
            ("router=r/model=m/date=2026-02-01".to_owned(), vec![NOON + DAY]),
            ("router=s/model=m/date=2026-01-31".to_owned(), vec![NOON + 2]),
            ("router=s/model=n/date=2026-01-31".to_owned(), vec![NOON - 1]),
        ]
    );
}

#[test]
fn a_segment_without_predictions_makes_no_file() {
    let lake = Lake::new();
    let shipped = lake.ship(0, &Frames::default());
    assert!(shipped.files.is_empty());
    assert!(shipped.end_position > 0);
}

#[test]
fn shipping_again_makes_the_same_bytes_and_leaves_no_partial_files() {
    let lake = Lake::new();
    let mut frames = Frames::default();
    frames.route(&route(proto::Signature::default()));
    for index in 0..500 {
        let features: Vec<_> = (0..index % 5).map(|feature| (format!("x{feature}"), number(1.0))).collect();
        let features: Vec<_> = features.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        frames.prediction(&predict(&index.to_string(), &features));
    }
    let first = lake.ship(0, &frames);
    let path = lake.path().join(&first.files[0].path);
    let bytes = fs::read(&path).unwrap();
    assert_eq!(lake.ship(0, &frames), first);
    assert_eq!(fs::read(&path).unwrap(), bytes);
    let names: Vec<_> = fs::read_dir(path.parent().unwrap()).unwrap().collect();
    assert_eq!(names.len(), 1);
    assert_eq!(Lake::new().ship(0, &frames), first);
}

#[test]
fn the_type_of_a_column_holds_for_all_files_of_a_model_and_over_restarts() {
    let lake = Lake::new();
    let mut frames = Frames::default();
    frames.route(&route(proto::Signature::default()));
    frames.prediction(&predict("1", &[("b", number(1.0)), ("a", yes(true))]));
    lake.ship(0, &frames);
    let list = fs::read_to_string(lake.path().join("columns/m.json")).unwrap();
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    let expected = serde_json::json!({"version": 1, "columns": [
        {"name": "a", "type": "BOOLEAN"}, {"name": "b", "type": "DOUBLE"}]});
    assert_eq!(list, expected);

    let restarted = lake.reopened();
    let mut frames = Frames::default();
    frames.route(&route(proto::Signature::default()));
    frames.prediction(&predict("2", &[("a", text("no")), ("b", number(2.0)), ("c", number(3.0))]));
    let shipped = restarted.ship(1_000, &frames);
    let rows = restarted.read(&shipped.files[0].path);
    assert_eq!(feature_names(&rows), ["f_b", "f_c"]);
    assert_eq!(shown(&rows, "features_other", 0), "{a: \"no\"}");
}

#[test]
fn columns_beyond_two_thousand_and_names_too_long_go_to_the_map() {
    let lake = Lake::new();
    let names: Vec<String> = (0..2_005).map(|index| format!("x{index:04}")).collect();
    let long = "y".repeat(300);
    let mut features: Vec<_> = names.iter().map(|name| (name.as_str(), number(1.0))).collect();
    features.push((&long, number(1.0)));
    let rows = lake.rows_of(route(proto::Signature::default()), &[predict("1", &features)]);
    assert_eq!(feature_names(&rows).len(), 2_000);
    let other = shown(&rows, "features_other", 0);
    assert!(other.contains("x2004: 1.0") && other.contains(&long), "{other}");
}

#[test]
fn a_list_of_columns_that_is_damaged_stops_shipping_and_names_the_file() {
    let lake = Lake::new();
    fs::create_dir_all(lake.path().join("columns")).unwrap();
    fs::write(lake.path().join("columns/m.json"), "{").unwrap();
    let mut frames = Frames::default();
    frames.route(&route(proto::Signature::default()));
    frames.prediction(&entry("1"));
    let error = lake.try_ship(&frames.write(lake.path(), 0)).unwrap_err().to_string();
    assert!(error.contains("m.json") && error.contains("restore"), "{error}");
}

#[test]
fn a_file_that_cannot_be_written_leaves_nothing_under_its_name() {
    let lake = Lake::new();
    fs::write(lake.path().join("predictions"), "in the way").unwrap();
    let mut frames = Frames::default();
    frames.route(&route(proto::Signature::default()));
    frames.prediction(&entry("1"));
    let error = lake.try_ship(&frames.write(lake.path(), 0)).unwrap_err().to_string();
    assert!(error.contains("predictions"), "{error}");
}

#[test]
fn entries_that_cannot_be_read_do_not_hide_the_others() {
    let lake = Lake::new();
    let mut frames = Frames::default();
    frames.route(&route(proto::Signature::default()));
    pointsman_journal::put_frame(pointsman_journal::PREDICTION, &mut frames.0, |out| out.extend([0xff; 7]));
    pointsman_journal::put_frame(pointsman_journal::ROUTE, &mut frames.0, |out| out.extend([0xff; 7]));
    frames.prediction(&proto::PredictionEntry { route: 9, ..entry("no such route") });
    frames.prediction(&proto::PredictionEntry { variant: 9, ..entry("no such variant") });
    frames.0.extend([7; 100]);
    frames.prediction(&entry("1"));
    let shipped = lake.ship(0, &frames);
    let rows = lake.read(&shipped.files[0].path);
    assert_eq!(strings(&rows, "prediction_id"), [Some("1".into())]);
}

#[test]
fn files_say_their_version_and_have_statistics_for_times_and_a_filter_for_entities() {
    let lake = Lake::new();
    let mut call = entry("1");
    call.entity_id = "user-1".into();
    let mut frames = Frames::default();
    frames.route(&route(proto::Signature::default()));
    frames.prediction(&call);
    let shipped = lake.ship(0, &frames);
    let file = fs::File::open(lake.path().join(&shipped.files[0].path)).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    let metadata = reader.metadata();
    let pairs = metadata.file_metadata().key_value_metadata().unwrap();
    assert!(
        pairs
            .iter()
            .any(|pair| { pair.key == "pointsman.lake_version" && pair.value.as_deref() == Some("1") })
    );
    let column = |name: &str| {
        let columns = metadata.row_group(0).columns();
        columns.iter().find(|column| column.column_descr().name() == name).unwrap()
    };
    assert!(column("time_us").statistics().unwrap().min_bytes_opt().is_some());
    assert!(column("prediction_id").statistics().unwrap().max_bytes_opt().is_some());
    assert!(column("entity_hash").bloom_filter_offset().is_some());
}

/// Features by name, as one call sends them.
fn calls() -> impl Strategy<Value = Vec<(i64, Vec<(String, Feature)>)>> {
    let feature = prop_oneof![
        any::<f64>().prop_map(Feature::Number),
        any::<bool>().prop_map(Feature::Bool),
        ".{0,8}".prop_map(Feature::Text),
    ];
    let features = prop::collection::btree_map("[a-dA-D]", feature, 0..5);
    let call = (0..3 * DAY, features.prop_map(|features| features.into_iter().collect()));
    prop::collection::vec(call, 0..60)
}

#[derive(Debug, Clone)]
enum Feature {
    Number(f64),
    Bool(bool),
    Text(String),
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn every_call_is_one_row_and_every_value_is_in_it(calls in calls()) {
        let lake = Lake::new();
        let mut frames = Frames::default();
        frames.route(&route(proto::Signature::default()));
        for (index, (time, features)) in calls.iter().enumerate() {
            let values: Vec<_> = features.iter().map(|(name, feature)| (name.as_str(), match feature {
                Feature::Number(n) => number(*n),
                Feature::Bool(b) => yes(*b),
                Feature::Text(t) => text(t),
            })).collect();
            let mut call = predict(&index.to_string(), &values);
            call.time_us = NOON + time;
            frames.prediction(&call);
        }
        let shipped = lake.ship(0, &frames);
        let mut seen = vec![0; calls.len()];
        for file in &shipped.files {
            let rows = lake.read(&file.path);
            prop_assert!(times(&rows).is_sorted());
            for (row, id) in strings(&rows, "prediction_id").into_iter().enumerate() {
                let index: usize = id.unwrap().parse().unwrap();
                seen[index] += 1;
                for (name, feature) in &calls[index].1 {
                    check_feature(&rows, row, name, feature)?;
                }
            }
        }
        prop_assert!(seen.iter().all(|count| *count == 1));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn bodies_of_any_bytes_make_a_row_and_no_error(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        length in any::<prop::sample::Index>(),
        is_infer in any::<bool>(),
    ) {
        let lake = Lake::new();
        let inputs = [fp32("x", &[1, 2], &[1.0, 2.0]), texts("city", &[1, 1], &[b"Bonn"])];
        let whole = infer("1", &inputs, Some(&[fp32("probabilities", &[1, 2], &[0.5, 0.5])]));
        let values = [("x", list(vec![number(1.0), number(2.0)])), ("o", object(&[("k", text("v"))]))];
        let mut call = if is_infer { whole } else { predict("1", &values) };
        call.response_kind = call.request_kind;
        for body in [&mut call.request, &mut call.response] {
            let mut bytes = body.to_vec();
            for (at, byte) in &changes {
                if !bytes.is_empty() {
                    let at = at.index(bytes.len());
                    bytes[at] = *byte;
                }
            }
            bytes.truncate(length.index(bytes.len() + 1).max(bytes.len() / 2));
            *body = bytes.into();
        }
        let mut frames = Frames::default();
        frames.route(&route(classifier(&[("x", "FP32", &[-1, 2], &[]), ("city", "BYTES", &[-1, 1], &[])])));
        frames.prediction(&call);
        let shipped = lake.ship(0, &frames);
        prop_assert!(shipped.files[0].row_count >= 1);
    }
}

/// A value is in its column, or, when that is another's, in the map.
fn check_feature(
    rows: &arrow_array::RecordBatch,
    row: usize,
    name: &str,
    feature: &Feature,
) -> Result<(), TestCaseError> {
    let column = format!("f_{name}");
    let schema: &Schema = &rows.schema();
    let in_column = schema.column_with_name(&column).map(|_| shown(rows, &column, row));
    let other = shown(rows, "features_other", row);
    let expected = match feature {
        Feature::Number(n) if n.is_nan() => return Ok(()),
        Feature::Number(n) => {
            let doubles = schema
                .column_with_name(&column)
                .filter(|(_, field)| field.data_type() == &arrow_schema::DataType::Float64);
            if doubles.is_some_and(|_| crate::support::doubles(rows, &column)[row] == Some(*n)) {
                return Ok(());
            }
            "in the map".to_owned()
        }
        Feature::Bool(b) => b.to_string(),
        Feature::Text(t) => t.clone(),
    };
    let in_map = other.contains(&format!("{name}: "));
    prop_assert!(in_column.as_ref() == Some(&expected) || in_map, "{name} {feature:?} {in_column:?} {other}");
    Ok(())
}
