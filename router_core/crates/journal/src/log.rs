//! A log: a bounded queue, one writer, and what was written, to read.

use std::{
    path::{Path, PathBuf},
    pin::Pin,
    sync::{
        Arc, Condvar, Mutex, OnceLock, PoisonError,
        atomic::{
            AtomicBool, AtomicU64,
            Ordering::{Relaxed, SeqCst},
        },
        mpsc,
    },
    task::{Context, Poll},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use crossbeam_queue::ArrayQueue;
use tokio::sync::oneshot;

use crate::{
    entry::Entry,
    error::JournalError,
    files::Files,
    folder::JournalFolder,
    queue::{Item, LogSettings, Shared},
    segment::SegmentInfo,
    segments::Segments,
    status::{LogStatus, SyncTimes},
    writer::Writer,
};

/// Pause before a full queue is tried again by callers that may wait.
const RETRY_PAUSE: Duration = Duration::from_millis(1);

/// A log of entries. Clones are the same log.
#[derive(Clone)]
pub struct Log {
    shared: Arc<Shared>,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl std::fmt::Debug for Log {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Log").field("settings", &self.shared.settings).finish_non_exhaustive()
    }
}

/// Waits until an entry is on disk; answers the position behind it.
#[derive(Debug)]
pub struct Commit(oneshot::Receiver<Result<u64, JournalError>>);

impl Future for Commit {
    type Output = Result<u64, JournalError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let received = Pin::new(&mut self.0).poll(context);
        received.map(|received| received.unwrap_or(Err(JournalError::Closed)))
    }
}

impl Commit {
    /// Waits on a thread that may block.
    ///
    /// # Errors
    /// The entry was not taken, or may be lost.
    pub fn wait(self) -> Result<u64, JournalError> {
        self.0.blocking_recv().unwrap_or(Err(JournalError::Closed))
    }
}

impl Log {
    /// Opens a log in a folder, cutting what a crash tore, and starts its writer.
    ///
    /// # Errors
    /// A segment cannot be read or is none of this version's, or no thread can be started.
    pub fn open(
        files: Arc<dyn Files>,
        folder: Arc<JournalFolder>,
        settings: LogSettings,
    ) -> Result<Self, JournalError> {
        let segments = Segments::recover(&*files, folder.path(), settings.name)?;
        let end = segments.end();
        let name = format!("pointsman-{}", settings.name);
        let shared = Arc::new(Shared {
            files,
            folder,
            queue: ArrayQueue::new(settings.queue_length.max(1)),
            settings,
            segments,
            syncs: SyncTimes::default(),
            written_entries: AtomicU64::new(0),
            dropped_entries: AtomicU64::new(0),
            is_asleep: AtomicBool::new(false),
            is_idle: AtomicBool::new(false),
            is_urgent: AtomicBool::new(false),
            is_closing: AtomicBool::new(false),
            trouble: Mutex::default(),
            synced_end: Mutex::new(end),
            synced: Condvar::new(),
            writer: OnceLock::new(),
        });
        let writer = Writer::new(shared.clone(), end);
        let thread = std::thread::Builder::new()
            .name(name)
            .spawn(move || writer.run())
            .map_err(|error| JournalError::io(shared.folder.path(), &error))?;
        let _ = shared.writer.set(thread.thread().clone());
        Ok(Self { shared, thread: Arc::new(Mutex::new(Some(thread))) })
    }

    /// Puts an entry in without waiting; whether there was room. What is not taken is counted.
    #[must_use]
    pub fn push(&self, entry: Entry) -> bool {
        let is_in =
            !self.shared.is_closing.load(Relaxed) && self.shared.queue.push(Item::Entry(entry, None)).is_ok();
        if !is_in {
            self.shared.dropped_entries.fetch_add(1, Relaxed);
        } else if self.shared.is_asleep.load(SeqCst) {
            self.shared.wake();
        }
        is_in
    }

    /// Puts an entry in that could also be done without: only while the queue has more room than entries. One that is
    /// not taken counts nowhere.
    #[must_use]
    pub fn push_spare(&self, entry: Entry) -> bool {
        let queue = &self.shared.queue;
        queue.len() < queue.capacity().div_ceil(2) && self.push(entry)
    }

