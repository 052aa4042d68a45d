"""Names and meanings of the quality signals, in column order, and the bins in which they are counted.

A share lies in 0..1. Unless something else is said, "characters" are visible ones (code points that are not
white space). A *run* is what is between white space, full-width punctuation and Chinese characters or
kana, each of which is a run of its own; a *word* is a run that has a letter or digit. A *line* is one that is
not blank.

Of prose (English and Chinese, not code) markup is set aside first: front matter, fenced code and code spans,
literal blocks, tables, formulas, sums, link targets and addresses, tags, comments, rulers and the marks of
headings and quotations. Signals judge what is left; only ``characters``, ``words``, ``url_ratio`` and
``html_tags`` count what was set aside, too.

A signal is NaN where it has no meaning (the mean word length of a document without words); NaN never breaks
a rule.
"""

from __future__ import annotations

SIGNALS: dict[str, str] = {
    # Size
    "characters": "visible code points, with what was set aside",
    "words": "words, with what was set aside",
    "prose_ratio": "share of characters that is not set aside",
    "lines": "lines that are not blank",
    "sentences": "sentences: with a letter or digit, up to one of 。！？!?；…, a full stop before "
    "white space, or the line's end",
    "mean_word_length": "letters and digits in a word, mean",
    "longest_word": "letters and digits in the longest word",
    "mean_sentence_length": "letters and digits in a sentence, mean",
    "mean_line_length": "code points in a line with its indentation, mean",
    "max_line_length": "code points in the longest line",
    # What the characters are
    "letter_ratio": "share of letters and combining marks of any script",
    "digit_ratio": "share of digits and other numbers",
    "uppercase_ratio": "share of upper-case letters among the letters",
    "punctuation_ratio": "share of punctuation and symbols",
    "whitespace_ratio": "share of white space among all code points",
    "control_ratio": "share of control and format characters but those that writing needs: joiners, spaces "
    "of no width, soft hyphens, marks of direction",
    "broken_ratio": "share of replacement characters, C1 controls, private-use code points and "
    "non-characters",
    "han_ratio": "share of Chinese characters",
    "full_width_ratio": "share of full-width punctuation (，。、：「」 ...), small and vertical forms too",
    "curly_ratio": "share of curly brackets",
    "url_ratio": "share of code points inside URLs; of prose, without the targets of links (``[a](url)``, "
    '``\\href{url}``, ``"url"``, ``<url>`` behind words)',
    # Is it language?
    "stop_words": "how many of the eight words the, be, to, of, and, that, have, with occur; NaN for fewer "
    "than 50 words",
    "stop_word_ratio": "share of these eight among the words",
    "chinese_stop_words": "how many of the 22 characters that FineWeb2 counts for Chinese occur (的 年 "
    "在 月 是 ...)",
    "capital_words": "share of words whose letters are all upper-case",
    "function_characters": "share of grammatical characters (的了是在和有不 ...) among the Chinese "
    "ones; NaN for fewer than 50 of these",
    "traditional_ratio": "share of Traditional ones among the Chinese characters that only one of the "
    "two scripts has",
    "alphabetic_words": "share of the runs that have a letter",
    "hash_words": "number signs for each word",
    "hash_tags": "number signs before a letter or another number sign for each word, so that neither the "
    "numbers of issues nor comments in a listing count",
    "ellipsis_words": "ellipses (runs of … or of three dots and more) for each word",
    # Lines
    "bullet_lines": "share of lines that begin with a bullet",
    "ellipsis_lines": "share of lines that end in an ellipsis",
    "punctuated_lines": "share of lines that end in terminal punctuation",
    "terminal_lines": "share of lines that end in terminal punctuation or a closing quotation mark, but not "
    "in an exclamation mark, as headings of advertisements do",
    "short_lines": "share of lines of at most 30 code points",
    "few_word_lines": "share of lines of fewer than three runs",
    "newline_words": "line breaks for each word",
    "javascript_lines": "share of lines with the word JavaScript",
    "policy_lines": "share of lines with a phrase of cookie banners or terms of use",
    "c4_lines": "share of lines that C4 keeps: they end in one of . ? ! \" ' but not in ..., have three "
    "runs, no JavaScript, policy or {",
    "c4_sentences": "sentences on the lines that C4 keeps",
    "c4_curly_lines": "lines that C4 would keep but for their {",
    "comment_lines": "share of lines that begin with a comment mark of a programming language; C's "
    "directives (``#include``) begin with none",
    "licence_lines": "share of the comment lines at the beginning if they name a licence, else 0",
    "data_characters": "share of characters on lines of which less than a quarter is letters",
    "duplicate_lines": "share of lines that stood before in the document",
    "duplicate_line_characters": "share of code points on lines that stood before in the document",
    "duplicate_paragraphs": "share of paragraphs (lines without a blank one between them) that stood "
    "before in the document",
    "duplicate_paragraph_characters": "share of code points in paragraphs that stood before in the document",
    # Forms of lines, which tell genres
    "item_lines": "share of lines that begin with a bullet or a number, as the items of a list",
    "article_lines": "share of lines that begin as the articles and chapters of a statute (第三条, "
    "Article 3, §)",
    "speech_lines": "share of lines that begin with a short name and a colon",
    "question_lines": "share of lines that end in a question mark",
    "row_lines": "share of lines with cells between tabs or wide gaps",
    "field_lines": "share of lines that name a parameter or a result as docstrings do (``:param x:``, "
    "``@param x``, ``x (int):``, ``first_row:``)",
    "mean_clause_length": "Chinese characters between two marks (，。、；：？！), mean; NaN for fewer "
    "than 10 such clauses",
    "clause_length_spread": "standard deviation of these lengths, by their mean: low in verse",
    "line_length_spread": "standard deviation of the lines' lengths, by their mean",
    # Order and damage
    "word_order": "how many more neighbours repeat than would if the same words (in Chinese, "
    "characters) stood in any order: in standard deviations, for 100 words; about 0 for shuffled text; "
    "NaN for fewer than 150 words, and where Chinese clauses are of like length, for no shuffled ones are",
    "line_order": "the same of the two words at the end of a full line and the beginning of the next: "
    "how many more of these pairs stand elsewhere in the document, too, than of all pairs; far below 0 "
    "where lines are out of order; NaN where fewer than 3 are expected",
    "torn_lines": "share of the lines behind full ones that begin in lower case behind the end of a "
    "sentence, or within one with a word and capital as sentences do (The, In, It ...); NaN for fewer "
    "than 10, and where fewer than half begin in lower case, as in verse",
    "misplaced_words": "share of the words and marks after which some others cannot come (the, of, is, "
    "，, 与 ...) that have one of these behind them (the of, ，的, not ，的确), the same two marks side "
    "by side counted once; one slip is forgiven; NaN for fewer than 10",
    "odd_letter_pairs": "share of pairs of small letters in words that English hardly has; names of program "
    "text (``snake_case``, ``camelCase``, ``X509``, ``os.path``, ``--option``, ``f(x)``, ``/a/path``) are no "
    "words; NaN for fewer than 50",
    "odd_words": "share of Latin words with a digit or symbol between their letters, or with letters "
    "of another script, again without names; NaN for fewer than 50",
    "rare_characters": "share of Chinese characters that are in common use in neither script (in the "
    "first level of neither GB 2312 nor Big5); NaN for fewer than 50",
    "gapped_characters": "Chinese characters that a symbol parts from the one before, or a space with a "
    "single one on a side, for each; punctuation and emoji part none, and what stands beside a number "
    "or a Latin word is not single; 0 for fewer than 3 such places, or a space behind most words; NaN for "
    "fewer than 50 characters, and "
    "where more than a quarter of the text is white space, which lays it out",
    # Repetition
    "unique_words": "share of distinct words",
    "word_entropy": "entropy of the words' frequencies, in nats; NaN for fewer than 200 words",
    "top_2gram": "share of the words' characters that is in the most frequent repeated pair of words; "
    "NaN for fewer than 50 words",
    "top_3gram": "of three words",
    "top_4gram": "of four words",
    "duplicate_5grams": "share of the words' characters that is in sequences of five words which stood "
    "before, and not in a title (《》); in Chinese, 20 of them are forgiven",
    "duplicate_6grams": "of six words",
    "duplicate_7grams": "of seven words",
    "duplicate_8grams": "of eight words",
    "duplicate_9grams": "of nine words",
    "duplicate_10grams": "of ten words",
    "longest_run": "characters in the longest run of one repeated character, as a share",
    "top_character": "share of the most frequent character",
    # Marks of what is not prose or code
    "html_tags": "HTML tags and entities for each 1,000 words; what stands in angle brackets and is none "
    "(who speaks in a log, an e-mail address, what is to be filled in) is a word",
    "lorem_ipsum": "phrases of filler text for each 1,000 words",
    "javascript_notices": "notices to switch JavaScript on for each 1,000 words",
    "policy_phrases": "phrases of cookie banners and terms of use for each 1,000 words",
    "boilerplate_phrases": "phrases of English site navigation for each 1,000 words",
    "advertising_phrases": "phrases of Chinese advertising and site navigation for each 1,000 "
    "words; what a text may say, too (点击这里, 下一页), only beside another phrase",
    "mojibake_marks": "sequences that only a wrong decoding makes (锟斤拷, â€™ ...) for each 1,000 words",
    "gambling_terms": "weight of the terms of gambling in ``spam_v1`` for each 1,000 words: a hard "
    "term weighs 3, a soft one 1; 0 unless two different hard terms occur",
    "adult_terms": "the same of pornography",
    "fraud_terms": "the same of fake certificates, drugs, loans and link farms",
    "promotion_terms": "the same of advertising",
    "generated_marks": "marks of generated files in the first 1,000 bytes",
    # Models
    "perplexity": "of the tokens under the language's n-gram model; NaN where not computed or where "
    "the model was trained on the document",
    "perplexity_bucket": "0 head, 1 middle, 2 tail: by the 30th and 60th percentile of reference text "
    "that the model has not seen",
    "context_gain": "what the words before tell the language's n-gram model of the next one: 1 as in "
    "reference text, 0 as in that text with its words shuffled; NaN for few words, where more than a quarter "
    "of the text is white space, and where perplexity is",
    "line_context_gain": "the same across the ends of full lines: 1 as within these lines, 0 as between "
    "pieces of the document in any order; NaN for fewer than 10 such line ends, where fewer than half of "
    "the next lines begin in lower case or Chinese, as in verse and lists, and where perplexity is",
    "quality_score": "probability of reference text by fastText; NaN where not computed or where the "
    "model was trained on the document",
}

