//! One entry of the `parameters` map: is it the entity id?

use std::ops::Range;

use crate::{
    WireError,
    field::{Fields, WireType},
};

/// The parameter that names the unit.
const ENTITY_ID: &[u8] = b"entity_id";

/// What the one-of of an `InferParameter` holds.
#[derive(Clone)]
enum Choice {
    Nothing,
    Text(Range<usize>),
    Other,
}

/// Finds the entity id in an entry of the map, which lies at `base` of the message.
///
/// # Returns
/// None when the entry is another parameter; else where its text lies in the entry (empty without value).
pub(crate) fn entity_id_in(entry: &[u8], base: usize) -> Result<Option<Range<usize>>, WireError> {
    if is_plain_other(entry) {
        return Ok(None);
    }
    let fields = Fields::nested(entry, base);
    let mut is_entity_id = false;
    let mut choice = Choice::Nothing;
    let mut at = 0;
    while !fields.ends_at(at) {
        let Some((key, start)) = fields.key(at)? else { break };
        let Some(payload) = fields.payload(key, start)? else { break };
        at = payload.end;
        if !matches!(key.field, 1 | 2) {
            continue;
        }
        let field = if key.field == 1 { "parameters[].key" } else { "parameters[].value" };
        if key.wire_type != WireType::LengthDelimited {
            return Err(WireError::NotLengthDelimited { field, wire_type: key.wire_type.number() });
        }
        let bytes = entry.get(payload.clone()).unwrap_or_default();
        if key.field == 1 {
            is_entity_id = bytes == ENTITY_ID;
        } else {
            choose(bytes, payload.start, base, &mut choice)?;
        }
    }
    match choice {
        _ if !is_entity_id => Ok(None),
        Choice::Nothing => Ok(Some(0..0)),
        Choice::Text(range) => Ok(Some(range)),
        Choice::Other => Err(WireError::EntityIdType),
    }
}

/// Whether an entry is one short key, not the entity id's, and then one short value: what every writer makes.
#[inline]
fn is_plain_other(entry: &[u8]) -> bool {
    let Some((&[0x0a, key_length], rest)) = entry.split_first_chunk::<2>() else { return false };
    let Some((key, rest)) = rest.split_at_checked(key_length.into()) else { return false };
    let Some((&[0x12, value_length], value)) = rest.split_first_chunk::<2>() else { return false };
    key_length < 0x80 && value_length < 0x80 && value.len() == usize::from(value_length) && key != ENTITY_ID
}

/// Reads an `InferParameter` that starts at `offset` of the entry; the last choice wins.
fn choose(value: &[u8], offset: usize, base: usize, choice: &mut Choice) -> Result<(), WireError> {
    let fields = Fields::nested(value, base + offset);
    let mut at = 0;
    while !fields.ends_at(at) {
        let Some((key, start)) = fields.key(at)? else { break };
        let Some(payload) = fields.payload(key, start)? else { break };
        at = payload.end;
        *choice = match (key.field, key.wire_type) {
            (3, WireType::LengthDelimited) => Choice::Text(offset + payload.start..offset + payload.end),
            (3, other) => {
                let field = "parameters[].value.string_param";
                return Err(WireError::NotLengthDelimited { field, wire_type: other.number() });
            }
            (1 | 2 | 4 | 5, _) => Choice::Other,
            _ => continue,
        };
    }
    Ok(())
}
