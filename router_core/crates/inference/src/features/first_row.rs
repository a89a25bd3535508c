//! Features of the first row of a `ModelInferRequest`, read where they lie: only the bytes of what is asked for.

use std::sync::Arc;

use half::{bf16, f16};
use pointsman_model::{Datatype, Signature, TensorSpec, rules::Number};
use pointsman_policy::Value;
use pointsman_wire::{ContentList, Contents, InferParts, InputPart, TypedElement};

use super::columns::{RowShape, numbered_prefixes};
use crate::shape_element_count;

/// Where a feature lies in the inputs of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeaturePlace {
    /// The input tensor.
    pub input: Arc<str>,
    /// Which column of its rows.
    pub column: usize,
    width: Width,
}

/// How many columns a row of an input has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Width {
    /// So many.
    Known(usize),
    /// As many as a call sends.
    Open,
    /// The feature is the whole row: a list, which rules do not look into.
    List,
}

/// A feature that was looked for, and how many rows its tensor has.
#[derive(Debug, Clone, Copy)]
pub struct FirstRow<'a> {
    /// Its value in the first row; none where it is NaN or there is no row.
    pub value: Option<Value<'a>>,
    /// The rows.
    pub rows: usize,
}

/// Where the inputs of a signature hold a feature; none where they do not.
#[must_use]
pub fn feature_place(signature: &Signature, name: &str) -> Option<FeaturePlace> {
    signature.inputs.iter().find_map(|spec| place_in(signature, spec, name))
}

fn place_in(signature: &Signature, spec: &TensorSpec, name: &str) -> Option<FeaturePlace> {
    let columns = RowShape::of(spec).ok()?.columns().ok()?;
    let place = |column, width| Some(FeaturePlace { input: spec.name.clone(), column, width });
    let own_name = spec.features.first().unwrap_or(&spec.name);
    match (&spec.features[..], columns) {
        ([] | [_], Some(1)) if **own_name == *name => return place(0, Width::Known(1)),
        ([] | [_], _) if **own_name == *name => return place(0, Width::List),
        ([], _) => {}
        (names, _) => {
            let column = names.iter().position(|known| **known == *name)?;
            return place(column, Width::Known(names.len()));
        }
    }
    let numbered = numbered_prefixes(signature, spec);
    let digits = numbered.iter().find_map(|prefix| name.strip_prefix(prefix.as_str()))?;
    let column: usize = digits.parse().ok().filter(|column: &usize| column.to_string() == *digits)?;
    match columns {
        Some(width) if column < width => place(column, Width::Known(width)),
        Some(_) => None,
        None => place(column, Width::Open),
    }
}

/// Reads a feature of the first row.
///
/// # Returns
/// None where the request has no such input.
///
/// # Errors
/// The input cannot be read as the model would have to read it; the text names it.
pub fn first_row<'a>(parts: &InferParts<'a>, place: &FeaturePlace) -> Result<Option<FirstRow<'a>>, String> {
    let found = parts.inputs.iter().enumerate().find(|(_, input)| input.name == place.input.as_bytes());
    let Some((index, input)) = found else { return Ok(None) };
    read(parts, index, input, place)
        .map(Some)
        .map_err(|reason| format!("inputs[{index}] {:?}: {reason}", place.input))
}

fn read<'a>(
    parts: &InferParts<'a>,
    index: usize,
    input: &InputPart<'a>,
    place: &FeaturePlace,
) -> Result<FirstRow<'a>, String> {
    let count = shape_element_count(&input.shape).map_err(|error| error.to_string())?;
    let row = shape_element_count(input.shape.get(1..).unwrap_or_default()).unwrap_or(0);
    let rows = match place.width {
        Width::Known(width) if row != width && count == width => 1,
        Width::Known(width) if row != width && count > 0 => {
            return Err(format!(
                "shape {:?} has no rows of {width} columns, which the signature names",
                input.shape
            ));
        }
        _ => input.shape.first().map_or(1, |rows| usize::try_from(*rows).unwrap_or(0)),
    };
    if count == 0 {
        return Ok(FirstRow { value: None, rows: 0 });
    }
    if place.width == Width::List {
        return Ok(FirstRow { value: Some(Value::Other("a list")), rows });
    }
    if place.width == Width::Open && place.column >= row {
        return Ok(FirstRow { value: None, rows });
    }
    if input.is_in_shared_memory {
        return Err(
            "lies in shared memory, where rules cannot read it; send it in the message, or what rules need \
                    as a parameter of the request"
                .to_owned(),
        );
    }
    let datatype = str::from_utf8(input.datatype).unwrap_or_default();
    let datatype: Datatype =
        datatype.parse().map_err(|error: pointsman_model::ModelError| error.to_string())?;
    let value = match parts.contents(index) {
        Contents::Raw(_) if input.has_typed() => {
            return Err("contents are both raw and typed; send one of them for all inputs".to_owned());
        }
        Contents::Raw(raw) => raw_value(datatype, raw, place.column, count)?,
        Contents::Typed => typed_value(datatype, input, place.column)?,
        Contents::Unclear { raw, inputs } => {
            return Err(format!(
                "raw_input_contents has {raw} entries for {inputs} inputs; send one for each input, in their order"
            ));
        }
    };
    Ok(FirstRow { value, rows })
}

