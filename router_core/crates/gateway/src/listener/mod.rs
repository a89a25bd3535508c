//! Client connections: accepted, checked, served by calls, ended.

pub(crate) mod acceptor;
pub(crate) mod auth;
pub(crate) mod call_task;
pub(crate) mod client;
pub(crate) mod connection;
pub(crate) mod keepalive;
pub(crate) mod key_shares;
pub(crate) mod preface;
