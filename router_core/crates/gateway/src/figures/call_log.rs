//! The log of calls: every one at level debug, failures of ours and of backends as warnings, few of each kind.

use std::{cell::RefCell, collections::HashMap};

use http::HeaderValue;
use pointsman_policy::Reason;
use tokio::time::{Duration, Instant};
use tonic::Code;

use crate::{log_lines::is_unseen, messages::status::code_name};

/// An outage fails thousands of calls alike: a thread writes the first warning of a router and code, then one in this
/// time with the number of those that it left out.
const WARNING_INTERVAL: Duration = Duration::from_secs(10);

/// A backend that many routers share fails all of them: of one code a thread writes so many lines in that time, whatever the
/// number of routers, and one more with the number of those that it left out.
const MOST_LINES: usize = 100;

/// A reason is cut behind so many characters.
const MOST_REASON_CHARS: usize = 300;

/// In the place of a router, for calls that came to none.
const UNDECIDED: &str = "";

/// A finished call, in the names of the OpenTelemetry conventions. What it asked and was answered is not said.
pub(crate) struct CallEnd<'a> {
    pub(crate) request_id: &'a HeaderValue,
    pub(crate) router: &'a str,
    pub(crate) variant: &'a str,
    /// The target or the file that was asked, or would have been.
    pub(crate) backend: &'a str,
    /// Why it got that variant.
    pub(crate) decided_by: Reason,
    pub(crate) generation: u64,
    pub(crate) code: Code,
    /// Why it failed; empty when it did not.
    pub(crate) reason: &'a str,
    pub(crate) overhead: Duration,
    pub(crate) backend_time: Option<Duration>,
}

