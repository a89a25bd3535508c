//! What a user says of a model, held against what the model says of itself: completed where it is open, refused where
//! the two cannot both be right.

mod classes;
mod consistency;
mod filled;
mod tensors;

use pointsman_model::{ModelError, Signature};
use pointsman_wire::{generated::pointsman_v1 as proto, signature_from_proto};

use crate::{OnnxModel, complete_signature, settle_signature};

/// The most names that a text for people lists.
const SHOWN_NAMES: usize = 12;

/// A model's account of itself.
#[derive(Debug, Clone, Copy)]
pub struct Itself<'a> {
    /// Who it is, for texts: `file "iris.onnx"`, `model "iris" at 127.0.0.1:8081`.
    pub who: &'a str,
    /// What it says; without inputs or outputs where it says nothing of them.
    pub signature: &'a Signature,
    /// The file that says so, which says all; a server may leave things out.
    pub file: Option<&'a OnnxModel>,
}

/// A signature that a model and its user agree on.
#[derive(Debug, Clone, PartialEq)]
pub struct Described {
    /// The whole of it.
    pub signature: Signature,
    /// What the user left open and the model says, a field each: `signature.labels: "no", "yes"`.
    pub filled_in: Vec<String>,
    /// What could not be checked, a field each.
    pub warnings: Vec<String>,
}

/// Completes a user's signature by the model's own and checks it whole. Tensors may lack all but what tells them apart.
///
/// # Errors
/// Every field that cannot be right, with its value and the way out; the paths begin with `signature`.
pub fn describe(mut given: proto::Signature, itself: &Itself<'_>) -> Result<Described, Vec<ModelError>> {
    let importances: Vec<String> = given.feature_importances.keys().cloned().collect();
    let mut notes = Notes::default();
    tensors::complete(&mut given, itself, &mut notes);
    notes.stop_if_faulty()?;
    let given = signature_from_proto(given).map_err(|error| vec![error.within("signature")])?;
    let whole = complete_signature(&given, itself.signature);
    filled::note(&given, &whole, &mut notes);
    tensors::check(&whole, itself, &mut notes);
    let signature = settled(whole, itself.file, &mut notes);
    consistency::check(&signature, itself.who, itself.signature, &mut notes);
    notes.stop_if_faulty()?;
    filled::note_classes(&given, &signature, &mut notes);
    consistency::warn_of_importances(&signature, importances, &mut notes);
    consistency::warn_of_unknown_counts(&signature, itself, &mut notes);
    Ok(Described { signature, filled_in: notes.filled_in, warnings: notes.warnings })
}

/// What a signature says that cannot be right whatever the model is. One that is not whole is left to [`describe`].
#[must_use]
pub fn signature_faults(given: proto::Signature) -> Vec<ModelError> {
    let Ok(signature) = signature_from_proto(given) else { return Vec::new() };
    let mut notes = Notes::default();
    let mut signature = settled(signature, None, &mut notes);
    // A shape that is left out is the model's to say, and with it what its columns are.
    if signature.inputs.iter().any(|spec| spec.shape.is_empty()) {
        signature.inputs = Box::default();
    }
    consistency::check(&signature, "the model", &Signature::default(), &mut notes);
    notes.faults
}

/// The signature with its classes settled, or as it is where they cannot be.
fn settled(signature: Signature, file: Option<&OnnxModel>, notes: &mut Notes) -> Signature {
    match settle_signature(signature.clone(), file) {
        Ok(settled) => settled,
        Err(error) => {
            notes.fault(&error.field, error.reason);
            signature
        }
    }
}

/// What was found so far.
#[derive(Debug, Default)]
struct Notes {
    faults: Vec<ModelError>,
    filled_in: Vec<String>,
    warnings: Vec<String>,
}

impl Notes {
    /// Of several faults of one field the first is said: it stands for the others.
    fn fault(&mut self, field: &str, reason: impl Into<String>) {
        let field = format!("signature.{field}");
        if self.faults.iter().all(|fault| fault.field != field) {
            self.faults.push(ModelError::new(field, reason));
        }
    }

    fn filled(&mut self, field: &str, value: &str) {
        self.filled_in.push(format!("signature.{field}: {value}"));
    }

    fn warn(&mut self, field: &str, reason: &str) {
        self.warnings.push(format!("signature.{field}: {reason}"));
    }

    fn stop_if_faulty(&mut self) -> Result<(), Vec<ModelError>> {
        if self.faults.is_empty() { Ok(()) } else { Err(std::mem::take(&mut self.faults)) }
    }
}

/// Names in quotation marks, the first of many.
fn shown<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> String {
    let mut names = names.into_iter();
    let quoted = |name: T| format!("{:?}", name.as_ref().chars().take(64).collect::<String>());
    let mut text = names.by_ref().take(SHOWN_NAMES).map(quoted).collect::<Vec<_>>().join(", ");
    let rest = names.count();
    if rest > 0 {
        text.push_str(&format!(" and {rest} more"));
    }
    text
}
