//! Who may bring feedback: those who may call the router.

use pointsman_model::{Principal, Router};
use tonic::Code;

use crate::messages::status::CallError;

/// Refuses who may not call a router.
pub(super) fn require_predict(principal: &Principal, router: &Router) -> Result<(), CallError> {
    if principal.may_predict(router) {
        return Ok(());
    }
    if !principal.may_read(router) {
        return Err(router_not_found(router.id.as_str()));
    }
    let text = format!(
        "router {:?} belongs to {:?} and you may not call it; its owner can open it with public_predict",
        router.id, router.settings.owner
    );
    Err(CallError::new(Code::PermissionDenied, text)
        .because("NOT_ROUTER_OWNER")
        .about("router_id", router.id.as_str()))
}

/// A router that is not there, or not there for this caller.
pub(super) fn router_not_found(router_id: &str) -> CallError {
    let text = format!(
        "router {router_id:?} does not exist, or you may not see it; ListRouters shows those you may"
    );
    CallError::new(Code::NotFound, text).because("ROUTER_NOT_FOUND").about("router_id", router_id)
}
