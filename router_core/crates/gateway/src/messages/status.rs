//! How a call fails: a gRPC status and a sentence, and their place in HTTP/2.

use std::{borrow::Cow, fmt::Write};

use http::{HeaderMap, HeaderName, HeaderValue};
use tonic::Code;

use pointsman_wire::generated::pointsman_v1 as proto;

use crate::messages::error_details::{ErrorDetails, STATUS_DETAILS};

pub(crate) const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
pub(crate) const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
pub(crate) const GRPC_CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/grpc");

/// What the log says of a status that a backend gave: its words are for the client.
pub(crate) const BACKENDS_OWN: &str = "the backend answered with this status";

/// Why a call is not answered: the status and a sentence that says which thing and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CallError {
    /// The status.
    pub(crate) code: Code,
    /// The sentence.
    pub(crate) message: Cow<'static, str>,
    /// What machines read of it.
    details: Option<Box<ErrorDetails>>,
    /// What the log says instead, where the sentence quotes what was asked or answered.
    logged: Option<&'static str>,
}

impl CallError {
    pub(crate) fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), details: None, logged: None }
    }

    pub(crate) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::InvalidArgument, message)
    }

    pub(crate) fn unavailable(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::Unavailable, message)
    }

    pub(crate) fn exhausted(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::ResourceExhausted, message)
    }

    pub(crate) fn deadline() -> Self {
        Self::new(Code::DeadlineExceeded, "the deadline passed before the answer was complete")
    }

    /// INVALID_ARGUMENT by these fields: each with what is wrong and what would be right.
    pub(crate) fn of_fields(fields: Vec<(String, String)>) -> Self {
        let texts: Vec<String> = fields.iter().map(|(field, reason)| format!("{field}: {reason}")).collect();
        let mut error = Self::invalid(texts.join("; "));
        error.details =
            Some(Box::new(ErrorDetails { reason: "INVALID_ARGUMENT", fields, ..Default::default() }));
        error
    }

    /// The same failure with a reason for machines.
    pub(crate) fn because(mut self, reason: &'static str) -> Self {
        self.details.get_or_insert_default().reason = reason;
        self
    }

    /// The same failure with a further fact for machines.
    pub(crate) fn about(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.details.get_or_insert_default().metadata.push((name, value.into()));
        self
    }

    /// The same failure, of which the log says only this: its sentence may quote what was asked or answered.
    pub(crate) const fn logged_as(mut self, reason: &'static str) -> Self {
        self.logged = Some(reason);
        self
    }

    /// What the log may say of it, which is what the client is told unless that quotes somebody.
    pub(crate) fn log_reason(&self) -> &str {
        self.logged.unwrap_or(&self.message)
    }

    /// The same, of an error that is done with.
    pub(crate) fn into_log_reason(self) -> Cow<'static, str> {
        self.logged.map_or(self.message, Cow::Borrowed)
    }

    /// Whether machines can read more of it than the code.
    pub(crate) fn has_details(&self) -> bool {
        self.details.is_some()
    }

    /// The same failure, said of a variant.
    pub(crate) fn of_variant(mut self, variant: &str) -> Self {
        self.message = format!("variant {variant}: {}", self.message).into();
        self
    }

    /// The same failure for the control plane to tell.
    pub(crate) fn refusal(self) -> proto::FeedbackRefusal {
        let details = self.details.unwrap_or_default();
        let fault = |(field, description)| proto::FieldFault { field, description };
        proto::FeedbackRefusal {
            code: self.code as i32,
            message: self.message.into_owned(),
            reason: details.reason.to_owned(),
            metadata: details.metadata.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            fields: details.fields.into_iter().map(fault).collect(),
        }
    }

    /// Writes the status into trailers.
    pub(crate) fn write(&self, trailers: &mut HeaderMap) {
        trailers.insert(GRPC_STATUS, code_value(self.code));
        if let Ok(value) = HeaderValue::from_str(&percent_encode(&self.message)) {
            trailers.insert(GRPC_MESSAGE, value);
        }
        let details = self.details.as_ref();
        if let Some(value) = details.and_then(|details| details.encode(self.code, &self.message)) {
            trailers.insert(STATUS_DETAILS, value);
        }
    }
}

/// The header value of a status code.
pub(crate) fn code_value(code: Code) -> HeaderValue {
    const VALUES: [&str; 17] =
        ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16"];
    HeaderValue::from_static(VALUES.get(code as usize).copied().unwrap_or("2"))
}

/// Reads a status code as a peer wrote it.
pub(crate) fn parse_code(value: &HeaderValue) -> Code {
    Code::from_bytes(value.as_bytes())
}

/// The name that metrics show.
pub(crate) const fn code_name(code: usize) -> &'static str {
    const NAMES: [&str; 17] = [
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    ];
    if code < NAMES.len() { NAMES[code] } else { "UNKNOWN" }
}

/// Percent-encodes what a `grpc-message` cannot carry as it is.
pub(crate) fn percent_encode(text: &str) -> Cow<'_, str> {
    let is_plain = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b'%';
    if text.bytes().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut encoded = String::with_capacity(text.len() + 16);
    for byte in text.bytes() {
        if is_plain(byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    Cow::Owned(encoded)
}

/// Reads a `grpc-message` back.
pub(crate) fn percent_decode(bytes: &[u8]) -> String {
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = after.first_chunk::<2>().filter(|_| byte == b'%');
        let value = escaped.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        decoded.push(value.unwrap_or(byte));
        rest = if value.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_says_what_the_client_is_told_unless_that_quotes_somebody() {
        let plain = CallError::unavailable("cannot be reached").of_variant("lr");
        assert_eq!(plain.log_reason(), "variant lr: cannot be reached");
        assert_eq!(plain.into_log_reason(), "variant lr: cannot be reached");
        let quoting = CallError::unavailable("no index 17").logged_as("it failed").of_variant("lr");
        assert_eq!(quoting.message, "variant lr: no index 17");
        assert_eq!(quoting.log_reason(), "it failed");
        assert_eq!(quoting.into_log_reason(), "it failed");
    }

    #[test]
    fn a_message_survives_as_the_protocol_encodes_it() {
        assert_eq!(percent_encode("plain text: 5"), "plain text: 5");
        assert_eq!(percent_encode("50 % – é\n"), "50 %25 %E2%80%93 %C3%A9%0A");
        assert_eq!(percent_decode(b"50 %25 %E2%80%93 %C3%A9%0A 5%"), "50 % – é\n 5%");
    }
}
