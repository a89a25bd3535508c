//! One session of the library: made, checked against, run.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ort::{
    ErrorCode,
    environment::Environment,
    session::{
        OutputSelector, RunOptions, Session, SessionInputValue,
        builder::{GraphOptimizationLevel, SessionBuilder},
    },
};
use pointsman_model::{Signature, TensorSpec};

use super::{
    OnnxError,
    convert::{input_value, output_tensor},
};
use crate::Tensor;

/// Makes a session of a file, which `commit` reads: one thread, which never spins while it waits.
pub(super) fn create(
    file: &str,
    environment: &Environment,
    commit: impl Fn(&mut SessionBuilder) -> ort::Result<Session>,
) -> Result<Session, OnnxError> {
    // The crate panics on types that it does not know; a strange file must not take the server down.
    let created = catch_unwind(AssertUnwindSafe(|| commit(&mut builder(environment)?)));
    match created {
        Ok(Ok(session)) => Ok(session),
        Ok(Err(error)) => Err(OnnxError::File {
            file: file.to_owned(),
            reason: format!("it is not a model that ONNX Runtime can load: {error}"),
        }),
        Err(_) => Err(OnnxError::File {
            file: file.to_owned(),
            reason: "it has inputs or outputs of a type that is not supported; export it with plain tensors"
                .to_owned(),
        }),
    }
}

fn builder(environment: &Environment) -> ort::Result<SessionBuilder> {
    Ok(Session::builder(environment)?
        .with_optimization_level(GraphOptimizationLevel::Level3)?
        .with_intra_threads(1)?
        .with_inter_threads(1)?
        .with_parallel_execution(false)?
        .with_intra_op_spinning(false)?
        .with_inter_op_spinning(false)?)
}

/// Runs a session. The inputs are checked first, so that errors name them.
pub(super) fn run(
    session: &mut Session,
    signature: &Signature,
    inputs: &[Tensor],
    requested: &[impl AsRef<str>],
) -> Result<Vec<Tensor>, OnnxError> {
    check_inputs(signature, inputs)?;
    check_requested(signature, requested)?;
    let values: Vec<(&str, SessionInputValue<'_>)> = inputs
        .iter()
        .map(|tensor| Ok((&*tensor.name, input_value(tensor)?)))
        .collect::<Result<_, OnnxError>>()?;
    if requested.is_empty() {
        let outputs = session.run(values).map_err(run_error)?;
        return outputs.iter().map(|(name, value)| output_tensor(name, &value)).collect();
    }
    let selector =
        requested.iter().fold(OutputSelector::no_default(), |selector, name| selector.with(name.as_ref()));
    let options = RunOptions::new().map_err(run_error)?.with_outputs(selector);
    let outputs = session.run_with_options(values, &options).map_err(run_error)?;
    outputs.iter().map(|(name, value)| output_tensor(name, &value)).collect()
}

fn check_inputs(signature: &Signature, inputs: &[Tensor]) -> Result<(), OnnxError> {
    for (index, tensor) in inputs.iter().enumerate() {
        let refuse = |reason: String| Err(OnnxError::Input { name: tensor.name.to_string(), reason });
        let Some(spec) = signature.inputs.iter().find(|spec| spec.name == tensor.name) else {
            return refuse(format!(
                "the model has no input of this name; it takes {}",
                names(&signature.inputs)
            ));
        };
        if inputs.iter().take(index).any(|other| other.name == tensor.name) {
            return refuse("it is sent twice; send each input once".to_owned());
        }
        if tensor.datatype != spec.datatype {
            return refuse(format!(
                "is {}; the model takes {}",
                tensor.datatype.as_str(),
                spec.datatype.as_str()
            ));
        }
        let fits = tensor.shape.len() == spec.shape.len()
            && tensor.shape.iter().zip(&spec.shape).all(|(sent, taken)| *taken == -1 || sent == taken);
        if !fits {
            return refuse(format!(
                "shape {:?} does not fit {:?}; -1 stands for any length",
                tensor.shape, spec.shape
            ));
        }
        if let Err(error) = tensor.checked_count() {
            return refuse(error.to_string());
        }
    }
    match signature.inputs.iter().find(|spec| inputs.iter().all(|tensor| tensor.name != spec.name)) {
        None => Ok(()),
        Some(missing) => Err(OnnxError::Input {
            name: missing.name.to_string(),
            reason: format!("missing; the model takes {}", names(&signature.inputs)),
        }),
    }
}

fn check_requested(signature: &Signature, requested: &[impl AsRef<str>]) -> Result<(), OnnxError> {
    let unknown =
        requested.iter().find(|name| signature.outputs.iter().all(|spec| *spec.name != *name.as_ref()));
    unknown.map_or(Ok(()), |name| {
        Err(OnnxError::RequestedOutput {
            name: name.as_ref().to_owned(),
            available: names(&signature.outputs),
        })
    })
}

fn names(specs: &[TensorSpec]) -> String {
    specs.iter().map(|spec| format!("{:?}", spec.name)).collect::<Vec<_>>().join(", ")
}

fn run_error(error: ort::Error) -> OnnxError {
    match error.code() {
        ErrorCode::InvalidArgument => OnnxError::Refused(error.to_string()),
        _ => OnnxError::Run(error.to_string()),
    }
}
