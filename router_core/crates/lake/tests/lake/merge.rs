//! Files into one: every row once, by time, but for those of erased entities.

use std::{collections::BTreeMap, fs};

use crate::support::*;
use pointsman_journal::files::RealFiles;
use pointsman_lake::merge_files;
use pointsman_wire::generated::pointsman_v1 as proto;
use proptest::prelude::*;

const FOLDER: &str = "predictions/router=r/model=m/date=2026-01-31";

fn merge(
    lake: &Lake,
    inputs: &[String],
    erased: &[&str],
) -> Result<proto::LakeFile, pointsman_lake::LakeError> {
    let request = proto::MergeRequest {
        inputs: inputs.to_vec(),
        output: format!("{FOLDER}/0a1b2c3d-00000000000000000000-00000000000000000099.parquet"),
        erased_entity_ids: erased.iter().map(|id| (*id).to_owned()).collect(),
        router_incarnation: 9,
    };
    let merged = merge_files(&RealFiles, lake.path(), &request)?;
    assert_eq!(merged.router_incarnation, 9, "the new file says whose it is, as the old ones did");
    Ok(merged)
}

/// Ships calls as one segment and answers its file.
fn ship(lake: &Lake, start: u64, calls: &[proto::PredictionEntry]) -> String {
    let mut frames = Frames::default();
    frames.route(&route(proto::Signature::default()));
    calls.iter().for_each(|call| frames.prediction(call));
    lake.ship(start, &frames).files[0].path.clone()
}

fn of_entity(id: &str, entity: &str, time: i64) -> proto::PredictionEntry {
    proto::PredictionEntry {
        time_us: NOON + time,
        entity_id: entity.into(),
        ..predict(id, &[("age", number(time as f64))])
    }
}

#[test]
fn columns_are_those_of_all_files_in_the_models_order() {
    let lake = Lake::new();
    let inputs = [
        ship(&lake, 1, &[predict("1", &[("b", number(1.0)), ("z", text("t"))])]),
        ship(&lake, 2, &[predict("2", &[("a", yes(true)), ("z", text("u"))])]),
        ship(&lake, 3, &[predict("3", &[("z", number(9.0)), ("b", number(3.0))])]),
    ];
    let merged = merge(&lake, &inputs, &[]).unwrap();
    let rows = lake.read(&merged.path);
    assert_eq!(feature_names(&rows), ["f_b", "f_z", "f_a"]);
    assert_eq!(doubles(&rows, "f_b"), [Some(1.0), None, Some(3.0)]);
    assert_eq!(strings(&rows, "f_z"), [Some("t".into()), Some("u".into()), None]);
    assert_eq!(shown(&rows, "f_a", 1), "true");
    assert_eq!(shown(&rows, "features_other", 2), "{z: 9.0}");
    assert_eq!((merged.row_count, merged.min_time_us, merged.max_time_us), (3, NOON, NOON));
    assert_eq!(fs::metadata(lake.path().join(&merged.path)).unwrap().len(), merged.byte_count);
    let names: Vec<_> = rows.schema().fields().iter().map(|field| field.name().clone()).collect();
    let of_one = lake.read(&inputs[0]);
    let one: Vec<_> = of_one.schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(
        names.iter().filter(|name| one.contains(name)).collect::<Vec<_>>(),
        one.iter().collect::<Vec<_>>()
    );
}

#[test]
fn whole_numbers_keep_their_digits_in_the_new_file() {
    let lake = Lake::new();
    let signature = signature(&[("id", "INT64", &[-1, 1], &[]), ("top", "UINT64", &[-1, 1], &[])]);
    let shipped = |start: u64, features: &[(&str, prost_types::Value)]| {
        let mut frames = Frames::default();
        frames.route(&route(signature.clone()));
        frames.prediction(&predict("p", features));
        lake.ship(start, &frames).files[0].path.clone()
    };
    let inputs = [
        shipped(1, &[("id", text("9007199254740993"))]),
        shipped(2, &[("id", number(7.0)), ("top", text("18446744073709551615"))]),
    ];
    let merged = merge(&lake, &inputs, &[]).unwrap();
    let rows = lake.read(&merged.path);
    let shown_in = |name: &str| [shown(&rows, name, 0), shown(&rows, name, 1)];
    assert_eq!(shown_in("f_id"), ["9007199254740993", "7"]);
    assert_eq!(shown_in("f_top"), ["null", "18446744073709551615"]);
}

