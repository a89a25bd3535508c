//! A log as its users see it: what was acknowledged is there after whatever happened.

#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

mod faulty;

use std::{path::Path, sync::Arc, time::Duration};

use faulty::{Fault, FaultyFiles};
use pointsman_journal::{
    EncodedPrediction, Entry, JournalError, JournalFolder, Log, LogSettings, RouteFacts, SegmentReader,
    StoredEntry,
    files::{Files, RealFiles},
    read_feedback,
};
use pointsman_wire::generated::pointsman_v1 as proto;
use proptest::prelude::*;

const ID: &str = "0123456789abcdef0123456789abcdef";

fn settings() -> LogSettings {
    LogSettings {
        name: "test",
        segment_bytes: 1_024,
        seal_after: None,
        sync_ceiling: Duration::from_millis(10),
        queue_length: 1_024,
        max_bytes: 1 << 30,
    }
}

fn open(files: Arc<dyn Files>, path: &Path) -> Result<Log, JournalError> {
    let folder = JournalFolder::open(&*files, path, ID)?;
    Log::open(files, folder, settings())
}

fn feedback(number: u32) -> Entry {
    Entry::Feedback(Box::new(proto::FeedbackEntry {
        prediction_id: format!("prediction-{number}"),
        row: number,
        value: f64::from(number),
        ..Default::default()
    }))
}

fn prediction(number: u32, route: &Arc<RouteFacts>) -> Entry {
    let entry =
        proto::PredictionEntry { prediction_id: format!("prediction-{number}"), ..Default::default() };
    Entry::Prediction { entry: EncodedPrediction::new(entry), route: route.clone(), guard: None }
}

/// The rows of all feedback in the log.
fn rows(log: &Log) -> Vec<u32> {
    let batch = read_feedback(log, 0, usize::MAX, Duration::ZERO).unwrap();
    batch.entries.iter().map(|entry| entry.row).collect()
}

fn stored(log: &Log) -> Vec<StoredEntry> {
    let mut entries = Vec::new();
    for segment in log.segments() {
        let mut reader = SegmentReader::open(&**log.files(), &segment).unwrap();
        while let Some(frame) = reader.next().unwrap() {
            entries.push(StoredEntry::decode(&frame).unwrap());
        }
    }
    entries
}

#[test]
fn what_was_committed_is_read_in_order_across_segments_and_restarts() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..3 {
        let log = open(Arc::new(RealFiles), folder.path()).unwrap();
        let commits: Vec<_> = (0..100).map(|number| log.commit(feedback(round * 100 + number))).collect();
        let ends: Vec<u64> = commits.into_iter().map(|commit| commit.wait().unwrap()).collect();
        assert!(ends.is_sorted(), "positions grow: {ends:?}");
        assert_eq!(rows(&log), (0..(round + 1) * 100).collect::<Vec<_>>());
        log.close();
    }
    let log = open(Arc::new(RealFiles), folder.path()).unwrap();
    assert!(log.segments().len() > 2, "segments of 1 KiB: {:?}", log.segments());
}

#[test]
fn feedback_is_taken_from_a_position_on_and_no_more_than_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(Arc::new(RealFiles), folder.path()).unwrap();
    for number in 0..200 {
        log.commit(feedback(number)).wait().unwrap();
    }
    let (mut position, mut seen) = (0, Vec::new());
    loop {
        let batch = read_feedback(&log, position, 7, Duration::ZERO).unwrap();
        if batch.entries.is_empty() {
            break;
        }
        assert_eq!(batch.next_position, *batch.end_positions.last().unwrap());
        seen.extend(batch.entries.iter().map(|entry| entry.row));
        position = batch.next_position;
    }
    assert_eq!(seen, (0..200).collect::<Vec<_>>());
}

#[test]
fn released_segments_go_and_positions_never_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(Arc::new(RealFiles), folder.path()).unwrap();
    for number in 0..200 {
        log.commit(feedback(number)).wait().unwrap();
    }
    let segments = log.segments();
    log.release(segments[1].end).unwrap();
    assert_eq!(log.segments(), segments[2..]);
    let end = log.seal();
    log.release(end).unwrap();
    log.close();
    drop(log);
    let log = open(Arc::new(RealFiles), folder.path()).unwrap();
    assert!(log.commit(feedback(0)).wait().unwrap() > end, "positions never come back");
}

/// Whether any file of a folder holds a text.
fn holds(folder: &Path, text: &str) -> bool {
    let files = std::fs::read_dir(folder).unwrap();
    files
        .map(|file| std::fs::read(file.unwrap().path()).unwrap())
        .any(|content| content.windows(text.len()).any(|window| window == text.as_bytes()))
}

#[test]
fn what_nobody_needs_is_in_no_file_though_nothing_more_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(Arc::new(RealFiles), folder.path()).unwrap();
    log.commit(feedback(7)).wait().unwrap();
    let end = log.seal();
    assert!(holds(folder.path(), "prediction-7"), "it is there as long as it is needed");
    log.release(end).unwrap();
    log.flush();
    assert!(!holds(folder.path(), "prediction-7"), "released, but in a file: {:?}", log.segments());
    assert_eq!(log.seal(), end, "an empty segment is nothing to be shipped");
    assert_eq!(log.status().byte_count, 0);
    let batch = read_feedback(&log, end, 1, Duration::ZERO).unwrap();
    assert_eq!(batch.next_position, end);
}

