//! Which credentials of clients go on to which backends: none, unless the operator says so.

use std::collections::HashMap;

use http::{
    HeaderMap, HeaderName,
    header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION},
};
use serde::Deserialize;

use crate::{error::GatewayError, listener::auth::is_ours};

/// What no backend gets of itself.
const WITHHELD: [HeaderName; 3] = [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE];

/// Names of metadata by the target that gets them, written as model versions write it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct ForwardMetadata(HashMap<String, Vec<String>>);

impl ForwardMetadata {
    /// Takes from a call's metadata the credentials that its backend may not have: all that are not named for it, and
    /// keys of this server, whatever is named.
    pub(crate) fn withhold(&self, target: &str, headers: &mut HeaderMap) {
        let named = if self.0.is_empty() { None } else { self.0.get(target) };
        for name in WITHHELD {
            let is_named = named.is_some_and(|named| named.iter().any(|given| given == name.as_str()));
            if !is_named || headers.get_all(&name).iter().any(is_ours) {
                headers.remove(name);
            }
        }
    }

    pub(crate) fn check(&self) -> Result<(), GatewayError> {
        for (target, names) in &self.0 {
            if let Some(name) =
                names.iter().find(|given| WITHHELD.iter().all(|name| name.as_str() != **given))
            {
                let known = WITHHELD.each_ref().map(HeaderName::as_str).join(", ");
                let reason = format!(
                    "{name:?} cannot be named: {known} can, in lower case; all other metadata goes on without, and \
                     x-api-key, which holds keys of this server, never does"
                );
                return Err(GatewayError::config(&format!("forward_metadata.{target:?}"), reason));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn naming(names: &[&str]) -> ForwardMetadata {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        ForwardMetadata([("a:1".to_owned(), names)].into())
    }

    fn left(named: &ForwardMetadata, target: &str, authorization: &[&'static str]) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for value in authorization {
            headers.append(AUTHORIZATION, HeaderValue::from_static(value));
        }
        headers.insert(COOKIE, HeaderValue::from_static("a=b"));
        headers.insert("x-other", HeaderValue::from_static("stays"));
        named.withhold(target, &mut headers);
        let shown = headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()));
        let mut shown: Vec<String> = shown.collect();
        shown.sort();
        shown
    }

    #[test]
    fn credentials_go_to_no_backend_that_is_not_named() {
        assert_eq!(left(&ForwardMetadata::default(), "a:1", &["Bearer x"]), ["x-other: stays"]);
        assert_eq!(left(&naming(&["authorization"]), "a:2", &["Bearer x"]), ["x-other: stays"]);
    }

    #[test]
    fn a_named_backend_gets_what_is_named_and_no_more() {
        let got = left(&naming(&["authorization"]), "a:1", &["Bearer x"]);
        assert_eq!(got, ["authorization: Bearer x", "x-other: stays"]);
        assert_eq!(left(&naming(&["cookie"]), "a:1", &["Bearer x"]), ["cookie: a=b", "x-other: stays"]);
    }

    #[test]
    fn keys_of_this_server_go_on_to_nobody() {
        for ours in ["pm_k1_secret", "Bearer pm_k1_secret", "bearer  pm_k1_secret"] {
            let named = naming(&["authorization"]);
            assert_eq!(left(&named, "a:1", &[ours]), ["x-other: stays"], "{ours}");
            assert_eq!(left(&named, "a:1", &["Bearer x", ours]), ["x-other: stays"], "{ours}");
        }
    }

    #[test]
    fn names_that_are_no_credentials_are_refused() {
        for name in ["x-api-key", "Authorization", "grpc-timeout", ""] {
            let error = naming(&[name]).check().unwrap_err().to_string();
            assert!(error.contains("forward_metadata") && error.contains(&format!("{name:?}")), "{error}");
        }
        assert!(naming(&["authorization", "proxy-authorization", "cookie"]).check().is_ok());
    }
}
