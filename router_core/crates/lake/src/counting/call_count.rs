//! The calls of a window, counted in one pass over files and rows that are in none.

use std::{io::Cursor, path::Path, sync::Arc};

use arrow_ipc::reader::StreamReader;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use pointsman_journal::files::Files;
use pointsman_wire::generated::pointsman_v1 as proto;

use crate::{
    counting::{
        call_batches::read_batches,
        call_columns::{COLUMNS, with_dictionaries},
        call_counter::{CallCounter, Window},
        histogram::{Buckets, Histogram},
    },
    error::LakeError,
    reading::{stored_file::StoredFile, threads::sum_files},
};

/// Counts the calls of a window.
///
/// # Errors
/// [`LakeError::FileGone`]: a file was replaced; what is registered must be read again. Else a path is none of the
/// lake's, or a file or stream cannot be read.
pub fn count_calls(
    files: &dyn Files,
    lake_folder: &Path,
    query: &proto::CountQuery,
) -> Result<proto::CallCounts, LakeError> {
    let window = Window {
        start_us: query.start_time_us,
        end_us: query.end_time_us,
        origin_us: query.origin_time_us,
        step_us: query.step_us,
    };
    let buckets = Buckets::new(f64::from(query.buckets_per_e));
    let empty = || CallCounter::new(window, &buckets, u64::from(query.one_entity_in));
    let counted = sum_files(&query.files, query.thread_count, empty, |counter, path| {
        count_file(files, lake_folder, path, window, counter)
    });
    let mut total = empty();
    for stream in &query.arrow_streams {
        for batch in StreamReader::try_new(Cursor::new(stream), None)? {
            total.add(&batch?)?;
        }
    }
    for counter in counted {
        total.merge(&counter?);
    }
    Ok(answer_of(&total))
}

fn count_file(
    files: &dyn Files,
    lake_folder: &Path,
    path: &str,
    window: Window,
    counter: &mut CallCounter<'_>,
) -> Result<(), LakeError> {
    let (file, metadata) = StoredFile::open_registered(files, lake_folder, path)?;
    let of_parquet = |error| LakeError::parquet(Path::new(path), error);
    let schema = Arc::new(with_dictionaries(metadata.schema()));
    let options = ArrowReaderOptions::new().with_schema(schema);
    let metadata = ArrowReaderMetadata::try_new(metadata.metadata().clone(), options).map_err(of_parquet)?;
    let span_us = (window.start_us, window.end_us);
    read_batches(&file, &metadata, path, span_us, &COLUMNS, |_, batch| counter.add(batch))
}

fn answer_of(counter: &CallCounter<'_>) -> proto::CallCounts {
    let word = |number: u32| counter.words.word(number).to_owned();
    let calls = counter.calls().map(|(key, counted)| proto::CallCount {
        step: key.step,
        variant: word(key.variant),
        pinned: key.pinned,
        status_code: key.status_code,
        router_generation: key.router_generation,
        allocation_version: key.allocation_version,
        randomised_by: word(key.randomised_by),
        call_count: counted.calls,
        further_row_count: counted.further_rows,
        fallback: key.fallback,
        overridden: key.overridden,
        decided_variant: word(key.decided),
    });
    let buckets = |histogram: &Histogram| {
        let number = |bucket| u32::try_from(bucket).unwrap_or(u32::MAX);
        let (buckets, counts) = histogram.iter().map(|(bucket, calls)| (number(bucket), calls)).unzip();
        proto::BucketCounts { buckets, counts }
    };
    let latencies = counter.latencies.iter().map(|(step, variant, latencies)| proto::LatencyCounts {
        step: *step,
        variant: word(*variant),
        overhead: Some(buckets(&latencies.overhead)),
        backend: Some(buckets(&latencies.backend)),
    });
    let entities = counter.entities.counts().into_iter().map(|(place, count)| proto::EntityCount {
        router_generation: place.router_generation,
        allocation_version: place.allocation_version,
        variant: word(place.variant),
        entity_count: count,
    });
    proto::CallCounts { calls: calls.collect(), latencies: latencies.collect(), entities: entities.collect() }
}
