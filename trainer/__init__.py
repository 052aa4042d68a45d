"""Model, objectives, training loop, checkpoints, evaluation and generation."""

import os

# Read by OpenMP when torch is loaded. By default its threads spin while they wait for each other, and as soon as anything else runs on the
# machine a step takes 5 to 25 times as long; sleeping costs an idle machine little.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
