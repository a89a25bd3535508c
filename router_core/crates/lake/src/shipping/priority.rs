//! Work that must not take the processor from calls.

use std::{
    panic::resume_unwind,
    thread,
    time::{Duration, Instant},
};

use crate::error::LakeError;

/// How much a piece of work matters beside calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Priority {
    /// It gets a small share of a busy processor.
    Low,
    /// It gives way at once to whatever wants the processor, and may rest for as long as the processor is busy.
    Idle,
}

/// A turn of work, after which its priority may be another.
const TURN: Duration = Duration::from_secs(1);

/// Does a piece of work by turns: while the processor is idle, or at low priority when it is urgent or takes longer
/// than some patience. `work` goes on until a time and answers whether there is more to do.
///
/// # Errors
/// Those of the work, or the system gives no thread.
pub(crate) fn work_by_turns(
    patience: Duration,
    is_urgent: impl Fn() -> bool,
    mut work: impl FnMut(Instant) -> Result<bool, LakeError> + Send,
) -> Result<(), LakeError> {
    let patient_until = Instant::now() + patience;
    loop {
        let is_urgent = Instant::now() > patient_until || is_urgent();
        let priority = if is_urgent { Priority::Low } else { Priority::Idle };
        if !at_priority(priority, || work(Instant::now() + TURN))?? {
            return Ok(());
        }
    }
}

/// Does a piece of work in a thread of its own: without privileges, no thread gets back a priority that it gave up.
///
/// # Errors
/// The system gives no thread.
pub(crate) fn at_priority<T: Send>(
    priority: Priority,
    work: impl FnOnce() -> T + Send,
) -> Result<T, LakeError> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("pointsman-lake".to_owned());
        let working = thread.spawn_scoped(scope, || {
            system::give_up(priority);
            work()
        });
        let worked = working.map_err(LakeError::Thread)?.join();
        Ok(worked.unwrap_or_else(|panic| resume_unwind(panic)))
    })
}

/// Lowers the priority of the calling thread for good.
pub fn lower_priority() {
    system::give_up(Priority::Low);
}

#[cfg(target_os = "linux")]
mod system {
    use std::{io, sync::Once};

    use super::Priority;

    /// As nice as batch work is by custom.
    const NICENESS: i32 = 15;

    /// Lowers the priority of the calling thread.
    pub(crate) fn give_up(priority: Priority) {
        static WARNING: Once = Once::new();
        let given_up = match priority {
            Priority::Low => rustix::process::setpriority_process(None, NICENESS).map_err(io::Error::from),
            Priority::Idle => become_idle(),
        };
        if let Err(error) = given_up {
            WARNING.call_once(|| tracing::warn!(%error, "threads beside calls keep their priority"));
        }
    }

    /// A nice thread runs to the end of its slice before a call gets its turn; an idle one is put aside at once.
    #[expect(unsafe_code, reason = "no library that is kept has the call without a change of niceness")]
    fn become_idle() -> io::Result<()> {
        let parameters = libc::sched_param { sched_priority: 0 };
        // SAFETY: the call is about this thread, and reads one structure, which lives until it returns.
        let code = unsafe {
            libc::pthread_setschedparam(libc::pthread_self(), libc::SCHED_IDLE, &raw const parameters)
        };
        if code == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(code)) }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    /// A priority is the process's here, and is left alone.
    pub(crate) fn give_up(_: super::Priority) {}
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #![expect(clippy::unwrap_used, reason = "what cannot be read fails the test")]

    use std::fs;

    use super::*;

    /// The niceness and the policy of the calling thread.
    fn schedule() -> (i32, i32) {
        let text = fs::read_to_string("/proc/thread-self/stat").unwrap();
        let fields: Vec<&str> = text.rsplit(')').next().unwrap().split_whitespace().collect();
        (fields[16].parse().unwrap(), fields[38].parse().unwrap())
    }

    #[test]
    fn work_gives_up_its_priority_and_the_caller_keeps_its_own() {
        let own = schedule();
        assert_eq!(at_priority(Priority::Low, schedule).unwrap(), (15, own.1));
        assert_eq!(at_priority(Priority::Idle, schedule).unwrap(), (own.0, libc::SCHED_IDLE));
        assert_eq!(schedule(), own);
    }

    #[test]
    #[should_panic(expected = "of the work")]
    fn a_panic_is_the_callers() {
        let _ = at_priority(Priority::Low, || panic!("of the work"));
    }
}
