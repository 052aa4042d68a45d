"""An objective: the decoder writes what the encoder reads."""

import numpy as np

from curriculum.objective_shape import ObjectiveShape
from trainer.data.batch import make_batch


class Copying:
    """Chunks of ``length`` tokens, with eos behind them on both sides."""

    def __init__(self, settings, vocabulary):
        length = settings["length"]
        self._vocabulary = vocabulary
        self.shape = ObjectiveShape(chunk_length=length, denoisers=1, longest=(length + 1, length + 1))

    def apply(self, samples, denoiser, seeds):
        """uint32 [batch, length] to a batch of examples."""
        end = np.full((len(samples), 1), self._vocabulary.eos)
        text = np.concatenate([samples.astype(np.int64), end], axis=1)
        return make_batch(text, text, self._vocabulary.pad)
