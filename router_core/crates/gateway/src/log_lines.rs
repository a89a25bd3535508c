//! Log lines for people, in the form that `pointsman.cli.serving.log_lines` writes in Python: both are one log.
//!
//! A line is `2026-11-29 08:00:00 warning  message  key=value`, in UTC. Whatever a value holds, it stays within its
//! line and changes nothing on a terminal.

use std::fmt::{self, Debug, Write as _};

use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::Writer,
        time::{FormatTime as _, SystemTime},
    },
    registry::LookupSpan,
};

/// What lines of our own crates come from; others say theirs.
const OWN: &str = "pointsman";
const BOLD: &str = "1";
const DIM: &str = "2";
const SECONDS_LENGTH: usize = "2026-11-29T08:00:00".len();

/// Writes events as lines of text.
pub(crate) struct TextLines {
    pub(crate) has_colours: bool,
}

impl<S, N> FormatEvent<S, N> for TextLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut to: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut time = String::new();
        SystemTime.format_time(&mut Writer::new(&mut time))?;
        let mut said = Said { lines: self, message: String::new(), fields: String::new() };
        event.record(&mut said);
        let metadata = event.metadata();
        if !metadata.target().starts_with(OWN) {
            said.field("target", metadata.target());
        }
        let Said { message, fields, .. } = said;
        to.write_str(&self.line(&time, *metadata.level(), &message, &fields))
    }
}

impl TextLines {
    /// A line of a time as RFC 3339 writes it, and fields that are written already.
    fn line(&self, time: &str, level: Level, message: &str, fields: &str) -> String {
        let time = time.get(..SECONDS_LENGTH).unwrap_or(time).replace('T', " ");
        let (name, colour) = named(level);
        let time = self.coloured(DIM, &time);
        let level = self.coloured(colour, &format!("{name:<7}"));
        let message = self.coloured(BOLD, &escaped(message));
        format!("{time} {level}  {message}{fields}\n")
    }

    fn coloured(&self, colour: &str, text: &str) -> String {
        if self.has_colours { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// What an event says.
struct Said<'a> {
    lines: &'a TextLines,
    message: String,
    fields: String,
}

impl Said<'_> {
    fn field(&mut self, name: &str, value: &str) {
        let name = self.lines.coloured(DIM, &format!("{}=", escaped(name)));
        // Writing to a string does not fail.
        let _ = write!(self.fields, "  {name}{}", quoted(value));
    }
}

impl Visit for Said<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            value.clone_into(&mut self.message)
        } else {
            self.field(field.name(), value)
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

const fn named(level: Level) -> (&'static str, &'static str) {
    match level {
        Level::ERROR => ("error", "31"),
        Level::WARN => ("warning", "33"),
        Level::INFO => ("info", "32"),
        Level::DEBUG => ("debug", "34"),
        Level::TRACE => ("trace", "34"),
    }
}

/// A value as it stands behind its name: in quotes where it could be taken for more than one value.
fn quoted(text: &str) -> String {
    let is_plain = |one: char| !(one.is_whitespace() || matches!(one, '"' | '\\' | '=') || is_unseen(one));
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("\"{}\"", escaped(text).replace('"', "\\\""))
}

/// A text without what ends a line, moves a cursor or turns the direction of writing.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for one in text.chars() {
        match one {
            '\\' => safe.push_str("\\\\"),
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            one if is_unseen(one) => {
                let _ = write!(safe, "\\u{:04x}", u32::from(one));
            }
            one => safe.push(one),
        }
    }
    safe
}

/// Control characters, line separators and marks of direction.
pub(crate) fn is_unseen(one: char) -> bool {
    one.is_control()
        || matches!(
            one,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: TextLines = TextLines { has_colours: false };

    #[test]
    fn a_line_begins_with_its_time_and_level() {
        let line =
            PLAIN.line("2026-11-29T08:00:00.123456Z", Level::WARN, "call failed", "  code=UNAVAILABLE");
        assert_eq!(line, "2026-11-29 08:00:00 warning  call failed  code=UNAVAILABLE\n");
        let line = PLAIN.line("2026-11-29T08:00:00.123456Z", Level::INFO, "serving", "");
        assert_eq!(line, "2026-11-29 08:00:00 info     serving\n");
    }

    /// The same texts stand in `tests/unit/cli/serving/test_log_lines.py`.
    #[test]
    fn values_stay_within_their_line() {
        for (value, written) in [
            ("127.0.0.1:8500", "127.0.0.1:8500"),
            ("größer", "größer"),
            ("", "\"\""),
            ("two words", "\"two words\""),
            ("a=b", "\"a=b\""),
            ("say \"hi\"", "\"say \\\"hi\\\"\""),
            ("C:\\x", "\"C:\\\\x\""),
            ("a\nb\r\tc", "\"a\\nb\\r\\tc\""),
            ("\u{1b}[31mred", "\"\\u001b[31mred\""),
            ("\u{9b}1m\u{7f}", "\"\\u009b1m\\u007f\""),
            ("a\u{2028}b\u{202e}c", "\"a\\u2028b\\u202ec\""),
        ] {
            assert_eq!(quoted(value), written);
        }
    }

    #[test]
    fn a_message_makes_no_second_line() {
        let line = PLAIN.line("2026-11-29T08:00:00Z", Level::ERROR, "a\n2026 forged\u{1b}[2J", "");
        assert_eq!(line, "2026-11-29 08:00:00 error    a\\n2026 forged\\u001b[2J\n");
    }

    #[test]
    fn colours_are_written_for_terminals_alone() {
        let line = TextLines { has_colours: true }.line("2026-11-29T08:00:00Z", Level::WARN, "m", "");
        assert_eq!(
            line,
            "\u{1b}[2m2026-11-29 08:00:00\u{1b}[0m \u{1b}[33mwarning\u{1b}[0m  \u{1b}[1mm\u{1b}[0m\n"
        );
    }
}
