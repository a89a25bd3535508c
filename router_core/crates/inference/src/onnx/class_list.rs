//! Finds the class list behind an output of an ONNX file, without reading the rest of it.

use std::sync::Arc;

use pointsman_model::ClassList;

use super::protobuf::{Held, take_field, take_varint};

/// How many operators lie between an output and its class list at most; exporters write four.
const MAX_STEPS: usize = 16;
/// The most classes of a list; a longer one is not read.
const MAX_CLASSES: usize = 10_000;
/// The most bytes of a class; a list with a longer one is not read.
const MAX_CLASS_BYTES: usize = 1_024;

/// Field numbers and types of `onnx.proto`.
mod numbers {
    pub(super) const MODEL_GRAPH: u64 = 7;
    pub(super) const GRAPH_NODE: u64 = 1;
    pub(super) const GRAPH_INITIALIZER: u64 = 5;
    pub(super) const NODE_INPUT: u64 = 1;
    pub(super) const NODE_OUTPUT: u64 = 2;
    pub(super) const NODE_OPERATOR: u64 = 4;
    pub(super) const NODE_ATTRIBUTE: u64 = 5;
    pub(super) const ATTRIBUTE_NAME: u64 = 1;
    pub(super) const ATTRIBUTE_TENSOR: u64 = 5;
    pub(super) const ATTRIBUTE_INTS: u64 = 8;
    pub(super) const ATTRIBUTE_STRINGS: u64 = 9;
    pub(super) const TENSOR_TYPE: u64 = 2;
    pub(super) const TENSOR_INT32S: u64 = 5;
    pub(super) const TENSOR_STRINGS: u64 = 6;
    pub(super) const TENSOR_INT64S: u64 = 7;
    pub(super) const TENSOR_NAME: u64 = 8;
    pub(super) const TENSOR_RAW: u64 = 9;
    pub(super) const TYPE_INT32: u64 = 6;
    pub(super) const TYPE_INT64: u64 = 7;
    pub(super) const TYPE_STRING: u64 = 8;
}
use numbers::*;

/// The classes that an output gives, in the order of the probabilities beside it.
///
/// They stand in the classifier's operator, or in the constant of which an extractor takes one. Other operators between
/// them and the output leave them as they are, or the output's origin is not known. None also for a file that is
/// damaged: who loads it says so.
pub(super) fn class_list(model: &[u8], output: &str) -> Option<ClassList> {
    let graph = bytes_of(model, MODEL_GRAPH).last()?;
    let mut wanted = output.as_bytes();
    for _ in 0..MAX_STEPS {
        let node = node_of(graph, wanted)?;
        let input = |place: usize| bytes_of(node, NODE_INPUT).nth(place);
        match bytes_of(node, NODE_OPERATOR).last()? {
            b"LinearClassifier" | b"SVMClassifier" | b"TreeEnsembleClassifier" => {
                // Its second output is the probabilities.
                let is_label = bytes_of(node, NODE_OUTPUT).next() == Some(wanted);
                return is_label.then(|| list_of_classifier(node)).flatten();
            }
            b"ArrayFeatureExtractor" => return list_of_constant(graph, input(0)?),
            b"Cast" | b"Identity" | b"Reshape" | b"Squeeze" | b"Unsqueeze" | b"Flatten" => wanted = input(0)?,
            _ => return None,
        }
    }
    None
}

/// The fields of a number that have a length; the first damaged one ends them.
fn bytes_of(mut message: &[u8], number: u64) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        loop {
            match take_field(&mut message)?? {
                (found, Held::Bytes(bytes)) if found == number => return Some(bytes),
                _ => {}
            }
        }
    })
}

/// The operator that gives a value.
fn node_of<'a>(graph: &'a [u8], value: &[u8]) -> Option<&'a [u8]> {
    bytes_of(graph, GRAPH_NODE).find(|node| bytes_of(node, NODE_OUTPUT).any(|output| output == value))
}

