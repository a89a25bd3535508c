//! The scope that a key needs for a method, as the options of the contract say.

use pointsman_model::Scope;

use crate::generated::{method_scopes::METHOD_SCOPES, pointsman_v1 as proto};

/// The scope for a method of `pointsman.v1`; none when there is no such method.
#[must_use]
pub fn required_scope(path: &str) -> Option<Scope> {
    let found = METHOD_SCOPES.binary_search_by(|(known, _)| (*known).cmp(path)).ok()?;
    METHOD_SCOPES.get(found).and_then(|(_, scope)| scope_from_proto(*scope))
}

/// A scope that is stated.
pub(crate) fn scope_from_proto(scope: proto::Scope) -> Option<Scope> {
    match scope {
        proto::Scope::MlopsRead => Some(Scope::Read),
        proto::Scope::MlopsWrite => Some(Scope::Write),
        proto::Scope::MlopsPredict => Some(Scope::Predict),
        proto::Scope::Unspecified => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_of_the_table_is_found_and_others_are_not() {
        assert!(METHOD_SCOPES.is_sorted_by_key(|(path, _)| path));
        for (path, scope) in METHOD_SCOPES {
            assert_eq!(required_scope(path), scope_from_proto(*scope), "{path}");
            assert!(required_scope(path).is_some(), "{path}");
        }
        assert_eq!(required_scope("/pointsman.v1.RouterService/GetRouter"), Some(Scope::Read));
        assert_eq!(required_scope("/pointsman.v1.RouterService/CreateRouter"), Some(Scope::Write));
        for unknown in ["", "/", "/pointsman.v1.RouterService/", "/pointsman.v1.RouterService/getRouter"] {
            assert_eq!(required_scope(unknown), None, "{unknown:?}");
        }
    }
}
