//! Why bytes from a peer are refused, in sentences that a client can use.

use thiserror::Error;

/// A message that is malformed or tries what it may not.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum WireError {
    /// A key that no protobuf writer makes.
    #[error("message byte {at}: the field key is malformed; send one well-formed protobuf message")]
    Key {
        /// Where the key starts.
        at: usize,
    },
    /// A number with more than ten bytes.
    #[error("message byte {at}: a varint is longer than 10 bytes; send one well-formed protobuf message")]
    Varint {
        /// Where the number starts.
        at: usize,
    },
    /// A group, or one of the two wire types that do not exist.
    #[error("message byte {at}: field {field} has wire type {wire_type}; only 0, 1, 2 and 5 are in use")]
    WireType {
        /// Where the field starts.
        at: usize,
        /// Its number.
        field: u32,
        /// What its key says.
        wire_type: u8,
    },
    /// A length that goes beyond the message.
    #[error(
        "message byte {at}: field {field} claims {length} bytes but the message has {left} left; \
         the message was cut or its gRPC length prefix is wrong"
    )]
    Overrun {
        /// Where the length was read.
        at: usize,
        /// Its number.
        field: u32,
        /// What it claims.
        length: u64,
        /// What the message can hold.
        left: usize,
    },
    /// The message ends inside a field.
    #[error(
        "message byte {at}: the message ends inside a field; it was cut or its gRPC length prefix is wrong"
    )]
    Truncated {
        /// Where the last field starts, or where the bytes end.
        at: usize,
    },
    /// More bytes came than the length prefix says.
    #[error("message: more than the {length} bytes that its gRPC length prefix says")]
    Excess {
        /// What the prefix says.
        length: usize,
    },
    /// A known field with the wrong wire type.
    #[error("{field}: sent with protobuf wire type {wire_type}; this field needs wire type 2")]
    NotLengthDelimited {
        /// The field's name.
        field: &'static str,
        /// What was sent.
        wire_type: u8,
    },
    /// A string that is none.
    #[error("{field}: the bytes are not valid UTF-8; send UTF-8 text")]
    NotUtf8 {
        /// The field's name.
        field: &'static str,
    },
    /// An id that is too long.
    #[error("{field}: {length} bytes are too long; at most {limit} are allowed")]
    TooLong {
        /// The field's name.
        field: &'static str,
        /// What was sent.
        length: usize,
        /// What is allowed.
        limit: usize,
    },
    /// An entity id of another type.
    #[error("parameters[\"entity_id\"]: is not a string_param; send the entity id as text")]
    EntityIdType,
    /// Names in more places than any writer puts them.
    #[error(
        "model_name: it and model_version come in more than {limit} places; send each of them once, first"
    )]
    Scattered {
        /// What is allowed.
        limit: usize,
    },
    /// A name that would override the router's decision at the backend.
    #[error("{field}: comes after the tensors; send it once, before the tensors")]
    Override {
        /// The field's name.
        field: &'static str,
    },
    /// A gRPC frame whose first byte is neither 0 nor 1.
    #[error("gRPC frame: compressed flag {flag} is neither 0 nor 1; check what speaks to this port")]
    CompressedFlag {
        /// The byte.
        flag: u8,
    },
    /// A message that a gRPC frame cannot carry.
    #[error("message: {length} bytes are more than a gRPC frame can carry")]
    TooLarge {
        /// The bytes.
        length: usize,
    },
}
