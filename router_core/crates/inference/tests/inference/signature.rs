//! Signatures from a server's metadata, completed by a user's.

use crate::support::*;
use pointsman_inference::{complete_signature, signature_of_metadata};
use pointsman_model::{Datatype, FeatureValue, Signature, Task};
use pointsman_wire::generated::inference::{ModelMetadataResponse, model_metadata_response::TensorMetadata};

fn metadata(datatype: &str) -> ModelMetadataResponse {
    ModelMetadataResponse {
        inputs: vec![TensorMetadata { name: "x".into(), datatype: datatype.into(), shape: vec![-1, 2] }],
        outputs: vec![TensorMetadata { name: "y".into(), datatype: "BYTES".into(), shape: vec![-1] }],
        ..ModelMetadataResponse::default()
    }
}

#[test]
fn metadata_becomes_a_signature() {
    let signature = signature_of_metadata(&metadata("FP32")).unwrap();
    assert_eq!(*signature.inputs, [spec("x", Datatype::Fp32, &[-1, 2], &[])]);
    assert_eq!(*signature.outputs, [spec("y", Datatype::Bytes, &[-1], &[])]);
    let error = signature_of_metadata(&metadata("float")).unwrap_err();
    assert!(!error.is_callers_fault());
    assert!(error.to_string().contains("inputs[0] \"x\": datatype: \"float\" is none of BOOL"), "{error}");
}

#[test]
fn what_a_user_gives_stands_and_the_rest_comes_from_the_model() {
    let read = Signature {
        task: Task::Classification,
        labels: ["0".into(), "1".into()].into(),
        prediction_output: Some("label".into()),
        probability_output: Some("probabilities".into()),
        defaults: [("a".into(), FeatureValue::Number(1.0)), ("b".into(), FeatureValue::Null)].into(),
        ..signature([spec("X", Datatype::Fp32, &[-1, 4], &[])])
    };
    assert_eq!(complete_signature(&Signature::default(), &read), read);
    let given = Signature {
        labels: ["no".into(), "yes".into()].into(),
        threshold: Some(0.25),
        probability_output: Some("probabilities".into()),
        defaults: [("a".into(), FeatureValue::Number(2.0))].into(),
        ..Signature::default()
    };
    let whole = complete_signature(&given, &read);
    assert_eq!((whole.inputs, whole.task), (read.inputs, Task::Classification));
    assert_eq!((whole.labels, whole.threshold), (given.labels, Some(0.25)));
    // The user says that probabilities decide, so the model's own label does not come back in.
    assert_eq!(whole.prediction_output, None);
    assert_eq!(whole.defaults["a"], FeatureValue::Number(2.0));
    assert_eq!(whole.defaults["b"], FeatureValue::Null);
}
