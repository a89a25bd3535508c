//! Threads that last as long as a piece of work, and work that must not take the processor from calls.

use std::{panic::resume_unwind, thread};

/// As nice as batch work is by custom; calls come first wherever both want the processor.
const NICENESS: i32 = 15;

/// Gives the calling thread a low priority.
pub(crate) fn lower_priority() {
    // On Linux the priority is a thread's own. Elsewhere it is the process's, and is left alone.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        tracing::warn!(%error, "a thread of the lake keeps its priority");
    }
}

/// Does a piece of work in a thread of low priority.
pub(crate) fn at_low_priority<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        let working = scope.spawn(|| {
            lower_priority();
            work()
        });
        working.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
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
