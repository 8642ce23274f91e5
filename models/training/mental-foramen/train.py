"""Train the members of `mental-foramen` for one fold or all five, with fixed seeds and a fixed number of steps."""
import argparse
import copy
import time

import cv2
import numpy as np
import torch

import crops
from model import CELL_MM, CELL_PX, MAP_COLUMNS, MAP_ROWS, ForamenMap

BATCH, PHANTOMS_PER_BATCH = 12, 2


def read_sites():
    """All labelled sites of the films, with film and fold, and those of the phantoms."""
    frames, labels = crops.read_frames(), crops.read_labels()
    real, phantoms = [], []
    for film in frames["films"] + frames["phantoms"]:
        pixels = crops.read_film(film)
        for site in film["sides"]:
            number = film.get("film")
            own = labels.get((number, site["side"])) if number else [(*site["roughPx"], "plain")]
            if not own or site["frame"] is None:
                continue
            cached = crops.cache_site(pixels, site, film["border"], own, site["roughPx"])
            # A foramen that was cut away is no example of one.
            if not number and not (0 <= site["roughPx"][0] < pixels.shape[1] and cached["inside"].mean() > 0.5):
                continue
            (real if number else phantoms).append({**cached, "film": number, "fold": film.get("fold"), "side": site["side"]})
    return real, phantoms


def target_map(targets, sigmas_mm):
    """[N, 3073]: a spot of the label's own width, or all on `outside` where the label is not on the crop."""
    columns = torch.arange(MAP_COLUMNS).float().view(1, 1, -1)
    rows = torch.arange(MAP_ROWS).float().view(1, -1, 1)
    cells = (targets - 0.5) / CELL_PX
    width = (sigmas_mm / CELL_MM).view(-1, 1, 1)
    spot = torch.exp(-0.5 * ((columns - cells[:, 0, None, None]) ** 2 + (rows - cells[:, 1, None, None]) ** 2) / width ** 2)
    spot = spot.flatten(1)
    inside = ((cells > 0) & (cells < torch.tensor([MAP_COLUMNS - 1.0, MAP_ROWS - 1.0]))).all(1).float()[:, None]
    return torch.cat([inside * spot / spot.sum(1, keepdim=True).clamp_min(1e-9), 1 - inside], 1)


def train(real, phantoms, steps, seed, log, weights=None):
    """A network after a fixed number of steps, its weights averaged over the last ones; no held-out film is looked at."""
    torch.manual_seed(seed)
    rng = np.random.RandomState(seed)
    network = ForamenMap()
    if weights:
        network.load_state_dict(torch.load(weights))
    network = network.to(memory_format=torch.channels_last)
    averaged = copy.deepcopy(network)
    rate = 2e-3 if weights else 3e-3
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=2e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps, pct_start=0.15)
    # Guesses are many; a site is drawn by the weight of its best label.
    chance = np.array([max(crops.LABEL_WEIGHT[p[2]] for p in site["labels"]) for site in real]) + 0.2
    chance /= chance.sum()
    started, losses = time.time(), []
    for step in range(steps):
        picked = [real[k] for k in rng.choice(len(real), BATCH - PHANTOMS_PER_BATCH, p=chance)]
        picked += [phantoms[rng.randint(len(phantoms))] for _ in range(PHANTOMS_PER_BATCH)] if phantoms else []
        images, targets, sigmas, weights = zip(*(crops.example(site, rng) for site in picked))
        image = torch.from_numpy(np.stack(images)).contiguous(memory_format=torch.channels_last)
        goal = target_map(torch.tensor(np.array(targets)).float(), torch.tensor(sigmas).float())
        weight = torch.tensor(weights).float()
        network.train()
        entropy = -(goal * torch.log_softmax(network(image), 1)).sum(1)
        loss = (entropy * weight).sum() / weight.sum()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 3.0)
        optimiser.step()
        schedule.step()
        average(averaged, network, min(0.99, step / (step + 10)))
        losses.append(loss.item())
        if (step + 1) % 100 == 0:
            print(f"{step + 1}/{steps} {time.time() - started:.0f}s loss {np.mean(losses[-100:]):.3f}", file=log, flush=True)
    return averaged.eval()


def average(averaged, network, keep):
    """Exponential mean of weights and statistics."""
    with torch.no_grad():
        for kept, new in zip(averaged.state_dict().values(), network.state_dict().values()):
            kept.mul_(keep).add_(new, alpha=1 - keep) if kept.is_floating_point() else kept.copy_(new)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--folds", type=int, nargs="*", default=[0, 1, 2, 3, 4])
    parser.add_argument("--members", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=900)
    parser.add_argument("--again", action="store_true", help="go on from the weights of an earlier run")
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    real, phantoms = read_sites()
    build = f"{crops.HERE}/build"
    print(len(real), "labelled sites,", len(phantoms), "of phantoms", flush=True)
    for member in options.members:
        for fold in options.folds:
            path = f"{build}/fold{fold}-member{member}"
            with open(f"{path}.log", "a" if options.again else "w") as log:
                own = [site for site in real if site["fold"] != fold]
                network = train(own, phantoms, options.steps, 100 * member + fold + 1 + 1000 * options.again, log,
                                f"{path}.pt" if options.again else None)
            torch.save(network.state_dict(), f"{path}.pt")
            print("fold", fold, "member", member, "done", flush=True)


if __name__ == "__main__":
    main()