#[test]
fn what_was_released_before_the_end_is_gone_after_it_and_a_restart_goes_on_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(Arc::new(RealFiles), folder.path()).unwrap();
    let end = log.commit(feedback(7)).wait().unwrap();
    log.release(end).unwrap();
    assert!(holds(folder.path(), "prediction-7"), "the segment under way is complete later");
    log.close();
    assert!(!holds(folder.path(), "prediction-7"), "{:?}", log.segments());
    drop(log);
    for round in 0..3 {
        let log = open(Arc::new(RealFiles), folder.path()).unwrap();
        assert_eq!(rows(&log), Vec::<u32>::new(), "round {round}");
        let behind = read_feedback(&log, end, 1, Duration::ZERO).unwrap().next_position;
        log.release(behind).unwrap();
        log.close();
        assert_eq!(log.segments().len(), 1, "no segment is added without entries: {:?}", log.segments());
    }
}

#[test]
fn a_segment_that_is_still_needed_stays_whatever_was_released_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(Arc::new(RealFiles), folder.path()).unwrap();
    let first = log.commit(feedback(1)).wait().unwrap();
    log.commit(feedback(2)).wait().unwrap();
    log.release(first).unwrap();
    let _ = log.seal();
    log.flush();
    assert_eq!(rows(&log), [1, 2]);
}

#[test]
fn each_segment_names_its_routes_again() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(Arc::new(RealFiles), folder.path()).unwrap();
    let entry = proto::RouteEntry { router_id: "r".to_owned(), ..Default::default() };
    let route = Arc::new(RouteFacts { entry: entry.into(), ..RouteFacts::default() });
    for number in 0..3 {
        assert!(log.push(prediction(number, &route)));
        assert!(log.push(prediction(number, &route)));
        let _ = log.seal();
    }
    let kinds: Vec<bool> = stored(&log).iter().map(|entry| matches!(entry, StoredEntry::Route(_))).collect();
    assert_eq!(kinds, [true, false, false].repeat(3));
}

#[test]
fn facts_of_one_entry_are_one_route() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(Arc::new(RealFiles), folder.path()).unwrap();
    let entry: Arc<proto::RouteEntry> = Arc::default();
    for number in 0..4 {
        let of_a_thread = RouteFacts { entry: entry.clone(), ..RouteFacts::default() };
        assert!(log.push(prediction(number, &Arc::new(of_a_thread))));
    }
    log.flush();
    let is_route = |entry: &&StoredEntry| matches!(entry, StoredEntry::Route(_));
    assert_eq!(stored(&log).iter().filter(is_route).count(), 1);
}

#[test]
fn a_flush_makes_what_was_pushed_readable() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(Arc::new(RealFiles), folder.path()).unwrap();
    let route = Arc::new(RouteFacts::default());
    for number in 0..50 {
        assert!(log.push(prediction(number, &route)));
        log.flush();
        let is_prediction = |entry: &&StoredEntry| matches!(entry, StoredEntry::Prediction(_));
        assert_eq!(stored(&log).iter().filter(is_prediction).count() as u32, number + 1);
    }
}

#[test]
fn a_second_owner_is_refused_with_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let _log = open(Arc::new(RealFiles), folder.path()).unwrap();
    let refused = open(Arc::new(RealFiles), folder.path()).unwrap_err();
    assert!(matches!(refused, JournalError::Locked { .. }), "{refused}");
    assert!(refused.to_string().contains(&folder.path().display().to_string()), "{refused}");
}

#[test]
fn a_full_disk_refuses_counts_and_heals() {
    let folder = tempfile::tempdir().unwrap();
    let files = FaultyFiles::default();
    let log = open(Arc::new(files.clone()), folder.path()).unwrap();
    let route = Arc::new(RouteFacts {
        lost: [Arc::default()].into(),
        lost_shadows: [Arc::default()].into(),
        ..RouteFacts::default()
    });
    log.commit(feedback(0)).wait().unwrap();
    files.set(Some(Fault::FullAfter(10)));
    let refused = log.commit(feedback(1)).wait().unwrap_err();
    assert!(matches!(refused, JournalError::Full { .. }), "{refused}");
    assert!(log.push(prediction(2, &route)));
    for _ in 0..2 {
        let shadow = proto::PredictionEntry { shadow: true, ..Default::default() };
        let (entry, route) = (EncodedPrediction::new(shadow), route.clone());
        assert!(log.push_spare(Entry::Prediction { entry, route, guard: None }));
    }
    log.flush();
    let lost = [&route.lost[0], &route.lost_shadows[0]];
    assert_eq!(lost.map(|count| count.load(std::sync::atomic::Ordering::Relaxed)), [1, 2]);
    assert!(log.status().trouble.is_some());
    files.set(None);
    log.commit(feedback(3)).wait().unwrap();
    assert!(log.status().trouble.is_none());
    assert_eq!(rows(&log), [0, 3]);
    log.close();
    drop(log);
    assert_eq!(rows(&open(Arc::new(RealFiles), folder.path()).unwrap()), [0, 3]);
}

