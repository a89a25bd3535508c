//! `google.protobuf.Value` read where it lies.

use std::borrow::Cow;

use crate::calls::{
    cell::{Cell, write_text},
    fields::{Fields, Unreadable},
};

/// Lists and objects deeper than this are null: nothing that came through the gateway is deeper.
const MAX_DEPTH: usize = 100;

/// A value; lists and objects are not read yet.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ValueView<'a> {
    Null,
    Number(f64),
    Text(&'a str),
    Bool(bool),
    Object(&'a [u8]),
    List(&'a [u8]),
}

impl<'a> ValueView<'a> {
    /// Reads a value.
    pub(crate) fn parse(message: &'a [u8]) -> Result<Self, Unreadable> {
        let mut read = Self::Null;
        for field in Fields::of(message) {
            let field = field?;
            read = match field.number {
                1 => Self::Null,
                2 => Self::Number(f64::from_bits(field.value.fixed64()?)),
                3 => Self::Text(field.value.text()?),
                4 => Self::Bool(field.value.varint()? != 0),
                5 => Self::Object(field.value.bytes()?),
                6 => Self::List(field.value.bytes()?),
                _ => read,
            };
        }
        Ok(read)
    }

    /// The value as one cell; none for lists and objects.
    pub(crate) fn cell(self) -> Option<Cell<'a>> {
        Some(match self {
            Self::Null => Cell::Null,
            Self::Number(number) => Cell::float(number),
            Self::Text(text) => Cell::Text(Cow::Borrowed(text)),
            Self::Bool(yes) => Cell::Bool(yes),
            Self::Object(_) | Self::List(_) => return None,
        })
    }

    /// The elements of nested lists, depth first; none when an element is an object or there are more than `most`.
    pub(crate) fn flat(self, most: usize) -> Option<Vec<Cell<'a>>> {
        let mut cells = Vec::new();
        self.flatten(most, 0, &mut cells).then_some(cells)
    }

    fn flatten(self, most: usize, depth: usize, cells: &mut Vec<Cell<'a>>) -> bool {
        if let Some(cell) = self.cell() {
            cells.push(cell);
            return cells.len() <= most;
        }
        let Self::List(list) = self else { return false };
        depth < MAX_DEPTH && items(list).all(|item| item.flatten(most, depth + 1, cells))
    }

    /// Writes the value as JSON; what cannot be read is null.
    pub(crate) fn write_json(self, out: &mut Vec<u8>) {
        self.write_nested(0, out);
    }

    fn write_nested(self, depth: usize, out: &mut Vec<u8>) {
        match self {
            Self::Object(_) | Self::List(_) if depth >= MAX_DEPTH => out.extend_from_slice(b"null"),
            Self::List(list) => {
                out.push(b'[');
                for (index, item) in items(list).enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    item.write_nested(depth + 1, out);
                }
                out.push(b']');
            }
            Self::Object(object) => {
                let entries = Fields::of(object).flatten().filter(|field| field.number == 1);
                let entries = entries.filter_map(|field| map_entry(field.value.bytes().ok()?).ok());
                let mut entries: Vec<_> = entries.collect();
                sort_last_wins(&mut entries);
                out.push(b'{');
                for (index, (name, value)) in entries.into_iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    write_text(name, out);
                    out.push(b':');
                    value.write_nested(depth + 1, out);
                }
                out.push(b'}');
            }
            scalar => scalar.cell().unwrap_or(Cell::Null).write_json(out),
        }
    }
}

/// The items of a `ListValue`; what cannot be read is null.
pub(crate) fn items(list: &[u8]) -> impl Iterator<Item = ValueView<'_>> {
    Fields::of(list).flatten().filter(|field| field.number == 1).map(|field| {
        let value = field.value.bytes().and_then(ValueView::parse);
        value.unwrap_or(ValueView::Null)
    })
}

/// An entry of a map from text to value.
pub(crate) fn map_entry(message: &[u8]) -> Result<(&str, ValueView<'_>), Unreadable> {
    let mut entry = ("", ValueView::Null);
    for field in Fields::of(message) {
        let field = field?;
        match field.number {
            1 => entry.0 = field.value.text()?,
            2 => entry.1 = ValueView::parse(field.value.bytes()?)?,
            _ => {}
        }
    }
    Ok(entry)
}

/// Orders a map's entries by name and keeps the last one of each: the order on the wire is the sender's whim.
pub(crate) fn sort_last_wins<'a>(entries: &mut Vec<(&'a str, ValueView<'a>)>) {
    entries.reverse();
    entries.sort_by_key(|entry| entry.0);
    entries.dedup_by_key(|entry| entry.0);
}
