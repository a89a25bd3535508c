//! Inflates a message, and counts the memory that it takes while it grows.

use std::io::Read;

use bytes::Bytes;
use flate2::bufread::{GzDecoder, ZlibDecoder};
use tonic::Code;

use crate::messages::{budget::Reservation, status::CallError};

/// The room that is made at first.
const FIRST_ROOM: usize = 4 << 10;

/// Inflates a message up to one byte more than `most`, which tells one that is too long from one that just fits.
///
/// # Arguments
/// * `held` - Memory that grows with the message.
///
/// # Errors
/// UNIMPLEMENTED: the encoding is unknown. INVALID_ARGUMENT: the bytes are none of it, or more come behind its end.
/// RESOURCE_EXHAUSTED: the budget has no room.
pub(crate) fn inflate(
    encoding: &[u8],
    packed: &[u8],
    most: usize,
    held: Reservation,
) -> Result<(Bytes, Reservation), CallError> {
    match encoding {
        b"gzip" => {
            let mut inflater = GzDecoder::new(packed);
            let read = read(&mut inflater, most + 1, held)?;
            whole(read, inflater.get_ref(), most)
        }
        b"deflate" => {
            let mut inflater = ZlibDecoder::new(packed);
            let read = read(&mut inflater, most + 1, held)?;
            whole(read, inflater.get_ref(), most)
        }
        _ => Err(CallError::new(
            Code::Unimplemented,
            format!(
                "grpc-encoding {:?} is not known; use gzip, deflate or identity",
                String::from_utf8_lossy(encoding)
            ),
        )),
    }
}

/// What was inflated, when it is all of the message: what comes behind the end of its stream would be lost.
fn whole(read: (Bytes, Reservation), rest: &[u8], most: usize) -> Result<(Bytes, Reservation), CallError> {
    if read.0.len() <= most && !rest.is_empty() {
        return Err(CallError::invalid(format!(
            "the message goes on behind the end of what is compressed, by {} bytes; send it in one stream",
            rest.len()
        )));
    }
    Ok(read)
}

fn read(
    inflater: &mut impl Read,
    limit: usize,
    mut held: Reservation,
) -> Result<(Bytes, Reservation), CallError> {
    let mut inflated = Vec::new();
    while inflated.len() < limit {
        let room = (inflated.len() * 2).max(FIRST_ROOM).min(limit);
        held.grow_to(room)?;
        inflated.reserve_exact(room - inflated.len());
        // As much as there is room for, so that the room does not grow uncounted.
        let free = room - inflated.len();
        let more = inflater
            .by_ref()
            .take(free as u64)
            .read_to_end(&mut inflated)
            .map_err(|error| CallError::invalid(format!("the message cannot be inflated: {error}")))?;
        if more < free {
            break;
        }
    }
    Ok((inflated.into(), held))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{
        Compression,
        write::{GzEncoder, ZlibEncoder},
    };

    use super::*;
    use crate::messages::budget::ByteBudget;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn every_length_comes_out_whole_and_is_held() {
        let budget = ByteBudget::new(1 << 20);
        for length in [0, 1, FIRST_ROOM - 1, FIRST_ROOM, FIRST_ROOM + 1, 100_000, 262_144] {
            let plain: Vec<u8> = (0..length).map(|index| (index % 251) as u8).collect();
            let (inflated, _held) =
                inflate(b"gzip", &gzip(&plain), 262_144, budget.reserve(0).unwrap()).unwrap();
            assert_eq!(inflated, plain);
            assert!(budget.held() >= length && budget.held() <= (length * 2).max(FIRST_ROOM));
        }
        assert_eq!(budget.held(), 0);
    }

    #[test]
    fn what_comes_behind_the_end_of_a_stream_is_refused_and_not_lost() {
        let budget = ByteBudget::new(1 << 20);
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(b"first").unwrap();
        let zlib = zlib.finish().unwrap();
        for (encoding, packed) in [
            (&b"gzip"[..], [gzip(b"first"), gzip(b"second")].concat()),
            (b"gzip", [gzip(b"first"), vec![0]].concat()),
            (b"deflate", [&zlib[..], b"x"].concat()),
        ] {
            let refused = inflate(encoding, &packed, 1 << 10, budget.reserve(0).unwrap()).unwrap_err();
            assert_eq!(refused.code, Code::InvalidArgument);
            assert!(refused.message.contains("goes on behind the end"), "{}", refused.message);
        }
        let (inflated, _held) = inflate(b"deflate", &zlib, 1 << 10, budget.reserve(0).unwrap()).unwrap();
        assert_eq!(inflated, b"first"[..]);
    }

    #[test]
    fn a_bomb_holds_no_more_than_a_message_may_and_no_more_than_the_budget_has() {
        let bomb = gzip(&vec![0; 8 << 20]);
        let budget = ByteBudget::new(1 << 20);
        let (inflated, _held) = inflate(b"gzip", &bomb, 100_000, budget.reserve(0).unwrap()).unwrap();
        assert_eq!(inflated.len(), 100_001);
        assert_eq!(budget.held(), 100_001);
        let refused = inflate(b"gzip", &bomb, 4 << 20, budget.reserve(0).unwrap()).unwrap_err();
        assert_eq!(refused.code, Code::ResourceExhausted);
        assert_eq!(budget.held(), 100_001);
    }
}
