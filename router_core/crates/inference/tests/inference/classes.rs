//! Class values into labels: by what the signature says, by what the probabilities confirm, or not at all.

use crate::support::*;
use pointsman_inference::{
    Answer, FeatureError, Tensor,
    features::{ClassName, choose_class, class_name},
    read_outputs,
};
use pointsman_model::{ClassValue, Datatype, PredictionHolds, Signature, Task};
use proptest::prelude::*;

fn named(labels: &[&str]) -> Signature {
    Signature {
        task: Task::Classification,
        labels: labels.iter().map(|&label| label.into()).collect(),
        ..Signature::default()
    }
}

fn with_classes(labels: &[&str], classes: &[&str]) -> Signature {
    Signature {
        classes: classes.iter().map(|&class| class.into()).collect(),
        prediction_holds: PredictionHolds::Value,
        ..named(labels)
    }
}

fn read(signature: &Signature, outputs: &[Tensor]) -> Answer {
    read_outputs(signature, outputs).unwrap_or_else(|error| unreachable!("{error}"))
}

fn notes(answer: &Answer) -> Vec<&'static str> {
    answer.notes.words().collect()
}

fn label_beside(class: i64, probabilities: &[f32]) -> [Tensor; 2] {
    let columns = probabilities.len() as i64;
    [longs("label", &[1], &[class]), floats("probabilities", &[1, columns], probabilities)]
}

#[test]
fn declared_classes_are_mapped_to_their_labels_without_a_guess() {
    let signature = with_classes(&["one", "two", "three"], &["1", "2", "3"]);
    for (class, expected) in [(1, "one"), (2, "two"), (3, "three")] {
        assert_eq!(read(&signature, &[longs("label", &[1], &[class])]).prediction, text(expected));
    }
    let negative = with_classes(&["down", "up"], &["-1", "1"]);
    assert_eq!(read(&negative, &[longs("label", &[1], &[-1])]).prediction, text("down"));
    let places = Signature { prediction_holds: PredictionHolds::Index, ..named(&["1", "2", "3"]) };
    assert_eq!(read(&places, &[longs("label", &[1], &[1])]).prediction, text("2"));
    let values = Signature { prediction_holds: PredictionHolds::Value, ..named(&["2", "1", "0"]) };
    assert_eq!(read(&values, &[longs("label", &[1], &[2])]).prediction, text("2"));
    let floats_of = with_classes(&["a", "b"], &["3", "4"]);
    assert_eq!(read(&floats_of, &[floats("label", &[1], &[4.0])]).prediction, text("b"));
}

#[test]
fn a_declared_class_that_is_none_is_refused_by_name() {
    let cases = [
        (
            with_classes(&["one", "two"], &["1", "2"]),
            0,
            "holds 0, which is none of the 2 of signature.classes",
        ),
        (
            Signature { prediction_holds: PredictionHolds::Index, ..named(&["a", "b"]) },
            2,
            "holds 2, which is none of the 2 of signature.labels",
        ),
    ];
    for (signature, class, expected) in cases {
        let error = read_outputs(&signature, &[longs("label", &[1], &[class])]).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert!(!matches!(error, FeatureError::Feature { .. }), "no caller can mend it: {error}");
    }
}

#[test]
fn a_class_that_is_none_of_the_labels_is_marked_where_nothing_is_declared() {
    for output in [longs("label", &[1], &[7]), texts("label", &[1], &["c"])] {
        let answer = read(&named(&["a", "b"]), &[output]);
        assert_eq!(notes(&answer), ["unknown_class"]);
    }
}

#[test]
fn a_model_that_predicts_another_class_than_its_likeliest_is_taken_at_its_word_and_marked() {
    // Support vector machines of scikit-learn do so, and classifiers with a threshold of their own.
    let declared = with_classes(&["no", "yes"], &["0", "1"]);
    let answer = read(&declared, &label_beside(1, &[0.75, 0.25]));
    assert_eq!((answer.prediction.clone(), notes(&answer)), (text("yes"), vec!["not_likeliest"]));
    let words = [texts("label", &[1], &["yes"]), floats("probabilities", &[1, 2], &[0.75, 0.25])];
    let answer = read(&named(&["no", "yes"]), &words);
    assert_eq!((answer.prediction.clone(), notes(&answer)), (text("yes"), vec!["not_likeliest"]));
    // Of a number that nothing explains, the probabilities say which label it is.
    let answer = read(&named(&["no", "yes"]), &label_beside(1, &[0.75, 0.25]));
    assert_eq!((answer.prediction.clone(), notes(&answer)), (text("no"), vec!["from_probabilities"]));
    assert_eq!(answer.outputs["label"], number(1.0));
}

#[test]
fn labels_that_are_numbers_are_read_as_the_probabilities_confirm() {
    let signature = named(&["1", "2", "3"]);
    for (class, probabilities, expected) in [
        (1, [1.0, 0.0, 0.0], "1"),
        (2, [0.0, 1.0, 0.0], "2"),
        // Places: the model was trained on 0, 1, 2.
        (1, [0.0, 1.0, 0.0], "2"),
        (0, [1.0, 0.0, 0.0], "1"),
        (2, [0.0, 0.0, 1.0], "3"),
    ] {
        let answer = read(&signature, &label_beside(class, &probabilities));
        assert_eq!(answer.prediction, text(expected), "{class} beside {probabilities:?}");
        assert!(notes(&answer).is_empty());
    }
    let texts_of = named(&["10", "2"]);
    let outputs = [texts("label", &[1], &["2"]), floats("probabilities", &[1, 2], &[0.25, 0.75])];
    assert_eq!(read(&texts_of, &outputs).prediction, text("2"));
    let floats_of = named(&["1.0", "2.0"]);
    assert_eq!(read(&floats_of, &[longs("label", &[1], &[1])]).prediction, text("1.0"));
}

