//! Follows what is passed on unread, so that nothing in it undoes the decision.

use crate::{
    WireError,
    field::{Key, MAX_KEY_BYTES, WireType, push_varint_byte},
};

/// Follows the top-level fields of the rest of a message, cut anywhere, without keeping any of it.
///
/// A second `model_name` or `model_version` would override the spliced head at the backend: when
/// [`Walker::feed`] fails, the bytes that it was given must not be passed on.
#[derive(Debug, Clone)]
pub struct Walker {
    state: State,
    /// Where in the message the next byte lies.
    at: usize,
    /// The message's bytes.
    message_length: usize,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// Inside a key; `index` of its bytes were read.
    Key { value: u64, index: u32 },
    /// Inside the length of a field.
    Length { field: u32, value: u64, index: u32 },
    /// Inside a number.
    Varint { index: u32 },
    /// Inside a payload that ends at this place in the message.
    Payload { end: usize },
    /// Something was refused.
    Failed,
}

const BOUNDARY: State = State::Key { value: 0, index: 0 };

impl Walker {
    /// Follows a message of `message_length` bytes, of which the first `head_length` were scanned.
    #[must_use]
    pub const fn new(head_length: usize, message_length: usize) -> Self {
        Self { state: BOUNDARY, at: head_length, message_length }
    }

    /// Follows the next bytes.
    ///
    /// # Errors
    /// A name comes again, a field is malformed or runs over the message's end, or there are more
    /// bytes than the message has. The walker stays failed.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), WireError> {
        let fed = self.try_feed(bytes);
        if fed.is_err() {
            self.state = State::Failed;
        }
        fed
    }

    /// Says whether the message ended where a field ends, and where its length prefix says.
    ///
    /// # Errors
    /// [`WireError::Truncated`]: it did not.
    pub fn finish(&self) -> Result<(), WireError> {
        let is_boundary = matches!(self.state, State::Key { index: 0, .. });
        if is_boundary && self.at == self.message_length {
            Ok(())
        } else {
            Err(WireError::Truncated { at: self.at })
        }
    }

    /// The bytes that are still to come.
    #[must_use]
    pub const fn left(&self) -> usize {
        self.message_length.saturating_sub(self.at)
    }

    fn try_feed(&mut self, bytes: &[u8]) -> Result<(), WireError> {
        if bytes.len() > self.left() {
            return Err(WireError::Excess { length: self.message_length });
        }
        let mut rest = bytes;
        loop {
            if let State::Payload { end } = self.state {
                let skipped = rest.len().min(end.saturating_sub(self.at));
                self.at += skipped;
                rest = rest.get(skipped..).unwrap_or_default();
                if self.at == end {
                    self.state = BOUNDARY;
                }
            }
            let Some((&byte, after)) = rest.split_first() else {
                return Ok(());
            };
            rest = after;
            self.state = self.step(byte)?;
            self.at += 1;
        }
    }

    /// Takes a byte outside payloads.
    fn step(&self, byte: u8) -> Result<State, WireError> {
        let at = self.at;
        match self.state {
            State::Key { mut value, index } => {
                let is_last = push_varint_byte(&mut value, index, byte).ok_or(WireError::Key { at })?;
                if is_last {
                    self.after_key(Key::from_varint(value, at)?)
                } else if index + 1 == MAX_KEY_BYTES {
                    Err(WireError::Key { at })
                } else {
                    Ok(State::Key { value, index: index + 1 })
                }
            }
            State::Length { field, mut value, index } => {
                let is_last = push_varint_byte(&mut value, index, byte).ok_or(WireError::Varint { at })?;
                if is_last {
                    self.payload(field, value)
                } else {
                    Ok(State::Length { field, value, index: index + 1 })
                }
            }
            State::Varint { index } => {
                let is_last = push_varint_byte(&mut 0, index, byte).ok_or(WireError::Varint { at })?;
                Ok(if is_last { BOUNDARY } else { State::Varint { index: index + 1 } })
            }
            State::Payload { .. } | State::Failed => Err(WireError::Truncated { at }),
        }
    }

    fn after_key(&self, key: Key) -> Result<State, WireError> {
        match key.field {
            1 => return Err(WireError::Override { field: "model_name" }),
            2 => return Err(WireError::Override { field: "model_version" }),
            _ => key.check_request_field()?,
        }
        match key.wire_type {
            WireType::Varint => Ok(State::Varint { index: 0 }),
            WireType::Fixed64 => self.payload(key.field, 8),
            WireType::Fixed32 => self.payload(key.field, 4),
            WireType::LengthDelimited => Ok(State::Length { field: key.field, value: 0, index: 0 }),
        }
    }

    /// Begins the payload that follows the byte in hand.
    fn payload(&self, field: u32, length: u64) -> Result<State, WireError> {
        let start = self.at + 1;
        let left = self.message_length.saturating_sub(start);
        match usize::try_from(length) {
            Ok(length) if length <= left => Ok(State::Payload { end: start + length }),
            _ => Err(WireError::Overrun { at: self.at, field, length, left }),
        }
    }
}
