//! Feedback in a closed loop: so many callers take prediction ids from one file, each one call after the other.
//!
//! `feedback_load --target HOST:PORT --ids FILE [--callers 64] [--connections 4] [--seconds 0] [--rounds 1]
//! [--metric reward] [--wait durable|applied] [--key API-KEY] [--observe PID …]` prints one JSON object.
//!
//! The file has one prediction id a line. Each is sent once a round, always with the same value, so that
//! `distinct_sum` is what the totals must come to whatever is sent again. With `--seconds` above 0 the run ends
//! then, else with the last round. An answer counts as acknowledged when it is OK with a known outcome.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::histogram::Histogram;
use crate::{
    Failure,
    client::{connect, run_program},
    flags::Flags,
    process::{Observed, micros_per_call},
};
use bytes::{BufMut, Bytes, BytesMut};
use h2::client::SendRequest;
use http::{HeaderValue, Request, Uri};
use tokio::task::JoinSet;

const RECORD_FEEDBACK: &str = "/pointsman.v1.PredictionService/RecordFeedback";
const PREFIX_LENGTH: usize = 5;
const PREDICTION_ID: u8 = 1 << 3 | 2;
const METRIC: u8 = 2 << 3 | 2;
const VALUE: u8 = 3 << 3 | 1;
const WAIT: u8 = 6 << 3;
const OUTCOME: u8 = 1 << 3;
const OUTCOMES: [&str; 6] = ["unspecified", "applied", "duplicate", "conflict", "recorded", "corrected"];
const MOST_FAILURES: u64 = 1_000;

/// What every caller sends.
struct Plan {
    uri: Uri,
    ids: Vec<String>,
    metric: String,
    /// The number of the wait; 0 leaves it out.
    wait: u8,
    key: Option<HeaderValue>,
    rounds: usize,
    until: Option<Instant>,
}

/// What all callers found.
#[derive(Default)]
struct Findings {
    next: usize,
    latencies: Histogram,
    outcomes: BTreeMap<&'static str, u64>,
    distinct_count: u64,
    distinct_sum: f64,
    failures: u64,
    first_failure: Option<String>,
}

/// Runs the program.
///
/// # Errors
/// A flag is wrong, or the target cannot be called.
pub fn main(flags: &Flags) -> Result<(), Failure> {
    run_program(flags, run)
}

