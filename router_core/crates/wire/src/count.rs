//! How often a field comes, without decoding what it holds.

use crate::{WireError, field::Fields};

/// Counts a message's fields of one number.
///
/// A decoder makes a message of every entry, which may take a hundred times the entry's bytes: what has a limit
/// is counted first.
///
/// # Errors
/// The bytes are no well-formed message.
pub fn count_field(message: &[u8], field: u32) -> Result<usize, WireError> {
    let fields = Fields::new(message, message.len());
    let (mut at, mut count) = (0, 0);
    while !fields.ends_at(at) {
        let truncated = WireError::Truncated { at };
        let (key, start) = fields.key(at)?.ok_or_else(|| truncated.clone())?;
        let payload = fields.payload(key, start)?.ok_or(truncated)?;
        count += usize::from(key.field == field);
        at = payload.end;
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;
    use crate::generated::pointsman_v1::{BatchRecordFeedbackRequest, RecordFeedbackRequest};

    #[test]
    fn entries_are_counted_whatever_stands_between_them() {
        let value = RecordFeedbackRequest { value: 1.0, row: 3, ..Default::default() };
        for count in [0, 1, 300] {
            let batch = BatchRecordFeedbackRequest { feedback: vec![value.clone(); count], wait: 1 };
            let mut message = batch.encode_to_vec();
            message.splice(0..0, [0x10, 0x01, 0x1d, 0, 0, 0, 0]);
            assert_eq!(count_field(&message, 1), Ok(count));
        }
    }

    #[test]
    fn what_is_cut_or_malformed_is_refused() {
        for bytes in [&[0x0a][..], &[0x0a, 5, 1], &[0x0d, 1], &[0], &[0x0b], &[0xff; 11]] {
            assert!(count_field(bytes, 1).is_err(), "{bytes:?}");
        }
    }
}
