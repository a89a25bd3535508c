//! From what the control plane publishes to the domain, checked: errors name the field by its path.

mod access;
mod bandit;
mod model;
mod policy;
mod recording;
mod router;
mod rules;

use std::sync::Arc;

use pointsman_model::{
    EntityKey, Id, ItemKind, ModelError, ModelKey, ModelVersion, RefusedItem, Router, SigningKeys,
    SnapshotUpdate,
};
use prost::Message;

pub use access::signing_keys_from_proto;
pub use bandit::{BanditRouter, bandit_faults, bandit_router};
pub use model::{model_from_proto, signature_from_proto, signature_to_proto};
pub use policy::rule_faults;
pub use router::router_from_proto;

use crate::generated::pointsman_v1 as proto;

/// Reads a published `SnapshotUpdate`.
///
/// # Errors
/// The first field that is wrong, such as `changed_routers[3].variants[1].weight: …`.
pub fn decode_snapshot_update(bytes: &[u8]) -> Result<SnapshotUpdate, ModelError> {
    snapshot_update(decode(bytes, "update", "SnapshotUpdate")?)
}

/// Reads a `RouterSnapshot` and builds its tables.
///
/// # Errors
/// The first field that is wrong.
pub fn decode_router(bytes: &[u8]) -> Result<Router, ModelError> {
    router_from_proto(decode(bytes, "router", "RouterSnapshot")?)
}

/// Reads a `ModelSnapshot`.
///
/// # Errors
/// The first field that is wrong.
pub fn decode_model(bytes: &[u8]) -> Result<ModelVersion, ModelError> {
    model_from_proto(decode(bytes, "model", "ModelSnapshot")?)
}

/// Reads `SigningKeys`.
///
/// # Errors
/// The first field that is wrong.
pub fn decode_signing_keys(bytes: &[u8]) -> Result<SigningKeys, ModelError> {
    signing_keys_from_proto(decode(bytes, "signing_keys", "SigningKeys")?)
}

/// Takes over a published change.
///
/// # Errors
/// The first field that is wrong.
pub fn snapshot_update(mut update: proto::SnapshotUpdate) -> Result<SnapshotUpdate, ModelError> {
    let routers = std::mem::take(&mut update.changed_routers);
    let models = std::mem::take(&mut update.changed_models);
    let changed_routers = each("changed_routers", routers, |router| router_from_proto(router).map(Arc::new))?;
    let changed_models = each("changed_models", models, |model| model_from_proto(model).map(Arc::new))?;
    Ok(SnapshotUpdate { changed_routers, changed_models, ..frame_of(update)? })
}

/// Takes over what can be used of a published change, and answers which routers and model versions cannot: one of
/// them holds up neither the others nor the keys.
///
/// # Errors
/// A field that is about no single item is wrong.
pub fn usable_update(
    mut update: proto::SnapshotUpdate,
) -> Result<(SnapshotUpdate, Vec<RefusedItem>), ModelError> {
    let routers = std::mem::take(&mut update.changed_routers);
    let models = std::mem::take(&mut update.changed_models);
    let mut refused = Vec::new();
    let model_id = |model: &proto::ModelSnapshot| format!("{}/{}", model.model_id, model.version);
    let changed_models = usable(models, ItemKind::Model, model_id, model_from_proto, &mut refused);
    let router_id = |router: &proto::RouterSnapshot| router.router_id.clone();
    let changed_routers = usable(routers, ItemKind::Router, router_id, router_from_proto, &mut refused);
    Ok((SnapshotUpdate { changed_routers, changed_models, ..frame_of(update)? }, refused))
}

/// Converts the items that can be converted, and notes the others as refused.
fn usable<A, B>(
    items: Vec<A>,
    kind: ItemKind,
    id: impl Fn(&A) -> String,
    convert: impl Fn(A) -> Result<B, ModelError>,
    refused: &mut Vec<RefusedItem>,
) -> Vec<Arc<B>> {
    let mut converted = Vec::with_capacity(items.len());
    for item in items {
        let id = id(&item);
        match convert(item) {
            Ok(item) => converted.push(Arc::new(item)),
            Err(error) => refused.push(RefusedItem { kind, id, reason: error.to_string() }),
        }
    }
    converted
}

/// Everything of a change but its routers and models.
fn frame_of(update: proto::SnapshotUpdate) -> Result<SnapshotUpdate, ModelError> {
    let access = update.access.map(|table| within("access", access::access_table_from_proto(table)));
    let signing_keys = update.signing_keys.map(|keys| within("signing_keys", signing_keys_from_proto(keys)));
    let entity_key = match &update.entity_key[..] {
        [] => None,
        bytes => Some(EntityKey(exact_bytes("entity_key", bytes)?)),
    };
    let feedback_horizon_us = match update.feedback_horizon_us {
        0 => None,
        horizon => Some(u64::try_from(horizon).map_err(|_| {
            ModelError::new("feedback_horizon_us", format!("{horizon} is below 0; 0 leaves it as it is"))
        })?),
    };
    Ok(SnapshotUpdate {
        base_generation: update.base_generation,
        generation: update.generation,
        complete: update.complete,
        changed_routers: Vec::new(),
        deleted_routers: each("deleted_routers", update.deleted_routers, |id| Id::parse(&id))?,
        changed_models: Vec::new(),
        deleted_models: each("deleted_models", update.deleted_models, |key| {
            model_key(&key.model_id, "version", &key.version)
        })?,
        access: access.transpose()?.map(Arc::new),
        signing_keys: signing_keys.transpose()?.map(Arc::new),
        entity_key,
        feedback_horizon_us,
    })
}

fn decode<M: Message + Default>(bytes: &[u8], what: &str, message: &str) -> Result<M, ModelError> {
    M::decode(bytes).map_err(|error| ModelError::new(what, format!("is not a {message}: {error}")))
}

/// Converts the items of a repeated field; an error gets the field and the item's index.
fn each<A, B>(
    field: &str,
    items: Vec<A>,
    mut convert: impl FnMut(A) -> Result<B, ModelError>,
) -> Result<Vec<B>, ModelError> {
    let converted = items
        .into_iter()
        .enumerate()
        .map(|(index, item)| convert(item).map_err(|error| error.within(&format!("{field}[{index}]"))));
    converted.collect()
}

/// Puts a field before the path of an error.
fn within<T>(field: &str, result: Result<T, ModelError>) -> Result<T, ModelError> {
    result.map_err(|error| error.within(field))
}

fn id(field: &str, text: &str) -> Result<Id, ModelError> {
    within(field, Id::parse(text))
}

fn model_key(model_id: &str, version_field: &str, version: &str) -> Result<ModelKey, ModelError> {
    Ok(ModelKey { model_id: id("model_id", model_id)?, version: id(version_field, version)? })
}

/// Takes bytes that must have an exact length. What they are may be secret and is not shown.
fn exact_bytes<const N: usize>(field: &str, bytes: &[u8]) -> Result<[u8; N], ModelError> {
    bytes
        .try_into()
        .map_err(|_| ModelError::new(field, format!("{} bytes; exactly {N} are needed", bytes.len())))
}

/// Reads an enumeration; a number that this version does not know is refused.
fn known<E: TryFrom<i32>>(field: &str, number: i32) -> Result<E, ModelError> {
    E::try_from(number).map_err(|_| {
        ModelError::new(field, format!("{number} is none of the values that this version knows"))
    })
}
