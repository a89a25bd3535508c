//! What all connections to backends have in common.

use std::time::Duration;

use crate::config::Limits;

/// What all connections of a pool have in common.
#[derive(Debug, Clone)]
pub(crate) struct PoolSettings {
    pub(crate) connect_timeout: Duration,
    pub(crate) keepalive_interval: Duration,
    pub(crate) keepalive_timeout: Duration,
    pub(crate) max_header_list_bytes: u32,
}

impl From<&Limits> for PoolSettings {
    fn from(limits: &Limits) -> Self {
        Self {
            connect_timeout: limits.connect_timeout(),
            keepalive_interval: limits.keepalive_interval(),
            keepalive_timeout: limits.keepalive_timeout(),
            max_header_list_bytes: limits.max_header_list_bytes,
        }
    }
}
