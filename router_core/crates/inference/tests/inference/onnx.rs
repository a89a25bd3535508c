//! ONNX files, loaded and run by the real library.

use std::{
    path::{Path, PathBuf},
    sync::Barrier,
    thread,
};

use crate::support::{files::*, *};
use pointsman_inference::{
    Answer, FileIdentity, OnnxError, OnnxModel, Tensor, complete_signature,
    features::AnswerNotes,
    fill_inputs, init_library, models_path,
    oip::{decode_request, encode_request},
    read_outputs, settle_signature,
};
use pointsman_model::{Datatype, PredictionHolds, Signature, Task};

const NONE: &[&str] = &[];

/// A folder that is the test's own and is gone afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("pointsman-inference-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap_or_else(|error| unreachable!("{error}"));
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn the_library_is_loaded_once() {
    init_library(&library()).unwrap();
    init_library(&library()).unwrap();
    let error = init_library(Path::new("nowhere/libonnxruntime.so")).unwrap_err();
    assert!(!error.is_callers_fault());
    assert!(error.to_string().contains("nowhere/libonnxruntime.so cannot be opened"), "{error}");
    let error = init_library(&models().join("iris.onnx")).unwrap_err().to_string();
    assert!(error.contains("is loaded already"), "{error}");
}

#[test]
fn a_classifier_says_what_it_takes_and_gives() {
    let model = load("iris.onnx");
    let signature = model.signature();
    let names = ["sepal_length", "sepal_width", "petal_length", "petal_width"];
    assert_eq!(*signature.inputs, [spec("X", Datatype::Fp32, &[-1, 4], &names)]);
    let outputs =
        [spec("label", Datatype::Int64, &[-1], &[]), spec("probabilities", Datatype::Fp32, &[-1, 3], &[])];
    assert_eq!(*signature.outputs, outputs);
    assert_eq!(signature.task, Task::Classification);
    assert_eq!(signature.labels.join(" "), "setosa versicolor virginica");
    assert_eq!(signature.prediction_output.as_deref(), Some("label"));
    assert_eq!(signature.probability_output.as_deref(), Some("probabilities"));
}

#[test]
fn features_become_a_label_and_probabilities() {
    let model = load("iris.onnx");
    let features = features([
        ("sepal_length", number(6.7)),
        ("sepal_width", number(3.0)),
        ("petal_length", number(5.2)),
        ("petal_width", number(2.3)),
    ]);
    let inputs = fill_inputs(model.signature(), &features).unwrap();
    let outputs = model.run(0, &inputs, NONE).unwrap();
    let answer = read_outputs(model.signature(), &outputs).unwrap();
    assert_eq!(answer.prediction, text("virginica"));
    assert_eq!(answer.outputs["label"], number(2.0));
    // What onnxruntime itself answers in Python.
    let expected = [5.641_345e-5, 0.080_677_144, 0.919_266_46];
    assert!(answer.probabilities.iter().zip(expected).all(|(p, e)| (p - e).abs() < 1e-6), "{answer:?}");
}

#[test]
fn a_regressor_answers_its_value() {
    let model = load("regression.onnx");
    assert_eq!(model.signature().task, Task::Regression);
    let inputs = fill_inputs(model.signature(), &features([("X", numbers(&[5.1, 3.5, 1.4]))])).unwrap();
    let answer = read_outputs(model.signature(), &model.run(0, &inputs, NONE).unwrap()).unwrap();
    let outputs = &answer.outputs["variable"];
    assert_eq!(*outputs, number(f64::from(0.216_252_09_f32)));
    assert_eq!(answer.prediction, *outputs);
}

