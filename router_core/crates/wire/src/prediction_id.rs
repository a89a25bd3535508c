//! Prediction ids: signed, so that feedback needs no look-up of the decision it is about.
//!
//! An id is the base64url text of `version u8, key id u8, UUIDv7, router, variant, incarnation, epoch,
//! propensity, flags, row limit, HMAC`: texts have a length byte before them, incarnation, epoch and row limit are
//! varints, the propensity is a little-endian double, and the HMAC the first 8 bytes of HMAC-SHA256 over all bytes
//! before it. A flag says whether the row limit is there. Version 1 is the same without the incarnation, which is
//! how a router signs whose incarnation is not known.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use pointsman_model::{Id, MAX_ID_BYTES, SigningKeys};
use sha2::Sha256;
use thiserror::Error;

use crate::{field::push_varint_byte, uuid_v7_micros};

/// The version of ids that do not say the router's incarnation.
const NAMELESS: u8 = 1;
/// The version of those that do.
const VERSION: u8 = 2;
const TAG_BYTES: usize = 8;
const PINNED: u8 = 1;
const HAS_ROW_LIMIT: u8 = 2;
const BLOCK_BYTES: usize = 64;

/// Version, key id, UUID, two texts with their lengths, incarnation, epoch, propensity, flags, row limit, tag.
const MAX_BYTES: usize = 1 + 1 + 16 + 2 * (1 + MAX_ID_BYTES) + 2 * 10 + 8 + 1 + 5 + TAG_BYTES;
const MAX_TEXT_BYTES: usize = MAX_BYTES.div_ceil(3) * 4;

type Sha256Mac = Hmac<Sha256>;

/// Why a prediction id is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PredictionIdError {
    /// It is not one.
    #[error("prediction_id: {reason}; send the id exactly as the prediction's answer gave it")]
    Malformed {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// It comes from another version of the server.
    #[error(
        "prediction_id: format version {version} is unknown; this server reads versions {NAMELESS} to {VERSION}"
    )]
    UnknownVersion {
        /// What it says.
        version: u8,
    },
    /// Its key is not, or no longer, among the signing keys.
    #[error("prediction_id: signed by key {key_id}, which is unknown or retired; its feedback came too late")]
    UnknownKey {
        /// What it says.
        key_id: u8,
    },
    /// Its signature does not fit what it says.
    #[error("prediction_id: the signature is wrong; send the id exactly as the prediction's answer gave it")]
    Forged,
    /// The key that shall sign is not among the keys.
    #[error("signing_keys.current_key_id: {key_id} is none of the signing keys")]
    NoCurrentKey {
        /// What shall sign.
        key_id: u8,
    },
}

/// What a prediction id says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PredictionIdContent<'a> {
    /// Makes it unique; see [`crate::uuid_v7()`].
    pub uuid: [u8; 16],
    /// The router that decided.
    pub router_id: &'a Id,
    /// The variant that it picked.
    pub variant: &'a Id,
    /// Tells the router from others of the same id; 0 when that is not known.
    pub incarnation: u64,
    /// The epoch of the router's statistics.
    pub epoch: u64,
    /// The probability with which the variant was picked.
    pub propensity: f64,
    /// Whether it stays out of the statistics: the caller named the variant, one stood in for another, or a bandit's arm was not
    /// asked because the call was refused.
    pub pinned: bool,
    /// How many rows the call had at most; 0 when that is not known.
    pub row_limit: u32,
}

/// A verified prediction id.
#[derive(Debug, Clone, PartialEq)]
pub struct PredictionId {
    /// Makes it unique.
    pub uuid: [u8; 16],
    /// The router that decided.
    pub router_id: Id,
    /// The variant that it picked.
    pub variant: Id,
    /// Tells the router from others of the same id; 0 when the id does not say.
    pub incarnation: u64,
    /// The epoch of the router's statistics.
    pub epoch: u64,
    /// The probability with which the variant was picked.
    pub propensity: f64,
    /// Whether it stays out of the statistics: the caller named the variant, one stood in for another, or a bandit's arm was not
    /// asked because the call was refused.
    pub pinned: bool,
    /// How many rows the call had at most; 0 when that is not known.
    pub row_limit: u32,
    /// The key that signed it.
    pub key_id: u8,
}