MODEL_SIGNALS = ("perplexity", "perplexity_bucket", "context_gain", "line_context_gain", "quality_score")

_COUNTED = {
    *(
        "characters",
        "words",
        "lines",
        "sentences",
        "c4_sentences",
        "c4_curly_lines",
        "mean_word_length",
        "longest_word",
    ),
    *(
        "mean_sentence_length",
        "mean_line_length",
        "max_line_length",
        "html_tags",
        "lorem_ipsum",
        "javascript_notices",
    ),
    *("gambling_terms", "adult_terms", "fraud_terms", "promotion_terms", "word_order"),
    *("policy_phrases", "boilerplate_phrases", "advertising_phrases", "mojibake_marks", "perplexity"),
}
_NUMBERED = {"stop_words", "chinese_stop_words", "word_entropy", "generated_marks", "perplexity_bucket"}
_RARE = {"control_ratio", "broken_ratio", "curly_ratio", "hash_words", "hash_tags", "ellipsis_words"}

_COUNT_EDGES = tuple(float(step * 10**power) / 10 for power in range(7) for step in (10, 15, 20, 30, 50, 70))
_NUMBER_EDGES = tuple(float(number) for number in range(1, 9))
_RARE_EDGES = tuple(step * 10**power / 1e5 for power in range(5) for step in (1, 2, 5))
_SHARE_EDGES = tuple(percent / 100 for percent in range(2, 101, 2))


def histogram_edges(signal: str) -> tuple[float, ...]:
    """Ascending inner bin edges of a signal: bin k counts the values v with ``edges[k-1] <= v < edges[k]``,
    open at both ends."""
    if signal in _COUNTED:
        return _COUNT_EDGES
    if signal in _NUMBERED:
        return _NUMBER_EDGES
    return _RARE_EDGES if signal in _RARE else _SHARE_EDGES
