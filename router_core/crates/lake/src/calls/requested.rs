//! Which outputs a client asked for, and which are missing in its answer.

use std::{borrow::Cow, collections::HashSet};

use pointsman_model::Signature;

use crate::calls::{
    fields::{Fields, Unreadable},
    tensor::TensorView,
};

/// The outputs asked for in a `ModelInferRequest`, and the name of each.
const REQUESTED: u32 = 6;
const NAME: u32 = 1;

/// The most missing outputs that are named.
const MAX_NAMED: usize = 16;

/// The outputs that a `ModelInferRequest` asks for; none means all of them.
pub(crate) fn requested_outputs(message: &[u8]) -> Result<Vec<&str>, Unreadable> {
    let mut names = Vec::new();
    for field in Fields::of(message) {
        let field = field?;
        if field.number != REQUESTED {
            continue;
        }
        let mut name = "";
        for inner in Fields::of(field.value.bytes()?) {
            let inner = inner?;
            if inner.number == NAME {
                name = inner.value.text()?;
            }
        }
        names.push(name);
    }
    Ok(names)
}

/// What is to be said of outputs that an answer lacks: nobody may take them for outputs that the model does not have.
///
/// Which those are says the signature; without one, all that can be said is what was asked for.
pub(crate) fn missing_outputs<'a>(
    signature: &'a Signature,
    outputs: &[TensorView<'_>],
    requested: Option<&[&str]>,
) -> Vec<Cow<'a, str>> {
    let asked = requested.filter(|names| !names.is_empty());
    if signature.outputs.is_empty() {
        return asked
            .map_or_else(Vec::new, |names| vec![format!("only_requested: {}", listed(names)).into()]);
    }
    let answered = || outputs.iter().map(|output| output.name);
    if signature.outputs.iter().map(|spec| &*spec.name).eq(answered()) {
        return Vec::new();
    }
    let answered: HashSet<&str> = answered().collect();
    let is_missing = |name: &str| !answered.contains(name);
    let missing = signature.outputs.iter().map(|spec| &*spec.name).filter(|name| is_missing(name));
    let mut notes: Vec<Cow<'a, str>> = missing
        .clone()
        .take(MAX_NAMED)
        .map(|name| match asked {
            Some(names) if !names.contains(&name) => format!("not_requested: {name}").into(),
            _ => format!("not_answered: {name}").into(),
        })
        .collect();
    let further = missing.skip(MAX_NAMED).count();
    if further > 0 {
        notes.push(format!("missing: {further} further outputs").into());
    }
    notes
}

fn listed(names: &[&str]) -> String {
    let mut text = names.iter().take(MAX_NAMED).copied().collect::<Vec<_>>().join(", ");
    if names.len() > MAX_NAMED {
        text.push_str(", …");
    }
    text
}
