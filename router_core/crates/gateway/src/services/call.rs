//! What a call brings along: its metadata, its time, and how its message is read.

use std::{
    io::Read,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use h2::RecvStream;
use http::{
    HeaderMap, HeaderName, HeaderValue, Request,
    header::{AUTHORIZATION, CONTENT_LENGTH, COOKIE, HOST, PROXY_AUTHORIZATION},
};
use pointsman_model::{Principal, Router, Scope};
use rand::Rng;
use tonic::Code;

use crate::{
    auth::{API_KEY, identify, require},
    budget::Reservation,
    connection::Connection,
    message::{self, MessageStart, Start, client_gone},
    routes::Route,
    status::CallError,
    worker::{LocalRoutes, Worker},
};

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
const GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
const GRPC_ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");
const ENTITY_ID: HeaderName = HeaderName::from_static("pointsman-entity-id");
const ENTITY_ID_ALIAS: HeaderName = HeaderName::from_static("x-entity-id");
const OWN_PREFIX: &str = "x-pointsman-";
const MAX_REQUEST_ID_BYTES: usize = 128;

/// A call as it arrived.
pub(crate) struct Call {
    pub(crate) worker: Rc<Worker>,
    pub(crate) routes: LocalRoutes,
    pub(crate) path: http::uri::PathAndQuery,
    pub(crate) headers: HeaderMap,
    pub(crate) body: RecvStream,
    pub(crate) started: Instant,
    /// The client's own; none when it brought none.
    timeout: Option<Duration>,
}

/// A message that was read, and the memory that it takes.
pub(crate) struct Message {
    pub(crate) bytes: Bytes,
    /// Given back when the call ends; none for small messages that came in one piece.
    pub(crate) reservation: Option<Reservation>,
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
            timeout,
        }
    }

    /// When the call must be answered: the client's deadline, the router's, or the server's.
    pub(crate) fn deadline(&self, router: Option<&Router>) -> tokio::time::Instant {
        let of_router = || router.and_then(|router| router.default_timeout);
        let of_server = || self.worker.shared.config.limits.default_deadline();
        let timeout = self.timeout.or_else(of_router).unwrap_or_else(of_server);
        tokio::time::Instant::from_std(self.started) + timeout
    }

    /// The entity that the metadata names.
    pub(crate) fn entity_id(&self) -> Result<Option<&str>, CallError> {
        let value = self.headers.get(ENTITY_ID).or_else(|| self.headers.get(ENTITY_ID_ALIAS));
        let text = value.map(|value| std::str::from_utf8(value.as_bytes())).transpose().map_err(|_| {
            CallError::invalid("metadata pointsman-entity-id: the bytes are not valid UTF-8; send UTF-8 text")
        })?;
        if text.is_some_and(|text| text.len() > pointsman_wire::MAX_ENTITY_ID_BYTES) {
            return Err(CallError::invalid(format!(
                "metadata pointsman-entity-id: at most {} bytes are allowed",
                pointsman_wire::MAX_ENTITY_ID_BYTES
            )));
        }
        Ok(text.filter(|text| !text.is_empty()))
    }

    pub(crate) fn principal(&self, connection: &Connection) -> Result<Arc<Principal>, CallError> {
        identify(&self.worker, &self.routes.snapshot, connection, &self.headers)
    }

    /// Finds what a name stands for, if the caller may call it.
    pub(crate) fn route(&self, name: &str, connection: &Connection) -> Result<Arc<Route>, CallError> {
        let principal = self.principal(connection)?;
        require(&principal, Scope::Predict, "mlops:predict")?;
        let unknown = || {
            let shown: String = name.chars().take(128).collect();
            CallError::new(
                Code::NotFound,
                format!("no router, and no model with a production version, is called {shown:?}"),
            )
        };
        let route = self.routes.get(name).ok_or_else(unknown)?;
        if let Some(router) = &route.router
            && !may_predict(&principal, router)
        {
            return Err(if may_read(&principal, router) {
                CallError::new(
                    Code::PermissionDenied,
                    format!(
                        "router {}: you may read it but not call it; ask its owner for public_predict",
                        router.id
                    ),
                )
            } else {
                unknown()
            });
        }
        Ok(route.clone())
    }

    /// Reads up to the message's prefix and checks it. The caller decides how to read on.
    pub(crate) async fn read_start(&mut self) -> Result<MessageStart, CallError> {
        let start = match message::read_start(&mut self.body).await.map_err(|error| client_gone(&error))? {
            Start::Message(start) => start,
            Start::Empty => return Err(CallError::invalid("the call has no message; send exactly one")),
            Start::Truncated => return Err(CallError::invalid("the stream ended inside a message's prefix")),
            Start::Malformed(error) => return Err(CallError::invalid(error.to_string())),
        };
        self.check_length(start.prefix.length as usize)?;
        Ok(start)
    }

    fn check_length(&self, length: usize) -> Result<(), CallError> {
        let most = self.worker.shared.config.limits.max_message_bytes;
        if length <= most {
            return Ok(());
        }
        Err(CallError::exhausted(format!(
            "message: {length} bytes are above the limit of {most} (limits.max_message_bytes); \
             send less, or have the limit raised"
        )))
    }

    /// Reads on to the message's end and inflates it if need be.
    pub(crate) async fn read_whole(&mut self, start: MessageStart) -> Result<Message, CallError> {
        let length = start.prefix.length as usize;
        let budget = &self.worker.shared.budget;
        // A small message that came with its prefix is gone soon; one that is waited for counts, or slow
        // clients would hold memory without bound.
        let is_counted = length > message::SMALL_MESSAGE_BYTES || start.bytes.len() < length;
        let mut reservation = is_counted.then(|| budget.reserve(length)).transpose()?;
        let bytes = message::gather(start.bytes, length, &mut self.body)
            .await
            .map_err(|error| client_gone(&error))?;
        if bytes.len() < length {
            return Err(CallError::invalid(format!(
                "message: {} bytes came but its length prefix says {length}; the message was cut or the prefix \
                 is wrong",
                bytes.len()
            )));
        }
        if bytes.len() > length {
            return Err(message::second_message());
        }
        message::expect_end(&mut self.body).await?;
        if !start.prefix.compressed {
            return Ok(Message { bytes, reservation });
        }
        let inflated = self.inflate(bytes).await?;
        if inflated.len() > message::SMALL_MESSAGE_BYTES {
            // The compressed form is gone by now.
            drop(reservation.take());
            reservation = Some(budget.reserve(inflated.len())?);
        }
        self.headers.remove(GRPC_ENCODING);
        Ok(Message { bytes: inflated, reservation })
    }

    async fn inflate(&self, bytes: Bytes) -> Result<Bytes, CallError> {
        let encoding = self.headers.get(GRPC_ENCODING).map_or(&b""[..], |value| value.as_bytes()).to_vec();
        let most = self.worker.shared.config.limits.max_message_bytes;
        let inflating = move |_| {
            let mut inflated = Vec::new();
            // One byte more than allowed tells a message that is too large from one that just fits.
            let limit = most as u64 + 1;
            let read = match &encoding[..] {
                b"gzip" => flate2::read::GzDecoder::new(&bytes[..]).take(limit).read_to_end(&mut inflated),
                b"deflate" => {
                    flate2::read::ZlibDecoder::new(&bytes[..]).take(limit).read_to_end(&mut inflated)
                }
                _ => {
                    return Err(CallError::new(
                        Code::Unimplemented,
                        format!(
                            "grpc-encoding {:?} is not known; use gzip, deflate or identity",
                            String::from_utf8_lossy(&encoding)
                        ),
                    ));
                }
            };
            read.map_err(|error| CallError::invalid(format!("the message cannot be inflated: {error}")))?;
            Ok(Bytes::from(inflated))
        };
        let inflated = self.worker.shared.tasks.run(inflating).await??;
        self.check_length(inflated.len())?;
        Ok(inflated)
    }

    /// Makes sure that the call has a request id that logs and headers can carry, and answers it.
    pub(crate) fn ensure_request_id(&mut self) -> HeaderValue {
        ensure_request_id(&self.worker, &mut self.headers)
    }

    /// The metadata that goes on to the backend.
    pub(crate) fn backend_headers(&mut self, deadline: tokio::time::Instant) -> HeaderMap {
        let mut headers = std::mem::take(&mut self.headers);
        strip(&mut headers);
        for name in [AUTHORIZATION, API_KEY, PROXY_AUTHORIZATION, COOKIE, HOST, CONTENT_LENGTH, GRPC_ENCODING]
        {
            headers.remove(name);
        }
        headers.insert(GRPC_ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let left = deadline.saturating_duration_since(tokio::time::Instant::now());
        headers.insert(GRPC_TIMEOUT, format_timeout(left));
        headers
    }
}

