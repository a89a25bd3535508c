//! The five bytes before each gRPC message.

use crate::WireError;

/// The bytes of a prefix.
pub const PREFIX_BYTES: usize = 5;

/// What stands before a gRPC message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrpcPrefix {
    /// Whether the message is compressed.
    pub compressed: bool,
    /// The message's bytes.
    pub length: u32,
}

impl GrpcPrefix {
    /// Reads a prefix; none when fewer than five bytes are there.
    ///
    /// # Errors
    /// [`WireError::CompressedFlag`]: the first byte is neither 0 nor 1.
    #[inline]
    pub fn parse(bytes: &[u8]) -> Result<Option<Self>, WireError> {
        let compressed = match bytes.first() {
            None => return Ok(None),
            Some(0) => false,
            Some(1) => true,
            Some(&flag) => return Err(WireError::CompressedFlag { flag }),
        };
        let length = bytes.get(1..).and_then(|rest| rest.first_chunk::<4>());
        Ok(length.map(|&length| Self { compressed, length: u32::from_be_bytes(length) }))
    }

    /// Makes the prefix of a message that is not compressed.
    ///
    /// # Errors
    /// [`WireError::TooLarge`]: the length does not fit 32 bits.
    pub fn for_message(length: usize) -> Result<Self, WireError> {
        match u32::try_from(length) {
            Ok(length) => Ok(Self { compressed: false, length }),
            Err(_) => Err(WireError::TooLarge { length }),
        }
    }

    /// Writes the prefix.
    #[inline]
    #[must_use]
    pub const fn encode(self) -> [u8; PREFIX_BYTES] {
        let [a, b, c, d] = self.length.to_be_bytes();
        [self.compressed as u8, a, b, c, d]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_survives_the_way_there_and_back() {
        for prefix in [
            GrpcPrefix { compressed: false, length: 0 },
            GrpcPrefix { compressed: true, length: 0x0102_0304 },
            GrpcPrefix { compressed: false, length: u32::MAX },
        ] {
            assert_eq!(GrpcPrefix::parse(&prefix.encode()), Ok(Some(prefix)));
        }
    }

    #[test]
    fn fewer_than_five_bytes_ask_for_more() {
        for length in 0..PREFIX_BYTES {
            assert_eq!(GrpcPrefix::parse(&[0; PREFIX_BYTES][..length]), Ok(None));
        }
    }

    #[test]
    fn an_unknown_flag_is_refused_at_its_first_byte() {
        assert_eq!(GrpcPrefix::parse(b"G"), Err(WireError::CompressedFlag { flag: b'G' }));
    }
}