    /// Puts an entry in; what it answers waits until the entry is on disk.
    #[must_use]
    pub fn commit(&self, entry: Entry) -> Commit {
        let (sender, receiver) = oneshot::channel();
        if self.shared.is_closing.load(SeqCst) {
            let _ = sender.send(Err(JournalError::Closed));
        } else if let Err(Item::Entry(_, Some(sender))) =
            self.shared.queue.push(Item::Entry(entry, Some(sender)))
        {
            self.shared.dropped_entries.fetch_add(1, Relaxed);
            let _ =
                sender.send(Err(JournalError::Full { reason: "too many entries wait for the disk".into() }));
        } else {
            self.shared.hurry();
        }
        Commit(receiver)
    }

    /// Waits until everything that was put in before can be read.
    pub fn flush(&self) {
        let (sender, receiver) = mpsc::sync_channel(1);
        if self.insist(Item::Flush(sender)) {
            let _ = receiver.recv();
        }
    }

    /// Completes the segment under way; answers where the next one begins.
    #[must_use]
    pub fn seal(&self) -> u64 {
        let (sender, receiver) = mpsc::sync_channel(1);
        let sealed = self.insist(Item::Seal(sender)).then(|| receiver.recv().ok()).flatten();
        sealed.unwrap_or_else(|| self.shared.segments.entries_end())
    }

    fn insist(&self, mut item: Item) -> bool {
        while !self.shared.is_closing.load(SeqCst) {
            match self.shared.queue.push(item) {
                Ok(()) => {
                    self.shared.hurry();
                    return true;
                }
                Err(back) => item = back,
            }
            std::thread::sleep(RETRY_PAUSE);
        }
        false
    }

    /// All segments, oldest first.
    #[must_use]
    pub fn segments(&self) -> Vec<SegmentInfo> {
        self.shared.segments.all()
    }

    /// The position behind what is on disk.
    #[must_use]
    pub fn synced_end(&self) -> u64 {
        self.shared.synced_end()
    }

    /// Waits until something behind a position is on disk; answers the position behind all that is.
    #[must_use]
    pub fn wait_synced(&self, position: u64, patience: Duration) -> u64 {
        let until = Instant::now() + patience;
        let mut end = self.shared.synced_end.lock().unwrap_or_else(PoisonError::into_inner);
        while *end <= position {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || self.shared.is_closing.load(Relaxed) {
                break;
            }
            end = self.shared.synced.wait_timeout(end, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        *end
    }

    /// Deletes the complete segments that end at or before a position. The last one goes, too, a moment later: behind
    /// an empty one that carries the log's position over a restart.
    ///
    /// # Errors
    /// A file cannot be deleted; it is again at the next start.
    pub fn release(&self, position: u64) -> Result<usize, JournalError> {
        let folder = self.shared.folder.path();
        let released = self.shared.segments.release(&*self.shared.files, folder, position);
        // A full queue holds entries, which begin a segment as well.
        if self.shared.segments.keeps_what_nobody_needs() && self.shared.queue.push(Item::LetGo).is_ok() {
            self.shared.wake();
        }
        released.map_err(|error| JournalError::io(folder, &error))
    }

    /// How it fares.
    #[must_use]
    pub fn status(&self) -> LogStatus {
        let shared = &self.shared;
        let mut status = LogStatus {
            byte_count: shared.segments.byte_count(),
            queued: shared.queue.len(),
            written_entries: shared.written_entries.load(Relaxed),
            dropped_entries: shared.dropped_entries.load(Relaxed),
            synced_end: shared.synced_end(),
            oldest_us: shared.segments.all().first().map(|segment| segment.created_us),
            trouble: shared.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            ..LogStatus::default()
        };
        shared.syncs.put_into(&mut status);
        status
    }

    /// The folder it is in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.shared.folder.path()
    }

    /// The journal's name.
    #[must_use]
    pub fn journal_id(&self) -> Arc<str> {
        self.shared.folder.id()
    }

    /// The file system it is on.
    #[must_use]
    pub fn files(&self) -> &Arc<dyn Files> {
        &self.shared.files
    }

    /// Where a segment's file is.
    #[must_use]
    pub fn segment_path(&self, start: u64) -> PathBuf {
        self.folder().join(crate::segments::file_name(self.shared.settings.name, start))
    }

    /// Writes and syncs what is queued, completes the segment and ends the writer.
    pub fn close(&self) {
        self.shared.is_closing.store(true, SeqCst);
        self.shared.wake();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!(log = self.shared.settings.name, "the writer panicked");
        }
        // Who found the log open while this was locked waits by now, and hears of it.
        drop(self.shared.synced_end.lock().unwrap_or_else(PoisonError::into_inner));
        self.shared.synced.notify_all();
    }
}
