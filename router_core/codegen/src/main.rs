//! Writes the generated protobuf code.
fn main() {}
