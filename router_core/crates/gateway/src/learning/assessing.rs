//! What the control plane asks of the mathematics, outside any server.

use std::collections::HashSet;

use pointsman_model::ModelError;
use pointsman_policy::{ArmAssessment, ArmTotals, Assessment, Scratch, allocate};
use pointsman_wire::{BanditRouter, bandit_router, generated::pointsman_v1 as proto};
use prost::Message as _;

use super::knowledge::totals_from_proto;
use crate::{GatewayError, recording::hand_over::decode};

/// Every field of the bandit of an encoded `Router` that is wrong, with paths below the router.
///
/// # Errors
/// The bytes are no `Router`.
pub fn bandit_faults(router: &[u8]) -> Result<Vec<ModelError>, GatewayError> {
    Ok(pointsman_wire::bandit_faults(&decode("router", router)?))
}

/// Weighs the arms of encoded `RouterTotals` by the bandit of an encoded `Router`; answers a `BanditAssessment`.
///
/// Arms of the router that the totals lack compete as ones of which nothing is known. Those of the totals that are no
/// arms are told of, but are neither best nor get a share.
///
/// # Errors
/// The bytes are no such messages, the router is no bandit, or the totals are none that its algorithm takes.
pub fn assess_bandit(router: &[u8], totals: &[u8]) -> Result<Vec<u8>, GatewayError> {
    let bandit =
        bandit_router(&decode("router", router)?).map_err(|error| invalid(error.within("router")))?;
    let totals: proto::RouterTotals = decode("totals", totals)?;
    assessed(&bandit, &totals).map(|told| told.encode_to_vec()).map_err(invalid)
}

fn assessed(
    bandit: &BanditRouter,
    totals: &proto::RouterTotals,
) -> Result<proto::BanditAssessment, ModelError> {
    let mut names = HashSet::new();
    for (index, arm) in totals.arms.iter().enumerate() {
        if !names.insert(arm.variant.as_str()) {
            let reason = format!("{:?} is there already", arm.variant);
            return Err(ModelError::new(format!("totals.arms[{index}].variant"), reason));
        }
    }
    let is_arm = |name: &str| bandit.arms.iter().any(|arm| arm == name);
    let missing = bandit.arms.iter().filter(|arm| !names.contains(arm.as_str())).count();
    let mut all: Vec<ArmTotals> = totals.arms.iter().map(totals_from_proto).collect();
    let mut competes: Vec<bool> = totals.arms.iter().map(|arm| is_arm(&arm.variant)).collect();
    all.resize(all.len() + missing, ArmTotals::default());
    competes.resize(all.len(), true);
    let competing: Vec<ArmTotals> =
        all.iter().zip(&competes).filter_map(|(arm, competes)| competes.then_some(*arm)).collect();

    let mut scratch = Scratch::default();
    let told = Assessment::of(&bandit.settings, &all, &mut scratch)?;
    let chances = Assessment::of(&bandit.settings, &competing, &mut scratch)?;
    let shares = allocate(&bandit.settings, &competing, totals.expected_pulls, &mut scratch)?.shares;
    let mut chances = chances.arms.iter().zip(shares);
    let arms = told.arms.iter().zip(&competes).map(|(arm, competes)| {
        let chance = if *competes { chances.next() } else { None };
        let (best_probability, share) = chance.map_or((0.0, 0.0), |(arm, share)| (arm.best, share));
        let ArmAssessment { mean, low, high, .. } = *arm;
        proto::ArmAssessment { mean, lower: low, upper: high, best_probability, share }
    });
    let arms = arms.take(totals.arms.len()).collect();
    let pulls: Vec<u64> = totals.arms.iter().map(|arm| arm.pulls).collect();
    Ok(proto::BanditAssessment { arms, regret: told.regret_of(&pulls) })
}

fn invalid(error: ModelError) -> GatewayError {
    GatewayError::InvalidRequest(error.to_string())
}
