//! What a call brings along: its metadata, its time, and what it may call.

use std::{
    borrow::Cow,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use h2::RecvStream;
use http::{HeaderMap, HeaderValue, Request};
use pointsman_model::{Principal, Router, Scope};
use tonic::{Code, metadata::MetadataMap};

use super::metadata::{
    ENTITY_ID, ENTITY_ID_ALIAS, ENTITY_ID_BINARY, GRPC_TIMEOUT, TRACEPARENT, backend_headers,
    ensure_request_id, parse_timeout,
};
use crate::{
    listener::{auth::require_scope, client::Client},
    messages::{allowance::Allowance, status::CallError},
    routing::routes::Route,
    worker::{LocalRoutes, Worker},
};

/// A call as it arrived.
pub(crate) struct Call {
    pub(crate) worker: Rc<Worker>,
    pub(crate) routes: LocalRoutes,
    pub(crate) path: http::uri::PathAndQuery,
    pub(crate) headers: HeaderMap,
    pub(crate) body: RecvStream,
    pub(crate) started: Instant,
    /// What its message may take.
    pub(crate) allowance: Allowance,
    /// The client's own; none when it brought none.
    timeout: Option<Duration>,
}

impl Call {
    pub(crate) fn new(worker: &Rc<Worker>, request: Request<RecvStream>) -> Self {
        let (parts, body) = request.into_parts();
        let path = parts
            .uri
            .into_parts()
            .path_and_query
            .unwrap_or_else(|| http::uri::PathAndQuery::from_static("/"));
        let timeout = parts.headers.get(GRPC_TIMEOUT).and_then(parse_timeout);
        let routes = worker.routes();
        Self {
            worker: worker.clone(),
            routes,
            path,
            headers: parts.headers,
            body,
            started: Instant::now(),
            allowance: Allowance::Data,
            timeout,
        }
    }

    /// The same call, whose message may take what its kind may.
    pub(crate) fn within(mut self, allowance: Allowance) -> Self {
        self.allowance = allowance;
        self
    }

    /// When the call must be answered: the client's deadline, the router's, or the server's.
    pub(crate) fn deadline(&self, router: Option<&Router>) -> tokio::time::Instant {
        let of_router = || router.and_then(|router| router.settings.default_timeout);
        let timeout = self.worker.shared.config.limits.timeout(self.timeout.or_else(of_router));
        tokio::time::Instant::from_std(self.started) + timeout
    }

    /// The deadline that the client names.
    pub(crate) fn named_deadline(&self) -> Option<tokio::time::Instant> {
        self.timeout.map(|_| self.deadline(None))
    }

    /// The entity that the metadata names.
    pub(crate) fn entity_id(&self) -> Result<Option<Cow<'_, str>>, CallError> {
        let value = self.headers.get(ENTITY_ID).or_else(|| self.headers.get(ENTITY_ID_ALIAS));
        let bytes = match value {
            Some(value) => Some(Cow::Borrowed(value.as_bytes())),
            None => binary_entity_id(&self.headers)?.map(Cow::Owned),
        };
        let Some(bytes) = bytes.filter(|bytes| !bytes.is_empty()) else { return Ok(None) };
        if bytes.len() > pointsman_wire::MAX_ENTITY_ID_BYTES {
            return Err(CallError::invalid(format!(
                "metadata pointsman-entity-id: at most {} bytes are allowed",
                pointsman_wire::MAX_ENTITY_ID_BYTES
            )));
        }
        let text = match bytes {
            Cow::Borrowed(bytes) => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
            Cow::Owned(bytes) => String::from_utf8(bytes).ok().map(Cow::Owned),
        };
        let not_text = || {
            CallError::invalid("metadata pointsman-entity-id: the bytes are not valid UTF-8; send UTF-8 text")
        };
        text.map(Some).ok_or_else(not_text)
    }

    /// The trace that the call belongs to: the second part of its `traceparent`.
    pub(crate) fn trace_id(&self) -> &str {
        let text = self.headers.get(TRACEPARENT).and_then(|value| value.to_str().ok());
        let id = text.and_then(|text| text.split('-').nth(1));
        let is_id = |id: &&str| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        id.filter(is_id).unwrap_or_default()
    }

    /// Who calls, if their key has the scope that the call needs.
    ///
    /// Asked before the message is read: whom it is refused to holds no memory.
    pub(crate) fn principal(&self, client: &Client, scope: Scope) -> Result<Arc<Principal>, CallError> {
        let principal = client.identify(&self.worker, &self.routes.snapshot, &self.headers)?;
        require_scope(&principal, self.path.path(), scope)?;
        Ok(principal)
    }

    /// Finds what a name stands for, if the caller may call it.
    pub(crate) fn route(&self, name: &str, principal: &Principal) -> Result<Arc<Route>, CallError> {
        let unknown = || {
            let shown: String = name.chars().take(128).collect();
            CallError::new(
                Code::NotFound,
                format!("no router, and no model with a production version, is called {shown:?}"),
            )
        };
        let route = self.routes.get(name).ok_or_else(unknown)?;
        let guarded = &*route.guarded;
        if principal.may_predict(guarded) {
            return Ok(route.clone());
        }
        if !principal.may_read(guarded) {
            return Err(unknown());
        }
        let kind = if route.router.is_some() { "router" } else { "model" };
        let text =
            format!("{kind} {}: you may read it but not call it; ask its owner for public_predict", route.id);
        Err(CallError::new(Code::PermissionDenied, text))
    }

    /// Makes sure that the call has a request id that logs and headers can carry, and answers it.
    pub(crate) fn ensure_request_id(&mut self) -> HeaderValue {
        ensure_request_id(&self.worker, &mut self.headers)
    }

    /// The metadata that goes on to the backend at a target.
    pub(crate) fn backend_headers(&mut self, target: &str, deadline: tokio::time::Instant) -> HeaderMap {
        backend_headers(&self.worker, std::mem::take(&mut self.headers), target, deadline)
    }
}

/// The entity id of clients whose text metadata is ASCII only.
fn binary_entity_id(headers: &HeaderMap) -> Result<Option<Vec<u8>>, CallError> {
    let Some(value) = headers.get(ENTITY_ID_BINARY) else { return Ok(None) };
    let mut alone = HeaderMap::with_capacity(1);
    alone.insert(ENTITY_ID_BINARY, value.clone());
    let decoded = MetadataMap::from_headers(alone)
        .get_bin(ENTITY_ID_BINARY.as_str())
        .and_then(|value| value.to_bytes().ok());
    let decoded = decoded.ok_or_else(|| {
        CallError::invalid("metadata pointsman-entity-id-bin: the value is not base64; send the id as bytes")
    })?;
    Ok(Some(decoded.to_vec()))
}
