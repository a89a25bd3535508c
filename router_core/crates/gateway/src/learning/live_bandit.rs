//! A bandit beside its route: the table in force, with the facts of records that were drawn from it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use pointsman_journal::RouteFacts;
use pointsman_model::{BanditPolicy, BanditTable, ModelError, Policy, Router};
use pointsman_policy::{ArmTotals, Decision, Reason, Request, allocate, decide_by_bandit, follows_calls};
use pointsman_wire::generated::pointsman_v1 as proto;
use rand::Rng;

use super::{
    knowledge::{Given, Knowledge, Learnt},
    picks::Picks,
};
use crate::recording::records::TableFacts;

/// The bandit of one route.
///
/// It belongs to one state of its router: the table's places are this route's variants. A call that still holds the
/// route before draws from that one's table, and both count into the same picks.
#[derive(Debug)]
pub(crate) struct LiveBandit {
    router: Arc<Router>,
    bandit: BanditPolicy,
    /// What records of the route share, but for the probabilities of a table.
    facts: Option<Arc<RouteFacts>>,
    threads: usize,
    /// By variant.
    picks: Box<[Arc<Picks>]>,
    live: ArcSwap<Live>,
    basis: Mutex<Basis>,
    knowledge: Arc<Knowledge>,
}

/// What is swapped as one: a record must not name the probabilities of another table than it was drawn from.
#[derive(Debug)]
struct Live {
    table: BanditTable,
    /// By thread, none where nothing is recorded. Each has its own: holders of one are counted in memory of all threads
    /// that hold it, which would cost more than the pick.
    facts: Box<[Arc<RouteFacts>]>,
}

/// What a table was computed of: nothing is computed again of the same.
#[derive(Debug, Clone, Copy, Default)]
struct Basis {
    reading: u64,
    picks: u64,
    follows_calls: bool,
}

/// A decision, with the facts of the table that it was drawn from.
pub(crate) struct Drawn {
    pub(crate) decision: Decision,
    pub(crate) facts: Option<TableFacts>,
}

impl LiveBandit {
    /// Begins with what is known; none for a router that is no bandit.
    ///
    /// # Arguments
    /// * `facts` - What its records share; none when it records nothing.
    /// * `former` - The bandit of the same router as it was published before. What it knows is handed on while
    ///   incarnation and epoch stay the same.
    pub(crate) fn new(
        router: &Arc<Router>,
        facts: Option<&Arc<RouteFacts>>,
        former: Option<&Self>,
        threads: usize,
    ) -> Option<Arc<Self>> {
        let Policy::Bandit(bandit) = &router.policy else { return None };
        let (incarnation, epoch) = (router.settings.incarnation, bandit.epoch);
        let former = former.map(|former| &former.knowledge);
        let same = former.filter(|known| (known.incarnation, known.epoch) == (incarnation, epoch));
        let knowledge = same.cloned().unwrap_or_else(|| Arc::new(Knowledge::new(incarnation, epoch)));
        let mut learnt = knowledge.lock();
        let counter_of = |name| learnt.picks_of(name, threads, bandit.counts_costs);
        let picks = router.variants.iter().map(|variant| &variant.name).map(counter_of).collect();
        let even = bandit.even.clone().numbered(learnt.next_number());
        let made = Self {
            router: router.clone(),
            bandit: bandit.clone(),
            live: ArcSwap::from_pointee(Live::of(even, facts, threads)),
            facts: facts.cloned(),
            threads,
            picks,
            basis: Mutex::default(),
            knowledge: knowledge.clone(),
        };
        made.update_or_complain(&mut learnt);
        drop(learnt);
        Some(Arc::new(made))
    }

    /// Picks a variant, by the slot of an entity that keeps its own or else drawn by the shares in force, and counts the
    /// pick. Waits for nobody.
    #[inline]
    pub(crate) fn decide(&self, thread: usize, request: &Request<'_>, rng: &mut impl Rng) -> Drawn {
        let live = self.live.load();
        let decision = decide_by_bandit(&self.bandit, &live.table, request, rng);
        if let Some(picks) = self.picks.get(usize::from(decision.variant)) {
            picks.add(thread);
        }
        let allocation_version = decision.allocation_version(live.table.version());
        let route = live.facts.get(thread).cloned();
        Drawn { decision, facts: route.map(|route| TableFacts { allocation_version, route }) }
    }

    /// Says of a decision that the decided variant is not asked, because another one stands in for it or the call ended
    /// before. What is no pick changes nothing. To be called once, by the thread that decided.
    pub(crate) fn pass_over(&self, thread: usize, decision: &Decision) {
        if let Some(picks) = self.picks_of(decision) {
            picks.add_unasked(thread);
        }
    }

    /// Says of a decision what it cost: the decided variant was asked, or could not be, and the call is over. What is no pick
    /// changes nothing. To be called once, by the thread that decided.
    pub(crate) fn count_cost(&self, thread: usize, decision: &Decision, is_failed: bool, took: Duration) {
        if !self.bandit.counts_costs {
            return;
        }
        if let Some(picks) = self.picks_of(decision) {
            picks.add_cost(thread, is_failed, took);
        }
    }

    /// The counter of a decision that is a pick.
    fn picks_of(&self, decision: &Decision) -> Option<&Picks> {
        let is_pick = matches!(decision.reason, Reason::Bandit | Reason::Exploration | Reason::Slot);
        self.picks.get(usize::from(decision.variant)).filter(|_| is_pick).map(Arc::as_ref)
    }

    /// A variant's share by the table in force, of a drawn call.
    pub(crate) fn share(&self, variant: u8) -> f64 {
        self.live.load().table.probability(variant)
    }