#[test]
fn every_datatype_passes_through_the_library_bit_by_bit() {
    let model = load("types.onnx");
    let inputs: Vec<Tensor> = model
        .signature()
        .inputs
        .iter()
        .map(|spec| match spec.datatype.element_bytes() {
            // Not aligned on purpose: contents of a message lie anywhere.
            Some(size) => {
                let bytes = bytes::Bytes::from(vec![1_u8; 4 * size + 1]).slice(1..);
                Tensor { name: spec.name.clone(), datatype: spec.datatype, shape: vec![2, 2], raw: bytes }
            }
            None => texts(&spec.name, &[2, 2], &["é", "", "x", "long text"]),
        })
        .collect();
    let outputs = model.run(0, &inputs, NONE).unwrap();
    assert_eq!(outputs.len(), 14);
    for (input, output) in inputs.iter().zip(outputs) {
        assert_eq!(*output.name, format!("{}_out", input.name));
        assert_eq!(Tensor { name: input.name.clone(), ..output }, *input);
    }
}

#[test]
fn requested_outputs_come_in_their_order() {
    let model = load("iris.onnx");
    let row = [floats("X", &[1, 4], &[5.1, 3.5, 1.4, 0.2])];
    let run = |requested: &[&str]| model.run(0, &row, requested);
    let names =
        |outputs: Vec<Tensor>| outputs.iter().map(|tensor| tensor.name.to_string()).collect::<Vec<_>>();
    assert_eq!(names(run(&["probabilities"]).unwrap()), ["probabilities"]);
    assert_eq!(names(run(&["probabilities", "label"]).unwrap()), ["probabilities", "label"]);
    let error = run(&["logits"]).unwrap_err();
    assert!(error.is_callers_fault());
    assert_eq!(
        error.to_string(),
        "output \"logits\": the model has none of this name; it has \"label\", \"probabilities\""
    );
}

#[test]
fn batches_and_empty_batches_are_run() {
    let model = load("iris.onnx");
    let outputs = model.run(0, &[floats("X", &[3, 4], &[1.0; 12])], NONE).unwrap();
    assert_eq!((&*outputs[0].shape, &*outputs[1].shape), (&[3][..], &[3, 3][..]));
    // Whether a model takes no rows is its own affair; it must not take the process with it.
    let _ = model.run(0, &[floats("X", &[0, 4], &[])], NONE);
}

#[test]
fn tensors_that_the_model_does_not_take_are_refused_by_name() {
    let model = load("iris.onnx");
    let row = floats("X", &[1, 4], &[0.0; 4]);
    let cases = [
        (vec![], "input \"X\": missing; the model takes \"X\""),
        (vec![floats("Y", &[1, 4], &[0.0; 4])], "input \"Y\": the model has no input of this name"),
        (vec![row.clone(), row], "input \"X\": it is sent twice"),
        (vec![longs("X", &[1, 4], &[0; 4])], "input \"X\": is INT64; the model takes FP32"),
        (vec![floats("X", &[1, 3], &[0.0; 3])], "input \"X\": shape [1, 3] does not fit [-1, 4]"),
        (vec![floats("X", &[4], &[0.0; 4])], "input \"X\": shape [4] does not fit [-1, 4]"),
        (vec![floats("X", &[1, 4], &[0.0; 3])], "input \"X\": 12 bytes of FP32 do not fit shape [1, 4]"),
        (vec![floats("X", &[-1, 4], &[])], "input \"X\": shape [-1, 4] is not countable"),
        (
            vec![floats("X", &[1 << 62, 4], &[])],
            "input \"X\": shape [4611686018427387904, 4] is not countable",
        ),
    ];
    for (inputs, reason) in cases {
        let error = model.run(0, &inputs, NONE).unwrap_err();
        assert!(error.is_callers_fault() && error.to_string().starts_with(reason), "{error}");
    }
}

