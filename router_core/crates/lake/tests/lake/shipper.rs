//! The thread that ships: in order, once, over failures and restarts.

use std::{
    fs,
    hint::spin_loop,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use crate::support::*;
use pointsman_journal::{
    EncodedPrediction, Entry, JournalFolder, Log, LogSettings, RouteFacts, files::RealFiles,
};
use pointsman_lake::{ColumnRegistry, Shipper};
use pointsman_wire::generated::pointsman_v1 as proto;

const PATIENCE: Duration = Duration::from_secs(20);

struct Server {
    folder: tempfile::TempDir,
    log: Log,
    facts: Arc<RouteFacts>,
}

impl Server {
    fn new() -> Self {
        Self::on(tempfile::tempdir().unwrap())
    }

    fn on(folder: tempfile::TempDir) -> Self {
        let files = Arc::new(RealFiles);
        let journal = JournalFolder::open(&*files, &folder.path().join("journal"), JOURNAL).unwrap();
        let settings = LogSettings {
            name: "predictions",
            segment_bytes: 1 << 20,
            seal_after: None,
            sync_ceiling: Duration::from_millis(10),
            queue_length: 1_000,
            max_bytes: 1 << 30,
        };
        let log = Log::open(files, journal, settings).unwrap();
        let facts = RouteFacts { entry: route(proto::Signature::default()), ..RouteFacts::default() };
        Self { folder, log, facts: Arc::new(facts) }
    }

    fn shipper(&self) -> Shipper {
        let lake = self.folder.path().join("lake");
        let registry = ColumnRegistry::new(self.log.files().clone(), &lake);
        Shipper::start(self.log.clone(), Arc::new(registry), lake).unwrap()
    }

    /// Puts calls into a segment of their own; answers its end.
    fn segment(&self, ids: &[&str]) -> u64 {
        assert!(ids.iter().all(|id| self.log.push(self.call(id))));
        self.log.seal()
    }

    fn call(&self, id: &str) -> Entry {
        let entry = EncodedPrediction::new(entry(id));
        Entry::Prediction { entry, route: self.facts.clone(), guard: None }
    }
}

#[test]
fn segments_are_shipped_in_order_and_stay_until_they_are_released() {
    let server = Server::new();
    let first = server.segment(&["1", "2"]);
    let second = server.segment(&["3"]);
    let shipper = server.shipper();
    assert!(shipper.take_shipped(Duration::from_millis(300)).segments.is_empty(), "before the first release");
    shipper.release(0).unwrap();

    let mut shipped = shipper.take_shipped(PATIENCE);
    while shipped.segments.len() < 2 {
        shipped = shipper.take_shipped(PATIENCE);
    }
    let ends: Vec<u64> = shipped.segments.iter().map(|segment| segment.end_position).collect();
    assert_eq!(ends, [first, second]);
    assert_eq!(shipped.segments[0].files[0].row_count, 2);
    assert_eq!(shipper.take_shipped(Duration::ZERO), shipped, "taking only reads");

    shipper.release(first).unwrap();
    assert_eq!(shipper.take_shipped(Duration::ZERO).segments, shipped.segments[1..]);
    assert_eq!(server.log.segments()[0].start, first);
    shipper.release(second).unwrap();
    assert!(shipper.take_shipped(Duration::ZERO).segments.is_empty());

    let status = shipper.status();
    assert_eq!((status.shipped_rows, status.failures, status.lag_seconds), (3, 0, 0.0));
    assert!(status.shipped_bytes > 0);
}

#[test]
fn segments_are_shipped_though_other_work_wants_every_processor() {
    let server = Server::new();
    let ends: Vec<u64> = ["1", "2", "3", "4"].iter().map(|id| server.segment(&[*id])).collect();
    let shipper = server.shipper();
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 * std::thread::available_parallelism().unwrap().get() {
            scope.spawn(|| {
                while !is_done.load(Ordering::Relaxed) {
                    spin_loop();
                }
            });
        }
        shipper.release(0).unwrap();
        let until = Instant::now() + 3 * PATIENCE;
        let mut shipped = proto::ShippedSegments::default();
        while shipped.segments.len() < ends.len() && Instant::now() < until {
            shipped = shipper.take_shipped(Duration::from_millis(20));
        }
        is_done.store(true, Ordering::Relaxed);
        let shipped: Vec<u64> = shipped.segments.iter().map(|segment| segment.end_position).collect();
        assert_eq!(shipped, ends);
    });
}