/// Keeps a request id that logs and headers can carry, or makes one; answers it.
pub(crate) fn ensure_request_id(worker: &Worker, headers: &mut HeaderMap) -> HeaderValue {
    let usable = |value: &&HeaderValue| {
        let bytes = value.as_bytes();
        !bytes.is_empty() && bytes.len() <= MAX_REQUEST_ID_BYTES && bytes.iter().all(u8::is_ascii_graphic)
    };
    if let Some(value) = headers.get(REQUEST_ID).filter(usable) {
        return value.clone();
    }
    let value = new_request_id(worker);
    headers.insert(REQUEST_ID, value.clone());
    value
}

/// A new request id of 16 hexadecimal digits.
fn new_request_id(worker: &Worker) -> HeaderValue {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let random = worker.rng.borrow_mut().next_u64();
    let mut text = [0_u8; 16];
    for (index, digit) in text.iter_mut().enumerate() {
        *digit = DIGITS[(random >> (index * 4) & 15) as usize];
    }
    HeaderValue::from_bytes(&text).unwrap_or(HeaderValue::from_static("0"))
}

/// Takes out what only this server may say.
pub(crate) fn strip(headers: &mut HeaderMap) {
    let is_forged = |name: &HeaderName| name.as_str().starts_with(OWN_PREFIX);
    if headers.keys().any(is_forged) {
        let forged: Vec<HeaderName> = headers.keys().filter(|name| is_forged(name)).cloned().collect();
        for name in forged {
            headers.remove(name);
        }
    }
}

