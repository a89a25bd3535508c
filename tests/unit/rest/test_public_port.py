"""What the client of the public port is told is what gRPC can hold."""

from annotated_types import Le

from pointsman.rest.transcoding import PublicPort
from pointsman.settings import Limits


async def test_the_longest_message_that_settings_allow_can_be_told_to_grpc() -> None:
    metadata = Limits.model_fields["max_message_bytes"].metadata
    (most,) = [bound.le for bound in metadata if isinstance(bound, Le)]
    assert most == 2**31 - 1
    port = PublicPort("127.0.0.1:1", max_message_bytes=most)
    await port.close()
