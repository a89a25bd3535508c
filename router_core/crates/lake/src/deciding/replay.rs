//! The recorded calls of a window, decided again in one pass over files and rows that are in none.

use std::{io::Cursor, path::Path};

use arrow_ipc::reader::StreamReader;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use pointsman_journal::files::Files;
use pointsman_wire::generated::pointsman_v1 as proto;

use super::{
    columns::{COLUMNS, RULE_COLUMNS, TABLE_COLUMNS},
    judge::{Recorded, judge, redecision_of},
    known::{Known, KnownRouters},
    tally::{Tally, Window},
};
use crate::{
    error::LakeError,
    reading::{
        projection::columns_named, row_groups::groups_within, stored_file::StoredFile, threads::sum_files,
    },
    schema::{FEATURE_PREFIX, FEATURES_OTHER},
};

/// Rows that are read at a time.
const BATCH_ROWS: usize = 8_192;
const MAX_EXAMPLES: usize = 100;

/// Decides the calls of a window again and counts where another decision comes out.
///
/// What it holds in memory does not grow with the rows: one batch for each thread, counts and a few examples.
///
/// # Errors
/// [`LakeError::FileGone`]: a file was replaced; what is registered must be read again. Else a path is none of the
/// lake's, or a file or stream cannot be read.
pub fn replay_decisions(
    files: &dyn Files,
    lake_folder: &Path,
    query: &proto::ReplayQuery,
) -> Result<proto::ReplayAnswer, LakeError> {
    let window = Window { start_us: query.start_time_us, end_us: query.end_time_us };
    let routers = KnownRouters::of(&query.routers);
    let most_examples = (query.max_examples as usize).min(MAX_EXAMPLES);
    let empty = || Tally::new(window, &routers, most_examples);
    let mut columns: Vec<String> = COLUMNS.map(str::to_owned).into();
    if routers.have_bandits() {
        columns.extend(TABLE_COLUMNS.map(str::to_owned));
    }
    if routers.have_rules() {
        columns.extend(RULE_COLUMNS.map(str::to_owned));
        columns.extend(routers.features().map(|name| format!("{FEATURE_PREFIX}{name}")));
        columns.push(FEATURES_OTHER.to_owned());
    }
    let replayed = sum_files(&query.files, query.thread_count, empty, |tally, path| {
        replay_file(files, lake_folder, path, &columns, window, tally)
    });
    let mut total = empty();
    for stream in &query.arrow_streams {
        for batch in StreamReader::try_new(Cursor::new(stream), None)? {
            total.add(&batch?)?;
        }
    }
    for tally in replayed {
        total.merge(tally?);
    }
    Ok(total.answer())
}

/// Makes one recorded decision again, and says what else could have been picked.
#[must_use]
pub fn redecide(query: &proto::RedecisionQuery) -> proto::Redecision {
    let decision = query.decision.clone().unwrap_or_default();
    let known = query.router.as_ref().map(Known::of);
    let recorded = Recorded::of(&decision);
    let judgement = judge(known.as_ref(), &recorded);
    redecision_of(known.as_ref(), &recorded, &judgement, Some(&decision.eligible_variants))
}

fn replay_file(
    files: &dyn Files,
    lake_folder: &Path,
    path: &str,
    columns: &[String],
    window: Window,
    tally: &mut Tally<'_>,
) -> Result<(), LakeError> {
    let (file, metadata) = StoredFile::open_registered(files, lake_folder, path)?;
    let of_parquet = |error| LakeError::parquet(Path::new(path), error);
    let groups = groups_within(metadata.metadata(), window.start_us, window.end_us);
    let groups: Vec<usize> = groups.map(|(index, _)| index).collect();
    let columns = columns_named(metadata.parquet_schema(), columns.iter().map(String::as_str));
    let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata)
        .with_row_groups(groups)
        .with_projection(columns)
        .with_batch_size(BATCH_ROWS)
        .build()
        .map_err(of_parquet)?;
    for batch in reader {
        tally.add(&batch?)?;
    }
    Ok(())
}
