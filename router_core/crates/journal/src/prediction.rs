//! A prediction on its way into the log.

use std::mem;

use bytes::Bytes;
use pointsman_wire::generated::pointsman_v1 as proto;
use prost::{Message as _, encoding};

/// Longer bodies are copied by the writer and not by who answers the call.
const SMALL_BODY_BYTES: usize = 4 << 10;

/// The fields of [`proto::PredictionEntry`] that are written apart from the others.
const ROUTE: u32 = 1;
const REQUEST: u32 = 21;
const RESPONSE: u32 = 23;

/// A [`proto::PredictionEntry`], encoded but for its route's number.
///
/// One piece of memory goes from the thread that decided to the writer: what one thread allocates and another one
/// frees costs both of them more than a copy.
#[derive(Debug)]
pub struct EncodedPrediction {
    variant: u32,
    is_shadow: bool,
    encoded: Vec<u8>,
    /// Long bodies by their fields.
    long: Vec<(u32, Bytes)>,
}

impl EncodedPrediction {
    /// Encodes an entry.
    #[must_use]
    pub fn new(mut entry: proto::PredictionEntry) -> Self {
        let mut long = Vec::new();
        for (field, body) in [(REQUEST, &mut entry.request), (RESPONSE, &mut entry.response)] {
            if body.len() > SMALL_BODY_BYTES {
                long.push((field, mem::take(body)));
            }
        }
        entry.route = 0;
        let (variant, is_shadow) = (entry.variant, entry.shadow);
        Self { variant, is_shadow, encoded: entry.encode_to_vec(), long }
    }

    /// The place of its variant in the route.
    pub(crate) fn variant(&self) -> usize {
        self.variant as usize
    }

    /// Whether it is a shadow's answer, and no prediction.
    pub(crate) const fn is_shadow(&self) -> bool {
        self.is_shadow
    }

    /// Writes the entry with its route's number.
    pub(crate) fn write(&self, route: u32, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.encoded);
        for (field, body) in &self.long {
            encoding::bytes::encode(*field, body, out);
        }
        if route != 0 {
            encoding::uint32::encode(ROUTE, &route, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_entry_is_written_whole_with_its_routes_number(
            route in any::<u32>(),
            variant in 0_u32..300,
            lengths in [0_usize..10_000, 0..10_000],
        ) {
            let [request, response] = lengths.map(|length| Bytes::from(vec![7; length]));
            let prediction_id = "id".to_owned();
            let entry =
                proto::PredictionEntry { variant, prediction_id, request, response, ..Default::default() };
            let mut out = Vec::new();
            EncodedPrediction::new(entry.clone()).write(route, &mut out);
            let read = proto::PredictionEntry::decode(&*out).map_err(|error| error.to_string());
            prop_assert_eq!(read, Ok(proto::PredictionEntry { route, ..entry }));
        }
    }
}
