//! What the metrics say of shadows.

use std::fmt;

use prometheus_client::{
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter},
};

use super::{
    series::{Series, encode_histogram},
    shadow_stats::ShadowTotal,
};
use crate::messages::status::code_name;

pub(super) fn encode(encoder: &mut DescriptorEncoder<'_>, series: &[Series]) -> fmt::Result {
    let shadows: Vec<(&Series, &ShadowTotal)> =
        series.iter().filter_map(|one| Some((one, one.total.shadow.as_ref()?))).collect();
    let help = "Copies of calls that a shadow got.";
    let mut family =
        encoder.encode_descriptor("pointsman_shadow_requests", help, None, MetricType::Counter)?;
    for (one, total) in &shadows {
        for (code, count) in total.by_code.iter().enumerate().filter(|(_, count)| **count > 0) {
            let [router, variant] = one.labels();
            let labels = [router, variant, ("grpc_code", code_name(code))];
            ConstCounter::new(*count).encode(family.encode_family(&labels)?)?;
        }
    }
    let help = "Copies of calls that a shadow did not get, by the reason.";
    let mut family =
        encoder.encode_descriptor("pointsman_shadow_dropped", help, None, MetricType::Counter)?;
    for (one, total) in &shadows {
        for (reason, count) in total.dropped_by_reason() {
            let [router, variant] = one.labels();
            let labels = [router, variant, ("reason", reason)];
            ConstCounter::new(count).encode(family.encode_family(&labels)?)?;
        }
    }
    let help = "Answers of a shadow that were not recorded because the queue or the disk was full.";
    let mut family =
        encoder.encode_descriptor("pointsman_shadow_records_dropped", help, None, MetricType::Counter)?;
    for (one, total) in &shadows {
        ConstCounter::new(total.dropped_records).encode(family.encode_family(&one.labels())?)?;
    }
    let help = "The time that a shadow's backend took for a copy.";
    let name = "pointsman_shadow_duration_seconds";
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
    for (one, total) in &shadows {
        encode_histogram(family.encode_family(&one.labels())?, &total.backend)?;
    }
    Ok(())
}
