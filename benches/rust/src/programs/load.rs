//! Load in a closed loop, connections × streams, each stream one call after the other, or at a rate; every answer
//! checked.
//!
//! `load --target HOST:PORT --model NAME [--connections 10] [--streams 10] [--bytes 1024] [--columns 0]
//! [--entities 0] [--seconds 3] [--warmup-seconds 1] [--calls 0] [--rate 0] [--observe PID …]
//! [--receipt none|variant|sticky] [--ids FILE]` prints one JSON object.
//!
//! `--columns` sends one FP64 row of so many columns, drawn anew for each call, instead of the same FP32 tensor
//! each time. `--calls` ends with so many calls instead of after some seconds, without a warm-up; `--rate` makes
//! so many a second as long as streams are free, and one that found none free waits from the time that was its. `--receipt variant` demands the assignment receipt on every answer; `sticky` also
//! that an entity's variant never changes. `--ids` keeps the prediction id of each answer, one a line. The
//! processor time of each observed process is read at both ends of the measured span; `answered` counts the good
//! answers of the whole run.

use std::cell::RefCell;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::histogram::Histogram;
use crate::scoring::{self, RequestTemplate};
use crate::{
    Failure,
    client::{connect, run_program},
    flags::Flags,
    oip,
    process::{Observed, micros_per_call},
};
use bytes::Bytes;
use h2::client::SendRequest;
use http::{HeaderMap, HeaderValue, Request, Uri};
use rand::{SeedableRng, rngs::SmallRng};
use tokio::sync::Notify;
use tokio::task::JoinSet;

const VARIANT: &str = "pointsman-variant";
const PREDICTION_ID: &str = "pointsman-prediction-id";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Receipt {
    None,
    Variant,
    Sticky,
}

/// What a call sends.
enum Message {
    Same(Bytes),
    Drawn(RequestTemplate),
}

/// What every stream sends and demands.
struct Plan {
    target: String,
    uri: Uri,
    message: Message,
    response_bytes: usize,
    /// 0 for as many as the time allows.
    calls: u64,
    /// The time between two calls; none for as fast as they are answered.
    interval: Option<Duration>,
    entities: Vec<HeaderValue>,
    receipt: Receipt,
}

/// What all streams found.
#[derive(Default)]
struct Findings {
    measuring: bool,
    stopped: bool,
    begun: u64,
    /// When the next call may begin.
    next: Option<Instant>,
    /// Good answers, whenever they came.
    answered: u64,
    ids: Option<BufWriter<File>>,
    latencies: Histogram,
    variants: Vec<(HeaderValue, u64)>,
    /// The variant that each entity got first.
    assignments: Vec<Option<HeaderValue>>,
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
    let plan = Rc::new(read_plan(flags)?);
    let connections: usize = flags.get("connections", 10)?;
    let streams: usize = flags.get("streams", 10)?;
    let span = Duration::from_secs_f64(flags.get("seconds", 3.0)?);
    let warmup = Duration::from_secs_f64(flags.get("warmup-seconds", 1.0)?);

    let ids = flags.all("ids").last().map(File::create).transpose()?.map(BufWriter::new);
    let findings = Rc::new(RefCell::new(Findings {
        assignments: vec![None; plan.entities.len()],
        measuring: plan.calls > 0,
        ids,
        ..Findings::default()
    }));
    let all_begun = Rc::new(Notify::new());
    let mut started = Instant::now();
    let mut observed = Observed::start(flags)?;
    let mut tasks = JoinSet::new();
    for connection in 0..connections {
        let client = connect(&plan.target).await?;
        for stream in 0..streams {
            let first = (connection * streams + stream) * 97;
            let (plan, findings) = (Rc::clone(&plan), Rc::clone(&findings));
            let all_begun = Rc::clone(&all_begun);
            tasks.spawn_local(call_repeatedly(client.clone(), plan, findings, first, all_begun));
        }
    }

