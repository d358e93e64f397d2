#!/usr/bin/env python3
"""The handwritten digits of torch_digits.py learned by several processes, which are steered as one.

    torchrun --nproc_per_node 2 examples/torch_ddp.py

or, as Debian 12's torchrun does not work, each rank by itself with RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT set.

Each rank learns from images of its own; rank 0 is watched and steered, and every change, pause, action and stop comes
to all ranks at the same step. torch_digits.py shows checkpoints; here they are left out."""
from __future__ import annotations

import argparse
from typing import Any, Dict

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel
from torch_digits import Training

import trimtab
from trimtab.integrations import torch_distributed


def main() -> None:
    parser = argparse.ArgumentParser(description="Learns handwritten digits on several ranks; steered by trimtab.")
    parser.add_argument("--steps", type=int, default=1000)
    options = parser.parse_args()
    torch.set_num_threads(1)
    dist.init_process_group("gloo")
    training = Training(options.steps, seed=1)  # the same model on every rank
    torch.manual_seed(dist.get_rank())  # but other images
    training.model = DistributedDataParallel(training.model)

    run = trimtab.init("digits-ddp", total_steps=options.steps, config={"ranks": dist.get_world_size()})
    run = torch_distributed.follow(run)  # its control points are now those of all ranks
    run.watch(training.optimizer)  # on every rank the same settings and actions
    run.setting("dropout", bind=(training.dropout, "p"), min=0, max=0.9)

    @run.action
    @torch_distributed.rank_0_only
    def evaluate() -> Dict[str, Any]:
        """The share of the test images that are read rightly."""
        return {"accuracy": training.accuracy()}

    for step in run.steps(options.steps):
        run.log({"train/loss": training.step()})
    print(f"rank {dist.get_rank()}: test accuracy {training.accuracy():.4f}")


if __name__ == "__main__":
    main()
