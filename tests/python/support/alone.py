"""A process group of one process, for models that are spread over several."""

from __future__ import annotations

from torch import distributed


def join_group() -> None:
    """For the life of the process: what it made for one module's tests serves those of another."""
    if not distributed.is_initialized():
        distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1)
