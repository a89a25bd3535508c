//! What machines read of a failure: `google.rpc.Status` with its details, in `grpc-status-details-bin`.

use std::collections::HashMap;

use http::{HeaderName, HeaderValue};
use prost::Message;
use prost_types::Any;
use tonic::{Code, metadata::BinaryMetadataValue};

pub(crate) const STATUS_DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");
const DOMAIN: &str = "pointsman";

/// The reason of a failure and the fields at fault.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ErrorDetails {
    /// In capitals, such as `ROUTER_NOT_FOUND`.
    pub(crate) reason: &'static str,
    /// Further facts.
    pub(crate) metadata: Vec<(&'static str, String)>,
    /// Fields and what is wrong with each.
    pub(crate) fields: Vec<(String, String)>,
}

impl ErrorDetails {
    /// The header's value; none when it cannot be one.
    pub(crate) fn encode(&self, code: Code, message: &str) -> Option<HeaderValue> {
        let mut details = vec![pack(
            "type.googleapis.com/google.rpc.ErrorInfo",
            &ErrorInfo {
                reason: self.reason.to_owned(),
                domain: DOMAIN.to_owned(),
                metadata: self
                    .metadata
                    .iter()
                    .map(|(key, value)| ((*key).to_owned(), value.clone()))
                    .collect(),
            },
        )];
        if !self.fields.is_empty() {
            let violation = |(field, description): &(String, String)| FieldViolation {
                field: field.clone(),
                description: description.clone(),
            };
            let field_violations = self.fields.iter().map(violation).collect();
            details.push(pack("type.googleapis.com/google.rpc.BadRequest", &BadRequest { field_violations }));
        }
        let status = Status { code: code as i32, message: message.to_owned(), details };
        let value = BinaryMetadataValue::from_bytes(&status.encode_to_vec());
        HeaderValue::from_bytes(value.as_encoded_bytes()).ok()
    }
}

fn pack(type_url: &str, message: &impl Message) -> Any {
    Any { type_url: type_url.to_owned(), value: message.encode_to_vec() }
}

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

/// `google.rpc.ErrorInfo`.
#[derive(Clone, PartialEq, Message)]
struct ErrorInfo {
    #[prost(string, tag = "1")]
    reason: String,
    #[prost(string, tag = "2")]
    domain: String,
    #[prost(map = "string, string", tag = "3")]
    metadata: HashMap<String, String>,
}

/// `google.rpc.BadRequest`.
#[derive(Clone, PartialEq, Message)]
struct BadRequest {
    #[prost(message, repeated, tag = "1")]
    field_violations: Vec<FieldViolation>,
}

/// `google.rpc.BadRequest.FieldViolation`.
#[derive(Clone, PartialEq, Message)]
struct FieldViolation {
    #[prost(string, tag = "1")]
    field: String,
    #[prost(string, tag = "2")]
    description: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_come_back_as_the_messages_that_clients_know() {
        let details = ErrorDetails {
            reason: "INVALID_ARGUMENT",
            metadata: vec![("request_id", "7".to_owned())],
            fields: vec![("value".to_owned(), "is é".to_owned())],
        };
        let header = details.encode(Code::InvalidArgument, "value: is é").unwrap();
        let value = decoded(&header);
        let status = Status::decode(&value[..]).unwrap();
        assert_eq!((status.code, &*status.message), (3, "value: is é"));
        let info = ErrorInfo::decode(&status.details[0].value[..]).unwrap();
        assert_eq!(
            (&*info.reason, &*info.domain, &*info.metadata["request_id"]),
            ("INVALID_ARGUMENT", "pointsman", "7")
        );
        let bad = BadRequest::decode(&status.details[1].value[..]).unwrap();
        assert_eq!(
            (&*bad.field_violations[0].field, &*bad.field_violations[0].description),
            ("value", "is é")
        );
        assert!(status.details[1].type_url.ends_with("/google.rpc.BadRequest"));
    }

    fn decoded(header: &HeaderValue) -> Vec<u8> {
        let mut headers = http::HeaderMap::new();
        headers.insert(STATUS_DETAILS, header.clone());
        let metadata = tonic::metadata::MetadataMap::from_headers(headers);
        metadata.get_bin(STATUS_DETAILS.as_str()).unwrap().to_bytes().unwrap().to_vec()
    }
}
