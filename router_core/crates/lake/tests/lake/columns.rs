//! Lists of columns: outside of the data, moved there from where they lay once, and readable as a Parquet schema.

use std::{fs, path::Path, sync::Arc};

use crate::support::*;
use pointsman_journal::files::RealFiles;
use pointsman_lake::{ColumnRegistry, LakeError};
use pointsman_wire::generated::pointsman_v1 as proto;

const OLD: &str = "predictions/columns";

fn list(columns: &[(&str, &str)]) -> String {
    let columns: Vec<_> =
        columns.iter().map(|(name, kind)| serde_json::json!({"name": name, "type": kind})).collect();
    serde_json::json!({"version": 1, "columns": columns}).to_string()
}

fn put(lake: &Lake, path: &str, text: &str) {
    let path = lake.path().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn names_of(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn frames(id: &str, features: &[(&str, prost_types::Value)]) -> Frames {
    let mut frames = Frames::default();
    frames.route(&route(proto::Signature::default()));
    frames.prediction(&predict(id, features));
    frames
}

#[test]
fn folders_of_data_hold_nothing_else() {
    let lake = Lake::new();
    lake.ship(0, &frames("1", &[("age", number(1.0))]));
    assert_eq!(names_of(&lake.path().join("predictions")), ["router=r"]);
    assert_eq!(names_of(&lake.path().join("columns")), ["m.json", "m.parquet"]);
}

#[test]
fn the_schema_of_a_model_has_the_columns_of_all_its_files() {
    let lake = Lake::new();
    lake.ship(0, &frames("1", &[("age", number(1.0))]));
    lake.ship(1_000, &frames("2", &[("city", text("Bonn")), ("new", yes(true))]));
    assert_eq!(lake.feature_fields("columns/m.parquet"), ["f_age Float64", "f_city Utf8", "f_new Boolean"]);
    assert_eq!(lake.read("columns/m.parquet").num_rows(), 0);
}

#[test]
fn lists_that_lie_among_the_data_are_moved_at_start_and_keep_their_types() {
    let lake = Lake::new();
    put(&lake, &format!("{OLD}/m.json"), &list(&[("age", "VARCHAR"), ("b", "BOOLEAN")]));
    put(&lake, &format!("{OLD}/n.json"), &list(&[]));
    put(&lake, &format!("{OLD}/.m.json.tmp"), "half a li");
    let lake = lake.reopened();
    assert!(!lake.path().join(OLD).exists());
    assert_eq!(lake.feature_fields("columns/m.parquet"), ["f_age Utf8", "f_b Boolean"]);
    let shipped = lake.ship(0, &frames("1", &[("age", number(1.0)), ("c", number(2.0))]));
    let rows = lake.read(&shipped.files[0].path);
    assert_eq!(feature_names(&rows), ["f_c"]);
    assert_eq!(shown(&rows, "features_other", 0), "{age: 1.0}");
}

#[test]
fn a_move_that_was_interrupted_or_a_run_of_an_older_version_loses_no_column() {
    let lake = Lake::new();
    put(&lake, "columns/m.json", &list(&[("age", "DOUBLE")]));
    put(&lake, &format!("{OLD}/m.json"), &list(&[("age", "VARCHAR"), ("city", "VARCHAR")]));
    let lake = lake.reopened().reopened();
    assert!(!lake.path().join(OLD).exists());
    assert_eq!(lake.feature_fields("columns/m.parquet"), ["f_age Float64", "f_city Utf8"]);
}

#[test]
fn a_schema_that_a_crash_or_a_hand_took_away_is_there_after_a_start() {
    let lake = Lake::new();
    lake.ship(0, &frames("1", &[("age", number(1.0))]));
    let path = lake.path().join("columns/m.parquet");
    let whole = fs::read(&path).unwrap();
    for damage in [&b""[..], &whole[..whole.len() / 2]] {
        fs::write(&path, damage).unwrap();
        drop(ColumnRegistry::new(Arc::new(RealFiles), lake.path()));
        assert_eq!(fs::read(&path).unwrap(), whole);
    }
    fs::remove_file(&path).unwrap();
    assert_eq!(lake.reopened().feature_fields("columns/m.parquet"), ["f_age Float64"]);
}

#[test]
fn a_damaged_list_stops_its_own_model_and_not_the_start() {
    let lake = Lake::new();
    put(&lake, &format!("{OLD}/m.json"), "{");
    put(&lake, &format!("{OLD}/n.json"), &list(&[("age", "DOUBLE")]));
    let lake = lake.reopened();
    assert_eq!(lake.feature_fields("columns/n.parquet"), ["f_age Float64"]);
    let error = lake.try_ship(&frames("1", &[]).write(lake.path(), 0)).unwrap_err();
    assert!(matches!(error, LakeError::Columns { .. }), "{error}");
}

#[test]
fn columns_that_another_server_added_to_the_lake_keep_their_types() {
    let lake = Lake::new();
    lake.ship(0, &frames("1", &[("age", number(1.0))]));
    put(&lake, "columns/m.json", &list(&[("age", "DOUBLE"), ("city", "VARCHAR")]));
    let segment = frames("2", &[("city", number(7.0)), ("new", number(1.0))]).write(lake.path(), 1_000);
    let error = lake.try_ship(&segment).unwrap_err();
    assert!(matches!(error, LakeError::ColumnsGrown { .. }), "{error}");
    let shipped = lake.try_ship(&segment).unwrap();
    let rows = lake.read(&shipped.files[0].path);
    assert_eq!(feature_names(&rows), ["f_new"]);
    assert_eq!(shown(&rows, "features_other", 0), "{city: 7.0}");
}

#[test]
fn nothing_is_shipped_before_lists_could_be_moved_and_the_reason_is_told() {
    let lake = Lake::new();
    put(&lake, &format!("{OLD}/m.json"), &list(&[("age", "VARCHAR")]));
    fs::write(lake.path().join("columns"), "in the way").unwrap();
    let lake = lake.reopened();
    let segment = frames("1", &[("age", number(1.0))]).write(lake.path(), 0);
    let error = lake.try_ship(&segment).unwrap_err().to_string();
    assert!(error.contains("columns"), "{error}");
    fs::remove_file(lake.path().join("columns")).unwrap();
    let shipped = lake.try_ship(&segment).unwrap();
    assert_eq!(shown(&lake.read(&shipped.files[0].path), "features_other", 0), "{age: 1.0}");
}
