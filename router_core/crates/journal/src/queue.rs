//! What a log's users and its writer share: a bounded queue, and how far the writer is.

use std::{
    sync::{
        Arc, Condvar, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
        mpsc,
    },
    thread::Thread,
    time::Duration,
};

use crossbeam_queue::ArrayQueue;
use tokio::sync::oneshot;

use crate::{
    entry::Entry, error::JournalError, files::Files, folder::JournalFolder, segments::Segments,
    status::SyncTimes,
};

/// How a log is kept.
#[derive(Debug, Clone)]
pub struct LogSettings {
    /// The first part of its files' names.
    pub name: &'static str,
    /// A segment of so many bytes is complete.
    pub segment_bytes: u64,
    /// A segment with entries is complete after so long.
    pub seal_after: Option<Duration>,
    /// What is written is on disk after at most so long.
    pub sync_ceiling: Duration,
    /// Entries that wait to be written.
    pub queue_length: usize,
    /// Bytes in all segments; beyond, entries are refused.
    pub max_bytes: u64,
}

/// What waits for the writer.
pub(crate) enum Item {
    /// An entry, and who waits until it is on disk.
    Entry(Entry, Option<oneshot::Sender<Result<u64, JournalError>>>),
    /// Answered when everything before it is written.
    Flush(mpsc::SyncSender<()>),
    /// Answered when the segment under way is complete.
    Seal(mpsc::SyncSender<u64>),
    /// Nobody needs what the last segment holds: its file may go.
    LetGo,
}

/// What a log's users and its writer share.
pub(crate) struct Shared {
    pub(crate) files: Arc<dyn Files>,
    pub(crate) folder: Arc<JournalFolder>,
    pub(crate) settings: LogSettings,
    pub(crate) queue: ArrayQueue<Item>,
    pub(crate) segments: Segments,
    pub(crate) syncs: SyncTimes,
    pub(crate) written_entries: AtomicU64,
    pub(crate) dropped_entries: AtomicU64,
    /// Whether the writer sleeps until it is woken, not just for a moment.
    pub(crate) is_asleep: AtomicBool,
    /// Whether the writer waits at all.
    pub(crate) is_idle: AtomicBool,
    /// Whether somebody waits for an entry in the queue.
    pub(crate) is_urgent: AtomicBool,
    pub(crate) is_closing: AtomicBool,
    pub(crate) trouble: Mutex<Option<Arc<str>>>,
    pub(crate) synced_end: Mutex<u64>,
    pub(crate) synced: Condvar,
    pub(crate) writer: OnceLock<Thread>,
}

impl Shared {
    /// Says that everything before a position is on disk.
    pub(crate) fn set_synced(&self, end: u64) {
        *self.synced_end.lock().unwrap_or_else(PoisonError::into_inner) = end;
        self.synced.notify_all();
    }

    pub(crate) fn synced_end(&self) -> u64 {
        *self.synced_end.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the writer look at once.
    pub(crate) fn hurry(&self) {
        self.is_urgent.store(true, SeqCst);
        if self.is_idle.load(SeqCst) {
            self.wake();
        }
    }

    pub(crate) fn wake(&self) {
        if let Some(writer) = self.writer.get() {
            writer.unpark();
        }
    }
}
