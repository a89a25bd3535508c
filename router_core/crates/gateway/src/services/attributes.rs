//! What rules read of a call: features of Predict's map, or of the parameters and tensors of ModelInfer, and metadata.
//! Nothing is read before a rule asks for it.

use std::{
    cell::{Cell, OnceCell, RefCell},
    collections::BTreeMap,
};

use http::HeaderMap;
use pointsman_inference::features::{FirstRow, first_row};
use pointsman_lake::{InputsText, RuleInputs};
use pointsman_model::rules::Number;
use pointsman_policy::{Attributes, Value};
use pointsman_wire::{InferParts, Parameter};
use prost_types::value::Kind;
use tonic::Code;

use crate::{messages::status::CallError, routing::rule_places::RulePlace};

/// Where a call has its features.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Features<'a> {
    /// In Predict's map.
    Row(&'a BTreeMap<String, prost_types::Value>),
    /// In a whole `ModelInferRequest`.
    Message(&'a [u8]),
    /// In a message of which only a part is here; where rules read features, it is read to its end before.
    Unread,
}

/// What a decision by rules came across.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Noted {
    /// Conditions that met a value of a kind that they do not take.
    pub(crate) mismatches: u32,
    /// Whether the first row of a batch decided for all.
    pub(crate) is_by_first_row: bool,
}

/// What a call brings that rules may look at.
pub(crate) struct CallAttributes<'a> {
    features: Features<'a>,
    headers: &'a HeaderMap,
    places: &'a [RulePlace],
    /// Found when the first feature is asked for; none when the message is malformed.
    parts: OnceCell<Option<InferParts<'a>>>,
    /// Why what was asked for cannot be told: then there is no decision.
    fault: RefCell<Option<CallError>>,
    mismatches: Cell<u32>,
    rows: Cell<usize>,
    /// What was read, for the call's record; none where that is not to be kept.
    inputs: Option<RefCell<RuleInputs>>,
}

impl<'a> CallAttributes<'a> {
    /// Takes what a call brings.
    ///
    /// # Arguments
    /// * `places` - Where its tensors hold what rules look at, one for each of their sources.
    /// * `keeps_inputs` - Whether what is read goes into the call's record.
    pub(crate) fn new(
        features: Features<'a>,
        headers: &'a HeaderMap,
        places: &'a [RulePlace],
        keeps_inputs: bool,
    ) -> Self {
        Self {
            features,
            headers,
            places,
            parts: OnceCell::new(),
            fault: RefCell::new(None),
            mismatches: Cell::new(0),
            rows: Cell::new(0),
            inputs: keeps_inputs.then(RefCell::default),
        }
    }

    /// What the decision came across, and what it read as records keep it.
    ///
    /// # Errors
    /// Something that a rule asked for could not be read: the decision counts for nothing.
    pub(crate) fn finish(self) -> Result<(Noted, Option<InputsText>), CallError> {
        if let Some(fault) = self.fault.into_inner() {
            return Err(fault);
        }
        let noted = Noted { mismatches: self.mismatches.get(), is_by_first_row: self.rows.get() > 1 };
        Ok((noted, self.inputs.and_then(|inputs| inputs.into_inner().finish())))
    }

