//! Writes the Rust code and the descriptors that `pointsman-wire` holds, from the files in `proto/`.
//!
//! `pointsman-codegen <output root> [<source root>]`: both default to the working directory. A check
//! writes to another output root and compares.

mod method_scopes;

use std::env;
use std::error::Error;
use std::fs;
use std::path::PathBuf;

use prost::Message;
use protox::Compiler;

/// The files of the contract, relative to the folder `proto`.
const FILES: [&str; 12] = [
    "pointsman/v1/definition.proto",
    "pointsman/v1/drift.proto",
    "pointsman/v1/key.proto",
    "pointsman/v1/model.proto",
    "pointsman/v1/prediction.proto",
    "pointsman/v1/rest.proto",
    "pointsman/v1/router.proto",
    INTERNAL_FILES[0],
    INTERNAL_FILES[1],
    INTERNAL_FILES[2],
    INTERNAL_FILES[3],
    "inference/grpc_service.proto",
];

/// The files that no client sees: they are generated, but reflection does not show them.
const INTERNAL_FILES: [&str; 4] = [
    "pointsman/v1/snapshot.proto",
    "pointsman/v1/record.proto",
    "pointsman/v1/dry_run.proto",
    "pointsman/v1/learning.proto",
];

/// The folder for what is written, relative to the output root.
const OUTPUT: &str = "router_core/crates/wire/src/generated";

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args_os().skip(1).map(PathBuf::from);
    let output_root = arguments.next().unwrap_or_else(|| PathBuf::from("."));
    let source_root = arguments.next().unwrap_or_else(|| PathBuf::from("."));
    let output = output_root.join(OUTPUT);
    fs::create_dir_all(&output)?;

    let mut compiler = Compiler::new([source_root.join("proto")])?;
    compiler.include_imports(true).include_source_info(true).open_files(FILES)?;
    let mut files = compiler.file_descriptor_set();

    let mut reflected = files.clone();
    reflected.file.retain(|file| !INTERNAL_FILES.contains(&file.name()));
    for file in &mut reflected.file {
        // Comments are for readers of the source; reflection has no use for them.
        file.source_code_info = None;
    }
    fs::write(output.join("descriptors.bin"), reflected.encode_to_vec())?;

    fs::write(output.join("method_scopes.rs"), method_scopes::method_scopes(&compiler.descriptor_pool())?)?;

    // Annotations of REST are options, which no message holds: Python's transcoder alone reads them.
    files.file.retain(|file| file.package() != "google.api");

    // Messages only: hyper serves the hot services by hand and Python serves the others.
    tonic_prost_build::configure()
        .build_client(false)
        .build_server(false)
        .bytes(".inference")
        // Recorded bodies are the bytes that were forwarded.
        .bytes(".pointsman.v1.PredictionEntry")
        // Sorted maps make the same message the same bytes, and a row's few names are found in them without being hashed.
        .btree_map(".")
        .out_dir(&output)
        .compile_fds(files)?;
    Ok(())
}
