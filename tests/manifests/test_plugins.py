"""Plug-ins: where they are found, what their fingerprint covers, and what their errors say."""

from __future__ import annotations

import pickle
import subprocess
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path

import pytest

from manifests.errors import UserError
from manifests.plugins import Plugin, PluginError, resolve
from manifests.stop_signals import Stopped

GROUP = "openba.signals"
VOWELS = 'def vowel_share(text):\n    return sum(letter in "aeiou" for letter in text) / len(text)\n'


def module(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.py"
    path.write_text(text, encoding="utf-8")
    return path


def distribution(folder: Path, version: str, point: str) -> None:
    """An installed package of the name ``vowels``, as pip would leave it."""
    info = folder / f"vowels-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: vowels\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{point}\n")


def test_a_module_beside_the_manifest_is_found(tmp_path: Path) -> None:
    module(tmp_path, "vowels_beside", VOWELS)
    plugin = resolve("vowels_beside:vowel_share", GROUP, tmp_path)
    assert plugin.call("audio") == 0.8
    assert plugin.value.__module__ == "vowels_beside"
    assert str(tmp_path) not in sys.path


def test_a_module_on_the_path_is_found(tmp_path: Path) -> None:
    assert resolve("manifests.files:digest", GROUP, tmp_path).call([1]) == resolve(
        "manifests.files:digest", GROUP, tmp_path
    ).value([1])


