//! Routers and their variants.

use std::{sync::Arc, time::Duration};

use pointsman_model::{
    Fallback, ModelError, Permissions, Router, RouterDefinition, RouterSettings, RouterStatus,
    TrafficOverride, Variant, VariantRole, VersionPinning,
};

use super::{
    each, id, known, model_key,
    policy::policy_from_proto,
    recording::{metric_from_proto, recording_from_proto},
    within,
};
use crate::generated::pointsman_v1 as proto;

/// Takes over a router and builds its tables.
///
/// # Errors
/// The first field that is wrong.
pub fn router_from_proto(router: proto::RouterSnapshot) -> Result<Router, ModelError> {
    let policy = policy_from_proto(&router)?;
    let permissions = router.permissions.unwrap_or_default();
    // Settings that came later stand in a message of their own; a state that is older has none.
    let settings = router.settings.unwrap_or_default();
    let variants = each("variants", router.variants, variant_from_proto)?;
    let traffic_override = settings
        .traffic_override
        .map(|given| within("traffic_override", override_from_proto(&given, &variants)))
        .transpose()?;
    Router::build(RouterDefinition {
        id: id("router_id", &router.router_id)?,
        variants,
        policy,
        settings: RouterSettings {
            status: status(router.status)?,
            version_pinning: match known("version_pinning", router.version_pinning)? {
                proto::VersionPinning::Unspecified | proto::VersionPinning::Allow => VersionPinning::Allow,
                proto::VersionPinning::Ignore => VersionPinning::Ignore,
            },
            fallback: match known("fallback", settings.fallback)? {
                proto::Fallback::Unspecified | proto::Fallback::None => Fallback::None,
                proto::Fallback::Control => Fallback::Control,
                proto::Fallback::AnyHealthy => Fallback::AnyHealthy,
            },
            answer_router_name: router.answer_router_name,
            default_timeout: (router.default_timeout_ms > 0)
                .then(|| Duration::from_millis(router.default_timeout_ms)),
            record_predictions: router.record_predictions,
            recording: within("recording", recording_from_proto(router.recording.unwrap_or_default()))?,
            metrics: each("metrics", router.metrics, metric_from_proto)?.into(),
            allow_feedback_corrections: router.allow_feedback_corrections,
            create_time_us: router.create_time_us,
            incarnation: router.incarnation,
            changed_generation: router.changed_generation,
            owner: router.owner.into(),
            permissions: Permissions {
                public: permissions.public,
                public_predict: permissions.public_predict,
                shared_user_ids: permissions.shared_user_ids.into_iter().map(Arc::from).collect(),
            },
            traffic_override,
            shadow_share: settings.shadow_share,
        },
    })
}

fn status(number: i32) -> Result<RouterStatus, ModelError> {
    match known("status", number)? {
        proto::RouterStatus::Registered => Ok(RouterStatus::Registered),
        proto::RouterStatus::Deploying => Ok(RouterStatus::Deploying),
        proto::RouterStatus::Running => Ok(RouterStatus::Running),
        proto::RouterStatus::Stopped => Ok(RouterStatus::Stopped),
        proto::RouterStatus::Failed => Ok(RouterStatus::Failed),
        proto::RouterStatus::Unspecified => Err(ModelError::new("status", "is not stated")),
    }
}

pub(super) fn variant_from_proto(variant: proto::Variant) -> Result<Variant, ModelError> {
    Ok(Variant {
        name: id("name", &variant.name)?,
        model: model_key(&variant.model_id, "model_version", &variant.model_version)?,
        weight: variant.weight,
        enabled: variant.enabled.unwrap_or(true),
        role: role(variant.role)?,
    })
}

/// Takes over an override with its variant's index; the control plane
/// keeps an override and its variant together.
fn override_from_proto(
    given: &proto::TrafficOverride,
    variants: &[Variant],
) -> Result<TrafficOverride, ModelError> {
    let position = variants.iter().position(|variant| variant.name.as_str() == given.variant);
    let variant = position.and_then(|index| u8::try_from(index).ok()).ok_or_else(|| {
        ModelError::new("variant", format!("{:?} is none of the router's variants", given.variant))
    })?;
    let expire_time = given.expire_time.unwrap_or_default();
    let expire_time_us =
        expire_time.seconds.saturating_mul(1_000_000).saturating_add(i64::from(expire_time.nanos) / 1000);
    let expire_time_us = u64::try_from(expire_time_us).unwrap_or(0);
    Ok(TrafficOverride { variant, expire_time_us })
}

fn role(number: i32) -> Result<VariantRole, ModelError> {
    Ok(match known("role", number)? {
        proto::VariantRole::Unspecified | proto::VariantRole::Candidate => VariantRole::Candidate,
        proto::VariantRole::Control => VariantRole::Control,
        proto::VariantRole::Canary => VariantRole::Canary,
        proto::VariantRole::Shadow => VariantRole::Shadow,
    })
}
