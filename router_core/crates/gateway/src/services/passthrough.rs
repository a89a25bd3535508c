//! Calls for the control plane: authenticated here, then passed on as they are, streams included.

use std::rc::Rc;

use h2::RecvStream;
use http::{
    HeaderName, HeaderValue, Request, Version,
    header::{AUTHORIZATION, HOST},
    uri::{Authority, Parts, Scheme, Uri},
};
use tonic::Code;

use super::metadata::{ensure_request_id, strip};
use crate::{
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
    let (mut parts, mut body) = request.into_parts();
    let headers = &mut parts.headers;
    strip(headers);
    for name in [AUTHORIZATION, API_KEY, HOST] {
        headers.remove(name);
    }
    let value = |text: &str| HeaderValue::from_str(text).map_err(|error| internal(&error.to_string()));
    headers.insert(USER, value(&principal.user_id)?);
    headers.insert(SCOPES, value(&principal.scopes.names())?);
    headers.insert(ADMIN, HeaderValue::from_static(if principal.admin { "true" } else { "false" }));
    headers.insert(KEY_ID, value(&principal.key_id)?);
    headers.insert(PEER, value(&client.peer.to_string())?);
    ensure_request_id(worker, headers);
    let mut uri = Parts::default();
    uri.scheme = Some(Scheme::HTTP);
    uri.authority = Some(Authority::from_static("localhost"));
    uri.path_and_query = parts.uri.into_parts().path_and_query;
    parts.uri = Uri::from_parts(uri).map_err(|error| internal(&error.to_string()))?;
    parts.version = Version::HTTP_2;
    let place = worker.shared.control_admission.enter().await?;
    let mut sender = worker.control.ready().await?;
    let (response, mut out) = sender
        .send_request(Request::from_parts(parts, ()), false)
        .map_err(|error| CallError::unavailable(format!("the control plane cannot be reached: {error}")))?;
    let task = tokio::task::spawn_local(async move {
        // A broken stream shows on the answer's side. Trailers are no part of a gRPC request, and what only
        // this server may say could hide in them.
        if message::pump_data(&mut body, &mut out).await.is_ok() {
            let _ = message::finish(&mut out);
        }
    });
    let request = PumpTask { task, _place: place };
    let response = response
        .await
        .map_err(|error| CallError::unavailable(format!("the control plane broke the call off: {error}")))?;
    Ok(Reply::PassedOn { response, request })
}

fn internal(reason: &str) -> CallError {
    CallError::new(Code::Internal, reason.to_owned())
}
