//! Rows that are in no registered file yet.

use std::collections::BTreeSet;

use crate::support::*;
use arrow_array::{Int64Array, RecordBatch};
use arrow_ipc::reader::StreamReader;
use arrow_select::concat::concat_batches;
use pointsman_journal::{JournalError, SegmentInfo, files::RealFiles};
use pointsman_lake::{LakeError, read_tail};
use pointsman_wire::generated::pointsman_v1 as proto;

const SECOND: i64 = 1_000_000;

/// Two segments of ten calls each, a second apart; every other one of router "s".
fn segments(lake: &Lake) -> Vec<SegmentInfo> {
    (0..2_u64)
        .map(|segment| {
            let mut frames = Frames::default();
            let mut other = route(proto::Signature::default());
            (other.route, other.router_id) = (7, "s".into());
            // Numbers of routes begin anew in each segment.
            let mut own = route(proto::Signature::default());
            own.route = segment as u32;
            frames.route(&own);
            frames.route(&other);
            for index in 0..10_u64 {
                let number_of = segment * 10 + index;
                let mut call = predict(&number_of.to_string(), &[("age", number(number_of as f64))]);
                call.time_us = NOON + number_of as i64 * SECOND;
                call.variant = (number_of % 4 / 2) as u32;
                call.route = if index % 2 == 0 { own.route } else { other.route };
                call.entity_id = format!("e{}", number_of % 3);
                frames.prediction(&call);
            }
            frames.write(lake.path(), segment * 100_000)
        })
        .collect()
}

fn query() -> proto::TailQuery {
    proto::TailQuery { router_id: "r".into(), with_bodies: true, ..proto::TailQuery::default() }
}

fn tail(lake: &Lake, query: &proto::TailQuery) -> Vec<RecordBatch> {
    let segments = segments(lake);
    let answer = read_tail(&RealFiles, &lake.registry, || segments.clone(), query).unwrap();
    let batches: Vec<RecordBatch> = answer
        .arrow_streams
        .iter()
        .map(|stream| {
            let reader = StreamReader::try_new(&stream[..], None).unwrap();
            let schema = reader.schema();
            concat_batches(&schema, &reader.map(Result::unwrap).collect::<Vec<_>>()).unwrap()
        })
        .collect();
    assert_eq!(answer.row_count as usize, batches.iter().map(RecordBatch::num_rows).sum::<usize>());
    batches
}

fn ids(lake: &Lake, query: &proto::TailQuery) -> Vec<String> {
    tail(lake, query).iter().flat_map(|rows| strings(rows, "prediction_id")).flatten().collect()
}

#[test]
fn the_rows_are_those_that_files_would_have() {
    let lake = Lake::new();
    let rows = tail(&lake, &query());
    let rows = &rows[0];
    assert_eq!(rows.num_rows(), 10);
    let file = lake.try_ship(&segments(&lake)[0]).unwrap();
    let of_file = lake.read(&file.files.iter().find(|file| file.router_id == "r").unwrap().path);
    assert_eq!(of_file.schema().fields(), rows.schema().fields());
    assert_eq!(rows.slice(0, 5).columns(), of_file.columns());
}

#[test]
fn each_filter_leaves_what_it_asks_for() {
    let lake = Lake::new();
    let asked = |change: &dyn Fn(&mut proto::TailQuery)| {
        let mut query = query();
        change(&mut query);
        ids(&lake, &query)
    };
    assert_eq!(asked(&|query| query.prediction_id = "12".into()), ["12"]);
    assert_eq!(asked(&|query| query.entity_ids = vec!["e0".into(), "none".into()]), ["0", "6", "12", "18"]);
    assert_eq!(asked(&|query| query.variant = "b".into()), ["2", "6", "10", "14", "18"]);
    assert_eq!(asked(&|query| query.start_time_us = NOON + 14 * SECOND), ["14", "16", "18"]);
    assert_eq!(asked(&|query| query.end_time_us = NOON + 4 * SECOND), ["0", "2"]);
    assert_eq!(asked(&|query| query.from_position = 100_000), ["10", "12", "14", "16", "18"]);
    assert_eq!(asked(&|query| query.from_position = 99_999_999), [""; 0]);
    assert_eq!(asked(&|query| query.router_id = "unknown".into()), [""; 0]);
}

/// A segment in which a router of the same id came twice: calls without incarnation, then of 5 and of 6, whose times
/// say nothing of the order.
fn of_incarnations(lake: &Lake) -> Vec<SegmentInfo> {
    let mut frames = Frames::default();
    for (number, incarnation) in [0, 5, 6].into_iter().enumerate() {
        let route = proto::RouteEntry {
            route: number as u32,
            router_incarnation: incarnation,
            ..route(proto::Signature::default())
        };
        frames.route(&route);
        for second in 0..2 {
            let call = proto::PredictionEntry {
                route: route.route,
                time_us: NOON + second * SECOND - number as i64,
                ..entry(&format!("{incarnation}-{second}"))
            };
            frames.prediction(&call);
        }
    }
    vec![frames.write(lake.path(), 0)]
}

