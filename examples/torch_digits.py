#!/usr/bin/env python3
"""A small network learns handwritten digits, watched and steered while it does.

    trimtab run -- /usr/bin/python3 examples/torch_digits.py

needs torch and scikit-learn (Debian: python3-torch, python3-sklearn). The run's folder is made below
trimtab-runs/torch_digits; where the program runs by itself, below trimtab-runs/digits. --resume goes on from the newest
checkpoint. All that concerns trimtab stands in main()."""
from __future__ import annotations

import argparse
import os
import pathlib
from typing import Annotated, Any, Dict, List

import torch
from sklearn.datasets import load_digits
from torch import nn

import trimtab

TESTS = 360  # of 1,797 images
BATCH = 64


class Training:
    """The model, and all that decides how it goes on."""

    def __init__(self, steps: int, seed: int) -> None:
        torch.manual_seed(seed)
        digits = load_digits()
        order = torch.randperm(len(digits.target), generator=torch.Generator().manual_seed(0))  # the same for any seed
        self.images = torch.tensor(digits.images, dtype=torch.float32)[order].unsqueeze(1) / 16  # [1797, 1, 8, 8]
        self.labels = torch.tensor(digits.target)[order]
        self.dropout = nn.Dropout(0.3)
        self.model = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(),
            nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), self.dropout, nn.Linear(32 * 4 * 4, 10))
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=3e-3, weight_decay=1e-2)
        self.scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, T_max=steps)

    def step(self) -> torch.Tensor:
        chosen = torch.randint(TESTS, len(self.labels), (BATCH,))
        loss = nn.functional.cross_entropy(self.model(self.images[chosen]), self.labels[chosen])
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.scheduler.step()
        return loss

    @torch.no_grad()
    def probabilities(self, images: torch.Tensor) -> torch.Tensor:
        self.model.eval()
        answer = self.model(images).softmax(dim=1)
        self.model.train()
        return answer

    def accuracy(self) -> float:
        right = self.probabilities(self.images[:TESTS]).argmax(dim=1) == self.labels[:TESTS]
        return right.float().mean().item()

    def save(self, path: pathlib.Path, step: int) -> None:
        """Whole or not at all: a kill or a full disk leaves no half of a checkpoint under that name."""
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".unfinished")
        with open(unfinished, "wb") as file:
            torch.save({"step": step, "model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(),
                        "scheduler": self.scheduler.state_dict(), "dropout": self.dropout.p,
                        "random": torch.get_rng_state()}, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)

    def load(self, path: pathlib.Path) -> int:
        """The step that is next."""
        saved = torch.load(path)
        self.model.load_state_dict(saved["model"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.scheduler.load_state_dict(saved["scheduler"])
        self.dropout.p = saved["dropout"]
        torch.set_rng_state(saved["random"])
        return saved["step"]


def main() -> None:
    parser = argparse.ArgumentParser(description="Learns handwritten digits; steered by trimtab.")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=pathlib.Path, help="folder of the checkpoints (else checkpoints in the run's)")
    parser.add_argument("--resume", action="store_true", help="go on with the newest run, from its newest checkpoint")
    options = parser.parse_args()
    torch.set_num_threads(1)
    training = Training(options.steps, options.seed)

    run = trimtab.init("digits", total_steps=options.steps, resume=options.resume,
                       config={"seed": options.seed, "batch_size": BATCH, "optimizer": "AdamW", "schedule": "cosine"})
    run.watch(training.optimizer)  # lr and weight_decay: live settings, whatever the schedule does
    run.setting("dropout", bind=(training.dropout, "p"), min=0, max=0.9)
    folder = options.out or pathlib.Path(run.folder or ".") / "checkpoints"

    @run.action
    def evaluate() -> Dict[str, Any]:
        """The share of the test images that are read rightly."""
        return {"accuracy": training.accuracy()}

    @run.action
    def predict(index: Annotated[int, (0, TESTS - 1)] = 0, image: List[float] = []) -> Dict[str, Any]:
        """Reads a test image, or one that is given: 64 numbers from 0 to 16, row by row."""
        if len(image) not in (0, 64):
            raise ValueError(f"an image is 64 numbers, not {len(image)}")
        pixels = torch.tensor(image).reshape(1, 1, 8, 8) / 16 if image else training.images[index:index + 1]
        chances = training.probabilities(pixels)[0]
        return {"digit": chances.argmax(), "probabilities": chances}

    @run.action
    def checkpoint() -> Dict[str, Any]:
        """Saves all that is needed to go on from here."""
        path = folder / f"step-{run.step:06}.pt"
        training.save(path, run.step)
        run.checkpoint(path.stem, path)
        return {"id": path.stem}

    @run.action
    def restore(id: str) -> None:
        """Goes back to a checkpoint; the steps after it are run again."""
        paths = {path.stem: path for path in folder.glob("*.pt")}
        if id not in paths:
            raise ValueError(f"there is no checkpoint {id!r}; there are: {', '.join(sorted(paths)) or 'none'}")
        run.next_step(training.load(paths[id]))

    start = 0
    if run.resumed and run.resumed["path"]:
        start = training.load(run.resumed["path"])
    for step in run.steps(options.steps, start):
        run.log({"train/loss": training.step()})
        if step % 100 == 99:
            run.log({"test/accuracy": training.accuracy()})
    print(f"test accuracy {training.accuracy():.4f}")


if __name__ == "__main__":
    main()