#[test]
fn rows_of_erased_entities_are_nowhere_in_the_new_file() {
    let lake = Lake::new();
    let inputs = [
        ship(&lake, 1, &[of_entity("1", "anna", 1), of_entity("2", "berta-4711", 2)]),
        ship(&lake, 2, &[of_entity("3", "berta-4711", 3), of_entity("4", "", 4)]),
    ];
    let merged = merge(&lake, &inputs, &["berta-4711", "nobody"]).unwrap();
    let rows = lake.read(&merged.path);
    assert_eq!(strings(&rows, "prediction_id"), [Some("1".into()), Some("4".into())]);
    let bytes = fs::read(lake.path().join(&merged.path)).unwrap();
    assert!(!bytes.windows(10).any(|window| window == b"berta-4711"));
    assert!(inputs.iter().all(|input| lake.path().join(input).exists()));
}

#[test]
fn a_file_without_rows_is_left_when_all_are_erased() {
    let lake = Lake::new();
    let inputs = [ship(&lake, 1, &[of_entity("1", "anna", 1)])];
    let merged = merge(&lake, &inputs, &["anna"]).unwrap();
    assert_eq!((merged.row_count, lake.read(&merged.path).num_rows()), (0, 0));
}

#[test]
fn paths_out_of_the_folder_and_files_of_others_are_refused() {
    let lake = Lake::new();
    let good = ship(&lake, 1, &[entry("1")]);
    let output = format!("{FOLDER}/0a1b2c3d-00000000000000000000-00000000000000000099.parquet");
    for bad in [
        "../x.parquet",
        "predictions/router=other/model=m/date=2026-01-31/x.parquet",
        "predictions/router=r/model=m/date=2026-01-30/x.parquet",
        output.as_str(),
    ] {
        let error = merge(&lake, &[good.clone(), bad.to_owned()], &[]).unwrap_err().to_string();
        assert!(error.starts_with("inputs: "), "{error}");
    }
    let missing = format!("{FOLDER}/missing.parquet");
    assert!(merge(&lake, &[missing], &[]).unwrap_err().to_string().contains("missing.parquet"));
    assert!(!lake.path().join(&output).exists());
}

#[test]
fn many_rows_of_files_that_overlap_stay_in_order() {
    let lake = Lake::new();
    // More than are read at a time, and few that come between them.
    let mut expected = Vec::new();
    let inputs = [(0, 5_000), (1, 300), (2, 300)].map(|(file, count)| {
        let times = (0..count).map(|n| n * 3 + file);
        expected.extend(times.clone());
        let calls: Vec<_> = times.map(|time| of_entity(&time.to_string(), "e", time)).collect();
        ship(&lake, file as u64, &calls)
    });
    expected.sort_unstable();
    let merged = merge(&lake, &inputs, &[]).unwrap();
    let rows = lake.read(&merged.path);
    assert_eq!(times(&rows), expected.iter().map(|n| NOON + n).collect::<Vec<_>>());
    let ages: Vec<Option<f64>> = expected.iter().map(|n| Some(*n as f64)).collect();
    assert_eq!(doubles(&rows, "f_age"), ages);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn every_row_is_there_once_in_order_of_time(
        files in prop::collection::vec(prop::collection::vec((0_i64..50, 0_u8..4), 1..30), 1..5),
        erased in prop::collection::btree_set(0_u8..4, 0..3),
    ) {
        let lake = Lake::new();
        let mut expected = BTreeMap::new();
        let mut inputs = Vec::new();
        for (file, calls) in files.iter().enumerate() {
            let calls: Vec<_> = calls.iter().enumerate().map(|(row, (time, entity))| {
                let id = format!("{file}-{row}");
                if !erased.contains(entity) {
                    expected.insert(id.clone(), *time as f64);
                }
                of_entity(&id, &format!("e{entity}"), *time)
            }).collect();
            inputs.push(ship(&lake, file as u64, &calls));
        }
        let erased: Vec<String> = erased.iter().map(|entity| format!("e{entity}")).collect();
        let erased: Vec<&str> = erased.iter().map(String::as_str).collect();
        let merged = merge(&lake, &inputs, &erased).unwrap();
        let rows = lake.read(&merged.path);
        prop_assert_eq!(merged.row_count as usize, expected.len());
        prop_assert!(times(&rows).is_sorted());
        let ids = strings(&rows, "prediction_id").into_iter().flatten();
        let found: BTreeMap<String, f64> = ids.zip(doubles(&rows, "f_age").into_iter().flatten()).collect();
        prop_assert_eq!(found, expected);

        // Merging what was merged changes nothing.
        let again = proto::MergeRequest {
            inputs: vec![merged.path.clone()],
            output: format!("{FOLDER}/again.parquet"),
            ..Default::default()
        };
        let again = merge_files(&RealFiles, lake.path(), &again).unwrap();
        prop_assert_eq!(lake.read(&again.path), rows);
    }
}
