//! The probability that an arm is the best, and what the best is worth.

use super::{
    curve::{Curve, Cut, Point, arrange},
    posterior::Posterior,
    rule::{AtNodes, NODES, Rule},
};

/// Memory and tables that updates use again.
#[derive(Debug)]
pub struct Scratch {
    pub(super) rule: Rule,
    pub(super) posteriors: Vec<Posterior>,
    pub(super) cuts: Vec<Cut>,
    curves: Vec<Curve>,
    contenders: Vec<Contender>,
    products: Vec<f64>,
}

impl Default for Scratch {
    fn default() -> Self {
        Self {
            rule: Rule::new(),
            posteriors: Vec::new(),
            cuts: Vec::new(),
            curves: Vec::new(),
            contenders: Vec::new(),
            products: Vec::new(),
        }
    }
}

/// An arm that may be the best, on its way along the line.
#[derive(Debug)]
struct Contender {
    arm: usize,
    curve: Curve,
    /// Its mass to the left of the panel.
    mass: f64,
    /// Its density and its mass at the nodes of the panel.
    densities: AtNodes,
    masses: AtNodes,
    /// How often it is the best, up to here and up to a factor.
    wins: f64,
}

impl Contender {
    fn enter(&mut self, rule: &Rule, points: &[Point; NODES], start: f64, width: f64) {
        if start >= self.curve.right || start + width <= self.curve.left {
            self.densities = [0.0; NODES];
            self.masses = [self.mass; NODES];
            return;
        }
        self.densities = points.each_ref().map(|point| self.curve.density(point));
        let mass = self.mass;
        // Interpolation may dip below zero where there is next to nothing.
        self.masses = rule.up_to_nodes(&self.densities).map(|part| (mass + width * part).max(0.0));
        self.mass += width * rule.whole(&self.densities);
    }
}

/// Writes each arm's probability of having the greatest mean, and answers the expected value of the greatest mean.
///
/// P(arm i is best) = ∫ fᵢ(t) ∏ⱼ≠ᵢ Fⱼ(t) dt, in one pass from left to right. The line is cut where any arm's density
/// changes, so that each panel is narrow for every arm that has mass in it, however narrow the arm: no peak is missed.
/// Densities need no constants: all integrals are divided by their sum at the end. An arm whose mass ends to the left
/// of where another's begins cannot be best, and is left out.
pub(super) fn find_best(posteriors: &[Posterior], scratch: &mut Scratch, probabilities: &mut [f64]) -> f64 {
    let Scratch { rule, cuts, curves, contenders, products, .. } = scratch;
    probabilities.fill(0.0);
    curves.clear();
    curves.extend(posteriors.iter().map(Curve::new));
    let beginning = curves.iter().map(|curve| curve.left).fold(f64::NEG_INFINITY, f64::max);
    contenders.clear();
    cuts.clear();
    for (arm, &curve) in curves.iter().enumerate().filter(|(_, curve)| curve.right > beginning) {
        curve.add_cuts(cuts);
        let (densities, masses) = ([0.0; NODES], [0.0; NODES]);
        contenders.push(Contender { arm, curve, mass: 0.0, densities, masses, wins: 0.0 });
    }
    let Some(any) = contenders.first().map(|contender| contender.curve) else { return f64::NAN };
    arrange(cuts);
    products.resize(contenders.len(), 0.0);
    let mut value = 0.0;
    for ends in cuts.windows(2) {
        let (start, width) = (ends[0].place, ends[1].place - ends[0].place);
        let points = rule.nodes.map(|node| any.point(start + width * node));
        for contender in contenders.iter_mut() {
            contender.enter(rule, &points, start, width);
        }
        // To the left of the beginning one arm has no mass, and none can be the best.
        if start + width <= beginning {
            continue;
        }
        for (node, (point, weight)) in points.iter().zip(&rule.weights).enumerate() {
            let won = share_out(contenders, products, node, width * weight);
            value += won * point.value;
        }
    }
    let all: f64 = contenders.iter().map(|contender| contender.wins).sum();
    for contender in contenders.iter() {
        probabilities[contender.arm] = contender.wins / all;
    }
    value / all
}

/// Adds what each contender wins at a node; answers the sum.
fn share_out(contenders: &mut [Contender], products: &mut [f64], node: usize, weight: f64) -> f64 {
    let mut product = weight;
    for (contender, before) in contenders.iter().zip(products.iter_mut()) {
        *before = product;
        product *= contender.masses[node];
    }
    let mut after = 1.0;
    let mut won = 0.0;
    for (contender, before) in contenders.iter_mut().zip(products.iter()).rev() {
        let part = contender.densities[node] * before * after;
        contender.wins += part;
        won += part;
        after *= contender.masses[node];
    }
    won
}
