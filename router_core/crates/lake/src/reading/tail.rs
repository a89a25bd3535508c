//! The rows of predictions that are in no registered file yet.

use std::collections::HashMap;

use ahash::AHashSet;
use pointsman_journal::{
    JournalError, PREDICTION, ROUTE, SegmentInfo, SegmentReader, SegmentRoutes, files::Files,
};
use pointsman_wire::generated::pointsman_v1 as proto;

use crate::{
    calls::entry::EntryView,
    columns::registry::ColumnRegistry,
    error::LakeError,
    reading::{newest::Newest, stream::write_stream},
    tables::rows::{Mode, Rows},
};

/// Entries are put down when their calls end, but for the time they wait in the queue.
const QUEUE_PATIENCE_US: i64 = 1_000_000;

/// Reads what segments hold behind a position. `segments` answers those that are there, oldest first.
///
/// # Errors
/// [`JournalError::Gone`]: the segment of the position was released; what is registered must be read again. Else a
/// segment cannot be read.
pub fn read_tail(
    files: &dyn Files,
    registry: &ColumnRegistry,
    segments: impl Fn() -> Vec<SegmentInfo>,
    query: &proto::TailQuery,
) -> Result<proto::TailAnswer, LakeError> {
    let found = segments();
    refuse_gone(&found, query.from_position)?;
    let read = read_segments(files, registry, &found, query);
    if read.is_err() {
        // A segment that went while it was read is no failure of the disk.
        refuse_gone(&segments(), query.from_position)?;
    }
    read
}

fn refuse_gone(segments: &[SegmentInfo], position: u64) -> Result<(), LakeError> {
    match segments.first() {
        Some(first) if first.start > position => Err(JournalError::Gone { position }.into()),
        _ => Ok(()),
    }
}

fn read_segments(
    files: &dyn Files,
    registry: &ColumnRegistry,
    segments: &[SegmentInfo],
    query: &proto::TailQuery,
) -> Result<proto::TailAnswer, LakeError> {
    let mut rows = Rows::new(registry, Mode { by_day: false, keeps_bodies: query.with_bodies });
    let unregistered = segments.iter().filter(|segment| segment.end > query.from_position);
    let wanted = Wanted { query, entity_ids: query.entity_ids.iter().map(String::as_str).collect() };
    if query.max_decisions == 0 {
        for segment in unregistered {
            rows.clear_routes();
            scan(files, segment, &wanted, |found| match found {
                Found::Route(payload) => {
                    rows.add_route(payload);
                    Ok(())
                }
                Found::Prediction(_, payload) => rows.add_prediction(payload, |_, _| Ok(())),
            })?;
        }
    } else {
        let most = usize::try_from(query.max_decisions).unwrap_or(usize::MAX);
        for segment in newest_of(files, unregistered.rev(), &wanted, most)? {
            rows.clear_routes();
            segment.routes.iter().for_each(|route| rows.add_route(route));
            for payload in &segment.predictions {
                rows.add_prediction(payload, |_, _| Ok(()))?;
            }
        }
    }
    answer_of(rows, &query.columns)
}

/// What is taken of one segment.
struct Taken {
    routes: Vec<Vec<u8>>,
    predictions: Vec<Vec<u8>>,
}

/// The newest decisions of segments that come newest first; all of those that share the last one's time.
fn newest_of<'s>(
    files: &dyn Files,
    segments: impl Iterator<Item = &'s SegmentInfo>,
    wanted: &Wanted<'_>,
    most: usize,
) -> Result<Vec<Taken>, LakeError> {
    let mut newest = Newest::new(most);
    let mut routes = Vec::new();
    for segment in segments {
        let mut own_routes = Vec::new();
        let first_end_us = scan(files, segment, wanted, |found| {
            match found {
                Found::Route(payload) => own_routes.push(payload.to_vec()),
                Found::Prediction(time_us, payload) => newest.push(time_us, routes.len(), payload),
            }
            Ok(())
        })?;
        routes.push(own_routes);
        // Calls of older segments ended before these did, so they began before them, too.
        let former_end = first_end_us.saturating_add(QUEUE_PATIENCE_US);
        if newest.oldest_kept().is_some_and(|oldest| former_end < oldest) {
            break;
        }
    }
    let mut taken: Vec<Taken> =
        routes.into_iter().map(|routes| Taken { routes, predictions: Vec::new() }).collect();
    for (segment, payload) in newest.into_payloads() {
        if let Some(taken) = taken.get_mut(segment) {
            taken.predictions.push(payload);
        }
    }
    Ok(taken)
}

