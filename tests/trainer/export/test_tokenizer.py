"""The exported tokenizer: the ids of SentencePiece, and so of the shards, on text of any kind, and where each token
stands in its text. With the transformers that is installed; `make test-exports` runs it with the newest too."""

from __future__ import annotations

import pydoc_data.topics
import sysconfig
from pathlib import Path
from typing import Any

import pytest
import sentencepiece
from hypothesis import given
from hypothesis import strategies as st

from manifests.schema.shards import ShardManifest
from tests.trainer.export.test_hf_folder import shards  # noqa: F401 - a fixture
from tests.trainer.tiny import CHINESE, ENGLISH
from trainer.export.huggingface.tokenization_openba import OpenBATokenizer

transformers = pytest.importorskip("transformers", reason="transformers is not installed; run `make setup`")
STRANGE = [
    "",
    " ",
    "  two  spaces\t\ta tab\n\n",
    "a▁b ▁▁",
    "é€😀𠮷 \x00\x07\x7f\u200b\ufeff",
    "ｆｕｌｌ，１２３ ﬁ ①",
    "<0x41><0xZZ> </ s> <extra_id_100> <extra_id_0",
    "\r\nlines\r",
]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """As the pipeline trains it: nothing is normalised, and what has no piece falls back to bytes."""
    path = tmp_path_factory.mktemp("tokenizer") / "spiece.model"
    with path.open("wb") as file:
        sentencepiece.SentencePieceTrainer.Train(
            sentence_iterator=iter([*ENGLISH, *CHINESE.split("。")]),
            model_writer=file,
            model_type="unigram",
            vocab_size=600,
            hard_vocab_limit=False,
            byte_fallback=True,
            normalization_rule_name="identity",
            remove_extra_whitespaces=False,
            allow_whitespace_only_pieces=True,
            user_defined_symbols=["\n", "\t"],
            pad_id=0,
            eos_id=1,
            unk_id=2,
            bos_id=-1,
            minloglevel=2,
        )
    return OpenBATokenizer(str(path))


@pytest.fixture(scope="module")
def normalising(shards: tuple[Path, ShardManifest]) -> Any:
    """As mT5's: NFKC, and line breaks are spaces."""
    folder, manifest = shards
    return OpenBATokenizer(str(folder / "shards" / manifest.vocabulary.model.path))


def lines() -> list[str]:
    """Some 20,000 of code, English and Chinese."""
    library = Path(sysconfig.get_path("stdlib"))
    code = [
        (library / name).read_text(encoding="utf-8") for name in ("typing.py", "argparse.py", "tarfile.py")
    ]
    text = [*code, *pydoc_data.topics.topics.values(), CHINESE.replace("。", "。\n")]
    return [line for one in text for line in one.split("\n")]


def test_ids_are_sentencepiece_s_on_lines_and_on_whole_texts(tokenizer: Any, normalising: Any) -> None:
    texts = [*lines(), *STRANGE, *ENGLISH, CHINESE]
    assert len(texts) > 15_000
    for one in (tokenizer, normalising):
        assert one(texts, add_special_tokens=False)["input_ids"] == one.pieces.encode(texts)


PARTS = st.lists(st.sampled_from([*"ab <>_▁\t\n0é中😀的", "<S>", "</s>", "<extra_id_7>", "for "])).map(
    "".join
)


@given(PARTS)
def test_added_tokens_are_found_as_transformers_finds_them(tokenizer: Any, text: str) -> None:
    base = transformers.PreTrainedTokenizer
    slow = base.tokenize(tokenizer, text)
    assert tokenizer.tokenize(text) == slow
    assert tokenizer.convert_tokens_to_ids(slow) == base.convert_tokens_to_ids(tokenizer, slow)


def test_tokens_that_are_added_later_are_found(tokenizer: Any) -> None:
    more = OpenBATokenizer(tokenizer.vocab_file)
    assert more.tokenize("a<tool>b") == tokenizer.tokenize("a<tool>b") != ["▁a", "<tool>", "▁b"]
    more.add_tokens(["<tool>"])
    assert more.tokenize("a<tool>b") == [*tokenizer.tokenize("a"), "<tool>", *tokenizer.tokenize("b")]
    ids = more("a<tool>b", add_special_tokens=False)["input_ids"]
    assert ids[len(tokenizer.tokenize("a"))] == len(tokenizer) == len(more) - 1
    assert more("a <tool> b", add_special_tokens=False, split_special_tokens=True)[
        "input_ids"
    ] == more.pieces.encode("a <tool> b")


