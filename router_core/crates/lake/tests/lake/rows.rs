//! What rows hold of a call.

use crate::support::*;
use pointsman_model::Datatype;
use pointsman_wire::generated::{
    inference::{InferTensorContents, ModelInferRequest, model_infer_request::InferInputTensor},
    pointsman_v1::{self as proto, BodyKind},
};
use prost::Message;

#[test]
fn tensor_columns_are_the_features_that_the_signature_names() {
    let lake = Lake::new();
    let signature = signature(&[
        ("x", "FP32", &[-1, 2], &["age", "income"]),
        ("city", "BYTES", &[-1, 1], &[]),
        ("member", "BOOL", &[-1], &[]),
        ("pixels", "FP32", &[-1, 2, 2], &[]),
    ]);
    let inputs = [
        texts("city", &[1, 1], &["Köln".as_bytes()]),
        fp32("x", &[1, 2], &[31.5, f32::NAN]),
        tensor("member", Datatype::Bool, &[1], vec![1]),
        fp32("pixels", &[1, 2, 2], &[1.0, 2.0, f32::INFINITY, 4.0]),
    ];
    let rows = lake.rows_of(route(signature), &[infer("p", &inputs, None)]);
    let expected =
        ["f_age", "f_income", "f_city", "f_member", "f_pixels_0", "f_pixels_1", "f_pixels_2", "f_pixels_3"];
    assert_eq!(feature_names(&rows), expected);
    let values: Vec<String> = expected.iter().map(|name| shown(&rows, name, 0)).collect();
    assert_eq!(values, ["31.5", "null", "Köln", "true", "1.0", "2.0", "inf", "4.0"]);
    assert_eq!(shown(&rows, "features_content", 0), "all");
    assert_eq!(shown(&rows, "features_other", 0), "null");
}

#[test]
fn a_batch_of_n_rows_is_n_rows_of_one_decision() {
    let lake = Lake::new();
    let inputs = [fp32("x", &[3, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])];
    let outputs =
        [int64("label", &[3], &[1, 0, 1]), fp32("probabilities", &[3, 2], &[0.25, 0.75, 0.5, 0.5, 0.0, 1.0])];
    let entry = infer("p", &inputs, Some(&outputs));
    let rows = lake.rows_of(route(classifier(&[("x", "FP32", &[-1, 2], &[])])), &[entry]);
    assert_eq!(rows.num_rows(), 3);
    assert_eq!(doubles(&rows, "f_x_1"), [Some(2.0), Some(4.0), Some(6.0)]);
    for (row, (label, probabilities, confidence)) in
        [("yes", "[0.25, 0.75]", "0.75"), ("no", "[0.5, 0.5]", "0.5"), ("yes", "[0.0, 1.0]", "1.0")]
            .into_iter()
            .enumerate()
    {
        assert_eq!(shown(&rows, "prediction_id", row), "p");
        assert_eq!(shown(&rows, "row", row), row.to_string());
        assert_eq!(shown(&rows, "row_count", row), "3");
        assert_eq!(shown(&rows, "prediction_label", row), label);
        assert_eq!(shown(&rows, "probabilities", row), probabilities);
        assert_eq!(shown(&rows, "confidence", row), confidence);
        assert_eq!(shown(&rows, "outputs", row), "null");
    }
}

#[test]
fn what_a_client_did_not_ask_for_leaves_the_rest_of_the_answer() {
    let lake = Lake::new();
    let inputs = [fp32("x", &[1, 2], &[1.0, 2.0])];
    let label = int64("label", &[1], &[1]);
    let probabilities = fp32("probabilities", &[1, 2], &[0.75, 0.25]);
    let signature = proto::Signature {
        prediction_output: "label".to_owned(),
        probability_output: "probabilities".to_owned(),
        ..classifier(&[("x", "FP32", &[-1, 2], &[])])
    };
    let entries = [infer("a", &inputs, Some(&[label])), infer("b", &inputs, Some(&[probabilities]))];
    let rows = lake.rows_of(route(signature), &entries);
    let names = ["prediction_label", "probabilities", "confidence", "outputs"];
    assert_eq!(names.map(|name| shown(&rows, name, 0)), ["yes", "null", "null", "null"]);
    // What the label would have been, the model did not say.
    assert_eq!(names.map(|name| shown(&rows, name, 1)), ["null", "[0.75, 0.25]", "null", "null"]);
}

