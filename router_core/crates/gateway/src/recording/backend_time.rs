//! How long a backend takes.

use std::time::{Duration, Instant};

/// The time from when a backend is asked to the end of its answer.
#[derive(Debug, Default)]
pub(crate) struct BackendTime {
    asked: Option<Instant>,
    took: Option<Duration>,
}

impl BackendTime {
    /// The backend is asked from now on.
    pub(crate) fn asked(&mut self) {
        self.asked = Some(Instant::now());
    }

    /// The backend was asked and took so long.
    pub(crate) fn set(&mut self, took: Duration) {
        self.took = Some(took);
    }

    /// The backend's answer is complete.
    pub(crate) fn answered(&mut self) {
        self.took = self.asked.map(|asked| asked.elapsed());
    }

    /// How long it took, or has taken so far; none when it was not asked.
    pub(crate) fn elapsed(&self) -> Option<Duration> {
        self.took.or_else(|| self.asked.map(|asked| asked.elapsed()))
    }
}
