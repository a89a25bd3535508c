//! Features, tensors, protocol messages and model files from outside the crate.

mod classes;
mod fill;
mod oip;
mod onnx;
mod read;
mod registration;
mod round_trip;
mod row;
mod signature;
mod support;