#[test]
fn text_that_the_library_would_cut_is_refused() {
    let model = load("text.onnx");
    assert_eq!(model.run(0, &[texts("text", &[1], &["é"])], NONE).unwrap(), [texts("echo", &[1], &["é"])]);
    let error = model.run(0, &[texts("text", &[2], &["a", "b\0c"])], NONE).unwrap_err();
    assert_eq!(
        error.to_string(),
        "input \"text\": element 1 holds a zero byte; the model takes text without"
    );
    let broken = Tensor { raw: b"\x01\0\0\0\xff".as_slice().into(), ..texts("text", &[1], &[]) };
    assert!(model.run(0, &[broken], NONE).unwrap_err().to_string().contains("element 0 is not UTF-8"));
}

#[test]
fn a_model_that_refuses_while_it_runs_goes_on_serving() {
    let model = load("gather.onnx");
    let error = model.run(0, &[longs("index", &[1], &[7])], NONE).unwrap_err();
    assert!(error.is_callers_fault(), "{error}");
    let outputs = model.run(0, &[longs("index", &[2], &[2, 0])], NONE).unwrap();
    assert_eq!(outputs, [floats("value", &[2], &[30.0, 10.0])]);
}

#[test]
fn slots_run_side_by_side_and_the_mean_is_measured() {
    let model = load_with("iris.onnx", 3).unwrap();
    assert_eq!(model.slots(), 3);
    assert!(model.mean_run_nanos() > 0);
    let barrier = Barrier::new(3);
    thread::scope(|scope| {
        for slot in 0..3 {
            let (model, barrier) = (&model, &barrier);
            scope.spawn(move || {
                barrier.wait();
                for _ in 0..200 {
                    let outputs = model.run(slot, &[floats("X", &[1, 4], &[1.0; 4])], &["label"]).unwrap();
                    assert_eq!(outputs.len(), 1);
                }
            });
        }
    });
    let error = model.run(3, &[], NONE).unwrap_err();
    assert_eq!(error, OnnxError::Slot { slot: 3, slots: 3 });
}

#[test]
fn a_message_runs_as_it_came() {
    let model = load("iris.onnx");
    let message = encode_request("iris", "", "1", &[floats("X", &[1, 4], &[5.1, 3.5, 1.4, 0.2])], &["label"]);
    let request = decode_request(message).unwrap();
    assert_eq!(model.run(0, &request.inputs, &request.requested).unwrap(), [longs("label", &[1], &[0])]);
}

#[test]
fn files_that_are_no_usable_model_are_refused_with_the_way_out() {
    let error = load_with("zipmap.onnx", 1).unwrap_err();
    assert!(!error.is_callers_fault());
    assert!(
        error.to_string().contains("output \"output_probability\"")
            && error.to_string().contains("\"zipmap\": False")
            && error.to_string().contains("convert_lightgbm(model, …, zipmap=False)")
            && error.to_string().contains("CatBoost")
    );
    let folder = Folder::new("files");
    let whole = std::fs::read(models().join("iris.onnx")).unwrap();
    let corrupt: [&[u8]; 4] = [b"", b"not a model", &whole[..whole.len() / 2], &whole[7..]];
    for contents in corrupt {
        let file = folder.0.join("corrupt.onnx");
        std::fs::write(&file, contents).unwrap();
        let error = OnnxModel::load(&file, 2).unwrap_err();
        assert!(error.to_string().starts_with("ONNX file \"corrupt.onnx\": "), "{error}");
    }
    assert!(OnnxModel::load(&folder.0, 1).is_err());
    assert!(OnnxModel::load(&folder.0.join("none.onnx"), 1).is_err());
}

#[test]
fn no_cut_and_no_flipped_byte_takes_the_process_down() {
    init_library(&library()).unwrap();
    let folder = Folder::new("flips");
    let file = folder.0.join("flipped.onnx");
    let whole = std::fs::read(models().join("iris.onnx")).unwrap();
    for index in (0..whole.len()).step_by(5) {
        let mut flipped = whole.clone();
        flipped[index] ^= 0x55;
        std::fs::write(&file, flipped).unwrap();
        let _ = OnnxModel::load(&file, 1);
    }
}

