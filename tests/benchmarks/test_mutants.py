"""The search for changes that no test notices: where it changes a file, which tests it runs, and what it
makes of them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from benchmarks.mutant_runs import Imports, UnsoundTestsError, tracked
from benchmarks.mutant_sites import sites
from benchmarks.mutants import (
    Mutant,
    Result,
    draw,
    explanations,
    mutants,
    repository,
    run,
    share,
    survivors,
    table,
)

SOURCE = '''"""Words 1."""
import os

@cache(True)
def clamp(low: int, high: "Literal[3]" = 0x0F, mode="wide", *, ok: bool = False) -> int:
    """Docs: 1 < 2."""
    if not ok and (low) <= high or mode not in "道":
        raise ValueError(f"{low + 1}: {max(1, 2)}")
    for name in os.listdir():
        os.unlink(name)
        print(1 + 1)
        break
    low += 2 * 0.5
    return min(low, high)

def nothing() -> int | None:
    return find("a" + name)

if __name__ == "__main__":
    clamp(1, 2)
'''
ADD = '''"""Sums."""


def add(one: int, other: int) -> int:
    """The sum."""
    return one + other


def largest(numbers: list[int]) -> int:
    """The largest number, 0 of none."""
    return max(numbers) if numbers else 0
'''
TEST = """from toy.sums import add, largest


def test_two_and_three_are_five() -> None:
    assert add(2, 3) == 5


def test_the_largest_of_one_number_is_itself() -> None:
    assert largest([7]) == 7
