//! What is done with files of the lake, which needs no running server.

use std::path::Path;

use pointsman_journal::files::RealFiles;
use prost::Message;

use crate::{error::GatewayError, recording::hand_over::decode};

/// Answers an encoded `RowsQuery` with its `RowsAnswer`.
///
/// # Errors
/// The query cannot be read, names what is not there, or a file cannot be read.
pub fn read_lake_rows(lake_folder: &Path, query: &[u8]) -> Result<Vec<u8>, GatewayError> {
    let rows = pointsman_lake::read_rows(&RealFiles, lake_folder, &decode("query", query)?)?;
    Ok(rows.encode_to_vec())
}

/// Answers an encoded `CountQuery` with its `CallCounts`.
///
/// # Errors
/// The query cannot be read, names what is not there, or a file cannot be read.
pub fn count_lake_calls(lake_folder: &Path, query: &[u8]) -> Result<Vec<u8>, GatewayError> {
    let counts = pointsman_lake::count_calls(&RealFiles, lake_folder, &decode("query", query)?)?;
    Ok(counts.encode_to_vec())
}

/// Answers an encoded `CoverageQuery` with its `CoverageCounts`.
///
/// # Errors
/// The query cannot be read, names what is not there, or a file cannot be read.
pub fn count_lake_coverage(lake_folder: &Path, query: &[u8]) -> Result<Vec<u8>, GatewayError> {
    let counts = pointsman_lake::count_coverage(&RealFiles, lake_folder, &decode("query", query)?)?;
    Ok(counts.encode_to_vec())
}

/// Writes one file from those of an encoded `MergeRequest`; answers its encoded `LakeFile`.
///
/// # Errors
/// The request cannot be read, or a file not be read or written.
pub fn merge_lake_files(lake_folder: &Path, request: &[u8]) -> Result<Vec<u8>, GatewayError> {
    let merged = pointsman_lake::merge_files(&RealFiles, lake_folder, &decode("request", request)?)?;
    Ok(merged.encode_to_vec())
}

/// Answers an encoded `ReplayQuery` with its `ReplayAnswer`.
///
/// # Errors
/// The query cannot be read, names what is not there, or a file cannot be read.
pub fn replay_lake_decisions(lake_folder: &Path, query: &[u8]) -> Result<Vec<u8>, GatewayError> {
    let replayed = pointsman_lake::replay_decisions(&RealFiles, lake_folder, &decode("query", query)?)?;
    Ok(replayed.encode_to_vec())
}

/// Answers an encoded `RedecisionQuery` with its `Redecision`.
///
/// # Errors
/// The query cannot be read.
pub fn redecide(query: &[u8]) -> Result<Vec<u8>, GatewayError> {
    Ok(pointsman_lake::redecide(&decode("query", query)?).encode_to_vec())
}