class Elsewhere(MetaPathFinder):
    """Knows one module, as the finder of an editable install does."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        known = fullname == self._path.stem
        return spec_from_file_location(fullname, self._path) if known else None


def test_a_module_of_an_editable_install_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = module(tmp_path / "elsewhere", "vowels_editable", VOWELS)
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Elsewhere(path)])
    assert resolve("vowels_editable:vowel_share", GROUP, tmp_path).call("audio") == 0.8


def test_finding_imports_nothing(tmp_path: Path) -> None:
    module(tmp_path, "vowels_unread", "raise RuntimeError('imported')\n")
    resolve("vowels_unread:vowel_share", GROUP, tmp_path)
    assert "vowels_unread" not in sys.modules


def test_an_entry_point_is_found_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site"
    module(site, "vowels_installed", VOWELS)
    distribution(site, "1.2.3", "vowels = vowels_installed:vowel_share")
    monkeypatch.syspath_prepend(site)
    plugin = resolve("vowels", GROUP, tmp_path)
    assert plugin.fingerprint == "vowels==1.2.3"
    assert plugin.call("audio") == 0.8
    with pytest.raises(PluginError, match=rf"^{site}/vowels_installed.py:2: plug-in vowels failed: ZeroDiv"):
        plugin.call("")


def test_an_unknown_entry_point_names_those_that_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distribution(tmp_path, "1", "vowels = vowels_installed:vowel_share")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(PluginError, match=r"plug-in vowles: .* openba\.signals \(installed: vowels\)"):
        resolve("vowles", GROUP, tmp_path)


def test_a_missing_module_says_where_to_put_it(tmp_path: Path) -> None:
    with pytest.raises(PluginError) as caught:
        resolve("no.such:name", GROUP, tmp_path)
    assert isinstance(caught.value, UserError)
    assert str(caught.value) == (
        f"plug-in no.such:name: there is no module 'no.such'; put no/such.py into {tmp_path}, or install the "
        "package that has it"
    )


def test_a_missing_name_says_what_the_module_has(tmp_path: Path) -> None:
    path = module(tmp_path, "vowels_named", VOWELS)
    with pytest.raises(PluginError) as caught:
        _ = resolve("vowels_named:consonants", GROUP, tmp_path).value
    assert str(caught.value) == (
        f"{path}: plug-in vowels_named:consonants: there is no 'consonants' in the module; it has vowel_share"
    )


def test_an_error_while_importing_names_plugin_and_line(tmp_path: Path) -> None:
    path = module(tmp_path, "vowels_broken", "import json\n\njson.loads('{')\n")
    with pytest.raises(PluginError) as caught:
        _ = resolve("vowels_broken:vowel_share", GROUP, tmp_path).value
    assert str(caught.value).startswith(
        f"{path}:3: plug-in vowels_broken:vowel_share cannot be loaded: JSONDecodeError: Expecting property"
    )


def test_a_syntax_error_names_its_line(tmp_path: Path) -> None:
    path = module(tmp_path, "vowels_unfinished", "def vowel_share(text):\n    return (\n")
    with pytest.raises(PluginError, match=rf"^{path}:2: plug-in vowels_unfinished:f cannot be loaded: Syn"):
        _ = resolve("vowels_unfinished:f", GROUP, tmp_path).value


def test_an_error_inside_a_call_names_plugin_and_line(tmp_path: Path) -> None:
    path = module(tmp_path, "vowels_empty", VOWELS)
    with pytest.raises(PluginError) as caught:
        resolve("vowels_empty:vowel_share", GROUP, tmp_path).call("")
    assert str(caught.value) == (
        f"{path}:2: plug-in vowels_empty:vowel_share failed: ZeroDivisionError: division by zero"
    )


def test_an_error_of_many_lines_is_told_in_one(tmp_path: Path) -> None:
    module(tmp_path, "vowels_wordy", "def vowel_share(text):\n    raise ValueError('no\\n  vowels\\n')\n")
    with pytest.raises(PluginError, match=r"plug-in vowels_wordy:vowel_share failed: ValueError: no vowels$"):
        resolve("vowels_wordy:vowel_share", GROUP, tmp_path).call("")


def test_a_stop_inside_a_call_stays_a_stop(tmp_path: Path) -> None:
    text = "from manifests.stop_signals import Stopped\n\n\ndef stop():\n    raise Stopped('stopped', number=15)\n"
    module(tmp_path, "stops_inside", text)
    with pytest.raises(Stopped, match="stopped") as raised:
        resolve("stops_inside:stop", GROUP, tmp_path).call()
    assert raised.value.exit_code == 143


def test_the_fingerprint_is_that_of_the_source(tmp_path: Path) -> None:
    module(tmp_path, "vowels_edited", VOWELS)
    first = resolve("vowels_edited:vowel_share", GROUP, tmp_path)
    assert first.call("audio") == 0.8
    assert resolve("vowels_edited:vowel_share", GROUP, tmp_path) == first
    module(tmp_path, "vowels_edited", VOWELS.replace("aeiou", "aeiouyw"))
    second = resolve("vowels_edited:vowel_share", GROUP, tmp_path)
    assert second.fingerprint != first.fingerprint
    assert second.call("why") == 2 / 3, "the changed code is what runs"


def test_the_same_name_in_two_folders_is_two_plugins(tmp_path: Path) -> None:
    module(tmp_path / "one", "vowels_twice", VOWELS)
    module(tmp_path / "two", "vowels_twice", "def vowel_share(text):\n    return 2\n")
    values = [
        resolve("vowels_twice:vowel_share", GROUP, tmp_path / name).call("audio")
        for name in ("one", "two", "one")
    ]
    assert values == [0.8, 2, 0.8]


def test_a_module_does_not_take_the_place_of_a_loaded_one(tmp_path: Path) -> None:
    module(tmp_path, "pytest", VOWELS)
    with pytest.raises(PluginError, match=r"another module called 'pytest' .* give yours another name"):
        _ = resolve("pytest:vowel_share", GROUP, tmp_path).value
    assert sys.modules["pytest"] is pytest


def test_the_fingerprint_of_a_package_covers_all_its_python_files(tmp_path: Path) -> None:
    package = tmp_path / "vowels_package"
    module(package, "__init__", "")
    module(package / "deep", "__init__", "")
    module(package / "deep", "share", "from vowels_package.letters import share as vowel_share\n")
    module(package, "letters", VOWELS.replace("vowel_share", "share"))
    reference = "vowels_package.deep.share:vowel_share"
    first = resolve(reference, GROUP, tmp_path)
    assert first.call("audio") == 0.8
    (package / "notes.txt").write_text("not code")
    assert resolve(reference, GROUP, tmp_path).fingerprint == first.fingerprint
    module(package, "letters", VOWELS.replace("vowel_share", "share").replace("aeiou", "aeiouyw"))
    second = resolve(reference, GROUP, tmp_path)
    assert second.fingerprint != first.fingerprint
    assert second.call("why") == 2 / 3


def test_a_single_module_does_not_depend_on_its_neighbours(tmp_path: Path) -> None:
    module(tmp_path, "vowels_alone", VOWELS)
    first = resolve("vowels_alone:vowel_share", GROUP, tmp_path).fingerprint
    module(tmp_path, "neighbour", "A = 1\n")
    assert resolve("vowels_alone:vowel_share", GROUP, tmp_path).fingerprint == first


def in_a_fresh_process(plugin: Plugin) -> subprocess.CompletedProcess[str]:
    work = "import pickle, sys; print(pickle.load(sys.stdin.buffer).call('audio'))"
    done = subprocess.run([sys.executable, "-c", work], input=pickle.dumps(plugin), capture_output=True)
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def test_a_plugin_travels_to_another_process(tmp_path: Path) -> None:
    module(tmp_path, "vowels_travelling", VOWELS)
    plugin = resolve("vowels_travelling:vowel_share", GROUP, tmp_path)
    assert plugin.call("audio") == 0.8
    assert in_a_fresh_process(plugin).stdout == "0.8\n"


def test_code_that_changes_on_the_way_is_refused(tmp_path: Path) -> None:
    module(tmp_path, "vowels_changing", VOWELS)
    plugin = resolve("vowels_changing:vowel_share", GROUP, tmp_path)
    module(tmp_path, "vowels_changing", VOWELS + "\n")
    done = in_a_fresh_process(plugin)
    assert done.returncode == 1
    assert "plug-in vowels_changing:vowel_share: its code was changed after the command began" in done.stderr


def test_the_error_of_a_plugin_travels_whole(tmp_path: Path) -> None:
    module(tmp_path, "vowels_far", VOWELS)
    with pytest.raises(PluginError) as caught:
        resolve("vowels_far:vowel_share", GROUP, tmp_path).call("")
    error = pickle.loads(pickle.dumps(caught.value))
    assert type(error) is PluginError
    assert str(error) == str(caught.value)
