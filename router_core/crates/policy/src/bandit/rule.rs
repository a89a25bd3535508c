//! The quadrature rule of a panel: Gauss and Legendre's six nodes, and integrals up to each of them.

/// Nodes of a panel.
pub(super) const NODES: usize = 6;

/// Right half of the nodes on [−1, 1], and their weights (Abramowitz and Stegun, table 25.4).
const HALF: [(f64, f64); NODES / 2] = [
    (0.238_619_186_083_196_9, 0.467_913_934_572_691_04),
    (0.661_209_386_466_264_5, 0.360_761_573_048_138_6),
    (0.932_469_514_203_152, 0.171_324_492_379_170_36),
];

/// Values at the nodes of a panel.
pub(super) type AtNodes = [f64; NODES];

/// The rule on [0, 1]. Its interpolating polynomial gives partial integrals as well.
#[derive(Debug)]
pub(super) struct Rule {
    /// Where the nodes are.
    pub(super) nodes: AtNodes,
    /// What each adds to the whole integral.
    pub(super) weights: AtNodes,
    /// For each node, what all of them add to the integral up to it.
    partial: [AtNodes; NODES],
    /// For each node, the coefficients of ξ¹ … ξ⁶ of what it adds to the integral up to ξ.
    antiderivatives: [AtNodes; NODES],
}

impl Rule {
    pub(super) fn new() -> Self {
        let (mut nodes, mut weights) = ([0.0; NODES], [0.0; NODES]);
        for (index, (node, weight)) in HALF.into_iter().enumerate() {
            nodes[NODES / 2 + index] = f64::midpoint(1.0, node);
            nodes[NODES / 2 - 1 - index] = (1.0 - node) / 2.0;
            weights[NODES / 2 + index] = weight / 2.0;
            weights[NODES / 2 - 1 - index] = weight / 2.0;
        }
        let mut antiderivatives = [[0.0; NODES]; NODES];
        for (own, coefficients) in antiderivatives.iter_mut().enumerate() {
            *coefficients = integrated(lagrange(&nodes, own));
        }
        let partial = nodes.map(|node| antiderivatives.map(|coefficients| polynomial(&coefficients, node)));
        Self { nodes, weights, partial, antiderivatives }
    }

    /// The integral over the panel, of width 1.
    pub(super) fn whole(&self, values: &AtNodes) -> f64 {
        dot(&self.weights, values)
    }

    /// The integrals up to each node.
    pub(super) fn up_to_nodes(&self, values: &AtNodes) -> AtNodes {
        let mut integrals = [0.0; NODES];
        for (integral, partial) in integrals.iter_mut().zip(&self.partial) {
            *integral = dot(partial, values);
        }
        integrals
    }

    /// The integral up to a place between 0 and 1.
    pub(super) fn up_to(&self, place: f64, values: &AtNodes) -> f64 {
        let parts = self.antiderivatives.iter().zip(values);
        parts.map(|(coefficients, value)| polynomial(coefficients, place) * value).sum()
    }
}

/// The coefficients of the polynomial that is 1 at one node and 0 at the others.
fn lagrange(nodes: &AtNodes, own: usize) -> AtNodes {
    let mut coefficients = [0.0; NODES];
    coefficients[0] = 1.0;
    for node in nodes.iter().enumerate().filter_map(|(index, node)| (index != own).then_some(*node)) {
        let mut lower = 0.0;
        for coefficient in &mut coefficients {
            let kept = *coefficient;
            *coefficient = (lower - node * kept) / (nodes[own] - node);
            lower = kept;
        }
    }
    coefficients
}

fn integrated(mut coefficients: AtNodes) -> AtNodes {
    for (power, coefficient) in (1_u8..).zip(&mut coefficients) {
        *coefficient /= f64::from(power);
    }
    coefficients
}

/// c₁ξ + c₂ξ² + …
fn polynomial(coefficients: &AtNodes, place: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |value, coefficient| (value + coefficient) * place)
}

fn dot(one: &AtNodes, other: &AtNodes) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_of_the_eleventh_degree_are_integrated_exactly_and_partly_up_to_the_fifth() {
        let rule = Rule::new();
        for power in 0..12 {
            let values = rule.nodes.map(|node| node.powi(power));
            let exact = 1.0 / f64::from(power + 1);
            assert!((rule.whole(&values) - exact).abs() < 1e-14, "ξ^{power}");
        }
        for power in 0..6 {
            let values = rule.nodes.map(|node| node.powi(power));
            let up_to = |place: f64| place.powi(power + 1) / f64::from(power + 1);
            for (node, integral) in rule.nodes.iter().zip(rule.up_to_nodes(&values)) {
                assert!((integral - up_to(*node)).abs() < 1e-12, "ξ^{power} to {node}");
            }
            assert!((rule.up_to(0.3, &values) - up_to(0.3)).abs() < 1e-12);
        }
    }
}
