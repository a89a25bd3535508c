//! Whole numbers in rows: with all their digits, in columns of their own or, where those cannot hold them, in the map.

use std::fs;

use crate::support::*;
use arrow_schema::DataType;
use pointsman_inference::Tensor;
use pointsman_model::Datatype;
use pointsman_wire::generated::pointsman_v1 as proto;
use prost::Message as _;

const BEYOND: i64 = 9_007_199_254_740_993;

fn one_input(datatype: &str) -> proto::RouteEntry {
    route(signature(&[("id", datatype, &[-1, 1], &[])]))
}

fn uint64(name: &str, shape: &[i64], numbers: &[u64]) -> Tensor {
    tensor(name, Datatype::Uint64, shape, numbers.iter().flat_map(|n| n.to_le_bytes()).collect())
}

fn column(rows: &arrow_array::RecordBatch, name: &str) -> Vec<String> {
    (0..rows.num_rows()).map(|row| shown(rows, name, row)).collect()
}

#[test]
fn tensors_of_64_bits_keep_every_digit() {
    let signed = [0, -1, BEYOND - 2, BEYOND - 1, BEYOND, i64::MAX, i64::MIN];
    let input = int64("id", &[signed.len() as i64, 1], &signed);
    let lake = Lake::new();
    let rows = lake.rows_of(one_input("INT64"), &[infer("p", &[input], None)]);
    assert_eq!(rows.column_by_name("f_id").unwrap().data_type(), &DataType::Int64);
    assert_eq!(column(&rows, "f_id"), signed.map(|number| number.to_string()));
    assert_eq!(shown(&rows, "features_other", 0), "null");

    let unsigned = [0, BEYOND as u64, i64::MAX as u64 + 1, u64::MAX];
    let input = uint64("id", &[unsigned.len() as i64, 1], &unsigned);
    let lake = Lake::new();
    let rows = lake.rows_of(one_input("UINT64"), &[infer("p", &[input], None)]);
    assert_eq!(rows.column_by_name("f_id").unwrap().data_type(), &DataType::UInt64);
    assert_eq!(column(&rows, "f_id"), unsigned.map(|number| number.to_string()));
}

#[test]
fn whole_numbers_of_any_width_have_a_column_of_whole_numbers() {
    for (name, datatype) in [
        ("INT8", Datatype::Int8),
        ("INT16", Datatype::Int16),
        ("INT32", Datatype::Int32),
        ("UINT8", Datatype::Uint8),
        ("UINT16", Datatype::Uint16),
        ("UINT32", Datatype::Uint32),
    ] {
        let bytes = datatype.element_bytes().unwrap();
        let input = tensor("id", datatype, &[2, 1], [vec![0xff; bytes], vec![0; bytes]].concat());
        let lake = Lake::new();
        let rows = lake.rows_of(one_input(name), &[infer("p", &[input], None)]);
        let is_signed = name.starts_with('I');
        let highest = if is_signed { -1 } else { (1_i64 << (8 * bytes)) - 1 };
        assert_eq!(column(&rows, "f_id"), [highest.to_string(), "0".to_owned()], "{name}");
    }
}

#[test]
fn predict_gives_whole_numbers_as_numbers_or_text() {
    let lake = Lake::new();
    let sent =
        [number(41.0), text("42"), text("9007199254740993"), text("-9223372036854775808"), number(-0.0)];
    let calls = sent.map(|value| predict("p", &[("id", value)]));
    let rows = lake.rows_of(one_input("INT64"), &calls);
    let expected = ["41", "42", "9007199254740993", "-9223372036854775808", "null"];
    assert_eq!(column(&rows, "f_id"), expected);
    assert_eq!(shown(&rows, "features_other", 3), "null");
    assert_eq!(shown(&rows, "features_other", 4), "{id: -0.0}");
}