#[test]
fn paths_stay_inside_the_models_folder() {
    let folder = Folder::new("paths");
    let models = folder.0.join("models");
    std::fs::create_dir_all(models.join("sub")).unwrap();
    std::fs::write(models.join("sub/a.onnx"), "").unwrap();
    std::fs::write(folder.0.join("outside.onnx"), "").unwrap();
    std::os::unix::fs::symlink("../outside.onnx", models.join("link.onnx")).unwrap();
    std::os::unix::fs::symlink("sub/a.onnx", models.join("inner.onnx")).unwrap();
    std::os::unix::fs::symlink(&folder.0, models.join("up")).unwrap();
    let inside = models.join("sub/a.onnx").canonicalize().unwrap();
    for good in ["sub/a.onnx", "./sub/a.onnx", "inner.onnx"] {
        assert_eq!(models_path(&models, good).unwrap(), inside, "{good}");
    }
    let cases = [
        ("", "is empty"),
        ("/etc/passwd", "is absolute"),
        ("../outside.onnx", "climbs with"),
        ("sub/../sub/a.onnx", "climbs with"),
        ("link.onnx", "leads outside the models folder through a link"),
        ("up/outside.onnx", "leads outside the models folder through a link"),
        ("sub", "is no file"),
    ];
    for (bad, reason) in cases {
        let error = models_path(&models, bad).unwrap_err();
        assert!(error.is_callers_fault() && error.to_string().contains(reason), "{error}");
    }
    for missing in ["none.onnx", "a\0b.onnx"] {
        assert!(matches!(models_path(&models, missing), Err(OnnxError::File { .. })));
    }
}

const DATA: &str = "external.onnx.data";

/// A copy of the model with external data in `<folder>/models`, its data file not among it.
#[expect(clippy::unwrap_used, reason = "a step of tests, which fails as they do")]
fn external(folder: &Folder) -> PathBuf {
    let inside = folder.0.join("models");
    std::fs::create_dir_all(inside.join("sub")).unwrap();
    std::fs::copy(models().join("external.onnx"), inside.join("external.onnx")).unwrap();
    inside
}

/// The same model with another location of the same length.
#[expect(clippy::unwrap_used, reason = "a step of tests, which fails as they do")]
fn external_at(inside: &Path, location: &str) -> PathBuf {
    assert_eq!(location.len(), DATA.len());
    let mut contents = std::fs::read(models().join("external.onnx")).unwrap();
    let places: Vec<usize> =
        (0..contents.len() - DATA.len()).filter(|at| contents[*at..].starts_with(DATA.as_bytes())).collect();
    assert_eq!(places.len(), 2);
    for at in places {
        contents[at..at + DATA.len()].copy_from_slice(location.as_bytes());
    }
    let file = inside.join("moved.onnx");
    std::fs::write(&file, contents).unwrap();
    file
}

#[expect(clippy::unwrap_used, reason = "a step of tests, which fails as they do")]
fn assert_serves_its_own_weights(model: &OnnxModel) {
    for slot in 0..model.slots() {
        let outputs = model.run(slot, &[longs("index", &[2], &[2, 0])], NONE).unwrap();
        let expected = [floats("value", &[2], &[30.0, 10.0]), floats("other_value", &[2], &[-30.0, -10.0])];
        assert_eq!(outputs, expected, "slot {slot}");
    }
}

