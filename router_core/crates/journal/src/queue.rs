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
///
/// # How the writer is woken
/// Nobody may believe that the other one will look. The writer says that it rests (`is_idle`, `is_asleep`), and looks then
/// whether something has come (`is_urgent`, the queue); whoever brings something puts it in (the queue, `is_urgent`), and
/// looks then whether the writer rests. All four are SeqCst, the queue's own operations too, so they have one order in
/// which at least one of the two looks comes after the other's word: the writer sees what came and stays awake, or it is
/// woken. With a weaker ordering both could look first and see nothing, and the entry would lie until the rest is over.
///
/// A wake that comes before the writer parks is not lost, either: the next park returns at once.
pub(crate) struct Shared {
    pub(crate) files: Arc<dyn Files>,
    pub(crate) folder: Arc<JournalFolder>,
    pub(crate) settings: LogSettings,
    pub(crate) queue: ArrayQueue<Item>,
    pub(crate) segments: Segments,
    pub(crate) syncs: SyncTimes,
    /// Only the writer adds, [`crate::LogStatus`] reads. It only rises, and nothing else is read by it: Relaxed suffices.
    pub(crate) written_entries: AtomicU64,
    /// The writer adds and whoever finds no room, [`crate::LogStatus`] reads; Relaxed suffices as for those written.
    pub(crate) dropped_entries: AtomicU64,
    /// Whether the writer sleeps until it is woken, not just for a moment. Only the writer writes it, before it looks at the
    /// queue; who put an entry in reads it after. SeqCst: see how the writer is woken.
    pub(crate) is_asleep: AtomicBool,
    /// Whether the writer waits at all. Only the writer writes it, before it looks at `is_urgent`; who has set that reads
    /// it after. SeqCst: see how the writer is woken.
    pub(crate) is_idle: AtomicBool,
    /// Whether somebody waits for an item in the queue. Set behind the item; the writer takes it back before it takes items,
    /// never after: one that comes meanwhile is urgent still. SeqCst: see how the writer is woken.
    pub(crate) is_urgent: AtomicBool,
    /// Whether the log ends: set once, before the writer is woken for the last time, and read by the writer and all users. The
    /// wake orders it for the writer, which then takes what is there and ends; who reads it late puts in what nobody takes, by
    /// any ordering. Who waits for a sync reads it behind `synced_end`, which is locked once more before it is told.
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
