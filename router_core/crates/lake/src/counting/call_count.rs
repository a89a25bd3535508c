//! The calls of a window, counted in one pass over files and rows that are in none.

use std::{io::Cursor, path::Path, sync::Arc};

use arrow_ipc::reader::StreamReader;
use parquet::arrow::{
    ProjectionMask,
    arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder},
};
use pointsman_journal::files::Files;
use pointsman_wire::generated::pointsman_v1 as proto;

use crate::{
    counting::{
        call_columns::{COLUMNS, with_dictionaries},
        call_constants::Constants,
        call_counter::{CallCounter, Window},
        histogram::{Buckets, Histogram},
    },
    error::LakeError,
    reading::{
        row_groups::{groups_within, prefetch_group},
        stored_file::StoredFile,
        threads::sum_files,
    },
};

/// Rows that are read at a time.
const BATCH_ROWS: usize = 8_192;

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
        one_entity_in: u64::from(query.one_entity_in.next_power_of_two()),
    };
    let buckets = Buckets::new(f64::from(query.buckets_per_e));
    let empty = || CallCounter::new(window, &buckets);
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
    let groups = groups_within(metadata.metadata(), window.start_us, window.end_us);
    let groups: Vec<_> =
        groups.map(|(index, group)| (index, group, Constants::of(group, &COLUMNS, BATCH_ROWS))).collect();
    let columns_of =
        |constants: &Constants| ProjectionMask::columns(metadata.parquet_schema(), constants.others());
    for (_, group, constants) in &groups {
        prefetch_group(&file, group, &columns_of(constants));
    }
    for (index, _, constants) in &groups {
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file.clone(), metadata.clone())
            .with_row_groups(vec![*index])
            .with_projection(columns_of(constants))
            .with_batch_size(BATCH_ROWS)
            .build()
            .map_err(of_parquet)?;
        for batch in reader {
            counter.add(&constants.complete(&batch?)?)?;
        }
    }
    Ok(())
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
