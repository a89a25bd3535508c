import datetime

from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import empty_pb2 as _empty_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from pointsman.v1 import key_pb2 as _key_pb2
from pointsman.v1 import rest_pb2 as _rest_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Stage(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STAGE_UNSPECIFIED: _ClassVar[Stage]
    STAGE_NONE: _ClassVar[Stage]
    STAGE_STAGING: _ClassVar[Stage]
    STAGE_PRODUCTION: _ClassVar[Stage]
    STAGE_ARCHIVED: _ClassVar[Stage]

class Task(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TASK_UNSPECIFIED: _ClassVar[Task]
    TASK_CLASSIFICATION: _ClassVar[Task]
    TASK_REGRESSION: _ClassVar[Task]

class PredictionHolds(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PREDICTION_HOLDS_UNSPECIFIED: _ClassVar[PredictionHolds]
    PREDICTION_HOLDS_VALUE: _ClassVar[PredictionHolds]
    PREDICTION_HOLDS_INDEX: _ClassVar[PredictionHolds]

class FeatureOrigin(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FEATURE_ORIGIN_UNSPECIFIED: _ClassVar[FeatureOrigin]
    FEATURE_ORIGIN_GIVEN: _ClassVar[FeatureOrigin]
    FEATURE_ORIGIN_DEFAULT: _ClassVar[FeatureOrigin]
    FEATURE_ORIGIN_SAMPLE: _ClassVar[FeatureOrigin]
    FEATURE_ORIGIN_UNUSED: _ClassVar[FeatureOrigin]
STAGE_UNSPECIFIED: Stage
STAGE_NONE: Stage
STAGE_STAGING: Stage
STAGE_PRODUCTION: Stage
STAGE_ARCHIVED: Stage
TASK_UNSPECIFIED: Task
TASK_CLASSIFICATION: Task
TASK_REGRESSION: Task
PREDICTION_HOLDS_UNSPECIFIED: PredictionHolds
PREDICTION_HOLDS_VALUE: PredictionHolds
PREDICTION_HOLDS_INDEX: PredictionHolds
FEATURE_ORIGIN_UNSPECIFIED: FeatureOrigin
FEATURE_ORIGIN_GIVEN: FeatureOrigin
FEATURE_ORIGIN_DEFAULT: FeatureOrigin
FEATURE_ORIGIN_SAMPLE: FeatureOrigin
FEATURE_ORIGIN_UNUSED: FeatureOrigin

class ModelVersion(_message.Message):
    __slots__ = ("model_id", "version", "backend", "signature", "stage", "description", "run_uri", "metrics", "tags", "owner", "create_time", "update_time", "filled_in", "warnings", "backend_fault", "permissions", "etag")
    class MetricsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    BACKEND_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    RUN_URI_FIELD_NUMBER: _ClassVar[int]
    METRICS_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    FILLED_IN_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    BACKEND_FAULT_FIELD_NUMBER: _ClassVar[int]
    PERMISSIONS_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    version: str
    backend: Backend
    signature: Signature
    stage: Stage
    description: str
    run_uri: str
    metrics: _containers.ScalarMap[str, float]
    tags: _containers.RepeatedScalarFieldContainer[str]
    owner: str
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    filled_in: _containers.RepeatedScalarFieldContainer[str]
    warnings: _containers.RepeatedScalarFieldContainer[str]
    backend_fault: str
    permissions: ModelPermissions
    etag: str
    def __init__(self, model_id: _Optional[str] = ..., version: _Optional[str] = ..., backend: _Optional[_Union[Backend, _Mapping]] = ..., signature: _Optional[_Union[Signature, _Mapping]] = ..., stage: _Optional[_Union[Stage, str]] = ..., description: _Optional[str] = ..., run_uri: _Optional[str] = ..., metrics: _Optional[_Mapping[str, float]] = ..., tags: _Optional[_Iterable[str]] = ..., owner: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., filled_in: _Optional[_Iterable[str]] = ..., warnings: _Optional[_Iterable[str]] = ..., backend_fault: _Optional[str] = ..., permissions: _Optional[_Union[ModelPermissions, _Mapping]] = ..., etag: _Optional[str] = ...) -> None: ...

class Backend(_message.Message):
    __slots__ = ("grpc", "onnx")
    GRPC_FIELD_NUMBER: _ClassVar[int]
    ONNX_FIELD_NUMBER: _ClassVar[int]
    grpc: GrpcBackend
    onnx: OnnxBackend
    def __init__(self, grpc: _Optional[_Union[GrpcBackend, _Mapping]] = ..., onnx: _Optional[_Union[OnnxBackend, _Mapping]] = ...) -> None: ...

class GrpcBackend(_message.Message):
    __slots__ = ("target", "model_name", "model_version")
    TARGET_FIELD_NUMBER: _ClassVar[int]
    MODEL_NAME_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    target: str
    model_name: str
    model_version: str
    def __init__(self, target: _Optional[str] = ..., model_name: _Optional[str] = ..., model_version: _Optional[str] = ...) -> None: ...

class OnnxBackend(_message.Message):
    __slots__ = ("path", "sha256")
    PATH_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    path: str
    sha256: str
    def __init__(self, path: _Optional[str] = ..., sha256: _Optional[str] = ...) -> None: ...

class Signature(_message.Message):
    __slots__ = ("inputs", "outputs", "task", "labels", "prediction_output", "probability_output", "threshold", "defaults", "feature_importances", "prediction_holds", "classes")
    class DefaultsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _struct_pb2.Value
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ...) -> None: ...
    class FeatureImportancesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    PREDICTION_OUTPUT_FIELD_NUMBER: _ClassVar[int]
    PROBABILITY_OUTPUT_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    DEFAULTS_FIELD_NUMBER: _ClassVar[int]
    FEATURE_IMPORTANCES_FIELD_NUMBER: _ClassVar[int]
    PREDICTION_HOLDS_FIELD_NUMBER: _ClassVar[int]
    CLASSES_FIELD_NUMBER: _ClassVar[int]
    inputs: _containers.RepeatedCompositeFieldContainer[TensorSpec]
    outputs: _containers.RepeatedCompositeFieldContainer[TensorSpec]
    task: Task
    labels: _containers.RepeatedScalarFieldContainer[str]
    prediction_output: str
    probability_output: str
    threshold: float
    defaults: _containers.MessageMap[str, _struct_pb2.Value]
    feature_importances: _containers.ScalarMap[str, float]
    prediction_holds: PredictionHolds
    classes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, inputs: _Optional[_Iterable[_Union[TensorSpec, _Mapping]]] = ..., outputs: _Optional[_Iterable[_Union[TensorSpec, _Mapping]]] = ..., task: _Optional[_Union[Task, str]] = ..., labels: _Optional[_Iterable[str]] = ..., prediction_output: _Optional[str] = ..., probability_output: _Optional[str] = ..., threshold: _Optional[float] = ..., defaults: _Optional[_Mapping[str, _struct_pb2.Value]] = ..., feature_importances: _Optional[_Mapping[str, float]] = ..., prediction_holds: _Optional[_Union[PredictionHolds, str]] = ..., classes: _Optional[_Iterable[str]] = ...) -> None: ...

class TensorSpec(_message.Message):
    __slots__ = ("name", "datatype", "shape", "features")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DATATYPE_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    name: str
    datatype: str
    shape: _containers.RepeatedScalarFieldContainer[int]
    features: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., datatype: _Optional[str] = ..., shape: _Optional[_Iterable[int]] = ..., features: _Optional[_Iterable[str]] = ...) -> None: ...

class RegisterModelVersionRequest(_message.Message):
    __slots__ = ("model_version", "validate_only")
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    model_version: ModelVersion
    validate_only: bool
    def __init__(self, model_version: _Optional[_Union[ModelVersion, _Mapping]] = ..., validate_only: bool = ...) -> None: ...

class GetModelVersionRequest(_message.Message):
    __slots__ = ("model_id", "version")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    version: str
    def __init__(self, model_id: _Optional[str] = ..., version: _Optional[str] = ...) -> None: ...

class ListModelVersionsRequest(_message.Message):
    __slots__ = ("model_id", "stage", "tag", "page_size", "page_token")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    TAG_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    stage: Stage
    tag: str
    page_size: int
    page_token: str
    def __init__(self, model_id: _Optional[str] = ..., stage: _Optional[_Union[Stage, str]] = ..., tag: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListModelVersionsResponse(_message.Message):
    __slots__ = ("model_versions", "next_page_token")
    MODEL_VERSIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    model_versions: _containers.RepeatedCompositeFieldContainer[ModelVersion]
    next_page_token: str
    def __init__(self, model_versions: _Optional[_Iterable[_Union[ModelVersion, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class SetModelVersionStageRequest(_message.Message):
    __slots__ = ("model_id", "version", "stage", "validate_only")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    version: str
    stage: Stage
    validate_only: bool
    def __init__(self, model_id: _Optional[str] = ..., version: _Optional[str] = ..., stage: _Optional[_Union[Stage, str]] = ..., validate_only: bool = ...) -> None: ...

class DeleteModelVersionRequest(_message.Message):
    __slots__ = ("model_id", "version", "validate_only")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    version: str
    validate_only: bool
    def __init__(self, model_id: _Optional[str] = ..., version: _Optional[str] = ..., validate_only: bool = ...) -> None: ...

class Model(_message.Message):
    __slots__ = ("model_id", "owner", "permissions", "etag")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    PERMISSIONS_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    owner: str
    permissions: ModelPermissions
    etag: str
    def __init__(self, model_id: _Optional[str] = ..., owner: _Optional[str] = ..., permissions: _Optional[_Union[ModelPermissions, _Mapping]] = ..., etag: _Optional[str] = ...) -> None: ...

class ModelPermissions(_message.Message):
    __slots__ = ("public", "public_predict", "shared_user_ids")
    PUBLIC_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_PREDICT_FIELD_NUMBER: _ClassVar[int]
    SHARED_USER_IDS_FIELD_NUMBER: _ClassVar[int]
    public: bool
    public_predict: bool
    shared_user_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, public: bool = ..., public_predict: bool = ..., shared_user_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class UpdateModelPermissionsRequest(_message.Message):
    __slots__ = ("model_id", "permissions", "owner", "etag", "validate_only")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    PERMISSIONS_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    permissions: ModelPermissions
    owner: str
    etag: str
    validate_only: bool
    def __init__(self, model_id: _Optional[str] = ..., permissions: _Optional[_Union[ModelPermissions, _Mapping]] = ..., owner: _Optional[str] = ..., etag: _Optional[str] = ..., validate_only: bool = ...) -> None: ...

class TestModelVersionRequest(_message.Message):
    __slots__ = ("model_id", "version", "features", "timeout")
    class FeaturesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _struct_pb2.Value
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ...) -> None: ...
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    version: str
    features: _containers.MessageMap[str, _struct_pb2.Value]
    timeout: _duration_pb2.Duration
    def __init__(self, model_id: _Optional[str] = ..., version: _Optional[str] = ..., features: _Optional[_Mapping[str, _struct_pb2.Value]] = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class TestModelVersionResponse(_message.Message):
    __slots__ = ("model_id", "model_version", "row", "prediction", "probabilities", "outputs", "notes", "backend_latency")
    class OutputsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _struct_pb2.Value
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ...) -> None: ...
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    ROW_FIELD_NUMBER: _ClassVar[int]
    PREDICTION_FIELD_NUMBER: _ClassVar[int]
    PROBABILITIES_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    BACKEND_LATENCY_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    model_version: str
    row: _containers.RepeatedCompositeFieldContainer[RowFeature]
    prediction: _struct_pb2.Value
    probabilities: _containers.RepeatedScalarFieldContainer[float]
    outputs: _containers.MessageMap[str, _struct_pb2.Value]
    notes: _containers.RepeatedScalarFieldContainer[str]
    backend_latency: _duration_pb2.Duration
    def __init__(self, model_id: _Optional[str] = ..., model_version: _Optional[str] = ..., row: _Optional[_Iterable[_Union[RowFeature, _Mapping]]] = ..., prediction: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., probabilities: _Optional[_Iterable[float]] = ..., outputs: _Optional[_Mapping[str, _struct_pb2.Value]] = ..., notes: _Optional[_Iterable[str]] = ..., backend_latency: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class RowFeature(_message.Message):
    __slots__ = ("name", "value", "origin")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: _struct_pb2.Value
    origin: FeatureOrigin
    def __init__(self, name: _Optional[str] = ..., value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., origin: _Optional[_Union[FeatureOrigin, str]] = ...) -> None: ...

class UploadModelFileRequest(_message.Message):
    __slots__ = ("sha256", "size_bytes", "offset", "chunk")
    SHA256_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    sha256: str
    size_bytes: int
    offset: int
    chunk: bytes
    def __init__(self, sha256: _Optional[str] = ..., size_bytes: _Optional[int] = ..., offset: _Optional[int] = ..., chunk: _Optional[bytes] = ...) -> None: ...

class UploadModelFileResponse(_message.Message):
    __slots__ = ("path", "received_bytes", "is_complete", "chunk_bytes")
    PATH_FIELD_NUMBER: _ClassVar[int]
    RECEIVED_BYTES_FIELD_NUMBER: _ClassVar[int]
    IS_COMPLETE_FIELD_NUMBER: _ClassVar[int]
    CHUNK_BYTES_FIELD_NUMBER: _ClassVar[int]
    path: str
    received_bytes: int
    is_complete: bool
    chunk_bytes: int
    def __init__(self, path: _Optional[str] = ..., received_bytes: _Optional[int] = ..., is_complete: bool = ..., chunk_bytes: _Optional[int] = ...) -> None: ...
