//! One Parquet file, written under another name until it is whole and on the disk.

use std::{
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use arrow_array::RecordBatch;
use arrow_schema::{DataType, SchemaRef};
use parquet::{
    arrow::{ArrowWriter, arrow_writer::ArrowWriterOptions},
    basic::{Compression, Encoding, ZstdLevel},
    file::{
        metadata::KeyValue,
        properties::{EnabledStatistics, WriterProperties},
    },
    schema::types::ColumnPath,
};
use pointsman_journal::{
    fault,
    files::{AppendFile, Files},
};

use crate::{
    error::LakeError,
    schema::{FEATURE_PREFIX, LAKE_VERSION, VERSION_KEY},
    shipping::compressibility::{Sampler, ZSTD_LEVEL},
};

/// Rows of a row group.
pub(crate) const ROW_GROUP_ROWS: usize = 100_000;
const PAGE_ROWS: usize = 2_048;
const DICTIONARY_BYTES: usize = 64 * 1024;
/// Bytes after which a row group ends before it has all its rows.
const ROW_GROUP_BYTES: usize = 64 << 20;
const BUFFER_BYTES: usize = 1 << 20;

/// A file under way. Dropped before its end, it leaves nothing.
pub(crate) struct FileWriter<'f> {
    files: &'f dyn Files,
    path: PathBuf,
    partial: PathBuf,
    schema: SchemaRef,
    /// The file, before its first rows say how it is written.
    file: Option<Counted>,
    writer: Option<ArrowWriter<Counted>>,
}

impl<'f> FileWriter<'f> {
    /// Begins a file, making the folders that it is in.
    pub(crate) fn create(files: &'f dyn Files, path: PathBuf, schema: SchemaRef) -> Result<Self, LakeError> {
        let folder = path.parent().unwrap_or(Path::new(""));
        files.make_folder(folder).map_err(|error| LakeError::io(folder, error))?;
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let partial = folder.join(format!(".{name}.tmp"));
        let file = files.create(&partial).map_err(|error| LakeError::io(&partial, error))?;
        let file = Counted { file: BufWriter::with_capacity(BUFFER_BYTES, Synced(file)), count: 0 };
        Ok(Self { files, path, partial, schema, file: Some(file), writer: None })
    }

    /// Begins to write as suits the first rows.
    fn begin(&mut self, first: &RecordBatch) -> Result<(), LakeError> {
        let Some(file) = self.file.take() else { return Ok(()) };
        let options =
            ArrowWriterOptions::new().with_properties(properties(first)).with_skip_arrow_metadata(true);
        let writer = ArrowWriter::try_new_with_options(file, self.schema.clone(), options);
        self.writer = Some(writer.map_err(|error| LakeError::parquet(&self.partial, error))?);
        Ok(())
    }

    /// Adds rows.
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), LakeError> {
        self.begin(batch)?;
        let Some(writer) = &mut self.writer else { return Ok(()) };
        let mut written = writer.write(batch);
        if written.is_ok() && writer.in_progress_size() > ROW_GROUP_BYTES {
            written = writer.flush();
        }
        written.map_err(|error| LakeError::parquet(&self.partial, error))
    }

    /// Ends the file and gives it its name; answers its length.
    pub(crate) fn finish(mut self) -> Result<u64, LakeError> {
        self.begin(&RecordBatch::new_empty(self.schema.clone()))?;
        let Some(mut writer) = self.writer.take() else { return Ok(0) };
        let finished = writer.finish();
        finished.map_err(|error| LakeError::parquet(&self.partial, error))?;
        let file = writer.inner_mut();
        file.sync().map_err(|error| LakeError::io(&self.partial, error))?;
        let byte_count = file.count;
        drop(writer);
        fault::point("lake.file_written");
        let renamed = self.files.rename(&self.partial, &self.path);
        renamed.map_err(|error| LakeError::io(&self.path, error))?;
        self.partial = PathBuf::new();
        let folder = self.path.parent().unwrap_or(Path::new(""));
        self.files.sync_folder(folder).map_err(|error| LakeError::io(folder, error))?;
        fault::point("lake.file_renamed");
        Ok(byte_count)
    }
}

impl Drop for FileWriter<'_> {
    fn drop(&mut self) {
        if self.partial.as_os_str().is_empty() {
            return;
        }
        (self.file, self.writer) = (None, None);
        if let Err(error) = self.files.remove(&self.partial) {
            tracing::warn!(path = %self.partial.display(), %error, "a partial file cannot be removed");
        }
    }
}

/// How columns are written: dictionaries where values repeat, plain numbers where they do not, compressed where it
/// makes them smaller.
///
/// Splitting the bytes of doubles would save a twelfth, but not all engines that shall read the files know it.
fn properties(first: &RecordBatch) -> WriterProperties {
    let mut properties = WriterProperties::builder()
        .set_created_by("pointsman".to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL).unwrap_or_default()))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        // Who reads single rows inflates the pages they are in and whole dictionaries: both are small.
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_dictionary_page_size_limit(DICTIONARY_BYTES)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_key_value_metadata(Some(vec![KeyValue::new(VERSION_KEY.to_owned(), LAKE_VERSION.to_owned())]));
    let probabilities = ["probabilities", "list", "element"].map(str::to_owned).to_vec();
    properties = properties.set_column_dictionary_enabled(ColumnPath::from(probabilities), false);
    let mut sampler = Sampler::new();
    for (field, column) in first.schema_ref().fields().iter().zip(first.columns()) {
        let name = field.name();
        let path = ColumnPath::from(vec![name.clone()]);
        let is_number = matches!(field.data_type(), DataType::Float64 | DataType::Int64 | DataType::UInt64);
        let is_number_feature = name.starts_with(FEATURE_PREFIX) && is_number;
        let has_own_values = is_number_feature
            || matches!(
                name.as_str(),
                "prediction_id"
                    | "time_us"
                    | "draw"
                    | "entity_hash"
                    | "request_id"
                    | "trace_id"
                    | "overhead_ns"
                    | "backend_ns"
                    | "prediction_number"
                    | "prediction_values"
                    | "confidence"
                    | "outputs"
            );
        if has_own_values {
            properties = properties.set_column_dictionary_enabled(path.clone(), false);
            if sampler.is_incompressible(column) {
                properties = properties.set_column_compression(path.clone(), Compression::UNCOMPRESSED);
            }
        }
        if name == "time_us" {
            properties = properties.set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
        } else if name == "entity_hash" {
            // An entity's rows are spread over all times: without this, each file would be read for them.
            properties = properties.set_column_bloom_filter_enabled(path, true);
        }
    }
    properties.build()
}

/// Counts the bytes of a file.
struct Counted {
    file: BufWriter<Synced>,
    count: u64,
}

struct Synced(Box<dyn AppendFile>);

impl Counted {
    fn sync(&mut self) -> io::Result<()> {
        self.file.flush()?;
        self.file.get_mut().0.sync_data()
    }
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.count += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Write for Synced {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
