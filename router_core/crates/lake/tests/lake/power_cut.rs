//! What is reported as written is on the disk: the file layer here forgets everything that was not synced.

use std::{fs, sync::Arc};

use crate::support::*;
use pointsman_journal::files::{RealFiles, VolatileFiles};
use pointsman_lake::{ColumnRegistry, Destination, merge_files, ship_segment};
use pointsman_wire::generated::pointsman_v1 as proto;

#[test]
fn shipped_and_merged_files_and_their_columns_survive_a_power_cut() {
    let lake = Lake::new();
    let files = VolatileFiles::default();
    let registry = ColumnRegistry::new(Arc::new(files.clone()), lake.path());
    let mut inputs = Vec::new();
    for start in [0, 100_000] {
        let mut frames = Frames::default();
        frames.route(&route(proto::Signature::default()));
        frames.prediction(&predict(&start.to_string(), &[("age", number(1.0))]));
        let segment = frames.write(lake.path(), start);
        let destination =
            Destination { files: &files, registry: &registry, lake_folder: lake.path(), journal_id: JOURNAL };
        inputs.push(ship_segment(destination, &segment).unwrap().files[0].path.clone());
    }
    let output = "predictions/router=r/model=m/date=2026-01-31/merged.parquet".to_owned();
    let request = proto::MergeRequest { inputs: inputs.clone(), output, ..Default::default() };
    let merged = merge_files(&files, lake.path(), &request).unwrap();

    for path in &inputs {
        assert_eq!(lake.read(path).num_rows(), 1);
    }
    assert_eq!(lake.read(&merged.path).num_rows(), 2);
    assert!(fs::read_to_string(lake.path().join("columns/m.json")).unwrap().contains("age"));

    // A new process finds the same columns.
    let request = proto::MergeRequest { output: merged.path.replace("merged", "again"), ..request };
    let again = merge_files(&RealFiles, lake.path(), &request).unwrap();
    assert_eq!(lake.read(&again.path), lake.read(&merged.path));
}
