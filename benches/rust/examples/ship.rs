//! Ships segments of the journal and says what a row costs: `ship ROWS COLUMNS [FP32|FP64|PREDICT] [FOLDER]`.

use std::{
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use pointsman_benches::Failure;
use pointsman_inference::{Tensor, oip::encode_request};
use pointsman_journal::{PREDICTION, ROUTE, SegmentHeader, SegmentInfo, files::RealFiles, put_frame};
use pointsman_lake::{ColumnRegistry, Destination, ship_segment};
use pointsman_model::Datatype;
use pointsman_wire::generated::{inference::ModelInferResponse, pointsman_v1 as proto};
use prost::Message;
use rand::{RngExt, SeedableRng, rngs::SmallRng};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Segments shipped one after the other; the first one warms up.
const ROUNDS: u64 = 4;

/// What the bodies of the calls are.
#[derive(Clone, Copy)]
enum Body {
    /// ModelInfer with one tensor of this type.
    Infer(Datatype),
    /// Predict.
    Predict,
}

impl Body {
    fn datatype(self) -> Datatype {
        match self {
            Self::Infer(datatype) => datatype,
            Self::Predict => Datatype::Fp32,
        }
    }
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize, default: usize| match arguments.get(index) {
        None => Ok(default),
        Some(text) => text.parse().map_err(|_| format!("{text:?} is not a whole number")),
    };
    let (rows, columns) = (number(0, 150_000)?, number(1, 30)?);
    let body = match arguments.get(2).map_or("FP32", String::as_str) {
        "PREDICT" => Body::Predict,
        datatype => Body::Infer(datatype.parse()?),
    };
    let folder = arguments.get(3).map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = folder.join(format!("pointsman-ship-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let shipped = ship_all(&folder, rows, columns, body);
    std::fs::remove_dir_all(&folder)?;
    shipped
}

fn ship_all(folder: &Path, rows: usize, columns: usize, body: Body) -> Result<(), Failure> {
    let files = Arc::new(RealFiles);
    let registry = ColumnRegistry::new(files.clone(), folder);
    let destination = Destination {
        files: &*files,
        registry: &registry,
        lake_folder: folder,
        journal_id: "00112233445566778899aabbccddeeff",
    };
    let mut out = std::io::stdout();
    for round in 0..ROUNDS {
        let segment = write_segment(folder, round, rows, columns, body)?;
        let start = cpu_nanos()?;
        let shipped = ship_segment(destination, &segment)?;
        let micros = (cpu_nanos()? - start) as f64 / 1e3;
        let bytes: u64 = shipped.files.iter().map(|file| file.byte_count).sum();
        let shipped: u64 = shipped.files.iter().map(|file| file.row_count).sum();
        writeln!(
            out,
            "{shipped} rows, {columns} columns: {:.2} µs of processor a row, {} bytes a row in the segment, {} in the lake",
            micros / shipped as f64,
            (segment.end - segment.start) / shipped,
            bytes / shipped,
        )?;
    }
    Ok(())
}

/// The time that this thread had the processor: on a busy machine the clock would measure the others.
fn cpu_nanos() -> Result<u64, Failure> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(text.split_whitespace().next().ok_or("/proc/thread-self/schedstat is empty")?.parse()?)
}

/// Writes a segment as the gateway would: calls with one tensor, answers with a label and two probabilities.
fn write_segment(
    folder: &Path,
    round: u64,
    rows: usize,
    columns: usize,
    body: Body,
) -> Result<SegmentInfo, Failure> {
    let mut rng = SmallRng::seed_from_u64(round);
    let header = SegmentHeader { start: round << 40, created_us: 0 };
    let mut bytes = header.encode().to_vec();
    put_frame(ROUTE, &mut bytes, |out| route(columns, body.datatype()).encode_raw(out));
    for row in 0..rows {
        let mut entry = prediction(&mut rng, round * rows as u64 + row as u64, columns, body.datatype());
        if let Body::Predict = body {
            predict_bodies(&mut rng, columns, &mut entry);
        }
        put_frame(PREDICTION, &mut bytes, |out| entry.encode_raw(out));
    }
    let path = folder.join(format!("predictions-{:020}.seg", header.start));
    File::create(&path)?.write_all(&bytes)?;
    let end = header.start + bytes.len() as u64;
    Ok(SegmentInfo { start: header.start, end, sealed: true, created_us: 0, path })
}

fn route(columns: usize, datatype: Datatype) -> proto::RouteEntry {
    let tensor = |name: &str, datatype: &str, columns: i64| proto::TensorSpec {
        name: name.into(),
        datatype: datatype.into(),
        shape: vec![-1, columns],
        features: Vec::new(),
    };
    let variant = |name: &str| proto::VariantEntry {
        name: name.into(),
        model_id: "fraud".into(),
        model_version: "3".into(),
        eligible: true,
        request_propensity: 0.5,
        slot_propensity: 0.5,
        signature: Some(proto::Signature {
            inputs: vec![tensor("x", datatype.as_str(), columns as i64)],
            outputs: vec![tensor("label", "INT64", 1), tensor("probabilities", "FP32", 2)],
            task: proto::Task::Classification.into(),
            labels: vec!["no".into(), "yes".into()],
            ..proto::Signature::default()
        }),
    };
    proto::RouteEntry {
        router_id: "checkout".into(),
        variants: vec![variant("champion"), variant("challenger")],
        ..proto::RouteEntry::default()
    }
}

fn prediction(rng: &mut SmallRng, index: u64, columns: usize, datatype: Datatype) -> proto::PredictionEntry {
    let raw = (0..columns).flat_map(|_| {
        let number: f64 = rng.random();
        if datatype == Datatype::Fp64 {
            number.to_le_bytes().to_vec()
        } else {
            (number as f32).to_le_bytes().to_vec()
        }
    });
    let tensor = |name: &str, datatype: Datatype, columns: i64, raw: Vec<u8>| Tensor {
        name: name.into(),
        datatype,
        shape: vec![1, columns],
        raw: raw.into(),
    };
    let inputs = [tensor("x", datatype, columns as i64, raw.collect())];
    let second: f32 = rng.random();
    let class = i64::from(second >= 0.5);
    let probabilities = [(1.0 - second).to_le_bytes(), second.to_le_bytes()].concat();
    let outputs = [
        tensor("label", Datatype::Int64, 1, class.to_le_bytes().to_vec()),
        tensor("probabilities", Datatype::Fp32, 2, probabilities),
    ];
    let response = encode_request("fraud", "3", "", &outputs, &[""; 0]);
    // The two messages differ in the number of the contents' field alone.
    let response = ModelInferResponse {
        model_name: response.model_name,
        outputs: response
            .inputs
            .into_iter()
            .map(|input| pointsman_wire::generated::inference::model_infer_response::InferOutputTensor {
                name: input.name,
                datatype: input.datatype,
                shape: input.shape,
                ..Default::default()
            })
            .collect(),
        raw_output_contents: response.raw_input_contents,
        ..ModelInferResponse::default()
    };
    let draw: u64 = rng.random();
    proto::PredictionEntry {
        variant: (draw & 1) as u32,
        prediction_id: format!(
            "{index:024}{:016x}{:016x}{:016x}",
            rng.random::<u64>(),
            rng.random::<u64>(),
            draw
        ),
        // 20,000 calls a second, put down when they end.
        time_us: (1_800_000_000_000_000 + index * 50 + rng.random_range(0..2_000)) as i64,
        generation: 7,
        propensity: 0.5,
        reason: proto::DecisionReason::Slot.into(),
        randomised_by: proto::RandomisedBy::Entity.into(),
        draw: Some(draw),
        slot: Some((draw % 10_000) as u32),
        entity_id: format!("user-{}", rng.random_range(0..1_000_000)),
        replayable: true,
        request_id: format!("{:016x}{:016x}", rng.random::<u64>(), rng.random::<u64>()),
        overhead_ns: rng.random_range(30_000..90_000),
        backend_ns: Some(rng.random_range(200_000..900_000)),
        request_kind: proto::BodyKind::Infer.into(),
        request: encode_request("checkout", "", "", &inputs, &[""; 0]).encode_to_vec().into(),
        response_kind: proto::BodyKind::Infer.into(),
        response: response.encode_to_vec().into(),
        ..proto::PredictionEntry::default()
    }
}

/// Makes the bodies those of a Predict call.
fn predict_bodies(rng: &mut SmallRng, columns: usize, entry: &mut proto::PredictionEntry) {
    let number =
        |number: f64| prost_types::Value { kind: Some(prost_types::value::Kind::NumberValue(number)) };
    let text =
        |text: &str| prost_types::Value { kind: Some(prost_types::value::Kind::StringValue(text.into())) };
    let features = (0..columns).map(|index| (format!("x_{index}"), number(rng.random()))).collect();
    entry.request_kind = proto::BodyKind::Predict.into();
    entry.request = proto::PredictRequest { features, ..Default::default() }.encode_to_vec().into();
    let second: f64 = rng.random();
    let label = if second >= 0.5 { "yes" } else { "no" };
    let response = proto::PredictResponse {
        prediction: Some(text(label)),
        probabilities: vec![1.0 - second, second],
        outputs: [("label".to_owned(), number(f64::from(u8::from(second >= 0.5))))].into(),
        ..Default::default()
    };
    entry.response_kind = proto::BodyKind::Predict.into();
    entry.response = response.encode_to_vec().into();
}
