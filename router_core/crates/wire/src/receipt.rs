//! The assignment receipt: what a client learns about the decision behind its answer.

use std::fmt::{self, Write};

use bytes::{BufMut, BytesMut};

use crate::field::{field_length, put_field, put_field_start};

const PARAMETERS: u8 = 4;
const ENTRY_KEY: u8 = 1;
const ENTRY_VALUE: u8 = 2;
const STRING_PARAM: u8 = 3;

/// Long enough for every number that is written: 17 digits, sign, point, up to 6 zeros, exponent.
const NUMBER_BYTES: usize = 40;

/// The decision, as entries of the response's `parameters` map and as trailing metadata.
///
/// All values are texts, for some clients' schemas lack doubles.
#[derive(Debug, Clone)]
pub struct Receipt<'a> {
    prediction_id: &'a str,
    variant: &'a str,
    propensity: Number,
    reason: &'a str,
    generation: Number,
    decided_variant: &'a str,
    rule: &'a str,
    batch_row: &'a str,
}

impl<'a> Receipt<'a> {
    /// The names of the entries; those of the metadata have hyphens for underscores.
    pub const NAMES: [&'static str; 8] = [
        "pointsman_prediction_id",
        "pointsman_variant",
        "pointsman_propensity",
        "pointsman_reason",
        "pointsman_generation",
        "pointsman_decided_variant",
        "pointsman_rule",
        "pointsman_batch_row",
    ];

    /// The names of the metadata, in the order of [`Receipt::NAMES`].
    pub const METADATA_NAMES: [&'static str; 8] = [
        "pointsman-prediction-id",
        "pointsman-variant",
        "pointsman-propensity",
        "pointsman-reason",
        "pointsman-generation",
        "pointsman-decided-variant",
        "pointsman-rule",
        "pointsman-batch-row",
    ];

    /// Takes the decision; an empty prediction id is left out.
    #[must_use]
    pub fn new(
        prediction_id: &'a str,
        variant: &'a str,
        propensity: f64,
        reason: &'a str,
        generation: u64,
    ) -> Self {
        let propensity = if propensity != 0.0 && propensity.abs() < 1e-5 {
            Number::from(format_args!("{propensity:e}"))
        } else {
            Number::from(format_args!("{propensity}"))
        };
        let generation = Number::from(format_args!("{generation}"));
        Self {
            prediction_id,
            variant,
            propensity,
            reason,
            generation,
            decided_variant: "",
            rule: "",
            batch_row: "",
        }
    }

    /// Says that another variant was decided, for which the receipt's stood in.
    #[must_use]
    pub fn standing_in_for(self, decided_variant: &'a str) -> Self {
        Self { decided_variant, ..self }
    }

    /// Says which rule took the call, and whether the first row of a batch decided for all.
    #[must_use]
    pub fn by_rule(self, rule: &'a str, is_by_first_row: bool) -> Self {
        Self { rule, batch_row: if is_by_first_row { "0" } else { "" }, ..self }
    }

    /// The values, in the order of [`Receipt::NAMES`]; an empty one is not sent.
    #[must_use]
    pub fn values(&self) -> [&str; 8] {
        [
            self.prediction_id,
            self.variant,
            self.propensity.as_str(),
            self.reason,
            self.generation.as_str(),
            self.decided_variant,
            self.rule,
            self.batch_row,
        ]
    }

    /// The bytes that [`Receipt::encode`] writes: what the message's length prefix grows by.
    #[must_use]
    pub fn encoded_length(&self) -> usize {
        self.entries().map(|(name, value)| field_length(entry_length(name, value))).sum()
    }

    /// Writes the entries. Put behind a whole response they win over any that the backend sent.
    pub fn encode(&self, out: &mut BytesMut) {
        let start = out.len();
        out.resize(start + self.encoded_length(), 0);
        // A slice of known length takes small writes faster than a buffer that may grow.
        let mut free = out.get_mut(start..).unwrap_or_default();
        for (name, value) in self.entries() {
            put_field_start(&mut free, PARAMETERS, entry_length(name, value));
            put_field(&mut free, ENTRY_KEY, name.as_bytes());
            put_field_start(&mut free, ENTRY_VALUE, field_length(value.len()));
            put_field(&mut free, STRING_PARAM, value.as_bytes());
        }
    }

