//! The log of calls: every one at level debug, failures of ours and of backends as warnings, few of each kind.

use std::{cell::RefCell, collections::HashMap};

use http::HeaderValue;
use pointsman_policy::Reason;
use tokio::time::{Duration, Instant};
use tonic::Code;

use crate::messages::status::code_name;

/// An outage fails thousands of calls alike: a thread writes the first warning of a router and code, then one in this
/// time with the number of those that it left out.
const WARNING_INTERVAL: Duration = Duration::from_secs(10);

/// In the place of a router, for calls that came to none.
const UNDECIDED: &str = "";

/// A finished call, in the names of the OpenTelemetry conventions. What it asked and was answered is not said.
pub(crate) struct CallEnd<'a> {
    pub(crate) request_id: &'a HeaderValue,
    pub(crate) router: &'a str,
    pub(crate) variant: &'a str,
    pub(crate) reason: Reason,
    pub(crate) generation: u64,
    pub(crate) code: Code,
    pub(crate) overhead: Duration,
    pub(crate) backend: Option<Duration>,
}

/// Both levels say the same of a call; a level must be known when the program is compiled.
macro_rules! write_call {
    ($level:expr, $end:expr, $suppressed:expr, $message:literal) => {
        tracing::event!(
            $level,
            feature_flag.key = $end.router,
            feature_flag.result.variant = $end.variant,
            feature_flag.result.reason = $end.reason.as_str(),
            rpc.grpc.status = code_name($end.code as usize),
            rpc.grpc.status_code = $end.code as i32,
            request_id = $end.request_id.to_str().unwrap_or_default(),
            generation = $end.generation,
            overhead_seconds = $end.overhead.as_secs_f64(),
            backend_seconds = $end.backend.map(|backend| backend.as_secs_f64()),
            suppressed = $suppressed,
            $message
        )
    };
}

/// What was written and left out of one router and code.
#[derive(Debug)]
struct Warned {
    code: Code,
    last: Instant,
    suppressed: u64,
}

/// A thread's log of calls.
#[derive(Debug, Default)]
pub(crate) struct CallLog {
    /// By router: one for each code that it fails with. There are no more routers in it than are published, but for
    /// the time of a warning.
    warned: RefCell<HashMap<Box<str>, Vec<Warned>>>,
}

impl CallLog {
    pub(crate) fn write(&self, end: &CallEnd<'_>) {
        if is_failure(end.code) {
            if let Some(suppressed) = self.admit(end.router, end.code) {
                write_call!(tracing::Level::WARN, end, suppressed, "call failed");
            }
            return;
        }
        write_call!(tracing::Level::DEBUG, end, 0, "call");
    }

    /// Writes that a call failed before it was decided which variant gets it: nobody else tells of it. Of each code, by the same
    /// pace as for a router.
    ///
    /// # Arguments
    /// * `method` - The path that was called, as far as it is one of ours; callers can make up any.
    /// * `reason` - What the caller is told.
    pub(crate) fn write_undecided(&self, method: &str, code: Code, reason: &str) {
        if !is_failure(code) {
            return;
        }
        if let Some(suppressed) = self.admit(UNDECIDED, code) {
            tracing::warn!(
                rpc.method = method,
                rpc.grpc.status = code_name(code as usize),
                rpc.grpc.status_code = code as i32,
                reason,
                suppressed,
                "call failed"
            );
        }
    }

    /// Says how many warnings were left out and not told since, so that an outage's end does not hide them, and
    /// forgets what is over.
    pub(crate) fn tell_suppressed(&self) {
        self.forget(|router, Warned { code, suppressed, .. }| {
            tracing::warn!(
                feature_flag.key = router,
                rpc.grpc.status = code_name(*code as usize),
                rpc.grpc.status_code = *code as i32,
                suppressed,
                "more calls failed"
            );
        });
    }

    /// Whether one more warning may be written, and how many were not since the last.
    fn admit(&self, router: &str, code: Code) -> Option<u64> {
        let now = Instant::now();
        let mut warned = self.warned.borrow_mut();
        let Some(of_router) = warned.get_mut(router) else {
            warned.insert(router.into(), vec![Warned { code, last: now, suppressed: 0 }]);
            return Some(0);
        };
        let Some(before) = of_router.iter_mut().find(|warned| warned.code == code) else {
            of_router.push(Warned { code, last: now, suppressed: 0 });
            return Some(0);
        };
        if now.duration_since(before.last) < WARNING_INTERVAL {
            before.suppressed += 1;
            return None;
        }
        before.last = now;
        Some(std::mem::take(&mut before.suppressed))
    }

    /// Forgets what may be warned of again anyway; tells of it first what was left out.
    fn forget(&self, mut tell: impl FnMut(&str, &Warned)) {
        self.warned.borrow_mut().retain(|router, of_router| {
            of_router.retain(|warned| {
                let is_over = warned.last.elapsed() >= WARNING_INTERVAL;
                if is_over && warned.suppressed > 0 {
                    tell(router, warned);
                }
                !is_over
            });
            !of_router.is_empty()
        });
    }
}

/// Failures that an operator can do something about; a caller's own mistakes are the caller's.
const fn is_failure(code: Code) -> bool {
    matches!(
        code,
        Code::Unknown
            | Code::DeadlineExceeded
            | Code::ResourceExhausted
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_first_warning_is_written_and_further_ones_are_counted_and_told_later() {
        let log = CallLog::default();
        let admitted = (0..25).filter(|_| log.admit("cancer", Code::Unavailable).is_some()).count();
        assert_eq!(admitted, 1);
        tokio::time::advance(WARNING_INTERVAL).await;
        assert_eq!(log.admit("cancer", Code::Unavailable), Some(24));
        assert_eq!(log.admit("cancer", Code::Unavailable), None);
        tokio::time::advance(WARNING_INTERVAL).await;
        assert_eq!(log.admit("cancer", Code::Unavailable), Some(1));
    }

    #[tokio::test(start_paused = true)]
    async fn one_routers_outage_hides_neither_another_router_nor_another_code() {
        let log = CallLog::default();
        assert_eq!(log.admit("cancer", Code::Unavailable), Some(0));
        assert_eq!(log.admit("loans", Code::Unavailable), Some(0));
        assert_eq!(log.admit("cancer", Code::Internal), Some(0));
        assert_eq!(log.admit("cancer", Code::Unavailable), None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_left_out_at_the_end_of_an_outage_is_told_once() {
        let log = CallLog::default();
        for _ in 0..5 {
            log.admit("cancer", Code::Unavailable);
        }
        log.admit("loans", Code::Unavailable);
        let mut told = Vec::new();
        log.forget(|router, warned| told.push((router.to_owned(), warned.suppressed)));
        assert_eq!(told, []);
        tokio::time::advance(WARNING_INTERVAL).await;
        log.forget(|router, warned| told.push((router.to_owned(), warned.suppressed)));
        log.forget(|router, warned| told.push((router.to_owned(), warned.suppressed)));
        assert_eq!(told, [("cancer".to_owned(), 4)]);
        assert!(log.warned.borrow().is_empty());
    }
}
