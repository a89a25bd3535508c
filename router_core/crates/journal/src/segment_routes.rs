//! The routes that a segment names, those whole that are written by what they differ in.

use std::collections::HashMap;

use pointsman_wire::generated::pointsman_v1 as proto;
use prost::Message as _;

/// The routes of one segment, to be read in the order in which it has them.
///
/// A route may refer to one before it, its base, which has no base itself. The writer names a base again in each segment
/// before what refers to it, so that no reader needs another segment.
#[derive(Debug, Default)]
pub struct SegmentRoutes {
    /// The payloads of those without a base, by number.
    bases: HashMap<u32, Box<[u8]>>,
}

impl SegmentRoutes {
    /// Reads a route. None when its payload cannot be read, or what it refers to could not or does not fit.
    pub fn read(&mut self, payload: &[u8]) -> Option<proto::RouteEntry> {
        let entry = proto::RouteEntry::decode(payload).ok()?;
        let Some(base) = entry.base_route else {
            self.bases.insert(entry.route, payload.into());
            return Some(entry);
        };
        let mut whole = proto::RouteEntry::decode(&**self.bases.get(&base)?).ok()?;
        whole.route = entry.route;
        if whole.variants.len() != entry.request_propensities.len() {
            return None;
        }
        for (variant, propensity) in whole.variants.iter_mut().zip(entry.request_propensities) {
            // What slots give is the base's, and is 0 where entities keep nothing.
            variant.eligible = propensity > 0.0 || variant.slot_propensity > 0.0;
            variant.request_propensity = propensity;
        }
        Some(whole)
    }

    /// Forgets all: numbers are a segment's own.
    pub fn clear(&mut self) {
        self.bases.clear();
    }
}
