//! The tensors that a user lists, one by one against the model's own.

use pointsman_model::{Datatype, Signature, TensorSpec};
use pointsman_wire::generated::pointsman_v1 as proto;

use super::{Itself, Notes, shown};

/// Which tensors, and how a text calls one of them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Inputs,
    Outputs,
}

impl Kind {
    const fn field(self) -> &'static str {
        match self {
            Self::Inputs => "inputs",
            Self::Outputs => "outputs",
        }
    }

    const fn one(self) -> &'static str {
        match self {
            Self::Inputs => "input",
            Self::Outputs => "output",
        }
    }

    fn of(self, signature: &Signature) -> &[TensorSpec] {
        match self {
            Self::Inputs => &signature.inputs,
            Self::Outputs => &signature.outputs,
        }
    }
}

/// Fills in what listed tensors lack: the name where there is one tensor only, datatype, shape, features.
pub(super) fn complete(given: &mut proto::Signature, itself: &Itself<'_>, notes: &mut Notes) {
    complete_kind(&mut given.inputs, Kind::Inputs, itself, notes);
    complete_kind(&mut given.outputs, Kind::Outputs, itself, notes);
}

fn complete_kind(given: &mut [proto::TensorSpec], kind: Kind, itself: &Itself<'_>, notes: &mut Notes) {
    let own = kind.of(itself.signature);
    let is_only = given.len() == 1;
    for (place, tensor) in given.iter_mut().enumerate() {
        let field = format!("{}[{place}]", kind.field());
        let mut filled = Vec::new();
        let spec = if tensor.name.is_empty() {
            match own {
                [only] if is_only => {
                    tensor.name = only.name.to_string();
                    filled.push(format!("name {:?}", only.name));
                    Some(only)
                }
                _ => {
                    notes.fault(&format!("{field}.name"), nameless(kind, own, itself.who));
                    continue;
                }
            }
        } else {
            own.iter().find(|spec| *spec.name == *tensor.name)
        };
        let Some(spec) = spec else {
            if own.is_empty() {
                check_says_datatype(tensor, &field, itself.who, notes);
            } else {
                notes.fault(&format!("{field}.name"), unknown(kind, &tensor.name, own, itself.who));
            }
            continue;
        };
        if tensor.datatype.is_empty() {
            spec.datatype.as_str().clone_into(&mut tensor.datatype);
            filled.push(format!("datatype {}", tensor.datatype));
        }
        if complete_shape(&mut tensor.shape, &spec.shape) {
            filled.push(format!("shape {:?}", tensor.shape));
        }
        if tensor.features.is_empty() && !spec.features.is_empty() {
            tensor.features = spec.features.iter().map(ToString::to_string).collect();
            filled.push(format!("features {}", shown(&tensor.features)));
        }
        if !filled.is_empty() {
            notes.filled(&field, &filled.join(", "));
        }
    }
}

/// Takes over lengths that the model knows and the user leaves open, but that of the first dimension: rows are the
/// user's business.
fn complete_shape(given: &mut Vec<i64>, own: &[i64]) -> bool {
    if given.is_empty() && !own.is_empty() {
        *given = own.to_vec();
        return true;
    }
    let mut filled = false;
    if given.len() == own.len() {
        for (length, own) in given.iter_mut().zip(own).skip(1) {
            if *length == -1 && *own > 0 {
                *length = *own;
                filled = true;
            }
        }
    }
    filled
}

fn nameless(kind: Kind, own: &[TensorSpec], who: &str) -> String {
    let (all, one) = (kind.field(), kind.one());
    if own.is_empty() {
        format!("is empty, and {who} does not describe its {all}; name the {one}")
    } else {
        format!("is empty; say which {one} is meant, {who} has {}", shown(own.iter().map(|spec| &*spec.name)))
    }
}

fn unknown(kind: Kind, name: &str, own: &[TensorSpec], who: &str) -> String {
    let all = kind.field();
    format!(
        "{name:?} is none of the {all} of {who}, which are {}; write one of these, or leave {all} out",
        shown(own.iter().map(|spec| &*spec.name))
    )
}

fn check_says_datatype(tensor: &proto::TensorSpec, field: &str, who: &str, notes: &mut Notes) {
    if tensor.datatype.is_empty() {
        let reason = format!("is empty, and {who} does not say it; write it, such as FP32, INT64 or BYTES");
        notes.fault(&format!("{field}.datatype"), reason);
    }
}

/// Checks the tensors of a completed signature.
pub(super) fn check(signature: &Signature, itself: &Itself<'_>, notes: &mut Notes) {
    for kind in [Kind::Inputs, Kind::Outputs] {
        let own = kind.of(itself.signature);
        if own.is_empty() {
            let all = kind.field();
            let reason =
                format!("{} does not describe its {all}; what is said of them was not checked", itself.who);
            notes.warn(all, &reason);
            continue;
        }
        for (place, spec) in kind.of(signature).iter().enumerate() {
            if let Some(own) = own.iter().find(|own| own.name == spec.name) {
                check_one(kind, place, spec, own, itself, notes);
            }
        }
    }
    check_all_are_fed(signature, itself, notes);
}

