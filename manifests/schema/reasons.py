"""Reasons for which documents are rejected, by the step that gives them.

The quality step's are the names of the rules of your manifest, those of a set with the set's name before
them; a step or a reader of your own gives its own. A reject has its reason in the column ``reason``, and what
was found in ``detail``. Files that are damaged give one reject for the damage; what stood before it is read.
"""

from __future__ import annotations

REASONS: dict[str, dict[str, str]] = {
    "ingest": {
        "empty": "nothing but white space",
        "missing_text": "the record has no field or column of the name that ``text_field`` says",
        "text_not_a_string": "that field is there, but holds no string",
        "invalid_json": "a line, or a file, that is not JSON",
        "not_an_object": "JSON, but no object with fields",
        "not_an_array": "a ``.json`` file that holds neither an array nor an object",
        "invalid_encoding": "no charset fits, or more than one character in a thousand is broken, or "
        "in valid Unicode more than one in ten stands for a broken one",
        "too_long": "above ``ingest.max_document_bytes``; the reject has its beginning, its size and the "
        "hash of what was read of it",
        "too_costly": "reading it would take more work or memory than a file or page of its size needs, as "
        "with those made to stall a reader; the detail says of what",
        "nested_too_deep": "JSON or a page whose values or elements are deeper in one another than those of "
        "any text",
        "binary": "a file of a source tree that is not text",
        "no_main_text": "a page that holds menus, links and forms, but no text of its own",
        "not_a_page": "a web archive's record of another type than HTML or plain text",
        "only_metadata": "a web archive that describes pages and holds none, as WAT files do; once",
        "http_status": "a web archive's response that is no 200",
        "bad_http": "a response without a status line and header",
        "bad_chunking": "a response whose chunks are damaged",
        "bad_content_encoding": "a response that cannot be decompressed",
        "not_warc": "the file is no web archive",
        "broken_record": "a web archive's record without the header that it needs",
        "bad_content_length": "a web archive's record that is longer or shorter than it says",
        "truncated_warc": "the web archive ends within a record",
        "not_parquet": "the file is no Parquet file",
        "corrupt_parquet": "a damaged row group or footer",
        "truncated_parquet": "the Parquet file has no end",
        "not_arrow": "the file is neither an Arrow file nor an Arrow stream",
        "corrupt_arrow": "a damaged record batch or footer",
        "truncated_arrow": "the Arrow file has no end",
        "corrupt_compression": "damaged gzip, zstd, bzip2 or xz data",
        "truncated_gzip": "the gzip file has no end",
        "truncated_zstd": "the zstd file has no end",
        "truncated_bz2": "the bzip2 file has no end",
        "truncated_xz": "the xz file has no end",
    },
    "language": {
        "language": "another language than English and Chinese; the detail has its label and score",
        "language_unsure": "two languages, or too little text to tell: below ``language.min_score``",
        "not_code": "declared as code, but prose, pages or data",
    },
    "dedup": {
        "exact_duplicate": "the same text as a document that stays",
        "near_duplicate": "as similar to a document that stays as ``dedup.similarity`` says, or more",
        "duplicate_paragraphs": "too short without the paragraphs that stand in other documents",
    },
    "privacy": {
        "personal_data": "holds a datum of a kind whose action is ``drop``",
        "only_personal_data": "nothing but white space and placeholders is left",
    },
    "decontaminate": {
        "benchmark_overlap": "shares an n-gram with a benchmark's item, which the detail names",
    },
    "shards": {
        "over_budget": "not needed: the budget of its language is met without it",
    },
}

PAIR_REASONS = {
    "incomplete": "a field that the template needs is missing, or the record could not be read: a line that"
    " is no JSON, or has something else where text should be",
    "empty": "no prompt, or no target",
    "language": "neither English, Chinese nor code",
    "benchmark_overlap": "shares an n-gram with a benchmark's item",
    "personal_data": "holds a datum of a kind whose action is ``drop``",
    "no_task": "the record fits none of its source's ``tasks``",
    "no_exemplars": "the template shows solved examples, and the task has too few records for any",
    "target_too_long": "more tokens than a target may have",
    "prompt_too_long": "more tokens than a prompt may have, and the template drops those, or cuts a field and"
    " even the rest is too long",
    "duplicate": "the same pair as one before",
    "near_duplicate": "its record is nearly another one of its task, or nearly one that is held out",
    "task_cap": "beyond the ``mixing.cap`` of its task",
    "max_pairs": "beyond the ``max_pairs`` of its source",
    "over_budget": "not needed: the budget of instruction tokens is met without it",
}
"""Of instruction pairs, in the shards step."""
