//! Features into tensors: one row, by the signature.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use pointsman_model::{Datatype, Signature, TensorSpec};
use prost_types::Value;

use super::{
    FeatureError,
    columns::{RowShape, Takes, numbered_prefixes},
    given::{Given, Items},
};
use crate::{
    Tensor,
    element::{NumberProblem, push_bytes, push_double, push_number, push_text_number},
};

/// Makes the input tensors of one row.
///
/// Named features fill an input's columns in order. Without names, the feature of the input's own name fills it
/// (a list, when it has several columns), or `name_0`, `name_1`, …, or, when it is the only input, `f0`, `f1`, ….
/// A feature that is missing or null takes the signature's default; without one, null is NaN for floats and
/// everything else is an error. Features that the signature does not know are left alone: rules and records may
/// use them. Whether one is misspelt [`refuse_misspelt`](super::refuse_misspelt) says.
///
/// # Errors
/// A feature is missing or of the wrong kind, or the signature cannot be filled.
pub fn fill_inputs(
    signature: &Signature,
    features: &BTreeMap<String, Value>,
) -> Result<Vec<Tensor>, FeatureError> {
    if signature.inputs.is_empty() {
        return Err(FeatureError::Signature {
            field: "inputs".into(),
            reason:
                "the model version names no input; register it with the names, datatypes and shapes of its \
                     inputs, or send tensors by ModelInfer"
                    .into(),
        });
    }
    signature.inputs.iter().map(|spec| fill_input(signature, spec, features)).collect()
}

fn fill_input(
    signature: &Signature,
    spec: &TensorSpec,
    features: &BTreeMap<String, Value>,
) -> Result<Tensor, FeatureError> {
    let shape = RowShape::of(spec)?;
    let row = Row { signature, spec, shape: &shape, features };
    match row.feeders()? {
        Feeders::Listed(names) => row.fill_columns(names.iter().map(|name| name.to_string())),
        Feeders::Numbered(prefix, columns) => {
            row.fill_columns((0..columns).map(|index| format!("{prefix}{index}")))
        }
        Feeders::Single(name) => row.fill_columns(std::iter::once(name.to_string())),
        Feeders::List(name) => row.fill_list(name),
    }
}

/// The features that a row fills an input with, in the order of its columns, and whether the only one holds them all.
pub(super) fn fed_by(
    signature: &Signature,
    spec: &TensorSpec,
    shape: &RowShape<'_>,
    features: &BTreeMap<String, Value>,
) -> Result<(Vec<String>, bool), FeatureError> {
    let row = Row { signature, spec, shape, features };
    Ok(match row.feeders()? {
        Feeders::Listed(names) => (names.iter().map(|name| name.to_string()).collect(), false),
        Feeders::Numbered(prefix, columns) => {
            ((0..columns).map(|index| format!("{prefix}{index}")).collect(), false)
        }
        Feeders::Single(name) => (vec![name.to_owned()], false),
        Feeders::List(name) => (vec![name.to_owned()], true),
    })
}

/// The columns that a tensor's shape has for one row, where the features that it names do not fill them; they are none
/// where no number of names would.
///
/// # Errors
/// There are other columns than names.
pub(crate) fn named_columns(spec: &TensorSpec) -> Result<(), Option<usize>> {
    if spec.features.is_empty() {
        return Ok(());
    }
    let shape = RowShape::of(spec).map_err(|_| None)?;
    let columns = (shape.open_dimensions == 0).then_some(shape.known_columns);
    shape.columns().map(drop).map_err(|_| columns)
}

/// Whether a feature of this name may fill an input, or a part of one.
#[must_use]
pub fn feeds(signature: &Signature, name: &str) -> bool {
    signature.inputs.iter().any(|spec| {
        if !spec.features.is_empty() {
            return spec.features.iter().any(|feature| **feature == *name);
        }
        let columns = RowShape::of(spec).ok().and_then(|shape| shape.columns().ok().flatten());
        let is_column = |prefix: String| {
            name.strip_prefix(&prefix)
                .filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
                .and_then(|number| {
                    number.parse::<usize>().ok().filter(|parsed| parsed.to_string() == *number)
                })
                .is_some_and(|number| columns.is_none_or(|columns| number < columns))
        };
        *spec.name == *name || numbered_prefixes(signature, spec).into_iter().any(is_column)
    })
}

