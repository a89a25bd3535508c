//! The same work in several threads.

use std::{
    panic::resume_unwind,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

/// Threads that read files of a query at most.
const MAX_THREADS: usize = 8;

/// Sums files up in so many threads, each of which takes the next file when it is done with one: answers one sum a
/// thread, or why a file could not be added.
pub(crate) fn sum_files<T: Send, E: Send>(
    paths: &[String],
    thread_count: u32,
    empty: impl Fn() -> T + Sync,
    add: impl Fn(&mut T, &str) -> Result<(), E> + Sync,
) -> Vec<Result<T, E>> {
    // The next path. Each thread takes it and adds in one step: no path is taken twice, whatever the ordering. The sums come
    // to the caller by the threads' ends.
    let next = AtomicUsize::new(0);
    let work = || {
        let mut sum = empty();
        while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
            add(&mut sum, path)?;
        }
        Ok(sum)
    };
    on_threads((thread_count as usize).clamp(1, MAX_THREADS), work)
}

/// Does the same work in so many threads, of which the calling one is the last; answers what each of them did.
pub(crate) fn on_threads<T: Send>(count: usize, work: impl Fn() -> T + Sync) -> Vec<T> {
    thread::scope(|scope| {
        let others: Vec<_> = (1..count).map(|_| scope.spawn(&work)).collect();
        let own = work();
        let others =
            others.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
        others.chain([own]).collect()
    })
}