fn check_one(
    kind: Kind,
    place: usize,
    spec: &TensorSpec,
    own: &TensorSpec,
    itself: &Itself<'_>,
    notes: &mut Notes,
) {
    let (who, one, field) = (itself.who, kind.one(), format!("{}[{place}]", kind.field()));
    if spec.datatype != own.datatype {
        let (said, is) = (spec.datatype.as_str(), own.datatype.as_str());
        let reason =
            format!("is {said}, but {one} {:?} of {who} is {is}; write {is}, or leave it out", spec.name);
        let field = format!("{field}.datatype");
        // An answer is read by the type that it brings, whatever was said, as long as it is a number.
        let is_sketch = kind == Kind::Outputs && itself.file.is_none();
        if is_sketch && spec.datatype != Datatype::Bytes && own.datatype != Datatype::Bytes {
            notes.warn(&field, &reason);
        } else {
            notes.fault(&field, reason);
        }
    }
    if !fits(&spec.shape, &own.shape, itself.file.is_some()) {
        let (said, is) = (&spec.shape, &own.shape);
        let reason = format!(
            "is {said:?}, but {one} {:?} of {who} has shape {is:?}, where -1 is any length; write that, or leave it out",
            spec.name
        );
        // Of what they answer servers often say no more than a sketch, and no call depends on it.
        if kind == Kind::Outputs {
            notes.warn(&format!("{field}.shape"), &reason);
        } else {
            notes.fault(&format!("{field}.shape"), reason);
        }
    }
    check_order(spec, own, &field, who, notes);
}

/// Whether one array can have both shapes. A file is exact; of servers some count rows in their shapes, some do not.
fn fits(said: &[i64], own: &[i64], is_exact: bool) -> bool {
    let agree = |said: &[i64], own: &[i64]| {
        said.len() == own.len() && said.iter().zip(own).all(|(a, b)| a == b || *a == -1 || *b == -1)
    };
    let row = |shape: &[i64]| match shape {
        [-1 | 1, row @ ..] => row.to_vec(),
        row => row.to_vec(),
    };
    agree(said, own) || !is_exact && agree(&row(said), &row(own))
}

/// Refuses names in another order than the model's own: each value would go into another column.
fn check_order(spec: &TensorSpec, own: &TensorSpec, field: &str, who: &str, notes: &mut Notes) {
    let moved = spec
        .features
        .iter()
        .zip(&own.features)
        .enumerate()
        .find(|(_, (said, own_name))| said != own_name && own.features.contains(said));
    if let Some((place, (said, own_name))) = moved {
        let reason = format!(
            "{said:?} stands where {who} has {own_name:?}, and it has {said:?} elsewhere; write the names in the order \
             {}, or leave features out",
            shown(&own.features)
        );
        notes.fault(&format!("{field}.features[{place}]"), reason);
    }
}

/// A file runs with all its inputs only; servers may have some that they can do without.
fn check_all_are_fed(signature: &Signature, itself: &Itself<'_>, notes: &mut Notes) {
    let is_listed = |own: &&TensorSpec| signature.inputs.iter().any(|spec| spec.name == own.name);
    let missing: Vec<&str> =
        itself.signature.inputs.iter().filter(|own| !is_listed(own)).map(|own| &*own.name).collect();
    if missing.is_empty() {
        return;
    }
    let (who, missing) = (itself.who, shown(missing));
    if itself.file.is_some() {
        notes.fault("inputs", format!("lack {missing}, which {who} takes, too; add it, or leave inputs out"));
    } else {
        notes.warn("inputs", &format!("lack {missing}, which {who} takes, too; calls go without it"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_of_servers_may_leave_the_rows_out_and_those_of_files_may_not() {
        for (said, own, is_exact, expected) in [
            (&[-1, 10][..], &[-1, 10][..], true, true),
            (&[1, 10], &[-1, 10], true, true),
            (&[-1, 9], &[-1, 10], true, false),
            (&[-1, 9], &[-1, -1], true, true),
            (&[10], &[-1, 10], true, false),
            (&[10], &[-1, 10], false, true),
            (&[-1, 10], &[10], false, true),
            (&[-1, 9], &[10], false, false),
            (&[-1, 2, 3], &[-1, 6], false, false),
        ] {
            assert_eq!(fits(said, own, is_exact), expected, "{said:?} {own:?} {is_exact}");
        }
    }

    #[test]
    fn open_lengths_are_filled_in_but_for_the_rows() {
        for (said, own, expected) in [
            (vec![], &[-1, 4][..], Some(vec![-1, 4])),
            (vec![-1, -1], &[-1, 4], Some(vec![-1, 4])),
            (vec![-1, 4], &[1, 4], None),
            (vec![-1], &[-1, 4], None),
            (vec![], &[], None),
        ] {
            let mut shape = said.clone();
            let filled = complete_shape(&mut shape, own);
            assert_eq!(filled.then_some(shape), expected, "{said:?} {own:?}");
        }
    }
}
