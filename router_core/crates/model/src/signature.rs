//! What a model version takes and gives.

use std::{collections::HashMap, str::FromStr, sync::Arc};

use crate::ModelError;

/// A tensor's element type, in the protocol's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the protocol's own")]
pub enum Datatype {
    Bool,
    Int8,
    Int16,
    Int32,
    Int64,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    Fp16,
    Bf16,
    Fp32,
    Fp64,
    Bytes,
}

impl Datatype {
    /// Every one of them.
    pub const ALL: [Self; 14] = [
        Self::Bool,
        Self::Int8,
        Self::Int16,
        Self::Int32,
        Self::Int64,
        Self::Uint8,
        Self::Uint16,
        Self::Uint32,
        Self::Uint64,
        Self::Fp16,
        Self::Bf16,
        Self::Fp32,
        Self::Fp64,
        Self::Bytes,
    ];

    /// The protocol's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bool => "BOOL",
            Self::Int8 => "INT8",
            Self::Int16 => "INT16",
            Self::Int32 => "INT32",
            Self::Int64 => "INT64",
            Self::Uint8 => "UINT8",
            Self::Uint16 => "UINT16",
            Self::Uint32 => "UINT32",
            Self::Uint64 => "UINT64",
            Self::Fp16 => "FP16",
            Self::Bf16 => "BF16",
            Self::Fp32 => "FP32",
            Self::Fp64 => "FP64",
            Self::Bytes => "BYTES",
        }
    }

    /// The bytes of one element in raw contents; none for `BYTES`, whose elements carry their length.
    #[must_use]
    pub const fn element_bytes(self) -> Option<usize> {
        match self {
            Self::Bool | Self::Int8 | Self::Uint8 => Some(1),
            Self::Int16 | Self::Uint16 | Self::Fp16 | Self::Bf16 => Some(2),
            Self::Int32 | Self::Uint32 | Self::Fp32 => Some(4),
            Self::Int64 | Self::Uint64 | Self::Fp64 => Some(8),
            Self::Bytes => None,
        }
    }

    /// Whether a missing value can be sent as NaN.
    #[must_use]
    pub const fn is_float(self) -> bool {
        matches!(self, Self::Fp16 | Self::Bf16 | Self::Fp32 | Self::Fp64)
    }
}

impl FromStr for Datatype {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        Self::ALL.into_iter().find(|datatype| datatype.as_str() == text).ok_or_else(|| {
            ModelError::new(
                "datatype",
                format!("{text:?} is none of {}", Self::ALL.map(Self::as_str).join(", ")),
            )
        })
    }
}

/// What a model does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Task {
    /// Not stated: the answer is passed on as it is.
    #[default]
    Unspecified,
    /// Picks one of several labels.
    Classification,
    /// Answers a number.
    Regression,
}

/// What the prediction output of a classifier holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PredictionHolds {
    /// Not stated.
    #[default]
    Unspecified,
    /// The class itself.
    Value,
    /// The place of the class, from 0.
    Index,
}

/// The value of a feature: what a JSON document can hold.
#[derive(Debug, Clone, PartialEq)]
pub enum FeatureValue {
    /// Missing.
    Null,
    /// Yes or no.
    Bool(bool),
    /// Any number.
    Number(f64),
    /// Text.
    Text(Arc<str>),
    /// Several values.
    List(Arc<[FeatureValue]>),
}

/// The name, type and shape of one tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorSpec {
    /// The tensor's name at the backend.
    pub name: Arc<str>,
    /// Its element type.
    pub datatype: Datatype,
    /// Its shape; -1 stands for any length.
    pub shape: Box<[i64]>,
    /// The features that fill its columns, in order; may be empty (see the public schema).
    pub features: Box<[Arc<str>]>,
}

/// What a model version takes and gives.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Signature {
    /// The input tensors.
    pub inputs: Box<[TensorSpec]>,
    /// The output tensors.
    pub outputs: Box<[TensorSpec]>,
    /// What the model does.
    pub task: Task,
    /// Class labels in the order of the probabilities.
    pub labels: Box<[Arc<str>]>,
    /// The output that holds the predicted label or value.
    pub prediction_output: Option<Arc<str>>,
    /// The output that holds class probabilities.
    pub probability_output: Option<Arc<str>>,
    /// For two labels: the second is predicted from this probability on.
    pub threshold: Option<f64>,
    /// Values for features that a call leaves out.
    pub defaults: HashMap<Arc<str>, FeatureValue>,
    /// What the prediction output holds.
    pub prediction_holds: PredictionHolds,
    /// What the prediction output says for each class, in the order of the probabilities; may be empty.
    pub classes: Box<[Arc<str>]>,
}