#[test]
fn the_confidence_of_a_class_number_is_never_another_classes_probability() {
    let lake = Lake::new();
    let inputs = [fp32("x", &[3, 2], &[0.0; 6])];
    let outputs = [
        // Of classes 1, 2, 3; the first could be the place of the likeliest, the others cannot.
        int64("label", &[3], &[1, 2, 3]),
        fp32("probabilities", &[3, 3], &[0.0, 1.000_000_1, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]),
    ];
    let entry = infer("p", &inputs, Some(&outputs));
    let rows = lake.rows_of(route(signature(&[("x", "FP32", &[-1, 2], &[])])), &[entry]);
    let confidences: Vec<String> = (0..3).map(|row| shown(&rows, "confidence", row)).collect();
    assert_eq!(confidences, ["1.0", "null", "null"]);
}

#[test]
fn a_batch_that_failed_is_one_row_with_the_count_of_all() {
    let lake = Lake::new();
    let mut entry = infer("p", &[fp32("x", &[3, 1], &[1.0, 2.0, 3.0])], None);
    entry.status_code = 14;
    let rows = lake.rows_of(route(signature(&[("x", "FP32", &[-1, 1], &[])])), &[entry]);
    assert_eq!(rows.num_rows(), 1);
    let shown_all =
        ["row_count", "status_code", "features_content", "answer_content"].map(|name| shown(&rows, name, 0));
    assert_eq!(shown_all, ["3", "14", "cut", "none"]);
}

#[test]
fn a_batch_larger_than_a_chunk_keeps_every_row() {
    let lake = Lake::new();
    let numbers: Vec<f32> = (0..10_001).map(|n| n as f32).collect();
    let entry = infer("p", &[fp32("x", &[10_001, 1], &numbers)], None);
    let rows = lake.rows_of(route(signature(&[("x", "FP32", &[-1, 1], &[])])), &[entry]);
    let expected: Vec<Option<f64>> = numbers.iter().map(|n| Some(f64::from(*n))).collect();
    assert_eq!(doubles(&rows, "f_x"), expected);
}

#[test]
fn typed_contents_are_read_like_raw_ones() {
    let lake = Lake::new();
    let input = InferInputTensor {
        name: "x".into(),
        datatype: "FP64".into(),
        shape: vec![2, 1],
        contents: Some(InferTensorContents { fp64_contents: vec![1.5, 2.5], ..Default::default() }),
        ..Default::default()
    };
    let mut call = entry("p");
    call.request_kind = BodyKind::Infer.into();
    call.request = ModelInferRequest { inputs: vec![input], ..Default::default() }.encode_to_vec().into();
    let rows = lake.rows_of(route(signature(&[("x", "FP64", &[-1, 1], &[])])), &[call]);
    assert_eq!(doubles(&rows, "f_x"), [Some(1.5), Some(2.5)]);
}