fn raw_value(
    datatype: Datatype,
    raw: &[u8],
    column: usize,
    count: usize,
) -> Result<Option<Value<'_>>, String> {
    let Some(size) = datatype.element_bytes() else {
        return byte_element(raw, column).map(text_value).map(Some);
    };
    let expected = count as u128 * size as u128;
    if raw.len() as u128 != expected {
        return Err(format!(
            "{} bytes of {} do not fit its shape, which takes {expected}",
            raw.len(),
            datatype.as_str()
        ));
    }
    let start = column * size;
    let element = raw.get(start..start + size).unwrap_or_default();
    Ok(number_value(datatype, element))
}

/// A `BYTES` element of raw contents.
fn byte_element(raw: &[u8], column: usize) -> Result<&[u8], String> {
    let mut rest = raw;
    for index in 0..=column {
        let cut = || format!("BYTES element {index} goes beyond the contents");
        let (length, after) = rest.split_first_chunk().ok_or_else(cut)?;
        let length = u32::from_le_bytes(*length) as usize;
        let (element, after) = after.split_at_checked(length).ok_or_else(cut)?;
        if index == column {
            return Ok(element);
        }
        rest = after;
    }
    Err("BYTES contents end too early".to_owned())
}

fn text_value(bytes: &[u8]) -> Value<'_> {
    str::from_utf8(bytes).map_or(Value::Other("bytes that are no UTF-8"), Value::Text)
}

/// A number or truth value of its little-endian bytes; none for NaN, or too few bytes.
fn number_value(datatype: Datatype, bytes: &[u8]) -> Option<Value<'static>> {
    macro_rules! whole {
        ($integer:ty) => {
            Value::Number(Number::Whole(<$integer>::from_le_bytes(*bytes.first_chunk()?).into()))
        };
    }
    let value = match datatype {
        Datatype::Bool => Value::Bool(*bytes.first()? != 0),
        Datatype::Int8 => whole!(i8),
        Datatype::Int16 => whole!(i16),
        Datatype::Int32 => whole!(i32),
        Datatype::Int64 => whole!(i64),
        Datatype::Uint8 => whole!(u8),
        Datatype::Uint16 => whole!(u16),
        Datatype::Uint32 => whole!(u32),
        Datatype::Uint64 => whole!(u64),
        Datatype::Fp16 => return rounded(f16::from_le_bytes(*bytes.first_chunk()?).to_f64(), round_to_f16),
        Datatype::Bf16 => return rounded(bf16::from_le_bytes(*bytes.first_chunk()?).to_f64(), round_to_bf16),
        Datatype::Fp32 => return rounded(f32::from_le_bytes(*bytes.first_chunk()?).into(), round_to_f32),
        Datatype::Fp64 => {
            let number = f64::from_le_bytes(*bytes.first_chunk()?);
            return (!number.is_nan()).then_some(Value::Number(Number::Float(number)));
        }
        Datatype::Bytes => return None,
    };
    Some(value)
}

fn rounded(number: f64, round: fn(f64) -> f64) -> Option<Value<'static>> {
    (!number.is_nan()).then_some(Value::Rounded(number, round))
}

/// A number as FP32, FP16 and BF16 have it, in this order; beyond their ranges it is infinite.
#[must_use]
pub fn roundings(number: f64) -> [f64; 3] {
    [round_to_f32(number), round_to_f16(number), round_to_bf16(number)]
}

/// A number as FP16 has it.
#[must_use]
pub fn round_to_f16(number: f64) -> f64 {
    f16::from_f64(number).to_f64()
}

/// A number as BF16 has it.
#[must_use]
pub fn round_to_bf16(number: f64) -> f64 {
    bf16::from_f64(number).to_f64()
}

/// A number as FP32 has it.
#[must_use]
pub fn round_to_f32(number: f64) -> f64 {
    (number as f32).into()
}

fn typed_value<'a>(
    datatype: Datatype,
    input: &InputPart<'a>,
    column: usize,
) -> Result<Option<Value<'a>>, String> {
    let list = match datatype {
        Datatype::Bool => ContentList::Bool,
        Datatype::Int8 | Datatype::Int16 | Datatype::Int32 => ContentList::Int,
        Datatype::Int64 => ContentList::Int64,
        Datatype::Uint8 | Datatype::Uint16 | Datatype::Uint32 => ContentList::Uint,
        Datatype::Uint64 => ContentList::Uint64,
        Datatype::Fp32 => ContentList::Fp32,
        Datatype::Fp64 => ContentList::Fp64,
        Datatype::Bytes => ContentList::Bytes,
        Datatype::Fp16 | Datatype::Bf16 => {
            return Err(format!("{} has no typed contents; send it raw", datatype.as_str()));
        }
    };
    let element = input.typed(list, column).map_err(|error| error.to_string())?;
    let bits = match element {
        Some(TypedElement::Bytes(bytes)) => return Ok(Some(text_value(bytes))),
        Some(TypedElement::Bits(bits)) => bits,
        None => {
            return Err(format!("the contents of {} hold no element {column}", datatype.as_str()));
        }
    };
    let whole = |number: i128| Some(Value::Number(Number::Whole(number)));
    Ok(match list {
        ContentList::Bool => Some(Value::Bool(bits != 0)),
        // As every reader does, numbers of 32 bits are cut to them.
        ContentList::Int => whole((bits as i32).into()),
        ContentList::Uint => whole((bits as u32).into()),
        ContentList::Int64 => whole(bits.cast_signed().into()),
        ContentList::Uint64 => whole(bits.into()),
        ContentList::Fp32 => rounded(f32::from_bits(bits as u32).into(), round_to_f32),
        ContentList::Fp64 => {
            let number = f64::from_bits(bits);
            (!number.is_nan()).then_some(Value::Number(Number::Float(number)))
        }
        ContentList::Bytes => None,
    })
}
