//! The metrics that a router's feedback brings, and which values they take.

use std::{collections::HashSet, fmt};

use crate::{Id, ModelError};

/// The most metrics that a router can declare.
pub const MAX_METRICS: usize = 100;

/// What a metric's values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MetricType {
    /// Any number.
    #[default]
    Number,
    /// 0 or 1.
    Binary,
    /// A whole number from 0.
    Count,
}

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MetricDirection {
    /// More is better.
    #[default]
    Maximise,
    /// Less is better.
    Minimise,
}

/// A metric that a router declares.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricDefinition {
    /// Its name, unique in the router.
    pub name: Id,
    /// What its values are.
    pub metric_type: MetricType,
    /// The least value that is taken.
    pub min: Option<f64>,
    /// The greatest value that is taken.
    pub max: Option<f64>,
    /// Which way is better.
    pub direction: MetricDirection,
}

impl MetricDefinition {
    /// Checks a value of feedback against type and range.
    ///
    /// # Errors
    /// It is of another type, or outside the range.
    pub fn check(&self, value: f64) -> Result<(), ModelError> {
        let (name, shown) = (&self.name, ShownNumber(value));
        let wrong = match self.metric_type {
            MetricType::Binary if value != 0.0 && value != 1.0 => {
                format!("{shown} is neither 0 nor 1, and metric {name} is binary; send 0 or 1")
            }
            MetricType::Count if !(value >= 0.0 && value.fract() == 0.0) => format!(
                "{shown} is not a whole number from 0, and metric {name} is a count; send 0, 1, 2 and so on"
            ),
            MetricType::Number if value.is_nan() => format!("{shown} is not a number"),
            _ => match (self.min, self.max) {
                (Some(min), _) if value < min => format!(
                    "{shown} is below {}, the least value of metric {name}; send no less",
                    ShownNumber(min)
                ),
                (_, Some(max)) if value > max => format!(
                    "{shown} is above {}, the greatest value of metric {name}; send no more",
                    ShownNumber(max)
                ),
                _ => return Ok(()),
            },
        };
        Err(ModelError::new("value", wrong))
    }

    fn check_range(&self) -> Result<(), ModelError> {
        for (field, bound) in [("min_value", self.min), ("max_value", self.max)] {
            if let Some(bound) = bound.filter(|bound| !bound.is_finite()) {
                let reason = format!("{bound} is not a finite number; leave it out where there is no bound");
                return Err(ModelError::new(field, reason));
            }
        }
        match (self.min, self.max) {
            (Some(min), Some(max)) if min > max => {
                let reason = format!("{} is above max_value, {}", ShownNumber(min), ShownNumber(max));
                Err(ModelError::new("min_value", reason))
            }
            _ => Ok(()),
        }
    }
}

/// Checks the metrics that a router declares.
pub(crate) fn check_metrics(metrics: &[MetricDefinition]) -> Result<(), ModelError> {
    if metrics.len() > MAX_METRICS {
        let reason = format!("{} metrics; a router declares at most {MAX_METRICS}", metrics.len());
        return Err(ModelError::new("metrics", reason));
    }
    let mut names = HashSet::new();
    for (index, metric) in metrics.iter().enumerate() {
        if !names.insert(&metric.name) {
            let reason = format!("{:?} is declared already", metric.name);
            return Err(ModelError::new(format!("metrics[{index}].name"), reason));
        }
        metric.check_range().map_err(|error| error.within(&format!("metrics[{index}]")))?;
    }
    Ok(())
}

/// Writes a number without the hundreds of digits that very large and very small ones have.
#[derive(Debug, Clone, Copy)]
pub struct ShownNumber(pub f64);

impl fmt::Display for ShownNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(number) = *self;
        if number == 0.0 || !number.is_finite() || (1e-5..1e16).contains(&number.abs()) {
            write!(formatter, "{number}")
        } else {
            write!(formatter, "{number:e}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(metric_type: MetricType, min: Option<f64>, max: Option<f64>) -> MetricDefinition {
        let name = Id::parse("m").unwrap();
        MetricDefinition { name, metric_type, min, max, direction: MetricDirection::default() }
    }

    #[test]
    fn each_type_takes_its_values_and_no_others() {
        let cases = [
            (MetricType::Number, &[-1.5, 0.0, 1e99][..], &[f64::NAN][..]),
            (MetricType::Binary, &[0.0, -0.0, 1.0], &[0.5, 2.0, -1.0, f64::NAN]),
            (MetricType::Count, &[0.0, 1.0, 1e20], &[-1.0, 0.5, f64::NAN]),
        ];
        for (metric_type, good, bad) in cases {
            let metric = metric(metric_type, None, None);
            assert!(good.iter().all(|value| metric.check(*value).is_ok()), "{metric_type:?}");
            assert!(bad.iter().all(|value| metric.check(*value).is_err()), "{metric_type:?}");
        }
    }

    #[test]
    fn both_ends_of_a_range_are_taken_and_the_refusal_names_value_and_bound() {
        let metric = metric(MetricType::Number, Some(-1.0), Some(5.0));
        assert!([-1.0, 0.0, 5.0].iter().all(|value| metric.check(*value).is_ok()));
        let said = |value| metric.check(value).unwrap_err().to_string();
        assert_eq!(said(5.5), "value: 5.5 is above 5, the greatest value of metric m; send no more");
        assert_eq!(said(-1e30), "value: -1e30 is below -1, the least value of metric m; send no less");
    }

    #[test]
    fn impossible_ranges_repeated_names_and_too_many_metrics_are_refused() {
        let said = |metrics: &[MetricDefinition]| check_metrics(metrics).unwrap_err().to_string();
        let plain = || metric(MetricType::Number, None, None);
        let range = |min, max| metric(MetricType::Number, Some(min), Some(max));
        assert!(said(&[range(2.0, 1.0)]).starts_with("metrics[0].min_value: 2 is above max_value, 1"));
        assert!(said(&[range(f64::NAN, 1.0)]).starts_with("metrics[0].min_value: NaN is not"));
        assert!(said(&[range(0.0, f64::INFINITY)]).starts_with("metrics[0].max_value: inf is not"));
        assert!(said(&[plain(), plain()]).starts_with("metrics[1].name: \"m\" is declared already"));
        assert!(said(&vec![plain(); 101]).starts_with("metrics: 101 metrics"));
    }
}
