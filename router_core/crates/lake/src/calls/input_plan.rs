//! Which features an input tensor's columns are, by the signature: the way of `fill_inputs` in the other direction.

use std::{collections::HashSet, sync::Arc};

use pointsman_model::{Datatype, Signature, TensorSpec};

use crate::columns::registry::{Kind, MAX_COLUMNS};

/// One input of a signature.
#[derive(Debug)]
pub(crate) struct InputPlan {
    /// The tensor's name.
    pub(crate) name: Arc<str>,
    /// What its elements are kept as.
    pub(crate) kind: Kind,
    /// The feature that holds all columns as a list.
    pub(crate) own_name: Arc<str>,
    /// Whether that list must not be kept, as a whole or in part.
    pub(crate) own_is_excluded: bool,
    /// The feature of each column of a row; none when rows are lists of any length.
    pub(crate) columns: Option<Vec<ColumnPlan>>,
    /// Whether the first dimension counts rows.
    has_batch: bool,
    /// Whether Predict takes its columns as `f0`, `f1`, …
    is_numbered: bool,
}

/// One column of an input.
#[derive(Debug)]
pub(crate) struct ColumnPlan {
    /// The feature.
    pub(crate) name: Arc<str>,
    /// Whether it must not be kept.
    pub(crate) is_excluded: bool,
}

impl InputPlan {
    /// Plans an input.
    pub(crate) fn of(signature: &Signature, spec: &TensorSpec, excluded: &HashSet<String>) -> Self {
        let own_name = spec.features.first().unwrap_or(&spec.name).clone();
        let has_batch = spec.shape.first() == Some(&-1);
        let columns = column_count(spec, has_batch).map(|count| {
            let named = spec.features.len();
            (0..count)
                .map(|index| {
                    if named == count && named > 0 {
                        let name = spec.features.get(index).unwrap_or(&own_name).clone();
                        let is_excluded = excluded.contains(&*name);
                        return ColumnPlan { name, is_excluded };
                    }
                    if count == 1 {
                        return ColumnPlan {
                            name: own_name.clone(),
                            is_excluded: excluded.contains(&*own_name)
                                || aliases(signature, spec, 0).any(|alias| excluded.contains(&alias)),
                        };
                    }
                    let is_excluded = excluded.contains(&*own_name)
                        || aliases(signature, spec, index).any(|alias| excluded.contains(&alias));
                    ColumnPlan { name: format!("{own_name}_{index}").into(), is_excluded }
                })
                .collect::<Vec<_>>()
        });
        let part_is_excluded = || match &columns {
            Some(columns) => columns.iter().any(|column| column.is_excluded),
            None => excluded.iter().any(|name| is_part_of_list(name, signature, spec)),
        };
        Self {
            name: spec.name.clone(),
            kind: Kind::of(spec.datatype),
            own_is_excluded: excluded.contains(&*own_name) || part_is_excluded(),
            own_name,
            columns,
            has_batch,
            is_numbered: signature.inputs.len() == 1 && spec.features.is_empty(),
        }
    }

    /// Whether it is a list of any length of which something is left out, and the name may be that of the list or of one of its
    /// columns: which it is nobody can tell.
    pub(crate) fn leaves_out(&self, name: &str) -> bool {
        self.columns.is_none()
            && self.own_is_excluded
            && (*self.own_name == *name
                || is_numbered(name, &self.own_name)
                || self.is_numbered && name.strip_prefix('f').is_some_and(is_number))
    }

    /// How many rows a tensor of this input has; none when it does not fit.
    pub(crate) fn rows(&self, shape: &[i64], count: usize) -> Option<usize> {
        let first = shape.first().and_then(|&first| usize::try_from(first).ok());
        if let Some(columns) = &self.columns {
            let rows = count.checked_div(columns.len())?;
            // In another shape of as many elements, columns would be taken for rows.
            let fits = rows * columns.len() == count && (rows <= 1 || first == Some(rows));
            return fits.then_some(rows);
        }
        let rows = if self.has_batch { first? } else { 1 };
        // Rows without elements could be any number.
        (rows <= count && count.is_multiple_of(rows.max(1))).then_some(rows)
    }
}

