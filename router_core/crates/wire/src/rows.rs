//! How many rows the tensors of a `ModelInferRequest` may have.

use crate::field::{Fields, WireType};

const INPUTS: u32 = 5;
const SHAPE: u32 = 3;

/// The greatest first dimension of a whole message's inputs, at least 1: no row of the call lies beyond it, whatever
/// the model takes for a row. 0 when it cannot be told: there is no input, or one that cannot be read.
#[must_use]
pub fn row_limit(message: &[u8]) -> u32 {
    limit_of(message).unwrap_or(0)
}

fn limit_of(message: &[u8]) -> Option<u32> {
    let fields = Fields::nested(message, 0);
    let (mut at, mut limit) = (0, 0);
    while !fields.ends_at(at) {
        let (key, start) = fields.key(at).ok()??;
        let payload = fields.payload(key, start).ok()??;
        at = payload.end;
        if key.field == INPUTS && key.wire_type == WireType::LengthDelimited {
            limit = limit.max(first_dimension(message.get(payload)?)?.max(1));
        }
    }
    u32::try_from(limit).ok()
}

/// The first dimension of a tensor's shape; 1 when it has none.
fn first_dimension(tensor: &[u8]) -> Option<u64> {
    let fields = Fields::nested(tensor, 0);
    let mut at = 0;
    while !fields.ends_at(at) {
        let (key, start) = fields.key(at).ok()??;
        let payload = fields.payload(key, start).ok()??;
        at = payload.end;
        if key.field == SHAPE && !payload.is_empty() {
            // Packed or not, it begins with the first number.
            return fields.number(payload.start).ok()?;
        }
    }
    Some(1)
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::*;
    use crate::generated::inference::{ModelInferRequest, model_infer_request::InferInputTensor};

    fn request(shapes: &[&[i64]]) -> ModelInferRequest {
        let input = |shape: &&[i64]| InferInputTensor {
            name: "x".into(),
            datatype: "FP32".into(),
            shape: shape.to_vec(),
            ..InferInputTensor::default()
        };
        ModelInferRequest {
            model_name: "m".into(),
            inputs: shapes.iter().map(input).collect(),
            raw_input_contents: vec![vec![0xff; 300].into()],
            ..ModelInferRequest::default()
        }
    }

    #[test]
    fn the_greatest_first_dimension_limits_the_rows() {
        for (shapes, expected) in [
            (&[&[3, 4][..]][..], 3),
            (&[&[1, 4], &[7]], 7),
            (&[&[]], 1),
            (&[&[0, 4]], 1),
            (&[&[300, 1]], 300),
            (&[], 0),
            (&[&[-1, 4]], 0),
            (&[&[1 << 40]], 0),
        ] {
            assert_eq!(row_limit(&request(shapes).encode_to_vec()), expected, "{shapes:?}");
        }
        // A shape that is not packed: field 3 as a number of its own, twice.
        let tensor = [0x18, 5, 0x18, 2];
        let message = [&[0x2a, 4][..], &tensor].concat();
        assert_eq!(row_limit(&message), 5);
    }

    #[test]
    fn what_is_cut_or_changed_has_no_limit_or_another_but_is_no_panic() {
        let whole = request(&[&[3, 4], &[3]]).encode_to_vec();
        for place in 0..whole.len() {
            let _ = row_limit(&whole[..place]);
            for bit in 0..8 {
                let mut changed = whole.clone();
                changed[place] ^= 1 << bit;
                let _ = row_limit(&changed);
            }
        }
    }
}
