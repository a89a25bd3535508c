//! The data plane's log on standard error: JSON lines for programs, or text lines for people.

use serde::Deserialize;
use tracing_subscriber::EnvFilter;

use crate::{error::GatewayError, log_lines::TextLines};

/// How log lines are written. Who starts the server knows whether a person reads them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// An object a line.
    #[default]
    Json,
    /// A line of text, as the control plane writes it.
    Text,
    /// The same in colours, for terminals.
    ColouredText,
}

/// Begins to log at a level or by a filter. A second server in the process shares the first one's log.
pub(crate) fn init(level: &str, format: LogFormat) -> Result<(), GatewayError> {
    let filter =
        EnvFilter::try_new(level).map_err(|error| GatewayError::config("log_level", error.to_string()))?;
    let builder = tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter(filter);
    // Refused only when there is a log already.
    let _ = match format {
        LogFormat::Json => {
            let json = builder.json().flatten_event(true).with_current_span(false).with_span_list(false);
            tracing::subscriber::set_global_default(json.finish())
        }
        LogFormat::Text | LogFormat::ColouredText => {
            let lines = TextLines { has_colours: format == LogFormat::ColouredText };
            tracing::subscriber::set_global_default(builder.event_format(lines).finish())
        }
    };
    Ok(())
}
