//! Protobuf's framing of fields, read from bytes that may not be all there yet.

use crate::WireError;

/// The most bytes of a number.
pub(crate) const MAX_VARINT_BYTES: u32 = 10;

/// The most bytes of a key: it is a 32-bit number.
pub(crate) const MAX_KEY_BYTES: u32 = 5;

/// How a field's payload is framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WireType {
    Varint,
    Fixed64,
    LengthDelimited,
    Fixed32,
}

impl WireType {
    /// The number in the key.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Varint => 0,
            Self::Fixed64 => 1,
            Self::LengthDelimited => 2,
            Self::Fixed32 => 5,
        }
    }
}

/// A field's number and wire type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) field: u32,
    pub(crate) wire_type: WireType,
}

/// The fields of `ModelInferRequest` from 1 on; all have wire type 2.
const REQUEST_FIELDS: [&str; 7] =
    ["model_name", "model_version", "id", "parameters", "inputs", "outputs", "raw_input_contents"];

impl Key {
    /// Refuses a field of `ModelInferRequest` that is not length-delimited.
    ///
    /// Readers differ in what they make of it: most skip it as unknown, prost reads a map entry whatever
    /// the wire type says. Where they see different fields, a name could hide.
    #[inline]
    pub(crate) fn check_request_field(self) -> Result<(), WireError> {
        if self.wire_type == WireType::LengthDelimited || self.field as usize > REQUEST_FIELDS.len() {
            return Ok(());
        }
        let field = REQUEST_FIELDS.get(self.field as usize - 1).copied().unwrap_or_default();
        Err(WireError::NotLengthDelimited { field, wire_type: self.wire_type.number() })
    }

    /// Takes apart a key that was read at `at`.
    #[inline]
    pub(crate) fn from_varint(value: u64, at: usize) -> Result<Self, WireError> {
        let value = u32::try_from(value).map_err(|_| WireError::Key { at })?;
        let field = value >> 3;
        if field == 0 {
            return Err(WireError::Key { at });
        }
        let wire_type = match value & 7 {
            0 => WireType::Varint,
            1 => WireType::Fixed64,
            2 => WireType::LengthDelimited,
            5 => WireType::Fixed32,
            other => return Err(WireError::WireType { at, field, wire_type: other as u8 }),
        };
        Ok(Self { field, wire_type })
    }
}

/// Adds the byte number `index` of a varint; answers whether it was the last.
///
/// Bits beyond 64 are refused: readers differ in what they make of them.
#[inline]
pub(crate) fn push_varint_byte(value: &mut u64, index: u32, byte: u8) -> Option<bool> {
    if index >= MAX_VARINT_BYTES || (index == MAX_VARINT_BYTES - 1 && byte > 1) {
        return None;
    }
    *value |= u64::from(byte & 0x7f) << (7 * index);
    Some(byte < 0x80)
}

/// The first bytes of a message of known length.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields<'a> {
    bytes: &'a [u8],
    message_length: usize,
    /// Where this message lies in the outermost one, for errors.
    base: usize,
}

impl<'a> Fields<'a> {
    /// The bytes that are there, of a message of `message_length` bytes.
    pub(crate) fn new(bytes: &'a [u8], message_length: usize) -> Self {
        Self { bytes: bytes.get(..message_length).unwrap_or(bytes), message_length, base: 0 }
    }

    /// All bytes of a message that lies at `base` of the outermost one.
    pub(crate) fn nested(bytes: &'a [u8], base: usize) -> Self {
        Self { bytes, message_length: bytes.len(), base }
    }

    /// The bytes that are there.
    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Whether `at` is the message's end.
    pub(crate) fn ends_at(&self, at: usize) -> bool {
        at >= self.message_length
    }

    /// Reads the key at `at`; answers it and where its payload starts, or none when more bytes are needed.
    #[inline]
    pub(crate) fn key(&self, at: usize) -> Result<Option<(Key, usize)>, WireError> {
        let Some((value, next)) = self.varint(at)? else {
            return Ok(None);
        };
        if next - at > MAX_KEY_BYTES as usize {
            return Err(WireError::Key { at: self.base + at });
        }
        Ok(Some((Key::from_varint(value, self.base + at)?, next)))
    }