    fn find(&self, source: u16, name: &str) -> Found<'_> {
        match self.features {
            Features::Row(features) => Found::apart(of_row(features, name)),
            Features::Message(message) => self.of_message(message, source, name),
            Features::Unread => {
                self.fail(CallError::new(Code::Internal, "rules read a message that is not here"));
                Found::NOTHING
            }
        }
    }

    fn fail(&self, error: CallError) {
        self.fault.borrow_mut().get_or_insert(error);
    }

    fn of_message(&self, message: &'a [u8], source: u16, name: &str) -> Found<'_> {
        let find = || match InferParts::find(message) {
            Ok(parts) => Some(parts),
            Err(error) => {
                self.fail(CallError::invalid(error.to_string()));
                None
            }
        };
        let Some(parts) = self.parts.get_or_init(find) else { return Found::NOTHING };
        if let Some(parameter) = parts.parameter(name) {
            return Found::apart(of_parameter(parameter));
        }
        let (place, is_recorded) = match self.places.get(usize::from(source)) {
            None | Some(RulePlace::Nowhere) => return Found::NOTHING,
            Some(RulePlace::Disputed(reason)) => {
                self.fail(CallError::new(Code::FailedPrecondition, reason.clone()));
                return Found::NOTHING;
            }
            Some(RulePlace::At { place, is_recorded }) => (place, *is_recorded),
        };
        match first_row(parts, place) {
            Ok(Some(FirstRow { value, rows })) => {
                self.rows.set(self.rows.get().max(rows));
                // All rows of a batch are recorded, and what rules read is of the first. Beside other tensors there might
                // be another feature of the name.
                Found { value, is_in_row: is_recorded && rows == 1 && parts.inputs.len() == 1 }
            }
            Ok(None) => Found::NOTHING,
            Err(reason) => {
                self.fail(CallError::invalid(reason));
                Found::NOTHING
            }
        }
    }
}

impl Attributes for CallAttributes<'_> {
    fn feature(&self, source: u16, name: &str) -> Option<Value<'_>> {
        let Found { value, is_in_row } = self.find(source, name);
        if let Some(inputs) = &self.inputs {
            let mut inputs = inputs.borrow_mut();
            if is_in_row { inputs.add_of_row(source, name, value) } else { inputs.add(source, name, value) }
        }
        value
    }

    fn metadata(&self, key: &str) -> Option<Value<'_>> {
        let value = self.headers.get(key)?;
        Some(str::from_utf8(value.as_bytes()).map_or(Value::Other("bytes that are no UTF-8"), Value::Text))
    }

    fn note_mismatch(&self) {
        self.mismatches.set(self.mismatches.get().saturating_add(1));
    }
}

/// A value that was asked for, if there is one.
struct Found<'a> {
    value: Option<Value<'a>>,
    /// Whether the call's record has it among the features of its one row.
    is_in_row: bool,
}

impl<'a> Found<'a> {
    const NOTHING: Self = Self { value: None, is_in_row: false };

    fn apart(value: Option<Value<'a>>) -> Self {
        Self { value, is_in_row: false }
    }
}

/// A feature of a row: under its own name, or as `name_3` in the list that fills an input's columns.
pub(crate) fn of_row<'a>(
    features: &'a BTreeMap<String, prost_types::Value>,
    name: &str,
) -> Option<Value<'a>> {
    if let Some(value) = features.get(name) {
        return of_value(value);
    }
    let (list, number) = name.rsplit_once('_')?;
    let column: usize = number.parse().ok().filter(|column: &usize| column.to_string() == *number)?;
    match &features.get(list)?.kind {
        Some(Kind::ListValue(list)) => of_value(list.values.get(column)?),
        _ => None,
    }
}

fn of_value(value: &prost_types::Value) -> Option<Value<'_>> {
    match value.kind.as_ref()? {
        Kind::NullValue(_) => None,
        Kind::BoolValue(yes) => Some(Value::Bool(*yes)),
        Kind::NumberValue(number) => number_of(*number),
        Kind::StringValue(text) => Some(Value::Text(text)),
        Kind::ListValue(list) => match &list.values[..] {
            // A list of one value stands for the value, as it does to models.
            [single] if !matches!(single.kind, Some(Kind::ListValue(_))) => of_value(single),
            _ => Some(Value::Other("a list")),
        },
        Kind::StructValue(_) => Some(Value::Other("an object")),
    }
}

fn of_parameter(parameter: Parameter<'_>) -> Option<Value<'_>> {
    match parameter {
        Parameter::Nothing => None,
        Parameter::Bool(yes) => Some(Value::Bool(yes)),
        Parameter::Whole(whole) => Some(Value::Number(Number::Whole(whole))),
        Parameter::Double(number) => number_of(number),
        Parameter::Text(bytes) => {
            Some(str::from_utf8(bytes).map_or(Value::Other("bytes that are no UTF-8"), Value::Text))
        }
    }
}

fn number_of(number: f64) -> Option<Value<'static>> {
    (!number.is_nan()).then_some(Value::Number(Number::Float(number)))
}
