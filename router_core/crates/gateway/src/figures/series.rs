//! What metrics are written of: a variant's counters with its labels, and their histograms.

use std::{fmt, sync::Arc};

use prometheus_client::encoding::{MetricEncoder, NoLabelSet};

use super::stats::{BOUNDS_NANOS, HistogramTotal, VariantStats, VariantTotal};

/// A variant with traffic, the share it should get, and what it counted.
pub(super) struct Series {
    pub(super) stats: Arc<VariantStats>,
    pub(super) share: Option<f64>,
    pub(super) total: VariantTotal,
}

impl Series {
    pub(super) fn labels(&self) -> [(&'static str, &str); 2] {
        [("router", &self.stats.router), ("variant", &self.stats.variant)]
    }
}

pub(super) fn encode_histogram(mut encoder: MetricEncoder<'_>, total: &HistogramTotal) -> fmt::Result {
    let bounds = BOUNDS_NANOS.iter().map(|&nanos| nanos as f64 / 1e9).chain([f64::INFINITY]);
    let buckets: Vec<(f64, u64)> = bounds.zip(total.counts).collect();
    let count = total.counts.iter().sum();
    encoder.encode_histogram::<NoLabelSet>(total.sum_nanos as f64 / 1e9, count, &buckets, None)
}
