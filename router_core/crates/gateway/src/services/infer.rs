//! ModelInfer: the head is read and rewritten, everything else passes as it is.

use bytes::{BufMut, Bytes, BytesMut};
use http::uri::PathAndQuery;
use pointsman_model::{Id, Principal, Scope};
use pointsman_wire::{
    HeadScan, HeadScanner, PREFIX_BYTES, Walker, WireError, generated::pointsman_v1::BodyKind, row_limit,
    scan_head, scan_whole, splice_head, spliced_message_length,
};
use tokio::time::Instant;
use tonic::Code;

use super::{
    answering::{Answering, Conclusion, Failure, conclude, fail, reply_to_infer},
    attributes::Features,
    call::Call,
    decision::{Asked, decide_call},
    forward::{ask, prefix},
    one_message,
    paths::MODEL_INFER,
    reading::Message,
    tensors::Asker,
};
use crate::{
    listener::client::Client,
    messages::{
        budget::Reservation,
        message::{self, MessageStart, SMALL_MESSAGE_BYTES, client_gone},
        status::CallError,
    },
    recording::observation::Observation,
    replies::reply::Reply,
    routing::backends::{Backend, GrpcModel},
    upstream::{Arriving, Outgoing},
};

/// A head that does not end within so many bytes has its message buffered instead.
const MAX_HEAD_BYTES: usize = 256 << 10;

/// Room for the names of a model and a version; longer ones only make the buffer grow.
const MAX_NAMES_BYTES: usize = 300;

/// A request of which at least the head is here.
enum Incoming {
    /// All of it.
    Whole { message: Message, scan: HeadScan },
    /// The head and more; the rest is in the call's stream.
    Arriving { start: MessageStart, scan: HeadScan, held: Reservation },
}

impl Incoming {
    /// The bytes that were scanned and more.
    fn scanned(&self) -> (&Bytes, &HeadScan) {
        match self {
            Self::Whole { message, scan } => (&message.bytes, scan),
            Self::Arriving { start, scan, .. } => (&start.bytes, scan),
        }
    }
}

/// Answers a ModelInfer call.
pub(crate) async fn infer(mut call: Call, client: &Client) -> Result<Reply, CallError> {
    let principal = call.principal(client, Scope::Predict)?;
    let until = call.reading_end(call.deadline(None));
    let incoming = Call::in_time(until, read(&mut call)).await?;
    let incoming = gather_decisive(&mut call, incoming, &principal).await?;
    let (bytes, scan) = incoming.scanned();
    let is_whole = matches!(incoming, Incoming::Whole { .. });
    let asked = Asked {
        name: scan.model_name(bytes).unwrap_or_default(),
        version: scan.model_version(bytes).unwrap_or_default(),
        field_entity_id: None,
        parameter_entity_id: scan.entity_id(bytes),
        // Of a message that passes by, tensors may be still to come.
        row_limit: if is_whole { row_limit(bytes) } else { 0 },
        features: if is_whole { Features::Message(bytes) } else { Features::Unread },
    };
    let decided = decide_call(&mut call, &principal, &asked).await?;
    let (deadline, observation) = (decided.deadline, decided.observation);
    if let Some(error) = decided.nobody {
        return Ok(fail(error, observation));
    }
    let incoming = match gather_recorded(&mut call, incoming, &observation, deadline).await {
        Ok(incoming) => incoming,
        Err(error) => return Ok(fail(error, observation)),
    };
    let Some(backend) = observation.target().map(|target| target.backend.clone()) else {
        return Err(CallError::new(Code::Internal, "the decision names no variant"));
    };
    match backend {
        Backend::Grpc(model) => {
            to_server(call, incoming, &model, decided.answer_name, deadline, observation).await
        }
        Backend::Onnx(_) => {
            in_tensors(call, incoming, backend, decided.answer_name, deadline, observation).await
        }
    }
}

