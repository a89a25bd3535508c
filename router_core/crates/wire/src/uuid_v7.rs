//! UUIDs of version 7 that keep their time to the microsecond.

/// Makes a UUIDv7 from the time and 128 random bits, of which 62 are used.
///
/// The 12 bits after the milliseconds hold the fraction of the millisecond (RFC 9562, section 6.2, method 3).
#[must_use]
pub fn uuid_v7(unix_micros: u64, random: u64) -> [u8; 16] {
    let (milliseconds, micros) = (unix_micros / 1_000, unix_micros % 1_000);
    let fraction = micros * 4_096 / 1_000;
    let high = milliseconds << 16 | 0x7000 | fraction;
    let low = random & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000;
    let mut uuid = [0; 16];
    let (first, second) = uuid.split_at_mut(8);
    first.copy_from_slice(&high.to_be_bytes());
    second.copy_from_slice(&low.to_be_bytes());
    uuid
}

/// The time in a UUID that [`uuid_v7`] made, in UTC microseconds.
#[must_use]
pub fn uuid_v7_micros(uuid: &[u8; 16]) -> u64 {
    let high = uuid.first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    let fraction = high & 0xfff;
    // The fraction was rounded down; rounding up gives the microsecond back.
    (high >> 16) * 1_000 + (fraction * 1_000).div_ceil(4_096)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_microsecond_of_a_millisecond_comes_back() {
        for micros in 1_795_000_000_123_000..1_795_000_000_124_000 {
            assert_eq!(uuid_v7_micros(&uuid_v7(micros, u64::MAX)), micros);
        }
    }

    #[test]
    fn the_version_and_variant_are_those_of_the_standard() {
        let uuid = uuid::Uuid::from_bytes(uuid_v7(1_795_000_000_123_456, u64::MAX));
        assert_eq!(uuid.get_version_num(), 7);
        assert_eq!(uuid.get_variant(), uuid::Variant::RFC4122);
        let (seconds, nanos) = uuid.get_timestamp().unwrap().to_unix();
        assert_eq!((seconds, nanos / 1_000_000), (1_795_000_000, 123));
    }

    #[test]
    fn later_ids_sort_behind_earlier_ones() {
        assert!(uuid_v7(1_000_001, u64::MAX) < uuid_v7(1_000_003, 0));
    }
}