#[test]
fn what_no_whole_number_column_holds_is_in_the_map_as_it_came() {
    let lake = Lake::new();
    let mut failed =
        [number(1.5), number(9_007_199_254_740_992.0), text("7.0"), text("18446744073709551616")]
            .map(|value| predict("p", &[("id", value)]));
    failed.iter_mut().for_each(|call| call.status_code = 3);
    let rows = lake.rows_of(one_input("INT64"), &failed);
    assert_eq!(column(&rows, "f_id"), ["null"; 4]);
    let others = ["{id: 1.5}", "{id: 9007199254740992.0}", "{id: \"7.0\"}", "{id: \"18446744073709551616\"}"];
    assert_eq!(column(&rows, "features_other"), others);
}

#[test]
fn a_list_of_predict_fills_columns_of_whole_numbers() {
    let lake = Lake::new();
    let call = predict("p", &[("ids", list(vec![number(7.0), text("9007199254740993")]))]);
    let rows = lake.rows_of(route(signature(&[("ids", "INT64", &[-1, 2], &[])])), &[call]);
    assert_eq!([shown(&rows, "f_ids_0", 0), shown(&rows, "f_ids_1", 0)], ["7", "9007199254740993"]);
}

#[test]
fn a_column_of_doubles_from_before_stays_and_what_it_would_round_is_in_the_map() {
    let lake = Lake::new();
    let folder = lake.path().join("columns");
    fs::create_dir_all(&folder).unwrap();
    let known = r#"{"version": 1, "columns": [{"name": "id", "type": "DOUBLE"}]}"#;
    fs::write(folder.join("m.json"), known).unwrap();
    let calls = [
        infer("1", &[int64("id", &[3, 1], &[7, BEYOND, BEYOND - 1])], None),
        predict("2", &[("id", text("9007199254740993"))]),
        predict("3", &[("id", text("8"))]),
    ];
    let rows = lake.rows_of(one_input("INT64"), &calls);
    assert_eq!(doubles(&rows, "f_id"), [Some(7.0), None, None, None, Some(8.0)]);
    let other = [
        "null",
        "{id: \"9007199254740993\"}",
        "{id: \"9007199254740992\"}",
        "{id: \"9007199254740993\"}",
        "null",
    ];
    assert_eq!(column(&rows, "features_other"), other);
    assert_eq!(fs::read_to_string(folder.join("m.json")).unwrap(), known);
}

#[test]
fn floats_are_not_put_among_whole_numbers() {
    let lake = Lake::new();
    let mut frames = Frames::default();
    let mut both = one_input("INT64");
    both.variants[1].signature = Some(signature(&[("id", "FP32", &[-1, 1], &[])]));
    frames.route(&both);
    frames.prediction(&infer("1", &[int64("id", &[1, 1], &[7])], None));
    let mut other = infer("2", &[fp32("id", &[2, 1], &[8.0, 8.5])], None);
    other.variant = 1;
    frames.prediction(&other);
    let shipped = lake.ship(0, &frames);
    let rows = lake.read(&shipped.files[0].path);
    assert_eq!(column(&rows, "f_id"), ["7", "null", "null"]);
    assert_eq!(column(&rows, "features_other"), ["null", "{id: 8.0}", "{id: 8.5}"]);
}

#[test]
fn a_variant_that_does_not_describe_a_feature_keeps_it_where_the_others_do() {
    let lake = Lake::new();
    let mut both = one_input("INT64");
    both.variants[1].signature = None;
    let mut frames = Frames::default();
    frames.route(&both);
    frames.prediction(&predict("1", &[("id", number(7.0))]));
    for value in [number(8.0), text("9007199254740993"), text("9"), number(0.5)] {
        let mut call = predict("2", &[("id", value)]);
        call.variant = 1;
        frames.prediction(&call);
    }
    let shipped = lake.ship(0, &frames);
    let rows = lake.read(&shipped.files[0].path);
    assert_eq!(column(&rows, "f_id"), ["7", "8", "9007199254740993", "null", "null"]);
    assert_eq!(column(&rows, "features_other"), ["null", "null", "null", "{id: \"9\"}", "{id: 0.5}"]);
}