impl PredictionId {
    /// What it says, to be signed again.
    #[must_use]
    pub const fn content(&self) -> PredictionIdContent<'_> {
        let Self { uuid, incarnation, epoch, propensity, pinned, row_limit, .. } = *self;
        let (router_id, variant) = (&self.router_id, &self.variant);
        PredictionIdContent { uuid, router_id, variant, incarnation, epoch, propensity, pinned, row_limit }
    }

    /// When it was made, in UTC microseconds.
    #[must_use]
    pub fn time_us(&self) -> u64 {
        uuid_v7_micros(&self.uuid)
    }
}

/// Makes prediction ids. The key's part of the hash is computed once.
#[derive(Clone)]
pub struct Signer {
    key_id: u8,
    mac: Sha256Mac,
}

impl Signer {
    /// Takes the current key.
    ///
    /// # Errors
    /// [`PredictionIdError::NoCurrentKey`]: it is not among the keys.
    pub fn new(keys: &SigningKeys) -> Result<Self, PredictionIdError> {
        let key_id = keys.current_key_id;
        let key = keys.keys.iter().find(|key| key.key_id == key_id);
        let key = key.ok_or(PredictionIdError::NoCurrentKey { key_id })?;
        Ok(Self { key_id, mac: keyed_mac(&key.secret) })
    }

    /// Writes an id behind what `out` holds.
    pub fn sign(&self, content: &PredictionIdContent<'_>, out: &mut String) {
        let mut id = Writer::default();
        let version = if content.incarnation == 0 { NAMELESS } else { VERSION };
        id.put(&[version, self.key_id]);
        id.put(&content.uuid);
        id.put_text(content.router_id.as_str());
        id.put_text(content.variant.as_str());
        if content.incarnation != 0 {
            id.put_varint(content.incarnation);
        }
        id.put_varint(content.epoch);
        id.put(&content.propensity.to_le_bytes());
        let pinned = if content.pinned { PINNED } else { 0 };
        if content.row_limit == 0 {
            id.put(&[pinned]);
        } else {
            id.put(&[pinned | HAS_ROW_LIMIT]);
            id.put_varint(content.row_limit.into());
        }
        let mut mac = self.mac.clone();
        mac.update(id.written());
        let full_tag = mac.finalize().into_bytes();
        id.put(full_tag.get(..TAG_BYTES).unwrap_or_default());

        let mut text = [0; MAX_TEXT_BYTES];
        let length = URL_SAFE_NO_PAD.encode_slice(id.written(), &mut text).unwrap_or_default();
        out.push_str(text.get(..length).and_then(|text| str::from_utf8(text).ok()).unwrap_or_default());
    }
}

/// Checks and reads prediction ids of all keys that still verify.
#[derive(Clone)]
pub struct Verifier {
    macs: Box<[(u8, Sha256Mac)]>,
}

impl Verifier {
    /// Takes all keys.
    #[must_use]
    pub fn new(keys: &SigningKeys) -> Self {
        Self { macs: keys.keys.iter().map(|key| (key.key_id, keyed_mac(&key.secret))).collect() }
    }

