//! Counts how recorded calls came out, and keeps the earliest that differ.

use ahash::AHashMap;
use arrow_array::RecordBatch;
use arrow_schema::ArrowError;
use pointsman_wire::generated::pointsman_v1 as proto;

use super::{
    columns::DecisionView,
    judge::{Judgement, judge, redecision_of},
    known::KnownRouters,
};

/// The first and the last time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) start_us: i64,
    pub(super) end_us: i64,
}

/// How calls came out: verdict, why there is none, and the router's generation.
type Kind = (i32, i32, u64);

/// What was counted so far.
pub(super) struct Tally<'q> {
    window: Window,
    routers: &'q KnownRouters,
    most_examples: usize,
    counts: AHashMap<Kind, u64>,
    /// In order of time.
    examples: Vec<proto::ReplayedExample>,
}

impl<'q> Tally<'q> {
    pub(super) fn new(window: Window, routers: &'q KnownRouters, most_examples: usize) -> Self {
        Self { window, routers, most_examples, counts: AHashMap::default(), examples: Vec::new() }
    }

    /// Decides the calls of some rows again. A batch is one call, whose first row stands for it.
    pub(super) fn add(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        let view = DecisionView::of(batch)?;
        for at in 0..batch.num_rows() {
            let time_us = view.time_us[at];
            if view.row[at] != 0 || time_us < self.window.start_us || time_us > self.window.end_us {
                continue;
            }
            let generation = view.router_generation[at].cast_unsigned();
            let known = self.routers.at(generation);
            let recorded = view.recorded(at);
            let judgement = judge(known, &recorded);
            let (verdict, not_replayable) = judgement.numbers();
            *self.counts.entry((verdict, not_replayable, generation)).or_default() += 1;
            let prediction_id = view.prediction_id.value(at);
            if matches!(judgement, Judgement::Disagrees(_)) && self.has_room(time_us, prediction_id) {
                self.keep(proto::ReplayedExample {
                    prediction_id: prediction_id.to_owned(),
                    time_us,
                    router_generation: generation,
                    variant: recorded.variant.to_owned(),
                    redecision: Some(redecision_of(known, &recorded, &judgement, None)),
                });
            }
        }
        Ok(())
    }

    /// Adds what another one counted.
    pub(super) fn merge(&mut self, other: Self) {
        for (kind, calls) in other.counts {
            *self.counts.entry(kind).or_default() += calls;
        }
        for example in other.examples {
            self.keep(example);
        }
    }

    pub(super) fn answer(self) -> proto::ReplayAnswer {
        let mut counts: Vec<(Kind, u64)> = self.counts.into_iter().collect();
        counts.sort_unstable();
        let count = |((verdict, not_replayable, router_generation), call_count)| proto::ReplayedCalls {
            verdict,
            not_replayable,
            router_generation,
            call_count,
        };
        proto::ReplayAnswer { counts: counts.into_iter().map(count).collect(), examples: self.examples }
    }

    /// Whether an example is among the earliest.
    fn has_room(&self, time_us: i64, prediction_id: &str) -> bool {
        let is_before = |last: &proto::ReplayedExample| (time_us, prediction_id) < place_of(last);
        self.examples.len() < self.most_examples || self.examples.last().is_some_and(is_before)
    }

    fn keep(&mut self, example: proto::ReplayedExample) {
        let at = self.examples.partition_point(|kept| place_of(kept) <= place_of(&example));
        self.examples.insert(at, example);
        self.examples.truncate(self.most_examples);
    }
}

fn place_of(example: &proto::ReplayedExample) -> (i64, &str) {
    (example.time_us, &example.prediction_id)
}