#[test]
fn a_failed_sync_ends_all_acknowledging() {
    let folder = tempfile::tempdir().unwrap();
    let files = FaultyFiles::default();
    let log = open(Arc::new(files.clone()), folder.path()).unwrap();
    log.commit(feedback(0)).wait().unwrap();
    files.set(Some(Fault::Sync));
    assert!(matches!(log.commit(feedback(1)).wait(), Err(JournalError::Failed { .. })));
    files.set(None);
    let refused = log.commit(feedback(2)).wait().unwrap_err();
    assert!(refused.to_string().contains("restart the server"), "{refused}");
}

#[test]
fn a_log_beyond_its_limit_refuses_until_segments_are_released() {
    let folder = tempfile::tempdir().unwrap();
    let files: Arc<dyn Files> = Arc::new(RealFiles);
    let owned = JournalFolder::open(&*files, folder.path(), ID).unwrap();
    let log = Log::open(files, owned, LogSettings { max_bytes: 8_192, ..settings() }).unwrap();
    let taken = (0..1_000).take_while(|&number| log.commit(feedback(number)).wait().is_ok()).count();
    assert!((50..1_000).contains(&taken), "{taken}");
    // Even when it is all in the segment under way, which stays.
    log.release(log.synced_end()).unwrap();
    log.commit(feedback(7)).wait().unwrap();
}

#[test]
fn a_full_queue_drops_and_counts() {
    let folder = tempfile::tempdir().unwrap();
    let files = FaultyFiles::default();
    let log = open(Arc::new(files.clone()), folder.path()).unwrap();
    let route = Arc::new(RouteFacts::default());
    let hold = files.hold_writes();
    assert!(log.push(prediction(0, &route)));
    // It takes what is queued into its buffer until it writes, so what it takes first would be chance.
    hold.wait_for_writer();
    let queue_length = settings().queue_length as u64;
    let taken = (1..5_000).filter(|&number| log.push(prediction(number, &route))).count() as u64;
    assert_eq!(taken, queue_length);
    assert_eq!(log.status().dropped_entries, 4_999 - queue_length);
    drop(hold);
    log.flush();
    assert_eq!(log.status().written_entries, 1 + queue_length);
}

/// A segment of some entries, as bytes, with the position behind each entry.
fn segment_of(count: u32) -> (Vec<u8>, Vec<u64>) {
    let folder = tempfile::tempdir().unwrap();
    let files: Arc<dyn Files> = Arc::new(RealFiles);
    let owned = JournalFolder::open(&*files, folder.path(), ID).unwrap();
    let log = Log::open(files, owned, LogSettings { segment_bytes: 1 << 20, ..settings() }).unwrap();
    let ends = (0..count).map(|number| log.commit(feedback(number)).wait().unwrap()).collect();
    (std::fs::read(log.segment_path(0)).unwrap(), ends)
}

fn recovered(bytes: &[u8]) -> Vec<u32> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("test-00000000000000000000.seg"), bytes).unwrap();
    let log = open(Arc::new(RealFiles), folder.path()).unwrap();
    let found = rows(&log);
    log.commit(feedback(1_000)).wait().unwrap();
    let mut with_new = found.clone();
    with_new.push(1_000);
    assert_eq!(rows(&log), with_new, "a recovered log takes entries");
    found
}

#[test]
fn a_cut_at_any_byte_loses_only_what_it_cuts() {
    let (bytes, ends) = segment_of(5);
    for length in 0..=bytes.len() {
        let whole = ends.iter().filter(|&&end| end as usize <= length).count() as u32;
        assert_eq!(recovered(&bytes[..length]), (0..whole).collect::<Vec<_>>(), "cut at byte {length}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn damage_costs_at_most_the_entries_that_it_touches(
        at in 32_usize..200, length in 1_usize..20, with in any::<u8>(),
    ) {
        let (mut bytes, ends) = segment_of(5);
        let at = at.min(bytes.len());
        let end = (at + length).min(bytes.len());
        bytes[at..end].fill(with);
        let found = recovered(&bytes);
        let mut start = 32;
        for (number, &entry_end) in ends.iter().enumerate() {
            let entry_end = entry_end as usize;
            if end <= start || at >= entry_end {
                prop_assert!(found.contains(&(number as u32)), "entry {number} was not touched: {found:?}");
            }
            start = entry_end;
        }
    }

    #[test]
    fn garbage_behind_a_segment_is_cut(garbage in proptest::collection::vec(any::<u8>(), 0..200)) {
        let (mut bytes, _) = segment_of(3);
        bytes.extend(garbage);
        prop_assert_eq!(recovered(&bytes), vec![0, 1, 2]);
    }
}
