//! Metrics in the Prometheus text format, read from the live counters when asked.

use std::{fmt, sync::Arc};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::Registry,
};

use crate::{
    build_kind::BUILD_KIND,
    figures::{
        journal_metrics,
        series::{Series, encode_histogram},
        shadow_metrics,
        stats::{CODE_COUNT, HistogramTotal, VariantTotal},
    },
    messages::status::code_name,
    recording::records::Cut,
    routing::routes::Target,
    shared::Shared,
};

/// The most variants that have series of their own.
const MAX_VARIANTS: usize = 5_000;

/// Writes all metrics.
pub(crate) fn render(shared: &Arc<Shared>) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Snapshot(shared.clone())));
    let mut text = String::new();
    if let Err(error) = prometheus_client::encoding::text::encode(&mut text, &registry) {
        tracing::error!(%error, "metrics cannot be written");
    }
    text
}

struct Snapshot(Arc<Shared>);

impl fmt::Debug for Snapshot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Snapshot")
    }
}

impl Collector for Snapshot {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let (series, omitted) = collect(&self.0);
        encode_variants(&mut encoder, &series)?;
        shadow_metrics::encode(&mut encoder, &series)?;
        encode_server(&mut encoder, &self.0, omitted)?;
        journal_metrics::encode(&mut encoder, &self.0.journal)?;
        encode_backends(&mut encoder, &self.0)
    }
}

fn collect(shared: &Shared) -> (Vec<Series>, u64) {
    let routes = shared.publisher.routes().load();
    let mut series = Vec::new();
    let mut omitted = 0;
    let mut take = |target: &Target, share: Option<f64>| {
        let Some(total) = target.stats.total() else { return };
        if !shared.series_ages.is_fresh(&target.stats, total.calls()) {
            return;
        }
        if series.len() < MAX_VARIANTS {
            series.push(Series { stats: target.stats.clone(), share, total });
        } else {
            omitted += 1;
        }
    };
    for route in routes.routers() {
        for (index, target) in (0_u8..).zip(&route.targets) {
            take(target, route.share(index));
        }
    }
    for route in routes.models() {
        route.targets.iter().for_each(|target| take(target, None));
    }
    shared.series_ages.retain(|router, variant| {
        let named = routes.get(router);
        named.is_some_and(|route| route.targets.iter().any(|target| target.name.as_str() == variant))
    });
    (series, omitted)
}

fn encode_variants(encoder: &mut DescriptorEncoder<'_>, series: &[Series]) -> fmt::Result {
    let mut counters = |name: &str, help: &str, pick: fn(&VariantTotal) -> &[u64; CODE_COUNT]| {
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        for one in series {
            let counts = pick(&one.total).iter().enumerate().filter(|(_, count)| **count > 0);
            for (code, count) in counts {
                let [router, variant] = one.labels();
                let labels = [router, variant, ("grpc_code", code_name(code))];
                ConstCounter::new(*count).encode(family.encode_family(&labels)?)?;
            }
        }
        Ok::<(), fmt::Error>(())
    };
    counters("pointsman_requests", "Calls that a router decided.", |total| &total.decided_by_code)?;
    counters("pointsman_pinned_requests", "Calls that named their variant themselves.", |total| {
        &total.pinned_by_code
    })?;
    let help = "Calls that a variant answered for another one that no live backend served.";
    counters("pointsman_fallback_requests", help, |total| &total.fallback_by_code)?;
    let help = "Calls that went to a variant because an operator sent everything there.";
    counters("pointsman_override_requests", help, |total| &total.override_by_code)?;
    let help = "Calls that went to another variant, because no live backend served the one that was decided.";
    let mut family =
        encoder.encode_descriptor("pointsman_diverted_requests", help, None, MetricType::Counter)?;
    for one in series.iter().filter(|one| one.total.diverted > 0) {
        ConstCounter::new(one.total.diverted).encode(family.encode_family(&one.labels())?)?;
    }
    let help = "Conditions of rules that met a value of a kind that they do not take; then they do not hold.";
    let mut family =
        encoder.encode_descriptor("pointsman_rule_mismatches", help, None, MetricType::Counter)?;
    for one in series.iter().filter(|one| one.total.rule_mismatches > 0) {
        ConstCounter::new(one.total.rule_mismatches).encode(family.encode_family(&one.labels())?)?;
    }
    let help = "Predictions that were not recorded because the queue or the disk was full.";
    let mut family =
        encoder.encode_descriptor("pointsman_records_dropped", help, None, MetricType::Counter)?;
    for one in series {
        ConstCounter::new(one.total.dropped_records).encode(family.encode_family(&one.labels())?)?;
    }
    let help = "Predictions recorded without features or answer, by the limit that these were above.";
    let mut family = encoder.encode_descriptor("pointsman_records_cut", help, None, MetricType::Counter)?;
    for one in series {
        for ((_, reason), count) in Cut::REASONS.iter().zip(one.total.cut_records) {
            let [router, variant] = one.labels();
            let labels = [router, variant, ("reason", *reason)];
            ConstCounter::new(count).encode(family.encode_family(&labels)?)?;
        }
    }
    let help = "The share of calls that a variant should get, 0 to 1.";
    let mut family =
        encoder.encode_descriptor("pointsman_variant_weight_ratio", help, None, MetricType::Gauge)?;
    for one in series {
        if let Some(share) = one.share {
            ConstGauge::new(share).encode(family.encode_family(&one.labels())?)?;
        }
    }
    let mut histograms = |name: &str, help: &str, pick: fn(&VariantTotal) -> &HistogramTotal| {
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
        for one in series {
            encode_histogram(family.encode_family(&one.labels())?, pick(&one.total))?;
        }
        Ok::<(), fmt::Error>(())
    };
    let help = "The time that this server added to a call.";
    histograms("pointsman_overhead_duration_seconds", help, |total| &total.overhead)?;
    let help = "The time that the backend took for a call.";
    histograms("pointsman_backend_duration_seconds", help, |total| &total.backend)
}

