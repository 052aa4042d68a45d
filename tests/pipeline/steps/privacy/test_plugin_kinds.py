"""A kind of the user's own: found, merged with the built-in ones, replaced, counted, and named in errors."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from zlib import crc32

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from manifests.border.arrow_files import read_batches
from manifests.plugins import PluginError
from manifests.schema.privacy import Action, KindPlugin, PrivacySettings, Salt
from pipeline.runtime.batch_result import BatchPosition
from pipeline.steps.privacy.linear_expressions import finder_of
from pipeline.steps.privacy.plugin_findings import resolve_plugins
from pipeline.steps.privacy.privacy_step import ONLY_PERSONAL_DATA, PERSONAL_DATA, PrivacyStep, Scrub
from pipeline.steps.privacy.pseudonyms import Pseudonyms
from pipeline.steps.privacy.scrub import Scrubbed, scrub
from tests.pipeline.steps.measured import context, corpus, measured

STUDENT_IDS = """
    from pipeline.steps.privacy.linear_expressions import finder_of
    from pipeline.steps.privacy.plugin_kind import PluginKind

    STUDENT_ID = PluginKind(
        name="student_id",
        finder=finder_of(r"[A-Z]{2}20[0-9]{6}"),
        validate=lambda found: int(found[-1:]) % 2 == 0,
    )