#[test]
fn external_data_is_found_beside_the_model_and_not_in_the_working_directory() {
    init_library(&library()).unwrap();
    let folder = Folder::new("external");
    let inside = external(&folder);
    // Cargo runs tests in the crate's folder. What lies there under the name must not be taken for the weights.
    let location = "src/oip/request.rs";
    assert!(Path::new(location).is_file());
    let model = external_at(&inside, location);
    let error = OnnxModel::load(&model, 1).unwrap_err().to_string();
    assert!(error.contains("external data \"src/oip/request.rs\" is not beside it; put the"), "{error}");
    std::fs::create_dir_all(inside.join("src/oip")).unwrap();
    std::fs::copy(models().join(DATA), inside.join(location)).unwrap();
    assert_serves_its_own_weights(&OnnxModel::load(&model, 3).unwrap());
    std::fs::copy(models().join(DATA), inside.join(DATA)).unwrap();
    assert_serves_its_own_weights(&OnnxModel::load(&inside.join("external.onnx"), 1).unwrap());
    // A link to the model has the folder of the model, not its own.
    std::os::unix::fs::symlink("../external.onnx", inside.join("sub/link.onnx")).unwrap();
    assert_serves_its_own_weights(&OnnxModel::load(&inside.join("sub/link.onnx"), 1).unwrap());
    // A relative path names the same folder.
    assert_serves_its_own_weights(&OnnxModel::load(Path::new("tests/models/external.onnx"), 1).unwrap());
}

#[test]
fn external_data_stays_inside_the_folder_of_the_model() {
    init_library(&library()).unwrap();
    let folder = Folder::new("confined");
    let inside = external(&folder);
    for path in [folder.0.join("outside.onnx.datax"), inside.join("inside.onnx.data")] {
        std::fs::copy(models().join(DATA), path).unwrap();
    }
    let link = |to: &str, name: &str| std::os::unix::fs::symlink(to, inside.join(name)).unwrap();
    link("inside.onnx.data", "link-to-inside.dat");
    link("../outside.onnx.datax", "link-to-outside.da");
    link("..", "up");
    link("nowhere", "dangling-link.data");
    let good = external_at(&inside, "link-to-inside.dat");
    assert_serves_its_own_weights(&OnnxModel::load(&good, 2).unwrap());
    let cases = [
        ("/tmp/external.data", "is absolute"),
        ("../outside.on.data", "climbs with \"..\""),
        ("up/../inside.datax", "climbs with \"..\""),
        ("link-to-outside.da", "leads out of the model's folder through a link"),
        ("up/models/../x.dat", "climbs with \"..\""),
        ("up/./././././././.", "leads out of the model's folder through a link"),
        ("sub/./././././././", "is no file"),
        ("dangling-link.data", "is not beside it"),
        ("*/_ORT_MEM_ADDR_/*", "is not beside it"),
    ];
    for (location, reason) in cases {
        let error = OnnxModel::load(&external_at(&inside, location), 1).unwrap_err();
        assert!(!error.is_callers_fault());
        let expected = format!("ONNX file \"moved.onnx\": its external data {location:?} {reason}");
        assert!(error.to_string().starts_with(&expected), "{error}");
    }
}

/// A real model's answer to a row of a class, by features.
fn answer_of(name: &str, given: &Signature, row: &[f64]) -> Result<Answer, String> {
    let model = load(name);
    let signature = complete_signature(given, model.signature());
    let signature = settle_signature(signature, Some(&model)).map_err(|error| error.to_string())?;
    let inputs =
        fill_inputs(&signature, &features([("X", numbers(row))])).map_err(|error| error.to_string())?;
    let outputs = model.run(0, &inputs, NONE).map_err(|error| error.to_string())?;
    read_outputs(&signature, &outputs).map_err(|error| error.to_string())
}

fn labelled(labels: &[&str]) -> Signature {
    Signature { labels: labels.iter().map(|&label| label.into()).collect(), ..Signature::default() }
}

/// A row of each species, in the order of the targets.
const ROWS: [[f64; 4]; 3] = [[5.1, 3.5, 1.4, 0.2], [5.9, 2.7, 4.1, 1.0], [6.7, 3.0, 5.6, 2.3]];

