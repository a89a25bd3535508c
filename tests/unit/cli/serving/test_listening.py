import socket

import pytest

from pointsman.cli.line.context import CommandError
from pointsman.cli.serving.listening import address_of, callable_address, is_loopback, listen


def test_port_0_lets_the_system_choose() -> None:
    with listen("127.0.0.1:0", "http") as listener:
        host, _, port = address_of(listener).rpartition(":")
        assert (host, int(port) > 0) == ("127.0.0.1", True)


def test_a_port_in_use_is_named_with_the_way_out() -> None:
    with listen("127.0.0.1:0", "http") as listener:
        taken = address_of(listener)
        with pytest.raises(CommandError) as refused:
            listen(taken, "http")
    assert str(refused.value).startswith(f"{taken} is in use: ")
    assert "--http" in str(refused.value)


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(CommandError, match=r"--http 192\.0\.2\.1:0 cannot be listened on"):
        listen("192.0.2.1:0", "http")


@pytest.mark.parametrize(
    ("address", "loopback"),
    [
        ("127.0.0.1:1", True),
        ("127.9.9.9:1", True),
        ("[::1]:1", True),
        ("localhost:1", True),
        ("0.0.0.0:1", False),
    ],
)
def test_loopback_is_told_from_the_rest(address: str, loopback: bool) -> None:
    assert is_loopback(address) is loopback


def test_clients_are_not_told_to_call_everywhere() -> None:
    assert callable_address("0.0.0.0:8500") == f"{socket.gethostname()}:8500"
    assert callable_address("127.0.0.1:8500") == "127.0.0.1:8500"
