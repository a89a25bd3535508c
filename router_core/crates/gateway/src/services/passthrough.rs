//! Calls for the control plane: authenticated here, then passed on as they are, streams included.
//!
//! Each has a deadline, the server's when the client brings none, and counts against its connection's share: a
//! control plane that hangs, or a client that never finishes its messages, holds no place for ever.

use std::rc::Rc;

use bytes::Bytes;
use h2::{RecvStream, SendStream, client::ResponseFuture};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Version,
    header::{AUTHORIZATION, CONTENT_LENGTH, HOST},
    uri::{Authority, Parts, PathAndQuery, Scheme, Uri},
};
use pointsman_model::Principal;
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, timeout_at},
};
use tonic::Code;

use super::{
    call::Call,
    forward::frame,
    metadata::{GRPC_TIMEOUT, ensure_request_id, format_timeout, parse_timeout, strip},
    reading::Message,
};
use crate::{
    admission::Permit,
    auth::API_KEY,
    client::Client,
    message,
    reply::{PumpTask, Reply},
    status::CallError,
    worker::Worker,
};

const USER: HeaderName = HeaderName::from_static("x-pointsman-user");
const SCOPES: HeaderName = HeaderName::from_static("x-pointsman-scopes");
const ADMIN: HeaderName = HeaderName::from_static("x-pointsman-admin");
const KEY_ID: HeaderName = HeaderName::from_static("x-pointsman-key-id");
const PEER: HeaderName = HeaderName::from_static("x-pointsman-peer");

/// Passes a call to the control plane and its answer back.
pub(crate) async fn pass_on(
    worker: &Rc<Worker>,
    client: &Client,
    request: Request<RecvStream>,
) -> Result<Reply, CallError> {
    let routes = worker.routes();
    let principal = client.identify(worker, &routes.snapshot, request.headers())?;
    let (parts, mut body) = request.into_parts();
    let path = parts.uri.into_parts().path_and_query;
    let named = parts.headers.get(GRPC_TIMEOUT).and_then(parse_timeout);
    let deadline = Instant::now() + worker.shared.config.limits.timeout(named);
    let mut begun = begin(worker, client, &principal, parts.headers, path, deadline).await?;
    let task = tokio::task::spawn_local(async move {
        // A broken stream shows on the answer's side. Trailers are no part of a gRPC request, and what only
        // this server may say could hide in them.
        if message::pump_data(&mut body, &mut begun.out).await.is_ok() {
            let _ = message::finish(&mut begun.out);
        }
    });
    answered(begun.response, PumpTask { task, deadline, _place: begun.place }).await
}

/// Passes a call whose message was read already to the control plane and its answer back.
pub(crate) async fn pass_on_message(
    call: Call,
    client: &Client,
    principal: &Principal,
    message: Message,
) -> Result<Reply, CallError> {
    let deadline = call.deadline(None);
    let Call { worker, path, mut headers, .. } = call;
    headers.remove(CONTENT_LENGTH);
    let framed = frame(&message.bytes)?;
    let mut begun = begin(&worker, client, principal, headers, Some(path), deadline).await?;
    let task = tokio::task::spawn_local(async move {
        let _reservation = message.reservation;
        if message::send(&mut begun.out, framed).await.is_ok() {
            let _ = message::finish(&mut begun.out);
        }
    });
    answered(begun.response, PumpTask { task, deadline, _place: begun.place }).await
}

/// A call's place at the control plane, and in its connection's share.
pub(crate) type ControlPlace = (Permit, OwnedSemaphorePermit);

/// A call that the control plane has the head of.
struct Begun {
    response: ResponseFuture,
    out: SendStream<Bytes>,
    place: ControlPlace,
}

async fn begin(
    worker: &Rc<Worker>,
    client: &Client,
    principal: &Principal,
    mut headers: HeaderMap,
    path: Option<PathAndQuery>,
    deadline: Instant,
) -> Result<Begun, CallError> {
    strip(&mut headers);
    for name in [AUTHORIZATION, API_KEY, HOST] {
        headers.remove(name);
    }
    let value = |text: &str| HeaderValue::from_str(text).map_err(|error| internal(&error.to_string()));
    headers.insert(USER, value(&principal.user_id)?);
    headers.insert(SCOPES, value(&principal.scopes.names())?);
    headers.insert(ADMIN, HeaderValue::from_static(if principal.admin { "true" } else { "false" }));
    headers.insert(KEY_ID, value(&principal.key_id)?);
    headers.insert(PEER, value(&client.peer.to_string())?);
    ensure_request_id(worker, &mut headers);
    // The control plane gives up when nobody waits for it any more.
    headers.insert(GRPC_TIMEOUT, format_timeout(deadline.saturating_duration_since(Instant::now())));
    let mut uri = Parts::default();
    uri.scheme = Some(Scheme::HTTP);
    uri.authority = Some(Authority::from_static("localhost"));
    uri.path_and_query = path;
    let mut request = Request::new(());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = Uri::from_parts(uri).map_err(|error| internal(&error.to_string()))?;
    *request.version_mut() = Version::HTTP_2;
    *request.headers_mut() = headers;
    let sending = async {
        // Calls of one connection wait for each other before they take places from the others'.
        let share = client.control_share.clone().acquire_owned().await;
        let share = share.map_err(|error| internal(&error.to_string()))?;
        let place = worker.shared.control_admission.enter().await?;
        let mut sender = worker.control.ready().await?;
        let (response, out) = sender.send_request(request, false).map_err(|error| {
            CallError::unavailable(format!("the control plane cannot be reached: {error}"))
        })?;
        Ok(Begun { response, out, place: (place, share) })
    };
    timeout_at(deadline, sending).await.unwrap_or_else(|_| Err(CallError::deadline()))
}

async fn answered(response: ResponseFuture, request: PumpTask) -> Result<Reply, CallError> {
    let response = timeout_at(request.deadline, response)
        .await
        .map_err(|_| CallError::deadline())?
        .map_err(|error| CallError::unavailable(format!("the control plane broke the call off: {error}")))?;
    Ok(Reply::PassedOn { response, request })
}

fn internal(reason: &str) -> CallError {
    CallError::new(Code::Internal, reason.to_owned())
}
