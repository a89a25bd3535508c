//! Callers that wait until their feedback is applied, and what came of feedback that was.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use pointsman_wire::generated::pointsman_v1::{FeedbackOutcome, FeedbackOutcomes};
use tokio::sync::oneshot;

use crate::messages::status::CallError;

/// Values that may be waited for at a time.
pub(crate) const MAX_WAITING: usize = 65_536;
/// Outcomes that are kept for callers who learn their position after it was applied.
const MAX_PAST: usize = 65_536;

/// Who waits for what became of feedback, by the position behind it in the log.
#[derive(Debug, Default)]
pub(crate) struct FeedbackWaiters {
    /// The sum of all [`Places`], never above [`MAX_WAITING`]: callers add when they take some and subtract when they drop them,
    /// each in one step. Relaxed suffices: what is shared by them is behind the lock.
    reserved: AtomicUsize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    waiting: HashMap<u64, oneshot::Sender<FeedbackOutcome>>,
    /// By rising position.
    past: VecDeque<(u64, FeedbackOutcome)>,
}

/// The right to wait for so many values. Nobody waits any more once it is dropped.
#[derive(Debug)]
pub(crate) struct Places<'a> {
    waiters: &'a FeedbackWaiters,
    count: usize,
    positions: Vec<u64>,
}

/// What became of a value, or will.
#[derive(Debug)]
pub(crate) enum Awaited {
    /// It was applied already.
    Applied(FeedbackOutcome),
    /// It was applied so long ago that nobody knows.
    Forgotten,
    /// It will be.
    Later(oneshot::Receiver<FeedbackOutcome>),
}

impl FeedbackWaiters {
    /// Takes places, before the values are appended: what cannot be waited for is refused, not half done.
    pub(crate) fn reserve(&self, count: usize) -> Result<Places<'_>, CallError> {
        let more = |reserved: usize| reserved.checked_add(count).filter(|sum| *sum <= MAX_WAITING);
        if self.reserved.fetch_update(Relaxed, Relaxed, more).is_err() {
            return Err(CallError::exhausted(format!(
                "wait: callers wait for {MAX_WAITING} values already; send FEEDBACK_WAIT_DURABLE, or try again \
                 later"
            )));
        }
        Ok(Places { waiters: self, count, positions: Vec::new() })
    }

    /// Tells what came of feedback, and wakes those who wait for it.
    pub(crate) fn release(&self, outcomes: &FeedbackOutcomes) {
        let mut state = self.state();
        for (&position, &outcome) in outcomes.end_positions.iter().zip(&outcomes.outcomes) {
            let outcome = FeedbackOutcome::try_from(outcome).unwrap_or_default();
            if let Some(sender) = state.waiting.remove(&position) {
                // A caller that went away does not want it.
                let _ = sender.send(outcome);
            }
            // What is told a second time is known already.
            if state.past.back().is_none_or(|(last, _)| *last < position) {
                if state.past.len() == MAX_PAST {
                    state.past.pop_front();
                }
                state.past.push_back((position, outcome));
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Places<'_> {
    /// Waits for what is applied up to these positions, each the one behind a value.
    pub(crate) fn wait(&mut self, positions: &[u64]) -> Vec<Awaited> {
        let mut state = self.waiters.state();
        let last = state.past.back().map_or(0, |(last, _)| *last);
        let awaited = positions.iter().map(|&position| {
            if position > last {
                let (sender, receiver) = oneshot::channel();
                state.waiting.insert(position, sender);
                self.positions.push(position);
                return Awaited::Later(receiver);
            }
            let found = state.past.binary_search_by_key(&position, |(position, _)| *position);
            let outcome = found.ok().and_then(|index| state.past.get(index));
            outcome.map_or(Awaited::Forgotten, |(_, outcome)| Awaited::Applied(*outcome))
        });
        awaited.collect()
    }
}

impl Drop for Places<'_> {
    fn drop(&mut self) {
        self.waiters.reserved.fetch_sub(self.count, Relaxed);
        if !self.positions.is_empty() {
            let mut state = self.waiters.state();
            for position in &self.positions {
                state.waiting.remove(position);
            }
        }
    }
}

impl Awaited {
    /// The outcome; none when it is not known any more.
    pub(crate) async fn outcome(self) -> Option<FeedbackOutcome> {
        match self {
            Self::Applied(outcome) => Some(outcome),
            Self::Forgotten => None,
            Self::Later(receiver) => receiver.await.ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcomes(given: &[(u64, FeedbackOutcome)]) -> FeedbackOutcomes {
        FeedbackOutcomes {
            end_positions: given.iter().map(|(position, _)| *position).collect(),
            outcomes: given.iter().map(|(_, outcome)| i32::from(*outcome)).collect(),
        }
    }

    #[tokio::test]
    async fn a_caller_learns_what_came_of_its_own_value_whichever_is_first() {
        use FeedbackOutcome::{Applied, Conflict, Duplicate};
        let waiters = FeedbackWaiters::default();
        let mut places = waiters.reserve(3).unwrap();
        let mut awaited = places.wait(&[30, 10]).into_iter();
        waiters.release(&outcomes(&[(10, Applied), (20, Conflict), (30, Duplicate)]));
        assert_eq!(awaited.next().unwrap().outcome().await, Some(Duplicate));
        assert_eq!(awaited.next().unwrap().outcome().await, Some(Applied));
        let late = places.wait(&[20]).pop().unwrap();
        assert_eq!(late.outcome().await, Some(Conflict));
    }

    #[tokio::test]
    async fn outcomes_of_long_ago_are_forgotten_and_nobody_waits_for_them() {
        let waiters = FeedbackWaiters::default();
        let told: Vec<_> = (1..=MAX_PAST as u64 + 1).map(|at| (at, FeedbackOutcome::Applied)).collect();
        waiters.release(&outcomes(&told));
        waiters.release(&outcomes(&told[..10]));
        let mut places = waiters.reserve(2).unwrap();
        let mut awaited = places.wait(&[1, 2]).into_iter();
        assert_eq!(awaited.next().unwrap().outcome().await, None);
        assert_eq!(awaited.next().unwrap().outcome().await, Some(FeedbackOutcome::Applied));
        assert_eq!(waiters.state().past.len(), MAX_PAST);
    }

    #[test]
    fn places_are_bounded_and_come_back_with_their_callers() {
        let waiters = FeedbackWaiters::default();
        let mut most = waiters.reserve(MAX_WAITING).unwrap();
        let refused = waiters.reserve(1).unwrap_err();
        assert_eq!(refused.code, tonic::Code::ResourceExhausted);
        assert_eq!(most.wait(&[5]).len(), 1);
        assert_eq!(waiters.state().waiting.len(), 1);
        drop(most);
        assert!(waiters.state().waiting.is_empty());
        assert!(waiters.reserve(MAX_WAITING).is_ok());
    }
}