async fn run(flags: &Flags) -> Result<serde_json::Value, Failure> {
    let target: String = flags.require("target")?;
    let callers: usize = flags.get("callers", 64)?;
    let connections: usize = flags.get("connections", 4)?;
    let mut clients = Vec::with_capacity(connections.max(1));
    for _ in 0..connections.max(1) {
        clients.push(connect(&target).await?);
    }
    let plan = Rc::new(read_plan(flags, &target)?);
    let findings = Rc::new(RefCell::new(Findings::default()));
    let observed = Observed::start(flags)?;
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    for client in clients.iter().cycle().take(callers) {
        tasks.spawn_local(call_repeatedly(client.clone(), Rc::clone(&plan), Rc::clone(&findings)));
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    let seconds = started.elapsed().as_secs_f64();
    let cpu = observed.read()?;
    let findings = findings.borrow();
    Ok(report(&findings, callers, seconds, &cpu))
}

fn read_plan(flags: &Flags, target: &str) -> Result<Plan, Failure> {
    let path: String = flags.require("ids")?;
    let text = std::fs::read_to_string(&path).map_err(|error| format!("--ids {path}: {error}"))?;
    let ids: Vec<String> = text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
    if ids.is_empty() {
        return Err(format!("--ids {path}: holds no prediction ids").into());
    }
    let wait = match flags.get("wait", "durable".to_owned())?.as_str() {
        "durable" => 1,
        "applied" => 2,
        other => return Err(format!("--wait: {other:?} is neither durable nor applied").into()),
    };
    let seconds: f64 = flags.get("seconds", 0.0)?;
    let rounds: usize = flags.get("rounds", 1)?;
    let key = flags.all("key").last().map(HeaderValue::from_str).transpose()?;
    Ok(Plan {
        uri: format!("http://{target}{RECORD_FEEDBACK}").parse()?,
        ids,
        metric: flags.get("metric", "reward".to_owned())?,
        wait,
        key,
        rounds,
        until: (seconds > 0.0).then(|| Instant::now() + Duration::from_secs_f64(seconds)),
    })
}

async fn call_repeatedly(
    client: SendRequest<Bytes>,
    plan: Rc<Plan>,
    findings: Rc<RefCell<Findings>>,
) -> Result<(), Failure> {
    let calls = plan.ids.len().saturating_mul(plan.rounds);
    loop {
        let number = {
            let mut findings = findings.borrow_mut();
            if findings.next >= calls || plan.until.is_some_and(|until| Instant::now() >= until) {
                return Ok(());
            }
            findings.next += 1;
            findings.next - 1
        };
        let place = number % plan.ids.len();
        let started = Instant::now();
        let answered = call(client.clone(), &plan, place).await;
        let elapsed = started.elapsed();
        let mut findings = findings.borrow_mut();
        match answered {
            Ok(outcome) => {
                findings.latencies.record(elapsed.as_nanos() as u64);
                *findings.outcomes.entry(outcome).or_default() += 1;
                if number < plan.ids.len() {
                    findings.distinct_count += 1;
                    findings.distinct_sum += value_of(place);
                }
            }
            Err(failure) => {
                findings.failures += 1;
                findings.first_failure.get_or_insert(failure.to_string());
                if findings.failures > MOST_FAILURES {
                    return Err(format!("more than {MOST_FAILURES} failures, the first: {failure}").into());
                }
            }
        }
    }
}

/// The value for the id at a place of the file: whole numbers, whose sum is exact.
fn value_of(place: usize) -> f64 {
    (place % 7) as f64
}

/// Brings one value and answers what came of it.
async fn call(client: SendRequest<Bytes>, plan: &Plan, place: usize) -> Result<&'static str, Failure> {
    let mut request = Request::new(());
    *request.method_mut() = http::Method::POST;
    *request.uri_mut() = plan.uri.clone();
    let headers = request.headers_mut();
    headers.insert("te", HeaderValue::from_static("trailers"));
    headers.insert("content-type", HeaderValue::from_static("application/grpc"));
    if let Some(key) = &plan.key {
        headers.insert("x-api-key", key.clone());
    }
    let id = plan.ids.get(place).map_or("", String::as_str);
    let mut client = client.ready().await?;
    let (response, mut stream) = client.send_request(request, false)?;
    stream.send_data(build_request(id, &plan.metric, value_of(place), plan.wait), true)?;
    let (head, mut body) = response.await?.into_parts();
    let mut message = BytesMut::new();
    while let Some(piece) = body.data().await {
        let piece = piece?;
        body.flow_control().release_capacity(piece.len())?;
        message.extend_from_slice(&piece);
    }
    let trailers = match body.trailers().await? {
        Some(trailers) => trailers,
        None => head.headers,
    };
    if trailers.get("grpc-status").map(HeaderValue::as_bytes) != Some(b"0") {
        let text = |name| trailers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("absent");
        return Err(format!("grpc-status {}: {}", text("grpc-status"), text("grpc-message")).into());
    }
    let outcome = match message.get(PREFIX_LENGTH..) {
        Some([OUTCOME, number, ..]) => OUTCOMES.get(usize::from(*number)).copied(),
        _ => None,
    };
    outcome.ok_or_else(|| format!("an answer without an outcome: {message:?}").into())
}

/// A `RecordFeedbackRequest` with its prefix.
fn build_request(id: &str, metric: &str, value: f64, wait: u8) -> Bytes {
    let mut message = BytesMut::with_capacity(PREFIX_LENGTH + id.len() + metric.len() + 24);
    message.put_bytes(0, PREFIX_LENGTH);
    for (key, text) in [(PREDICTION_ID, id), (METRIC, metric)] {
        message.put_u8(key);
        put_varint(&mut message, text.len());
        message.put_slice(text.as_bytes());
    }
    message.put_u8(VALUE);
    message.put_f64_le(value);
    message.put_u8(WAIT);
    message.put_u8(wait);
    let length = (message.len() - PREFIX_LENGTH) as u32;
    if let Some(place) = message.get_mut(1..PREFIX_LENGTH) {
        place.copy_from_slice(&length.to_be_bytes());
    }
    message.freeze()
}

fn put_varint(out: &mut BytesMut, mut value: usize) {
    while value >= 0x80 {
        out.put_u8(value as u8 | 0x80);
        value >>= 7;
    }
    out.put_u8(value as u8);
}

fn report(findings: &Findings, callers: usize, seconds: f64, cpu: &[Duration]) -> serde_json::Value {
    let acknowledged = findings.latencies.count();
    let micros = |share| findings.latencies.quantile(share) as f64 / 1e3;
    serde_json::json!({
        "callers": callers,
        "acknowledged": acknowledged,
        "seconds": seconds,
        "acknowledged_per_second": acknowledged as f64 / seconds,
        "mean_us": findings.latencies.mean() / 1e3,
        "p50_us": micros(0.5),
        "p90_us": micros(0.9),
        "p99_us": micros(0.99),
        "p999_us": micros(0.999),
        "cpu_us_per_call": micros_per_call(cpu, acknowledged),
        "outcomes": findings.outcomes,
        "distinct_count": findings.distinct_count,
        "distinct_sum": findings.distinct_sum,
        "failures": findings.failures,
        "first_failure": findings.first_failure,
    })
}