fn may_predict(principal: &Principal, router: &Router) -> bool {
    principal.admin || router.permissions.public_predict || router.owner == principal.user_id
}

fn may_read(principal: &Principal, router: &Router) -> bool {
    let permissions = &router.permissions;
    permissions.public || permissions.shared_user_ids.contains(&principal.user_id)
}

/// Reads `grpc-timeout`: up to eight digits and a unit.
fn parse_timeout(value: &HeaderValue) -> Option<Duration> {
    let (&unit, digits) = value.as_bytes().split_last()?;
    if digits.is_empty() || digits.len() > 8 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let amount = digits.iter().fold(0_u64, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    Some(match unit {
        b'H' => Duration::from_secs(amount * 3_600),
        b'M' => Duration::from_secs(amount * 60),
        b'S' => Duration::from_secs(amount),
        b'm' => Duration::from_millis(amount),
        b'u' => Duration::from_micros(amount),
        b'n' => Duration::from_nanos(amount),
        _ => return None,
    })
}

/// Writes `grpc-timeout` in the finest unit that eight digits can hold.
pub(crate) fn format_timeout(timeout: Duration) -> HeaderValue {
    const MOST: u128 = 99_999_999;
    let (amount, unit) = match timeout.as_micros() {
        micros if micros <= MOST => (micros, 'u'),
        micros if micros / 1_000 <= MOST => (micros / 1_000, 'm'),
        micros => ((micros / 1_000_000).min(MOST), 'S'),
    };
    HeaderValue::try_from(format!("{amount}{unit}")).unwrap_or(HeaderValue::from_static("0u"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_read_and_written_as_the_protocol_says() {
        let parse = |text: &'static str| parse_timeout(&HeaderValue::from_static(text));
        assert_eq!(parse("250m"), Some(Duration::from_millis(250)));
        assert_eq!(parse("1H"), Some(Duration::from_secs(3_600)));
        for wrong in ["", "5", "m", "123456789m", "5x", "-1S"] {
            assert_eq!(parse(wrong), None, "{wrong:?}");
        }
        for timeout in [Duration::from_micros(1), Duration::from_secs(99), Duration::from_secs(1_000_000)] {
            assert_eq!(parse_timeout(&format_timeout(timeout)), Some(timeout));
        }
    }
}
