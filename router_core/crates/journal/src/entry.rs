//! What is put into a log, and how it is written.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use pointsman_wire::generated::pointsman_v1 as proto;
use prost::{DecodeError, Message};

use crate::{
    frame::{Frame, put_frame},
    prediction::EncodedPrediction,
};

/// The kind of a [`proto::RouteEntry`].
pub const ROUTE: u8 = 1;
/// The kind of a [`proto::PredictionEntry`].
pub const PREDICTION: u8 = 2;
/// The kind of a [`proto::FeedbackEntry`].
pub const FEEDBACK: u8 = 3;

/// What many predictions share, written once a segment. There may be several of one entry: threads that each have theirs do
/// not wait for each other where they count who holds it.
#[derive(Debug, Default)]
pub struct RouteFacts {
    /// The entry; its number, and that of its base, are the log's to give.
    pub entry: Arc<proto::RouteEntry>,
    /// What the entry says the difference to; it has none itself. None where the entry says all.
    pub base: Option<Arc<RouteFacts>>,
    /// Counts the predictions of each variant that were lost after they were queued. Writers of logs add, metrics read; these
    /// numbers say nothing of other memory, so that Relaxed suffices.
    pub lost: Box<[Arc<AtomicU64>]>,
    /// Counts the answers of each variant to copies of calls that were lost so; by the same threads as `lost`.
    pub lost_shadows: Box<[Arc<AtomicU64>]>,
}

/// Holds memory that an entry takes; given back when the entry is written or lost.
pub type Guard = Box<dyn Send>;

/// What is put into a log.
pub enum Entry {
    /// A decision and its answer.
    Prediction {
        /// The entry; its route is the log's to number.
        entry: EncodedPrediction,
        /// The route that decided.
        route: Arc<RouteFacts>,
        /// The memory that it holds.
        guard: Option<Guard>,
    },
    /// A value of feedback.
    Feedback(Box<proto::FeedbackEntry>),
}

impl Entry {
    /// Counts it as lost.
    pub(crate) fn lose(&self) {
        let Self::Prediction { entry, route, .. } = self else { return };
        let lost = if entry.is_shadow() { &route.lost_shadows } else { &route.lost };
        if let Some(lost) = lost.get(entry.variant()) {
            lost.fetch_add(1, Relaxed);
        }
    }
}

/// The routes that a segment names already.
#[derive(Default)]
pub(crate) struct Scope {
    /// By address; holds the entries, so that no other one can come to lie where one of them lay.
    routes: HashMap<usize, (u32, Arc<proto::RouteEntry>)>,
    next: u32,
}

impl Scope {
    /// Forgets what was named: further entries name it again.
    pub(crate) fn clear(&mut self) {
        self.routes.clear();
    }

    /// Writes an entry, and before it what it is the first to name.
    pub(crate) fn write(&mut self, entry: &Entry, out: &mut Vec<u8>) {
        match entry {
            Entry::Feedback(entry) => put_frame(FEEDBACK, out, |out| entry.encode_raw(out)),
            Entry::Prediction { entry, route, .. } => {
                let number = self.number(route, out);
                put_frame(PREDICTION, out, |out| entry.write(number, out));
            }
        }
    }

    /// The number of a route, which is written when it has none yet, and its base before it: who reads on from the start of
    /// the segment knows a base when something refers to it.
    fn number(&mut self, route: &RouteFacts, out: &mut Vec<u8>) -> u32 {
        let address = Arc::as_ptr(&route.entry).addr();
        if let Some((number, _)) = self.routes.get(&address) {
            return *number;
        }
        let base_route = route.base.as_ref().map(|base| self.number(base, out));
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        self.routes.insert(address, (number, route.entry.clone()));
        let entry = proto::RouteEntry { route: number, base_route, ..proto::RouteEntry::clone(&route.entry) };
        put_frame(ROUTE, out, |out| entry.encode_raw(out));
        number
    }
}

/// An entry as a segment holds it.
#[derive(Debug, Clone, PartialEq)]
pub enum StoredEntry {
    /// What predictions behind it share, as it is written; [`crate::SegmentRoutes`] reads it whole.
    Route(Box<proto::RouteEntry>),
    /// A decision and its answer.
    Prediction(Box<proto::PredictionEntry>),
    /// A value of feedback.
    Feedback(Box<proto::FeedbackEntry>),
    /// Of a kind that a later version writes.
    Unknown(u8),
}

impl StoredEntry {
    /// Reads a frame.
    ///
    /// # Errors
    /// The payload is not what its kind says.
    pub fn decode(frame: &Frame<'_>) -> Result<Self, DecodeError> {
        Ok(match frame.kind {
            ROUTE => Self::Route(Box::new(proto::RouteEntry::decode(frame.payload)?)),
            PREDICTION => Self::Prediction(Box::new(proto::PredictionEntry::decode(frame.payload)?)),
            FEEDBACK => Self::Feedback(Box::new(proto::FeedbackEntry::decode(frame.payload)?)),
            kind => Self::Unknown(kind),
        })
    }
}
