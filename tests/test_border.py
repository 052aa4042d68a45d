"""Whoever maps or loads a file does it at the border, or writes down here why not."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.test_house import ROOT, files

BORDER = ("manifests/border/", "pipeline/readers/")
LOADERS = {
    "memory_map",
    "open_stream",
    "open_file",
    "read_all",
    "read_table",
    "ParquetFile",
    "memmap",
    "fromfile",
    "safe_open",
    "load_file",
    "SentencePieceProcessor",
    "Load",
    "LoadFromSerializedProto",
    "open_json",
    "read_csv",
    "safe_load",
    "load_model",
}
"""By their last name, whatever they are called of."""
LOADS = {("np", "load"), ("torch", "load"), ("json", "load"), ("json", "loads"), ("yaml", "load")}
LOADS |= {
    ("orjson", "loads"),
    ("pickle", "load"),
    ("pickle", "loads"),
    ("kenlm", "Model"),
    ("pyarrow.json", "read_json"),
    ("fasttext", "load_model"),
}
ELSEWHERE = {
    # Manifests that a person wrote, or a step: checked by their models, key by key.
    "manifests/schema/base.py": {"yaml.load"},
    # Our own data, in the package.
    "pipeline/judge/junk/grammar.py": {"safe_load"},
    # Between the processes of one run, never a file.
    "pipeline/runtime/elements.py": {"pickle.loads"},
    "pipeline/runtime/worker_start.py": {"pickle.loads"},
    # Right after the border has checked the file.
    "pipeline/models/tokenizer.py": {"SentencePieceProcessor", "LoadFromSerializedProto"},
    "pipeline/models/perplexity/kenlm_model.py": {"SentencePieceProcessor", "kenlm.Model"},
    "pipeline/steps/shards/json_records.py": {"pyarrow.json.read_json"},
    "pipeline/models/fasttext_file.py": {"load_model"},
    "pipeline/models/quality_classifier.py": {"load_model"},
    "pipeline/steps/language/language_id.py": {"load_model"},
    "pipeline/steps/quality/given_models.py": {"load_model"},
    "trainer/inference.py": {"SentencePieceProcessor"},
    # Written by the same run a moment before, by lmplz; read by a kernel that stays inside of it.
    "pipeline/models/perplexity/arpa.py": {"memmap"},
    # Text of a stranger in JSON or YAML: what is no JSON is told with file and line.
    "pipeline/steps/decontaminate/benchmark_items.py": {"orjson.loads"},
    "pipeline/steps/shards/dialogue_file.py": {"yaml.load"},
    # JSON that this process has made.
    "pipeline/steps/ingest/pieces.py": {"orjson.loads"},
    # A value that has been read as JSON before; what is none is left as it is.
    "pipeline/steps/privacy/scrub_encoded.py": {"json.loads"},
    # safetensors' own check of its header is sound (Rust); what it says is compared with the model.
    "trainer/export/safetensors_files.py": {"safe_open"},
    # Runs in transformers, without this project.
    "trainer/export/huggingface/tokenization_openba.py": {"SentencePieceProcessor"},
    # Our own, of a checkpoint.
    "openba/cli/generate.py": {"load_model"},
}


def loads(file: Path) -> set[str]:
    """What a file calls that reads a file, or bytes of one."""
    found = set()
    for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        of = ast.unparse(node.func.value) if isinstance(node.func, ast.Attribute) else ""
        if (of, name) in LOADS:
            found.add(f"{of}.{name}".replace("fasttext.load_model", "load_model"))
        elif name in LOADERS:
            found.add(name)
    return found


def test_every_place_that_loads_a_file_is_at_the_border() -> None:
    places = {
        str(file): loads(file) for file in files("manifests", "pipeline", "curriculum", "trainer", "openba")
    }
    beyond = {file: found for file, found in places.items() if found and not file.startswith(BORDER)}
    assert beyond == ELSEWHERE


def test_the_border_is_found_by_the_check() -> None:
    at_the_border = {str(file): loads(file) for file in files("manifests") if "border" in file.parts}
    assert at_the_border["manifests/border/arrow_files.py"] == {"memory_map", "open_file"}
    assert at_the_border["manifests/border/npy_files.py"] == {"np.load", "memmap"}
    assert at_the_border["manifests/border/json_files.py"] == {"json.loads", "orjson.loads"}
