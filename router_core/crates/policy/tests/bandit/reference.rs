//! The probability of being best by another way: trapezia, very many of them, on the union of a grid for each arm.

pub(crate) enum Arm {
    Beta { alpha: f64, beta: f64 },
    Student { location: f64, scale: f64, degrees: f64 },
}

impl Arm {
    fn ln_density(&self, place: f64) -> f64 {
        match *self {
            Self::Beta { alpha, beta } => {
                let ln_rate = |odds: f64| -(if odds > -30.0 { (-odds).exp().ln_1p() } else { -odds });
                alpha * ln_rate(place) + beta * ln_rate(-place)
            }
            Self::Student { location, scale, degrees } => {
                let distance = (place - location) / scale;
                -(degrees + 1.0) / 2.0 * (distance * distance / degrees).ln_1p() - scale.ln()
            }
        }
    }

    fn peak(&self) -> f64 {
        match *self {
            Self::Beta { alpha, beta } => (alpha / beta).ln(),
            Self::Student { location, .. } => location,
        }
    }

    /// From where the density is e⁻⁴⁰ of its peak, denser about it.
    fn grid(&self, points: usize) -> Vec<f64> {
        let peak = self.peak();
        let height = self.ln_density(peak);
        let reach = |sign: f64| {
            let mut distance = match *self {
                Self::Beta { alpha, beta } => (1.0 / alpha + 1.0 / beta).sqrt(),
                Self::Student { scale, .. } => scale,
            };
            let unit = distance;
            while self.ln_density(peak + sign * distance) > height - 40.0 && distance < 1e7 * unit {
                distance *= 1.1;
            }
            (unit, distance)
        };
        let mut grid = Vec::with_capacity(2 * points);
        for sign in [-1.0, 1.0] {
            let (unit, distance) = reach(sign);
            let last = (distance / unit).asinh();
            let place = |point: usize| sign * unit * (last * point as f64 / (points - 1) as f64).sinh();
            grid.extend((0..points).map(|point| peak + place(point)));
        }
        grid
    }
}

pub(crate) fn probabilities_of_being_best(arms: &[Arm]) -> Vec<f64> {
    let points = (12_000 / arms.len()).clamp(400, 3_000);
    let mut grid: Vec<f64> = arms.iter().flat_map(|arm| arm.grid(points)).collect();
    grid.sort_by(f64::total_cmp);
    grid.dedup();
    let mut densities = Vec::new();
    let mut masses = Vec::new();
    for arm in arms {
        let height = arm.ln_density(arm.peak());
        let density: Vec<f64> = grid.iter().map(|place| (arm.ln_density(*place) - height).exp()).collect();
        let mut mass = vec![0.0];
        for (ends, heights) in grid.windows(2).zip(density.windows(2)) {
            let before = mass[mass.len() - 1];
            mass.push(before + (ends[1] - ends[0]) * (heights[0] + heights[1]) / 2.0);
        }
        let all = mass[mass.len() - 1];
        densities.push(density.iter().map(|density| density / all).collect::<Vec<f64>>());
        masses.push(mass.iter().map(|mass| mass / all).collect::<Vec<f64>>());
    }
    let won = |arm: usize, point: usize| {
        let others = (0..arms.len()).filter(|other| *other != arm).map(|other| masses[other][point]);
        densities[arm][point] * others.product::<f64>()
    };
    let wins = |arm: usize| -> f64 {
        let panels = grid.windows(2).enumerate();
        panels.map(|(at, ends)| (ends[1] - ends[0]) * (won(arm, at) + won(arm, at + 1)) / 2.0).sum()
    };
    (0..arms.len()).map(wins).collect()
}