/// Reads as much as a decision needs.
async fn read(call: &mut Call) -> Result<Incoming, CallError> {
    let mut start = call.read_start().await?;
    let length = start.prefix.length as usize;
    if length <= SMALL_MESSAGE_BYTES || start.prefix.compressed {
        return whole(call.read_whole(start, None).await?);
    }
    let mut scanner = HeadScanner::request();
    let mut held = call.hold(start.bytes.len(), None)?;
    loop {
        match scanner.advance(&start.bytes, length).map_err(of_wire)? {
            Some(scan) if scan.model_name.is_some() => return Ok(Incoming::Arriving { start, scan, held }),
            // The name may come behind the tensors: everything must be seen to find it.
            Some(_) => break,
            None if start.bytes.len() > MAX_HEAD_BYTES => break,
            None => {}
        }
        match message::next_data(&mut call.body).await.map_err(|error| client_gone(&error))? {
            Some(data) => {
                // Memory doubles when it grows.
                held.grow_to((start.bytes.len() + data.len()).next_power_of_two())?;
                start.bytes = message::join(start.bytes, data);
            }
            None => break,
        }
    }
    whole(call.read_whole(start, Some(held)).await?)
}

/// Scans a whole message: its head, and that nothing behind it names another model.
fn whole(message: Message) -> Result<Incoming, CallError> {
    let bytes = &message.bytes;
    let head = scan_head(bytes, bytes.len()).map_err(of_wire)?;
    let scan = match head.filter(|scan| scan.model_name.is_some()) {
        Some(scan) => {
            let mut walker = Walker::new(scan.length, bytes.len());
            walker.feed(bytes.get(scan.length..).unwrap_or_default()).map_err(of_wire)?;
            walker.finish().map_err(of_wire)?;
            scan
        }
        None => scan_whole(bytes).map_err(of_wire)?,
    };
    Ok(Incoming::Whole { message, scan })
}

#[expect(clippy::needless_pass_by_value, reason = "fits map_err")]
fn of_wire(error: WireError) -> CallError {
    CallError::invalid(error.to_string())
}

/// Reads a message that would pass by to its end when rules of its router look at features: what they ask for may lie
/// anywhere in it.
async fn gather_decisive(
    call: &mut Call,
    incoming: Incoming,
    principal: &Principal,
) -> Result<Incoming, CallError> {
    match incoming {
        Incoming::Arriving { start, scan, held } if reads_features(call, &start.bytes, &scan, principal) => {
            let until = call.reading_end(call.deadline(None));
            whole(Call::in_time(until, call.read_whole(start, Some(held))).await?)
        }
        incoming => Ok(incoming),
    }
}

/// Whether the router that a head names decides by features. Who names none, or may not call it, is told later.
fn reads_features(call: &Call, bytes: &[u8], scan: &HeadScan, principal: &Principal) -> bool {
    let route = scan.model_name(bytes).and_then(|name| call.route(name, principal).ok());
    route.and_then(|route| route.router.clone()).is_some_and(|router| router.policy.reads_features())
}

/// Reads a message that would pass by to its end when its router records messages of that size.
async fn gather_recorded(
    call: &mut Call,
    incoming: Incoming,
    observation: &Observation,
    deadline: Instant,
) -> Result<Incoming, CallError> {
    match incoming {
        Incoming::Arriving { start, held, .. }
            if observation.max_body_bytes().is_some_and(|most| start.prefix.length as usize <= most) =>
        {
            let until = call.reading_end(deadline);
            whole(Call::in_time(until, call.read_whole(start, Some(held))).await?)
        }
        incoming => Ok(incoming),
    }
}

/// Passes a request on to a server.
async fn to_server(
    mut call: Call,
    incoming: Incoming,
    model: &GrpcModel,
    answer_name: Option<Id>,
    deadline: Instant,
    mut observation: Observation,
) -> Result<Reply, CallError> {
    observation.begin_copies(&call.headers);
    let headers = call.backend_headers(&model.target.target, deadline);
    let worker = call.worker.clone();
    let (outgoing, _reservation) = match rewrite(call, incoming, model) {
        Ok(rewritten) => rewritten,
        Err(error) => return Ok(fail(error, observation)),
    };
    match &outgoing {
        Outgoing::Whole(framed) => {
            let message = framed.slice(PREFIX_BYTES..);
            observation.keep_for_copies(BodyKind::Infer, &message);
            observation.record_request(BodyKind::Infer, message);
        }
        Outgoing::Arriving(_) => observation.record_request(BodyKind::Cut, Bytes::new()),
    }
    let path = PathAndQuery::from_static(MODEL_INFER);
    let answered =
        ask(&worker, model, path, headers, outgoing, deadline, Some(&mut observation.backend_time)).await;
    match answered {
        Ok(answer) => reply_to_infer(answer, observation, answer_name, deadline).await,
        Err(error) => Ok(fail(error, observation)),
    }
}

