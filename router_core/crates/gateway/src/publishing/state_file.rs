//! The copy of the published state on disk, from which a server restarts when its database is away.
//!
//! `state/complete` holds a whole `SnapshotUpdate`, `state/changes` the ones published since. Each is framed
//! by its length and checksum; what a crash tore off is not read. The database is the truth: a copy that is
//! a moment old is put right by the control plane's next publish.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::JoinHandle,
};

use pointsman_wire::generated::pointsman_v1 as proto;
use prost::Message;
use xxhash_rust::xxh3::xxh3_64;

/// Changes are folded into the complete state beyond this size.
const MAX_CHANGES_BYTES: u64 = 16 << 20;
const FRAME_HEADER_BYTES: usize = 12;
/// Publishes that may wait for the disk.
const QUEUE_LENGTH: usize = 1_024;

/// Keeps the copy, on a thread of its own: no publish waits for the disk.
#[derive(Debug)]
pub(crate) struct StateFile {
    updates: Option<SyncSender<Vec<u8>>>,
    writer: Option<JoinHandle<()>>,
}

impl StateFile {
    /// Opens the folder, making it if need be, and answers what it holds.
    ///
    /// # Errors
    /// The folder cannot be made or written to.
    pub(crate) fn open(folder: &Path) -> io::Result<(Self, Option<proto::SnapshotUpdate>)> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let mut copy = Copy::read(folder.to_owned());
        // Starting with a complete state proves that the folder can be written to, and drops torn frames.
        copy.write_complete()?;
        let restored = copy.complete_update();
        let (updates, received) = sync_channel(QUEUE_LENGTH);
        let writer =
            std::thread::Builder::new().name("pointsman-state".into()).spawn(move || copy.run(&received))?;
        Ok((Self { updates: Some(updates), writer: Some(writer) }, restored))
    }

    /// Hands a published change over.
    pub(crate) fn append(&self, update: Vec<u8>) {
        if let Some(updates) = &self.updates
            && updates.send(update).is_err()
        {
            tracing::error!("the thread that keeps the routing state is gone");
        }
    }
}

impl Drop for StateFile {
    fn drop(&mut self) {
        self.updates.take();
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the thread that keeps the routing state panicked");
        }
    }
}

/// All changes folded into one.
struct Copy {
    folder: PathBuf,
    generation: u64,
    routers: BTreeMap<String, proto::RouterSnapshot>,
    models: BTreeMap<(String, String), proto::ModelSnapshot>,
    access: Option<proto::AccessTable>,
    signing_keys: Option<proto::SigningKeys>,
    entity_key: Vec<u8>,
    feedback_horizon_us: i64,
    changes: Option<File>,
    changes_bytes: u64,
}

impl Copy {
    fn read(folder: PathBuf) -> Self {
        let mut copy = Self {
            folder,
            generation: 0,
            routers: BTreeMap::new(),
            models: BTreeMap::new(),
            access: None,
            signing_keys: None,
            entity_key: Vec::new(),
            feedback_horizon_us: 0,
            changes: None,
            changes_bytes: 0,
        };
        for name in ["complete", "changes"] {
            for update in read_frames(&copy.folder.join(name)) {
                // A change that does not follow is left over from before the complete state was written.
                if update.complete || update.base_generation == copy.generation {
                    copy.fold(update);
                }
            }
        }
        copy
    }

    fn run(mut self, updates: &Receiver<Vec<u8>>) {
        while let Ok(bytes) = updates.recv() {
            if let Err(error) = self.keep(&bytes) {
                tracing::error!(%error, folder = %self.folder.display(), "the routing state cannot be kept");
                // The next change starts over with a complete state.
                self.changes = None;
            }
        }
    }

    fn keep(&mut self, bytes: &[u8]) -> io::Result<()> {
        let update = proto::SnapshotUpdate::decode(bytes).map_err(io::Error::other)?;
        let is_complete = update.complete;
        self.fold(update);
        match &mut self.changes {
            Some(changes) if !is_complete && self.changes_bytes < MAX_CHANGES_BYTES => {
                let frame = frame(bytes);
                self.changes_bytes += frame.len() as u64;
                changes.write_all(&frame)
            }
            _ => self.write_complete(),
        }
    }

    fn fold(&mut self, update: proto::SnapshotUpdate) {
        if update.complete {
            self.routers.clear();
            self.models.clear();
        }
        self.generation = update.generation;
        // In the order in which the snapshot applies them.
        for id in &update.deleted_routers {
            self.routers.remove(id);
        }
        for router in update.changed_routers {
            self.routers.insert(router.router_id.clone(), router);
        }
        for model in update.changed_models {
            self.models.insert((model.model_id.clone(), model.version.clone()), model);
        }
        for key in update.deleted_models {
            self.models.remove(&(key.model_id, key.version));
        }
        self.access = update.access.or(self.access.take());
        self.signing_keys = update.signing_keys.or(self.signing_keys.take());
        if !update.entity_key.is_empty() {
            self.entity_key = update.entity_key;
        }
        if update.feedback_horizon_us != 0 {
            self.feedback_horizon_us = update.feedback_horizon_us;
        }
    }

