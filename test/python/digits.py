"""Runs examples/torch_digits.py with a witness inside optimizer.step, and gates that the test opens.

$WITNESS   one JSON line for each step, written inside optimizer.step: what is then read from the param group
$GATES     a folder; GATE_STEPS: at these steps the training stands still, once, until the file of that number is there"""
import json
import os
import pathlib
import sys
import time

import torch

import trimtab

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "examples"))
ADAMW, DROPOUT, LOSS, INIT = torch.optim.AdamW, torch.nn.Dropout, torch.nn.functional.cross_entropy, trimtab.init
GATES = pathlib.Path(os.environ["GATES"])
closed = {int(step) for step in os.environ.get("GATE_STEPS", "").split()}
witness = open(os.environ["WITNESS"], "a", buffering=1)
seen = {}


class Dropout(DROPOUT):
    def forward(self, images):
        if self.training:
            seen["dropout"] = self.p
        return super().forward(images)


class AdamW(ADAMW):
    def step(self, closure=None):
        step = seen["run"].step
        if step in closed:
            closed.remove(step)
            (GATES / f"{step}.reached").touch()
            while not (GATES / str(step)).exists():
                time.sleep(0.005)
        group = self.param_groups[0]
        told = {"step": step, "lr": group["lr"], "weight_decay": group["weight_decay"], "dropout": seen["dropout"],
                "loss": seen["loss"], "at": time.monotonic()}
        witness.write(json.dumps(told) + "\n")
        return super().step(closure)


def cross_entropy(*tensors):
    loss = LOSS(*tensors)
    seen["loss"] = loss.item()
    return loss


def init(*names, **options):
    seen["run"] = INIT(*names, **options)
    return seen["run"]


torch.optim.AdamW, torch.nn.Dropout, torch.nn.functional.cross_entropy = AdamW, Dropout, cross_entropy
trimtab.init = init
import torch_digits  # noqa: E402

torch_digits.main()