    if plan.calls > 0 {
        all_begun.notified().await;
    } else {
        tokio::time::sleep(warmup).await;
        findings.borrow_mut().measuring = true;
        started = Instant::now();
        observed.restart()?;
        tokio::time::sleep(span).await;
    }
    let cpu = observed.read()?;
    let seconds = started.elapsed().as_secs_f64();
    findings.borrow_mut().stopped = true;
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    let mut findings = findings.borrow_mut();
    if let Some(ids) = &mut findings.ids {
        ids.flush()?;
    }
    Ok(report(&findings, seconds, &cpu))
}

fn read_plan(flags: &Flags) -> Result<Plan, Failure> {
    let target: String = flags.require("target")?;
    let model: String = flags.require("model")?;
    let bytes: usize = flags.get("bytes", 1_024)?;
    let columns: usize = flags.get("columns", 0)?;
    let rate: f64 = flags.get("rate", 0.0)?;
    let entities: usize = flags.get("entities", 0)?;
    let receipt = match flags.get("receipt", "none".to_owned())?.as_str() {
        "none" => Receipt::None,
        "variant" => Receipt::Variant,
        "sticky" => Receipt::Sticky,
        other => return Err(format!("--receipt: {other:?} is not none, variant or sticky").into()),
    };
    Ok(Plan {
        uri: format!("http://{target}{}", oip::MODEL_INFER).parse()?,
        target,
        message: match columns {
            0 => Message::Same(oip::build_request(&model, "load", bytes)),
            _ => Message::Drawn(RequestTemplate::new(&model, "load", columns, bytes)),
        },
        response_bytes: if columns == 0 { bytes } else { scoring::LEAST_ANSWER_BYTES },
        calls: flags.get("calls", 0)?,
        interval: (rate > 0.0).then(|| Duration::from_secs_f64(1.0 / rate)),
        entities: (0..entities)
            .map(|entity| HeaderValue::from_str(&format!("user-{entity}")))
            .collect::<Result<_, _>>()?,
        receipt,
    })
}

async fn call_repeatedly(
    client: SendRequest<Bytes>,
    plan: Rc<Plan>,
    findings: Rc<RefCell<Findings>>,
    first: usize,
    all_begun: Rc<Notify>,
) -> Result<(), Failure> {
    let mut entity = first;
    let mut rng = SmallRng::seed_from_u64(first as u64);
    loop {
        let Some(mut due) = findings.borrow_mut().begin(&plan) else {
            all_begun.notify_one();
            return Ok(());
        };
        let pause = due.saturating_duration_since(Instant::now());
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
            // That it awoke late is the timer's doing, not the server's.
            due = Instant::now();
        }
        // A prime step visits all entities and keeps neighbours apart.
        entity = (entity + 7_919) % plan.entities.len().max(1);
        let message = match &plan.message {
            Message::Same(message) => message.clone(),
            Message::Drawn(template) => template.message(&mut rng),
        };
        let answered = call(client.clone(), &plan, message, entity).await;
        let elapsed = due.elapsed();
        let mut findings = findings.borrow_mut();
        // What ends in the span counts, whenever it began: as many calls enter late as leave late.
        let counted = findings.measuring && !findings.stopped;
        match answered.and_then(|trailers| findings.check(&plan, entity, &trailers, counted)) {
            Ok(()) => {
                findings.answered += 1;
                if counted {
                    findings.latencies.record(elapsed.as_nanos() as u64);
                }
            }
            Err(failure) => {
                findings.failures += 1;
                findings.first_failure.get_or_insert(failure.to_string());
                if findings.failures > 1_000 {
                    return Err(format!("more than 1000 failures, the first: {failure}").into());
                }
            }
        }
    }
}

impl Findings {
    /// Answers when the next call is due; none when there is none.
    fn begin(&mut self, plan: &Plan) -> Option<Instant> {
        if self.stopped || plan.calls > 0 && self.begun >= plan.calls {
            return None;
        }
        self.begun += 1;
        let now = Instant::now();
        let Some(interval) = plan.interval else { return Some(now) };
        let next = self.next.unwrap_or(now);
        self.next = Some(next + interval);
        Some(next)
    }

