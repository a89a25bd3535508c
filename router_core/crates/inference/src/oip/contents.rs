//! Typed contents into raw ones and back.

use bytes::{BufMut, Bytes};
use pointsman_model::Datatype;
use pointsman_wire::generated::inference::InferTensorContents;

use super::ContentsError;
use crate::{Tensor, TensorError, element::push_bytes, shape_element_count};

/// The raw form of typed contents, once exactly the list for the datatype is filled, as long as the shape says.
pub(super) fn raw_of(
    datatype: Datatype,
    shape: &[i64],
    contents: &InferTensorContents,
) -> Result<Bytes, ContentsError> {
    let field = field_of(datatype).ok_or_else(|| {
        ContentsError::Contents(format!("{} has no typed contents; send it raw", datatype.as_str()))
    })?;
    if let Some((other, _)) =
        lengths(contents).into_iter().find(|(name, length)| *name != field && *length > 0)
    {
        return Err(ContentsError::Contents(format!(
            "contents.{other} is filled, but {} goes in contents.{field}",
            datatype.as_str()
        )));
    }
    let expected = shape_element_count(shape)?;
    let elements =
        lengths(contents).into_iter().find(|(name, _)| *name == field).map_or(0, |(_, length)| length);
    if elements != expected {
        return Err(TensorError::Count { elements, datatype, shape: shape.to_vec(), expected }.into());
    }
    written(datatype, contents)
}

fn written(datatype: Datatype, contents: &InferTensorContents) -> Result<Bytes, ContentsError> {
    let mut raw = Vec::new();
    macro_rules! narrow {
        ($list:expr, $integer:ty) => {
            for (index, number) in $list.iter().enumerate() {
                let narrowed = <$integer>::try_from(*number).map_err(|_| {
                    ContentsError::Contents(format!(
                        "element {index}: {number} is out of the range of {}",
                        datatype.as_str()
                    ))
                })?;
                raw.put_slice(&narrowed.to_le_bytes());
            }
        };
    }
    match datatype {
        Datatype::Bool => raw.extend(contents.bool_contents.iter().map(|yes| u8::from(*yes))),
        Datatype::Int8 => narrow!(contents.int_contents, i8),
        Datatype::Int16 => narrow!(contents.int_contents, i16),
        Datatype::Int32 => contents.int_contents.iter().for_each(|number| raw.put_i32_le(*number)),
        Datatype::Int64 => contents.int64_contents.iter().for_each(|number| raw.put_i64_le(*number)),
        Datatype::Uint8 => narrow!(contents.uint_contents, u8),
        Datatype::Uint16 => narrow!(contents.uint_contents, u16),
        Datatype::Uint32 => contents.uint_contents.iter().for_each(|number| raw.put_u32_le(*number)),
        Datatype::Uint64 => contents.uint64_contents.iter().for_each(|number| raw.put_u64_le(*number)),
        Datatype::Fp32 => contents.fp32_contents.iter().for_each(|number| raw.put_f32_le(*number)),
        Datatype::Fp64 => contents.fp64_contents.iter().for_each(|number| raw.put_f64_le(*number)),
        Datatype::Bytes => {
            for (index, element) in contents.bytes_contents.iter().enumerate() {
                if !push_bytes(&mut raw, element) {
                    return Err(ContentsError::Contents(format!("element {index} is longer than 4 GiB")));
                }
            }
        }
        Datatype::Fp16 | Datatype::Bf16 => {}
    }
    Ok(raw.into())
}

/// The typed form of a tensor; none for the datatypes that only travel raw.
pub(super) fn typed_of(tensor: &Tensor) -> Result<Option<InferTensorContents>, TensorError> {
    tensor.checked_count()?;
    let mut contents = InferTensorContents::default();
    let raw: &[u8] = &tensor.raw;
    macro_rules! read {
        ($number:ty) => {
            raw.as_chunks::<{ size_of::<$number>() }>().0.iter().map(|chunk| <$number>::from_le_bytes(*chunk))
        };
    }
    match tensor.datatype {
        Datatype::Bool => contents.bool_contents = raw.iter().map(|byte| *byte != 0).collect(),
        Datatype::Int8 => contents.int_contents = read!(i8).map(i32::from).collect(),
        Datatype::Int16 => contents.int_contents = read!(i16).map(i32::from).collect(),
        Datatype::Int32 => contents.int_contents = read!(i32).collect(),
        Datatype::Int64 => contents.int64_contents = read!(i64).collect(),
        Datatype::Uint8 => contents.uint_contents = read!(u8).map(u32::from).collect(),
        Datatype::Uint16 => contents.uint_contents = read!(u16).map(u32::from).collect(),
        Datatype::Uint32 => contents.uint_contents = read!(u32).collect(),
        Datatype::Uint64 => contents.uint64_contents = read!(u64).collect(),
        Datatype::Fp32 => contents.fp32_contents = read!(f32).collect(),
        Datatype::Fp64 => contents.fp64_contents = read!(f64).collect(),
        Datatype::Bytes => contents.bytes_contents = tensor.byte_elements()?,
        Datatype::Fp16 | Datatype::Bf16 => return Ok(None),
    }
    Ok(Some(contents))
}

/// Whether any list of typed contents is filled.
pub(super) fn is_filled(contents: &InferTensorContents) -> bool {
    lengths(contents).into_iter().any(|(_, length)| length > 0)
}

const fn field_of(datatype: Datatype) -> Option<&'static str> {
    Some(match datatype {
        Datatype::Bool => "bool_contents",
        Datatype::Int8 | Datatype::Int16 | Datatype::Int32 => "int_contents",
        Datatype::Int64 => "int64_contents",
        Datatype::Uint8 | Datatype::Uint16 | Datatype::Uint32 => "uint_contents",
        Datatype::Uint64 => "uint64_contents",
        Datatype::Fp32 => "fp32_contents",
        Datatype::Fp64 => "fp64_contents",
        Datatype::Bytes => "bytes_contents",
        Datatype::Fp16 | Datatype::Bf16 => return None,
    })
}

const fn lengths(contents: &InferTensorContents) -> [(&'static str, usize); 8] {
    [
        ("bool_contents", contents.bool_contents.len()),
        ("int_contents", contents.int_contents.len()),
        ("int64_contents", contents.int64_contents.len()),
        ("uint_contents", contents.uint_contents.len()),
        ("uint64_contents", contents.uint64_contents.len()),
        ("fp32_contents", contents.fp32_contents.len()),
        ("fp64_contents", contents.fp64_contents.len()),
        ("bytes_contents", contents.bytes_contents.len()),
    ]
}
