//! What a signature and a model's file say of the classes: settled where they agree, refused where they cannot.

use std::{collections::HashSet, sync::Arc};

use crate::{
    Datatype, ModelError, PredictionHolds, Signature, Task,
    class_value::{bool_of, whole_of},
};

/// The most classes that a text for people names.
const SHOWN_CLASSES: usize = 8;

/// The class list that a model's file has for its prediction output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassList {
    /// The classes as the output gives them, in the order of the probabilities.
    pub classes: Box<[Arc<str>]>,
    /// Whether the output gives texts; else whole numbers.
    pub are_texts: bool,
}

/// Makes one account of the classes from what was declared and what the model's file says.
///
/// Where the file has a class list, it says what the prediction output holds. Classes that are texts are the labels if
/// none are declared. `prediction` is the type of the output that holds the prediction, where it is known.
///
/// # Errors
/// The field that cannot be right, with what is said elsewhere and the way out.
pub fn settle_classes(
    mut signature: Signature,
    of_file: Option<&ClassList>,
    prediction: Option<Datatype>,
) -> Result<Signature, ModelError> {
    if signature.task == Task::Regression {
        return check_regression(&signature).map(|()| signature);
    }
    check_distinct("classes", &signature.classes)?;
    if let Some(list) = of_file {
        if !signature.classes.is_empty() && signature.classes != list.classes {
            return Err(ModelError::new(
                "classes",
                format!(
                    "are {}, but the file's own are {}, in this order; write them so, or leave classes out",
                    shown(&signature.classes),
                    shown(&list.classes)
                ),
            ));
        }
        signature.classes = list.classes.clone();
    }
    // A text is its own label; a number is left a number.
    if signature.labels.is_empty()
        && of_file.map_or(prediction == Some(Datatype::Bytes), |list| list.are_texts)
    {
        signature.labels = signature.classes.clone();
    }
    check_places(&signature, of_file.is_some())?;
    if signature.classes.is_empty() {
        check_datatype(&signature, prediction)?;
    } else {
        if of_file.is_none() {
            check_spelling("classes", &signature.classes, prediction)?;
        }
        if signature.prediction_holds == PredictionHolds::Unspecified {
            signature.prediction_holds = PredictionHolds::Value;
        }
    }
    Ok(signature)
}

fn check_regression(signature: &Signature) -> Result<(), ModelError> {
    if signature.prediction_holds != PredictionHolds::Unspecified {
        let reason = "says what a classifier's output holds, but the task is regression; leave it out";
        return Err(ModelError::new("prediction_holds", reason));
    }
    if signature.classes.is_empty() {
        return Ok(());
    }
    let reason = format!(
        "are {}, but the task is regression, which has none; leave them out",
        shown(&signature.classes)
    );
    Err(ModelError::new("classes", reason))
}

fn check_distinct(field: &str, names: &[Arc<str>]) -> Result<(), ModelError> {
    let mut known = HashSet::new();
    match names.iter().enumerate().find(|(_, name)| !known.insert(&***name)) {
        None => Ok(()),
        Some((place, name)) => {
            Err(ModelError::new(format!("{field}[{place}]"), format!("{name:?} occurs twice; leave one out")))
        }
    }
}

