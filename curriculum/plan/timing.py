"""How long the steps of a stage take on a cluster."""

from __future__ import annotations

from curriculum.plan.parameters import Parameters
from curriculum.plan.stage_work import StageWork
from curriculum.plan.traffic import host_bytes, network_bytes
from manifests.schema.cluster import Cluster
from manifests.schema.train_settings import TrainSettings

DAY = 86_400


def step_seconds(
    work: StageWork, parameters: Parameters, settings: TrainSettings, cluster: Cluster
) -> tuple[float, float]:
    """Of a mean step: that the products take, waiting for other processes included; and that the network and
    the way to the host take, if nothing of it is hidden behind the products."""
    steps = work.curriculum.spans[work.index].steps
    if not steps:
        return 0.0, 0.0
    dealt = work.dealt(cluster.gpus)
    flops = work.flops + (work.recomputed if settings.recompute else 0)
    speed = cluster.gpus * cluster.tflops * 1e12 * cluster.mfu
    sent = network_bytes(parameters, settings, cluster.gpus, dealt.micro_batches) / cluster.bandwidth
    moved = host_bytes(parameters, settings, cluster.gpus, dealt.micro_batches) / cluster.host_link
    return flops / steps / speed / dealt.useful_share, sent + moved


def days(work: list[StageWork], parameters: Parameters, settings: TrainSettings, cluster: Cluster) -> float:
    """Of all stages."""
    return (
        sum(
            one.curriculum.spans[one.index].steps * sum(step_seconds(one, parameters, settings, cluster))
            for one in work
        )
        / DAY
    )


def cost(days_: float, cluster: Cluster) -> float:
    """Of so many days on all GPUs."""
    return days_ * 24 * cluster.gpus * cluster.price
