//! Finds the data files that an ONNX file on disk names: what is large in it is passed over and never in memory.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{BufReader, Read, Seek},
    path::Path,
};

use super::locations::{DAMAGED, MAX_DEPTH, Message, TOO_DEEP, location};

/// The locations of all external data in a file, as [`super::locations::locations`] finds them in memory.
///
/// # Errors
/// A sentence on why it cannot be read, or is no model.
pub(super) fn locations_of_file(path: &Path) -> Result<BTreeSet<String>, String> {
    let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
    let file = File::open(path).map_err(unreadable)?;
    let length = file.metadata().map_err(unreadable)?.len();
    locations_in(file, length)
        .map_err(|reason| format!("it is not a model that ONNX Runtime can load: {reason}"))
}

fn locations_in(input: impl Read + Seek, length: u64) -> Result<BTreeSet<String>, String> {
    let mut walk = Walk { input: BufReader::new(input), at: 0, found: BTreeSet::new() };
    walk.message(Message::Model, length, MAX_DEPTH)?;
    Ok(walk.found)
}

/// A walk through nested messages. `at` never passes the end of the message at hand, nor the end of the file.
struct Walk<R> {
    input: BufReader<R>,
    at: u64,
    found: BTreeSet<String>,
}

impl<R: Read + Seek> Walk<R> {
    fn message(&mut self, message: Message, end: u64, depth: usize) -> Result<(), String> {
        let depth = depth.checked_sub(1).ok_or(TOO_DEEP)?;
        while self.at < end {
            let key = self.varint(end)?;
            match key & 7 {
                0 => {
                    self.varint(end)?;
                }
                1 => self.pass_over(8, end)?,
                2 => {
                    let length = self.varint(end)?;
                    match message.field(key >> 3) {
                        Some(Message::Entry) => self.entry(length, end)?,
                        Some(inner) => {
                            let inner_end = self.end_of(length, end)?;
                            self.message(inner, inner_end, depth)?;
                        }
                        None => self.pass_over(length, end)?,
                    }
                }
                // The marks of a group, which no ONNX message has: what lies between is read as the message's own.
                3 | 4 => {}
                5 => self.pass_over(4, end)?,
                _ => return Err(DAMAGED.to_owned()),
            }
        }
        Ok(())
    }

    fn entry(&mut self, length: u64, end: u64) -> Result<(), String> {
        let entry_end = self.end_of(length, end)?;
        let mut entry = vec![0; usize::try_from(length).map_err(|_| DAMAGED)?];
        self.input.read_exact(&mut entry).map_err(|error| error.to_string())?;
        self.at = entry_end;
        self.found.extend(location(&entry)?.map(str::to_owned));
        Ok(())
    }

    fn varint(&mut self, end: u64) -> Result<u64, String> {
        let mut value = 0;
        for shift in (0..70).step_by(7) {
            if self.at >= end {
                break;
            }
            let mut byte = [0];
            self.input.read_exact(&mut byte).map_err(|error| error.to_string())?;
            self.at += 1;
            let [byte] = byte;
            value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(DAMAGED.to_owned())
    }

    fn pass_over(&mut self, length: u64, end: u64) -> Result<(), String> {
        self.at = self.end_of(length, end)?;
        let step = i64::try_from(length).map_err(|_| DAMAGED)?;
        self.input.seek_relative(step).map_err(|error| error.to_string())
    }

    fn end_of(&self, length: u64, end: u64) -> Result<u64, String> {
        self.at.checked_add(length).filter(|at| *at <= end).ok_or_else(|| DAMAGED.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::onnx::locations::locations;

    /// ModelProto.producer_name "abcdef", graph.initializer: raw_data, external_data {key: "location", value: "a.data"}
    const MODEL: &[u8] =
        b"\x12\x06abcdef\x3a\x1b\x2a\x19\x4a\x03\x01\x02\x03\x6a\x12\x0a\x08location\x12\x06a.data\x08\x09";

    fn both(model: &[u8]) -> (Option<BTreeSet<String>>, Option<BTreeSet<String>>) {
        let in_memory = locations(model).ok().map(|found| found.into_iter().map(str::to_owned).collect());
        (locations_in(Cursor::new(model), model.len() as u64).ok(), in_memory)
    }

    #[test]
    fn a_file_names_what_its_contents_name() {
        let (on_disk, in_memory) = both(MODEL);
        assert_eq!(on_disk.as_ref().unwrap().iter().collect::<Vec<_>>(), ["a.data"]);
        assert_eq!(on_disk, in_memory);
    }

    #[test]
    fn what_is_cut_or_altered_is_judged_as_in_memory() {
        for length in 0..MODEL.len() {
            let (on_disk, in_memory) = both(MODEL.get(..length).unwrap());
            assert_eq!(on_disk, in_memory, "cut at {length}");
        }
        for (place, value) in (0..MODEL.len()).flat_map(|place| (0..=255).map(move |value| (place, value))) {
            let mut altered = MODEL.to_vec();
            *altered.get_mut(place).unwrap() = value;
            let (on_disk, in_memory) = both(&altered);
            assert_eq!(on_disk, in_memory, "{value} at {place}");
        }
    }

    #[test]
    fn messages_within_messages_end_somewhere() {
        let nested = (0..60u32).fold(Vec::new(), |inner: Vec<u8>, _| {
            let within = |number: u8, payload: &[u8]| {
                let length = u16::try_from(payload.len()).unwrap();
                [&[number << 3 | 2, length as u8 | 0x80, (length >> 7) as u8], payload].concat()
            };
            within(1, &within(5, &within(6, &inner)))
        });
        let length = u16::try_from(nested.len()).unwrap();
        let model = [&[0x3a, length as u8 | 0x80, (length >> 7) as u8], &*nested].concat();
        assert_eq!(locations_in(Cursor::new(&model), model.len() as u64), Err(TOO_DEEP.to_owned()));
    }
}
