//! Some row groups of a file, whose pages are all inflated in one context.
//!
//! The Parquet reader makes a context for each column of each row group. Who reads one row of it inflates one page in
//! each, which takes less time than making them.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    vec,
};

use bytes::Bytes;
use parquet::{
    arrow::{ProjectionMask, arrow_reader::RowGroups},
    basic::Compression,
    column::page::{Page, PageIterator, PageMetadata, PageReader},
    errors::ParquetError,
    file::{
        metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData},
        serialized_reader::SerializedPageReader,
        statistics::Statistics,
    },
};
use zstd::{bulk::Decompressor, zstd_safe::get_frame_content_size};

use crate::reading::stored_file::StoredFile;

/// Inflates pages, one at a time.
#[derive(Clone)]
pub(crate) struct Inflater(Arc<Mutex<Decompressor<'static>>>);

impl Inflater {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self(Arc::new(Mutex::new(Decompressor::new()?))))
    }

    /// Inflates what follows the first `plain` bytes, to at most `most` bytes.
    fn inflate(&self, bytes: &Bytes, plain: usize, most: usize) -> Result<Bytes, ParquetError> {
        let (Some(head), Some(body)) = (bytes.get(..plain), bytes.get(plain..)) else {
            return Err(ParquetError::EOF(format!("{plain} bytes of levels in a page of {}", bytes.len())));
        };
        if body.is_empty() {
            return Ok(bytes.clone());
        }
        let told = get_frame_content_size(body).ok().flatten().and_then(|size| usize::try_from(size).ok());
        let Some(size) = told.filter(|&size| size <= most) else {
            return Err(ParquetError::General(format!("a page tells no size up to {most} bytes: {told:?}")));
        };
        let mut context = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let inflated = context.decompress(body, size)?;
        Ok(if head.is_empty() { inflated.into() } else { [head, &inflated].concat().into() })
    }
}

/// Row groups of a file.
pub(crate) struct ChosenGroups {
    pub(crate) file: Arc<StoredFile>,
    pub(crate) metadata: Arc<ParquetMetaData>,
    /// Their places in the file, in ascending order.
    pub(crate) indexes: Vec<usize>,
    pub(crate) inflater: Inflater,
}

impl RowGroups for ChosenGroups {
    fn num_rows(&self) -> usize {
        self.row_groups().map(row_count).sum()
    }

    fn column_chunks(&self, column: usize) -> Result<Box<dyn PageIterator>, ParquetError> {
        Ok(Box::new(Chunks {
            file: self.file.clone(),
            metadata: self.metadata.clone(),
            column,
            indexes: self.indexes.clone().into_iter(),
            inflater: self.inflater.clone(),
        }))
    }

    fn row_groups(&self) -> Box<dyn Iterator<Item = &RowGroupMetaData> + '_> {
        Box::new(self.indexes.iter().filter_map(|&index| self.metadata.row_groups().get(index)))
    }

    fn metadata(&self) -> &ParquetMetaData {
        &self.metadata
    }
}

/// The number of a group's rows.
pub(crate) fn row_count(group: &RowGroupMetaData) -> usize {
    usize::try_from(group.num_rows()).unwrap_or(0)
}

/// The earliest and the latest time in a group, where it tells them.
pub(crate) fn times_of(group: &RowGroupMetaData) -> Option<(i64, i64)> {
    let column = group.columns().iter().find(|column| column.column_descr().name() == "time_us")?;
    match column.statistics()? {
        Statistics::Int64(times) => Some((*times.min_opt()?, *times.max_opt()?)),
        _ => None,
    }
}

/// The groups, with their places, that may hold a time of a span of which both ends belong to it.
pub(crate) fn groups_within(
    metadata: &ParquetMetaData,
    first_us: i64,
    last_us: i64,
) -> impl Iterator<Item = (usize, &RowGroupMetaData)> {
    metadata.row_groups().iter().enumerate().filter(move |(_, group)| {
        times_of(group).is_none_or(|(first, last)| first <= last_us && last >= first_us)
    })
}

