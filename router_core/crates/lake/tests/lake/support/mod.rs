//! Segments made by hand, and files of the lake read back.

#![allow(dead_code, clippy::allow_attributes, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "what cannot be set up fails the test")]

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use arrow_array::{
    Array as _, RecordBatch,
    cast::AsArray as _,
    types::{Float64Type, Int64Type},
};
use arrow_cast::display::array_value_to_string;
use arrow_select::concat::concat_batches;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use pointsman_inference::{
    Tensor,
    oip::{encode_request, encode_response},
};
use pointsman_journal::{PREDICTION, ROUTE, SegmentHeader, SegmentInfo, files::RealFiles, put_frame};
use pointsman_lake::{ColumnRegistry, Destination, ship_segment};
use pointsman_model::Datatype;
use pointsman_wire::generated::pointsman_v1::{self as proto, BodyKind};
use prost::Message;
use prost_types::{ListValue, Struct, Value, value::Kind};

pub(crate) const JOURNAL: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
pub(crate) const NOON: i64 = 1_769_860_800_000_000;

/// A lake in a folder that goes with it.
pub(crate) struct Lake {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) registry: Arc<ColumnRegistry>,
}

impl Lake {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let registry = Arc::new(ColumnRegistry::new(Arc::new(RealFiles), folder.path()));
        Self { folder, registry }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The same lake after a restart.
    pub(crate) fn reopened(self) -> Self {
        let registry = ColumnRegistry::new(Arc::new(RealFiles), self.folder.path());
        Self { registry: Arc::new(registry), ..self }
    }

    /// The columns of a file's schema that are features.
    pub(crate) fn feature_fields(&self, path: &str) -> Vec<String> {
        let fields = self.read(path).schema().fields().clone();
        let features = fields.iter().filter(|field| field.name().starts_with("f_"));
        features.map(|field| format!("{} {}", field.name(), field.data_type())).collect()
    }

    /// Writes a segment and ships it.
    pub(crate) fn ship(&self, start: u64, frames: &Frames) -> proto::ShippedSegment {
        self.try_ship(&frames.write(self.path(), start)).unwrap()
    }

    pub(crate) fn try_ship(
        &self,
        segment: &SegmentInfo,
    ) -> Result<proto::ShippedSegment, pointsman_lake::LakeError> {
        let destination = Destination {
            files: &RealFiles,
            registry: &self.registry,
            lake_folder: self.path(),
            journal_id: JOURNAL,
        };
        ship_segment(destination, segment)
    }

    /// Ships the entries of one route and reads the one file that they make.
    pub(crate) fn rows_of(
        &self,
        route: proto::RouteEntry,
        entries: &[proto::PredictionEntry],
    ) -> RecordBatch {
        let mut frames = Frames::default();
        frames.route(&route);
        entries.iter().for_each(|entry| frames.prediction(entry));
        let shipped = self.ship(0, &frames);
        assert_eq!(shipped.files.len(), 1);
        self.read(&shipped.files[0].path)
    }

    /// All rows of a file.
    pub(crate) fn read(&self, path: &str) -> RecordBatch {
        let file = fs::File::open(self.path().join(path)).unwrap();
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        let schema = builder.schema().clone();
        let batches: Vec<RecordBatch> = builder.build().unwrap().map(Result::unwrap).collect();
        concat_batches(&schema, &batches).unwrap()
    }
}

/// The frames of a segment.
#[derive(Default, Clone)]
pub(crate) struct Frames(pub(crate) Vec<u8>);

impl Frames {
    pub(crate) fn route(&mut self, route: &proto::RouteEntry) {
        put_frame(ROUTE, &mut self.0, |out| route.encode_raw(out));
    }

    pub(crate) fn prediction(&mut self, entry: &proto::PredictionEntry) {
        put_frame(PREDICTION, &mut self.0, |out| entry.encode_raw(out));
    }

    pub(crate) fn write(&self, folder: &Path, start: u64) -> SegmentInfo {
        let mut bytes = SegmentHeader { start, created_us: 1 }.encode().to_vec();
        bytes.extend_from_slice(&self.0);
        let path = folder.join(format!("predictions-{start:020}.seg"));
        fs::write(&path, &bytes).unwrap();
        SegmentInfo { start, end: start + bytes.len() as u64, sealed: true, created_us: 1, path }
    }
}

/// A signature: inputs as name, datatype, shape and feature names.
pub(crate) fn signature(inputs: &[(&str, &str, &[i64], &[&str])]) -> proto::Signature {
    let inputs = inputs.iter().map(|(name, datatype, shape, features)| proto::TensorSpec {
        name: (*name).into(),
        datatype: (*datatype).into(),
        shape: shape.to_vec(),
        features: features.iter().map(|name| (*name).to_owned()).collect(),
    });
    proto::Signature { inputs: inputs.collect(), ..proto::Signature::default() }
}

/// A signature that answers with a label and two probabilities.
pub(crate) fn classifier(inputs: &[(&str, &str, &[i64], &[&str])]) -> proto::Signature {
    proto::Signature {
        task: proto::Task::Classification.into(),
        labels: vec!["no".into(), "yes".into()],
        ..signature(inputs)
    }
}

/// A variant of a router.
pub(crate) fn variant(name: &str, weight: f64) -> proto::Variant {
    proto::Variant {
        name: name.into(),
        model_id: "m".into(),
        model_version: "1".into(),
        weight,
        enabled: Some(true),
        ..Default::default()
    }
}