/// The number of columns of a row, when shape or names say it and each can be a column of the lake.
fn column_count(spec: &TensorSpec, has_batch: bool) -> Option<usize> {
    let named = spec.features.len();
    let dimensions = spec.shape.get(usize::from(has_batch)..).unwrap_or_default();
    let open = dimensions.iter().filter(|&&length| length == -1).count();
    let known = dimensions
        .iter()
        .filter(|&&length| length != -1)
        .try_fold(1_usize, |product, &length| product.checked_mul(usize::try_from(length).ok()?))
        .filter(|&known| known > 0)?;
    let count = match (open, named) {
        (0, 0 | 1) => known,
        (0, _) if named == known || spec.shape.is_empty() => named,
        (1, 2..) if named.is_multiple_of(known) => named,
        _ => return None,
    };
    (count <= MAX_COLUMNS).then_some(count)
}

/// The names under which Predict takes a column of an unnamed input.
fn aliases(signature: &Signature, spec: &TensorSpec, index: usize) -> impl Iterator<Item = String> {
    let is_unnamed = spec.features.is_empty();
    let is_only = signature.inputs.len() == 1;
    let first = spec.features.first().unwrap_or(&spec.name);
    [Some(format!("{first}_{index}")), (is_unnamed && is_only).then(|| format!("f{index}"))]
        .into_iter()
        .flatten()
}

/// Whether a name is `prefix_<number>`.
fn is_numbered(name: &str, prefix: &str) -> bool {
    let number = name.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_'));
    number.is_some_and(is_number)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a name is that of some column of a list of any length, as callers and rules may say it.
fn is_part_of_list(name: &str, signature: &Signature, spec: &TensorSpec) -> bool {
    let own_name = spec.features.first().unwrap_or(&spec.name);
    let is_only = signature.inputs.len() == 1 && spec.features.is_empty();
    is_numbered(name, own_name) || is_only && name.strip_prefix('f').is_some_and(is_number)
}

/// The names of features that Predict must not keep, those asked for and the other names of the same columns.
pub(crate) fn excluded_names(signature: &Signature, excluded: &HashSet<String>) -> HashSet<String> {
    let mut names = excluded.clone();
    for spec in &signature.inputs {
        let plan = InputPlan::of(signature, spec, excluded);
        if plan.own_is_excluded {
            // Of a list sent whole, no part can be told apart unless its columns are known.
            if plan.columns.is_none() {
                names.insert(plan.own_name.to_string());
            }
            for (index, column) in plan.columns.iter().flatten().enumerate() {
                if column.is_excluded {
                    names.insert(column.name.to_string());
                    if spec.features.len() <= 1 {
                        names.extend(aliases(signature, spec, index));
                    }
                }
            }
        }
    }
    names
}

/// Whether what is left out of records may be what a name stands for: by itself, as another name of a column that is left
/// out, as a part of a list that is, or as a list of which a part is.
#[must_use]
pub fn is_left_out<'s>(
    name: &str,
    excluded: &HashSet<String>,
    mut signatures: impl Iterator<Item = &'s Signature>,
) -> bool {
    excluded.contains(name)
        || excluded.iter().any(|other| is_numbered(name, other) || is_numbered(other, name))
        || !excluded.is_empty()
            && signatures.any(|signature| {
                excluded_names(signature, excluded).contains(name)
                    || signature
                        .inputs
                        .iter()
                        .any(|spec| InputPlan::of(signature, spec, excluded).leaves_out(name))
            })
}

impl Kind {
    /// What elements of a tensor type are kept as.
    pub(crate) fn of(datatype: Datatype) -> Self {
        match datatype {
            Datatype::Bool => Self::Bool,
            Datatype::Bytes => Self::Text,
            Datatype::Uint64 => Self::Unsigned,
            float if float.is_float() => Self::Double,
            _ => Self::Whole,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One input of rows of any length, with the features that are its columns.
    fn signature(features: &[&str]) -> Signature {
        let spec = TensorSpec {
            name: "x".into(),
            datatype: Datatype::Fp32,
            shape: [-1, -1].into(),
            features: features.iter().map(|name| Arc::from(*name)).collect(),
        };
        Signature { inputs: [spec].into(), ..Signature::default() }
    }

    #[test]
    fn a_list_of_any_length_and_its_columns_are_left_out_together_under_all_their_names() {
        let left_out = |name: &str, excluded: &str, features: &[&str]| {
            is_left_out(name, &HashSet::from([excluded.to_owned()]), std::iter::once(&signature(features)))
        };
        for excluded in ["x", "x_1", "f1"] {
            for name in ["x", "x_2", "f1", "f7"] {
                assert!(left_out(name, excluded, &[]), "{name} where {excluded} is left out");
            }
            assert!(!left_out("fee", excluded, &[]), "fee where {excluded} is left out");
        }
        assert!(!left_out("f1", "x", &["x"]), "a named input's columns have no numbers of their own");
        assert!(!left_out("f1", "age", &[]));
    }
}
