"""Benchmarks through the harness: a model that knows the answers, one that guesses, ours; and wrong items."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import sentencepiece

from manifests.schema.benchmark_scores import Place
from manifests.schema.shards import Vocabulary
from tests.trainer.evaluation.harness.items import LETTERS, questions, write, write_all, write_cmmlu
from tests.trainer.examples import small_settings
from tests.trainer.tiny import write_shards
from trainer.evaluation.harness.benchmark_run import Asked, score_benchmarks
from trainer.evaluation.harness.benchmarks import BENCHMARKS, BenchmarkError, named
from trainer.evaluation.harness.harness_model import HarnessModel, Room
from trainer.model.transformer import EncoderDecoder

QUESTIONS = questions(200)
ANSWERS = {item["question"]: LETTERS[item["answer"]] for item in QUESTIONS}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> tuple[EncoderDecoder, Vocabulary, Any, Room]:
    """A small model with new weights, as HarnessModel takes it."""
    folder = tmp_path_factory.mktemp("served")
    vocabulary = write_shards(folder).vocabulary
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(folder / "shards" / "tokenizer.model"))
    return EncoderDecoder(small_settings(), vocabulary.padded).eval(), vocabulary, pieces, Room(512, 16)


class Rigged(HarnessModel):
    """Knows the answers to some of the questions, by text, and guesses the others."""

    def __init__(self, *served: Any, known: dict[str, str]) -> None:
        super().__init__(*served)
        self.known = known

    def _loglikelihood_tokens(self, requests: Sequence[Any], **_: Any) -> list[tuple[float, bool]]:
        return [(self._score(*texts), False) for texts, _, _ in requests]

    def _score(self, context: str, continuation: str) -> float:
        question = context.rsplit("\n\n", 1)[-1].split("\nA. ")[0]
        if question in self.known:
            return float(continuation.strip() == self.known[question])
        return random.Random(question + continuation).random()


def asked(data: Path, names: str, **settings: Any) -> Asked:
    """Some benchmarks."""
    return Asked(named(names), data, **settings)


def test_who_knows_the_answers_scores_1_and_who_guesses_scores_chance(
    served: tuple[Any, ...], tmp_path: Path
) -> None:
    write_cmmlu(tmp_path, "agronomy", QUESTIONS[:120])
    write_cmmlu(tmp_path, "virology", QUESTIONS[120:])
    (knowing,) = score_benchmarks(Rigged(*served, known=ANSWERS), asked(tmp_path, "cmmlu"))
    assert (knowing.score.value, knowing.score.items, knowing.shots) == (1.0, 200, 5)
    assert {name: part.items for name, part in knowing.parts.items()} == {"agronomy": 120, "virology": 80}
    (guessing,) = score_benchmarks(Rigged(*served, known={}), asked(tmp_path, "cmmlu", shots=0))
    assert guessing.score.stderr is not None
    assert guessing.score.stderr == pytest.approx((0.25 * 0.75 / 200) ** 0.5, rel=0.15)
    assert abs(guessing.score.value - guessing.chance) < 3 * guessing.score.stderr


def test_items_that_the_corpus_held_are_scored_apart(served: tuple[Any, ...], tmp_path: Path) -> None:
    write_cmmlu(tmp_path, "agronomy", QUESTIONS[:40])
    held = {item["id"]: (Place(document="d", source="web"),) for item in QUESTIONS[:10]}
    model = Rigged(*served, known={item["question"]: ANSWERS[item["question"]] for item in QUESTIONS[:10]})
    (score,) = score_benchmarks(model, asked(tmp_path, "cmmlu", touched=held | {"elsewhere": ()}))
    assert score.touched is not None
    assert score.clean is not None
    assert (score.touched.value, score.touched.items, score.clean.items) == (1.0, 10, 30)
    assert score.clean.value < 0.6
    assert [item.item for item in score.touched_items] == sorted(held)
    assert score.touched_items[0].places[0].source == "web"


@pytest.mark.slow
def test_every_benchmark_is_a_task_of_the_harness_and_is_scored(
    served: tuple[Any, ...], tmp_path: Path
) -> None:
    scores = score_benchmarks(
        HarnessModel(*served), asked(write_all(tmp_path), "all", run_programs=True, limit=3)
    )
    assert [score.benchmark for score in scores] == list(BENCHMARKS)
    assert {score.benchmark: score.score.items for score in scores} == {
        "belebele": 9, "mmlu": 3, "cmmlu": 3, "ceval": 24, "ceval_hard": 24, "bbh": 1,
        "flores_en_zh": 1, "flores_zh_en": 1, "humaneval": 1, "biflan": 1,
    }  # fmt: skip
    shots = {score.benchmark: score.shots for score in scores if score.shots}
    assert shots == {"mmlu": 5, "cmmlu": 5, "ceval": 5, "ceval_hard": 5, "bbh": 3}
    chances = [score.chance for score in scores]
    assert chances == [0.25] * 5 + [0.5] + [0.0] * 4
    assert scores[-1].prompts == 1


def test_programs_are_not_run_unless_that_is_asked(served: tuple[Any, ...], tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match=r"humaneval runs programs .* --run-programs"):
        score_benchmarks(HarnessModel(*served), asked(write_all(tmp_path), "humaneval"))


def without(item: dict[str, Any], name: str) -> dict[str, Any]:
    """The item without a field."""
    return {key: value for key, value in item.items() if key != name}


PAIR = {"source": "a", "target": "b"}


@pytest.mark.parametrize(
    ("names", "file", "items", "shots", "message"),
    [
        (
            "cmmlu",
            "cmmlu/test.jsonl",
            [PAIR],
            0,
            "no items of cmmlu; make them with `openba benchmark cmmlu`",
        ),
        ("belebele", "belebele/eng_Latn/test.jsonl", [PAIR], 0, "no items of belebele's part zho_Hans"),
        ("bbh", "bbh/navigate/test.jsonl", [PAIR], 0, ":1: no field input; an item has input, target"),
        ("bbh", "bbh/navigate/test.jsonl", [], 0, "no item in it"),
        ("bbh", "bbh/no/test.jsonl", [{"input": "a", "target": "b"}], 0, "the harness has no part no of bbh"),
        ("bbh", "bbh/navigate/test.jsonl", [{"input": "a", "target": "b"}], 5, "give --shots 3"),
        ("flores_en_zh", "flores/eng_Latn-zho_Hans/devtest.jsonl", [PAIR], 1, "there are 0"),
    ],
)
def test_wrong_items_are_told_in_a_line(
    served: tuple[Any, ...],
    tmp_path: Path,
    names: str,
    file: str,
    items: list[dict[str, Any]],
    shots: int,
    message: str,
) -> None:
    write(tmp_path / file, items)
    with pytest.raises(BenchmarkError) as raised:
        score_benchmarks(HarnessModel(*served), asked(tmp_path, names, shots=shots))
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_benchmark_that_is_none_is_told_with_those_there_are() -> None:
    with pytest.raises(
        BenchmarkError, match="'cmlu' is none of the benchmarks; give all, or some of belebele"
    ):
        named("cmlu,mmlu")


def test_likelihoods_of_whole_texts_are_those_of_their_windows(served: tuple[Any, ...]) -> None:
    from lm_eval.api.instance import Instance

    model, vocabulary, pieces, _ = served
    text = "The for statement is used to iterate over the elements of a sequence."
    count = len(pieces.encode(text))
    whole, short = (HarnessModel(model, vocabulary, pieces, Room(64, answer)) for answer in (64, 5))
    asked_text = [Instance("loglikelihood_rolling", {}, (text,), 0)]
    (at_once,) = whole.loglikelihood_rolling(asked_text)
    assert at_once == pytest.approx(whole.loglikelihood([Instance("loglikelihood", {}, ("", text), 0)])[0][0])
    (in_windows,) = short.loglikelihood_rolling(asked_text)
    assert count > 10
    assert in_windows < 0
    assert in_windows != pytest.approx(at_once)