    /// Checks what an answer must carry, and keeps what is asked for.
    fn check(
        &mut self,
        plan: &Plan,
        entity: usize,
        trailers: &HeaderMap,
        counted: bool,
    ) -> Result<(), Failure> {
        if let Some(ids) = &mut self.ids {
            let id = trailers.get(PREDICTION_ID).ok_or("an answer without a prediction id")?;
            ids.write_all(id.as_bytes())?;
            ids.write_all(b"\n")?;
        }
        if plan.receipt == Receipt::None {
            return Ok(());
        }
        let variant = trailers.get(VARIANT).ok_or("an answer without a receipt")?;
        if trailers.get(PREDICTION_ID).is_none() {
            return Err("a receipt without a prediction id".into());
        }
        if counted {
            match self.variants.iter_mut().find(|(known, _)| known == variant) {
                Some((_, count)) => *count += 1,
                None => self.variants.push((variant.clone(), 1)),
            }
        }
        if plan.receipt == Receipt::Sticky
            && let Some(assignment) = self.assignments.get_mut(entity)
            && *assignment.get_or_insert_with(|| variant.clone()) != *variant
        {
            return Err(format!("user-{entity} changed to variant {variant:?}").into());
        }
        Ok(())
    }
}

/// Makes one call and answers its trailers; the answer must be as long as what it echoes, or longer.
async fn call(
    client: SendRequest<Bytes>,
    plan: &Plan,
    message: Bytes,
    entity: usize,
) -> Result<HeaderMap, Failure> {
    let mut request = Request::new(());
    *request.method_mut() = http::Method::POST;
    *request.uri_mut() = plan.uri.clone();
    let headers = request.headers_mut();
    headers.insert("te", HeaderValue::from_static("trailers"));
    headers.insert("content-type", HeaderValue::from_static("application/grpc"));
    if let Some(entity) = plan.entities.get(entity) {
        headers.insert("pointsman-entity-id", entity.clone());
    }
    let mut client = client.ready().await?;
    let (response, mut stream) = client.send_request(request, false)?;
    stream.send_data(message, true)?;
    let (head, mut body) = response.await?.into_parts();
    let mut length = 0;
    while let Some(piece) = body.data().await {
        let piece = piece?;
        length += piece.len();
        body.flow_control().release_capacity(piece.len())?;
    }
    let trailers = match body.trailers().await? {
        Some(trailers) => trailers,
        None => head.headers,
    };
    if trailers.get("grpc-status").map(HeaderValue::as_bytes) != Some(b"0") {
        let text = |name| trailers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("absent");
        return Err(format!("grpc-status {}: {}", text("grpc-status"), text("grpc-message")).into());
    }
    if length < plan.response_bytes {
        return Err(format!("an answer of {length} bytes echoes {} bytes", plan.response_bytes).into());
    }
    Ok(trailers)
}

fn report(findings: &Findings, seconds: f64, cpu: &[Duration]) -> serde_json::Value {
    let calls = findings.latencies.count();
    let variants: serde_json::Map<String, serde_json::Value> = findings
        .variants
        .iter()
        .map(|(name, count)| (String::from_utf8_lossy(name.as_bytes()).into_owned(), (*count).into()))
        .collect();
    serde_json::json!({
        "calls": calls,
        "answered": findings.answered,
        "seconds": seconds,
        "calls_per_second": calls as f64 / seconds,
        "mean_us": findings.latencies.mean() / 1e3,
        "p50_us": findings.latencies.quantile(0.5) as f64 / 1e3,
        "p99_us": findings.latencies.quantile(0.99) as f64 / 1e3,
        "cpu_us_per_call": micros_per_call(cpu, calls),
        "variants": variants,
        "failures": findings.failures,
        "first_failure": findings.first_failure,
    })
}
