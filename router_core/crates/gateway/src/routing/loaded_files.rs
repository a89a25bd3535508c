//! Files that are loaded once each, while others load and everyone may ask what is there.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

/// What files were loaded into, as long as it is in use; by what they are known by.
#[derive(Debug)]
pub(crate) struct LoadedFiles<K, T> {
    known: Mutex<HashMap<K, File<T>>>,
}

/// What is known of a file.
#[derive(Debug)]
struct File<T> {
    /// Held by whoever loads the file: loading takes long, and nobody but the file's other users may wait for it.
    turn: Arc<Mutex<()>>,
    loaded: Weak<T>,
}

impl<K: Clone + Eq + Hash, T> LoadedFiles<K, T> {
    /// What a file was loaded into, if it is in use and `usable`; else it is loaded, by one user at a time.
    pub(crate) fn get(&self, key: &K, usable: impl Fn(&T) -> bool, load: impl FnOnce() -> T) -> Arc<T> {
        let turn = self.turn(key);
        let _turn = lock(&turn);
        if let Some(loaded) = self.loaded(key).filter(|loaded| usable(loaded)) {
            return loaded;
        }
        let made = Arc::new(load());
        if let Some(file) = lock(&self.known).get_mut(key) {
            file.loaded = Arc::downgrade(&made);
        }
        made
    }

    /// Everything in use; a file that is being loaded is not among it yet.
    pub(crate) fn all(&self) -> Vec<Arc<T>> {
        lock(&self.known).values().filter_map(|file| file.loaded.upgrade()).collect()
    }

    /// Whose turn it is with a file. Files that nobody uses or waits for are forgotten.
    fn turn(&self, key: &K) -> Arc<Mutex<()>> {
        let mut known = lock(&self.known);
        known.retain(|_, file| file.loaded.strong_count() > 0 || Arc::strong_count(&file.turn) > 1);
        let file =
            known.entry(key.clone()).or_insert_with(|| File { turn: Arc::default(), loaded: Weak::new() });
        file.turn.clone()
    }

    /// What a file was loaded into, if it is in use.
    pub(crate) fn loaded(&self, key: &K) -> Option<Arc<T>> {
        lock(&self.known).get(key)?.loaded.upgrade()
    }
}

impl<K, T> Default for LoadedFiles<K, T> {
    fn default() -> Self {
        Self { known: Mutex::default() }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, thread, time::Duration};

    use super::*;

    /// Only a failing test waits as long.
    const PATIENCE: Duration = Duration::from_secs(10);

    fn path(text: &str) -> Arc<str> {
        text.into()
    }

    fn is_ok(loaded: &Result<u8, ()>) -> bool {
        loaded.is_ok()
    }

    #[test]
    fn nobody_but_users_of_the_same_file_waits_for_its_load() {
        let files = LoadedFiles::<Arc<str>, Result<u8, ()>>::default();
        let (started, is_started) = mpsc::channel();
        let (release, is_released) = mpsc::channel();
        thread::scope(|scope| {
            let files = &files;
            let first = scope.spawn(move || {
                files.get(&path("large"), is_ok, || {
                    started.send(()).unwrap();
                    is_released.recv_timeout(PATIENCE).map_err(|_| ())
                })
            });
            is_started.recv_timeout(PATIENCE).unwrap();
            assert!(files.all().is_empty());
            let other = files.get(&path("small"), is_ok, || Ok(2));
            assert_eq!(files.all(), [other]);
            // Whether it comes while the file is being loaded or after: it is given the same.
            let second = scope.spawn(move || files.get(&path("large"), is_ok, || Err(())));
            release.send(1).unwrap();
            let (first, second) = (first.join().unwrap(), second.join().unwrap());
            assert_eq!(*first, Ok(1), "the load was released only after the others had been answered");
            assert!(Arc::ptr_eq(&first, &second));
        });
    }

    #[test]
    fn a_file_that_failed_is_tried_again() {
        let files = LoadedFiles::<Arc<str>, Result<u8, ()>>::default();
        let failed = files.get(&path("a"), is_ok, || Err(()));
        assert_eq!(files.all(), std::slice::from_ref(&failed));
        let loaded = files.get(&path("a"), is_ok, || Ok(1));
        assert_eq!((&*failed, &*loaded), (&Err(()), &Ok(1)));
        assert_eq!(files.all(), [loaded]);
    }

    #[test]
    fn a_file_that_nobody_uses_is_forgotten() {
        let files = LoadedFiles::<Arc<str>, Result<u8, ()>>::default();
        drop(files.get(&path("a"), is_ok, || Ok(1)));
        assert!(files.all().is_empty());
        let again = files.get(&path("b"), is_ok, || Ok(2));
        assert_eq!((files.all(), lock(&files.known).len()), (vec![again], 1));
    }
}