/// Whether classes, labels and kind mean the same places.
fn check_places(signature: &Signature, are_of_file: bool) -> Result<(), ModelError> {
    let Signature { classes, labels, .. } = signature;
    if classes.is_empty() {
        return Ok(());
    }
    let whose = if are_of_file { "the file's own classes" } else { "classes" };
    let are_indices = classes.iter().enumerate().all(|(place, class)| whole_of(class) == Some(place as i128));
    if signature.prediction_holds == PredictionHolds::Index && !are_indices {
        return Err(ModelError::new(
            "prediction_holds",
            format!(
                "is index, but {whose} are {}, which are no places from 0; say value, or leave it out",
                shown(classes)
            ),
        ));
    }
    if labels.is_empty() {
        return Ok(());
    }
    if labels.len() != classes.len() {
        return Err(ModelError::new(
            "labels",
            format!(
                "are {} ({}), but {whose} are {} ({}); name each class once, in their order",
                labels.len(),
                shown(labels),
                classes.len(),
                shown(classes)
            ),
        ));
    }
    let class_places: HashSet<&str> = classes.iter().map(|class| &**class).collect();
    let moved = labels
        .iter()
        .zip(classes)
        .enumerate()
        .find(|(_, (label, class))| label != class && class_places.contains(&***label));
    // Names that are numbers themselves may stand for the places 0, 1, …: 1, 2, 3 for the classes 0, 1, 2.
    let is_permutation = || labels.iter().all(|label| class_places.contains(&**label));
    match moved {
        Some((place, (label, class))) if !are_indices || is_permutation() => Err(ModelError::new(
            format!("labels[{place}]"),
            format!(
                "{label:?} stands where {whose} have {class:?}, and they have {label:?} elsewhere; write the labels \
                 in the order {}, or leave them out",
                shown(classes)
            ),
        )),
        _ => Ok(()),
    }
}

/// Whether an output of a type can hold what is said without a list of classes.
fn check_datatype(signature: &Signature, prediction: Option<Datatype>) -> Result<(), ModelError> {
    match signature.prediction_holds {
        PredictionHolds::Unspecified => Ok(()),
        PredictionHolds::Index if prediction == Some(Datatype::Bytes) => Err(ModelError::new(
            "prediction_holds",
            "is index, but the prediction output is BYTES, which holds texts; say value, or leave it out",
        )),
        PredictionHolds::Index => Ok(()),
        PredictionHolds::Value => check_spelling("labels", &signature.labels, prediction),
    }
}

/// Whether an output of a type can hold these names.
fn check_spelling(field: &str, names: &[Arc<str>], prediction: Option<Datatype>) -> Result<(), ModelError> {
    let Some(datatype) = prediction else { return Ok(()) };
    let (fits, what): (fn(&str) -> bool, _) = match datatype {
        Datatype::Bytes => return Ok(()),
        Datatype::Bool => (|name| bool_of(name).is_some(), "neither true nor false"),
        _ => (|name| whole_of(name).is_some(), "no whole number"),
    };
    match names.iter().enumerate().find(|(_, name)| !fits(name)) {
        None => Ok(()),
        Some((place, name)) => Err(ModelError::new(
            format!("{field}[{place}]"),
            format!(
                "{name:?} is {what}, but the prediction output is {} and is said to hold the class itself; write in \
                 classes what it gives for each label, or say in prediction_holds that it is an index",
                datatype.as_str()
            ),
        )),
    }
}

