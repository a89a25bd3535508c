from google.protobuf import struct_pb2 as _struct_pb2
from pointsman.v1 import model_pb2 as _model_pb2
from pointsman.v1 import record_pb2 as _record_pb2
from pointsman.v1 import snapshot_pb2 as _snapshot_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DryRun(_message.Message):
    __slots__ = ("model", "features")
    class FeaturesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _struct_pb2.Value
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ...) -> None: ...
    MODEL_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    model: _snapshot_pb2.ModelSnapshot
    features: _containers.MessageMap[str, _struct_pb2.Value]
    def __init__(self, model: _Optional[_Union[_snapshot_pb2.ModelSnapshot, _Mapping]] = ..., features: _Optional[_Mapping[str, _struct_pb2.Value]] = ...) -> None: ...

class DryRunAnswer(_message.Message):
    __slots__ = ("response", "refusal")
    RESPONSE_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    response: _model_pb2.TestModelVersionResponse
    refusal: _record_pb2.FeedbackRefusal
    def __init__(self, response: _Optional[_Union[_model_pb2.TestModelVersionResponse, _Mapping]] = ..., refusal: _Optional[_Union[_record_pb2.FeedbackRefusal, _Mapping]] = ...) -> None: ...
