"""The fleet manifest: the machines and the store that a corpus is made with."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from manifests.schema.base import Strict
from manifests.schema.cluster import Bytes
from manifests.schema.values import Fraction, Positive, Rate


class Fleet(Strict):
    """Nodes with CPUs, and a store of objects. Each default is an assumption with its source; the nodes are
    those of an AWS m7i.4xlarge, the store is S3."""

    version: Literal[1] = 1
    """Version of the manifest's format."""
    kind: Literal["fleet"] = "fleet"
    """Tells a fleet manifest from the others."""
    nodes: Positive = 64
    """Machines that work on tasks; the driver has one more of the same kind. Of your choice."""
    cores: Positive = 16
    """Tasks that run on a node at a time. 16 vCPU (AWS, page of instance types)."""
    speed: Annotated[float, Field(gt=0)] = 1.0
    """Speed of such a core against the measured machine's. 1: measure on the nodes that you mean to use."""
    memory: Bytes = 64 * 10**9
    """Of a node; the driver's, too. 64 GiB (AWS, page of instance types), rounded down."""
    scratch: Bytes = 500 * 10**9
    """Disk of a node for what is shuffled. Of your choice (m7i has network disks of any size)."""
    part_bytes: Bytes = 64 * 10**6
    """Text of a part (the default of the ingest step)."""
    store_reads: Positive = 5500
    """GET requests a second that the store answers for a run folder. S3: 5,500 for each partitioned prefix
    (AWS, S3 user guide, "Optimizing Amazon S3 performance")."""
    store_writes: Positive = 3500
    """PUT requests a second. S3: 3,500 for each prefix (the same page)."""
    price_node: Rate = 0.8064
    """Of a node for an hour. m7i.4xlarge on demand, us-east-1, in USD (AWS price list; look yours up)."""
    price_storage: Rate = 0.023
    """Of a GB (1e9 bytes) for a month. S3 Standard, the first 50 TB, in USD (AWS price list)."""
    price_reads: Rate = 0.0004
    """Of 1,000 GET requests. S3 Standard, in USD (AWS price list)."""
    price_writes: Rate = 0.005
    """Of 1,000 PUT requests. S3 Standard, in USD (AWS price list)."""
    months: Rate = 1.0
    """For which everything that is written stays. Of your choice."""
    slow_tasks: Fraction = 0.1
    """Share of tasks that take longer than their text says. In half of the phases that Ananthanarayanan et
    al. saw (OSDI 2010, Mantri) a tenth of the tasks or more were outliers."""
    slow_factor: Annotated[float, Field(ge=1)] = 2.5
    """Times as long as the others that most of these take. Four fifths of the outliers there stayed below
    2.5."""
    slowest_factor: Annotated[float, Field(ge=1)] = 10.0
    """The same for a tenth of the slow ones. A tenth of the outliers there took more than 10 times as
    long."""
    faults: Rate = 2.0
    """Failures of a node in a year, each of which costs what its cores are at. Of the order of what Barroso,
    Hölzle and Ranganathan report of servers ("The Datacenter as a Computer", chapter on failures)."""
    deadline: Annotated[float, Field(gt=0)] = 24.0
    """Hours that the cores, the driver or the store may take in all. Of your choice."""
    seed: int = 1
    """Of the simulation's chances."""
