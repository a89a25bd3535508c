//! The signature that an ONNX file describes.

use std::sync::Arc;

use ort::{
    session::Session,
    value::{Outlet, TensorElementType, ValueType},
};
use pointsman_model::{Datatype, Signature, Task, TensorSpec};
use serde_json::Value;

use super::OnnxError;

/// Names under which skl2onnx and its kin give the predicted label.
const LABEL_NAMES: [&str; 2] = ["label", "output_label"];
/// Names under which they give the class probabilities.
const PROBABILITY_NAMES: [&str; 2] = ["probabilities", "output_probability"];
/// The name under which they give a regressor's value.
const VARIABLE_NAME: &str = "variable";

/// Reads inputs, outputs and the custom metadata `feature_names` and `labels` (JSON lists) of a loaded file.
pub(super) fn read_signature(file: &str, session: &Session) -> Result<Signature, OnnxError> {
    let specs = |kind: &str, outlets: &[Outlet]| -> Result<Box<[TensorSpec]>, OnnxError> {
        outlets.iter().map(|outlet| spec_of(file, kind, outlet)).collect()
    };
    let mut inputs = specs("input", session.inputs())?;
    let outputs = specs("output", session.outputs())?;
    let metadata = session
        .metadata()
        .map_err(|error| OnnxError::File { file: file.to_owned(), reason: error.to_string() })?;
    let list = |key: &str| {
        metadata.custom(key).map_or_else(|| Ok(Box::default()), |json| names_of(file, key, &json))
    };
    let feature_names = list("feature_names")?;
    if let [input] = &mut *inputs {
        input.features = feature_names;
    }
    let has = |name: &str| outputs.iter().find(|spec| &*spec.name == name);
    let output_named = |names: &[&str]| names.iter().find_map(|name| has(name)).map(|spec| spec.name.clone());
    let probability_output = output_named(&PROBABILITY_NAMES)
        .filter(|name| has(name).is_some_and(|spec| spec.datatype.is_float()));
    let label_output = output_named(&LABEL_NAMES);
    let task = match (&label_output, &probability_output) {
        (None, None) if has(VARIABLE_NAME).is_some() => Task::Regression,
        (None, None) => Task::Unspecified,
        _ => Task::Classification,
    };
    let prediction_output = label_output.or_else(|| output_named(&[VARIABLE_NAME]));
    let labels = list("labels")?;
    Ok(Signature {
        inputs,
        outputs,
        task,
        labels,
        prediction_output,
        probability_output,
        ..Signature::default()
    })
}

/// Ways to have probabilities as a tensor, of the converters that make maps of them by default.
const WITHOUT_ZIPMAP: &str = "export the model without ZipMap: \
    skl2onnx, also for LightGBM and XGBoost models registered with it: to_onnx(model, …, options={\"zipmap\": False}), \
    in a pipeline options={id(model): {\"zipmap\": False}}; \
    onnxmltools: convert_lightgbm(model, …, zipmap=False), convert_xgboost makes none; \
    CatBoost's save_model has no such option: remove the ZipMap node from the file with the onnx package, and make its \
    input the output";

fn spec_of(file: &str, kind: &str, outlet: &Outlet) -> Result<TensorSpec, OnnxError> {
    let refuse = |reason: String| {
        Err(OnnxError::Unsupported {
            file: file.to_owned(),
            tensor: format!("{kind} {:?}", outlet.name()),
            reason,
        })
    };
    match outlet.dtype() {
        ValueType::Tensor { ty, shape, .. } => match datatype_of(*ty) {
            Some(datatype) => Ok(TensorSpec {
                name: outlet.name().into(),
                datatype,
                shape: shape.iter().map(|dimension| (*dimension).max(-1)).collect(),
                features: Box::default(),
            }),
            None => refuse(format!("elements of type {ty} are not supported; export it with another type")),
        },
        other @ (ValueType::Sequence(_) | ValueType::Map { .. }) => {
            refuse(format!("{other} is not a tensor; {WITHOUT_ZIPMAP}"))
        }
        other => refuse(format!("{other} is not a tensor; export the model with plain tensors")),
    }
}

/// The protocol's datatype of an ONNX element type, if it has one.
pub(super) const fn datatype_of(element: TensorElementType) -> Option<Datatype> {
    Some(match element {
        TensorElementType::Bool => Datatype::Bool,
        TensorElementType::Int8 => Datatype::Int8,
        TensorElementType::Int16 => Datatype::Int16,
        TensorElementType::Int32 => Datatype::Int32,
        TensorElementType::Int64 => Datatype::Int64,
        TensorElementType::Uint8 => Datatype::Uint8,
        TensorElementType::Uint16 => Datatype::Uint16,
        TensorElementType::Uint32 => Datatype::Uint32,
        TensorElementType::Uint64 => Datatype::Uint64,
        TensorElementType::Float16 => Datatype::Fp16,
        TensorElementType::Bfloat16 => Datatype::Bf16,
        TensorElementType::Float32 => Datatype::Fp32,
        TensorElementType::Float64 => Datatype::Fp64,
        TensorElementType::String => Datatype::Bytes,
        _ => return None,
    })
}

/// The names in a JSON list; numbers, which labels often are, become text.
fn names_of(file: &str, key: &str, json: &str) -> Result<Box<[Arc<str>]>, OnnxError> {
    let refuse = || OnnxError::File {
        file: file.to_owned(),
        reason: format!("metadata {key} is not a JSON list of names; write it like [\"a\", \"b\"]"),
    };
    let Ok(Value::Array(items)) = serde_json::from_str(json) else { return Err(refuse()) };
    items
        .into_iter()
        .map(|item| match item {
            Value::String(text) => Ok(text.into()),
            Value::Number(number) => Ok(number.to_string().into()),
            Value::Bool(yes) => Ok(yes.to_string().into()),
            _ => Err(refuse()),
        })
        .collect()
}
