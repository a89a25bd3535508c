//! What learning costs, in simulations with known rates. Fixed seeds; floor and slice 0; rewards in order.
//!
//! The figures to reach are those of a reference implementation that samples for each call. Ordinary runs are few and
//! their bounds as wide as that asks; `make torture` runs 200 of each.

#![expect(clippy::unwrap_used, reason = "what cannot be built fails the test that builds it")]
#![expect(clippy::print_stdout, reason = "the figures of long runs are there to be read")]

mod batches;
mod moving;
mod replicas;
mod simulation;
mod steady;