fn list_of_classifier(node: &[u8]) -> Option<ClassList> {
    bytes_of(node, NODE_ATTRIBUTE).find_map(|attribute| match bytes_of(attribute, ATTRIBUTE_NAME).last()? {
        b"classlabels_ints" | b"classlabels_int64s" => numbers(varints(attribute, ATTRIBUTE_INTS)?),
        b"classlabels_strings" => texts(bytes_of(attribute, ATTRIBUTE_STRINGS)),
        _ => None,
    })
}

fn list_of_constant(graph: &[u8], name: &[u8]) -> Option<ClassList> {
    let is_named = |tensor: &&[u8]| bytes_of(tensor, TENSOR_NAME).last() == Some(name);
    if let Some(tensor) = bytes_of(graph, GRAPH_INITIALIZER).find(is_named) {
        return list_of_tensor(tensor);
    }
    let node = node_of(graph, name)?;
    if bytes_of(node, NODE_OPERATOR).last()? != b"Constant" {
        return None;
    }
    let attribute = bytes_of(node, NODE_ATTRIBUTE).next()?;
    match bytes_of(attribute, ATTRIBUTE_NAME).last()? {
        b"value" => list_of_tensor(bytes_of(attribute, ATTRIBUTE_TENSOR).last()?),
        b"value_ints" => numbers(varints(attribute, ATTRIBUTE_INTS)?),
        b"value_strings" => texts(bytes_of(attribute, ATTRIBUTE_STRINGS)),
        _ => None,
    }
}

fn list_of_tensor(tensor: &[u8]) -> Option<ClassList> {
    let raw = bytes_of(tensor, TENSOR_RAW).last();
    match (varint_of(tensor, TENSOR_TYPE)?, raw) {
        (TYPE_STRING, None) => texts(bytes_of(tensor, TENSOR_STRINGS)),
        (TYPE_INT32, None) => {
            let int32s = varints(tensor, TENSOR_INT32S)?;
            numbers(int32s.into_iter().map(|number| i64::from(number as i32)).collect())
        }
        (TYPE_INT64, None) => numbers(varints(tensor, TENSOR_INT64S)?),
        (TYPE_INT32, Some(raw)) => {
            let (int32s, rest) = raw.as_chunks();
            let read = int32s.iter().take(MAX_CLASSES + 1).map(|bytes| i32::from_le_bytes(*bytes).into());
            if rest.is_empty() { numbers(read.collect()) } else { None }
        }
        (TYPE_INT64, Some(raw)) => {
            let (int64s, rest) = raw.as_chunks();
            let read = int64s.iter().take(MAX_CLASSES + 1).map(|bytes| i64::from_le_bytes(*bytes));
            if rest.is_empty() { numbers(read.collect()) } else { None }
        }
        _ => None,
    }
}

/// The last varint of a field.
fn varint_of(mut message: &[u8], number: u64) -> Option<u64> {
    let mut last = None;
    while let Some((found, held)) = take_field(&mut message)? {
        if let (true, Held::Varint(value)) = (found == number, held) {
            last = Some(value);
        }
    }
    last
}

/// The whole numbers of a field, packed or one by one; none when there are too many.
fn varints(mut message: &[u8], number: u64) -> Option<Vec<i64>> {
    let mut found = Vec::new();
    while let Some((field, held)) = take_field(&mut message)? {
        match held {
            Held::Varint(value) if field == number => found.push(value as i64),
            Held::Bytes(mut packed) if field == number => {
                while !packed.is_empty() && found.len() <= MAX_CLASSES {
                    found.push(take_varint(&mut packed)? as i64);
                }
            }
            _ => {}
        }
        if found.len() > MAX_CLASSES {
            return None;
        }
    }
    Some(found)
}

fn numbers(classes: Vec<i64>) -> Option<ClassList> {
    let classes: Box<[Arc<str>]> = classes.into_iter().map(|class| class.to_string().into()).collect();
    usable(ClassList { classes, are_texts: false })
}

