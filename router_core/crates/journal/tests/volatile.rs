//! The file layer that forgets: what was not synced is not on the disk, and what was is.
#![cfg(feature = "fault-injection")]
#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use std::{io::Read, path::Path, sync::Arc, time::Duration};

use pointsman_journal::{
    Entry, JournalFolder, Log, LogSettings,
    files::{Files, RealFiles, VolatileFiles},
    read_feedback,
};
use pointsman_wire::generated::pointsman_v1 as proto;

fn on_disk(path: &Path) -> Option<Vec<u8>> {
    std::fs::read(path).ok()
}

fn seen(files: &VolatileFiles, path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    files.read(path).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

#[test]
fn bytes_need_the_files_sync_and_names_the_folders() {
    let folder = tempfile::tempdir().unwrap();
    let (files, path) = (VolatileFiles::default(), folder.path().join("f"));
    let mut file = files.create(&path).unwrap();
    file.write_all(b"one").unwrap();
    file.sync_data().unwrap();
    assert_eq!((on_disk(&path), seen(&files, &path)), (None, b"one".to_vec()));
    files.sync_folder(folder.path()).unwrap();
    assert_eq!(on_disk(&path).unwrap(), b"one");
    file.write_all(b"two").unwrap();
    assert_eq!((on_disk(&path).unwrap(), seen(&files, &path)), (b"one".to_vec(), b"onetwo".to_vec()));
    file.sync_data().unwrap();
    assert_eq!(on_disk(&path).unwrap(), b"onetwo");
}

#[test]
fn a_rename_and_a_removal_need_the_folders_sync() {
    let folder = tempfile::tempdir().unwrap();
    let (files, from, to) = (VolatileFiles::default(), folder.path().join("a"), folder.path().join("b"));
    std::fs::write(&to, b"old").unwrap();
    let mut file = files.create(&from).unwrap();
    file.write_all(b"new").unwrap();
    files.rename(&from, &to).unwrap();
    assert_eq!((on_disk(&to).unwrap(), seen(&files, &to)), (b"old".to_vec(), b"new".to_vec()));
    files.sync_folder(folder.path()).unwrap();
    assert_eq!(on_disk(&to).unwrap(), b"", "the name is durable, the bytes are not");
    file.sync_data().unwrap();
    assert_eq!(on_disk(&to).unwrap(), b"new");
    files.remove(&to).unwrap();
    assert_eq!(files.list(folder.path()).unwrap(), Vec::<String>::new());
    assert!(on_disk(&to).is_some());
    files.sync_folder(folder.path()).unwrap();
    assert!(on_disk(&to).is_none());
}

#[test]
fn what_a_log_acknowledged_is_on_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let settings = LogSettings {
        name: "test",
        segment_bytes: 512,
        seal_after: None,
        sync_ceiling: Duration::from_millis(10),
        queue_length: 64,
        max_bytes: 1 << 30,
    };
    let files: Arc<dyn Files> = Arc::new(VolatileFiles::default());
    let owned = JournalFolder::open(&*files, path, "0123456789abcdef0123456789abcdef").unwrap();
    let log = Log::open(files, owned, settings.clone()).unwrap();
    for row in 0..50 {
        let entry = proto::FeedbackEntry { row, ..Default::default() };
        log.commit(Entry::Feedback(Box::new(entry))).wait().unwrap();
        // Another process after a power cut: it sees the disk alone.
        let copy = tempfile::tempdir().unwrap();
        for name in RealFiles.list(path).unwrap() {
            std::fs::copy(path.join(&name), copy.path().join(&name)).unwrap();
        }
        let files: Arc<dyn Files> = Arc::new(RealFiles);
        let owned = JournalFolder::open(&*files, copy.path(), "f").unwrap();
        assert_eq!(&*owned.id(), "0123456789abcdef0123456789abcdef");
        let after = Log::open(files, owned, settings.clone()).unwrap();
        let batch = read_feedback(&after, 0, usize::MAX, Duration::ZERO).unwrap();
        assert_eq!(batch.entries.len() as u32, row + 1);
    }
}
