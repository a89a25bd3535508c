//! A thread that leaves its processor idle every other moment while others want it.

use std::io;

use pyo3::prelude::*;

/// Short rests of the thread that began them, until they are ended.
///
/// To be nice is not enough beside calls on few processors. The scheduler takes waiting threads to a processor that
/// falls idle; one that always has something to do, however nice, gets none, and what serves calls queues on the others.
#[pyclass(frozen)]
pub(crate) struct Pacing {
    timer: system::Timer,
}

#[pymethods]
impl Pacing {
    /// Ends the rests; does nothing the second time.
    fn end(&self) {
        self.timer.end();
    }
}

/// Has the calling thread rest most of the time for as long as others want its processor.
#[pyfunction]
pub(crate) fn begin_pacing() -> io::Result<Pacing> {
    Ok(Pacing { timer: system::Timer::begin()? })
}

#[cfg(target_os = "linux")]
mod system {
    use std::{
        ffi::{c_int, c_long},
        io, mem, ptr,
        sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering},
        time::Duration,
    };

    /// How long the thread works, and then rests. Calls are answered within a millisecond: for a longer turn one of a
    /// hundred would wait.
    const TURN: Duration = Duration::from_micros(250);
    const REST: Duration = Duration::from_micros(250);
    /// So many rests follow when another thread took the processor.
    const RESTS: u32 = 40;

    /// Whether a timer runs, for its handler has one memory. Taken by the thread that begins, given back by whoever ends.
    static TAKEN: AtomicBool = AtomicBool::new(false);
    static DEMAND: Demand = Demand::new();

    /// Whether others want the processor. Only the handler writes it, and handlers of one signal do not interrupt each other.
    struct Demand {
        /// How often the system had taken the processor from the thread when it was last asked. Relaxed suffices: handlers
        /// come one after the other, in one thread.
        interruptions: AtomicI64,
        /// How many rests are left; Relaxed for the same reason.
        rests: AtomicU32,
    }

    impl Demand {
        const fn new() -> Self {
            Self { interruptions: AtomicI64::new(0), rests: AtomicU32::new(0) }
        }

        /// Whether the thread is to rest, of which the system took the processor so often so far.
        fn asks_for_rest(&self, interruptions: c_long) -> bool {
            if self.interruptions.swap(interruptions, Ordering::Relaxed) != interruptions {
                self.rests.store(RESTS, Ordering::Relaxed);
            }
            let left = self.rests.load(Ordering::Relaxed);
            self.rests.store(left.saturating_sub(1), Ordering::Relaxed);
            left > 0
        }
    }

    /// A timer that interrupts the thread that made it.
    pub(super) struct Timer {
        id: libc::timer_t,
        /// Whether the id still names this timer. Any thread may end it; the one that swaps true away deletes it, and nobody
        /// uses the id after that.
        is_running: AtomicBool,
    }

    #[expect(unsafe_code, reason = "the id names a timer of the process, whichever thread says it")]
    // SAFETY: timer ids are numbers to the system; `timer_delete` may be called by any thread.
    unsafe impl Send for Timer {}
    #[expect(unsafe_code, reason = "the id names a timer of the process, whichever thread says it")]
    // SAFETY: `is_running` lets one caller alone delete it.
    unsafe impl Sync for Timer {}

    impl Timer {
        /// Begins to interrupt the calling thread.
        ///
        /// # Errors
        /// A thread of this process is paced already, another part of it handles the signal, or the system refuses.
        pub(super) fn begin() -> io::Result<Self> {
            if TAKEN.swap(true, Ordering::Acquire) {
                return Err(io::Error::other("a thread of this process is paced already"));
            }
            let made = install_handler().and_then(|()| start_timer());
            match made {
                Ok(id) => Ok(Self { id, is_running: AtomicBool::new(true) }),
                Err(error) => {
                    TAKEN.store(false, Ordering::Release);
                    Err(error)
                }
            }
        }

        /// Ends the interruptions.
        pub(super) fn end(&self) {
            if self.is_running.swap(false, Ordering::AcqRel) {
                #[expect(unsafe_code, reason = "the standard library has no timers that interrupt")]
                // SAFETY: the id is that of a timer that was made and not deleted: nobody else gets here.
                unsafe {
                    libc::timer_delete(self.id);
                }
                TAKEN.store(false, Ordering::Release);
            }
        }
    }

    impl Drop for Timer {
        fn drop(&mut self) {
            self.end();
        }
    }

    /// One that nothing else of this process uses: libraries take the first ones.
    fn signal() -> c_int {
        libc::SIGRTMIN() + 7
    }

    /// It stays for as long as the process lives, for a signal may be on its way when its timer is deleted.
    fn install_handler() -> io::Result<()> {
        let rest: extern "C" fn(c_int) = rest;
        #[expect(unsafe_code, reason = "the standard library handles no signals")]
        // SAFETY: both structures live until the calls return, and zeros are right for what is not set; the handler only
        // makes system calls that may be made in one, and keeps `errno`.
        unsafe {
            let mut before: libc::sigaction = mem::zeroed();
            checked(libc::sigaction(signal(), ptr::null(), &raw mut before))?;
            if before.sa_sigaction != libc::SIG_DFL && before.sa_sigaction != rest as usize {
                return Err(io::Error::other("another part of this process handles the signal"));
            }
            let mut action: libc::sigaction = mem::zeroed();
            action.sa_sigaction = rest as usize;
            // What the thread waits for goes on after a rest.
            action.sa_flags = libc::SA_RESTART;
            checked(libc::sigaction(signal(), &raw const action, ptr::null_mut()))
        }
    }

    fn start_timer() -> io::Result<libc::timer_t> {
        let between = libc::timespec { tv_sec: 0, tv_nsec: nanos(TURN + REST) };
        let times = libc::itimerspec { it_interval: between, it_value: between };
        #[expect(unsafe_code, reason = "the standard library has no timers that interrupt")]
        // SAFETY: all structures live until the calls return, and zeros are right for what is not set.
        unsafe {
            let mut event: libc::sigevent = mem::zeroed();
            event.sigev_notify = libc::SIGEV_THREAD_ID;
            event.sigev_signo = signal();
            event.sigev_notify_thread_id = libc::gettid();
            let mut id: libc::timer_t = mem::zeroed();
            checked(libc::timer_create(libc::CLOCK_MONOTONIC, &raw mut event, &raw mut id))?;
            if let Err(error) = checked(libc::timer_settime(id, 0, &raw const times, ptr::null_mut())) {
                libc::timer_delete(id);
                return Err(error);
            }
            Ok(id)
        }
    }

    /// Runs in the thread, between any two of its instructions.
    extern "C" fn rest(_: c_int) {
        #[expect(unsafe_code, reason = "what may be called in a handler are the system's own calls")]
        // SAFETY: the calls are the system's, with structures that live until they return; `errno` is this thread's.
        unsafe {
            let errno = *libc::__errno_location();
            let mut usage: libc::rusage = mem::zeroed();
            libc::getrusage(libc::RUSAGE_THREAD, &raw mut usage);
            if DEMAND.asks_for_rest(usage.ru_nivcsw) {
                let time = libc::timespec { tv_sec: 0, tv_nsec: nanos(REST) };
                libc::nanosleep(&raw const time, ptr::null_mut());
            }
            *libc::__errno_location() = errno;
        }
    }

    const fn nanos(time: Duration) -> c_long {
        time.subsec_nanos() as c_long
    }

    fn checked(code: c_int) -> io::Result<()> {
        if code == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    #[cfg(test)]
    mod tests {
        use std::{hint, thread};

        use super::*;

        #[test]
        fn a_thread_rests_after_it_lost_its_processor_and_works_on_when_it_is_left_alone() {
            let demand = Demand::new();
            assert!(!demand.asks_for_rest(0), "nobody took the processor");
            let rests = (0..1_000).filter(|_| demand.asks_for_rest(1)).count();
            assert_eq!(rests, RESTS as usize, "rests after it was taken once");
            assert!(demand.asks_for_rest(2), "it was taken again");
        }

        #[test]
        fn one_thread_of_a_process_is_paced_until_that_ends() {
            let timer = Timer::begin().unwrap();
            let refused = Timer::begin().err().unwrap();
            assert_eq!(refused.to_string(), "a thread of this process is paced already");
            // Beside threads that want all processors it rests, which is to give its own up unasked.
            let before = given_up();
            let has_ended = AtomicBool::new(false);
            thread::scope(|scope| {
                for _ in 0..2 * thread::available_parallelism().unwrap().get() {
                    scope.spawn(|| {
                        while !has_ended.load(Ordering::Relaxed) {
                            hint::spin_loop()
                        }
                    });
                }
                while given_up() < before + 10 {}
                has_ended.store(true, Ordering::Relaxed);
            });
            timer.end();
            timer.end();
            drop(Timer::begin().unwrap());
            drop(Timer::begin().unwrap());
        }

        /// How often the calling thread gave its processor up.
        fn given_up() -> c_long {
            #[expect(unsafe_code, reason = "the standard library does not tell")]
            // SAFETY: the structure lives until the call returns.
            unsafe {
                let mut usage: libc::rusage = mem::zeroed();
                libc::getrusage(libc::RUSAGE_THREAD, &raw mut usage);
                usage.ru_nvcsw
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::io;

    /// Nothing: other systems keep their own balance.
    pub(super) struct Timer;

    impl Timer {
        pub(super) fn begin() -> io::Result<Self> {
            Ok(Self)
        }

        pub(super) fn end(&self) {}
    }
}