"""
ENROLLED = "学号 PB20210018 的同学，邮箱 zhang@163.com；PB20210019 不是"
PSEUDONYMS = Pseudonyms(bytes(range(32)))


def write(folder: Path, source: str, module: str) -> None:
    (folder / f"{module}.py").write_text(dedent(source), encoding="utf-8")


def privacy(module: str, action: Action = "placeholder", name: str = "STUDENT_ID") -> PrivacySettings:
    return PrivacySettings(
        actions={"email": "placeholder"},
        kinds=(KindPlugin(use=f"{module}:{name}", action=action),),
        salt=Salt(env="PRIVACY_SALT"),
    )


def scrubbed(text: str, settings: PrivacySettings, folder: Path) -> Scrubbed:
    return scrub(pa.array([text]), settings, PSEUDONYMS, resolve_plugins(settings, folder))


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("placeholder", "学号 <STUDENT_ID> 的同学，邮箱 <EMAIL>；PB20210019 不是"),
        ("drop", "学号 <STUDENT_ID> 的同学，邮箱 <EMAIL>；PB20210019 不是"),
        ("remove", "学号  的同学，邮箱 <EMAIL>；PB20210019 不是"),
        ("hash", "学号 <STUDENT_ID:{digest}> 的同学，邮箱 <EMAIL>；PB20210019 不是"),
    ],
)
def test_each_action_on_a_kind_of_ones_own(tmp_path: Path, action: Action, expected: str) -> None:
    write(tmp_path, STUDENT_IDS, "ids_by_action")
    result = scrubbed(ENROLLED, privacy("ids_by_action", action), tmp_path)
    digest = PSEUDONYMS.name("student_id", b"PB20210018")[-33:-1].decode()
    assert result.texts.to_pylist() == [expected.format(digest=digest)]
    assert {name: count.tolist() for name, count in result.found.items()} == {"email": [1], "student_id": [1]}


def test_the_longest_finding_wins_over_built_in_kinds_and_under_them(tmp_path: Path) -> None:
    write(tmp_path, STUDENT_IDS, "ids_that_overlap")
    settings = privacy("ids_that_overlap")
    assert scrubbed("PB20210018@ustc.edu.cn", settings, tmp_path).texts.to_pylist() == ["<EMAIL>"]
    write(
        tmp_path,
        STUDENT_IDS.replace('[0-9]{6}"', '[0-9]{6}@ustc[.]edu[.]cn#"').replace("[-1:]", "[9:10]"),
        "long_ids",
    )
    result = scrubbed("PB20210018@ustc.edu.cn#", privacy("long_ids"), tmp_path)
    assert result.texts.to_pylist() == ["<STUDENT_ID>"]
    assert result.found["email"].tolist() == [0]


def test_a_plug_in_never_sees_a_placeholder_or_a_pseudonym(tmp_path: Path) -> None:
    write(
        tmp_path,
        """
        from pipeline.steps.privacy.linear_expressions import finder_of
        from pipeline.steps.privacy.plugin_kind import PluginKind

        LETTERS = PluginKind(name="letters", finder=finder_of("[A-Z]{3,9}"), placeholder="<字母>")
        """,
        "letters_everywhere",
    )
    result = scrubbed("ABC a@b.com", privacy("letters_everywhere", name="LETTERS"), tmp_path)
    assert result.texts.to_pylist() == ["<字母> <EMAIL>"]


def test_documents_are_counted_and_rejected_by_a_kind_of_ones_own(tmp_path: Path) -> None:
    write(tmp_path, STUDENT_IDS, "ids_in_a_batch")
    rows = [
        {"id": "a", "text": ENROLLED, "language": "zh", "source": "bbs"},
        {"id": "b", "text": " PB20210018\n", "language": "zh", "source": "bbs"},
        {"id": "c", "text": "学而时习之", "language": "zh", "source": "classics"},
    ]
    reasons = {}
    for action in ("placeholder", "drop"):
        settings = privacy("ids_in_a_batch", action)
        transform = pickle.loads(
            pickle.dumps(Scrub(settings, PSEUDONYMS, resolve_plugins(settings, tmp_path)))
        )
        outcome = transform.process(measured(rows), BatchPosition(0, 0))
        reasons[action] = outcome.rejected.select(["id", "reason", "detail"]).to_pylist()
        assert outcome.metrics["found/student_id/zh"] == 2
        assert outcome.metrics["found/student_id/source/bbs"] == 2
    assert reasons["placeholder"] == [{"id": "b", "reason": ONLY_PERSONAL_DATA, "detail": "student_id 1"}]
    assert reasons["drop"] == [
        {"id": "a", "reason": PERSONAL_DATA, "detail": "email 1, student_id 1"},
        {"id": "b", "reason": PERSONAL_DATA, "detail": "student_id 1"},
    ]


@pytest.mark.slow
def test_a_fresh_worker_finds_the_plug_in_by_its_reference(tmp_path: Path) -> None:
    write(tmp_path, STUDENT_IDS, "ids_in_a_worker")
    settings = privacy("ids_in_a_worker")
    batch = measured([{"id": "a", "text": ENROLLED}])
    work = pickle.dumps((Scrub(settings, None, resolve_plugins(settings, tmp_path)), batch))
    script = (
        "import pickle, sys\n"
        "from pipeline.runtime.batch_result import BatchPosition\n"
        "transform, batch = pickle.load(sys.stdin.buffer)\n"
        "print(ascii(transform.process(batch, BatchPosition(0, 0)).kept.column('text')[0].as_py()))\n"
    )
    root = Path(__file__).parents[4]
    done = subprocess.run(
        [sys.executable, "-c", script], input=work, cwd=root, capture_output=True, check=True
    )
    assert done.stdout.decode().strip() == ascii("学号 <STUDENT_ID> 的同学，邮箱 <EMAIL>；PB20210019 不是")


def test_the_step_runs_a_plug_in_and_its_code_is_in_the_fingerprint(tmp_path: Path) -> None:
    write(tmp_path, STUDENT_IDS, "ids_of_a_step")
    settings = privacy("ids_of_a_step").model_copy(update={"salt": None})
    manifest = corpus().model_copy(update={"privacy": settings})
    surroundings = context("privacy", tmp_path, manifest, [[measured([{"id": "a", "text": ENROLLED}])]])
    before = PrivacyStep().inputs(surroundings)
    assert list(before) == ["kind ids_of_a_step:STUDENT_ID"]
    PrivacyStep().run(surroundings)
    (batch,) = read_batches(tmp_path / "privacy" / "part-00000.arrow")
    assert batch.column("text").to_pylist() == ["学号 <STUDENT_ID> 的同学，邮箱 <EMAIL>；PB20210019 不是"]
    write(tmp_path, STUDENT_IDS.replace("== 0", "== 1"), "ids_of_a_step")
    assert PrivacyStep().inputs(surroundings) != before


@pytest.mark.parametrize(
    ("finder", "message"),
    [
        ("lambda texts: 1 / 0", "ZeroDivisionError"),
        ("lambda texts: [[0, 1]]", r"its finder returned int64 \[1, 2\]"),
        ("lambda texts: [[0, 0.5, 1]]", r"its finder returned float64 \[1, 3\]"),
        ("lambda texts: [[0, 0, 100]]", r"\[0, 0, 100\] .* outside the texts"),
        ("lambda texts: [[7, 0, 1]]", r"\[7, 0, 1\] .* outside the texts"),
        ("lambda texts: [[0, 2, 2]]", r"\[0, 2, 2\] .* outside the texts"),
        ("lambda texts: [[0, 0, 1]]", r"\[0, 0, 1\] .* not of whole characters"),
    ],
)
def test_an_error_of_a_plug_in_names_it(tmp_path: Path, finder: str, message: str) -> None:
    module = f"wrong_{crc32(finder.encode())}"
    source = f"""
    from pipeline.steps.privacy.plugin_kind import PluginKind
    WRONG = PluginKind(name="wrong", finder={finder})
    """
    write(tmp_path, source, module)
    with pytest.raises(PluginError, match=f"plug-in {module}:WRONG.*{message}"):
        scrubbed("学而", privacy(module, name="WRONG"), tmp_path)


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ('PluginKind("email", finder=print)', "is that of a built-in kind"),
        ('PluginKind("Student 1", finder=print)', "write up to 16 small letters and underscores"),
        ('PluginKind("student", finder=print, placeholder="13812345678")', "between < and >"),
        ('PluginKind("student", finder=finder_of("a+"))', "repeats without a bound"),
        ('PluginKind("student", finder=finder_of("("))', r"missing \)"),
        ('"student"', "is of type str, not a PluginKind"),
    ],
)
def test_a_declaration_that_is_wrong_is_refused_before_any_work(
    tmp_path: Path, declared: str, message: str
) -> None:
    module = f"declared_{crc32(declared.encode())}"
    source = f"""
    from pipeline.steps.privacy.linear_expressions import finder_of
    from pipeline.steps.privacy.plugin_kind import PluginKind
    STUDENT = {declared}
    """
    write(tmp_path, source, module)
    settings = privacy(module, name="STUDENT")
    with pytest.raises(PluginError, match=f"plug-in {module}:STUDENT.*{message}"):
        Scrub(settings, None, resolve_plugins(settings, tmp_path))


def test_two_plug_ins_of_one_name_are_refused(tmp_path: Path) -> None:
    for module in ("ids_one", "ids_two"):
        write(tmp_path, STUDENT_IDS, module)
    kinds = tuple(
        KindPlugin(use=f"{module}:STUDENT_ID", action="remove") for module in ("ids_one", "ids_two")
    )
    settings = PrivacySettings(actions={}, kinds=kinds)
    with pytest.raises(PluginError, match="ids_two:STUDENT_ID: has the name 'student_id' of another plug-in"):
        Scrub(settings, None, resolve_plugins(settings, tmp_path))
    with pytest.raises(ValidationError, match="'a:B' is used twice"):
        PrivacySettings(actions={}, kinds=(KindPlugin(use="a:B", action="drop"),) * 2)
    with pytest.raises(ValidationError, match="there is no salt"):
        PrivacySettings(actions={}, kinds=(KindPlugin(use="a:B", action="hash"),))


@given(
    st.lists(st.text(st.sampled_from("ab1中é𠮷 ")), max_size=5),
    st.sampled_from(["a", "[ab]{1,3}", "中|é", "b?1", "(a)(b)", r"\s{1,2}", "x{0,2}"]),
)
def test_matches_of_an_expression_are_those_of_python(texts: list[str], expression: str) -> None:
    array = pa.array(["前", *texts, "后"], pa.string()).slice(1, len(texts))
    expected = [
        [row, len(text[: match.start()].encode()), len(text[: match.end()].encode())]
        for row, text in enumerate(texts)
        for match in re.finditer(expression, text)
        if match.group()
    ]
    assert finder_of(expression)(array).tolist() == expected
