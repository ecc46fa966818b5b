"""The program itself: help without loading anything heavy, one line for a breakage, one module a command."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cockpitd.cli.commands import COMMANDS
from cockpitd.cli.main import main

ROOT = Path(__file__).resolve().parents[2]


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    assert set(COMMANDS) <= set(capsys.readouterr().out.split())


def test_help_loads_nothing_heavy() -> None:
    program = (
        "import sys\n"
        "from cockpitd.cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: print({'numpy', 'pydantic', 'yaml', 'jsonschema'} & set(sys.modules), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr == "set()\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: cockpitd {name}")


def test_no_engine_library_is_loaded_by_any_command_module() -> None:
    engines = {"llama_cpp", "llguidance", "vosk", "faster_whisper", "ctranslate2", "piper", "pyttsx3"}
    imports = "\n".join(f"import cockpitd.cli.{name}" for name in COMMANDS)
    program = f"import sys\n{imports}\nprint({engines} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_a_breakage_is_one_line_and_exit_code_two(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "path", "no-such-model"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("cockpitd: no-such-model: ")
    assert told.err.endswith("[model-missing]\n")
    assert told.err.count("\n") == 1


def test_a_word_that_is_no_command_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["fly"])
    assert ended.value.code == 2
    assert "invalid choice: 'fly'" in capsys.readouterr().err


def test_a_reader_that_leaves_early_is_no_error() -> None:
    command = f"{sys.executable} -m cockpitd doctor --config-keys | head -n 1"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "| key | default | meaning |\n"
    assert done.stderr == ""
