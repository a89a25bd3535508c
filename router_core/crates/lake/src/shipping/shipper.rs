//! The thread that ships segments when they are complete.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use pointsman_journal::{HEADER_BYTES, JournalError, Log, SegmentInfo};
use pointsman_wire::generated::pointsman_v1 as proto;

use crate::{
    columns::registry::ColumnRegistry,
    error::LakeError,
    shipping::{destination::Destination, priority::work_by_turns, ship::Shipment},
};

/// How often the log is asked for complete segments.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);
/// Segments that wait to be registered; beyond, none is shipped.
const MAX_SHIPPED: usize = 64;
/// Complete segments behind the one that is being shipped, with which it is urgent.
const URGENT_SEGMENTS: usize = 2;
/// Time after which a segment that is still being shipped is urgent.
const PATIENCE: Duration = Duration::from_secs(10);
/// Pauses after failures.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Ships the segments of a log in order, until it is stopped or dropped.
#[derive(Debug)]
pub struct Shipper {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// How shipping fares.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ShipperStatus {
    /// The age of the oldest segment with entries that is not shipped; 0 when all are.
    pub lag_seconds: f64,
    /// Rows written since the start.
    pub shipped_rows: u64,
    /// Bytes of files written since the start.
    pub shipped_bytes: u64,
    /// Damaged bytes of segments that were left out since the start.
    pub damaged_bytes: u64,
    /// Whole entries that cannot be read and were left out since the start.
    pub unreadable_entries: u64,
    /// Segments that wait to be registered.
    pub waiting_segments: usize,
    /// Attempts that failed since the start.
    pub failures: u64,
    /// Why the last attempt failed; none when it did not.
    pub trouble: Option<String>,
}

#[derive(Debug)]
struct Shared {
    log: Log,
    registry: Arc<ColumnRegistry>,
    lake_folder: PathBuf,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Everything before this is shipped or registered; none until it is known what is registered.
    next: Option<u64>,
    shipped: VecDeque<proto::ShippedSegment>,
    is_stopping: bool,
    status: ShipperStatus,
}

impl Shipper {
    /// Starts the thread. It ships nothing before the first [`Self::release`] says where to begin.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(log: Log, registry: Arc<ColumnRegistry>, lake_folder: PathBuf) -> Result<Self, LakeError> {
        let shared =
            Arc::new(Shared { log, registry, lake_folder, state: Mutex::default(), changed: Condvar::new() });
        let of_thread = shared.clone();
        let thread = std::thread::Builder::new()
            .name("pointsman-lake".to_owned())
            .spawn(move || of_thread.run())
            .map_err(|error| LakeError::io(&shared.lake_folder, error))?;
        Ok(Self { shared, thread: Mutex::new(Some(thread)) })
    }

    /// Says that everything before a position is registered: its segments may go.
    ///
    /// # Errors
    /// A segment cannot be deleted; it is tried again with the next release after a restart.
    pub fn release(&self, position: u64) -> Result<(), JournalError> {
        {
            let mut state = self.shared.lock();
            state.shipped.retain(|segment| segment.end_position > position);
            if state.shipped.front().is_some_and(|first| first.start_position < position) {
                // Its files have rows that are registered elsewhere: it is shipped again, from there.
                state.shipped.clear();
                state.next = Some(position);
            }
            state.next = Some(state.next.map_or(position, |next| next.max(position)));
        }
        self.shared.changed.notify_all();
        self.shared.log.release(position).map(drop)
    }

    /// The segments that are shipped and not released, oldest first; waits for the first one.
    #[must_use]
    pub fn take_shipped(&self, patience: Duration) -> proto::ShippedSegments {
        let until = Instant::now() + patience;
        let mut state = self.shared.lock();
        while state.shipped.is_empty() && !state.is_stopping {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = self.shared.wait(state, left);
        }
        proto::ShippedSegments { segments: state.shipped.iter().cloned().collect() }
    }

    /// How it fares.
    #[must_use]
    pub fn status(&self) -> ShipperStatus {
        let segments = self.shared.log.segments();
        let state = self.shared.lock();
        let next = state.next.unwrap_or(0);
        let oldest = segments.iter().find(|segment| segment.end > next && has_entries(segment));
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let age = oldest.map(|oldest| now.saturating_sub(Duration::from_micros(oldest.created_us)));
        let mut status = state.status.clone();
        status.lag_seconds = age.unwrap_or_default().as_secs_f64();
        status.waiting_segments = state.shipped.len();
        status
    }

    /// Ends the thread after the segment that it is at.
    pub fn stop(&self) {
        self.shared.lock().is_stopping = true;
        self.shared.changed.notify_all();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the thread of the lake panicked");
        }
    }
}