fn shown(names: &[Arc<str>]) -> String {
    let mut text = names
        .iter()
        .take(SHOWN_CLASSES)
        .map(|name| format!("{:?}", name.chars().take(64).collect::<String>()))
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > SHOWN_CLASSES {
        text.push_str(", …");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Box<[Arc<str>]> {
        texts.iter().map(|&text| text.into()).collect()
    }

    fn list(classes: &[&str], are_texts: bool) -> ClassList {
        ClassList { classes: texts(classes), are_texts }
    }

    fn signature(labels: &[&str], classes: &[&str], holds: PredictionHolds) -> Signature {
        Signature {
            task: Task::Classification,
            labels: texts(labels),
            classes: texts(classes),
            prediction_holds: holds,
            ..Signature::default()
        }
    }

    use PredictionHolds::{Index, Unspecified, Value};

    #[test]
    fn a_files_class_list_says_what_the_output_holds() {
        let named = signature(&["one", "two", "three"], &[], Unspecified);
        let settled = settle_classes(named, Some(&list(&["1", "2", "3"], false)), None).unwrap();
        assert_eq!((settled.classes, settled.prediction_holds), (texts(&["1", "2", "3"]), Value));
        assert_eq!(settled.labels, texts(&["one", "two", "three"]));
        let unnamed = signature(&[], &[], Unspecified);
        let settled = settle_classes(unnamed.clone(), Some(&list(&["b", "a"], true)), None).unwrap();
        assert_eq!(settled.labels, texts(&["b", "a"]));
        let settled = settle_classes(unnamed, Some(&list(&["-1", "1"], false)), None).unwrap();
        assert_eq!((settled.labels.len(), settled.classes), (0, texts(&["-1", "1"])));
        let texts_of = signature(&[], &["10", "2"], Unspecified);
        let settled = settle_classes(texts_of.clone(), None, Some(Datatype::Bytes)).unwrap();
        assert_eq!(settled.labels, texts(&["10", "2"]));
        assert!(settle_classes(texts_of, None, Some(Datatype::Int64)).unwrap().labels.is_empty());
        // Names that are numbers, of a model whose classes had to be 0, 1, 2.
        let shifted = signature(&["1", "2", "3"], &[], Unspecified);
        settle_classes(shifted, Some(&list(&["0", "1", "2"], false)), None).unwrap();
    }

    #[test]
    fn what_cannot_agree_is_refused_by_field_value_and_way_out() {
        let numbers = list(&["1", "2", "3"], false);
        let words = list(&["10", "2"], true);
        let regression = Signature { task: Task::Regression, ..signature(&[], &[], Value) };
        let cases = [
            (
                signature(&["a", "b"], &[], Unspecified),
                Some(&numbers),
                None,
                "labels: are 2 (\"a\", \"b\"), but the file's own",
            ),
            (
                signature(&["3", "2", "1"], &[], Unspecified),
                Some(&numbers),
                None,
                "labels[0]: \"3\" stands where",
            ),
            (signature(&["2", "10"], &[], Unspecified), Some(&words), None, "labels[0]: \"2\" stands where"),
            (
                signature(&["a", "b", "c"], &[], Index),
                Some(&numbers),
                None,
                "prediction_holds: is index, but the file's own",
            ),
            (
                signature(&[], &["1", "2"], Unspecified),
                Some(&numbers),
                None,
                "classes: are \"1\", \"2\", but the file's own",
            ),
            (signature(&["a", "b"], &["1", "1"], Unspecified), None, None, "classes[1]: \"1\" occurs twice"),
            (signature(&["a", "b"], &["1", "2", "3"], Unspecified), None, None, "labels: are 2"),
            (
                signature(&["a", "b"], &["1", "2"], Index),
                None,
                None,
                "prediction_holds: is index, but classes are",
            ),
            (signature(&["1", "0"], &["0", "1"], Unspecified), None, None, "labels[0]: \"1\" stands where"),
            (
                signature(&["one", "two"], &[], Value),
                None,
                Some(Datatype::Int64),
                "labels[0]: \"one\" is no whole number",
            ),
            (
                signature(&[], &["01", "2"], Value),
                None,
                Some(Datatype::Int8),
                "classes[0]: \"01\" is no whole number",
            ),
            (
                signature(&["no", "yes"], &[], Value),
                None,
                Some(Datatype::Bool),
                "labels[0]: \"no\" is neither true nor false",
            ),
            (
                signature(&["a", "b"], &[], Index),
                None,
                Some(Datatype::Bytes),
                "prediction_holds: is index, but the prediction output",
            ),
            (regression, None, None, "prediction_holds: says what a classifier's output holds"),
        ];
        for (declared, of_file, datatype, expected) in cases {
            let error = settle_classes(declared.clone(), of_file, datatype).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{declared:?}: {error}");
        }
    }

    #[test]
    fn what_agrees_is_taken() {
        for (declared, datatype) in [
            (signature(&["a", "b"], &["-1", "1"], Unspecified), Some(Datatype::Int64)),
            (signature(&["a", "b"], &[], Index), Some(Datatype::Int32)),
            (signature(&["2", "10"], &[], Value), Some(Datatype::Int32)),
            (signature(&["no", "yes"], &["False", "True"], Value), Some(Datatype::Bool)),
            (signature(&["no", "yes"], &[], Value), Some(Datatype::Bytes)),
            (signature(&["no", "yes"], &["0", "1"], Index), None),
            (signature(&["1", "2"], &[], Unspecified), Some(Datatype::Int64)),
        ] {
            let settled = settle_classes(declared.clone(), None, datatype).unwrap();
            assert_eq!(settled.labels, declared.labels);
        }
    }
}
