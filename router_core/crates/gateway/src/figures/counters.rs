//! What the control plane reads: a router's counters and the server's state.

use std::collections::BTreeMap;

use pointsman_journal::LogStatus;
use pointsman_lake::ShipperStatus;
use pointsman_wire::generated::pointsman_v1 as proto;
use serde_json::{Value, json};

use crate::{
    figures::stats::{BOUNDS_NANOS, HistogramTotal, ThreadStats},
    recording::{journal::Journal, records::Cut},
    shared::{Phase, Shared},
};

/// A router's live counters.
pub(crate) fn router_counters(shared: &Shared, router_id: &str) -> proto::RouterCounters {
    let routes = shared.publisher.routes().load();
    let mut dropped_record_count = 0;
    let mut cut_record_counts: BTreeMap<String, u64> = BTreeMap::new();
    let targets = routes.router(router_id).map_or(&[][..], |route| &route.targets);
    let variants = targets
        .iter()
        .filter_map(|target| {
            let total = target.stats.total()?;
            dropped_record_count += total.dropped_records;
            for ((_, reason), count) in Cut::REASONS.iter().zip(total.cut_records) {
                if count > 0 {
                    *cut_record_counts.entry((*reason).to_owned()).or_default() += count;
                }
            }
            Some(proto::VariantCounters {
                variant: target.name.to_string(),
                requests_by_code: total.decided_by_code.to_vec(),
                pinned_count: total.pinned(),
                fallback_count: total.fallback(),
                override_count: total.overridden(),
                overhead: Some(histogram(&total.overhead)),
                backend: Some(histogram(&total.backend)),
                shadow: total.shadow.as_ref().map(|shadow| proto::ShadowCounters {
                    requests_by_code: shadow.by_code.to_vec(),
                    dropped_counts: shadow
                        .dropped_by_reason()
                        .map(|(reason, count)| (reason.to_owned(), count))
                        .collect(),
                    backend: Some(histogram(&shadow.backend)),
                    dropped_record_count: shadow.dropped_records,
                }),
            })
        })
        .collect();
    proto::RouterCounters {
        router_id: router_id.to_owned(),
        variants,
        dropped_record_count,
        cut_record_counts,
        start_time_us: shared.started_us,
        generation: routes.snapshot.generation,
    }
}

fn histogram(total: &HistogramTotal) -> proto::Histogram {
    proto::Histogram {
        bounds_seconds: BOUNDS_NANOS.iter().map(|&nanos| nanos as f64 / 1e9).collect(),
        counts: total.counts.to_vec(),
        sum_seconds: total.sum_nanos as f64 / 1e9,
    }
}

/// The state of the server as JSON.
pub(crate) fn status(shared: &Shared) -> String {
    let sum = |pick: fn(&ThreadStats) -> u64| shared.thread_stats.iter().map(pick).sum::<u64>();
    let backends = &shared.publisher.backends;
    let grpc = backends.grpc_targets().into_iter().map(|target| {
        let (up, known) = target.endpoints();
        json!({ "target": &*target.target, "up": up > 0 || known == 0, "endpoints": known })
    });
    let onnx = backends
        .onnx_targets()
        .into_iter()
        .map(|target| json!({ "target": &*target.backend.path, "up": target.model.is_ok(), "endpoints": 1 }));
    json!({
        "serving": *shared.phase.borrow() == Phase::Serving,
        "generation": shared.publisher.generation(),
        "connections": sum(ThreadStats::connections),
        "in_flight": sum(ThreadStats::in_flight),
        "threads": shared.config.threads,
        "restored": shared.is_restored,
        "journal": journal_status(&shared.journal),
        "backends": grpc.chain(onnx).collect::<Vec<_>>(),
    })
    .to_string()
}

fn journal_status(journal: &Journal) -> Value {
    json!({
        "id": &*journal.folder.id(),
        "predictions": log_status(&journal.predictions.status()),
        "feedback": log_status(&journal.feedback.status()),
        "lake": lake_status(&journal.shipper.status()),
    })
}

fn lake_status(status: &ShipperStatus) -> Value {
    json!({
        "lag_seconds": status.lag_seconds,
        "shipped_rows": status.shipped_rows,
        "shipped_bytes": status.shipped_bytes,
        "damaged_bytes": status.damaged_bytes,
        "unreadable_entries": status.unreadable_entries,
        "waiting_segments": status.waiting_segments,
        "failures": status.failures,
        "trouble": status.trouble,
    })
}

fn log_status(status: &LogStatus) -> Value {
    json!({
        "bytes": status.byte_count,
        "queued": status.queued,
        "written": status.written_entries,
        "dropped": status.dropped_entries,
        "trouble": status.trouble.as_deref(),
    })
}
