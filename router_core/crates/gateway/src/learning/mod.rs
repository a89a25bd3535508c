//! Bandits in service: the shares in force beside each route, and how they follow what is learnt.
//!
//! A [`LiveBandit`] lies beside its route and draws; its table is swapped without a publish. What is known of the arms
//! outlives the route: it is handed on when the router is published again.

mod assessing;
mod kept_totals;
mod knowledge;
mod live_bandit;
mod picks;
mod updating;

pub use assessing::{assess_bandit, bandit_faults};
pub(crate) use kept_totals::{KeptTotals, bandits_of};
pub(crate) use live_bandit::{Drawn, LiveBandit};
pub(crate) use updating::run;