#[test]
fn infinities_named_in_text_are_in_the_column_of_floats() {
    let lake = Lake::new();
    let sent = [text("Infinity"), text("-Infinity"), text("NaN"), text("1000000000000000000"), text("much")];
    let calls = sent.map(|value| predict("p", &[("id", value)]));
    let rows = lake.rows_of(one_input("FP64"), &calls);
    let infinite = f64::INFINITY;
    assert_eq!(doubles(&rows, "f_id"), [Some(infinite), Some(-infinite), None, Some(1e18), None]);
    assert_eq!(column(&rows, "features_other")[2..], ["null", "null", "{id: \"much\"}"]);
}

#[test]
fn predictions_from_the_first_ambiguous_number_on_are_text_whoever_answers() {
    let lake = Lake::new();
    let answer = |id: &str, number: i64| {
        infer(id, &[int64("id", &[1, 1], &[1])], Some(&[int64("y", &[1], &[number])]))
    };
    let calls = [answer("1", BEYOND - 2), answer("2", BEYOND - 1), answer("3", BEYOND)];
    let rows = lake.rows_of(one_input("INT64"), &calls);
    assert_eq!(doubles(&rows, "prediction_number"), [Some(9_007_199_254_740_991.0), None, None]);
    assert_eq!(column(&rows, "prediction_label"), ["null", "9007199254740992", "9007199254740993"]);
}

#[test]
fn json_gives_large_whole_numbers_as_text_whoever_sent_them() {
    let lake = Lake::new();
    let calls = [
        infer(
            "1",
            &[int64("ids", &[1, 2], &[BEYOND, 7])],
            Some(&[int64("y", &[1, 2], &[7, i64::MIN]), int64("z", &[1, 1], &[BEYOND])]),
        ),
        predict("2", &[("ids", list(vec![text("9007199254740993"), number(7.0)]))]),
    ];
    let rows = lake.rows_of(route(signature(&[("ids", "INT64", &[-1, -1], &[])])), &calls);
    assert_eq!(shown(&rows, "outputs", 0), r#"{"y":[7.0,"-9223372036854775808"],"z":"9007199254740993"}"#);
    assert_eq!(column(&rows, "features_other"), [r#"{ids: ["9007199254740993",7.0]}"#; 2]);
}

#[test]
fn an_infinite_prediction_is_a_number_whoever_answered() {
    let lake = Lake::new();
    let mut regression = signature(&[("x", "FP64", &[-1, 1], &[])]);
    regression.outputs =
        vec![proto::TensorSpec { name: "y".into(), datatype: "FP32".into(), ..Default::default() }];
    let by_name = |id: &str, told: &str| {
        let mut call = predict(id, &[("x", number(1.0))]);
        call.response_kind = proto::BodyKind::Predict.into();
        call.response = proto::PredictResponse {
            prediction: Some(text(told)),
            outputs: [("y".to_owned(), text(told))].into(),
            ..Default::default()
        }
        .encode_to_vec()
        .into();
        call
    };
    let inputs = [tensor("x", Datatype::Fp64, &[1, 1], 1.0_f64.to_le_bytes().to_vec())];
    let calls =
        [infer("1", &inputs, Some(&[fp32("y", &[1, 1], &[f32::INFINITY])])), by_name("2", "Infinity")];
    let rows = lake.rows_of(route(regression.clone()), &calls);
    assert_eq!(doubles(&rows, "prediction_number"), [Some(f64::INFINITY); 2]);
    assert_eq!(column(&rows, "prediction_label"), ["null"; 2]);
    assert_eq!(column(&rows, "outputs"), ["null"; 2]);

    regression.labels = vec!["Infinity".into(), "finite".into()];
    let labelled = Lake::new().rows_of(route(regression), &[by_name("3", "Infinity")]);
    assert_eq!(shown(&labelled, "prediction_label", 0), "Infinity");
}