#[test]
fn a_router_has_the_calls_of_its_incarnation_whatever_the_clocks_say() {
    let lake = Lake::new();
    let segments = of_incarnations(&lake);
    let asked = |router_incarnation, nameless_from_us, max_decisions| {
        let query = proto::TailQuery { router_incarnation, nameless_from_us, max_decisions, ..query() };
        let answer = read_tail(&RealFiles, &lake.registry, || segments.clone(), &query).unwrap();
        let mut found: Vec<String> = answer
            .arrow_streams
            .iter()
            .flat_map(|stream| StreamReader::try_new(&stream[..], None).unwrap())
            .flat_map(|rows| strings(&rows.unwrap(), "prediction_id"))
            .flatten()
            .collect();
        found.sort();
        found
    };
    for most in [0, 100] {
        assert_eq!(asked(6, NOON + 1, most), ["0-1", "6-0", "6-1"]);
        assert_eq!(asked(5, NOON + 9 * SECOND, most), ["5-0", "5-1"]);
        assert_eq!(asked(0, NOON + SECOND, most), ["0-1"], "where nothing is known, the time tells");
        assert_eq!(asked(0, 0, most).len(), 6);
    }
}

#[test]
fn calls_by_a_route_that_says_its_difference_are_its_bases_routers() {
    let lake = Lake::new();
    let mut frames = Frames::default();
    frames.route(&route(proto::Signature::default()));
    let other = proto::RouteEntry { route: 1, router_id: "s".into(), ..route(proto::Signature::default()) };
    frames.route(&other);
    for (number, base) in [(2, 0), (3, 1), (4, 9)] {
        let shares = vec![0.125, 0.875];
        let route = proto::RouteEntry {
            route: number,
            base_route: Some(base),
            request_propensities: shares,
            ..Default::default()
        };
        frames.route(&route);
        let id = format!("of-{base}");
        frames.prediction(&proto::PredictionEntry { route: number, variant: 1, ..entry(&id) });
    }
    let segments = vec![frames.write(lake.path(), 0)];
    for max_decisions in [0, 100] {
        let query = proto::TailQuery { variant: "b".into(), max_decisions, ..query() };
        let answer = read_tail(&RealFiles, &lake.registry, || segments.clone(), &query).unwrap();
        assert_eq!(answer.row_count, 1);
        let mut stream = StreamReader::try_new(&answer.arrow_streams[0][..], None).unwrap();
        let rows = stream.next().unwrap().unwrap();
        assert_eq!(strings(&rows, "prediction_id"), [Some("of-0".to_owned())]);
    }
}

#[test]
fn each_incarnation_has_a_file_of_its_own_that_says_so() {
    let lake = Lake::new();
    let shipped = lake.try_ship(&of_incarnations(&lake)[0]).unwrap();
    let said: Vec<_> = shipped.files.iter().map(|file| (file.router_incarnation, file.row_count)).collect();
    assert_eq!(BTreeSet::from_iter(said), BTreeSet::from([(0, 2), (5, 2), (6, 2)]));
    for file in &shipped.files {
        let expected = (file.router_incarnation != 0).then_some(file.router_incarnation as i64);
        let rows = lake.read(&file.path);
        let column = rows.column_by_name("router_incarnation").unwrap();
        let column = column.as_any().downcast_ref::<Int64Array>().unwrap();
        assert!(column.iter().all(|value| value == expected), "{}", file.path);
    }
}

#[test]
fn the_newest_decisions_are_found_across_segments() {
    let lake = Lake::new();
    let newest = |most| ids(&lake, &proto::TailQuery { max_decisions: most, ..query() });
    assert_eq!(newest(1), ["18"]);
    assert_eq!(newest(3), ["14", "16", "18"]);
    let mut seven = newest(7);
    seven.sort_by_key(|id| id.parse::<u32>().unwrap());
    assert_eq!(seven, ["6", "8", "10", "12", "14", "16", "18"]);
    assert_eq!(newest(100).len(), 10);
}

