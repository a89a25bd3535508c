//! Bandits: the numbers behind the shares, and what learning from calls and rewards makes of them.

#![expect(clippy::unwrap_used, reason = "what cannot be built fails the test that builds it")]

mod assessment;
mod honesty;
mod learning;
mod mirror;
mod mixing;
mod quadrature;
mod reference;
mod support;
mod totals;
mod ucb1;