enum Found<'a> {
    Route(&'a [u8]),
    /// The time and the entry.
    Prediction(i64, &'a [u8]),
}

/// Finds in a segment what a query asks for, by the heads of entries; answers when the first call of it ended.
fn scan(
    files: &dyn Files,
    segment: &SegmentInfo,
    wanted: &Wanted<'_>,
    mut on_found: impl FnMut(Found<'_>) -> Result<(), LakeError>,
) -> Result<i64, LakeError> {
    let mut reader = SegmentReader::open(files, segment)?;
    let mut entries = SegmentRoutes::default();
    // By number; routes of other routers are not here.
    let mut routes: HashMap<u32, KnownRoute> = HashMap::new();
    let mut first_end_us = i64::MAX;
    while let Some(frame) = reader.next()? {
        match frame.kind {
            ROUTE => {
                let Some(route) = entries.read(frame.payload) else { continue };
                if wanted.is_of_router(&route) {
                    let is_nameless = wanted.is_nameless(&route);
                    routes.insert(route.route, KnownRoute { variants: route.variants, is_nameless });
                    on_found(Found::Route(frame.payload))?;
                }
            }
            PREDICTION => {
                let Ok(entry) = EntryView::parse(frame.payload) else { continue };
                first_end_us = first_end_us.min(entry.end_us());
                if frame.end_position > wanted.query.from_position && wanted.contains(&entry, &routes) {
                    on_found(Found::Prediction(entry.time_us, frame.payload))?;
                }
            }
            _ => {}
        }
    }
    Ok(first_end_us)
}

/// What of a route a query asks for.
struct KnownRoute {
    variants: Vec<proto::VariantEntry>,
    /// Whether only the time tells whose its predictions are.
    is_nameless: bool,
}

/// What a query asks for.
struct Wanted<'q> {
    query: &'q proto::TailQuery,
    /// None for any entity.
    entity_ids: AHashSet<&'q str>,
}

impl Wanted<'_> {
    fn is_of_router(&self, route: &proto::RouteEntry) -> bool {
        (self.query.router_id.is_empty() || route.router_id == self.query.router_id)
            && (self.is_nameless(route) || route.router_incarnation == self.query.router_incarnation)
    }

    /// Whether one of the two does not say which router of the id it is.
    const fn is_nameless(&self, route: &proto::RouteEntry) -> bool {
        route.router_incarnation == 0 || self.query.router_incarnation == 0
    }

    fn contains(&self, entry: &EntryView<'_>, routes: &HashMap<u32, KnownRoute>) -> bool {
        let query = self.query;
        let is_or_any = |wanted: &str, text: &str| wanted.is_empty() || wanted == text;
        let Some(route) = routes.get(&entry.route) else { return false };
        let variant = route.variants.get(entry.variant as usize);
        let (name, model_id) =
            variant.map_or(("", ""), |variant| (variant.name.as_str(), variant.model_id.as_str()));
        entry.shadow == query.shadows
            && (!route.is_nameless || entry.time_us >= query.nameless_from_us)
            && (query.start_time_us == 0 || entry.time_us >= query.start_time_us)
            && (query.end_time_us == 0 || entry.time_us < query.end_time_us)
            && is_or_any(&query.prediction_id, entry.prediction_id)
            && (self.entity_ids.is_empty() || self.entity_ids.contains(entry.entity_id))
            && is_or_any(&query.variant, name)
            && is_or_any(&query.model_id, model_id)
    }
}

/// Writes tables, or some of their columns, as Arrow streams.
fn answer_of(mut rows: Rows<'_>, names: &[String]) -> Result<proto::TailAnswer, LakeError> {
    let mut answer = proto::TailAnswer::default();
    for index in 0..rows.tables.len() {
        let Some((table, columns)) = rows.table_and_columns(index) else { continue };
        table.close_chunk()?;
        answer.row_count += table.ready_rows as u64;
        let schema = table.schema(columns);
        let batches = table.take_ready(columns)?;
        answer.arrow_streams.push(if names.is_empty() {
            write_stream(&schema, &batches)?
        } else {
            let is_wanted = |place: &usize| names.contains(schema.field(*place).name());
            let wanted: Vec<usize> = (0..schema.fields().len()).filter(is_wanted).collect();
            let batches = batches.iter().map(|batch| batch.project(&wanted));
            write_stream(&schema.project(&wanted)?, &batches.collect::<Result<Vec<_>, _>>()?)?
        });
    }
    Ok(answer)
}