    /// A variant's share as calls are told it: that of its slots where entities keep them.
    pub(crate) fn effective_share(&self, variant: u8) -> f64 {
        match &self.bandit.sticky {
            Some(split) => split.slots.share(variant),
            None => self.share(variant),
        }
    }

    /// Whether totals are of what this bandit learns.
    pub(super) fn takes(&self, totals: &proto::RouterTotals) -> bool {
        (totals.router_incarnation, totals.epoch) == (self.knowledge.incarnation, self.knowledge.epoch)
    }

    /// Puts totals in the place of those before, and the shares that follow from them in force. Totals that the algorithm
    /// does not take change nothing.
    pub(super) fn set_totals(&self, totals: &proto::RouterTotals) {
        let mut learnt = self.knowledge.lock();
        let known = totals.arms.iter().filter_map(|arm| {
            let named = self.router.variants.iter().find(|variant| variant.name.as_str() == arm.variant)?;
            Some((named.name.clone(), Given::of(arm)))
        });
        let before = std::mem::replace(&mut learnt.given, known.collect());
        learnt.reading += 1;
        if !self.update_or_complain(&mut learnt) {
            learnt.given = before;
        }
    }

    /// Whether totals were ever given: else its shares are even because nothing is known yet.
    pub(super) fn was_given(&self) -> bool {
        self.knowledge.lock().reading > 0
    }

    /// Computes the shares anew where they follow from calls that came meanwhile, or from totals that a route before this
    /// one was given while this one was made.
    pub(super) fn tick(&self) {
        let mut learnt = self.knowledge.lock();
        let basis = *self.basis.lock().unwrap_or_else(PoisonError::into_inner);
        let own_picks = learnt.own_picks();
        // Ticks come at even times, so that they alone tell how many calls come between two of them.
        let _ = learnt.pace.expect(own_picks);
        learnt.pace.updated(own_picks);
        if basis.reading != learnt.reading || (basis.follows_calls && own_picks != basis.picks) {
            self.update_or_complain(&mut learnt);
        }
    }

    /// What it decides by, for the control plane.
    pub(super) fn state(&self) -> proto::BanditState {
        let live = self.live.load();
        let arms = self.router.variants.iter().zip(&self.picks).zip(0_u8..);
        let arms = arms.map(|((variant, picks), index)| {
            let costs = picks.costs();
            proto::ArmState {
                variant: variant.name.to_string(),
                pulls: picks.total(),
                share: live.table.probability(index),
                unasked_pulls: picks.unasked(),
                ended_pulls: costs.ended,
                failed_pulls: costs.failed,
                seconds: costs.seconds,
                squared_seconds: costs.squared_seconds,
            }
        });
        proto::BanditState {
            router_id: self.router.id.to_string(),
            router_incarnation: self.knowledge.incarnation,
            epoch: self.knowledge.epoch,
            allocation_version: live.table.version(),
            arms: arms.collect(),
        }
    }

    fn update_or_complain(&self, learnt: &mut Learnt) -> bool {
        match self.update(learnt) {
            Ok(()) => true,
            Err(error) => {
                learnt.complain(&self.router.id, &error);
                false
            }
        }
    }

    /// Computes the shares; where others come out, they are in force when this returns.
    fn update(&self, learnt: &mut Learnt) -> Result<(), ModelError> {
        let own_picks = learnt.own_picks();
        let arms: Vec<ArmTotals> = self.bandit.arms.iter().filter_map(|arm| self.arm(*arm, learnt)).collect();
        let settings = &self.bandit.settings;
        let table = if arms.iter().all(|arm| *arm == ArmTotals::default()) {
            self.bandit.even.clone()
        } else {
            let expected_pulls = learnt.pace.expected();
            let allocation = allocate(settings, &arms, expected_pulls, &mut learnt.scratch)?;
            allocation.table(&self.bandit.arms, self.router.variants.len(), 0)?
        };
        *self.basis.lock().unwrap_or_else(PoisonError::into_inner) = Basis {
            reading: learnt.reading,
            picks: own_picks,
            follows_calls: follows_calls(settings, &arms),
        };
        if !self.live.load().table.draws_like(&table) {
            let table = table.numbered(learnt.next_number());
            self.live.store(Arc::new(Live::of(table, self.facts.as_ref(), self.threads)));
        }
        Ok(())
    }

    fn arm(&self, variant: u8, learnt: &Learnt) -> Option<ArmTotals> {
        let place = usize::from(variant);
        let (named, picks) = (self.router.variants.get(place)?, self.picks.get(place)?);
        Some(learnt.totals_of(&named.name, picks.total()))
    }
}

impl Live {
    fn of(table: BanditTable, facts: Option<&Arc<RouteFacts>>, threads: usize) -> Self {
        let facts = facts.map(|facts| facts_of(facts, &table, threads)).unwrap_or_default();
        Self { table, facts }
    }
}

/// What records share that are drawn from a table: the route's, but for its probabilities. One entry, for each thread.
fn facts_of(facts: &Arc<RouteFacts>, table: &BanditTable, threads: usize) -> Box<[Arc<RouteFacts>]> {
    let places = (0_u8..).take(facts.entry.variants.len());
    let request_propensities = places.map(|variant| table.probability(variant)).collect();
    let entry = Arc::new(proto::RouteEntry { request_propensities, ..Default::default() });
    let of_thread = |_| {
        Arc::new(RouteFacts {
            entry: entry.clone(),
            base: Some(facts.clone()),
            lost: facts.lost.clone(),
            lost_shadows: facts.lost_shadows.clone(),
        })
    };
    (0..threads).map(of_thread).collect()
}
