"""Beam search: the answers of greatest probability that a search of limited width finds."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from trainer.generation.decoder_state import DecoderState

Ids = npt.NDArray[np.int64]


@dataclass
class _Finished:
    """Ended answers of one prompt, the best ``width`` of them: pairs of score and ids."""

    width: int
    answers: list[tuple[float, list[int]]] = field(default_factory=list)

    def add(self, score: float, ids: list[int]) -> None:
        self.answers = sorted([*self.answers, (score, ids)], key=lambda one: -one[0])[: self.width]

    def beats(self, score: float) -> bool:
        """Whether nothing with this score would still be kept."""
        return len(self.answers) == self.width and self.answers[-1][0] >= score


def beam_search(decoding: DecoderState, max_tokens: int, width: int, length_penalty: float) -> list[Ids]:
    """The best answer found to each prompt: int64 [tokens], without ``</s>``.

    In each step the ``width`` best continuations of a prompt go on; those that end are set aside. An answer's
    score is its log-probability (over text, ``</s>`` included) divided by its length, ``</s>`` included, to
    the power of ``length_penalty``: 0 finds probable answers, which tend to be short, 1 compares the mean a
    token. A prompt is done when none of its running answers scores, as it is now, better than ``width`` ended
    ones; with a ``length_penalty`` of 0 none of them could then come to be better.

    Args:
        decoding: fresh, one row a prompt.
        max_tokens: greatest length; answers that have not ended by then compete as they are.
        width: running answers a prompt; 1 is greedy.
    """
    logits = decoding.logits()
    count = len(logits)
    finished = [_Finished(width) for _ in range(count)]
    active = np.arange(count)  # prompts that are not done; each has ``width`` rows, best first
    # All rows of a prompt are alike at first: only the first of them counts.
    scores = torch.full((count, width), -torch.inf, dtype=torch.float64, device=decoding.device)
    scores[:, 0] = 0
    written = torch.empty((count * width, 0), dtype=torch.int64, device=decoding.device)
    decoding.select(torch.arange(count, device=decoding.device).repeat_interleave(width))
    logits = logits.repeat_interleave(width, dim=0)
    for length in range(1, max_tokens + 1):
        totals, parents, tokens = _best(logits, scores, 2 * width)
        ended = tokens == decoding.vocabulary.eos
        # Only among the first ``width``: an end that would not go on as a running answer does not count.
        for place, rank in (ended[:, :width] & totals[:, :width].isfinite()).nonzero().tolist():
            ids = written[place * width + int(parents[place, rank])].tolist()
            finished[active[place]].add(float(totals[place, rank]) / length**length_penalty, ids)
        # At least ``width`` of 2 * width continuations go on: each row has one that ends.
        kept = ended.to(torch.int8).argsort(dim=1, stable=True)[:, :width]
        scores, parents, tokens = (values.gather(1, kept) for values in (totals, parents, tokens))
        hopes = (scores[:, 0] / length**length_penalty).tolist()
        going_on = [place for place, hope in enumerate(hopes) if not finished[active[place]].beats(hope)]
        rows = (parents + width * torch.arange(len(active), device=decoding.device)[:, None])[
            going_on
        ].flatten()
        scores, tokens = scores[going_on], tokens[going_on].flatten()
        written = torch.cat((written[rows], tokens[:, None]), dim=1)
        changed = len(going_on) < len(active)
        active = active[going_on]
        if len(active) == 0 or length == max_tokens:
            break
        (decoding.select if changed else decoding.reorder)(rows)
        decoding.append(tokens)
        logits = decoding.logits()
    for place, prompt in enumerate(active.tolist()):
        for rank in range(width):
            finished[prompt].add(
                float(scores[place, rank]) / max_tokens**length_penalty,
                written[place * width + rank].tolist(),
            )
    return [np.array(one.answers[0][1], dtype=np.int64) for one in finished]


def _best(logits: Tensor, scores: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """The ``count`` best continuations of each prompt, best first.

    Args:
        logits: float32 [prompts * width, vocabulary].
        scores: float64 [prompts, width], log-probabilities so far.

    Returns:
        Log-probabilities float64, rows (of the prompt's ``width``) int64 and tokens int64, each [prompts,
        count].
    """
    totals = (logits.log_softmax(-1).double() + scores.view(-1, 1)).view(len(scores), -1)
    best, index = totals.topk(count, dim=1)
    return best, index // logits.shape[1], index % logits.shape[1]
