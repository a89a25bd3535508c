//! The log of calls: every one at level debug, failures of ours and of backends as warnings, a few each second.

use std::cell::Cell;

use http::HeaderValue;
use pointsman_policy::Reason;
use tokio::time::{Duration, Instant};
use tonic::Code;

/// An outage fails thousands of calls alike: a thread writes so many warnings a second and counts the rest.
const WARNINGS_PER_SECOND: u32 = 10;

/// A finished call, in the names of the OpenTelemetry conventions.
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
            request_id = $end.request_id.to_str().unwrap_or_default(),
            feature_flag.key = $end.router,
            feature_flag.result.variant = $end.variant,
            feature_flag.result.reason = $end.reason.as_str(),
            rpc.grpc.status_code = $end.code as i32,
            generation = $end.generation,
            overhead_seconds = $end.overhead.as_secs_f64(),
            backend_seconds = $end.backend.map(|backend| backend.as_secs_f64()),
            suppressed = $suppressed,
            $message
        )
    };
}

/// A thread's log of calls.
#[derive(Debug)]
pub(crate) struct CallLog {
    second: Cell<Instant>,
    written: Cell<u32>,
    suppressed: Cell<u64>,
}

impl CallLog {
    pub(crate) fn new() -> Self {
        Self { second: Cell::new(Instant::now()), written: Cell::new(0), suppressed: Cell::new(0) }
    }

    pub(crate) fn write(&self, end: &CallEnd<'_>) {
        if is_failure(end.code) {
            if let Some(suppressed) = self.admit() {
                write_call!(tracing::Level::WARN, end, suppressed, "call failed");
            }
            return;
        }
        write_call!(tracing::Level::DEBUG, end, 0, "call");
    }

    /// Whether one more warning may be written, and how many were not since the last.
    fn admit(&self) -> Option<u64> {
        if self.second.get().elapsed() >= Duration::from_secs(1) {
            self.second.set(Instant::now());
            self.written.set(0);
        }
        if self.written.get() >= WARNINGS_PER_SECOND {
            self.suppressed.set(self.suppressed.get() + 1);
            return None;
        }
        self.written.set(self.written.get() + 1);
        Some(self.suppressed.take())
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
    async fn warnings_beyond_the_limit_are_counted_and_told_later() {
        let log = CallLog::new();
        let admitted = (0..25).filter(|_| log.admit().is_some()).count();
        assert_eq!(admitted, 10);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(log.admit(), Some(15));
        assert_eq!(log.admit(), Some(0));
    }
}