/// A router as it was in one generation, for replays.
pub(crate) fn revision_in(generation: u64, router: &proto::RouterSnapshot) -> proto::ReplayRouter {
    proto::ReplayRouter {
        first_generation: generation,
        last_generation: generation,
        earliest_time_us: 0,
        router: router.encode_to_vec(),
    }
}

/// A router "r" with variants "a" and "b" of the model "m".
pub(crate) fn route(signature: proto::Signature) -> proto::RouteEntry {
    let variant = |name: &str, share: f64| proto::VariantEntry {
        name: name.into(),
        model_id: "m".into(),
        model_version: "1".into(),
        eligible: true,
        request_propensity: share,
        slot_propensity: 1.0 - share,
        signature: Some(signature.clone()),
    };
    proto::RouteEntry {
        router_id: "r".into(),
        router_generation: 4,
        variants: vec![variant("a", 0.75), variant("b", 0.25)],
        ..proto::RouteEntry::default()
    }
}

/// A call without bodies.
pub(crate) fn entry(id: &str) -> proto::PredictionEntry {
    proto::PredictionEntry {
        prediction_id: id.into(),
        time_us: NOON,
        propensity: 0.75,
        reason: proto::DecisionReason::Weight.into(),
        randomised_by: proto::RandomisedBy::Request.into(),
        request_id: format!("request-{id}"),
        overhead_ns: 40_000,
        ..proto::PredictionEntry::default()
    }
}

pub(crate) fn tensor(name: &str, datatype: Datatype, shape: &[i64], raw: Vec<u8>) -> Tensor {
    Tensor { name: name.into(), datatype, shape: shape.to_vec(), raw: raw.into() }
}

pub(crate) fn fp32(name: &str, shape: &[i64], numbers: &[f32]) -> Tensor {
    tensor(name, Datatype::Fp32, shape, numbers.iter().flat_map(|n| n.to_le_bytes()).collect())
}

pub(crate) fn int64(name: &str, shape: &[i64], numbers: &[i64]) -> Tensor {
    tensor(name, Datatype::Int64, shape, numbers.iter().flat_map(|n| n.to_le_bytes()).collect())
}

pub(crate) fn texts(name: &str, shape: &[i64], texts: &[&[u8]]) -> Tensor {
    let raw = texts.iter().flat_map(|text| [&(text.len() as u32).to_le_bytes()[..], text].concat());
    tensor(name, Datatype::Bytes, shape, raw.collect())
}

/// A ModelInfer call.
pub(crate) fn infer(id: &str, inputs: &[Tensor], outputs: Option<&[Tensor]>) -> proto::PredictionEntry {
    let mut entry = entry(id);
    entry.request_kind = BodyKind::Infer.into();
    entry.request = encode_request("r", "", "", inputs, &[""; 0]).encode_to_vec().into();
    if let Some(outputs) = outputs {
        entry.response_kind = BodyKind::Infer.into();
        entry.response = encode_response("m", "1", "", outputs, true).unwrap().encode_to_vec().into();
    }
    entry
}

/// A Predict call.
pub(crate) fn predict(id: &str, features: &[(&str, Value)]) -> proto::PredictionEntry {
    let mut entry = entry(id);
    let features = features.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    entry.request_kind = BodyKind::Predict.into();
    entry.request = proto::PredictRequest { features, ..Default::default() }.encode_to_vec().into();
    entry
}

pub(crate) fn number(number: f64) -> Value {
    Value { kind: Some(Kind::NumberValue(number)) }
}

pub(crate) fn text(text: &str) -> Value {
    Value { kind: Some(Kind::StringValue(text.into())) }
}

pub(crate) fn yes(yes: bool) -> Value {
    Value { kind: Some(Kind::BoolValue(yes)) }
}

pub(crate) fn list(values: Vec<Value>) -> Value {
    Value { kind: Some(Kind::ListValue(ListValue { values })) }
}

pub(crate) fn object(entries: &[(&str, Value)]) -> Value {
    let fields: BTreeMap<String, Value> =
        entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    Value { kind: Some(Kind::StructValue(Struct { fields })) }
}

/// A cell as text; "null" for null.
pub(crate) fn shown(rows: &RecordBatch, column: &str, row: usize) -> String {
    let column = rows.column_by_name(column).unwrap_or_else(|| panic!("no column {column}"));
    if column.is_null(row) { "null".to_owned() } else { array_value_to_string(column, row).unwrap() }
}

pub(crate) fn doubles(rows: &RecordBatch, column: &str) -> Vec<Option<f64>> {
    rows.column_by_name(column).unwrap().as_primitive::<Float64Type>().iter().collect()
}

pub(crate) fn strings(rows: &RecordBatch, column: &str) -> Vec<Option<String>> {
    rows.column_by_name(column).unwrap().as_string::<i32>().iter().map(|t| t.map(str::to_owned)).collect()
}

pub(crate) fn times(rows: &RecordBatch) -> Vec<i64> {
    rows.column_by_name("time_us").unwrap().as_primitive::<Int64Type>().values().to_vec()
}

pub(crate) fn feature_names(rows: &RecordBatch) -> Vec<String> {
    let names = rows.schema().fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>();
    names.into_iter().filter(|name| name.starts_with("f_")).collect()
}