#[test]
fn the_classes_of_a_file_name_its_answers() {
    let names = ["one", "two", "three"];
    // Whose least class has the least number: scikit-learn sorts them.
    for (file, classes, order) in [
        ("classes_numbers.onnx", ["1", "2", "3"], [0, 1, 2]),
        ("classes_extracted.onnx", ["-1", "0", "5"], [0, 2, 1]),
        ("classes_texts.onnx", ["10", "2", "x"], [0, 1, 2]),
    ] {
        let model = load(file);
        assert_eq!(*model.class_list("label").unwrap().classes, classes.map(std::sync::Arc::from));
        assert_eq!(model.class_list("probabilities"), None);
        for (row, place) in ROWS.iter().zip(order) {
            let answer = answer_of(file, &labelled(&names), row).unwrap();
            assert_eq!(answer.prediction, text(names[place]), "{file}");
            assert!(answer.probabilities[place] > 0.5 && answer.notes == AnswerNotes::default());
        }
    }
    let answer = answer_of("classes_texts.onnx", &Signature::default(), &ROWS[1]).unwrap();
    assert_eq!(answer.prediction, text("2"));
    let answer = answer_of("classes_numbers.onnx", &Signature::default(), &ROWS[1]).unwrap();
    assert_eq!(answer.prediction, number(2.0));
    // The likeliest class is the file's third, whose number is 3.
    let likeliest = Signature { probability_output: Some("probabilities".into()), ..Signature::default() };
    let answer = answer_of("classes_numbers.onnx", &likeliest, &ROWS[2]).unwrap();
    assert_eq!(answer.prediction, number(3.0));
}

#[test]
fn labels_in_another_order_than_the_files_classes_are_refused() {
    let refused = |file: &str, given: &Signature| answer_of(file, given, &ROWS[0]).unwrap_err();
    let error = refused("classes_texts.onnx", &labelled(&["2", "10", "x"]));
    assert!(error.starts_with("labels[0]: \"2\" stands where the file's own classes have \"10\""), "{error}");
    let error = refused("classes_numbers.onnx", &labelled(&["a", "b"]));
    assert!(error.starts_with("labels: are 2 (\"a\", \"b\"), but the file's own classes are 3"), "{error}");
    let places = Signature { prediction_holds: PredictionHolds::Index, ..Signature::default() };
    let error = refused("classes_numbers.onnx", &places);
    assert!(error.starts_with("prediction_holds: is index, but the file's own classes are"), "{error}");
}

#[test]
fn a_file_that_rounds_its_own_classes_is_not_believed() {
    // 20240133 is no 32-bit float: the file answers 20240132.
    let error = answer_of("classes_rounded.onnx", &Signature::default(), &ROWS[1]).unwrap_err();
    assert!(error.contains("20240132, which is none of the 3 of signature.classes"), "{error}");
}

#[test]
fn a_file_of_another_digest_than_the_registered_one_is_not_loaded() {
    init_library(&library()).unwrap();
    let folder = Folder::new("registered");
    let inside = external(&folder);
    std::fs::copy(models().join(DATA), inside.join(DATA)).unwrap();
    for file in [models().join("iris.onnx"), inside.join("external.onnx")] {
        let registered = OnnxModel::load(&file, 1).unwrap().identity().sha256();
        assert_eq!(FileIdentity::read(&file).unwrap().sha256(), registered);
        assert!(OnnxModel::load_registered(&file, 2, Some(registered)).is_ok());
        let mut expected = registered;
        expected.0[31] ^= 1;
        let error = OnnxModel::load_registered(&file, 1, Some(expected)).unwrap_err().to_string();
        for told in [registered.to_string(), expected.to_string(), "register a new version".to_owned()] {
            assert!(error.contains(&told), "{error}");
        }
    }
    let model = inside.join("external.onnx");
    let registered = FileIdentity::read(&model).unwrap().sha256();
    let mut data = std::fs::read(inside.join(DATA)).unwrap();
    data[0] ^= 1;
    std::fs::write(inside.join(DATA), data).unwrap();
    assert!(matches!(
        OnnxModel::load_registered(&model, 1, Some(registered)),
        Err(OnnxError::Other { expected, .. }) if expected == registered
    ));
}