fn texts<'a>(classes: impl Iterator<Item = &'a [u8]>) -> Option<ClassList> {
    let text = |class: &[u8]| {
        let is_short = class.len() <= MAX_CLASS_BYTES;
        str::from_utf8(class).ok().filter(|_| is_short).map(Arc::from)
    };
    let classes = classes.take(MAX_CLASSES + 1).map(text).collect::<Option<_>>()?;
    usable(ClassList { classes, are_texts: true })
}

/// A list that tells classes apart, of a length that is dealt with.
fn usable(list: ClassList) -> Option<ClassList> {
    let mut sorted: Vec<&Arc<str>> = list.classes.iter().collect();
    sorted.sort_unstable();
    let is_distinct = sorted.windows(2).all(|pair| matches!(pair, [one, other] if one != other));
    ((2..=MAX_CLASSES).contains(&sorted.len()) && is_distinct).then_some(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A field with a length.
    fn field(number: u64, payload: &[u8]) -> Vec<u8> {
        [varint(number << 3 | 2), varint(payload.len() as u64), payload.to_vec()].concat()
    }

    fn varint(mut value: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        while value >= 0x80 {
            bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        bytes.push(value as u8);
        bytes
    }

    fn int(number: u64, value: i64) -> Vec<u8> {
        [varint(number << 3), varint(value as u64)].concat()
    }

    fn node(operator: &str, inputs: &[&str], outputs: &[&str], attributes: &[Vec<u8>]) -> Vec<u8> {
        let names = |number: u64, names: &[&str]| {
            names.iter().flat_map(|name| field(number, name.as_bytes())).collect::<Vec<_>>()
        };
        let attributes: Vec<u8> =
            attributes.iter().flat_map(|attribute| field(NODE_ATTRIBUTE, attribute)).collect();
        let body = [
            names(NODE_INPUT, inputs),
            names(NODE_OUTPUT, outputs),
            field(NODE_OPERATOR, operator.as_bytes()),
            attributes,
        ];
        field(GRAPH_NODE, &body.concat())
    }

    fn attribute(name: &str, contents: &[Vec<u8>]) -> Vec<u8> {
        [field(ATTRIBUTE_NAME, name.as_bytes()), contents.concat()].concat()
    }

    fn tensor(name: &str, datatype: u64, contents: &[Vec<u8>]) -> Vec<u8> {
        let body =
            [int(TENSOR_TYPE, datatype as i64), contents.concat(), field(TENSOR_NAME, name.as_bytes())];
        body.concat()
    }

    fn model(parts: &[Vec<u8>]) -> Vec<u8> {
        [int(1, 9), field(MODEL_GRAPH, &parts.concat())].concat()
    }

    fn classes(model: &[u8]) -> Option<(String, bool)> {
        class_list(model, "label").map(|list| (list.classes.join(" "), list.are_texts))
    }

    #[test]
    fn a_classifier_says_its_classes_in_either_form_of_a_list() {
        let packed = field(ATTRIBUTE_INTS, &[varint(1), varint(-7_i64 as u64)].concat());
        let single = [int(ATTRIBUTE_INTS, 3), int(ATTRIBUTE_INTS, 2)].concat();
        let words = [field(ATTRIBUTE_STRINGS, b"10"), field(ATTRIBUTE_STRINGS, b"2")].concat();
        for (operator, name, list, expected) in [
            ("TreeEnsembleClassifier", "classlabels_int64s", packed.clone(), ("1 -7", false)),
            ("LinearClassifier", "classlabels_ints", single, ("3 2", false)),
            ("SVMClassifier", "classlabels_strings", words, ("10 2", true)),
        ] {
            let classifier = node(operator, &["x"], &["label", "p"], &[attribute(name, &[list])]);
            assert_eq!(classes(&model(&[classifier])), Some((expected.0.to_owned(), expected.1)));
        }
        let other =
            node("LinearClassifier", &["x"], &["p", "label"], &[attribute("classlabels_ints", &[packed])]);
        assert_eq!(classes(&model(&[other])), None, "its second output is no label");
    }

    #[test]
    fn an_extractor_takes_one_of_a_constants_classes() {
        let chain = [
            node("Cast", &["b"], &["label"], &[]),
            node("Reshape", &["a", "shape"], &["b"], &[]),
            node("ArrayFeatureExtractor", &["classes", "best"], &["a"], &[]),
        ]
        .concat();
        let raw: Vec<u8> = [5_i64, -5].into_iter().flat_map(i64::to_le_bytes).collect();
        let raw32: Vec<u8> = [7_i32, -7].into_iter().flat_map(i32::to_le_bytes).collect();
        let words = [field(TENSOR_STRINGS, b"a"), field(TENSOR_STRINGS, "é".as_bytes())];
        for (constant, expected) in [
            (tensor("classes", TYPE_INT64, &[field(TENSOR_RAW, &raw)]), "5 -5"),
            (tensor("classes", TYPE_INT32, &[field(TENSOR_RAW, &raw32)]), "7 -7"),
            (tensor("classes", TYPE_INT32, &[int(TENSOR_INT32S, 1), int(TENSOR_INT32S, -1)]), "1 -1"),
            (tensor("classes", TYPE_INT64, &[int(TENSOR_INT64S, 1), int(TENSOR_INT64S, 0)]), "1 0"),
            (tensor("classes", TYPE_STRING, &words), "a é"),
        ] {
            let initialised = model(&[chain.clone(), field(GRAPH_INITIALIZER, &constant)]);
            assert_eq!(classes(&initialised).unwrap().0, expected);
            let value = attribute("value", &[field(ATTRIBUTE_TENSOR, &constant)]);
            let computed = model(&[chain.clone(), node("Constant", &[], &["classes"], &[value])]);
            assert_eq!(classes(&computed).unwrap().0, expected);
        }
    }

    #[test]
    fn what_tells_no_classes_apart_or_is_not_known_is_no_list() {
        let classifier = |list: Vec<u8>| {
            let attribute = attribute("classlabels_ints", &[list]);
            model(&[node("LinearClassifier", &["x"], &["label"], &[attribute])])
        };
        assert_eq!(classes(&classifier([int(ATTRIBUTE_INTS, 1), int(ATTRIBUTE_INTS, 1)].concat())), None);
        assert_eq!(classes(&classifier(int(ATTRIBUTE_INTS, 1))), None);
        let many: Vec<u8> = (0..20_000).flat_map(varint).collect();
        assert_eq!(classes(&classifier(field(ATTRIBUTE_INTS, &many))), None);
        assert_eq!(classes(&model(&[node("ArgMax", &["p"], &["label"], &[])])), None);
        let circle = [node("Cast", &["a"], &["label"], &[]), node("Cast", &["label"], &["a"], &[])];
        assert_eq!(classes(&model(&circle)), None);
        let word = attribute(
            "classlabels_strings",
            &[field(ATTRIBUTE_STRINGS, b"\xff"), field(ATTRIBUTE_STRINGS, b"a")],
        );
        assert_eq!(classes(&model(&[node("LinearClassifier", &[], &["label"], &[word])])), None);
    }

    #[test]
    fn a_file_that_is_cut_or_changed_anywhere_is_read_without_a_panic() {
        let list = field(ATTRIBUTE_INTS, &[varint(1), varint(2)].concat());
        let whole = model(&[
            node("Cast", &["a"], &["label"], &[]),
            node("TreeEnsembleClassifier", &["x"], &["a"], &[attribute("classlabels_int64s", &[list])]),
        ]);
        assert!(classes(&whole).is_some());
        for place in 0..whole.len() {
            let _ = classes(&whole[..place]);
            for bit in 0..8 {
                let mut changed = whole.clone();
                changed[place] ^= 1 << bit;
                let _ = classes(&changed);
            }
        }
    }
}
