"""The cluster manifest: the machines that a training is planned for, and what is assumed of them."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from manifests.schema.base import Strict
from manifests.schema.values import Fraction, Positive, Rate

UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_SIZE = re.compile(r"(\d[\d_]*(?:\.\d+)?)\s*([KMGT]?B)(/s)?")


def parse_bytes(value: object) -> object:
    """Turns ``80 GB``, or ``50 GB/s``, into a number of bytes; numbers pass through.

    Raises:
        ValueError: the unit is not one of B, KB, MB, GB, TB (powers of 1000).
    """
    if not isinstance(value, str) or value.strip().isdigit():
        return value
    match = _SIZE.fullmatch(value.strip())
    if match is None:
        raise ValueError(f"{value!r} is not a number of bytes; write for example 80 GB, or 50 GB/s")
    return round(float(match[1].replace("_", "")) * UNITS[match[2]])


Quantity = Annotated[int, Field(ge=1)] | Annotated[str, Field(pattern=rf"^{_SIZE.pattern}$")]
Bytes = Annotated[int, Field(ge=1), BeforeValidator(parse_bytes, json_schema_input_type=Quantity)]


class Cluster(Strict):
    """The machines of a plan. Each default is an assumption, which the plan shows beside what follows from
    it; the defaults are those of hosts with eight H100."""

    version: Literal[1] = 1
    """Version of the manifest's format."""
    kind: Literal["cluster"] = "cluster"
    """Tells a cluster manifest from the others."""
    gpus: Positive = 8
    """GPUs in all, a process each."""
    gpus_per_host: Positive = 8
    """GPUs of a host, which share its memory."""
    memory: Bytes = 80 * 10**9
    """Of a GPU. 80 GB of an H100."""
    host_memory: Bytes = 1000 * 10**9
    """Of a host, for what is offloaded and for checkpoints on their way to the disk."""
    spare: Fraction = 0.1
    """Share of a GPU's memory that a layout must leave free, for the allocator's fragments and the
    libraries."""
    tflops: Annotated[float, Field(gt=0)] = 989.0
    """Peak of a GPU's dense matrix products in bfloat16, in 1e12 operations a second. 989 of an H100 SXM, by
    its data sheet."""
    mfu: Annotated[float, Field(gt=0, le=1)] = 0.4
    """Share of that peak which forward and backward passes reach while a process computes. Waiting for others
    and for the network is reckoned apart, and operations of ``recompute`` are made at the same speed. 0.4 is
    usual (PaLM, appendix B, lists .2 to .46); measure yours."""
    network: Bytes = 50 * 10**9
    """Bytes a second that each GPU sends, and at the same time receives, between hosts. 50 GB/s is 400 Gbit/s
    a GPU."""
    links: Bytes = 450 * 10**9
    """The same within a host, which counts where there is only one. 450 GB/s is NVLink of an H100."""
    host_link: Bytes = 25 * 10**9
    """Bytes a second between a GPU and its host's memory, each way, which counts where something is
    offloaded. 25 GB/s of PCIe 4."""
    price: Rate = 2.5
    """Of a GPU for an hour, in the currency of your choice."""
    power: Rate = 1000.0
    """Watts of a GPU with its part of the host. An H100 takes 700, a host of eight about 8,000 under load."""
    pue: Annotated[float, Field(ge=1)] = 1.2
    """Power usage effectiveness: what the building takes for each watt of its machines."""

    @property
    def hosts(self) -> int:
        """Hosts of so many GPUs, the last one perhaps not full."""
        return -(-self.gpus // self.gpus_per_host)

    @property
    def bandwidth(self) -> int:
        """Bytes a second of the slowest way between GPUs."""
        return self.links if self.hosts == 1 else self.network
