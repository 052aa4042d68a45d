"""A trained model that answers and measures, from Python and from the command line."""

from __future__ import annotations

import io
import json
import math
import sys
from pathlib import Path

import pytest
import torch

import openba
from manifests.errors import UserError
from openba.cli.main import main
from tests.trainer.tiny import write_curriculum, write_shards
from trainer.inference import load_tokenizer, trained_model
from trainer.model.loss import IGNORED
from trainer.run import TrainingRun


@pytest.fixture(scope="module")
def arguments(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """``--curriculum`` and ``--run`` of a tiny run that was trained."""
    folder = tmp_path_factory.mktemp("model")
    write_shards(folder)
    curriculum = write_curriculum(folder / "curriculum.yaml")
    assert openba.train(curriculum, folder, quiet=True)
    return ["--curriculum", str(curriculum), "--run", str(folder)]


@pytest.fixture(scope="module")
def model(arguments: list[str]) -> openba.Model:
    """The trained model."""
    return openba.load_model(arguments[1], arguments[3])


def by_hand(arguments: list[str], prompt: str, target: str) -> tuple[float, int]:
    """Nats and tokens of one target, its layout written out."""
    run = TrainingRun.open(Path(arguments[1]), Path(arguments[3]))
    pieces, v = load_tokenizer(run), run.shards.vocabulary
    wanted = pieces.encode(target)
    encoder = [v.mode("S"), *pieces.encode(prompt), v.sentinel(0), v.eos]
    labels = [IGNORED, *wanted, IGNORED]
    with torch.inference_mode():
        nats, tokens, _ = trained_model(run)(
            torch.tensor([encoder]), torch.tensor([[v.pad, v.sentinel(0), *wanted]]), torch.tensor([labels])
        )
    return float(nats), int(tokens)


def test_loss_is_the_mean_over_the_targets_tokens(arguments: list[str], model: openba.Model) -> None:
    prompts = ["The for statement is used", "", "话说天下大势"]
    targets = ["to iterate over the elements of a sequence.", "if", "分久必合，合久必分"]
    parts = [by_hand(arguments, *pair) for pair in zip(prompts, targets, strict=True)]
    expected = sum(nats for nats, _ in parts) / sum(tokens for _, tokens in parts)
    assert model.loss(prompts, targets) == pytest.approx(expected, rel=1e-5)
    assert model.loss(prompts[:1], targets[:1]) == pytest.approx(parts[0][0] / parts[0][1], rel=1e-5)
    assert 0 < expected < math.log(512) + 1


def test_many_examples_cost_what_they_cost_alone(arguments: list[str], model: openba.Model) -> None:
    prompts = [f"while {number}" for number in range(40)]
    targets = ["the condition is true"] * 40
    one = by_hand(arguments, prompts[0], targets[0])[1]
    alone = [model.loss([prompt], [target]) for prompt, target in zip(prompts, targets, strict=True)]
    assert one > 1
    assert model.loss(prompts, targets) == pytest.approx(sum(alone) / 40, rel=1e-5)


def test_a_finished_training_leaves_nothing_to_do(arguments: list[str], model: openba.Model) -> None:
    assert not openba.train(arguments[1], arguments[3])


def test_what_cannot_be_measured_is_refused(model: openba.Model) -> None:
    with pytest.raises(UserError, match="2 prompts but 1 targets; give as many of each"):
        model.loss(["a", "b"], ["c"])
    with pytest.raises(UserError, match="the targets hold no text"):
        model.loss(["a"], [""])
    with pytest.raises(UserError, match="the targets hold no text"):
        model.loss([], [])


def test_the_library_and_the_command_answer_alike(
    arguments: list[str], model: openba.Model, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["generate", *arguments, "--prompt", "for", "--prompt", "", "--max-tokens", "8"]) == 0
    assert capsys.readouterr().out == "".join(f"{answer}\n" for answer in model.generate(["for", ""], 8))
    choice = openba.SamplingSettings(temperature=1.0, seed=3)
    assert model.generate(["for"], 8, choice) == model.generate(["for"], 8, choice) != [""]


@pytest.mark.parametrize("data", [b"\xef\xbb\xbffor\r\n\r\n\xe8\xaf\x9d\r\n", b"for\n\n\xe8\xaf\x9d"])
def test_byte_order_mark_and_carriage_returns_are_no_part_of_a_prompt(
    data: bytes, arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "prompts.txt"
    file.write_bytes(data)
    assert main(["generate", *arguments, "--file", str(file), "--max-tokens", "1"]) == 0
    lines = [json.loads(line)["prompt"] for line in capsys.readouterr().out.splitlines()]
    assert lines == ["for", "", "话"]


def test_standard_input_is_a_file_of_prompts(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("天下\r\n".encode())))
    assert main(["generate", *arguments, "--max-tokens", "1"]) == 0
    assert json.loads(capsys.readouterr().out)["prompt"] == "天下"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b" \r\n\n", "holds no prompts; write one a line, or use --prompt"),
        (b"for\n\xff\n", "not readable as UTF-8 text"),
    ],
)
def test_a_file_without_prompts_is_explained(
    data: bytes, message: str, arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "prompts.txt"
    file.write_bytes(data)
    assert main(["generate", *arguments, "--file", str(file)]) == 1
    errors = capsys.readouterr().err
    assert errors.startswith(f"error: {file}: {message}")
    assert errors.count("\n") == 1


def test_a_prompt_that_is_not_utf8_is_one_line(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    prompt = b"caf\xe9".decode("utf-8", "surrogateescape")  # as the interpreter decodes the command line
    assert main(["generate", *arguments, "--prompt", prompt]) == 1
    assert capsys.readouterr().err == (
        "error: the prompt 'caf\\udce9' is not UTF-8 text at character 4; set the terminal to UTF-8, or "
        "give the "
        "prompt in a UTF-8 file\n"
    )


def test_prompt_and_file_exclude_each_other(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate", *arguments, "--prompt", "for", "--file", "f"]) == 2
    assert "give --prompt or --file, not both" in capsys.readouterr().err


def test_evaluate_says_the_same_as_text_and_as_json(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", *arguments, "--json"]) == 0
    losses = json.loads(capsys.readouterr().out)
    assert set(losses) == {"ul2", "biflan"}
    assert main(["evaluate", *arguments]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{stage:<12} " + "  ".join(f"{name} {loss:.4f}" for name, loss in by_set.items())
        for stage, by_set in losses.items()
    ]


def test_a_finished_training_says_so(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", *arguments]) == 0
    assert capsys.readouterr().out.endswith("train: finished already, nothing to do\n")


def test_prompts_may_be_empty_or_longer_than_any_that_was_trained_on(model: openba.Model) -> None:
    prompts = ["", "for", "for every statement " * 500]
    assert model.generate(prompts, 4) == [model.generate([prompt], 4)[0] for prompt in prompts]
