//! Rows by their numbers: the same as a whole file has there, whatever its row groups and whether it has an index.

use std::{fs, io::Cursor, sync::Arc};

use crate::support::*;
use arrow_array::{
    Int64Array, RecordBatch, StringArray,
    cast::AsArray as _,
    types::{Int64Type, UInt32Type},
};
use arrow_ipc::reader::StreamReader;
use arrow_schema::{DataType, Field, Schema};
use parquet::{
    arrow::ArrowWriter,
    basic::{Compression, ZstdLevel},
    file::properties::{EnabledStatistics, WriterProperties, WriterVersion},
};
use pointsman_journal::files::RealFiles;
use pointsman_lake::{LakeError, read_rows};
use pointsman_wire::generated::pointsman_v1 as proto;
use proptest::prelude::*;

const FOLDER: &str = "predictions/router=r/model=m/date=2026-01-31";

fn read(lake: &Lake, asked: &[(&str, &[u64])]) -> Result<Vec<RecordBatch>, LakeError> {
    read_columns(lake, asked, &[])
}

fn read_columns(
    lake: &Lake,
    asked: &[(&str, &[u64])],
    columns: &[&str],
) -> Result<Vec<RecordBatch>, LakeError> {
    let files =
        asked.iter().map(|(path, rows)| proto::FileRows { path: (*path).to_owned(), rows: rows.to_vec() });
    let columns = columns.iter().map(|name| (*name).to_owned()).collect();
    let answer = read_rows(&RealFiles, lake.path(), &proto::RowsQuery { files: files.collect(), columns })?;
    let streams = answer.arrow_streams.into_iter().map(|stream| {
        let mut reader = StreamReader::try_new(Cursor::new(stream), None).unwrap();
        let batch = reader.next().unwrap().unwrap();
        assert!(reader.next().is_none(), "one batch a stream");
        batch
    });
    let batches: Vec<RecordBatch> = streams.collect();
    assert_eq!(answer.row_count, batches.iter().map(|batch| batch.num_rows() as u64).sum::<u64>());
    Ok(batches)
}

/// Where the rows of a batch are: the file's place in the query, and the number.
fn places(batch: &RecordBatch) -> Vec<(u32, i64)> {
    let files = batch.column_by_name("file_index").unwrap().as_primitive::<UInt32Type>();
    let numbers = batch.column_by_name("file_row_number").unwrap().as_primitive::<Int64Type>();
    files.values().iter().copied().zip(numbers.values().iter().copied()).collect()
}

fn entity_of(number: i64) -> Option<String> {
    (number % 7 > 0).then(|| format!("entity {}", number % 5))
}

/// How a file is written.
#[derive(Debug, Clone, Copy)]
struct Form {
    group_rows: usize,
    has_index: bool,
    is_deflated: bool,
    version: WriterVersion,
}

const PLAIN: Form =
    Form { group_rows: 2, has_index: true, is_deflated: true, version: WriterVersion::PARQUET_1_0 };

fn any_form() -> impl Strategy<Value = Form> {
    let version = prop_oneof![Just(WriterVersion::PARQUET_1_0), Just(WriterVersion::PARQUET_2_0)];
    (1_usize..20, any::<bool>(), any::<bool>(), version).prop_map(
        |(group_rows, has_index, is_deflated, version)| Form { group_rows, has_index, is_deflated, version },
    )
}

/// Writes a file of `row_count` rows whose number is in the column `n`.
fn write_file(lake: &Lake, name: &str, row_count: usize, form: Form) -> String {
    let path = format!("{FOLDER}/{name}.parquet");
    fs::create_dir_all(lake.path().join(FOLDER)).unwrap();
    let fields = vec![Field::new("n", DataType::Int64, false), Field::new("entity_id", DataType::Utf8, true)];
    let numbers: Vec<i64> = (0..row_count as i64).collect();
    let names: Vec<Option<String>> = numbers.iter().copied().map(entity_of).collect();
    let batch = RecordBatch::try_new(
        Arc::new(Schema::new(fields)),
        vec![Arc::new(Int64Array::from(numbers)), Arc::new(StringArray::from(names))],
    );
    let properties = WriterProperties::builder()
        .set_writer_version(form.version)
        .set_compression(if form.is_deflated {
            Compression::ZSTD(ZstdLevel::default())
        } else {
            Compression::UNCOMPRESSED
        })
        .set_max_row_group_row_count(Some(form.group_rows))
        .set_data_page_row_count_limit(3)
        .set_write_batch_size(1)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(!form.has_index)
        .build();
    let batch = batch.unwrap();
    let file = fs::File::create(lake.path().join(&path)).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    path
}

