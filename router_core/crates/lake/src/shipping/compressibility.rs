//! Which columns are worth compressing.

use arrow_array::Array;
use arrow_schema::DataType;
use zstd::{bulk::Compressor, zstd_safe::compress_bound};

/// How hard files are compressed.
pub(crate) const ZSTD_LEVEL: i32 = 1;
/// Rows that are looked at.
const SAMPLE_ROWS: usize = 2_048;
/// Compressed, a column must be at most so many percent of what it was.
const WORTHWHILE_PERCENT: usize = 90;

/// Tells which columns are numbers of eight bytes that hardly become smaller: measurements with all their digits,
/// hashes, draws. Compressing them is a quarter of what writing a file of them costs and saves next to nothing.
pub(crate) struct Sampler {
    /// None when there is no memory for it: then everything is compressed.
    compressor: Option<Compressor<'static>>,
    compressed: Vec<u8>,
}

impl Sampler {
    pub(crate) fn new() -> Self {
        Self { compressor: Compressor::new(ZSTD_LEVEL).ok(), compressed: Vec::new() }
    }

    /// Whether a column is not worth compressing, by its first rows.
    pub(crate) fn is_incompressible(&mut self, column: &dyn Array) -> bool {
        let Some(compressor) = &mut self.compressor else { return false };
        if !matches!(column.data_type(), DataType::Float64 | DataType::Int64 | DataType::UInt64) {
            return false;
        }
        let data = column.slice(0, column.len().min(SAMPLE_ROWS)).to_data();
        let bytes = data.buffers().first().map_or(&[][..], |values| {
            let start = data.offset() * size_of::<u64>();
            values.as_slice().get(start..start + data.len() * size_of::<u64>()).unwrap_or_default()
        });
        self.compressed.clear();
        self.compressed.reserve(compress_bound(bytes.len()));
        let length = compressor.compress_to_buffer(bytes, &mut self.compressed);
        length.is_ok_and(|length| length * 100 > bytes.len() * WORTHWHILE_PERCENT)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Float64Array, Int64Array, StringArray};
    use xxhash_rust::xxh3::xxh3_64;

    use super::*;

    fn hash(number: i64) -> i64 {
        xxh3_64(&number.to_le_bytes()) as i64
    }

    #[test]
    fn hashes_are_not_compressed_and_what_repeats_or_has_few_digits_is() {
        let rows = 0..3_000_i64;
        let hashes: ArrayRef = Arc::new(rows.clone().map(hash).collect::<Int64Array>());
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("sliced", hashes.slice(1_000, 2_000)),
            ("shares", Arc::new(rows.clone().map(|n| hash(n) as f64 / 1e19).collect::<Float64Array>())),
            ("ages", Arc::new(rows.clone().map(|n| (hash(n) % 90) as f64).collect::<Float64Array>())),
            ("singles", Arc::new(rows.clone().map(|n| f64::from(hash(n) as f32)).collect::<Float64Array>())),
            ("texts", Arc::new(rows.map(|n| Some(hash(n).to_string())).collect::<StringArray>())),
        ];
        let mut sampler = Sampler::new();
        let found = columns.iter().map(|(name, column)| (*name, sampler.is_incompressible(column)));
        let expected =
            [("sliced", true), ("shares", true), ("ages", false), ("singles", false), ("texts", false)];
        assert_eq!(found.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn without_rows_nothing_is_worth_compressing() {
        assert!(Sampler::new().is_incompressible(&Float64Array::from(Vec::<f64>::new())));
    }
}
