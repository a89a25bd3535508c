//! The one thread that writes a log: takes what is queued, writes it, syncs it, answers who waits.

use std::{
    io,
    path::PathBuf,
    sync::{
        Arc, PoisonError,
        atomic::Ordering::{Relaxed, SeqCst},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use tokio::sync::oneshot;

use crate::{
    entry::{Entry, Scope},
    error::{JournalError, is_full},
    fault,
    files::AppendFile,
    frame::{HEADER_BYTES, SegmentHeader},
    queue::{Item, Shared},
    segment::SegmentInfo,
    segments::file_name,
};

/// Written at a time.
const BATCH_BYTES: usize = 1 << 20;
/// A buffer that one large entry made larger is given back.
const MOST_BUFFER_BYTES: usize = 8 << 20;
/// While entries come, so long between two looks for more: one write for many.
const NAP: Duration = Duration::from_millis(4);
/// Without entries for so long, the writer sleeps until it is woken.
const NAPS_BEFORE_SLEEP: u32 = 50;
/// A sleeper looks around now and then, in case that nobody could wake it.
const SLEEP: Duration = Duration::from_secs(1);

type Waiter = oneshot::Sender<Result<u64, JournalError>>;

/// The segment that grows.
struct Open {
    file: Box<dyn AppendFile>,
    start: u64,
    has_entries: bool,
    since: Instant,
}

/// The writer's own things.
pub(crate) struct Writer {
    shared: Arc<Shared>,
    open: Option<Open>,
    scope: Scope,
    buffer: Vec<u8>,
    /// The entries in the buffer, to be counted if they are lost; with who waits for them.
    batch: Vec<(Entry, Option<Waiter>, u64)>,
    /// Written but not yet on disk: who waits.
    unsynced: Vec<(Waiter, u64)>,
    /// The position behind what is written.
    end: u64,
    synced_end: u64,
    synced_at: Instant,
    /// Why nothing is acknowledged any more.
    failed: Option<JournalError>,
}

impl Writer {
    pub(crate) fn new(shared: Arc<Shared>, end: u64) -> Self {
        Self {
            shared,
            open: None,
            scope: Scope::default(),
            buffer: Vec::with_capacity(BATCH_BYTES),
            batch: Vec::new(),
            unsynced: Vec::new(),
            end,
            synced_end: end,
            synced_at: Instant::now(),
            failed: None,
        }
    }

    pub(crate) fn run(mut self) {
        let mut quiet_naps = 0;
        loop {
            let is_closing = self.shared.is_closing.load(SeqCst);
            let took = self.take();
            let is_urgent = !self.unsynced.is_empty();
            if self.synced_end < self.end
                && (is_urgent || is_closing || self.synced_at.elapsed() >= self.shared.settings.sync_ceiling)
            {
                self.sync();
            }
            if self.open.as_ref().is_some_and(|open| self.is_complete(open)) {
                self.seal();
                self.let_go();
            }
            if took || !self.shared.queue.is_empty() {
                quiet_naps = 0;
                if !is_urgent && !is_closing && self.shared.queue.len() < self.shared.queue.capacity() / 4 {
                    self.rest(NAP, false);
                }
                continue;
            }
            if is_closing {
                break;
            }
            quiet_naps += 1;
            let is_all_synced = self.synced_end == self.end || self.failed.is_some();
            if quiet_naps >= NAPS_BEFORE_SLEEP && is_all_synced {
                self.rest(self.time_to_seal().unwrap_or(SLEEP).min(SLEEP), true);
            } else {
                self.rest(NAP, false);
            }
        }
        self.seal();
        self.let_go();
    }

    /// Waits, unless something is queued that nobody would wake for.
    fn rest(&self, time: Duration, is_deep: bool) {
        self.shared.is_idle.store(true, SeqCst);
        self.shared.is_asleep.store(is_deep, SeqCst);
        let has_come = self.shared.is_urgent.load(SeqCst) || is_deep && !self.shared.queue.is_empty();
        if !has_come {
            std::thread::park_timeout(time);
        }
        self.shared.is_asleep.store(false, SeqCst);
        self.shared.is_idle.store(false, SeqCst);
    }

    /// Takes what is queued and writes it; whether there was anything.
    fn take(&mut self) -> bool {
        let mut took = false;
        self.shared.is_urgent.store(false, SeqCst);
        while let Some(item) = self.shared.queue.pop() {
            took = true;
            match item {
                Item::Entry(entry, waiter) => {
                    self.add(entry, waiter);
                    if self.buffer.len() >= BATCH_BYTES {
                        self.shared.is_urgent.store(true, SeqCst);
                        break;
                    }
                }
                Item::Flush(answer) => {
                    self.write();
                    let _ = answer.send(());
                }
                Item::Seal(answer) => {
                    self.write();
                    self.seal();
                    let _ = answer.send(self.end_of_entries());
                    self.let_go();
                }
                Item::LetGo => {
                    self.write();
                    self.let_go();
                }
            }
        }
        self.write();
        took
    }

    fn add(&mut self, entry: Entry, waiter: Option<Waiter>) {
        let refusal = self.failed.clone().or_else(|| self.refuse_beyond_limit());
        if let Some(error) = refusal {
            lose(&self.shared, &entry, waiter, error);
            return;
        }
        self.scope.write(&entry, &mut self.buffer);
        self.batch.push((entry, waiter, self.buffer.len() as u64));
    }

    fn refuse_beyond_limit(&self) -> Option<JournalError> {
        let most = self.shared.settings.max_bytes;
        // Asked for the first entry of a batch only: the list is behind a lock.
        (self.batch.is_empty() && self.shared.segments.byte_count() >= most).then(|| JournalError::Full {
            reason: format!("it holds {most} bytes, the most that is allowed, that wait to be shipped")
                .into(),
        })
    }

    /// Writes the buffer behind the segment.
    fn write(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        let written = self.try_write();
        let batch = std::mem::take(&mut self.batch);
        match written {
            Ok(()) => {
                self.set_trouble(None);
                self.shared.written_entries.fetch_add(batch.len() as u64, Relaxed);
                let start = self.end;
                self.end += self.buffer.len() as u64;
                let waiting = batch.into_iter().filter_map(|(_, waiter, end)| Some((waiter?, start + end)));
                self.unsynced.extend(waiting);
                self.shared.segments.grow(self.end);
            }
            Err(error) => {
                self.undo_write(&error);
                let error = self.failed.clone().unwrap_or_else(|| JournalError::Full {
                    reason: format!("the disk is full ({error}); it goes on when there is room").into(),
                });
                self.set_trouble(Some(error.to_string()));
                for (entry, waiter, _) in batch {
                    lose(&self.shared, &entry, waiter, error.clone());
                }
            }
        }
        self.buffer.clear();
        if self.buffer.capacity() > MOST_BUFFER_BYTES {
            self.buffer = Vec::with_capacity(BATCH_BYTES);
        }
    }

    fn try_write(&mut self) -> io::Result<()> {
        if self.open.is_none() {
            self.open = Some(self.create()?);
        }
        let Some(open) = &mut self.open else { return Ok(()) };
        open.file.write_all(&self.buffer)?;
        if !open.has_entries {
            // It may have waited long for its first entry, and is not old by that.
            (open.has_entries, open.since) = (true, Instant::now());
        }
        fault::point("journal.written");
        Ok(())
    }

    /// Cuts what was half written. A disk that does not even allow that has failed.
    fn undo_write(&mut self, error: &io::Error) {
        // The buffer may have named routes.
        self.scope.clear();
        let cut = match &mut self.open {
            Some(open) => open.file.set_len(self.end - open.start),
            None => Ok(()),
        };
        if !is_full(error) || cut.is_err() {
            self.fail(error);
        }
    }

    fn create(&mut self) -> io::Result<Open> {
        let start = self.end;
        let path = self.path(start);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let created_us = u64::try_from(now.as_micros()).unwrap_or(u64::MAX);
        let mut file = self.shared.files.create(&path)?;
        let made = file.write_all(&SegmentHeader { start, created_us }.encode()).and_then(|()| {
            file.sync_data()?;
            fault::point("journal.segment_created");
            self.shared.files.sync_folder(self.shared.folder.path())
        });
        if let Err(error) = made {
            let _ = self.shared.files.remove(&path);
            return Err(error);
        }
        self.end += HEADER_BYTES as u64;
        self.synced_end = self.end;
        self.shared.segments.push(SegmentInfo { start, end: self.end, sealed: false, created_us, path });
        Ok(Open { file, start, has_entries: false, since: Instant::now() })
    }

    fn path(&self, start: u64) -> PathBuf {
        self.shared.folder.path().join(file_name(self.shared.settings.name, start))
    }

    /// Makes what is written durable and answers who waits.
    fn sync(&mut self) {
        let Some(open) = &mut self.open else { return };
        if self.failed.is_none() {
            let started = Instant::now();
            let synced = open.file.sync_data();
            self.shared.syncs.record(started.elapsed());
            match synced {
                Ok(()) => {
                    fault::point("journal.synced");
                    self.synced_end = self.end;
                    self.shared.set_synced(self.end);
                }
                // What the system then says of these bytes cannot be believed, nor tried again.
                Err(error) => self.fail(&error),
            }
        }
        self.synced_at = Instant::now();
        let error = self.failed.clone();
        for (waiter, end) in self.unsynced.drain(..) {
            let _ = waiter.send(error.clone().map_or(Ok(end), Err));
        }
    }

    fn is_complete(&self, open: &Open) -> bool {
        let settings = &self.shared.settings;
        let is_old = settings.seal_after.is_some_and(|age| open.since.elapsed() >= age);
        open.has_entries && (is_old || self.end - open.start >= settings.segment_bytes)
    }

    fn time_to_seal(&self) -> Option<Duration> {
        let open = self.open.as_ref().filter(|open| open.has_entries)?;
        Some(self.shared.settings.seal_after?.saturating_sub(open.since.elapsed()))
    }

    /// Completes the segment under way; the next entry makes a new one.
    fn seal(&mut self) {
        if !self.open.as_ref().is_some_and(|open| open.has_entries) {
            return;
        }
        if self.synced_end < self.end {
            self.sync();
        }
        if self.failed.is_none() {
            self.open = None;
            self.scope.clear();
            self.shared.segments.seal(self.end);
            fault::point("journal.sealed");
        }
    }

    /// The position behind the last entry. An empty segment ends behind its header, which nobody ships.
    fn end_of_entries(&self) -> u64 {
        self.open.as_ref().filter(|open| !open.has_entries).map_or(self.end, |open| open.start)
    }

    /// Has the last segment go where nobody needs it: an empty one after it carries the position over a restart.
    ///
    /// What was erased elsewhere would stay in its file for ever where nothing more is written.
    fn let_go(&mut self) {
        let shared = &self.shared;
        if self.open.is_some() || self.failed.is_some() || !shared.segments.keeps_what_nobody_needs() {
            return;
        }
        let begun = self.create().and_then(|open| {
            self.open = Some(open);
            self.shared.segments.let_go(&*self.shared.files, self.shared.folder.path())
        });
        if let Err(error) = begun {
            // The next entry begins a segment as well, and the next release deletes those before.
            tracing::warn!(log = self.shared.settings.name, %error, "a segment that nobody needs stays for now");
        }
    }

    fn fail(&mut self, error: &io::Error) {
        let failed = JournalError::Failed { reason: error.to_string().into() };
        tracing::error!(log = self.shared.settings.name, %error, "the journal has failed; nothing is acknowledged");
        self.set_trouble(Some(failed.to_string()));
        self.failed = Some(failed);
    }

    fn set_trouble(&self, trouble: Option<String>) {
        let mut held = self.shared.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if held.is_some() == trouble.is_some() {
            return;
        }
        match &trouble {
            Some(reason) => tracing::error!(log = self.shared.settings.name, %reason, "entries are lost"),
            None => tracing::info!(log = self.shared.settings.name, "entries are taken again"),
        }
        *held = trouble.map(Into::into);
    }
}

fn lose(shared: &Shared, entry: &Entry, waiter: Option<Waiter>, error: JournalError) {
    entry.lose();
    shared.dropped_entries.fetch_add(1, Relaxed);
    if let Some(waiter) = waiter {
        let _ = waiter.send(Err(error));
    }
}
