"""Train the profile reader of one fold: train.py FOLD [STEPS]."""
import os
import sys
import time

import cv2
import numpy as np
import torch

import augment
from model import CorticalProfile, likelihood_loss
from prepare import BUILD

# Strips of a batch by where their depths come from, and what a strip of each counts.
BATCH = {"tracer": (8, 1.0), "model": (11, 1.0), "rule": (8, 0.35), "phantom": (5, 0.6)}
STEPS, RATE = 300, 4e-3


def draw_batch(data, chosen, random):
    strips, margins, weights = [], [], []
    for name, (count, share) in BATCH.items():
        for index in random.choice(chosen[name], count):
            strip, margin = augment.draw(data["wide"][index], data["depths"][index], data["levels"][index], random)
            strips.append(strip), margins.append(margin)
            weights.append(share * data["weight"][index])
    return (torch.from_numpy(np.stack(each)) for each in (np.array(strips)[:, None], margins, np.float32(weights)))


def main():
    fold, steps = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else STEPS
    torch.set_num_threads(1), cv2.setNumThreads(1)
    torch.manual_seed(fold), np.random.seed(fold)
    random = np.random.default_rng(61122 + fold)
    data = dict(np.load(f"{BUILD}/strips.npz"))
    data["levels"] = np.array([augment.levels_of(wide) for wide in data["wide"]], np.float32)
    chosen = {name: np.flatnonzero((data["source"] == name) & (data["fold"] != fold)) for name in BATCH}
    network = CorticalProfile().train()
    optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps, pct_start=0.15)
    start, recent = time.time(), []
    for step in range(steps):
        strips, margins, weights = draw_batch(data, chosen, random)
        loss = (weights * likelihood_loss(network.logits(strips), margins)).sum() / weights.sum()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimiser.step(), schedule.step()
        recent.append(float(loss))
        if step % 50 == 49:
            print(f"fold {fold} step {step + 1} loss {np.mean(recent[-50:]):.3f} {time.time() - start:.0f} s", flush=True)
    os.makedirs(f"{BUILD}/fold{fold}", exist_ok=True)
    torch.save(network.state_dict(), f"{BUILD}/fold{fold}/weights.pt")


if __name__ == "__main__":
    main()
