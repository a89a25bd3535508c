from pathlib import Path

import pytest

from pointsman.settings import SettingsError, load, split_address


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_defaults_listen_on_loopback_only() -> None:
    settings = load()
    assert (settings.grpc, settings.http) == ("127.0.0.1:8500", "127.0.0.1:8501")


def test_flags_go_over_environment_over_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path / "p.toml", "threads = 1\ngrace_seconds = 1\nlog_level = 'warn'\n")
    monkeypatch.setenv("POINTSMAN_THREADS", "2")
    monkeypatch.setenv("POINTSMAN_GRACE_SECONDS", "2")
    settings = load(file, {"threads": 3, "database": None})
    assert (settings.threads, settings.grace_seconds, settings.log_level) == (3, 2.0, "warn")


def test_nested_settings_merge_from_file_and_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path / "p.toml", "[limits]\nmax_queued_per_backend = 7\n")
    monkeypatch.setenv("POINTSMAN_LIMITS__MAX_CONNECTIONS", "77")
    limits = load(file).limits
    assert (limits.max_queued_per_backend, limits.max_connections, limits.onnx_threads) == (7, 77, 2)


def test_pointsman_toml_in_the_working_directory_is_read(tmp_path: Path) -> None:
    write(tmp_path / "pointsman.toml", "threads = 5\n")
    assert load().threads == 5


def test_variables_of_the_client_are_none_of_the_servers_business(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POINTSMAN_SERVER", "example.org:1")
    assert load().grpc == "127.0.0.1:8500"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("bogus = 1", "bogus: there is no such setting"),
        ("[limits]\nbogus = 1", "limits.bogus: there is no such setting"),
        ("threads = -1", "threads: -1:"),
        ("grpc = 'x'", "grpc: 'x': an address is host:port"),
        ("grpc = 'x:70000'", "'70000' is not a number from 0 to 65535"),
        ("log_level = 'loud'", "log_level: 'loud':"),
        ("grace_seconds = inf", "grace_seconds: inf:"),
        ("[limits]\nmax_message_bytes = 2147483648", "limits.max_message_bytes: 2147483648:"),
        ("[limits]\nmax_connections = 0", "POINTSMAN_LIMITS__MAX_CONNECTIONS"),
        ("threads =", "not valid TOML"),
    ],
)
def test_a_bad_value_is_named_with_the_way_out(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load(write(tmp_path / "p.toml", text))
    assert said in str(refused.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such file"):
        load(tmp_path / "nowhere.toml")


@pytest.mark.parametrize(
    ("address", "split"),
    [("127.0.0.1:8500", ("127.0.0.1", 8500)), ("[::1]:0", ("::1", 0)), ("localhost:1", ("localhost", 1))],
)
def test_addresses_split(address: str, split: tuple[str, int]) -> None:
    assert split_address(address) == split


@pytest.mark.parametrize("address", ["", "8500", ":8500", "::1:8500", "host:", "host:-1", "host:٣"])
def test_other_addresses_are_refused(address: str) -> None:
    with pytest.raises(ValueError):
        split_address(address)