#[test]
fn yes_and_no_are_words_before_they_are_places() {
    let flag_of = |yes: bool| Tensor {
        datatype: Datatype::Bool,
        raw: vec![u8::from(yes)].into(),
        ..longs("label", &[1], &[])
    };
    for (labels, yes) in [(["true", "false"], "true"), (["False", "True"], "True"), (["no", "yes"], "yes")] {
        let outputs = [flag_of(true)];
        assert_eq!(read(&named(&labels), &outputs).prediction, text(yes), "{labels:?}");
    }
}

#[test]
fn any_of_equally_likely_classes_may_be_predicted() {
    let signature = with_classes(&["a", "b"], &["1", "2"]);
    for (class, expected) in [(1, "a"), (2, "b")] {
        let answer = read(&signature, &label_beside(class, &[0.5, 0.5]));
        assert_eq!((answer.prediction.clone(), notes(&answer)), (text(expected), vec![]));
    }
}

#[test]
fn probabilities_that_are_no_numbers_predict_nothing() {
    for row in [[f32::NAN, f32::NAN], [f32::NAN, 0.75]] {
        let outputs = [floats("probabilities", &[1, 2], &row)];
        for threshold in [None, Some(0.5)] {
            let signature = Signature { threshold, ..named(&["malignant", "benign"]) };
            let error = read_outputs(&signature, &outputs).unwrap_err();
            assert!(matches!(error, FeatureError::Output { .. }), "{error}");
            assert!(error.to_string().contains("NaN"), "{error}");
        }
    }
    // A label of its own stands, but nothing confirms it.
    let answer = read(&named(&["a", "b"]), &label_beside(1, &[f32::NAN, f32::NAN]));
    assert_eq!((answer.prediction.clone(), notes(&answer)), (text("b"), vec!["probability_is_nan"]));
}

#[test]
fn scores_are_not_passed_off_as_probabilities() {
    let answer = read(&named(&["a", "b", "c"]), &[floats("scores", &[1, 3], &[-1.5, 2.5, 0.25])]);
    assert_eq!((answer.prediction.clone(), notes(&answer)), (text("b"), vec!["not_probabilities"]));
    // The one score of two classes turns at 0, a probability at a half.
    let mut signature = named(&["no", "yes"]);
    signature.probability_output = Some("score".into());
    for score in [-0.25, 2.5] {
        let error = read_outputs(&signature, &[floats("score", &[1, 1], &[score])]).unwrap_err().to_string();
        assert!(error.contains("which is no probability of the second of two classes"), "{error}");
    }
}

#[test]
fn a_label_of_several_rows_answers_nobody() {
    let signature =
        Signature { outputs: [spec("label", Datatype::Int64, &[-1], &[])].into(), ..named(&["a", "b"]) };
    for output in [longs("label", &[3], &[0, 1, 0]), longs("label", &[0], &[])] {
        let error = read_outputs(&signature, &[output]).unwrap_err().to_string();
        assert!(error.contains("rows for one row of features"), "{error}");
    }
}

#[test]
fn without_labels_the_class_stands_for_itself() {
    let signature = with_classes(&[], &["1", "2", "3"]);
    let answer = read(&signature, &[floats("probabilities", &[1, 3], &[0.0, 0.0, 1.0])]);
    assert_eq!(answer.prediction, number(3.0));
    assert_eq!(class_name(&with_classes(&[], &["x", "y"]), 1), ClassName::Text(&"y".into()));
}

proptest! {
    /// Whatever the classes are, an answer without a note never contradicts its own probabilities.
    #[test]
    fn an_answer_without_a_note_is_a_likeliest_class(
        count in 2_usize..6,
        first in -3_i128..4,
        said in -5_i128..9,
        weights in proptest::collection::vec(0_u8..4, 6),
        numbered in any::<bool>(),
        kind in 0..4,
    ) {
        let labels: Vec<String> = (0..count).map(|place| match numbered {
            true => (first + place as i128).to_string(),
            false => format!("class {place}"),
        }).collect();
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        let classes: Vec<String> = (0..count).map(|place| (first + place as i128).to_string()).collect();
        let classes: Vec<&str> = classes.iter().map(String::as_str).collect();
        let signature = match kind {
            0 => named(&labels),
            1 => with_classes(&labels, &classes),
            2 => Signature { prediction_holds: PredictionHolds::Index, ..named(&labels) },
            _ => Signature { prediction_holds: PredictionHolds::Value, ..named(&labels) },
        };
        let probabilities: Vec<f64> = weights[..count].iter().map(|&weight| f64::from(weight) / 4.0).collect();
        let chosen = choose_class(&signature, ClassValue::Whole(said), &probabilities);
        let best = probabilities.iter().copied().fold(0.0, f64::max);
        if chosen.notes.words().count() == 0 {
            let place = chosen.place.unwrap();
            prop_assert!(probabilities[place] == best);
        }
        if kind == 1 {
            prop_assert_eq!(chosen.place, usize::try_from(said - first).ok().filter(|&place| place < count));
        }
        if kind == 2 {
            prop_assert_eq!(chosen.place, usize::try_from(said).ok().filter(|&place| place < count));
        }
    }
}
