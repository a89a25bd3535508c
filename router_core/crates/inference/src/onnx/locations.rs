//! Finds the data files that an ONNX file names, without reading the rest of it.

use std::collections::BTreeSet;

use super::protobuf::{Held, take_field};

/// How deep messages may nest; the library's own protobuf reader goes no deeper.
pub(super) const MAX_DEPTH: usize = 100;

pub(super) const DAMAGED: &str = "it is damaged or no ONNX file";
pub(super) const TOO_DEEP: &str = "its messages nest too deep";

/// The messages on the way to a tensor's data file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Message {
    Model,
    Training,
    Function,
    Graph,
    Node,
    Attribute,
    SparseTensor,
    Tensor,
    /// A key and a value, of which the key `location` names a data file.
    Entry,
}

impl Message {
    /// What a field holds, by the numbers of `onnx.proto`; none if no tensor can lie in it.
    pub(super) const fn field(self, number: u64) -> Option<Self> {
        match (self, number) {
            (Self::Model, 7) | (Self::Training, 1 | 2) | (Self::Attribute, 6 | 11) => Some(Self::Graph),
            (Self::Model, 20) => Some(Self::Training),
            (Self::Model, 25) => Some(Self::Function),
            (Self::Graph, 1) | (Self::Function, 7) => Some(Self::Node),
            (Self::Node, 5) | (Self::Function, 11) => Some(Self::Attribute),
            (Self::Graph, 15) | (Self::Attribute, 22 | 23) => Some(Self::SparseTensor),
            (Self::Graph, 5) | (Self::Attribute, 5 | 10) | (Self::SparseTensor, 1 | 2) => Some(Self::Tensor),
            (Self::Tensor, 13) => Some(Self::Entry),
            _ => None,
        }
    }
}

/// The locations of all external data in a model: graphs within graphs, functions and attributes included. Those of
/// tensors that do not say `EXTERNAL` are among them: which ones are read is the library's decision.
///
/// # Errors
/// A sentence on why the contents are no model.
pub(super) fn locations(model: &[u8]) -> Result<BTreeSet<&str>, &'static str> {
    let mut found = BTreeSet::new();
    walk(Message::Model, model, MAX_DEPTH, &mut found)?;
    Ok(found)
}

fn walk<'a>(
    message: Message,
    mut bytes: &'a [u8],
    depth: usize,
    found: &mut BTreeSet<&'a str>,
) -> Result<(), &'static str> {
    let depth = depth.checked_sub(1).ok_or(TOO_DEEP)?;
    while let Some((number, held)) = take_field(&mut bytes).ok_or(DAMAGED)? {
        let (Some(inner), Held::Bytes(payload)) = (message.field(number), held) else { continue };
        if inner == Message::Entry {
            found.extend(location(payload)?);
        } else {
            walk(inner, payload, depth, found)?;
        }
    }
    Ok(())
}

/// The value of an entry whose key is `location`.
pub(super) fn location(mut entry: &[u8]) -> Result<Option<&str>, &'static str> {
    let (mut key, mut value): (&[u8], &[u8]) = (b"", b"");
    while let Some(field) = take_field(&mut entry).ok_or("an entry of its external data is damaged")? {
        match field {
            (1, Held::Bytes(text)) => key = text,
            (2, Held::Bytes(text)) => value = text,
            _ => {}
        }
    }
    if key != b"location" {
        return Ok(None);
    }
    str::from_utf8(value).map(Some).map_err(|_| "a location of its external data is not UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message with one field of a length.
    fn within(number: u8, payload: &[u8]) -> Vec<u8> {
        let key = u16::from(number) << 3 | 2;
        let length = u16::try_from(payload.len()).unwrap();
        let varint = |value: u16| [value as u8 | 0x80, (value >> 7) as u8];
        [&varint(key), &varint(length), payload].concat()
    }

    fn tensor(location: &[u8]) -> Vec<u8> {
        within(13, &[within(1, b"location"), within(2, location)].concat())
    }

    #[test]
    fn a_location_is_found_wherever_a_tensor_may_lie() {
        let tensor = tensor(b"a.data");
        // From the tensor outwards.
        let ways: [&[u8]; 12] = [
            &[5, 7],
            &[1, 15, 7],
            &[2, 15, 7],
            &[5, 5, 1, 7],
            &[10, 5, 1, 7],
            &[1, 22, 5, 1, 7],
            &[2, 23, 5, 1, 7],
            &[5, 6, 5, 1, 7],
            &[5, 11, 5, 1, 7],
            &[5, 5, 7, 25],
            &[5, 11, 25],
            &[5, 2, 20],
        ];
        for way in ways {
            let model = way.iter().fold(tensor.clone(), |inner, number| within(*number, &inner));
            assert_eq!(locations(&model).unwrap().into_iter().collect::<Vec<_>>(), ["a.data"], "{way:?}");
        }
    }

    #[test]
    fn other_fields_and_other_entries_are_passed_over() {
        let offset = within(13, &[within(1, b"offset"), within(2, b"b.data")].concat());
        let fields: [&[u8]; 6] =
            [&[8, 9], &[0x11, 0, 0, 0, 0, 0, 0, 0, 0], &[0x1d, 0, 0, 0, 0], &[0x23], &[0x24], &offset];
        let tensors = [within(5, &[fields.concat(), tensor(b"a.data")].concat()), within(5, &tensor(b"c"))];
        let model = within(7, &tensors.concat());
        assert_eq!(locations(&model).unwrap().into_iter().collect::<Vec<_>>(), ["a.data", "c"]);
    }

    #[test]
    fn what_cannot_be_followed_is_refused() {
        let whole = within(7, &within(5, &tensor(b"a.data")));
        for length in 1..whole.len() {
            assert!(locations(&whole[..length]).is_err(), "{length}");
        }
        assert_eq!(
            locations(&within(7, &within(5, &tensor(b"\xff")))),
            Err("a location of its external data is not UTF-8")
        );
        let deep = (0..40).fold(Vec::new(), |graph, _| within(1, &within(5, &within(6, &graph))));
        assert_eq!(locations(&within(7, &deep)), Err("its messages nest too deep"));
        assert!(locations(&[0xff; 20]).is_err());
    }
}
