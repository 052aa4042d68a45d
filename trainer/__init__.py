"""Model, objectives, training loop, checkpoints, evaluation and generation."""

import os

# Read by OpenMP when torch is loaded: how long a thread spins while it waits. Measured, seconds a step of the
# demo on an idle machine: default (300000) 0.25, this 0.27, none (OMP_WAIT_POLICY=PASSIVE) 0.39; beside other
# load the default costs 5 to 25 times as much.
os.environ.setdefault("GOMP_SPINCOUNT", "30000")