/// Puts the backend's names into the head; the rest stays as it is.
fn rewrite(
    call: Call,
    incoming: Incoming,
    model: &GrpcModel,
) -> Result<(Outgoing, Option<Reservation>), CallError> {
    let (name, version) = (&*model.model_name, &*model.model_version);
    let (bytes, scan) = incoming.scanned();
    let length = match &incoming {
        Incoming::Whole { message, .. } => u32::try_from(message.bytes.len()).unwrap_or(u32::MAX),
        Incoming::Arriving { start, .. } => start.prefix.length,
    };
    let new_length = spliced_message_length(length, scan, name, version).map_err(of_wire)? as usize;
    let rest = bytes.slice(scan.length..);
    // What is here whole goes in one piece: one frame costs less than two.
    let room = match &incoming {
        Incoming::Whole { .. } => new_length,
        Incoming::Arriving { .. } => new_length.min(scan.length + MAX_NAMES_BYTES),
    };
    let mut head = BytesMut::with_capacity(PREFIX_BYTES + room);
    head.put_slice(&prefix(new_length)?);
    splice_head(bytes, scan, name, version, &mut head);
    match incoming {
        Incoming::Whole { message, .. } => {
            head.put_slice(&rest);
            Ok((Outgoing::Whole(head.freeze()), message.reservation))
        }
        Incoming::Arriving { start, scan, held } => {
            let mut walker = Walker::new(scan.length, start.prefix.length as usize);
            walker.feed(&rest).map_err(of_wire)?;
            let pieces = vec![head.freeze(), rest];
            let patience = call.worker.shared.config.limits.message_timeout();
            let patience = patience.saturating_sub(call.started.elapsed());
            let arriving = Arriving::new(pieces, walker, call.body, patience);
            Ok((Outgoing::Arriving(Box::new(arriving)), Some(held)))
        }
    }
}

/// Reads a request into tensors for a model that takes no messages.
async fn in_tensors(
    mut call: Call,
    incoming: Incoming,
    backend: Backend,
    answer_name: Option<Id>,
    deadline: Instant,
    mut observation: Observation,
) -> Result<Reply, CallError> {
    let message = match incoming {
        Incoming::Whole { message, .. } => message,
        Incoming::Arriving { start, held, .. } => {
            let until = call.reading_end(deadline);
            match Call::in_time(until, call.read_whole(start, Some(held))).await {
                Ok(message) => message,
                Err(error) => return Ok(fail(error, observation)),
            }
        }
    };
    observation.begin_copies(&call.headers);
    observation.keep_for_copies(BodyKind::Infer, &message.bytes);
    observation.record_request(BodyKind::Infer, message.bytes.clone());
    let answered = run_message(&mut call, message, &backend, deadline, &mut observation).await;
    let answered = answered.map(|message| Conclusion::new(Answering::Infer(message, answer_name)));
    Ok(conclude(answered, observation))
}

async fn run_message(
    call: &mut Call,
    message: Message,
    backend: &Backend,
    deadline: Instant,
    observation: &mut Observation,
) -> Result<Bytes, Failure> {
    let Some(key) = observation.target().map(|target| target.model.key.clone()) else {
        return Err(CallError::new(Code::Internal, "the decision names no variant").into());
    };
    let Call { worker, headers, .. } = call;
    let asker = Asker { worker, headers, time: &mut observation.backend_time };
    one_message::answer_of(asker, message.bytes, backend, &key, deadline).await
}