/// Ships calls as one segment and answers its file.
fn ship(lake: &Lake, start: u64, calls: &[proto::PredictionEntry]) -> String {
    let mut frames = Frames::default();
    frames.route(&route(proto::Signature::default()));
    calls.iter().for_each(|call| frames.prediction(call));
    lake.ship(start, &frames).files[0].path.clone()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn rows_are_those_of_their_numbers(
        row_count in 1_usize..60,
        form in any_form(),
        asked in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let lake = Lake::new();
        let path = write_file(&lake, "x", row_count, form);
        let mut wanted: Vec<u64> = asked.iter().map(|index| index.index(row_count) as u64).collect();
        let batch = read(&lake, &[(&path, &wanted)]).unwrap().remove(0);
        wanted.sort_unstable();
        wanted.dedup();
        let numbers = batch.column_by_name("n").unwrap().as_primitive::<Int64Type>().values().to_vec();
        prop_assert_eq!(&numbers, &wanted.iter().map(|&row| row as i64).collect::<Vec<_>>());
        prop_assert_eq!(places(&batch), numbers.iter().map(|&row| (0, row)).collect::<Vec<_>>());
        let names: Vec<Option<String>> = numbers.iter().copied().map(entity_of).collect();
        prop_assert_eq!(strings(&batch, "entity_id"), names);

        let some = read_columns(&lake, &[(&path, &wanted)], &["entity_id", "not there"]).unwrap().remove(0);
        prop_assert_eq!(some.num_columns(), 3);
        prop_assert_eq!(places(&some), places(&batch));
        prop_assert_eq!(some.column_by_name("entity_id"), batch.column_by_name("entity_id"));
    }
}

#[test]
fn rows_of_shipped_files_have_all_their_columns() {
    let lake = Lake::new();
    let calls = |from: i64| -> Vec<proto::PredictionEntry> {
        (from..from + 5_000)
            .map(|n| proto::PredictionEntry {
                time_us: NOON + n,
                ..predict(&format!("p{n}"), &[("age", number(n as f64))])
            })
            .collect()
    };
    let path = ship(&lake, 1, &calls(0));
    let batch = read(&lake, &[(&path, &[4_999, 0, 2_048, 2_047])]).unwrap().remove(0);
    let whole = lake.read(&path);
    assert_eq!(places(&batch), [(0, 0), (0, 2_047), (0, 2_048), (0, 4_999)]);
    for (at, row) in [0, 2_047, 2_048, 4_999].into_iter().enumerate() {
        for field in whole.schema().fields() {
            assert_eq!(shown(&batch, field.name(), at), shown(&whole, field.name(), row), "{}", field.name());
        }
    }
    assert_eq!(batch.num_columns(), whole.num_columns() + 2);
}

#[test]
fn files_of_the_same_columns_share_a_stream() {
    let lake = Lake::new();
    let paths: Vec<String> = (0..20)
        .map(|start| {
            let feature = if start % 2 == 0 { "even" } else { "odd" };
            ship(&lake, start, &[predict("1", &[(feature, number(start as f64))])])
        })
        .collect();
    let asked: Vec<(&str, &[u64])> = paths.iter().map(|path| (path.as_str(), &[0_u64][..])).collect();
    let batches = read(&lake, &asked).unwrap();
    assert_eq!(batches.len(), 2);
    for (batch, first) in batches.iter().zip([0, 1]) {
        let files: Vec<u32> = places(batch).into_iter().map(|(file, _)| file).collect();
        assert_eq!(files, (first..20).step_by(2).collect::<Vec<u32>>());
    }
}

#[test]
fn what_is_not_there_is_told() {
    let lake = Lake::new();
    let path = write_file(&lake, "x", 3, PLAIN);
    let told = |asked: &[(&str, &[u64])]| read(&lake, asked).unwrap_err().to_string();
    assert_eq!(told(&[(&path, &[0, 3])]), "rows: \"3\" is not one of the file's 3 rows; they count from 0");
    let gone = format!("{FOLDER}/y.parquet");
    assert!(matches!(read(&lake, &[(&gone, &[0])]), Err(LakeError::FileGone { path }) if path == gone));
    assert!(told(&[("predictions/../x.parquet", &[0])]).contains("is no file of the lake"));
    let many = vec![0; 100_001];
    assert!(told(&[(&path, &many)]).contains("100001"), "bounded");
    fs::write(lake.path().join(FOLDER).join("bad.parquet"), b"PAR1 no").unwrap();
    assert!(told(&[(&format!("{FOLDER}/bad.parquet"), &[0])]).contains("bad.parquet"));
}

#[test]
fn nothing_asked_is_nothing_answered() {
    let lake = Lake::new();
    assert!(read(&lake, &[]).unwrap().is_empty());
}