    /// The whole state as one change; none before anything was published.
    fn complete_update(&self) -> Option<proto::SnapshotUpdate> {
        let is_empty = self.generation == 0 && self.access.is_none();
        (!is_empty).then(|| proto::SnapshotUpdate {
            base_generation: 0,
            generation: self.generation,
            complete: true,
            changed_routers: self.routers.values().cloned().collect(),
            deleted_routers: Vec::new(),
            changed_models: self.models.values().cloned().collect(),
            deleted_models: Vec::new(),
            access: self.access.clone(),
            signing_keys: self.signing_keys.clone(),
            entity_key: self.entity_key.clone(),
            feedback_horizon_us: self.feedback_horizon_us,
        })
    }

    /// Writes the whole state beside the old one and puts it in its place, then starts over with changes.
    fn write_complete(&mut self) -> io::Result<()> {
        let next = self.folder.join("complete.next");
        let mut file = private().truncate(true).open(&next)?;
        if let Some(update) = self.complete_update() {
            file.write_all(&frame(&update.encode_to_vec()))?;
        }
        file.sync_data()?;
        fs::rename(&next, self.folder.join("complete"))?;
        File::open(&self.folder)?.sync_all()?;
        self.changes = Some(private().truncate(true).open(self.folder.join("changes"))?);
        self.changes_bytes = 0;
        Ok(())
    }
}

/// Files that hold key hashes and signing keys are nobody else's business.
pub(crate) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true).mode(0o600);
    options
}

pub(crate) fn frame(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let mut framed = Vec::with_capacity(FRAME_HEADER_BYTES + bytes.len());
    framed.extend_from_slice(&length.to_le_bytes());
    framed.extend_from_slice(&xxh3_64(bytes).to_le_bytes());
    framed.extend_from_slice(bytes);
    framed
}

/// Reads frames up to the first that is torn or damaged.
fn read_frames(path: &Path) -> Vec<proto::SnapshotUpdate> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
        Err(error) => {
            tracing::error!(%error, path = %path.display(), "the kept routing state cannot be read");
            return Vec::new();
        }
    };
    let mut rest = &bytes[..];
    let mut updates = Vec::new();
    while let Some((update, after)) = read_frame(rest) {
        updates.push(update);
        rest = after;
    }
    if !rest.is_empty() {
        tracing::warn!(path = %path.display(), bytes = rest.len(), "the kept routing state ends in a torn change");
    }
    updates
}

/// Reads a frame, and answers what comes after it; none where it is torn or damaged.
pub(crate) fn read_frame<M: Message + Default>(bytes: &[u8]) -> Option<(M, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (checksum, rest) = rest.split_first_chunk::<8>()?;
    let (body, after) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    (xxh3_64(body) == u64::from_le_bytes(*checksum)).then_some(())?;
    Some((M::decode(body).ok()?, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn router(router_id: &str) -> proto::RouterSnapshot {
        proto::RouterSnapshot { router_id: router_id.to_owned(), ..Default::default() }
    }

    fn change(base: u64, router_id: &str) -> Vec<u8> {
        let update = proto::SnapshotUpdate {
            base_generation: base,
            generation: base + 1,
            changed_routers: vec![router(router_id)],
            ..Default::default()
        };
        update.encode_to_vec()
    }

    fn names(update: Option<proto::SnapshotUpdate>) -> (u64, Vec<String>) {
        let update = update.unwrap();
        (update.generation, update.changed_routers.into_iter().map(|router| router.router_id).collect())
    }

    #[test]
    fn what_was_published_comes_back_and_a_torn_tail_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let (file, nothing) = StateFile::open(folder.path()).unwrap();
        assert!(nothing.is_none());
        for (base, id) in [(0, "a"), (1, "b"), (2, "c")] {
            file.append(change(base, id));
        }
        drop(file);
        let changes = folder.path().join("changes");
        let whole = fs::read(&changes).unwrap();
        for cut in [0, 1, 5, whole.len() / 3] {
            fs::write(&changes, &whole[..whole.len() - cut]).unwrap();
            fs::write(folder.path().join("complete"), b"").unwrap();
            let restored = Copy::read(folder.path().to_owned()).complete_update();
            let expected = if cut == 0 { (3, vec!["a", "b", "c"]) } else { (2, vec!["a", "b"]) };
            let (generation, ids) = names(restored);
            assert_eq!((generation, ids.iter().map(String::as_str).collect()), expected, "cut {cut}");
        }
    }

    #[test]
    fn a_complete_state_takes_the_place_of_what_was_before() {
        let folder = tempfile::tempdir().unwrap();
        let (file, _) = StateFile::open(folder.path()).unwrap();
        file.append(change(0, "old"));
        let first =
            proto::SnapshotUpdate { entity_key: vec![7; 32], feedback_horizon_us: 60, ..Default::default() };
        file.append(first.encode_to_vec());
        let complete = proto::SnapshotUpdate {
            complete: true,
            generation: 9,
            changed_routers: vec![router("new")],
            ..Default::default()
        };
        file.append(complete.encode_to_vec());
        drop(file);
        let (_, restored) = StateFile::open(folder.path()).unwrap();
        let kept = restored.as_ref().map(|update| (update.entity_key.len(), update.feedback_horizon_us));
        assert_eq!(kept, Some((32, 60)), "keys and horizon stay until they are published anew");
        assert_eq!(names(restored), (9, vec!["new".to_owned()]));
    }
}