/// The defaults that no call could use, and why: as if each were the only one of its input.
pub(crate) fn default_faults(signature: &Signature) -> Vec<(String, String)> {
    let nothing = BTreeMap::new();
    let mut faults = Vec::new();
    for spec in &signature.inputs {
        let Ok(shape) = RowShape::of(spec) else { continue };
        let Ok(columns) = shape.columns() else { continue };
        let row = Row { signature, spec, shape: &shape, features: &nothing };
        let own_name = spec.features.first().unwrap_or(&spec.name);
        let takes_list = spec.features.len() <= 1 && columns != Some(1);
        for name in signature.defaults.keys() {
            let is_own = **name == **own_name;
            let is_column = spec.features.contains(name)
                || spec.features.is_empty()
                    && numbered_prefixes(signature, spec).iter().any(|prefix| name.starts_with(prefix));
            let filled = if is_own && takes_list {
                row.fill_list(name).map(drop)
            } else if is_own || is_column {
                row.given(name).map_or(Ok(()), |given| row.push(&mut Vec::new(), name, single(given)))
            } else {
                continue;
            };
            if let Err(FeatureError::Feature { reason, .. }) = filled {
                faults.push((name.to_string(), reason));
            }
        }
    }
    faults
}

/// A list of one value stands for the value.
fn single(given: Given<'_>) -> Given<'_> {
    match given {
        Given::List(items) if items.len() == 1 => items.iter().next().unwrap_or(Given::Null),
        other => other,
    }
}

/// The features that fill an input.
enum Feeders<'a> {
    /// One for each column, as the signature names them.
    Listed(&'a [Arc<str>]),
    /// One for each of so many columns: a prefix with the column's number.
    Numbered(String, usize),
    /// One for the only column.
    Single(&'a str),
    /// One that holds all columns.
    List(&'a str),
}

/// What it takes to fill one input.
struct Row<'a> {
    signature: &'a Signature,
    spec: &'a TensorSpec,
    shape: &'a RowShape<'a>,
    features: &'a BTreeMap<String, Value>,
}

impl<'a> Row<'a> {
    /// Which features fill the input; it hangs on which are there.
    fn feeders(&self) -> Result<Feeders<'a>, FeatureError> {
        let (spec, columns) = (self.spec, self.shape.columns()?);
        let own_name = spec.features.first().unwrap_or(&spec.name);
        if spec.features.len() > 1 || columns == Some(1) && !spec.features.is_empty() {
            return Ok(columns.map_or(Feeders::List(own_name), |_| Feeders::Listed(&spec.features)));
        }
        let numbered = if self.given(own_name).is_some() || !spec.features.is_empty() {
            None
        } else {
            numbered_prefixes(self.signature, spec).into_iter().find(|prefix| self.has_numbered(prefix))
        };
        Ok(match (numbered, columns) {
            (Some(prefix), Some(columns)) => Feeders::Numbered(prefix, columns),
            (None, Some(1)) => Feeders::Single(own_name),
            _ => Feeders::List(own_name),
        })
    }

    /// The value of a feature: the one sent, or the default where it is missing or null.
    fn given(&self, name: &str) -> Option<Given<'a>> {
        match self.features.get(name).map(Given::from) {
            None | Some(Given::Null) if let Some(default) = self.signature.defaults.get(name) => {
                Some(Given::from(default))
            }
            sent => sent,
        }
    }

    /// Whether any `prefix<number>` was sent or has a default.
    fn has_numbered(&self, prefix: &str) -> bool {
        // The names are looked through, not the numbers: a signature may claim any number of columns.
        let numbered = |name: &str| {
            name.strip_prefix(prefix)
                .is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
        };
        self.features.keys().any(|name| numbered(name))
            || self.signature.defaults.keys().any(|name| numbered(name))
    }

    fn fill_columns(&self, names: impl Iterator<Item = String>) -> Result<Tensor, FeatureError> {
        let mut raw = Vec::new();
        let mut count = 0;
        for name in names {
            let given = self.given(&name).ok_or_else(|| self.missing(&name))?;
            self.push(&mut raw, &name, single(given))?;
            count += 1;
        }
        let shape = self.shape.filled_by(count).ok_or_else(|| self.unfit(&self.spec.name, count))?;
        Ok(self.tensor(shape, raw))
    }

    fn fill_list(&self, name: &str) -> Result<Tensor, FeatureError> {
        let given = self.given(name).ok_or_else(|| self.missing(name))?;
        let Given::List(items) = given else {
            return Err(self.error(name, format!("{given}; {} as a list", self.takes())));
        };
        let mut raw = Vec::new();
        let mut lengths = Vec::new();
        let count = self.push_list(&mut raw, name, items, 0, &mut lengths)?;
        let shape = match lengths.as_slice() {
            [_] => self.shape.filled_by(count),
            nested => self.shape.filled_by_nested(nested),
        };
        let shape = shape.ok_or_else(|| {
            let sent = lengths.iter().map(usize::to_string).collect::<Vec<_>>().join(" × ");
            self.error(name, format!("a list of {sent} values does not fit; {}", self.takes()))
        })?;
        Ok(self.tensor(shape, raw))
    }

    /// Appends a list's elements, depth first, and answers how many they are; `lengths` gets the list's length at
    /// each depth, and lists of unequal length are refused.
    fn push_list(
        &self,
        raw: &mut Vec<u8>,
        name: &str,
        items: Items<'_>,
        depth: usize,
        lengths: &mut Vec<usize>,
    ) -> Result<usize, FeatureError> {
        let ragged =
            || self.error(name, "its inner lists differ in length; send a regular nested list".to_owned());
        match lengths.get(depth) {
            None => lengths.push(items.len()),
            Some(length) if *length == items.len() => {}
            Some(_) => return Err(ragged()),
        }
        let mut count = 0;
        let mut inner_lists = 0;
        for item in items.iter() {
            if let Given::List(inner) = item {
                inner_lists += 1;
                count += self.push_list(raw, name, inner, depth + 1, lengths)?;
            } else {
                self.push(raw, name, item)?;
                count += 1;
            }
        }
        let has_deeper = lengths.len() > depth + 1;
        if inner_lists != 0 && inner_lists != items.len() || has_deeper && inner_lists == 0 && items.len() > 0
        {
            return Err(ragged());
        }
        Ok(count)
    }

    fn push(&self, raw: &mut Vec<u8>, name: &str, given: Given<'_>) -> Result<(), FeatureError> {
        let datatype = self.spec.datatype;
        let wrong = |reason: String| Err(self.error(name, format!("{reason}; {}", self.takes())));
        let pushed = match given {
            Given::Null if datatype.is_float() => push_number(raw, datatype, f64::NAN),
            Given::Null => return wrong("the value is null and has no default".to_owned()),
            Given::Number(number) => push_double(raw, datatype, number),
            Given::Bool(yes) if datatype == Datatype::Bool => {
                raw.push(u8::from(yes));
                Ok(())
            }
            Given::Text(text) if datatype == Datatype::Bytes => {
                if push_bytes(raw, text.as_bytes()) {
                    Ok(())
                } else {
                    return wrong("the text is longer than 4 GiB".to_owned());
                }
            }
            Given::Text(text) => push_text_number(raw, datatype, text),
            Given::Bool(_) | Given::List(_) | Given::Object => Err(NumberProblem::WrongKind),
        };
        match (pushed, given) {
            (Ok(()), _) => Ok(()),
            (Err(NumberProblem::Ambiguous), Given::Number(number)) => wrong(format!(
                "{number} as a JSON number may have been rounded, for they are exact below 2^53 only: send it as \
                 text, such as \"{number}\""
            )),
            (Err(NumberProblem::Inexact), Given::Text(text)) => wrong(format!(
                "{text:?} has more digits than a float holds: send the float that is meant, as a number"
            )),
            (Err(NumberProblem::OutOfRange), Given::Text(text)) => {
                wrong(format!("{text:?} is out of the range of {}", datatype.as_str()))
            }
            (Err(NumberProblem::NotWhole), Given::Number(number)) => wrong(format!("{number} is not whole")),
            (Err(NumberProblem::OutOfRange), Given::Number(number)) => {
                wrong(format!("{number} is out of the range of {}", datatype.as_str()))
            }
            (Err(_), given) => wrong(given.to_string()),
        }
    }

    fn tensor(&self, shape: Vec<i64>, raw: Vec<u8>) -> Tensor {
        Tensor { name: self.spec.name.clone(), datatype: self.spec.datatype, shape, raw: Bytes::from(raw) }
    }

    fn takes(&self) -> Takes<'_> {
        Takes { spec: self.spec, shape: self.shape }
    }

    fn error(&self, name: &str, reason: String) -> FeatureError {
        FeatureError::Feature { feature: name.to_owned(), reason }
    }

    fn missing(&self, name: &str) -> FeatureError {
        let mut ways = String::new();
        let columns = self.shape.known_columns;
        if self.spec.features.is_empty() && self.shape.open_dimensions == 0 && columns > 1 {
            let numbered = numbered_prefixes(self.signature, self.spec)
                .iter()
                .map(|prefix| format!(", or {prefix}0 to {prefix}{}", columns - 1))
                .collect::<String>();
            ways = format!(": send {:?} as a list{numbered}", self.spec.name);
        } else if self.shape.open_dimensions > 0 && self.spec.features.len() <= 1 {
            ways = " as a list".to_owned();
        }
        self.error(name, format!("missing; {}{ways}", self.takes()))
    }

    fn unfit(&self, name: &str, count: usize) -> FeatureError {
        self.error(name, format!("{count} columns do not fit; {}", self.takes()))
    }
}
