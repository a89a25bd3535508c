//! What the metrics say of the journal and the lake.

use std::{fmt, time::Duration};

use pointsman_journal::{LogStatus, SYNC_BOUNDS_NANOS};
use pointsman_lake::ShipperStatus;
use prometheus_client::{
    encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
};

use crate::{clock::since_epoch, recording::journal::Journal};

pub(crate) fn encode(encoder: &mut DescriptorEncoder<'_>, journal: &Journal) -> fmt::Result {
    let logs = [("predictions", journal.predictions.status()), ("feedback", journal.feedback.status())];
    let mut gauges = |name: &str, help: &str, pick: fn(&LogStatus) -> u64| {
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (log, status) in &logs {
            let value = i64::try_from(pick(status)).unwrap_or(i64::MAX);
            ConstGauge::new(value).encode(family.encode_family(&[("log", *log)])?)?;
        }
        Ok::<(), fmt::Error>(())
    };
    gauges("pointsman_journal_bytes", "Bytes in a log's segments, not yet released.", |log| log.byte_count)?;
    gauges("pointsman_journal_queue_length", "Entries that wait to be written.", |log| log.queued as u64)?;
    gauges("pointsman_journal_healthy", "Whether a log takes entries.", |log| {
        u64::from(log.trouble.is_none())
    })?;
    let help = "The age of the oldest segment that is not released.";
    let mut family =
        encoder.encode_descriptor("pointsman_journal_oldest_seconds", help, None, MetricType::Gauge)?;
    let now = since_epoch();
    for (log, status) in &logs {
        let is_held = status.byte_count > 0;
        let oldest = status.oldest_us.filter(|_| is_held).map(Duration::from_micros);
        let age = oldest.map_or(0.0, |oldest| now.saturating_sub(oldest).as_secs_f64());
        ConstGauge::new(age).encode(family.encode_family(&[("log", *log)])?)?;
    }
    let mut counters = |name: &str, help: &str, pick: fn(&LogStatus) -> u64| {
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (log, status) in &logs {
            ConstCounter::new(pick(status)).encode(family.encode_family(&[("log", *log)])?)?;
        }
        Ok::<(), fmt::Error>(())
    };
    counters("pointsman_journal_entries", "Entries written.", |log| log.written_entries)?;
    counters("pointsman_journal_dropped", "Entries not taken or lost.", |log| log.dropped_entries)?;
    let help = "The time that the disk took to confirm.";
    let name = "pointsman_journal_sync_duration_seconds";
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
    for (log, status) in &logs {
        let bounds = SYNC_BOUNDS_NANOS.iter().map(|&nanos| nanos as f64 / 1e9).chain([f64::INFINITY]);
        let buckets: Vec<(f64, u64)> = bounds.zip(status.sync_counts).collect();
        let (sum, count) = (status.sync_sum_nanos as f64 / 1e9, status.sync_counts.iter().sum());
        let labels = [("log", *log)];
        let mut encoder = family.encode_family(&labels)?;
        encoder.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)?;
    }
    encode_lake(encoder, &journal.shipper.status())
}

fn encode_lake(encoder: &mut DescriptorEncoder<'_>, status: &ShipperStatus) -> fmt::Result {
    let help = "The age of the oldest segment that is not in the lake.";
    let metric = encoder.encode_descriptor("pointsman_lake_lag_seconds", help, None, MetricType::Gauge)?;
    ConstGauge::new(status.lag_seconds).encode(metric)?;
    let help = "Segments in the lake that are not in its manifest.";
    let metric =
        encoder.encode_descriptor("pointsman_lake_waiting_segments", help, None, MetricType::Gauge)?;
    ConstGauge::new(i64::try_from(status.waiting_segments).unwrap_or(i64::MAX)).encode(metric)?;
    let counters = [
        ("pointsman_lake_shipped_rows", "Rows written to the lake.", status.shipped_rows),
        ("pointsman_lake_shipped_bytes", "Bytes written to the lake.", status.shipped_bytes),
        (
            "pointsman_lake_damaged_bytes",
            "Damaged bytes of the journal that are not in the lake.",
            status.damaged_bytes,
        ),
        (
            "pointsman_lake_unreadable_entries",
            "Entries of the journal that cannot be read and are not in the lake.",
            status.unreadable_entries,
        ),
        ("pointsman_lake_failures", "Attempts to write to the lake that failed.", status.failures),
    ];
    for (name, help, count) in counters {
        let metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        ConstCounter::new(count).encode(metric)?;
    }
    Ok(())
}
