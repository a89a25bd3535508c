//! A posterior laid along a line on which its density is smooth, and where to cut that line for it.

use super::posterior::Posterior;

/// Where the line is cut on both sides of a density's peak: there it has fallen to about e^(−c²/2) of it, as a normal
/// density has after c standard deviations.
const LEVELS: [f64; 8] = [0.6, 1.2, 1.8, 2.5, 3.3, 4.3, 5.6, 7.2];

/// Cuts nearer to each other than this part of the panels beside them become one.
const LEAST_PANEL: f64 = 0.25;

/// A place on the line.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Point {
    place: f64,
    /// Logarithms of the rate and of 1 − rate, for rates.
    ln_rate: f64,
    ln_rest: f64,
    /// The mean that the place stands for.
    pub(super) value: f64,
}

/// A cut through the line, and the narrower of the panels that it wants beside it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut {
    pub(super) place: f64,
    width: f64,
}

/// A density on the line, up to a factor.
///
/// Rates lie on it by their log-odds: there the Beta density is smooth and log-concave for all parameters, where on
/// [0, 1] it has poles and, after millions of rewards, peaks that no grid hits. Student's density needs no such help.
#[derive(Debug, Clone, Copy)]
pub(super) struct Curve {
    shape: Shape,
    /// Makes the masses of all curves alike in size, so that products of many neither vanish nor overflow.
    unit: f64,
    peak: f64,
    /// Beyond these there is next to nothing.
    pub(super) left: f64,
    pub(super) right: f64,
}

#[derive(Debug, Clone, Copy)]
enum Shape {
    Beta { alpha: f64, beta: f64, ln_peak: f64 },
    Student { scale: f64, degrees: f64 },
}

impl Curve {
    pub(super) fn new(posterior: &Posterior) -> Self {
        let mut curve = match *posterior {
            Posterior::Beta { alpha, beta } => {
                let ln_peak = -alpha * (beta / alpha).ln_1p() - beta * (alpha / beta).ln_1p();
                let shape = Shape::Beta { alpha, beta, ln_peak };
                let unit = (alpha.recip() + beta.recip()).sqrt().recip();
                Self { shape, unit, peak: (alpha / beta).ln(), left: 0.0, right: 0.0 }
            }
            Posterior::Student { location, scale, degrees } => {
                let shape = Shape::Student { scale, degrees };
                Self { shape, unit: scale.recip(), peak: location, left: 0.0, right: 0.0 }
            }
        };
        let (left, right) = curve.distances(LEVELS[LEVELS.len() - 1]);
        curve.left = curve.peak - left;
        curve.right = curve.peak + right;
        curve
    }

    /// A place for this curve and those of its kind.
    pub(super) fn point(&self, place: f64) -> Point {
        match self.shape {
            Shape::Beta { .. } => {
                let ln = (-place.abs()).exp().ln_1p();
                let (ln_rate, ln_rest) = (place.min(0.0) - ln, (-place).min(0.0) - ln);
                Point { place, ln_rate, ln_rest, value: ln_rate.exp() }
            }
            Shape::Student { .. } => Point { place, value: place, ..Point::default() },
        }
    }

    /// The density there, as a multiple of its peak and in units of its width.
    pub(super) fn density(&self, point: &Point) -> f64 {
        let ln = match self.shape {
            Shape::Beta { alpha, beta, ln_peak } => alpha * point.ln_rate + beta * point.ln_rest - ln_peak,
            Shape::Student { scale, degrees } => {
                let distance = (point.place - self.peak) / scale;
                -f64::midpoint(degrees, 1.0) * (distance * distance / degrees).ln_1p()
            }
        };
        self.unit * ln.exp()
    }

    /// Adds this curve's cuts.
    pub(super) fn add_cuts(&self, cuts: &mut Vec<Cut>) {
        let (mut nearer_left, mut nearer_right) = (0.0, 0.0);
        for (index, level) in LEVELS.into_iter().enumerate() {
            let (left, right) = self.distances(level);
            if index == 0 {
                cuts.push(Cut { place: self.peak, width: left.min(right) });
            }
            cuts.push(Cut { place: self.peak - left, width: left - nearer_left });
            cuts.push(Cut { place: self.peak + right, width: right - nearer_right });
            (nearer_left, nearer_right) = (left, right);
        }
    }

    /// How far to the left and right of the peak a level is reached, at the latest.
    fn distances(&self, level: f64) -> (f64, f64) {
        match self.shape {
            // Near its peak the density falls as a normal one does, far from it as e^(−alpha·d) and e^(−beta·d).
            Shape::Beta { alpha, beta, .. } => {
                let normal = level / self.unit;
                let fall = level * level / 2.0;
                (normal + fall / alpha, normal + fall / beta)
            }
            Shape::Student { scale, degrees } => {
                let distance = scale * (degrees * (level * level / (degrees + 1.0)).exp_m1()).sqrt();
                (distance, distance)
            }
        }
    }
}

/// Puts cuts in order and drops those that others stand for.
pub(super) fn arrange(cuts: &mut Vec<Cut>) {
    cuts.sort_unstable_by(|one, other| one.place.total_cmp(&other.place));
    cuts.dedup_by(|next, kept| next.place - kept.place <= LEAST_PANEL * next.width.min(kept.width));
}
