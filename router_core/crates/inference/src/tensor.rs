//! One tensor: its name, type, shape and little-endian contents.

use std::sync::Arc;

use bytes::{Buf, Bytes};
use pointsman_model::Datatype;
use thiserror::Error;

/// A named tensor with contents in the protocol's raw form.
///
/// Numbers are little-endian and row-major; each `BYTES` element follows its length in four bytes. The fields are
/// open, so every reader checks that they fit each other ([`Tensor::checked_count`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensor {
    /// The tensor's name at the model.
    pub name: Arc<str>,
    /// Its element type.
    pub datatype: Datatype,
    /// Its shape; no dimension is negative.
    pub shape: Vec<i64>,
    /// Its contents.
    pub raw: Bytes,
}

/// Contents that do not fit the tensor's shape and type.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TensorError {
    /// A dimension is negative, or the dimensions multiply beyond what can be counted.
    #[error("shape {shape:?} is not countable; send dimensions of 0 or more, as large as the data")]
    Shape {
        /// The shape.
        shape: Vec<i64>,
    },
    /// The contents are longer or shorter than the shape says.
    #[error("{bytes} bytes of {datatype} do not fit shape {shape:?}, which takes {expected}", datatype = datatype.as_str())]
    Size {
        /// How many bytes there are.
        bytes: usize,
        /// Their element type.
        datatype: Datatype,
        /// The shape.
        shape: Vec<i64>,
        /// How many bytes the shape takes.
        expected: u128,
    },
    /// There are more or fewer elements than the shape says.
    #[error("{elements} elements of {datatype} do not fit shape {shape:?}, which takes {expected}", datatype = datatype.as_str())]
    Count {
        /// How many elements there are.
        elements: usize,
        /// Their type.
        datatype: Datatype,
        /// The shape.
        shape: Vec<i64>,
        /// How many elements the shape takes.
        expected: usize,
    },
    /// The length of a `BYTES` element goes beyond the contents.
    #[error(
        "BYTES element {index}: its length goes beyond the {left} bytes that are left; prefix each element with its length in 4 bytes, little-endian"
    )]
    Element {
        /// Which element.
        index: usize,
        /// What was left when it began.
        left: usize,
    },
}

/// How many elements a shape holds; a shape without dimensions holds one.
///
/// # Errors
/// A dimension is negative or the product cannot be counted.
pub fn shape_element_count(shape: &[i64]) -> Result<usize, TensorError> {
    shape
        .iter()
        .try_fold(1_usize, |count, &dimension| count.checked_mul(usize::try_from(dimension).ok()?))
        .ok_or_else(|| TensorError::Shape { shape: shape.to_vec() })
}

impl Tensor {
    /// How many elements the tensor holds, once its contents are known to fit its shape and type.
    ///
    /// # Errors
    /// They do not.
    pub fn checked_count(&self) -> Result<usize, TensorError> {
        let count = shape_element_count(&self.shape)?;
        match self.datatype.element_bytes() {
            Some(size) => {
                let expected = count as u128 * size as u128;
                if self.raw.len() as u128 == expected {
                    return Ok(count);
                }
                Err(TensorError::Size {
                    bytes: self.raw.len(),
                    datatype: self.datatype,
                    shape: self.shape.clone(),
                    expected,
                })
            }
            None => self.byte_elements().map(|elements| elements.len()),
        }
    }

    /// The elements of a `BYTES` tensor, sharing its memory.
    ///
    /// # Errors
    /// The contents are malformed, or hold more or fewer elements than the shape says.
    pub fn byte_elements(&self) -> Result<Vec<Bytes>, TensorError> {
        let expected = shape_element_count(&self.shape)?;
        let mut rest = self.raw.clone();
        // Every element takes four bytes at least, so a shape cannot claim more memory than the contents justify.
        let mut elements = Vec::with_capacity(expected.min(rest.len() / 4));
        while !rest.is_empty() {
            let left = rest.len();
            let overrun = || TensorError::Element { index: elements.len(), left };
            let length = rest.try_get_u32_le().map_err(|_| overrun())? as usize;
            if length > rest.len() {
                return Err(overrun());
            }
            elements.push(rest.split_to(length));
        }
        if elements.len() == expected {
            return Ok(elements);
        }
        Err(TensorError::Count {
            elements: elements.len(),
            datatype: self.datatype,
            shape: self.shape.clone(),
            expected,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(datatype: Datatype, shape: &[i64], raw: &[u8]) -> Tensor {
        Tensor { name: "x".into(), datatype, shape: shape.to_vec(), raw: Bytes::copy_from_slice(raw) }
    }

    #[test]
    fn contents_that_fit_are_counted() {
        assert_eq!(tensor(Datatype::Fp32, &[1, 2], &[0; 8]).checked_count(), Ok(2));
        assert_eq!(tensor(Datatype::Int64, &[], &[0; 8]).checked_count(), Ok(1));
        assert_eq!(tensor(Datatype::Bytes, &[2], b"\x02\0\0\0ab\0\0\0\0").checked_count(), Ok(2));
        assert_eq!(tensor(Datatype::Fp16, &[0, 7], &[]).checked_count(), Ok(0));
    }

    #[test]
    fn contents_that_do_not_fit_are_refused_with_both_sizes() {
        let error = tensor(Datatype::Fp32, &[1, 2], &[0; 7]).checked_count().unwrap_err().to_string();
        assert_eq!(error, "7 bytes of FP32 do not fit shape [1, 2], which takes 8");
        let error = tensor(Datatype::Bytes, &[3], b"\0\0\0\0").checked_count().unwrap_err().to_string();
        assert_eq!(error, "1 elements of BYTES do not fit shape [3], which takes 3");
    }

    #[test]
    fn shapes_beyond_counting_and_lengths_beyond_the_data_are_refused_without_allocating() {
        for shape in [&[-1, 2][..], &[1 << 32, 1 << 32], &[i64::MAX, 3]] {
            assert!(matches!(
                tensor(Datatype::Fp32, shape, &[]).checked_count(),
                Err(TensorError::Shape { .. })
            ));
        }
        assert!(tensor(Datatype::Fp64, &[1 << 61], &[]).checked_count().is_err());
        assert!(tensor(Datatype::Bytes, &[1 << 40], b"\xff\xff\xff\xff").checked_count().is_err());
        assert!(tensor(Datatype::Bytes, &[1], b"\x01\0").checked_count().is_err());
    }
}
