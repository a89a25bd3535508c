//! What a whole signature says of its features, against itself.

use std::collections::HashSet;

use pointsman_model::{Signature, TensorSpec};

use super::{Itself, Notes, classes, shown};
use crate::features::{default_faults, feeds, named_columns};

/// Checks a signature that says all that is known of a model. `own` is the model's own, for names to choose from.
pub(super) fn check(signature: &Signature, who: &str, own: &Signature, notes: &mut Notes) {
    for (place, spec) in signature.inputs.iter().enumerate() {
        check_features(spec, place, who, own, notes);
    }
    classes::check(&with_own_outputs(signature, own), who, notes);
    check_defaults(signature, notes);
}

/// The signature with the outputs that a model has beside those that a user lists: it answers them all the same.
fn with_own_outputs(signature: &Signature, own: &Signature) -> Signature {
    let is_listed = |own: &TensorSpec| signature.outputs.iter().any(|spec| spec.name == own.name);
    let others = own.outputs.iter().filter(|own| !is_listed(own));
    let outputs = signature.outputs.iter().chain(others).cloned().collect();
    Signature { outputs, ..signature.clone() }
}

fn check_features(spec: &TensorSpec, place: usize, who: &str, own: &Signature, notes: &mut Notes) {
    let field = format!("inputs[{place}].features");
    let mut known = HashSet::new();
    for (column, name) in spec.features.iter().enumerate() {
        if name.is_empty() {
            notes.fault(&format!("{field}[{column}]"), "is empty; name the feature of this column");
        } else if !known.insert(name) {
            let reason = format!("{name:?} occurs twice; name the feature of each column once");
            notes.fault(&format!("{field}[{column}]"), reason);
        }
    }
    let named = spec.features.len();
    let Err(columns) = named_columns(spec) else { return };
    let has = match columns {
        Some(columns) => format!("{columns} columns"),
        None => "no columns that they fill".to_owned(),
    };
    let of_model = own.inputs.iter().find(|own| own.name == spec.name && own.features.len() > 1);
    let order = match of_model {
        Some(own) if own.features != spec.features => {
            format!("; known names are {}", shown(own.features.iter()))
        }
        _ => format!("; named are {}", shown(spec.features.iter())),
    };
    let reason = format!(
        "has {named} names, but input {:?} of {who} has {has} (shape {:?}); name the feature of each column once, in \
         their order{order}",
        spec.name, spec.shape
    );
    notes.fault(&field, reason);
}

fn check_defaults(signature: &Signature, notes: &mut Notes) {
    if signature.inputs.is_empty() {
        return;
    }
    let mut names: Vec<_> = signature.defaults.keys().filter(|name| !feeds(signature, name)).collect();
    names.sort();
    for name in names {
        let reason = format!("no input takes a feature of this name; {}", known_features(signature));
        notes.fault(&format!("defaults[{name:?}]"), reason);
    }
    let mut faults = default_faults(signature);
    faults.retain(|(name, _)| feeds(signature, name));
    faults.sort();
    for (name, reason) in faults {
        notes.fault(&format!("defaults[{name:?}]"), reason);
    }
}

/// Which features a model takes, for a text.
fn known_features(signature: &Signature) -> String {
    let names = signature.inputs.iter().flat_map(|spec| {
        let own = spec.features.is_empty().then_some(&spec.name);
        spec.features.iter().chain(own)
    });
    format!("known names are {}", shown(names))
}

/// Importances of features that no input takes are kept: they may be of what a model makes of its inputs.
pub(super) fn warn_of_importances(signature: &Signature, mut names: Vec<String>, notes: &mut Notes) {
    names.retain(|name| !signature.inputs.is_empty() && !feeds(signature, name));
    names.sort();
    if !names.is_empty() {
        let reason = format!("no input takes {}; {}", shown(&names), known_features(signature));
        notes.warn("feature_importances", &reason);
    }
}

/// Counts that a model does not say, and that the user's could therefore not be held against.
pub(super) fn warn_of_unknown_counts(signature: &Signature, itself: &Itself<'_>, notes: &mut Notes) {
    for (place, spec) in signature.inputs.iter().enumerate() {
        let is_described = itself.signature.inputs.iter().any(|own| own.name == spec.name);
        if is_described && spec.features.len() > 1 && spec.shape.iter().skip(1).any(|length| *length == -1) {
            let reason = format!(
                "{} does not say how many columns input {:?} has; that they are {} was not checked",
                itself.who,
                spec.name,
                spec.features.len()
            );
            notes.warn(&format!("inputs[{place}].features"), &reason);
        }
    }
    if !signature.labels.is_empty()
        && signature.classes.is_empty()
        && classes::probability_columns(signature).is_none()
    {
        let reason = format!(
            "{} does not say how many classes it has; that they are {} was not checked",
            itself.who,
            signature.labels.len()
        );
        notes.warn("labels", &reason);
    }
}