"""


def changes(source: str) -> list[str]:
    """The changed line of every site, or what has become of it."""
    found = sites(source.encode())
    return [site.applied(source.encode()).decode().split("\n")[site.line - 1].strip() for site in found]


def test_every_kind_of_change_is_found_and_texts_types_and_messages_are_left_alone() -> None:
    head = 'def clamp(low: int, high: "Literal[3]" = {}, mode={}, *, ok: bool = {}) -> int:'
    assert changes(SOURCE) == [
        head.format("0x10", '"wide"', "False"),
        head.format("0x0F", '""', "False"),
        head.format("0x0F", '"wide"', "True"),
        'if ok and (low) <= high or mode not in "道":',
        'if not ok or (low) <= high or mode not in "道":',
        'if not ok and (low) < high or mode not in "道":',
        'if not ok and (low) <= high and mode not in "道":',
        'if not ok and (low) <= high or mode in "道":',
        "pass",
        "pass",
        "continue",
        "low -= 2 * 0.5",
        "low += 3 * 0.5",
        "low += 2 // 0.5",
        "low += 2 * 1.0",
        "return None",
        "return max(low, high)",
    ]


@pytest.mark.parametrize(
    ("line", "changed"),
    [
        ("x = a < b < c", ["x = a <= b < c", "x = a < b <= c"]),
        ("x = ~a & (b >= 1)", ["x = a & (b >= 1)", "x = ~a & (b > 1)", "x = ~a & (b >= 2)"]),
        ("x = '道' + str(a - 1)", ["x = '道' + str(a + 1)", "x = '道' + str(a - 2)"]),
        ("x = (a) % (b)", ["x = (a) // (b)"]),
        ("x = a.any(axis=0)", ["x = a.all(axis=0)", "x = a.any(axis=1)"]),
        ("x = np.minimum(a, -1)", ["x = np.maximum(a, -1)", "x = np.minimum(a, -2)"]),
        ("for a in b: continue", ["for a in b: break"]),
        ("file.append(a) ", ["pass"]),
        ("x: Literal[1] = 0.0", ["x: Literal[1] = 1.0"]),
        ("log.info(1 + 1)", []),
    ],
)
def test_a_line_is_changed_at_each_of_its_places(line: str, changed: list[str]) -> None:
    assert changes(line) == changed


def test_every_change_of_the_project_is_a_program_that_python_reads() -> None:
    found = mutants(repository(), ["curriculum"])["curriculum"]
    assert len(found) > 100
    for mutant in found:
        compile(mutant.changed, str(mutant.path), "exec")


def some(package: str, number: int) -> list[Mutant]:
    site = sites(b"x = 1")[0]
    return [Mutant(Path(package, f"{index}.py"), site, b"x = 1") for index in range(number)]


def test_the_same_seed_draws_the_same_sample_and_every_package_has_its_share() -> None:
    found = {"large": some("large", 600), "small": some("small", 300), "tiny": some("tiny", 100)}
    chosen = draw(found, 25, 1)
    assert chosen == draw(found, 25, 1) != draw(found, 25, 2)
    assert [sum(one.path.parts[0] == package for one in chosen) for package in found] == [15, 8, 2]
    assert len(set(chosen)) == 25, "no change is drawn twice"
    assert len(draw(found, 5000, 1)) == 1000


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_the_tests_that_concern_a_file_run_from_the_nearest_on(tmp_path: Path) -> None:
    files = {
        "toy/__init__.py": "from toy.sums import add\n",
        "toy/sums.py": ADD,
        "toy/means.py": "from toy import sums\n",
        "toy/far.py": "import toy.means\n",
        "toy/alone.py": "x = 1\n",
        "tests/helper.py": "from toy import add\n",
        "tests/toy/test_sums.py": "",
        "tests/toy/test_helped.py": "from tests.helper import add\n",
        "tests/toy/test_means.py": "from toy.means import sums\n",
        "tests/test_far.py": "import toy.far\n",
        "tests/test_other.py": "import os\n",
    }
    imports = Imports(write(tmp_path, files), map(Path, files))
    assert imports.concerned(Path("toy/sums.py")) == [
        ["tests/toy/test_sums.py"],
        ["tests/toy/test_helped.py"],
        ["tests/toy/test_means.py"],
    ]
    assert imports.concerned(Path("toy/far.py")) == [["tests/test_far.py"]]
    assert imports.concerned(Path("toy/alone.py")) == [
        sorted(name for name in files if name.startswith("tests/toy/"))
    ]
    assert imports.importers(Path("toy/means.py")) == {
        Path("toy/means.py"),
        Path("toy/far.py"),
        Path("tests/toy/test_means.py"),
        Path("tests/test_far.py"),
    }


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """A repository of one package with one file and its test."""
    files = {
        "toy/__init__.py": "",
        "toy/sums.py": ADD,
        "tests/__init__.py": "",
        "tests/toy/__init__.py": "",
        "tests/toy/test_sums.py": TEST,
    }
    write(tmp_path / "project", files | {".gitignore": "ignored.py\n", "ignored.py": ""})
    subprocess.run(["git", "init", "-q", str(tmp_path / "project")], check=True)
    return tmp_path / "project"


def test_ignored_files_are_not_copied(toy: Path) -> None:
    assert "ignored.py" not in {path.name for path in tracked(toy)}
    assert Path("toy/sums.py") in tracked(toy)


def test_a_change_is_noticed_or_survives_or_is_explained(toy: Path) -> None:
    before = (toy / "toy" / "sums.py").read_bytes()
    by_line = {mutant.lines[1]: mutant for mutant in mutants(toy, ["toy"])["toy"]}
    lines = [
        "return one - other",
        "return min(numbers) if numbers else 0",
        "return max(numbers) if numbers else 1",
    ]
    known = {("toy/sums.py", lines[2]): "nobody asks for the largest of none"}
    results = list(run(toy, [by_line[line] for line in lines], 2, 60, known))
    assert [(result.verdict, result.by) for result in results] == [
        ("noticed", "tests/toy/test_sums.py::test_two_and_three_are_five"),
        ("survived", ""),
        ("explained", "nobody asks for the largest of none"),
    ]
    assert (toy / "toy" / "sums.py").read_bytes() == before, "only a copy is changed"
    assert share(results) == 0.5
    assert table(results).split("\n")[-1].split() == ["all", "1", "1", "1", "50%"]
    assert survivors(results) == (
        "survived toy/sums.py:11\n  - return max(numbers) if numbers else 0\n  + return min(numbers) if "
        "numbers else 0\n"
        "explained toy/sums.py:11\n  - return max(numbers) if numbers else 0\n  + return max(numbers) if "
        "numbers else 1\n"
        "  nobody asks for the largest of none\n"
    )


def test_a_test_that_fails_anyway_notices_nothing(toy: Path) -> None:
    (toy / "tests" / "toy" / "test_sums.py").write_text("def test_never() -> None:\n    assert False\n")
    with pytest.raises(UnsoundTestsError, match=r"test_sums.py::test_never fails without any change"):
        list(run(toy, mutants(toy, ["toy"])["toy"][:1], 1, 60, {}))


def test_a_limit_that_the_tests_do_not_keep_anyway_notices_nothing(toy: Path) -> None:
    with pytest.raises(
        UnsoundTestsError,
        match=r"the limit of 0 s fails without any change, .*test_sums.py; mend it, or raise --timeout",
    ):
        list(run(toy, mutants(toy, ["toy"])["toy"][:1], 1, 0.001, {}))


def test_a_run_that_is_given_up_ends_its_tests(toy: Path) -> None:
    waits = "import signal\n\ndef test_it_waits() -> None:\n    signal.pause()\n"
    write(
        toy,
        {
            "tests/toy/test_sums.py": "def test_nothing() -> None: ...\n",
            "toy/far.py": "x = 1\n",
            "tests/toy/test_far.py": waits,
        },
    )
    by_file = {mutant.path.name: mutant for mutant in mutants(toy, ["toy"])["toy"]}
    results = run(toy, [by_file["sums.py"], by_file["far.py"]], 1, 3600, {})
    assert next(results).verdict == "survived"
    results.close()
    assert list(results) == [], "the test that waits does not hold it up"


def test_explanations_have_three_fields(tmp_path: Path) -> None:
    file = tmp_path / "explained.txt"
    assert explanations(file) == {}
    file.write_text("# file, changed line, reason\n\ntoy/sums.py\treturn 1\tthe same\n", encoding="utf-8")
    assert explanations(file) == {("toy/sums.py", "return 1"): "the same"}
    file.write_text("toy/sums.py\treturn 1\n", encoding="utf-8")
    with pytest.raises(
        ValueError,
        match=r"'toy/sums.py' stands in a line of 2 fields; give file, changed line and reason, between tabs",
    ):
        explanations(file)


def test_the_share_of_nothing_is_whole() -> None:
    assert share([]) == 1
    explained = Result(some("toy", 1)[0], "explained", "the same", 0.0)
    assert share([explained]) == 1
