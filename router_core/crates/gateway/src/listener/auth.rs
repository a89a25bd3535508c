//! Who makes a call: the key in its metadata against the published key table.

use std::{cell::RefCell, sync::Arc};

use http::{HeaderMap, HeaderName, HeaderValue, header::AUTHORIZATION};
use pointsman_model::{AccessTable, Principal, Scope};
use sha2::{Digest, Sha256};
use tonic::Code;

use crate::{clock::utc_now_us, messages::status::CallError};

pub(crate) const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
/// How every key begins.
const KEY_PREFIX: &str = "pm_";

/// What a connection's last key turned out to be: clients send the same one with every call.
#[derive(Debug, Default)]
pub(crate) struct KeyCache(RefCell<Option<Known>>);

#[derive(Debug)]
struct Known {
    credential: HeaderValue,
    table: Arc<AccessTable>,
    principal: Arc<Principal>,
    expire_time_us: i64,
}

impl KeyCache {
    /// Says who calls.
    ///
    /// # Errors
    /// UNAUTHENTICATED: there is no key where one is needed, or a wrong one.
    pub(crate) fn principal(
        &self,
        headers: &HeaderMap,
        table: &Arc<AccessTable>,
        local: &Arc<Principal>,
    ) -> Result<Arc<Principal>, CallError> {
        // While there are no keys, what is none of ours is for somebody else, such as a proxy on the way.
        let authorization = || headers.get(AUTHORIZATION).filter(|value| !table.open || is_ours(value));
        let Some(credential) = headers.get(API_KEY).or_else(authorization) else {
            return if table.open {
                Ok(local.clone())
            } else {
                Err(unauthenticated(
                    "no API key: send one as metadata x-api-key, or authorization: Bearer; \
                     an admin makes them with 'pointsman keys create'",
                ))
            };
        };
        if let Some(known) = &*self.0.borrow()
            && known.credential == credential
            && Arc::ptr_eq(&known.table, table)
            && is_in_time(known.expire_time_us)
        {
            return Ok(known.principal.clone());
        }
        let (principal, expire_time_us) = check(credential, table)?;
        *self.0.borrow_mut() = Some(Known {
            credential: credential.clone(),
            table: table.clone(),
            principal: principal.clone(),
            expire_time_us,
        });
        Ok(principal)
    }
}

/// The key in a credential, without the scheme of `authorization`.
fn key(credential: &HeaderValue) -> &str {
    let text = credential.to_str().unwrap_or_default();
    let is_bearer = text.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer "));
    if is_bearer { text.get(7..).unwrap_or_default().trim() } else { text }
}

/// Whether a credential is a key of a server like this one, valid or not.
pub(crate) fn is_ours(credential: &HeaderValue) -> bool {
    key(credential).starts_with(KEY_PREFIX)
}

fn check(credential: &HeaderValue, table: &AccessTable) -> Result<(Arc<Principal>, i64), CallError> {
    let key = key(credential);
    let key_id = key.strip_prefix(KEY_PREFIX).and_then(|rest| rest.split_once('_')).map(|(key_id, _)| key_id);
    let key_id = key_id.ok_or_else(|| {
        unauthenticated("the API key is malformed: a key looks like pm_<id>_<secret>; send it whole")
    })?;
    let wrong = || unauthenticated("the API key is unknown, wrong or revoked; ask an admin for a new one");
    let known = table.keys.get(key_id).ok_or_else(wrong)?;
    let hash: [u8; 32] = Sha256::digest(key.as_bytes()).into();
    // Every byte is compared whatever the first difference, so that time tells nothing.
    let difference = hash.iter().zip(&known.secret_sha256).fold(0, |seen, (a, b)| seen | (a ^ b));
    if difference != 0 {
        return Err(wrong());
    }
    if !is_in_time(known.expire_time_us) {
        return Err(unauthenticated("the API key has expired; ask an admin for a new one"));
    }
    Ok((known.principal.clone(), known.expire_time_us))
}

fn is_in_time(expire_time_us: i64) -> bool {
    if expire_time_us == 0 {
        return true;
    }
    utc_now_us() < u64::try_from(expire_time_us).unwrap_or(0)
}

fn unauthenticated(message: &'static str) -> CallError {
    CallError::new(Code::Unauthenticated, message)
}

/// Refuses a principal whose key has not the scope that a method needs, or whose user's definition withholds it.
pub(crate) fn require_scope(principal: &Principal, path: &str, scope: Scope) -> Result<(), CallError> {
    if principal.allows(scope) {
        return Ok(());
    }
    let (name, method) = (scope.name(), path.rsplit('/').next().unwrap_or(path));
    let text = if principal.withheld.contains(scope) {
        let user = &principal.user_id;
        format!(
            "{method} needs the scope {name}, which this key has and the definition of its user {user:?} withholds; \
             ask an admin to add it there"
        )
    } else {
        format!("{method} needs a key with the scope {name}; use another key, or ask an admin for one")
    };
    Err(CallError::new(Code::PermissionDenied, text).because("SCOPE_MISSING").about("scope", name))
}

