//! A journal's folder keeps its name and its openings over restarts, and a copy has another place.

#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

#[expect(dead_code, reason = "the faults of other tests")]
mod faulty;

use std::{path::Path, sync::Arc};

use faulty::{Fault, FaultyFiles};
use pointsman_journal::{JournalError, JournalFolder, Start, files::RealFiles};

const FIRST: &str = "0123456789abcdef0123456789abcdef";
const SECOND: &str = "fedcba9876543210fedcba9876543210";

fn open(path: &Path, number: u64) -> Arc<JournalFolder> {
    let folder = JournalFolder::open(&RealFiles, path, FIRST).unwrap();
    folder.begin(&RealFiles, &format!("{number:032x}"), number * 100, number * 10).unwrap();
    folder
}

fn starts(folder: &JournalFolder) -> Vec<Start> {
    folder.starts(&RealFiles).unwrap()
}

#[test]
fn every_opening_is_kept_with_the_ends_of_the_logs() {
    let place = tempfile::tempdir().unwrap();
    drop(open(place.path(), 1));
    let again = open(place.path(), 2);
    let ends: Vec<_> = starts(&again)
        .into_iter()
        .map(|start| (start.id, start.predictions_end, start.feedback_end))
        .collect();
    assert_eq!(ends, [(format!("{:032x}", 1), 100, 10), (format!("{:032x}", 2), 200, 20)]);
}

#[test]
fn what_the_database_knows_and_calls_the_journal_outlives_a_restart() {
    let place = tempfile::tempdir().unwrap();
    let folder = open(place.path(), 1);
    assert_eq!(&*folder.id(), FIRST);
    folder.confirm(&RealFiles, SECOND).unwrap();
    assert_eq!(&*folder.id(), SECOND);
    drop(folder);
    let again = open(place.path(), 2);
    assert_eq!(&*again.id(), SECOND);
    assert_eq!(starts(&again).iter().map(|start| start.is_known).collect::<Vec<_>>(), [true, false]);
    assert!(again.confirm(&RealFiles, "../evil").is_err());
    assert_eq!(&*again.id(), SECOND);
}

#[test]
#[cfg(target_os = "linux")]
fn a_folder_opened_again_says_the_same_place_and_a_copy_another() {
    let (place, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    drop(open(place.path(), 1));
    for entry in std::fs::read_dir(place.path()).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    let (again, copied) = (starts(&open(place.path(), 2)), starts(&open(copy.path(), 3)));
    assert!(!again[0].place.is_empty());
    assert_eq!(again[0].place, again[1].place);
    assert_eq!(copied[0].place, again[0].place, "the copy has the lines of what it was copied from");
    assert_ne!(copied[1].place, again[1].place);
}

#[test]
fn on_a_full_disk_it_opens_but_tells_nobody_of_the_opening_until_it_is_noted() {
    let place = tempfile::tempdir().unwrap();
    drop(open(place.path(), 1));
    let files = FaultyFiles::default();
    let folder = JournalFolder::open(&files, place.path(), FIRST).unwrap();
    files.set(Some(Fault::FullAfter(0)));
    folder.begin(&files, &format!("{:032x}", 2), 0, 0).unwrap();
    assert!(matches!(folder.starts(&files), Err(JournalError::Io { .. })));
    files.set(None);
    assert_eq!(folder.starts(&files).unwrap().len(), 2);
    drop(folder);
    assert_eq!(starts(&open(place.path(), 3)).len(), 3);
}
