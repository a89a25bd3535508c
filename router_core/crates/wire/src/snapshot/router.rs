//! Routers and their variants.

use std::{sync::Arc, time::Duration};

use pointsman_model::{
    Fallback, ModelError, Permissions, PolicyDefinition, Router, RouterDefinition, RouterSettings,
    RouterStatus, Variant, VariantRole, VersionPinning,
};

use super::{
    each, exact_bytes, id, known, model_key,
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
    Router::build(RouterDefinition {
        id: id("router_id", &router.router_id)?,
        variants: each("variants", router.variants, variant_from_proto)?,
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
        },
    })
}

/// Takes over what a router's strategy needs. Which strategies are served is decided here alone.
fn policy_from_proto(router: &proto::RouterSnapshot) -> Result<PolicyDefinition, ModelError> {
    match known("strategy", router.strategy)? {
        proto::Strategy::Weighted => Ok(PolicyDefinition::Weighted {
            sticky: router.sticky,
            salt: exact_bytes("salt", &router.salt)?,
            slot_runs: slot_runs(&router.slot_runs)?,
        }),
        other => {
            let name = other.as_str_name();
            Err(ModelError::new("strategy", format!("{name} is not served; use STRATEGY_WEIGHTED")))
        }
    }
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

fn variant_from_proto(variant: proto::Variant) -> Result<Variant, ModelError> {
    Ok(Variant {
        name: id("name", &variant.name)?,
        model: model_key(&variant.model_id, "model_version", &variant.model_version)?,
        weight: variant.weight,
        enabled: variant.enabled.unwrap_or(true),
        role: role(variant.role)?,
    })
}

fn role(number: i32) -> Result<VariantRole, ModelError> {
    Ok(match known("role", number)? {
        proto::VariantRole::Unspecified | proto::VariantRole::Candidate => VariantRole::Candidate,
        proto::VariantRole::Control => VariantRole::Control,
        proto::VariantRole::Canary => VariantRole::Canary,
    })
}

/// Reads pairs of variant index and length.
fn slot_runs(numbers: &[u32]) -> Result<Vec<(u8, u16)>, ModelError> {
    let (pairs, odd) = numbers.as_chunks::<2>();
    if !odd.is_empty() {
        let reason = format!("{} numbers; variant and length come in turn", numbers.len());
        return Err(ModelError::new("slot_runs", reason));
    }
    let convert = |[variant, length]: [u32; 2]| match (u8::try_from(variant), u16::try_from(length)) {
        (Ok(variant), Ok(length)) => Ok((variant, length)),
        _ => Err(ModelError::new(
            "",
            format!("variant {variant} with {length} slots is beyond what a table holds"),
        )),
    };
    each("slot_runs", pairs.to_vec(), convert)
}
