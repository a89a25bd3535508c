//! Bytes on the wire: generated protobuf, the head of an inference call, signed prediction ids.
//!
//! No I/O and no async. A `ModelInfer` message is never decoded and encoded again: its head is scanned
//! ([`scan_head`]) and spliced ([`splice_head`]), and a [`Walker`] follows what is passed on unread.

mod count;
mod error;
mod feature_value;
mod field;
mod frame;
pub mod generated;
mod head;
mod infer_parts;
mod method_scope;
mod parameter;
mod prediction_id;
mod receipt;
mod rows;
mod snapshot;
mod splice;
mod uuid_v7;
mod walker;

pub use count::count_field;
pub use error::WireError;
pub use feature_value::{feature_value_from_proto, feature_value_to_proto};
pub use frame::{GrpcPrefix, PREFIX_BYTES};
pub use head::{
    Cuts, HeadScan, HeadScanner, MAX_CUTS, MAX_ENTITY_ID_BYTES, Span, scan_head, scan_response_head,
    scan_whole,
};
pub use infer_parts::{ContentList, Contents, InferParts, InputPart, Parameter, TypedElement};
pub use method_scope::required_scope;
pub use prediction_id::{PredictionId, PredictionIdContent, PredictionIdError, Signer, Verifier};
pub use receipt::Receipt;
pub use rows::row_limit;
pub use snapshot::{
    BanditRouter, bandit_faults, bandit_router, decode_model, decode_router, decode_signing_keys,
    decode_snapshot_update, model_from_proto, router_from_proto, rule_faults, signature_from_proto,
    signature_to_proto, signing_keys_from_proto, snapshot_update, usable_update,
};
pub use splice::{splice_head, splice_response_model_name, spliced_message_length, write_names};
pub use uuid_v7::{uuid_v7, uuid_v7_micros};
pub use walker::Walker;
