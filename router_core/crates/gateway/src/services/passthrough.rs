//! Calls for the control plane: authenticated and read here, then passed on; answers may be streams.
//!
//! A key without the method's scope is refused before a byte of the message is read. A message is here whole
//! before its call takes a place, so that who never finishes one holds none. Each call has a deadline, the
//! server's when the client brings none, and counts against its connection's and its key's share: a control
//! plane that hangs holds no place for ever, and nobody holds all.

use std::rc::Rc;

use bytes::Bytes;
use h2::{SendStream, client::ResponseFuture};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Version,
    header::{AUTHORIZATION, CONTENT_LENGTH, HOST},
    uri::{Authority, Parts, PathAndQuery, Scheme, Uri},
};
use pointsman_model::{Principal, Scope};
use pointsman_wire::required_scope;
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, timeout_at},
};
use tonic::Code;

use super::{
    call::Call,
    forward::frame,
    metadata::{GRPC_TIMEOUT, ensure_request_id, format_timeout, strip},
    reading::Message,
};
use crate::{
    listener::{auth::API_KEY, client::Client},
    messages::{allowance::Allowance, message, status::CallError},
    replies::reply::{PumpTask, Reply},
    upstream::admission::Permit,
    worker::Worker,
};

const USER: HeaderName = HeaderName::from_static("x-pointsman-user");
const SCOPES: HeaderName = HeaderName::from_static("x-pointsman-scopes");
const ADMIN: HeaderName = HeaderName::from_static("x-pointsman-admin");
const KEY_ID: HeaderName = HeaderName::from_static("x-pointsman-key-id");
const PEER: HeaderName = HeaderName::from_static("x-pointsman-peer");

/// Passes a call to the control plane and its answer back.
pub(crate) async fn pass_on(mut call: Call, client: &Client) -> Result<Reply, CallError> {
    let request_id = call.ensure_request_id();
    let answered = read_and_pass_on(call, client).await;
    answered.map_err(|error| {
        if error.has_details() {
            error.about("request_id", request_id.to_str().unwrap_or_default())
        } else {
            error
        }
    })
}

async fn read_and_pass_on(call: Call, client: &Client) -> Result<Reply, CallError> {
    let path = call.path.path();
    let Some(scope) = required_scope(path) else {
        // Who may call nothing learns nothing.
        client.identify(&call.worker, &call.routes.snapshot, &call.headers)?;
        let shown: String = path.chars().take(128).collect();
        return Err(CallError::new(Code::Unimplemented, format!("{shown} is no method of this server")));
    };
    let principal = call.principal(client, scope)?;
    let allowance = if scope == Scope::Write { Allowance::Change } else { Allowance::Question };
    let mut call = call.within(allowance);
    let deadline = call.deadline(None);
    let message = call.read_message(deadline).await?;
    pass_on_message(call, client, &principal, message).await
}

/// Passes a call whose message was read already to the control plane and its answer back.
pub(crate) async fn pass_on_message(
    call: Call,
    client: &Client,
    principal: &Principal,
    message: Message,
) -> Result<Reply, CallError> {
    let deadline = call.deadline(None);
    // It may wait long for its place, so that small messages count too.
    let reservation = call.hold(message.bytes.len(), message.reservation)?;
    let Call { worker, path, mut headers, .. } = call;
    headers.remove(CONTENT_LENGTH);
    let framed = frame(&message.bytes)?;
    drop(message.bytes);
    let mut begun = begin(&worker, client, principal, headers, path, deadline).await?;
    let task = tokio::task::spawn_local(async move {
        let _reservation = reservation;
        if message::send(&mut begun.out, framed).await.is_ok() {
            let _ = message::finish(&mut begun.out);
        }
    });
    answered(begun.response, PumpTask { task, deadline, _place: begun.place }).await
}

/// A call's place at the control plane, and in its connection's and its key's shares.
pub(crate) type ControlPlace = (Permit, OwnedSemaphorePermit, Option<OwnedSemaphorePermit>);

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
    path: PathAndQuery,
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
    uri.path_and_query = Some(path);
    let mut request = Request::new(());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = Uri::from_parts(uri).map_err(|error| internal(&error.to_string()))?;
    *request.version_mut() = Version::HTTP_2;
    *request.headers_mut() = headers;
    let sending = async {
        // Calls of one connection, and of one key, wait for each other before they take places from the others'.
        let share = client.control_share.clone().acquire_owned().await;
        let share = share.map_err(|error| internal(&error.to_string()))?;
        let of_key = worker.shared.control_key_shares.enter(&principal.key_id).await?;
        let place = worker.shared.control_admission.enter().await?;
        let mut sender = worker.control.ready().await?;
        let (response, out) = sender.send_request(request, false).map_err(|error| {
            CallError::unavailable(format!("the control plane cannot be reached: {error}"))
        })?;
        Ok(Begun { response, out, place: (place, share, of_key) })
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
