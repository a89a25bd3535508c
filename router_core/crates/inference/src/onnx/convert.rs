//! Tensors into the library's values and back.

use bytes::Bytes;
use half::{bf16, f16};
use ort::{
    session::SessionInputValue,
    value::{DynValue, PrimitiveTensorElementType, Tensor as OrtTensor, TensorElementType},
};
use pointsman_model::Datatype;

use super::{OnnxError, metadata::datatype_of};
use crate::{Tensor, element::push_bytes};

/// The library's value of a tensor whose contents are known to fit its shape.
pub(super) fn input_value(tensor: &Tensor) -> Result<SessionInputValue<'static>, OnnxError> {
    let refuse = |reason: String| OnnxError::Input { name: tensor.name.to_string(), reason };
    let shape = tensor.shape.clone();
    let raw: &[u8] = &tensor.raw;
    // Raw contents lie anywhere in a message, so they are copied into aligned memory.
    macro_rules! copied {
        ($number:ty) => {{
            let (chunks, _) = raw.as_chunks::<{ size_of::<$number>() }>();
            let numbers: Vec<$number> = chunks.iter().map(|chunk| <$number>::from_le_bytes(*chunk)).collect();
            OrtTensor::from_array((shape, numbers)).map(SessionInputValue::from)
        }};
    }
    let value = match tensor.datatype {
        Datatype::Bool => {
            let flags: Vec<bool> = raw.iter().map(|byte| *byte != 0).collect();
            OrtTensor::from_array((shape, flags)).map(SessionInputValue::from)
        }
        Datatype::Int8 => copied!(i8),
        Datatype::Int16 => copied!(i16),
        Datatype::Int32 => copied!(i32),
        Datatype::Int64 => copied!(i64),
        Datatype::Uint8 => copied!(u8),
        Datatype::Uint16 => copied!(u16),
        Datatype::Uint32 => copied!(u32),
        Datatype::Uint64 => copied!(u64),
        Datatype::Fp16 => copied!(f16),
        Datatype::Bf16 => copied!(bf16),
        Datatype::Fp32 => copied!(f32),
        Datatype::Fp64 => copied!(f64),
        Datatype::Bytes => {
            let texts = texts(tensor)?;
            OrtTensor::from_string_array((shape, texts.as_slice())).map(SessionInputValue::from)
        }
    };
    value.map_err(|error| refuse(error.to_string()))
}

/// The elements of a string tensor. The library reads them as C strings, so a zero byte would cut them.
fn texts(tensor: &Tensor) -> Result<Vec<String>, OnnxError> {
    let refuse = |reason: String| OnnxError::Input { name: tensor.name.to_string(), reason };
    let elements = tensor.byte_elements().map_err(|error| refuse(error.to_string()))?;
    elements
        .iter()
        .enumerate()
        .map(|(index, element)| match str::from_utf8(element) {
            Ok(text) if text.contains('\0') => {
                Err(refuse(format!("element {index} holds a zero byte; the model takes text without")))
            }
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err(refuse(format!("element {index} is not UTF-8; the model takes text"))),
        })
        .collect()
}

/// The tensor of an output value.
pub(super) fn output_tensor(name: &str, value: &DynValue) -> Result<Tensor, OnnxError> {
    let failed = |reason: String| OnnxError::Run(format!("output {name:?}: {reason}"));
    let element =
        value.dtype().tensor_type().ok_or_else(|| failed(format!("{} is not a tensor", value.dtype())))?;
    let datatype = datatype_of(element).ok_or_else(|| failed(format!("type {element} is not supported")))?;
    let read = match element {
        TensorElementType::Bool => extracted::<bool, 1>(value, |yes| [u8::from(yes)]),
        TensorElementType::Int8 => extracted(value, i8::to_le_bytes),
        TensorElementType::Int16 => extracted(value, i16::to_le_bytes),
        TensorElementType::Int32 => extracted(value, i32::to_le_bytes),
        TensorElementType::Int64 => extracted(value, i64::to_le_bytes),
        TensorElementType::Uint8 => extracted(value, u8::to_le_bytes),
        TensorElementType::Uint16 => extracted(value, u16::to_le_bytes),
        TensorElementType::Uint32 => extracted(value, u32::to_le_bytes),
        TensorElementType::Uint64 => extracted(value, u64::to_le_bytes),
        TensorElementType::Float16 => extracted(value, f16::to_le_bytes),
        TensorElementType::Bfloat16 => extracted(value, bf16::to_le_bytes),
        TensorElementType::Float32 => extracted(value, f32::to_le_bytes),
        TensorElementType::Float64 => extracted(value, f64::to_le_bytes),
        _ => value.try_extract_strings().and_then(|(shape, texts)| {
            let mut raw = Vec::new();
            match texts.iter().all(|text| push_bytes(&mut raw, text.as_bytes())) {
                true => Ok((shape.to_vec(), raw.into())),
                false => Err(ort::Error::new("a text is longer than 4 GiB")),
            }
        }),
    };
    let (shape, raw) = read.map_err(|error| failed(error.to_string()))?;
    Ok(Tensor { name: name.into(), datatype, shape, raw })
}

fn extracted<T: PrimitiveTensorElementType + Copy, const N: usize>(
    value: &DynValue,
    to_bytes: impl Fn(T) -> [u8; N],
) -> ort::Result<(Vec<i64>, Bytes)> {
    let (shape, numbers) = value.try_extract_tensor::<T>()?;
    let mut raw = Vec::with_capacity(numbers.len() * N);
    numbers.iter().for_each(|number| raw.extend_from_slice(&to_bytes(*number)));
    Ok((shape.to_vec(), raw.into()))
}
