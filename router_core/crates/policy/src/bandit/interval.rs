//! The interval that holds an arm's mean with a given probability.

use super::{
    best_arm::Scratch,
    curve::{Curve, arrange},
    posterior::Posterior,
    rule::AtNodes,
};

/// Halvings of a panel: more than a float can tell apart.
const HALVINGS: usize = 50;

struct Panel {
    start: f64,
    width: f64,
    densities: AtNodes,
    /// The mass to its left.
    mass: f64,
}

/// The central interval: as much lies below it as above.
pub(super) fn central_interval(posterior: &Posterior, probability: f64, scratch: &mut Scratch) -> (f64, f64) {
    let Scratch { rule, cuts, .. } = scratch;
    let curve = Curve::new(posterior);
    cuts.clear();
    curve.add_cuts(cuts);
    arrange(cuts);
    let mut mass = 0.0;
    let mut panels = Vec::with_capacity(cuts.len());
    for ends in cuts.windows(2) {
        let (start, width) = (ends[0].place, ends[1].place - ends[0].place);
        let densities = rule.nodes.map(|node| curve.density(&curve.point(start + width * node)));
        panels.push(Panel { start, width, densities, mass });
        mass += width * rule.whole(&densities);
    }
    let quantile = |part: f64| {
        let target = part * mass;
        let next = panels.partition_point(|panel| panel.mass <= target);
        let Some(panel) = panels.get(next.saturating_sub(1)) else { return f64::NAN };
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(low, high);
            if panel.mass + panel.width * rule.up_to(middle, &panel.densities) < target {
                low = middle;
            } else {
                high = middle;
            }
        }
        curve.point(panel.start + panel.width * low).value
    };
    let outside = (1.0 - probability) / 2.0;
    (quantile(outside), quantile(1.0 - outside))
}