impl Drop for Shipper {
    fn drop(&mut self) {
        self.stop();
    }
}

fn has_entries(segment: &SegmentInfo) -> bool {
    segment.end - segment.start > HEADER_BYTES as u64
}

impl Shared {
    fn run(&self) {
        let mut pause = FIRST_PAUSE;
        while let Some((segment, from)) = self.next_segment() {
            // A panic must not end all shipping; the segment is tried again.
            let shipped = catch_unwind(AssertUnwindSafe(|| self.ship(&segment, from)));
            let failed = match shipped {
                Ok(Ok(shipped)) => {
                    self.put(shipped);
                    pause = FIRST_PAUSE;
                    continue;
                }
                Ok(Err(error)) => error.to_string(),
                Err(_) => "a panic, which is an error of this program; see the log".to_owned(),
            };
            let path = segment.path.display();
            tracing::error!(%path, error = failed, retry_seconds = pause.as_secs_f64(), "a segment is not shipped");
            self.put_off(failed, pause);
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }

    /// Waits for the next complete segment; answers it with the position from which on it is to be shipped, or none
    /// when it is time to stop.
    fn next_segment(&self) -> Option<(SegmentInfo, u64)> {
        let mut state = self.lock();
        loop {
            if state.is_stopping {
                return None;
            }
            if let Some(next) = state.next
                && state.shipped.len() < MAX_SHIPPED
            {
                drop(state);
                let segments = self.log.segments();
                let due = segments.into_iter().find(|segment| segment.end > next);
                if let Some(due) = due.filter(|segment| segment.sealed) {
                    return Some((due, next));
                }
                state = self.lock();
                if state.is_stopping {
                    return None;
                }
            }
            state = self.wait(state, LOOK_INTERVAL);
        }
    }

    fn ship(&self, segment: &SegmentInfo, from: u64) -> Result<proto::ShippedSegment, LakeError> {
        let journal_id = self.log.journal_id();
        let destination = Destination {
            files: &**self.log.files(),
            registry: &self.registry,
            lake_folder: &self.lake_folder,
            journal_id: &journal_id,
        };
        let mut shipment = Shipment::new(destination, segment, from);
        work_by_turns(PATIENCE, || self.is_urgent(segment), |until| shipment.work_until(until))?;
        Ok(shipment.end())
    }

    /// Whether a segment is to be shipped though calls want the processor: others wait behind it, or it is time to stop.
    fn is_urgent(&self, segment: &SegmentInfo) -> bool {
        let segments = self.log.segments();
        let behind = segments.iter().filter(|other| other.sealed && other.start >= segment.end);
        behind.count() >= URGENT_SEGMENTS || self.lock().is_stopping
    }

    fn put(&self, shipped: proto::ShippedSegment) {
        let mut state = self.lock();
        state.status.shipped_rows += shipped.files.iter().map(|file| file.row_count).sum::<u64>();
        state.status.shipped_bytes += shipped.files.iter().map(|file| file.byte_count).sum::<u64>();
        state.status.damaged_bytes += shipped.damaged_bytes;
        state.status.unreadable_entries += shipped.unreadable_entries;
        state.status.trouble = None;
        let end = shipped.end_position;
        // What was released meanwhile is registered already; of a part of it, the rest is shipped again.
        if state.next.is_none_or(|next| next <= shipped.start_position) {
            state.next = Some(end);
            state.shipped.push_back(shipped);
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Keeps why a segment was not shipped and waits.
    fn put_off(&self, failed: String, pause: Duration) {
        let until = Instant::now() + pause;
        let mut state = self.lock();
        state.status.failures += 1;
        state.status.trouble = Some(failed);
        while !state.is_stopping {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = self.wait(state, left);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'g>(&self, state: MutexGuard<'g, State>, patience: Duration) -> MutexGuard<'g, State> {
        self.changed.wait_timeout(state, patience).unwrap_or_else(PoisonError::into_inner).0
    }
}
