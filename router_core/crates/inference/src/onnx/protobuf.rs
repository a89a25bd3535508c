//! Fields of protobuf messages, read where they lie: an ONNX file is large, and little of it is looked at.

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Held<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    /// Four or eight bytes, or a mark of a group.
    Other,
}

/// Takes the next field off the front, by its number; the inner none is the end, the outer one is damage.
pub(super) fn take_field<'a>(bytes: &mut &'a [u8]) -> Option<Option<(u64, Held<'a>)>> {
    if bytes.is_empty() {
        return Some(None);
    }
    let key = take_varint(bytes)?;
    let mut held = Held::Other;
    match key & 7 {
        0 => held = Held::Varint(take_varint(bytes)?),
        1 => drop(take(bytes, 8)?),
        2 => {
            let length = take_varint(bytes)?;
            held = Held::Bytes(take(bytes, usize::try_from(length).ok()?)?);
        }
        // The marks of a group, which no ONNX message has: what lies between is read as the message's own.
        3 | 4 => {}
        5 => drop(take(bytes, 4)?),
        _ => return None,
    }
    Some(Some((key >> 3, held)))
}

/// Takes a varint off the front.
pub(super) fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..70).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}
