//! Command lines of the form `--name value`, names repeatable.

use std::str::FromStr;

use thiserror::Error;

/// Why a command line was refused.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum FlagError {
    /// Something stands where a flag should.
    #[error("{0}: not a flag; flags are --name value")]
    NotAFlag(String),
    /// A flag without its value.
    #[error("--{0}: the value is missing")]
    NoValue(String),
    /// A flag that must be given.
    #[error("--{0}: must be given")]
    Missing(&'static str),
    /// A value of the wrong kind.
    #[error("--{name}: {value:?} is not valid here")]
    Invalid {
        /// The flag.
        name: &'static str,
        /// What was given.
        value: String,
    },
}

/// The flags of one command line, in order.
#[derive(Debug, Default)]
pub struct Flags(Vec<(String, String)>);

impl Flags {
    /// Reads the arguments after the program's name.
    pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self, FlagError> {
        let mut flags = Vec::new();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let Some(name) = argument.strip_prefix("--") else {
                return Err(FlagError::NotAFlag(argument));
            };
            let value = arguments.next().ok_or_else(|| FlagError::NoValue(name.to_owned()))?;
            flags.push((name.to_owned(), value));
        }
        Ok(Self(flags))
    }

    /// Answers every value of a flag, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(flag, _)| flag == name).map(|(_, value)| value.as_str())
    }

    /// Answers the last value of a flag, or the default.
    pub fn get<T: FromStr>(&self, name: &'static str, default: T) -> Result<T, FlagError> {
        match self.all(name).last() {
            None => Ok(default),
            Some(value) => parse_value(name, value),
        }
    }

    /// Answers the last value of a flag that must be given.
    pub fn require<T: FromStr>(&self, name: &'static str) -> Result<T, FlagError> {
        let value = self.all(name).last().ok_or(FlagError::Missing(name))?;
        parse_value(name, value)
    }
}

fn parse_value<T: FromStr>(name: &'static str, value: &str) -> Result<T, FlagError> {
    value.parse().map_err(|_| FlagError::Invalid { name, value: value.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::{FlagError, Flags};

    fn parse(line: &str) -> Result<Flags, FlagError> {
        Flags::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn the_last_value_wins_and_all_are_kept() {
        let flags = parse("--model a --model b").expect("valid");
        assert_eq!(flags.require::<String>("model"), Ok("b".to_owned()));
        assert_eq!(flags.all("model").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(flags.get("seconds", 3), Ok(3));
    }

    #[test]
    fn a_wrong_line_is_explained() {
        assert_eq!(parse("model").unwrap_err(), FlagError::NotAFlag("model".to_owned()));
        assert_eq!(parse("--model").unwrap_err(), FlagError::NoValue("model".to_owned()));
        let flags = parse("--seconds x").expect("valid");
        assert!(flags.get("seconds", 3).is_err());
    }
}
