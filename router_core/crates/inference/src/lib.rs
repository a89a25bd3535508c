//! What happens between a call and a model: features become tensors, tensors become an answer, and ONNX files
//! run in process.
//!
//! No async and no network. Errors say whether the caller or the model is at fault.

mod element;
pub mod features;
pub mod oip;
pub mod onnx;
mod registration;
mod settle;
mod signature;
mod tensor;
pub mod text_number;

pub use features::{Answer, FeatureError, fill_inputs, read_outputs, refuse_misspelt};
pub use oip::OipError;
pub use onnx::{FileIdentity, OnnxError, OnnxModel, data_file_names, init_library, models_path};
pub use registration::{Described, Itself, describe, signature_faults};
pub use settle::settle_signature;
pub use signature::{complete_signature, signature_of_metadata};
pub use tensor::{Tensor, TensorError, shape_element_count};
