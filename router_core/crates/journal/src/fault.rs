//! Points at which a test lets the process die. In other builds they are nothing.

/// Dies here, without any clean-up, when `POINTSMAN_FAULT_POINT` names this point.
///
/// `name:3` dies the third time.
#[cfg(feature = "fault-injection")]
pub fn point(name: &str) {
    use std::sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering::SeqCst},
    };
    static WANTED: OnceLock<Option<(String, u64)>> = OnceLock::new();
    /// How often the wanted point was passed. Threads that pass it add, each gets another number, so that one dies: for that
    /// any ordering suffices.
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let wanted = WANTED.get_or_init(|| {
        let text = std::env::var("POINTSMAN_FAULT_POINT").ok()?;
        let (name, count) = text.split_once(':').unwrap_or((&text, "1"));
        Some((name.to_owned(), count.parse().unwrap_or(1)))
    });
    if let Some((wanted, at)) = wanted
        && wanted == name
        && COUNT.fetch_add(1, SeqCst) + 1 == *at
    {
        std::process::abort();
    }
}

/// Nothing.
#[cfg(not(feature = "fault-injection"))]
#[inline]
pub fn point(_name: &str) {}

/// Whether a sync of this kind, `files` or `folders`, is forgotten although it answers well.
///
/// `POINTSMAN_FAULT_SYNC` names the kind: with it a test of crashes shows that it notices a missing sync.
#[cfg(feature = "fault-injection")]
pub(crate) fn forgets_sync_of(kind: &str) -> bool {
    use std::sync::OnceLock;
    static FORGOTTEN: OnceLock<Option<String>> = OnceLock::new();
    FORGOTTEN.get_or_init(|| std::env::var("POINTSMAN_FAULT_SYNC").ok()).as_deref() == Some(kind)
}
