//! The key table and the signing keys.

use std::{collections::HashMap, sync::Arc};

use pointsman_model::{AccessKey, AccessTable, ModelError, Principal, Scopes, SigningKey, SigningKeys};

use super::{each, exact_bytes, known};
use crate::{generated::pointsman_v1 as proto, method_scope::scope_from_proto};

pub(super) fn access_table_from_proto(table: proto::AccessTable) -> Result<AccessTable, ModelError> {
    let mut keys = HashMap::with_capacity(table.keys.len());
    each("keys", table.keys, |key| {
        let key = access_key(key)?;
        let key_id = key.principal.key_id.clone();
        if keys.insert(key_id.clone(), key).is_some() {
            return Err(ModelError::new("key_id", format!("{key_id:?} is taken already")));
        }
        Ok(())
    })?;
    Ok(AccessTable { keys, open: table.open })
}

fn access_key(key: proto::AccessKey) -> Result<AccessKey, ModelError> {
    if key.key_id.is_empty() {
        return Err(ModelError::new("key_id", "is empty; a key needs an id"));
    }
    if key.user_id.is_empty() {
        return Err(ModelError::new("user_id", "is empty; a key belongs to a user"));
    }
    let principal = Principal {
        user_id: key.user_id.into(),
        key_id: key.key_id.into(),
        scopes: scopes("scopes", key.scopes)?,
        admin: key.admin,
        withheld: scopes("withheld_scopes", key.withheld_scopes)?,
    };
    Ok(AccessKey {
        secret_sha256: exact_bytes("secret_sha256", &key.secret_sha256)?,
        principal: Arc::new(principal),
        expire_time_us: key.expire_time_us,
    })
}

fn scopes(field: &str, numbers: Vec<i32>) -> Result<Scopes, ModelError> {
    let scopes = each(field, numbers, |number| {
        scope_from_proto(known("", number)?).ok_or_else(|| ModelError::new("", "is not stated"))
    })?;
    Ok(scopes.into_iter().fold(Scopes::default(), Scopes::with))
}

/// Takes over the signing keys.
///
/// # Errors
/// A key's id or length is wrong, two share an id, or the current one is not there.
pub fn signing_keys_from_proto(keys: proto::SigningKeys) -> Result<SigningKeys, ModelError> {
    let mut taken: Vec<SigningKey> = Vec::with_capacity(keys.keys.len());
    each("keys", keys.keys, |key| {
        let key_id = key_id("key_id", key.key_id)?;
        if taken.iter().any(|other| other.key_id == key_id) {
            return Err(ModelError::new("key_id", format!("{key_id} is taken already")));
        }
        taken.push(SigningKey { key_id, secret: exact_bytes("secret", &key.secret)? });
        Ok(())
    })?;
    let current_key_id = key_id("current_key_id", keys.current_key_id)?;
    if !taken.iter().any(|key| key.key_id == current_key_id) {
        let reason = format!("{current_key_id} is none of the keys");
        return Err(ModelError::new("current_key_id", reason));
    }
    Ok(SigningKeys { keys: taken, current_key_id })
}

fn key_id(field: &str, number: u32) -> Result<u8, ModelError> {
    u8::try_from(number).map_err(|_| ModelError::new(field, format!("{number} is above 255")))
}