/// Has the system fetch columns of a group, which are read soon.
pub(crate) fn prefetch_group(file: &StoredFile, group: &RowGroupMetaData, columns: &ProjectionMask) {
    let chunks = group.columns().iter().enumerate().filter(|(leaf, _)| columns.leaf_included(*leaf));
    for (start, length) in chunks.map(|(_, chunk)| chunk.byte_range()) {
        file.prefetch(start, length);
    }
}

/// One column of row groups.
struct Chunks {
    file: Arc<StoredFile>,
    metadata: Arc<ParquetMetaData>,
    column: usize,
    indexes: vec::IntoIter<usize>,
    inflater: Inflater,
}

impl Chunks {
    fn open(&self, index: usize) -> Result<Box<dyn PageReader>, ParquetError> {
        let group = self.metadata.row_group(index);
        let chunk = group.column(self.column);
        let locations = self.metadata.page_index().and_then(|known| known.page_locations(index, self.column));
        let open = |chunk: &ColumnChunkMetaData| {
            SerializedPageReader::new(self.file.clone(), chunk, row_count(group), locations.cloned())
        };
        if !matches!(chunk.compression(), Compression::ZSTD(_)) {
            return Ok(Box::new(open(chunk)?));
        }
        // To the library the pages are as they are; so it needs no context.
        let stored = chunk.clone().into_builder().set_compression(Compression::UNCOMPRESSED).build()?;
        let most = usize::try_from(chunk.uncompressed_size()).unwrap_or(0);
        Ok(Box::new(InflatingReader { stored: open(&stored)?, inflater: self.inflater.clone(), most }))
    }
}

impl Iterator for Chunks {
    type Item = Result<Box<dyn PageReader>, ParquetError>;

    fn next(&mut self) -> Option<Self::Item> {
        let index = self.indexes.next()?;
        Some(self.open(index))
    }
}

impl PageIterator for Chunks {}

/// The pages of a column chunk.
struct InflatingReader {
    stored: SerializedPageReader<StoredFile>,
    inflater: Inflater,
    /// No page is longer than its chunk.
    most: usize,
}

impl InflatingReader {
    fn inflate(&self, mut page: Page) -> Result<Page, ParquetError> {
        match &mut page {
            Page::DataPage { buf, .. } | Page::DictionaryPage { buf, .. } => {
                *buf = self.inflater.inflate(buf, 0, self.most)?;
            }
            Page::DataPageV2 {
                buf, def_levels_byte_len, rep_levels_byte_len, is_compressed: true, ..
            } => {
                let levels = u64::from(*def_levels_byte_len) + u64::from(*rep_levels_byte_len);
                let levels = usize::try_from(levels).unwrap_or(usize::MAX);
                *buf = self.inflater.inflate(buf, levels, self.most)?;
            }
            Page::DataPageV2 { .. } => {}
        }
        Ok(page)
    }
}

impl Iterator for InflatingReader {
    type Item = Result<Page, ParquetError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for InflatingReader {
    fn get_next_page(&mut self) -> Result<Option<Page>, ParquetError> {
        let page = self.stored.get_next_page()?;
        page.map(|page| self.inflate(page)).transpose()
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>, ParquetError> {
        self.stored.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<(), ParquetError> {
        self.stored.skip_next_page()
    }

    fn supports_deferred_dictionary(&self) -> bool {
        self.stored.supports_deferred_dictionary()
    }

    fn take_deferred_dictionary(&mut self) -> Result<Option<Page>, ParquetError> {
        let page = self.stored.take_deferred_dictionary()?;
        page.map(|page| self.inflate(page)).transpose()
    }

    fn at_record_boundary(&mut self) -> Result<bool, ParquetError> {
        self.stored.at_record_boundary()
    }
}
