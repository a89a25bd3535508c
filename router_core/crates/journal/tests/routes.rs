//! Routes by their difference to others: whoever reads a segment from its start knows each whole.

#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use std::{collections::HashMap, sync::Arc, time::Duration};

use pointsman_journal::{
    EncodedPrediction, Entry, JournalFolder, Log, LogSettings, PREDICTION, ROUTE, RouteFacts, SegmentReader,
    SegmentRoutes, files::RealFiles,
};
use pointsman_wire::generated::pointsman_v1 as proto;
use proptest::prelude::*;
use prost::Message as _;

const ID: &str = "0123456789abcdef0123456789abcdef";
const BASES: usize = 3;
const TABLES: usize = 4;

fn variant(name: &str, propensity: f64, slots: f64) -> proto::VariantEntry {
    proto::VariantEntry {
        name: name.to_owned(),
        eligible: true,
        request_propensity: propensity,
        slot_propensity: slots,
        signature: Some(proto::Signature::default()),
        ..Default::default()
    }
}

fn base(number: usize) -> proto::RouteEntry {
    proto::RouteEntry {
        router_id: format!("router-{number}"),
        router_generation: 7,
        variants: vec![variant("a", 0.25, number as f64 / 2.0), variant("b", 0.75, 0.5)],
        exclude_features: vec!["age".to_owned()],
        ..Default::default()
    }
}

/// The propensities of a table: one of them gives the first variant nothing.
fn propensities(table: usize) -> [f64; 2] {
    let first = table as f64 / 10.0;
    [first, 1.0 - first]
}

/// What a route with a table says when it says all.
fn whole(number: usize, table: usize) -> proto::RouteEntry {
    let mut entry = base(number);
    for (variant, propensity) in entry.variants.iter_mut().zip(propensities(table)) {
        // What slots give stays as it is, and makes a variant eligible that no draw gets.
        variant.eligible = propensity > 0.0 || variant.slot_propensity > 0.0;
        variant.request_propensity = propensity;
    }
    entry
}

fn by_difference(base: &Arc<RouteFacts>, table: usize) -> Arc<RouteFacts> {
    let request_propensities = propensities(table).to_vec();
    let entry = proto::RouteEntry { request_propensities, ..Default::default() };
    Arc::new(RouteFacts { entry: entry.into(), base: Some(base.clone()), ..RouteFacts::default() })
}

#[derive(Debug, Clone)]
enum Step {
    /// A prediction by a route's own entry.
    Plain(usize),
    /// One by a table.
    Table(usize, usize),
    Seal,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        2 => (0..BASES).prop_map(Step::Plain),
        6 => (0..BASES, 0..TABLES).prop_map(|(base, table)| Step::Table(base, table)),
        1 => Just(Step::Seal),
    ];
    prop::collection::vec(step, 1..60)
}

/// What the predictions of a log were drawn from, by their ids, each segment read for itself.
fn read(log: &Log) -> HashMap<String, proto::RouteEntry> {
    let mut found = HashMap::new();
    for segment in log.segments() {
        let mut reader = SegmentReader::open(&**log.files(), &segment).unwrap();
        let (mut entries, mut routes) = (SegmentRoutes::default(), HashMap::new());
        while let Some(frame) = reader.next().unwrap() {
            match frame.kind {
                ROUTE => {
                    let route = entries.read(frame.payload).unwrap();
                    routes.insert(route.route, route);
                }
                PREDICTION => {
                    let entry = proto::PredictionEntry::decode(frame.payload).unwrap();
                    let route = proto::RouteEntry { route: 0, ..routes[&entry.route].clone() };
                    found.insert(entry.prediction_id, route);
                }
                _ => {}
            }
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn each_prediction_finds_in_its_segment_what_it_was_drawn_from(steps in steps()) {
        let folder = tempfile::tempdir().unwrap();
        let settings = LogSettings {
            name: "test",
            segment_bytes: 512,
            seal_after: None,
            sync_ceiling: Duration::from_millis(10),
            queue_length: 1_024,
            max_bytes: 1 << 30,
        };
        let opened = JournalFolder::open(&RealFiles, folder.path(), ID).unwrap();
        let log = Log::open(Arc::new(RealFiles), opened, settings).unwrap();
        let plain: Vec<Arc<RouteFacts>> = (0..BASES)
            .map(|number| Arc::new(RouteFacts { entry: base(number).into(), ..RouteFacts::default() }))
            .collect();
        let tables: Vec<Vec<Arc<RouteFacts>>> = plain
            .iter()
            .map(|base| (0..TABLES).map(|table| by_difference(base, table)).collect())
            .collect();
        let mut expected = HashMap::new();
        for (number, step) in steps.iter().enumerate() {
            let (route, entry) = match *step {
                Step::Plain(of) => (&plain[of], base(of)),
                Step::Table(of, table) => (&tables[of][table], whole(of, table)),
                Step::Seal => {
                    let _ = log.seal();
                    continue;
                }
            };
            let prediction_id = format!("p{number}");
            let made = proto::PredictionEntry { prediction_id: prediction_id.clone(), ..Default::default() };
            let encoded = EncodedPrediction::new(made);
            let pushed = Entry::Prediction { entry: encoded, route: route.clone(), guard: None };
            let is_in = log.push(pushed);
            prop_assert!(is_in);
            expected.insert(prediction_id, entry);
        }
        log.close();
        prop_assert_eq!(read(&log), expected);
    }
}

#[test]
fn a_route_whose_base_is_not_there_or_does_not_fit_is_none() {
    let encoded = |number: u32, base_route: Option<u32>, shares: &[f64]| {
        let of_base = proto::RouteEntry { route: number, ..base(0) };
        let by_difference = proto::RouteEntry {
            route: number,
            base_route,
            request_propensities: shares.to_vec(),
            ..Default::default()
        };
        if base_route.is_none() { of_base.encode_to_vec() } else { by_difference.encode_to_vec() }
    };
    let mut routes = SegmentRoutes::default();
    assert_eq!(routes.read(&encoded(1, Some(0), &[0.5, 0.5])), None, "no base yet");
    assert_eq!(routes.read(&encoded(0, None, &[])).unwrap(), base(0));
    assert_eq!(routes.read(&encoded(1, Some(0), &[1.0])), None, "another number of variants");
    assert_eq!(routes.read(&encoded(1, Some(0), &[0.2, 0.8])).unwrap().variants[1].request_propensity, 0.8);
    assert_eq!(routes.read(&encoded(2, Some(1), &[0.2, 0.8])), None, "a base has none itself");
    assert_eq!(routes.read(&[0xff; 7]), None);
    routes.clear();
    assert_eq!(routes.read(&encoded(1, Some(0), &[0.2, 0.8])), None);
}