/// Both levels say the same of a call; a level must be known when the program is compiled.
macro_rules! write_call {
    ($level:expr, $end:expr, $reason:expr, $suppressed:expr, $message:literal) => {
        tracing::event!(
            $level,
            feature_flag.key = $end.router,
            feature_flag.result.variant = $end.variant,
            feature_flag.result.reason = $end.decided_by.as_str(),
            backend = $end.backend,
            rpc.grpc.status = code_name($end.code as usize),
            rpc.grpc.status_code = $end.code as i32,
            reason = $reason,
            request_id = $end.request_id.to_str().unwrap_or_default(),
            generation = $end.generation,
            overhead_seconds = $end.overhead.as_secs_f64(),
            backend_seconds = $end.backend_time.map(|backend| backend.as_secs_f64()),
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

/// What was written and left out of one code, over all routers.
#[derive(Debug)]
struct Period {
    code: Code,
    since: Instant,
    written: usize,
    /// Calls that no other line counts.
    left_out: u64,
}

/// A thread's log of calls.
#[derive(Debug, Default)]
pub(crate) struct CallLog {
    /// One for each code that calls fail with.
    periods: RefCell<Vec<Period>>,
    /// By router: one for each code that it fails with. There are no more routers in it than are published, but for
    /// the time of a warning.
    warned: RefCell<HashMap<Box<str>, Vec<Warned>>>,
}

impl CallLog {
    pub(crate) fn write(&self, end: &CallEnd<'_>) {
        if is_failure(end.code) {
            if let Some(suppressed) = self.admit(end.router, end.code) {
                let reason = sayable(end.reason);
                write_call!(tracing::Level::WARN, end, Some(reason.as_str()), suppressed, "call failed");
            }
            return;
        }
        // A caller's own mistakes may name what it asked.
        write_call!(tracing::Level::DEBUG, end, None::<&str>, 0, "call");
    }

    /// Writes that a call failed before it was decided which variant gets it: nobody else tells of it. Of each code, by the same
    /// pace as for a router.
    ///
    /// # Arguments
    /// * `method` - The path that was called, as far as it is one of ours; callers can make up any.
    /// * `reason` - Why, without what was asked.
    pub(crate) fn write_undecided(&self, method: &str, code: Code, reason: &str) {
        if !is_failure(code) {
            return;
        }
        if let Some(suppressed) = self.admit(UNDECIDED, code) {
            tracing::warn!(
                rpc.method = method,
                rpc.grpc.status = code_name(code as usize),
                rpc.grpc.status_code = code as i32,
                reason = sayable(reason),
                suppressed,
                "call failed"
            );
        }
    }

    /// Says how many warnings were left out and not told since, so that an outage's end does not hide them, and
    /// forgets what is over.
    pub(crate) fn tell_suppressed(&self) {
        let now = Instant::now();
        self.forget(|router, Warned { code, suppressed, .. }| {
            if !self.has_room(*code, now) {
                self.leave_out(*code, *suppressed);
                return;
            }
            tracing::warn!(
                feature_flag.key = router,
                rpc.grpc.status = code_name(*code as usize),
                rpc.grpc.status_code = *code as i32,
                suppressed,
                "more calls failed"
            );
        });
        self.periods.borrow_mut().retain(|period| !period.tell_if_over(now));
    }

    /// Whether one more warning may be written, and how many were not since the last.
    fn admit(&self, router: &str, code: Code) -> Option<u64> {
        let now = Instant::now();
        let mut warned = self.warned.borrow_mut();
        let of_router = warned.get_mut(router);
        let before = of_router.and_then(|of_router| of_router.iter_mut().find(|warned| warned.code == code));
        if let Some(before) = before {
            if now.duration_since(before.last) < WARNING_INTERVAL || !self.has_room(code, now) {
                before.suppressed += 1;
                return None;
            }
            before.last = now;
            return Some(std::mem::take(&mut before.suppressed));
        }
        if !self.has_room(code, now) {
            // Not kept by router: what is not written needs no memory, either.
            self.leave_out(code, 1);
            return None;
        }
        let first = Warned { code, last: now, suppressed: 0 };
        match warned.get_mut(router) {
            Some(of_router) => of_router.push(first),
            None => drop(warned.insert(router.into(), vec![first])),
        }
        Some(0)
    }

    /// Takes one of a code's lines, when there is one left in this period. A period that is over is told of first.
    fn has_room(&self, code: Code, now: Instant) -> bool {
        let mut periods = self.periods.borrow_mut();
        periods.retain(|period| period.code != code || !period.tell_if_over(now));
        if let Some(period) = periods.iter_mut().find(|period| period.code == code) {
            let has_room = period.written < MOST_LINES;
            period.written += usize::from(has_room);
            return has_room;
        }
        periods.push(Period { code, since: now, written: 1, left_out: 0 });
        true
    }

    /// Counts calls that the line at the end of the period tells of.
    fn leave_out(&self, code: Code, calls: u64) {
        let mut periods = self.periods.borrow_mut();
        if let Some(period) = periods.iter_mut().find(|period| period.code == code) {
            period.left_out += calls;
        }
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

impl Period {
    /// Whether it is over; says then how many calls were left out.
    fn tell_if_over(&self, now: Instant) -> bool {
        let is_over = now.duration_since(self.since) >= WARNING_INTERVAL;
        if is_over && self.left_out > 0 {
            tracing::warn!(
                rpc.grpc.status = code_name(self.code as usize),
                rpc.grpc.status_code = self.code as i32,
                suppressed = self.left_out,
                "calls of more routers failed"
            );
        }
        is_over
    }
}

/// A reason as a line holds it: of bounded length, without what ends a line or moves a cursor.
fn sayable(reason: &str) -> String {
    let seen = |one: char| if is_unseen(one) { ' ' } else { one };
    let mut said: String = reason.chars().take(MOST_REASON_CHARS).map(seen).collect();
    if reason.chars().nth(MOST_REASON_CHARS).is_some() {
        said.push('…');
    }
    said
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
    use std::sync::{Arc, Mutex};

    use serde_json::Value;
    use tracing::subscriber::DefaultGuard;

    use super::*;

    /// The lines that this thread logs.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl Lines {
        fn begin(most: tracing::Level) -> (Self, DefaultGuard) {
            let lines = Self::default();
            let writer = lines.clone();
            let log = tracing_subscriber::fmt().json().flatten_event(true).with_max_level(most);
            let log = log.with_writer(move || writer.clone()).finish();
            (lines, tracing::subscriber::set_default(log))
        }

        /// What was logged since this was asked last.
        fn take(&self) -> Vec<Value> {
            let written = std::mem::take(&mut *self.0.lock().unwrap());
            String::from_utf8(written)
                .unwrap()
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect()
        }
    }

    fn write(log: &CallLog, router: &str, code: Code, reason: &str) {
        log.write(&CallEnd {
            request_id: &HeaderValue::from_static("r-1"),
            router,
            variant: "lr",
            backend: "127.0.0.1:8500",
            decided_by: Reason::Weight,
            generation: 1,
            code,
            reason,
            overhead: Duration::ZERO,
            backend_time: None,
        });
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_call_says_why_and_one_that_is_none_of_ours_does_not() {
        let (lines, _guard) = Lines::begin(tracing::Level::DEBUG);
        let log = CallLog::default();
        write(&log, "cancer", Code::Unavailable, "cannot be reached");
        write(&log, "cancer", Code::InvalidArgument, "age: \"17\" is no number");
        write(&log, "cancer", Code::Ok, "");
        let written = lines.take();
        assert_eq!(written.len(), 3);
        assert_eq!(written[0]["reason"], "cannot be reached");
        assert_eq!(written[0]["backend"], "127.0.0.1:8500");
        for other in &written[1..] {
            assert_eq!((&other["message"], other.get("reason")), (&"call".into(), None));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_reason_is_short_and_stays_in_its_line() {
        let (lines, _guard) = Lines::begin(tracing::Level::WARN);
        let log = CallLog::default();
        write(&log, "cancer", Code::Unavailable, &format!("a\nb\u{1b}[31m\u{202e}{}", "é".repeat(1_000)));
        log.write_undecided("", Code::Unavailable, &"x\r".repeat(1_000));
        let written = lines.take();
        let said: Vec<&str> = written.iter().map(|line| line["reason"].as_str().unwrap()).collect();
        assert!(said[0].starts_with("a b [31m éé") && said[0].ends_with("é…"), "{}", said[0]);
        assert!(said.iter().all(|said| said.chars().count() == MOST_REASON_CHARS + 1), "{said:?}");
        assert!(said.iter().all(|said| !said.chars().any(is_unseen)), "{said:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_of_many_routers_is_few_lines_and_the_last_says_how_many_calls_were_left_out() {
        let (lines, _guard) = Lines::begin(tracing::Level::WARN);
        let log = CallLog::default();
        let fail_all =
            || (0..10_000).for_each(|number| write(&log, &format!("r{number}"), Code::Unavailable, "x"));
        fail_all();
        // Another code has lines of its own.
        write(&log, "r0", Code::Internal, "x");
        let written = lines.take();
        assert_eq!(written.len(), MOST_LINES + 1);
        assert_eq!(log.warned.borrow().len(), MOST_LINES);

        tokio::time::advance(WARNING_INTERVAL).await;
        fail_all();
        let written = lines.take();
        assert_eq!(written[0]["message"], "calls of more routers failed");
        assert_eq!(written[0]["suppressed"], 10_000 - MOST_LINES);
        assert_eq!(written.len(), MOST_LINES + 1);

        // Every call is told once: by its own line, or as left out.
        tokio::time::advance(WARNING_INTERVAL).await;
        log.tell_suppressed();
        tokio::time::advance(WARNING_INTERVAL).await;
        log.tell_suppressed();
        let told: u64 = lines.take().iter().map(|line| line["suppressed"].as_u64().unwrap()).sum();
        assert_eq!(told, 10_000 - MOST_LINES as u64);
        assert!(log.warned.borrow().is_empty() && log.periods.borrow().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn what_many_routers_left_out_is_told_at_the_end_in_as_few_lines() {
        let (lines, _guard) = Lines::begin(tracing::Level::WARN);
        let log = CallLog::default();
        for period in 0..3 {
            for number in 0..MOST_LINES {
                let router = format!("r{period}-{number}");
                (0..3).for_each(|_| write(&log, &router, Code::Unavailable, "x"));
            }
            assert_eq!(lines.take().len(), MOST_LINES);
            tokio::time::advance(WARNING_INTERVAL).await;
        }
        log.tell_suppressed();
        let written = lines.take();
        assert_eq!(written.len(), MOST_LINES);
        tokio::time::advance(WARNING_INTERVAL).await;
        log.tell_suppressed();
        let last = lines.take();
        assert_eq!(last.len(), 1);
        let told: u64 = written.iter().chain(&last).map(|line| line["suppressed"].as_u64().unwrap()).sum();
        assert_eq!(told, 3 * 2 * MOST_LINES as u64);
    }

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
