from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from pointsman.v1 import key_pb2 as _key_pb2
from pointsman.v1 import model_pb2 as _model_pb2
from pointsman.v1 import router_pb2 as _router_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DefinitionOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DEFINITION_OUTCOME_UNSPECIFIED: _ClassVar[DefinitionOutcome]
    DEFINITION_OUTCOME_CREATED: _ClassVar[DefinitionOutcome]
    DEFINITION_OUTCOME_CHANGED: _ClassVar[DefinitionOutcome]
    DEFINITION_OUTCOME_UNCHANGED: _ClassVar[DefinitionOutcome]

class DefinitionKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DEFINITION_KIND_UNSPECIFIED: _ClassVar[DefinitionKind]
    DEFINITION_KIND_MODEL: _ClassVar[DefinitionKind]
    DEFINITION_KIND_ROUTER: _ClassVar[DefinitionKind]
    DEFINITION_KIND_USER: _ClassVar[DefinitionKind]
DEFINITION_OUTCOME_UNSPECIFIED: DefinitionOutcome
DEFINITION_OUTCOME_CREATED: DefinitionOutcome
DEFINITION_OUTCOME_CHANGED: DefinitionOutcome
DEFINITION_OUTCOME_UNCHANGED: DefinitionOutcome
DEFINITION_KIND_UNSPECIFIED: DefinitionKind
DEFINITION_KIND_MODEL: DefinitionKind
DEFINITION_KIND_ROUTER: DefinitionKind
DEFINITION_KIND_USER: DefinitionKind

class Definition(_message.Message):
    __slots__ = ("model", "router", "user")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    ROUTER_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    model: _model_pb2.ModelVersion
    router: _router_pb2.Router
    user: _key_pb2.User
    def __init__(self, model: _Optional[_Union[_model_pb2.ModelVersion, _Mapping]] = ..., router: _Optional[_Union[_router_pb2.Router, _Mapping]] = ..., user: _Optional[_Union[_key_pb2.User, _Mapping]] = ...) -> None: ...

class ApplyDefinitionsRequest(_message.Message):
    __slots__ = ("definitions", "validate_only", "expected_generation")
    DEFINITIONS_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_GENERATION_FIELD_NUMBER: _ClassVar[int]
    definitions: _containers.RepeatedCompositeFieldContainer[Definition]
    validate_only: bool
    expected_generation: int
    def __init__(self, definitions: _Optional[_Iterable[_Union[Definition, _Mapping]]] = ..., validate_only: bool = ..., expected_generation: _Optional[int] = ...) -> None: ...

class FieldChange(_message.Message):
    __slots__ = ("field", "before", "after")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    field: str
    before: _struct_pb2.Value
    after: _struct_pb2.Value
    def __init__(self, field: _Optional[str] = ..., before: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., after: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ...) -> None: ...

class DefinitionChange(_message.Message):
    __slots__ = ("kind", "id", "outcome", "fields", "moved_slots")
    KIND_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    MOVED_SLOTS_FIELD_NUMBER: _ClassVar[int]
    kind: DefinitionKind
    id: str
    outcome: DefinitionOutcome
    fields: _containers.RepeatedCompositeFieldContainer[FieldChange]
    moved_slots: int
    def __init__(self, kind: _Optional[_Union[DefinitionKind, str]] = ..., id: _Optional[str] = ..., outcome: _Optional[_Union[DefinitionOutcome, str]] = ..., fields: _Optional[_Iterable[_Union[FieldChange, _Mapping]]] = ..., moved_slots: _Optional[int] = ...) -> None: ...

class ApplyDefinitionsResponse(_message.Message):
    __slots__ = ("changes", "generation")
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    changes: _containers.RepeatedCompositeFieldContainer[DefinitionChange]
    generation: int
    def __init__(self, changes: _Optional[_Iterable[_Union[DefinitionChange, _Mapping]]] = ..., generation: _Optional[int] = ...) -> None: ...