fn encode_server(encoder: &mut DescriptorEncoder<'_>, shared: &Shared, omitted: u64) -> fmt::Result {
    let mut gauge = |name: &str, help: &str, value: u64| {
        let value = i64::try_from(value).unwrap_or(i64::MAX);
        let metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        ConstGauge::new(value).encode(metric)
    };
    let sum = |pick: fn(&crate::figures::stats::ThreadStats) -> u64| {
        shared.thread_stats.iter().map(pick).sum::<u64>()
    };
    gauge(
        "pointsman_generation",
        "The generation of the routing state in effect.",
        shared.publisher.generation(),
    )?;
    gauge(
        "pointsman_connections",
        "Client connections.",
        sum(crate::figures::stats::ThreadStats::connections),
    )?;
    gauge(
        "pointsman_in_flight_requests",
        "Calls in flight.",
        sum(crate::figures::stats::ThreadStats::in_flight),
    )?;
    gauge(
        "pointsman_body_budget_held_bytes",
        "Bytes of message bodies in memory.",
        shared.budgets.whole.held() as u64,
    )?;
    gauge("pointsman_series_omitted", "Variants beyond the most that have series of their own.", omitted)?;
    let help = "Calls that reached no variant.";
    let mut family =
        encoder.encode_descriptor("pointsman_rejected_requests", help, None, MetricType::Counter)?;
    for code in 0..CODE_COUNT {
        let count: u64 = shared.thread_stats.iter().map(|stats| stats.rejected(code)).sum();
        if count > 0 {
            let labels = [("grpc_code", code_name(code))];
            ConstCounter::new(count).encode(family.encode_family(&labels)?)?;
        }
    }
    let help = "Answers that were ended because their clients took nothing of them for too long.";
    let metric = encoder.encode_descriptor("pointsman_stalled_answers", help, None, MetricType::Counter)?;
    ConstCounter::new(
        shared.thread_stats.iter().map(crate::figures::stats::ThreadStats::stalled_answers).sum::<u64>(),
    )
    .encode(metric)?;
    let help = "The version that runs and how it was compiled; always 1.";
    let mut family = encoder.encode_descriptor("pointsman_build_info", help, None, MetricType::Gauge)?;
    let labels = [("version", shared.config.server_version.as_str()), ("build", BUILD_KIND)];
    ConstGauge::new(1_i64).encode(family.encode_family(&labels)?)
}

fn encode_backends(encoder: &mut DescriptorEncoder<'_>, shared: &Shared) -> fmt::Result {
    let backends = &shared.publisher.backends;
    let help =
        "Whether an endpoint of a backend that was called is connected, or the registered file is loaded.";
    let mut family = encoder.encode_descriptor("pointsman_backend_up", help, None, MetricType::Gauge)?;
    for target in backends.grpc_targets() {
        let (up, known) = target.endpoints();
        if known > 0 {
            let labels = [("backend", &*target.target)];
            ConstGauge::new(i64::from(up > 0)).encode(family.encode_family(&labels)?)?;
        }
    }
    for target in backends.onnx_targets() {
        // Two versions may have had two files at one path.
        let sha256 = target.backend.sha256.as_ref().map(ToString::to_string).unwrap_or_default();
        let labels = [("backend", &*target.backend.path), ("sha256", sha256.as_str())];
        ConstGauge::new(i64::from(target.model.is_ok())).encode(family.encode_family(&labels)?)?;
    }
    let help = "Calls that a backend has at the moment.";
    let mut family =
        encoder.encode_descriptor("pointsman_backend_in_flight_requests", help, None, MetricType::Gauge)?;
    for target in backends.grpc_targets() {
        let in_flight = i64::try_from(target.admission.in_flight()).unwrap_or(i64::MAX);
        ConstGauge::new(in_flight).encode(family.encode_family(&[("backend", &*target.target)])?)?;
    }
    Ok(())
}
