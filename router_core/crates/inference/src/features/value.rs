//! Tensors as JSON-like values.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use prost_types::{ListValue, Value, value::Kind};

use crate::{
    Tensor, TensorError,
    element::{Element, elements},
};

/// A value of a kind.
pub(super) const fn value(kind: Kind) -> Value {
    Value { kind: Some(kind) }
}

/// A text.
pub(super) fn text(text: impl Into<String>) -> Value {
    value(Kind::StringValue(text.into()))
}

/// A whole tensor: one element as itself, more as nested lists without the row's own dimension.
///
/// JSON has no NaN and no infinity: NaN is null, as it is on the way in, and infinities are text. Whole numbers of
/// which a float would lose digits are text as well, and bytes that are no UTF-8 are base64.
pub(super) fn tensor_value(tensor: &Tensor) -> Result<Value, TensorError> {
    tensor.checked_count()?;
    let mut leaves = leaves(tensor)?.into_iter();
    if leaves.len() == 1 {
        return Ok(leaves.next().unwrap_or_default());
    }
    let dimensions = match tensor.shape.split_first() {
        Some((1, columns)) => columns,
        _ => &tensor.shape,
    };
    Ok(nested(&mut leaves, dimensions))
}

/// The first element of a tensor, with a one-element tensor in mind.
fn leaves(tensor: &Tensor) -> Result<Vec<Value>, TensorError> {
    if let Some(elements) = elements(tensor.datatype, &tensor.raw) {
        return Ok(elements.into_iter().map(element_value).collect());
    }
    let elements = tensor.byte_elements()?;
    Ok(elements
        .iter()
        .map(|bytes| text(str::from_utf8(bytes).map_or_else(|_| STANDARD.encode(bytes), str::to_owned)))
        .collect())
}

fn element_value(element: Element) -> Value {
    value(match element {
        Element::Bool(yes) => Kind::BoolValue(yes),
        Element::Whole(whole) => Kind::StringValue(whole.to_string()),
        Element::Number(number) if number.is_nan() => Kind::NullValue(0),
        Element::Number(f64::INFINITY) => Kind::StringValue("Infinity".into()),
        Element::Number(f64::NEG_INFINITY) => Kind::StringValue("-Infinity".into()),
        Element::Number(number) => Kind::NumberValue(number),
    })
}

fn nested(leaves: &mut impl Iterator<Item = Value>, dimensions: &[i64]) -> Value {
    let Some((&length, inner)) = dimensions.split_first() else { return leaves.next().unwrap_or_default() };
    // A dimension of 0 further in leaves nothing to nest, however many lists the outer ones claim.
    let empty = inner.contains(&0);
    let values = (0..if empty { 0 } else { length }).map(|_| nested(leaves, inner)).collect();
    value(Kind::ListValue(ListValue { values }))
}
