from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class BanditTotals(_message.Message):
    __slots__ = ("routers",)
    ROUTERS_FIELD_NUMBER: _ClassVar[int]
    routers: _containers.RepeatedCompositeFieldContainer[RouterTotals]
    def __init__(self, routers: _Optional[_Iterable[_Union[RouterTotals, _Mapping]]] = ...) -> None: ...

class RouterTotals(_message.Message):
    __slots__ = ("router_id", "router_incarnation", "epoch", "arms", "expected_pulls")
    ROUTER_ID_FIELD_NUMBER: _ClassVar[int]
    ROUTER_INCARNATION_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    ARMS_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_PULLS_FIELD_NUMBER: _ClassVar[int]
    router_id: str
    router_incarnation: int
    epoch: int
    arms: _containers.RepeatedCompositeFieldContainer[ArmTotals]
    expected_pulls: float
    def __init__(self, router_id: _Optional[str] = ..., router_incarnation: _Optional[int] = ..., epoch: _Optional[int] = ..., arms: _Optional[_Iterable[_Union[ArmTotals, _Mapping]]] = ..., expected_pulls: _Optional[float] = ...) -> None: ...

class ArmTotals(_message.Message):
    __slots__ = ("variant", "pulls", "weighted_pulls", "own_pulls", "count", "origin", "sum", "sum_of_squares")
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    PULLS_FIELD_NUMBER: _ClassVar[int]
    WEIGHTED_PULLS_FIELD_NUMBER: _ClassVar[int]
    OWN_PULLS_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    SUM_FIELD_NUMBER: _ClassVar[int]
    SUM_OF_SQUARES_FIELD_NUMBER: _ClassVar[int]
    variant: str
    pulls: int
    weighted_pulls: float
    own_pulls: int
    count: float
    origin: float
    sum: float
    sum_of_squares: float
    def __init__(self, variant: _Optional[str] = ..., pulls: _Optional[int] = ..., weighted_pulls: _Optional[float] = ..., own_pulls: _Optional[int] = ..., count: _Optional[float] = ..., origin: _Optional[float] = ..., sum: _Optional[float] = ..., sum_of_squares: _Optional[float] = ...) -> None: ...

class BanditStates(_message.Message):
    __slots__ = ("routers",)
    ROUTERS_FIELD_NUMBER: _ClassVar[int]
    routers: _containers.RepeatedCompositeFieldContainer[BanditState]
    def __init__(self, routers: _Optional[_Iterable[_Union[BanditState, _Mapping]]] = ...) -> None: ...

class BanditState(_message.Message):
    __slots__ = ("router_id", "router_incarnation", "epoch", "allocation_version", "arms")
    ROUTER_ID_FIELD_NUMBER: _ClassVar[int]
    ROUTER_INCARNATION_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    ALLOCATION_VERSION_FIELD_NUMBER: _ClassVar[int]
    ARMS_FIELD_NUMBER: _ClassVar[int]
    router_id: str
    router_incarnation: int
    epoch: int
    allocation_version: int
    arms: _containers.RepeatedCompositeFieldContainer[ArmState]
    def __init__(self, router_id: _Optional[str] = ..., router_incarnation: _Optional[int] = ..., epoch: _Optional[int] = ..., allocation_version: _Optional[int] = ..., arms: _Optional[_Iterable[_Union[ArmState, _Mapping]]] = ...) -> None: ...

class ArmState(_message.Message):
    __slots__ = ("variant", "pulls", "share", "unasked_pulls", "ended_pulls", "failed_pulls", "seconds", "squared_seconds")
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    PULLS_FIELD_NUMBER: _ClassVar[int]
    SHARE_FIELD_NUMBER: _ClassVar[int]
    UNASKED_PULLS_FIELD_NUMBER: _ClassVar[int]
    ENDED_PULLS_FIELD_NUMBER: _ClassVar[int]
    FAILED_PULLS_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    SQUARED_SECONDS_FIELD_NUMBER: _ClassVar[int]
    variant: str
    pulls: int
    share: float
    unasked_pulls: int
    ended_pulls: int
    failed_pulls: int
    seconds: float
    squared_seconds: float
    def __init__(self, variant: _Optional[str] = ..., pulls: _Optional[int] = ..., share: _Optional[float] = ..., unasked_pulls: _Optional[int] = ..., ended_pulls: _Optional[int] = ..., failed_pulls: _Optional[int] = ..., seconds: _Optional[float] = ..., squared_seconds: _Optional[float] = ...) -> None: ...

class BanditAssessment(_message.Message):
    __slots__ = ("arms", "regret")
    ARMS_FIELD_NUMBER: _ClassVar[int]
    REGRET_FIELD_NUMBER: _ClassVar[int]
    arms: _containers.RepeatedCompositeFieldContainer[ArmAssessment]
    regret: float
    def __init__(self, arms: _Optional[_Iterable[_Union[ArmAssessment, _Mapping]]] = ..., regret: _Optional[float] = ...) -> None: ...

class ArmAssessment(_message.Message):
    __slots__ = ("mean", "lower", "upper", "best_probability", "share")
    MEAN_FIELD_NUMBER: _ClassVar[int]
    LOWER_FIELD_NUMBER: _ClassVar[int]
    UPPER_FIELD_NUMBER: _ClassVar[int]
    BEST_PROBABILITY_FIELD_NUMBER: _ClassVar[int]
    SHARE_FIELD_NUMBER: _ClassVar[int]
    mean: float
    lower: float
    upper: float
    best_probability: float
    share: float
    def __init__(self, mean: _Optional[float] = ..., lower: _Optional[float] = ..., upper: _Optional[float] = ..., best_probability: _Optional[float] = ..., share: _Optional[float] = ...) -> None: ...
