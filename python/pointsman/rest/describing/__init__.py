"""Describes the API as OpenAPI 3.1, by the descriptors that the transcoder itself goes by."""

from pointsman.rest.describing.document import describe_api

__all__ = ["describe_api"]
