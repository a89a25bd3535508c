//! The data plane's log: JSON lines on standard error.

use tracing_subscriber::EnvFilter;

use crate::error::GatewayError;

/// Begins to log at a level or by a filter. A second server in the process shares the first one's log.
pub(crate) fn init(level: &str) -> Result<(), GatewayError> {
    let filter =
        EnvFilter::try_new(level).map_err(|error| GatewayError::config("log_level", error.to_string()))?;
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_writer(std::io::stderr)
        .with_env_filter(filter)
        .finish();
    // Refused only when there is a log already.
    let _ = tracing::subscriber::set_global_default(subscriber);
    Ok(())
}
