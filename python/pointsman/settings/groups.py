"""What groups of settings share."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(ge=1, le=1_000_000)]
Seconds = Annotated[float, Field(ge=0.001, le=365 * 86_400, allow_inf_nan=False)]


class Group(BaseModel):
    """Settings that belong together, under one name; others are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
