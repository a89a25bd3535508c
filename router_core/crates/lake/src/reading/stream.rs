//! Arrow streams, in which rows are handed to the control plane.

use arrow_array::RecordBatch;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::Schema;

use crate::error::LakeError;

/// Writes rows as one stream.
pub(crate) fn write_stream(schema: &Schema, batches: &[RecordBatch]) -> Result<Vec<u8>, LakeError> {
    let mut writer = StreamWriter::try_new(Vec::new(), schema)?;
    for batch in batches {
        writer.write(batch)?;
    }
    Ok(writer.into_inner()?)
}