def spelled(tokenizer: Any, text: str, ids: list[int], spans: list[tuple[int, int]]) -> None:
    """Asserts that the spans lie end to end over the text, and that each is what its token stands for."""
    end, held = 0, b""
    for id, (begin, stop) in zip(ids, spans, strict=True):
        token = tokenizer.convert_ids_to_tokens(id)
        if id < len(tokenizer.pieces) and tokenizer.pieces.is_byte(id):
            assert begin == end
            held += bytes([int(token[3:5], 16)])
            if held != text[begin:stop].encode():
                continue
            held = b""
        else:
            assert text[begin:stop] in (token.replace("▁", " "), token.replace("▁", " ").removeprefix(" "))
        assert begin == end
        end = stop
    assert (end, held) == (len(text), b"")


@given(st.text() | PARTS)
def test_offsets_are_the_characters_of_each_token(tokenizer: Any, text: str) -> None:
    found = tokenizer(text.replace("▁", "_"), add_special_tokens=False, return_offsets_mapping=True)
    spelled(tokenizer, text.replace("▁", "_"), found["input_ids"], found["offset_mapping"])


def test_offsets_of_real_text(tokenizer: Any) -> None:
    for text in [*ENGLISH, CHINESE, *lines()[:2000]]:
        found = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        spelled(tokenizer, text, found["input_ids"], found["offset_mapping"])


def test_offsets_are_those_of_the_text_before_it_was_normalised(normalising: Any) -> None:
    found = normalising("ａ for\nx", add_special_tokens=False, return_offsets_mapping=True)
    spans = found["offset_mapping"]
    assert [begin for begin, _ in spans[1:]] == [end for _, end in spans[:-1]]
    assert (spans[0][0], spans[-1][1]) == (0, 7)


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("cut", ["right", "left"])
def test_offsets_follow_what_is_framed_cut_and_padded(tokenizer: Any, side: str, cut: str) -> None:
    tokenizer.padding_side, tokenizer.truncation_side = side, cut
    texts = ["for x in 话说天下大势，分久必合", "a", "", "<S>what?<extra_id_0>", "<pad> a <pad>"]
    found = tokenizer(
        texts, padding=True, truncation=True, max_length=9, return_offsets_mapping=True, return_tensors="pt"
    )
    tokenizer.padding_side = tokenizer.truncation_side = "right"
    assert found["input_ids"].shape == (5, 9)
    assert found["offset_mapping"].shape == (5, 9, 2)
    bare = tokenizer(texts, add_special_tokens=False, return_offsets_mapping=True)
    places = {}
    for row, text in enumerate(texts):
        ids, spans = found["input_ids"][row].tolist(), found["offset_mapping"][row].tolist()
        whole = list(zip(bare["input_ids"][row], map(list, bare["offset_mapping"][row]), strict=True))
        kept = [(id, span) for id, span in zip(ids, spans, strict=True) if span != [0, 0]]
        kept_of_all = [pair for pair in whole if pair[1] != [0, 0]]
        places[text] = kept_of_all.index(kept[0]) if kept else 0
        assert kept == kept_of_all[places[text] : places[text] + len(kept)]
        if len(whole) <= 6:
            assert kept == kept_of_all
    assert (places[texts[0]] > 0) == (cut == "left")


def test_what_has_no_offsets_is_refused(tokenizer: Any) -> None:
    ask = {"return_offsets_mapping": True}
    with pytest.raises(ValueError, match="leave out text_pair, text_target"):
        tokenizer("a", text_target="b", **ask)
    with pytest.raises(ValueError, match="leave out text_pair"):
        tokenizer("a", "b", **ask)
    with pytest.raises(ValueError, match="give a text or a list of texts"):
        tokenizer([["a", "b"]], **ask)


def test_special_tokens_are_marked(tokenizer: Any) -> None:
    for text in ("for x", "<S>for", ""):
        found = tokenizer(text, return_special_tokens_mask=True)
        special = set(tokenizer.all_special_ids)
        assert found["special_tokens_mask"] == [int(id in special) for id in found["input_ids"]]
    marked = tokenizer.get_special_tokens_mask(found["input_ids"], already_has_special_tokens=True)
    assert marked == [1, 1, 1]
