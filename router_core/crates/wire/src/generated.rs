//! What `pointsman-codegen` wrote from the files in `proto/`.

/// The messages of `proto/pointsman/v1`.
#[expect(clippy::large_enum_variant, reason = "a choice of messages is as large as its largest one")]
pub mod pointsman_v1 {
    include!("generated/pointsman.v1.rs");
}

/// The messages of the Open Inference Protocol, for parts that read or write them whole.
#[expect(missing_docs, reason = "the schema is somebody else's")]
pub mod inference {
    include!("generated/inference.rs");
}

/// What the options of methods say.
pub mod method_scopes {
    include!("generated/method_scopes.rs");
}

/// The serialised `FileDescriptorSet` of the public services and what they import, for reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!("generated/descriptors.bin");
