//! Protobuf fields read where they lie, without allocating: rows are made of some thousand entries a second.

/// Bytes that are not the message they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unreadable;

/// One field of a message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field<'a> {
    pub(crate) number: u32,
    pub(crate) value: FieldValue<'a>,
}

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum FieldValue<'a> {
    Varint(u64),
    Fixed64(u64),
    Fixed32,
    Bytes(&'a [u8]),
}

impl<'a> FieldValue<'a> {
    pub(crate) fn bytes(self) -> Result<&'a [u8], Unreadable> {
        if let Self::Bytes(bytes) = self { Ok(bytes) } else { Err(Unreadable) }
    }

    pub(crate) fn text(self) -> Result<&'a str, Unreadable> {
        str::from_utf8(self.bytes()?).map_err(|_| Unreadable)
    }

    pub(crate) fn varint(self) -> Result<u64, Unreadable> {
        if let Self::Varint(number) = self { Ok(number) } else { Err(Unreadable) }
    }

    pub(crate) fn fixed64(self) -> Result<u64, Unreadable> {
        if let Self::Fixed64(number) = self { Ok(number) } else { Err(Unreadable) }
    }
}

/// The fields of a message, in order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) const fn of(message: &'a [u8]) -> Self {
        Self(message)
    }

    #[inline]
    fn field(&mut self) -> Result<Field<'a>, Unreadable> {
        let key = take_varint(&mut self.0)?;
        let number = u32::try_from(key >> 3).map_err(|_| Unreadable)?;
        let value = match key & 7 {
            0 => FieldValue::Varint(take_varint(&mut self.0)?),
            1 => FieldValue::Fixed64(u64::from_le_bytes(self.take_array()?)),
            2 => {
                let length = usize::try_from(take_varint(&mut self.0)?).map_err(|_| Unreadable)?;
                let (bytes, rest) = self.0.split_at_checked(length).ok_or(Unreadable)?;
                self.0 = rest;
                FieldValue::Bytes(bytes)
            }
            5 => {
                self.take_array::<4>()?;
                FieldValue::Fixed32
            }
            _ => return Err(Unreadable),
        };
        Ok(Field { number, value })
    }

    fn take_array<const N: usize>(&mut self) -> Result<[u8; N], Unreadable> {
        let (array, rest) = self.0.split_first_chunk().ok_or(Unreadable)?;
        self.0 = rest;
        Ok(*array)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, Unreadable>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

/// Takes a varint off the front.
#[inline]
pub(crate) fn take_varint(bytes: &mut &[u8]) -> Result<u64, Unreadable> {
    // Keys and most lengths and numbers are one byte.
    match bytes.split_first() {
        Some((&byte, rest)) if byte < 0x80 => {
            *bytes = rest;
            Ok(byte.into())
        }
        _ => take_long_varint(bytes),
    }
}

fn take_long_varint(bytes: &mut &[u8]) -> Result<u64, Unreadable> {
    let mut value = 0;
    for (index, &byte) in bytes.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte < 0x80 {
            *bytes = bytes.get(index + 1..).unwrap_or_default();
            return Ok(value);
        }
    }
    Err(Unreadable)
}

/// Takes a packed list of doubles, or one of an unpacked list.
pub(crate) fn extend_doubles(list: &mut Vec<f64>, value: FieldValue<'_>) -> Result<(), Unreadable> {
    match value {
        FieldValue::Fixed64(bits) => list.push(f64::from_bits(bits)),
        FieldValue::Bytes(packed) => {
            let (doubles, rest) = packed.as_chunks::<8>();
            if !rest.is_empty() {
                return Err(Unreadable);
            }
            list.extend(doubles.iter().map(|bytes| f64::from_le_bytes(*bytes)));
        }
        FieldValue::Varint(_) | FieldValue::Fixed32 => return Err(Unreadable),
    }
    Ok(())
}