#[test]
fn a_long_call_of_an_older_segment_is_among_the_newest() {
    let lake = Lake::new();
    let mut segments = Vec::new();
    for (segment, calls) in [(0, vec![("old", 0), ("long", 50)]), (1, vec![("a", 10), ("b", 60)])] {
        let mut frames = Frames::default();
        frames.route(&route(proto::Signature::default()));
        for (id, seconds) in calls {
            let time_us = NOON + seconds * SECOND;
            // All of the second segment ended behind those of the first.
            let backend_ns = if id == "a" { Some(60_000_000_000) } else { None };
            frames.prediction(&proto::PredictionEntry { time_us, backend_ns, ..entry(id) });
        }
        segments.push(frames.write(lake.path(), segment * 100_000));
    }
    let query = proto::TailQuery { max_decisions: 2, ..query() };
    let answer = read_tail(&RealFiles, &lake.registry, || segments.clone(), &query).unwrap();
    let reader = StreamReader::try_new(&answer.arrow_streams[0][..], None).unwrap();
    let ids = reader.flat_map(|rows| strings(&rows.unwrap(), "prediction_id")).flatten();
    assert_eq!(ids.collect::<BTreeSet<_>>(), ["b", "long"].map(str::to_owned).into());
}

#[test]
fn without_bodies_there_are_the_decisions_columns_alone() {
    let lake = Lake::new();
    let rows = tail(&lake, &proto::TailQuery { with_bodies: false, ..query() });
    let names: Vec<String> = rows[0].schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names.last().unwrap(), "rule_inputs");
    assert_eq!(feature_names(&rows[0]), [""; 0]);
    assert_eq!(rows[0].num_rows(), 10);
}

#[test]
fn of_the_columns_that_are_wanted_those_that_rows_have_come_as_without_a_choice() {
    let lake = Lake::new();
    let columns = ["status_code", "f_none", "time_us"].map(str::to_owned).to_vec();
    for with_bodies in [true, false] {
        let all = tail(&lake, &proto::TailQuery { with_bodies, ..query() });
        let some = tail(&lake, &proto::TailQuery { with_bodies, columns: columns.clone(), ..query() });
        assert_eq!(some.len(), all.len());
        for (some, all) in some.iter().zip(&all) {
            let names: Vec<_> = some.schema().fields().iter().map(|field| field.name().clone()).collect();
            assert_eq!(names, ["time_us", "status_code"]);
            assert!(names.iter().all(|name| some.column_by_name(name) == all.column_by_name(name)));
        }
    }
}

#[test]
fn reading_fixes_no_types() {
    let lake = Lake::new();
    tail(&lake, &query());
    assert!(!lake.path().join("predictions").exists());
}

#[test]
fn a_position_whose_segment_was_released_is_gone() {
    let lake = Lake::new();
    let segments = segments(&lake);
    let later = || segments[1..].to_vec();
    let gone = read_tail(&RealFiles, &lake.registry, later, &query()).unwrap_err();
    assert!(matches!(gone, LakeError::Journal(JournalError::Gone { position: 0 })));

    // It goes between the list and the reading.
    std::fs::remove_file(&segments[0].path).unwrap();
    let asked = std::cell::Cell::new(0);
    let changing = || {
        asked.set(asked.get() + 1);
        if asked.get() == 1 { segments.clone() } else { later() }
    };
    let gone = read_tail(&RealFiles, &lake.registry, changing, &query()).unwrap_err();
    assert!(matches!(gone, LakeError::Journal(JournalError::Gone { .. })));

    // A file that is missing though it should be there is an error of its own.
    let missing = read_tail(&RealFiles, &lake.registry, || segments.clone(), &query()).unwrap_err();
    assert!(matches!(missing, LakeError::Journal(JournalError::Io { .. })));
}

#[test]
fn a_model_has_its_calls_of_all_routers() {
    let lake = Lake::new();
    let mut frames = Frames::default();
    for (number, router_id, model_id) in [(0, "r", "wanted"), (1, "s", "wanted"), (2, "s", "other")] {
        let mut route = route(proto::Signature::default());
        (route.route, route.router_id) = (number, router_id.into());
        route.variants.iter_mut().for_each(|variant| variant.model_id = model_id.into());
        frames.route(&route);
        frames.prediction(&proto::PredictionEntry {
            route: number,
            ..entry(&format!("{router_id}-{model_id}"))
        });
    }
    let segments = [frames.write(lake.path(), 0)];
    for max_decisions in [0, 100] {
        let query =
            proto::TailQuery { model_id: "wanted".into(), max_decisions, ..proto::TailQuery::default() };
        let answer = read_tail(&RealFiles, &lake.registry, || segments.to_vec(), &query).unwrap();
        let mut found: Vec<String> = answer
            .arrow_streams
            .iter()
            .flat_map(|stream| StreamReader::try_new(&stream[..], None).unwrap())
            .flat_map(|rows| strings(&rows.unwrap(), "prediction_id"))
            .flatten()
            .collect();
        found.sort();
        assert_eq!(found, ["r-wanted", "s-wanted"], "at most {max_decisions} decisions");
    }
}