#[test]
fn features_of_predict_have_columns_by_their_kind() {
    let lake = Lake::new();
    let features = [
        ("age", number(31.0)),
        ("city", text("Bonn")),
        ("member", yes(true)),
        ("x", list(vec![number(1.0), number(2.0)])),
        ("tags", list(vec![text("a"), number(1.0), yes(false)])),
        ("place", object(&[("lat", number(50.5)), ("name", text("\"q\""))])),
        ("nothing", prost_types::Value::default()),
        ("odd", number(f64::NAN)),
    ];
    let call = predict("p", &features);
    let rows = lake.rows_of(route(signature(&[("x", "FP32", &[-1, 2], &[])])), &[call]);
    assert_eq!(feature_names(&rows), ["f_age", "f_city", "f_member", "f_x_0", "f_x_1"]);
    let values = ["f_age", "f_city", "f_member", "f_x_1"].map(|name| shown(&rows, name, 0));
    assert_eq!(values, ["31.0", "Bonn", "true", "2.0"]);
    let other = shown(&rows, "features_other", 0);
    assert_eq!(other, r#"{place: {"lat":50.5,"name":"\"q\""}, tags: ["a",1.0,false]}"#);
}

#[test]
fn values_that_a_column_does_not_hold_go_to_the_map() {
    let lake = Lake::new();
    let calls = [
        predict("1", &[("age", number(31.0))]),
        predict("2", &[("age", text("old"))]),
        predict("3", &[("Age", number(3.0))]),
        predict("4", &[("age", number(4.0))]),
    ];
    let rows = lake.rows_of(route(proto::Signature::default()), &calls);
    assert_eq!(doubles(&rows, "f_age"), [Some(31.0), None, None, Some(4.0)]);
    let others: Vec<String> = (0..4).map(|row| shown(&rows, "features_other", row)).collect();
    assert_eq!(others, ["null", "{age: \"old\"}", "{Age: 3.0}", "null"]);
}

#[test]
fn the_signature_fixes_types_before_a_wrong_value_can() {
    let lake = Lake::new();
    let mut failed = predict("1", &[("age", text("old")), ("extra", text("1"))]);
    failed.status_code = 3;
    let calls = [failed, predict("2", &[("age", number(4.0)), ("extra", number(1.0))])];
    let rows = lake.rows_of(route(signature(&[("x", "FP32", &[-1, 1], &["age"])])), &calls);
    assert_eq!(doubles(&rows, "f_age"), [None, Some(4.0)]);
    assert_eq!(doubles(&rows, "f_extra"), [None, Some(1.0)]);
    assert_eq!(shown(&rows, "features_other", 0), "{age: \"old\", extra: \"1\"}");
}

#[test]
fn lists_of_any_length_and_unknown_tensors_are_kept_as_well() {
    let lake = Lake::new();
    let inputs = [
        fp32("words", &[2, 3], &[1.0, 2.0, 3.0, 4.0, f32::NAN, f32::NEG_INFINITY]),
        int64("k", &[2], &[5, 6]),
        texts("note", &[2, 1, 2], &[b"a", b"b", b"c", &[0xff]]),
    ];
    let rows =
        lake.rows_of(route(signature(&[("words", "FP32", &[-1, -1], &[])])), &[infer("p", &inputs, None)]);
    assert_eq!([shown(&rows, "f_k", 0), shown(&rows, "f_k", 1)], ["5", "6"]);
    assert_eq!(shown(&rows, "features_other", 0), r#"{note: [["a","b"]], words: [1.0,2.0,3.0]}"#);
    assert_eq!(shown(&rows, "features_other", 1), r#"{note: [["c","/w=="]], words: [4.0,null,"-Infinity"]}"#);
}

#[test]
fn bodies_that_are_not_there_say_why() {
    let lake = Lake::new();
    let with_kind = |id: &str, kind: BodyKind| {
        let mut entry = entry(id);
        entry.request_kind = kind.into();
        entry.response_kind = kind.into();
        entry
    };
    let mut garbage = with_kind("5", BodyKind::Infer);
    garbage.request = b"\xff\xff\xff".as_slice().into();
    garbage.response = garbage.request.clone();
    let mut short = infer("6", &[fp32("x", &[1, 1], &[1.0])], None);
    short.request = short.request.slice(..short.request.len() - 1);
    let mut predicted = with_kind("7", BodyKind::Predict);
    predicted.request = garbage.request.clone();
    predicted.response = garbage.request.clone();
    let calls = [
        with_kind("1", BodyKind::Unspecified),
        with_kind("2", BodyKind::Cut),
        with_kind("3", BodyKind::Compressed),
        garbage,
        short,
        predicted,
    ];
    let rows = lake.rows_of(route(signature(&[("x", "FP32", &[-1, 1], &[])])), &calls);
    let features: Vec<String> = (0..6).map(|row| shown(&rows, "features_content", row)).collect();
    assert_eq!(features, ["none", "cut", "unreadable", "unreadable", "unreadable", "unreadable"]);
    let answers: Vec<String> = (0..6).map(|row| shown(&rows, "answer_content", row)).collect();
    assert_eq!(answers, ["none", "cut", "unreadable", "unreadable", "none", "unreadable"]);
    assert!((0..6).all(|row| shown(&rows, "row_count", row) == "1"));
}

#[test]
fn tensors_that_claim_more_than_they_hold_are_unreadable_without_allocating() {
    let lake = Lake::new();
    let signature = signature(&[("x", "FP32", &[-1, 2], &[])]);
    let calls: Vec<_> = [
        fp32("x", &[1 << 40, 2], &[1.0]),
        fp32("x", &[i64::MAX, i64::MAX], &[]),
        fp32("x", &[-1, 2], &[1.0, 2.0]),
        fp32("x", &[1, 3], &[1.0, 2.0, 3.0]),
        tensor("x", Datatype::Bytes, &[1, 2], vec![255, 255, 255, 255, 1]),
    ]
    .into_iter()
    .map(|tensor| infer("p", &[tensor], None))
    .collect();
    let rows = lake.rows_of(route(signature), &calls);
    assert_eq!(rows.num_rows(), 5);
    assert!((0..5).all(|row| shown(&rows, "features_content", row) == "unreadable"));
}

#[test]
fn rows_without_elements_are_not_believed() {
    let empty = |name: &str| tensor(name, Datatype::Fp32, &[1 << 40, 0], Vec::new());
    let mut of_answer = infer("3", &[], Some(&[empty("y")]));
    of_answer.request_kind = BodyKind::Unspecified.into();
    let lake = Lake::new();
    let open =
        lake.rows_of(route(signature(&[("x", "FP32", &[-1, -1], &[])])), &[infer("1", &[empty("x")], None)]);
    let unknown = lake.rows_of(route(signature(&[])), &[infer("2", &[empty("x")], None), of_answer]);
    assert_eq!((open.num_rows(), unknown.num_rows()), (1, 2));
    assert_eq!(shown(&open, "features_content", 0), "unreadable");
}

#[test]
fn a_call_without_rows_is_one_row() {
    let lake = Lake::new();
    let calls = [infer("p", &[fp32("x", &[0, 2], &[])], Some(&[fp32("y", &[0, 1], &[])]))];
    let rows = lake.rows_of(route(signature(&[("x", "FP32", &[-1, 2], &[])])), &calls);
    assert_eq!((rows.num_rows(), shown(&rows, "row_count", 0)), (1, "0".to_owned()));
}

#[test]
fn a_regression_answers_a_number_and_other_outputs_stay() {
    let lake = Lake::new();
    let mut signature = signature(&[("x", "FP32", &[-1, 1], &[])]);
    signature.task = proto::Task::Regression.into();
    signature.prediction_output = "price".into();
    let outputs =
        |price: f32| [fp32("price", &[1, 1], &[price]), fp32("bounds", &[1, 2], &[1.0, f32::INFINITY])];
    let inputs = [fp32("x", &[1, 1], &[1.0])];
    let calls = [infer("1", &inputs, Some(&outputs(9.5))), infer("2", &inputs, Some(&outputs(f32::NAN)))];
    let rows = lake.rows_of(route(signature), &calls);
    assert_eq!(doubles(&rows, "prediction_number"), [Some(9.5), None]);
    assert_eq!(shown(&rows, "outputs", 0), r#"{"bounds":[1.0,"Infinity"]}"#);
    assert_eq!(shown(&rows, "answer_content", 1), "all");
}

#[test]
fn outputs_that_do_not_fit_the_signature_are_kept_by_their_names() {
    let lake = Lake::new();
    let mut signature = classifier(&[("x", "FP32", &[-1, 1], &[])]);
    signature.probability_output = "p".into();
    let inputs = [fp32("x", &[1, 1], &[1.0])];
    let calls = [
        infer("1", &inputs, Some(&[fp32("p", &[1, 3], &[0.1, 0.2, 0.7])])),
        infer("2", &inputs, Some(&[fp32("q", &[1], &[0.5])])),
    ];
    let rows = lake.rows_of(route(signature), &calls);
    assert!(shown(&rows, "outputs", 0).starts_with(r#"{"p":[0.1"#));
    assert_eq!(shown(&rows, "outputs", 1), r#"{"q":0.5}"#);
    assert_eq!(shown(&rows, "prediction_label", 0), "null");
}

#[test]
fn the_answer_of_predict_says_nothing_twice() {
    let lake = Lake::new();
    let mut call = predict("p", &[("age", number(1.0))]);
    call.response_kind = BodyKind::Predict.into();
    let outputs = [
        ("label", number(1.0)),
        ("probabilities", list(vec![number(0.25), number(0.75)])),
        ("score", number(12.5)),
    ];
    let response = proto::PredictResponse {
        prediction: Some(text("yes")),
        probabilities: vec![0.25, 0.75],
        outputs: outputs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        ..Default::default()
    };
    call.response = response.encode_to_vec().into();
    let rows = lake.rows_of(route(classifier(&[])), &[call]);
    assert_eq!(shown(&rows, "prediction_label", 0), "yes");
    assert_eq!(shown(&rows, "probabilities", 0), "[0.25, 0.75]");
    assert_eq!(shown(&rows, "confidence", 0), "0.75");
    assert_eq!(shown(&rows, "outputs", 0), r#"{"score":12.5}"#);
}

#[test]
fn a_prediction_of_several_values_is_kept_as_it_was_answered() {
    let lake = Lake::new();
    let mut call = predict("p", &[("x", number(1.0))]);
    call.response_kind = BodyKind::Predict.into();
    let values = list(vec![number(0.25), text("9007199254740993")]);
    let outputs = [("forecast", values.clone()), ("bounds", list(vec![number(1.0)]))];
    let response = proto::PredictResponse {
        prediction: Some(values),
        outputs: outputs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        ..Default::default()
    };
    call.response = response.encode_to_vec().into();
    let rows = lake.rows_of(route(signature(&[])), &[call]);
    assert_eq!(shown(&rows, "prediction_values", 0), r#"[0.25,"9007199254740993"]"#);
    assert_eq!(shown(&rows, "prediction_label", 0), "null");
    assert_eq!(shown(&rows, "outputs", 0), r#"{"bounds":[1.0]}"#);
}

#[test]
fn what_a_draw_could_pick_is_said_with_its_probability() {
    let lake = Lake::new();
    let by = |id: &str, by: proto::RandomisedBy| {
        let mut entry = entry(id);
        entry.variant = 1;
        entry.randomised_by = by.into();
        entry
    };
    let calls = [
        by("1", proto::RandomisedBy::Request),
        by("2", proto::RandomisedBy::Entity),
        by("3", proto::RandomisedBy::Nothing),
    ];
    let rows = lake.rows_of(route(proto::Signature::default()), &calls);
    let eligible = |row| (shown(&rows, "eligible_variants", row), shown(&rows, "eligible_propensities", row));
    assert_eq!(eligible(0), ("[a, b]".into(), "[0.75, 0.25]".into()));
    assert_eq!(eligible(1), ("[a, b]".into(), "[0.25, 0.75]".into()));
    assert_eq!(eligible(2), ("[b]".into(), "[1.0]".into()));
}

#[test]
fn excluded_features_are_nowhere_in_the_file_whatever_they_are_called() {
    let lake = Lake::new();
    let secret = "4711-SECRET-4711";
    let mut route = route(signature(&[
        ("note", "BYTES", &[-1, 1], &[]),
        ("x", "BYTES", &[-1, 2], &["street", "city"]),
        ("words", "BYTES", &[-1, -1], &[]),
    ]));
    route.exclude_features = ["note", "street", "words_1", "loose", "extra"].map(str::to_owned).to_vec();
    let bytes = secret.as_bytes();
    let inputs = [
        texts("note", &[1, 1], &[bytes]),
        texts("x", &[1, 2], &[bytes, b"Bonn"]),
        texts("words", &[1, 2], &[b"a", bytes]),
        texts("loose", &[1, 1], &[bytes]),
    ];
    let of_predict = [
        ("note", text(secret)),
        ("street", text(secret)),
        ("words", list(vec![text("a"), text(secret)])),
        ("extra", object(&[("k", text(secret))])),
        ("city", text("Bonn")),
    ];
    let mut frames = Frames::default();
    frames.route(&route);
    frames.prediction(&infer("1", &inputs, None));
    frames.prediction(&predict("2", &of_predict));
    let shipped = lake.ship(0, &frames);
    let rows = lake.read(&shipped.files[0].path);
    assert_eq!(feature_names(&rows), ["f_city"]);
    assert_eq!(strings(&rows, "f_city"), [Some("Bonn".into()), Some("Bonn".into())]);
    let file = std::fs::read(lake.path().join(&shipped.files[0].path)).unwrap();
    assert!(!file.windows(bytes.len()).any(|window| window == bytes));
    assert!((0..2).all(|row| shown(&rows, "features_other", row) == "null"));
}

#[test]
fn a_column_of_an_unnamed_input_is_excluded_by_each_of_its_names() {
    for name in ["f1", "x_1"] {
        let lake = Lake::new();
        let mut route = route(signature(&[("x", "FP32", &[-1, 2], &[])]));
        route.exclude_features = vec![name.to_owned()];
        let calls = [
            infer("1", &[fp32("x", &[1, 2], &[1.0, 2.0])], None),
            predict("2", &[("f0", number(1.0)), ("f1", number(2.0))]),
            predict("3", &[("x", list(vec![number(1.0), number(2.0)]))]),
        ];
        let rows = lake.rows_of(route, &calls);
        assert_eq!(feature_names(&rows), ["f_x_0", "f_f0"], "{name}");
        assert!((0..3).all(|row| shown(&rows, "features_other", row) == "null"));
    }
}

#[test]
fn columns_of_a_list_of_any_length_are_excluded_with_it_under_all_their_names() {
    for name in ["x", "x_1", "f1"] {
        let lake = Lake::new();
        let mut route = route(signature(&[("x", "FP32", &[-1, -1], &[])]));
        route.exclude_features = vec![name.to_owned()];
        let calls = [
            infer("1", &[fp32("x", &[1, 2], &[1.0, 2.0])], None),
            predict("2", &[("f0", number(1.0)), ("f1", number(2.0)), ("fee", number(3.0))]),
            predict("3", &[("x_0", number(1.0)), ("x_1", number(2.0))]),
            predict("4", &[("x", list(vec![number(1.0), number(2.0)]))]),
        ];
        let rows = lake.rows_of(route, &calls);
        assert_eq!(feature_names(&rows), ["f_fee"], "where {name} is excluded");
        assert!((0..4).all(|row| shown(&rows, "features_other", row) == "null"), "where {name} is excluded");
    }
}