    /// Reads an id whose signature is right. Signatures are compared in constant time.
    ///
    /// # Errors
    /// It is malformed, forged or signed by no known key.
    pub fn decode(&self, text: &str) -> Result<PredictionId, PredictionIdError> {
        let malformed = |reason| PredictionIdError::Malformed { reason };
        if text.is_empty() {
            return Err(malformed("is empty"));
        }
        if text.len() > MAX_TEXT_BYTES {
            return Err(malformed("is too long"));
        }
        let mut buffer = [0; MAX_TEXT_BYTES];
        let length =
            URL_SAFE_NO_PAD.decode_slice(text, &mut buffer).map_err(|_| malformed("is not base64url"))?;
        let bytes = buffer.get(..length).unwrap_or_default();
        let (signed, tag) = bytes.split_last_chunk::<TAG_BYTES>().ok_or_else(|| malformed("is too short"))?;
        let mut reader = Reader { rest: signed };
        let version = reader.byte()?;
        if !(NAMELESS..=VERSION).contains(&version) {
            return Err(PredictionIdError::UnknownVersion { version });
        }
        let key_id = reader.byte()?;
        let mac = self.macs.iter().find(|(known, _)| *known == key_id);
        let (_, mac) = mac.ok_or(PredictionIdError::UnknownKey { key_id })?;
        mac.clone().chain_update(signed).verify_truncated_left(tag).map_err(|_| PredictionIdError::Forged)?;

        let mut id = PredictionId {
            uuid: reader.array()?,
            router_id: reader.id()?,
            variant: reader.id()?,
            incarnation: if version == NAMELESS { 0 } else { reader.varint()? },
            epoch: reader.varint()?,
            propensity: f64::from_le_bytes(reader.array()?),
            pinned: false,
            row_limit: 0,
            key_id,
        };
        let flags = reader.byte()?;
        id.pinned = flags & PINNED != 0;
        if flags & HAS_ROW_LIMIT != 0 {
            id.row_limit =
                u32::try_from(reader.varint()?).map_err(|_| malformed("has a row limit beyond 32 bits"))?;
        }
        if reader.rest.is_empty() { Ok(id) } else { Err(malformed("has bytes that do not belong to it")) }
    }
}

/// The state of a hash that has taken in the key. HMAC fills a short key up with zeros.
fn keyed_mac(secret: &[u8; 32]) -> Sha256Mac {
    let mut block = [0; BLOCK_BYTES];
    block.iter_mut().zip(secret).for_each(|(byte, &secret)| *byte = secret);
    Sha256Mac::new(&block.into())
}

/// Puts an id's bytes together without allocating.
struct Writer {
    bytes: [u8; MAX_BYTES],
    length: usize,
}

impl Default for Writer {
    fn default() -> Self {
        Self { bytes: [0; MAX_BYTES], length: 0 }
    }
}

impl Writer {
    fn put(&mut self, bytes: &[u8]) {
        let end = self.length + bytes.len();
        if let Some(free) = self.bytes.get_mut(self.length..end) {
            free.copy_from_slice(bytes);
            self.length = end;
        }
    }

    /// Ids have at most 128 bytes, so a length fits one byte.
    fn put_text(&mut self, text: &str) {
        self.put(&[text.len() as u8]);
        self.put(text.as_bytes());
    }

    fn put_varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.put(&[value as u8 | 0x80]);
            value >>= 7;
        }
        self.put(&[value as u8]);
    }

    fn written(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn byte(&mut self) -> Result<u8, PredictionIdError> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], PredictionIdError> {
        let split = self.rest.split_first_chunk::<N>();
        let (bytes, rest) = split.ok_or(PredictionIdError::Malformed { reason: "is too short" })?;
        self.rest = rest;
        Ok(*bytes)
    }

    fn id(&mut self) -> Result<Id, PredictionIdError> {
        let length = usize::from(self.byte()?);
        let split = self.rest.split_at_checked(length);
        let (text, rest) = split.ok_or(PredictionIdError::Malformed { reason: "is too short" })?;
        self.rest = rest;
        let id = str::from_utf8(text).ok().and_then(|text| Id::parse(text).ok());
        id.ok_or(PredictionIdError::Malformed { reason: "names a router or variant that cannot be one" })
    }

    fn varint(&mut self) -> Result<u64, PredictionIdError> {
        let mut value = 0;
        for index in 0.. {
            let byte = self.byte()?;
            match push_varint_byte(&mut value, index, byte) {
                Some(true) => break,
                Some(false) => {}
                None => return Err(PredictionIdError::Malformed { reason: "has a number beyond 64 bits" }),
            }
        }
        Ok(value)
    }
}

#[cfg(test)]
#[path = "prediction_id_tests.rs"]
mod tests;
