//! What a router records, and the metrics that its feedback brings.

use std::sync::Arc;

use pointsman_model::{
    Durability, EntityRecording, MetricDefinition, MetricDirection, MetricType, ModelError, Recording,
};

use super::{id, known};
use crate::generated::pointsman_v1 as proto;

pub(super) fn recording_from_proto(recording: proto::Recording) -> Result<Recording, ModelError> {
    Ok(Recording {
        features_share: recording.features_share.unwrap_or(1.0),
        exclude_features: recording.exclude_features.into_iter().map(Arc::from).collect(),
        max_body_bytes: match recording.max_body_bytes {
            0 => Recording::DEFAULT_BODY_BYTES,
            bytes => usize::try_from(bytes).map_err(|_| {
                ModelError::new("max_body_bytes", format!("{bytes} is below 0; 0 stands for the default"))
            })?,
        },
        entity: match known("entity", recording.entity)? {
            proto::EntityRecording::Unspecified | proto::EntityRecording::Plain => EntityRecording::Plain,
            proto::EntityRecording::Hmac => EntityRecording::Hmac,
            proto::EntityRecording::None => EntityRecording::None,
        },
        durability: match known("durability", recording.durability)? {
            proto::RecordDurability::Unspecified | proto::RecordDurability::Buffered => Durability::Buffered,
            proto::RecordDurability::Durable => Durability::Durable,
        },
    })
}

pub(super) fn metric_from_proto(metric: proto::MetricDefinition) -> Result<MetricDefinition, ModelError> {
    Ok(MetricDefinition {
        name: id("name", &metric.name)?,
        metric_type: match known("type", metric.r#type)? {
            proto::MetricType::Unspecified | proto::MetricType::Number => MetricType::Number,
            proto::MetricType::Binary => MetricType::Binary,
            proto::MetricType::Count => MetricType::Count,
        },
        min: metric.min_value,
        max: metric.max_value,
        direction: match known("direction", metric.direction)? {
            proto::MetricDirection::Unspecified | proto::MetricDirection::Maximise => {
                MetricDirection::Maximise
            }
            proto::MetricDirection::Minimise => MetricDirection::Minimise,
        },
    })
}