#[test]
fn what_is_registered_is_not_shipped_again_after_a_restart() {
    let server = Server::new();
    let first = server.segment(&["1"]);
    let second = server.segment(&["2"]);
    let shipper = server.shipper();
    shipper.release(first).unwrap();
    let shipped = shipper.take_shipped(PATIENCE);
    assert_eq!(shipped.segments.iter().map(|segment| segment.end_position).collect::<Vec<_>>(), [second]);
}

#[test]
fn from_a_position_inside_a_segment_only_what_is_behind_it_is_shipped() {
    let server = Server::new();
    assert!(server.log.push(server.call("1")));
    server.log.flush();
    let inside = server.log.segments()[0].end;
    let end = server.segment(&["2", "3"]);
    let shipper = server.shipper();
    shipper.release(inside).unwrap();
    let shipped = &shipper.take_shipped(PATIENCE).segments[0];
    assert_eq!((shipped.start_position, shipped.end_position), (inside, end));
    assert_eq!(shipped.files[0].row_count, 2);
    assert!(shipped.files[0].path.ends_with(&format!("-{inside:020}.parquet")), "{}", shipped.files[0].path);
}

#[test]
fn of_a_shipped_segment_whose_beginning_is_registered_elsewhere_the_rest_is_shipped_again() {
    let server = Server::new();
    assert!(server.log.push(server.call("1")));
    server.log.flush();
    let inside = server.log.segments()[0].end;
    let end = server.segment(&["2", "3"]);
    let shipper = server.shipper();
    shipper.release(0).unwrap();
    assert_eq!(shipper.take_shipped(PATIENCE).segments[0].files[0].row_count, 3);
    shipper.release(inside).unwrap();
    let shipped = &shipper.take_shipped(PATIENCE).segments[0];
    assert_eq!((shipped.start_position, shipped.end_position), (inside, end));
    assert_eq!(shipped.files[0].row_count, 2);
}

#[test]
fn a_segment_under_way_waits_until_it_is_complete_and_is_the_lag() {
    let server = Server::new();
    let shipper = server.shipper();
    shipper.release(0).unwrap();
    assert!(server.log.push(server.call("1")));
    server.log.flush();
    assert!(shipper.take_shipped(Duration::from_millis(400)).segments.is_empty());
    assert!(shipper.status().lag_seconds > 0.0);
    let _ = server.log.seal();
    assert_eq!(shipper.take_shipped(PATIENCE).segments.len(), 1);
}

#[test]
fn what_a_disk_damaged_is_left_out_and_counted() {
    let server = Server::new();
    server.segment(&["1", "2", "3"]);
    let path = server.log.segments()[0].path.clone();
    let mut bytes = fs::read(&path).unwrap();
    let second = b"request-2";
    let place = bytes.windows(second.len()).position(|bytes| bytes == second).unwrap();
    bytes[place] ^= 1;
    fs::write(&path, bytes).unwrap();
    let shipper = server.shipper();
    shipper.release(0).unwrap();
    let shipped = shipper.take_shipped(PATIENCE);
    assert_eq!(shipped.segments[0].files[0].row_count, 2);
    let status = shipper.status();
    assert_eq!((status.shipped_rows, status.unreadable_entries), (2, 0));
    assert!(status.damaged_bytes > 0);
}

#[test]
fn a_lake_that_cannot_be_written_is_tried_again_until_it_can() {
    let server = Server::new();
    let in_the_way = server.folder.path().join("lake");
    fs::write(&in_the_way, "no folder").unwrap();
    server.segment(&["1"]);
    let shipper = server.shipper();
    shipper.release(0).unwrap();
    while shipper.status().failures == 0 {
        assert!(shipper.take_shipped(Duration::from_millis(20)).segments.is_empty());
    }
    assert!(shipper.status().trouble.unwrap().contains("lake"));
    fs::remove_file(&in_the_way).unwrap();
    assert_eq!(shipper.take_shipped(PATIENCE).segments[0].files[0].row_count, 1);
    assert_eq!(shipper.status().trouble, None);
}