#[cfg(test)]
mod tests {
    use pointsman_model::{AccessKey, Scopes};

    use super::*;

    const KEY: &str = "pm_abcdefgh_secret_with_underscores";

    fn table(expire_time_us: i64) -> Arc<AccessTable> {
        let principal = Arc::new(Principal {
            user_id: "ann".into(),
            key_id: "abcdefgh".into(),
            scopes: Scopes::default().with(Scope::Predict),
            admin: false,
            withheld: Scopes::default().with(Scope::Write),
        });
        let secret_sha256 = Sha256::digest(KEY.as_bytes()).into();
        let key = AccessKey { secret_sha256, principal, expire_time_us };
        Arc::new(AccessTable { keys: [("abcdefgh".into(), key)].into(), open: false })
    }

    fn user(
        cache: &KeyCache,
        table: &Arc<AccessTable>,
        name: HeaderName,
        value: &str,
    ) -> Result<String, CallError> {
        let headers = HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())]);
        let principal = cache.principal(&headers, table, &Arc::new(Principal::local()))?;
        Ok(principal.user_id.to_string())
    }

    #[test]
    fn a_key_is_taken_from_either_header_and_again_from_the_cache() {
        let (cache, table) = (KeyCache::default(), table(0));
        assert_eq!(user(&cache, &table, API_KEY, KEY).unwrap(), "ann");
        assert_eq!(user(&cache, &table, API_KEY, KEY).unwrap(), "ann");
        assert_eq!(user(&cache, &table, AUTHORIZATION, &format!("Bearer {KEY}")).unwrap(), "ann");
    }

    #[test]
    fn a_missing_scope_is_the_keys_lack_or_the_users_definition_and_the_refusal_says_which() {
        let principal = KeyCache::default();
        let headers = HeaderMap::from_iter([(API_KEY, HeaderValue::from_static(KEY))]);
        let principal = principal.principal(&headers, &table(0), &Arc::new(Principal::local())).unwrap();
        assert!(require_scope(&principal, "/s/Predict", Scope::Predict).is_ok());
        let lacking = require_scope(&principal, "/s/GetRouter", Scope::Read).unwrap_err();
        assert!(
            lacking.message.starts_with("GetRouter needs a key with the scope mlops:read;"),
            "{lacking:?}"
        );
        let withheld = require_scope(&principal, "/s/StopRouter", Scope::Write).unwrap_err();
        let said = "StopRouter needs the scope mlops:write, which this key has and the definition of its user \
                    \"ann\" withholds; ask an admin to add it there";
        assert_eq!((withheld.code, &*withheld.message), (Code::PermissionDenied, said));
    }

    #[test]
    fn credentials_of_others_are_nothing_to_a_server_without_keys() {
        let open = Arc::new(AccessTable { open: true, ..AccessTable::default() });
        let cache = KeyCache::default();
        for others in ["Bearer eyJhbGciOiJub25lIn0.e30.", "Basic YTpi", "token"] {
            assert_eq!(user(&cache, &open, AUTHORIZATION, others).unwrap(), "local", "{others}");
            let error = user(&cache, &table(0), AUTHORIZATION, others).unwrap_err();
            assert_eq!(error.code, Code::Unauthenticated, "{others}");
        }
        // Whoever sends one of ours believes that it is checked.
        for name in [AUTHORIZATION, API_KEY] {
            assert_eq!(user(&cache, &open, name, KEY).unwrap_err().code, Code::Unauthenticated);
        }
    }

    #[test]
    fn a_revoked_key_is_refused_though_the_connection_knew_it() {
        let (cache, table) = (KeyCache::default(), table(0));
        user(&cache, &table, API_KEY, KEY).unwrap();
        let error = user(&cache, &Arc::default(), API_KEY, KEY).unwrap_err();
        assert_eq!(error.code, Code::Unauthenticated);
    }

    #[test]
    fn wrong_malformed_expired_and_absent_keys_are_refused() {
        let cache = KeyCache::default();
        for wrong in ["pm_abcdefgh_other", "pm_unknown1_secret", "secret", "pm_abcdefgh"] {
            assert_eq!(user(&cache, &table(0), API_KEY, wrong).unwrap_err().code, Code::Unauthenticated);
        }
        assert!(user(&cache, &table(1), API_KEY, KEY).unwrap_err().message.contains("expired"));
        let local = Arc::new(Principal::local());
        assert!(cache.principal(&HeaderMap::new(), &table(0), &local).is_err());
        let open = Arc::new(AccessTable { open: true, ..AccessTable::default() });
        assert_eq!(cache.principal(&HeaderMap::new(), &open, &local).unwrap(), local);
    }
}
