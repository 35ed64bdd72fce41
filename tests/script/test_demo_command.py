"""The demo's command line, as a person uses it who mistypes."""

import pytest

from script.demo_home.command import main


@pytest.mark.parametrize("port", ["0", "80000", "-1", "http", "²"])
@pytest.mark.parametrize("option", ["--port", "--cloud-port"])
def test_what_is_no_port_is_a_mistake_of_usage(
    option: str, port: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sockets would answer with a traceback."""
    monkeypatch.setattr("sys.argv", ["script/demo", f"{option}={port}"])
    with pytest.raises(SystemExit, match="2"):
        main()
    assert "from 1 to 65535" in capsys.readouterr().err