    /// The entries that are sent.
    pub fn entries(&self) -> impl Iterator<Item = (&'static str, &str)> {
        Self::NAMES.into_iter().zip(self.values()).filter(|(_, value)| !value.is_empty())
    }
}

fn entry_length(name: &str, value: &str) -> usize {
    field_length(name.len()) + field_length(field_length(value.len()))
}

/// A number's text, kept without allocating.
#[derive(Clone)]
struct Number {
    bytes: [u8; NUMBER_BYTES],
    length: usize,
}

impl Number {
    fn as_str(&self) -> &str {
        self.bytes.get(..self.length).and_then(|text| str::from_utf8(text).ok()).unwrap_or_default()
    }
}

impl From<fmt::Arguments<'_>> for Number {
    fn from(arguments: fmt::Arguments<'_>) -> Self {
        let mut number = Self { bytes: [0; NUMBER_BYTES], length: 0 };
        if number.write_fmt(arguments).is_err() {
            number.length = 0;
        }
        number
    }
}

impl Write for Number {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut free = self.bytes.get_mut(self.length..).ok_or(fmt::Error)?;
        if free.len() < text.len() {
            return Err(fmt::Error);
        }
        free.put_slice(text.as_bytes());
        self.length += text.len();
        Ok(())
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;
    use crate::generated::inference::{InferParameter, ModelInferResponse, infer_parameter::ParameterChoice};

    fn text(parameter: &InferParameter) -> &str {
        match &parameter.parameter_choice {
            Some(ParameterChoice::StringParam(text)) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_client_reads_every_entry_of_an_appended_receipt() {
        let parameters = [("pointsman_variant".to_owned(), InferParameter { parameter_choice: None })].into();
        let response = ModelInferResponse { id: "17".to_owned(), parameters, ..Default::default() };
        let mut bytes = BytesMut::from(&response.encode_to_vec()[..]);
        let before = bytes.len();
        let variant = "v".repeat(128);
        let receipt =
            Receipt::new("AQ", &variant, 0.7, "slot", u64::MAX).standing_in_for("b").by_rule("adults", true);
        receipt.encode(&mut bytes);
        assert_eq!(bytes.len() - before, receipt.encoded_length());

        let read = ModelInferResponse::decode(bytes.freeze()).unwrap();
        let values = Receipt::NAMES.map(|name| text(&read.parameters[name]));
        assert_eq!(values, ["AQ", &variant, "0.7", "slot", "18446744073709551615", "b", "adults", "0"]);
        assert_eq!(read.id, "17");
    }

    #[test]
    fn an_empty_prediction_id_is_left_out() {
        let mut bytes = BytesMut::new();
        Receipt::new("", "lr", 1.0, "pin", 3).encode(&mut bytes);
        let read = ModelInferResponse::decode(bytes.freeze()).unwrap();
        assert!(!read.parameters.contains_key("pointsman_prediction_id"));
        for absent in ["pointsman_decided_variant", "pointsman_rule", "pointsman_batch_row"] {
            assert!(!read.parameters.contains_key(absent));
        }
        assert_eq!(text(&read.parameters["pointsman_propensity"]), "1");
    }

    #[test]
    fn every_propensity_reads_back_as_the_same_number() {
        for propensity in
            [0.0, 1.0, 0.1 + 0.2, 1.0 / 3.0, 1e-5, 9.9e-6, f64::MIN_POSITIVE, 1.234_567_890_123_456_7e-5]
        {
            let receipt = Receipt::new("", "v", propensity, "slot", 0);
            assert_eq!(receipt.values()[2].parse(), Ok(propensity));
        }
    }
}
