"""One rank of a small training under torch.distributed, for test_distributed.py.

$RANK, $WORLD_SIZE, $STORE   as torch's; the store is a file
$WITNESS                     what is read inside optimizer.step, one JSON line a step; of rank R into $WITNESS.R
$TIMEOUT                     of the process groups, seconds
$ODD                         what is wrong with rank 1: "refuses" (its setter), "lacks" (a setting), "fails" (its action)
$GATE                        a file: no rank goes past step 0 before it is there"""
import datetime
import json
import os
import pathlib
import sys
import time

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

import trimtab
from trimtab.integrations import torch_distributed

rank = int(os.environ["RANK"])
odd = os.environ.get("ODD", "") if rank == 1 else ""
patience = datetime.timedelta(seconds=float(os.environ.get("TIMEOUT", "60")))
witness = open(f"{os.environ['WITNESS']}.{rank}", "a", buffering=1)
steps = int(sys.argv[1])


def check_noise(value):
    if odd == "refuses":
        raise ValueError("rank 1 has no noise")
    noise["value"] = value


class SGD(torch.optim.SGD):
    def step(self, closure=None):
        told = {"step": run.step, "lr": self.param_groups[0]["lr"], "noise": noise["value"], "weight": weight_bits()}
        witness.write(json.dumps(told) + "\n")
        return super().step(closure)


def weight_bits():
    return [float(x).hex() for x in model.module.weight.detach().flatten()]


torch.set_num_threads(1)
dist.init_process_group("gloo", init_method=f"file://{os.environ['STORE']}", rank=rank,
                        world_size=int(os.environ["WORLD_SIZE"]), timeout=patience)
torch.manual_seed(1)
noise = {"value": 0.0}
model = DistributedDataParallel(torch.nn.Linear(4, 1))
torch.manual_seed(rank)
optimizer = SGD(model.parameters(), lr=0.01)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
run = torch_distributed.follow(trimtab.init("ranks", total_steps=steps), timeout=patience)
run.watch(optimizer)
if odd != "lacks":
    run.setting("noise", 0.0, set=check_noise, get=lambda: noise["value"])
saved = {}


@run.action
def whole_sum() -> dict:
    """Takes part in a collective: would stand still if only rank 0 ran it."""
    total = torch.tensor([float(rank + 1)])
    dist.all_reduce(total)
    return {"sum": total}


@run.action
def checkpoint() -> dict:
    if odd == "fails":
        raise OSError("no room for it on rank 1")
    with open(f"{os.environ['WITNESS']}.{rank}.saved", "a") as file:
        file.write(f"{run.step}\n")
    weights = {name: weight.clone() for name, weight in model.state_dict().items()}
    saved.update(step=run.step, model=weights, random=torch.get_rng_state())
    return {"step": run.step}


@run.action
def restore() -> None:
    model.load_state_dict(saved["model"])
    torch.set_rng_state(saved["random"])
    run.next_step(saved["step"])


@run.action
@torch_distributed.rank_0_only
def whoami(times: int = 1) -> dict:
    with open(f"{os.environ['WITNESS']}.alone", "a") as file:
        file.write(f"{rank}\n" * times)
    return {"rank": rank}


for step in run.steps(steps):
    pathlib.Path(f"{os.environ['WITNESS']}.{rank}.ready").touch()
    while not os.path.exists(os.environ["GATE"]):
        time.sleep(0.005)
    images = torch.randn(8, 4)
    loss = (model(images) - images.sum(1, keepdim=True)).square().mean() + noise["value"]
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    schedule.step()
    run.log("train/loss", loss)
witness.write(json.dumps({"ended": run.step, "stopping": run.stopping, "folder": run.folder, "live": run.live}) + "\n")