    /// Finds the payload of the field whose key ends at `at`, or none when more bytes are needed.
    #[inline]
    pub(crate) fn payload(&self, key: Key, at: usize) -> Result<Option<std::ops::Range<usize>>, WireError> {
        let (start, length) = match key.wire_type {
            WireType::Varint => {
                return Ok(self.varint(at)?.map(|(_, next)| at..next));
            }
            WireType::Fixed64 => (at, 8),
            WireType::Fixed32 => (at, 4),
            WireType::LengthDelimited => match self.varint(at)? {
                Some((length, next)) => (next, length),
                None => return Ok(None),
            },
        };
        let left = self.message_length.saturating_sub(start);
        let length = usize::try_from(length)
            .ok()
            .filter(|&length| length <= left)
            .ok_or(WireError::Overrun { at: self.base + at, field: key.field, length, left })?;
        let end = start + length;
        Ok((end <= self.bytes.len()).then_some(start..end))
    }

    /// The varint at `at`, none when more bytes are needed.
    pub(crate) fn number(&self, at: usize) -> Result<Option<u64>, WireError> {
        Ok(self.varint(at)?.map(|(number, _)| number))
    }

    /// Reads the varint at `at`; answers it and where it ends, or none when more bytes are needed.
    #[inline]
    fn varint(&self, at: usize) -> Result<Option<(u64, usize)>, WireError> {
        let rest = self.bytes.get(at..).unwrap_or_default();
        if let Some(&first) = rest.first()
            && first < 0x80
        {
            return Ok(Some((first.into(), at + 1)));
        }
        let mut value = 0;
        for (index, &byte) in (0_u32..).zip(rest) {
            match push_varint_byte(&mut value, index, byte) {
                Some(true) => return Ok(Some((value, at + index as usize + 1))),
                Some(false) => {}
                None => return Err(WireError::Varint { at: self.base + at }),
            }
        }
        if self.bytes.len() >= self.message_length {
            return Err(WireError::Truncated { at: self.base + at });
        }
        Ok(None)
    }
}

/// The bytes that a varint takes.
pub(crate) const fn varint_length(value: u64) -> usize {
    // Seven bits a byte, at least one byte.
    (63 - (value | 1).leading_zeros() as usize) / 7 + 1
}

/// The bytes that a length-delimited field with a number below 16 takes.
pub(crate) const fn field_length(payload: usize) -> usize {
    1 + varint_length(payload as u64) + payload
}

/// Writes the key (number below 16) and length of a length-delimited field.
pub(crate) fn put_field_start(out: &mut impl bytes::BufMut, field: u8, payload: usize) {
    out.put_u8(field << 3 | WireType::LengthDelimited.number());
    let mut left = payload as u64;
    while left >= 0x80 {
        out.put_u8(left as u8 | 0x80);
        left >>= 7;
    }
    out.put_u8(left as u8);
}

/// Writes a length-delimited field with a number below 16.
pub(crate) fn put_field(out: &mut impl bytes::BufMut, field: u8, payload: &[u8]) {
    put_field_start(out, field, payload.len());
    out.put_slice(payload);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varint_lengths_are_those_of_the_encoding() {
        for (value, length) in [(0, 1), (127, 1), (128, 2), (16_383, 2), (16_384, 3), (u64::MAX, 10)] {
            assert_eq!(varint_length(value), length, "{value}");
            let mut out = Vec::new();
            prost::encoding::encode_varint(value, &mut out);
            assert_eq!(out.len(), length);
        }
    }

    #[test]
    fn a_varint_beyond_64_bits_is_refused() {
        let mut bytes = vec![0xff_u8; 9];
        bytes.push(1);
        assert_eq!(Fields::nested(&bytes, 0).varint(0), Ok(Some((u64::MAX, 10))));
        bytes[9] = 2;
        assert_eq!(Fields::nested(&bytes, 0).varint(0), Err(WireError::Varint { at: 0 }));
    }

    #[test]
    fn a_key_with_more_than_five_bytes_is_refused_even_when_its_value_is_small() {
        let bytes = [0x8a, 0x80, 0x80, 0x80, 0x80, 0x00];
        assert_eq!(Fields::nested(&bytes, 0).key(0), Err(WireError::Key { at: 0 }));
    }
}
