//! Bytes on the wire: generated protobuf, the head of an inference call, signed prediction ids.

pub mod generated;
