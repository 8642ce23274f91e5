"""Train `mandible-contour`, one fold or all five (`--all`), with a fixed seed: first on plain films, then with simulated looks."""
import argparse
import json
import os
import time

import cv2
import numpy as np
import torch
import torch.nn.functional as F

import augment
import evaluate
import film_head
import prepare
from model import MandibleContour, soft_point, soft_row

BUILD = f"{prepare.HERE}/build"
VISIBILITY_WEIGHT = {"plain": 1.0, "faint": 0.6, "guess": 0.3}
STEP_PX = 6
LOOKS_SHARE = 0.55
TUNE_RATE = 1.5e-3


def cache_film(film, foramina):
    """A film's zoomed canvas with its labels as points of that canvas."""
    canvas, (s, offset) = prepare.letterbox(film["image"], prepare.CACHE_ZOOM)
    size = np.array(film["image"].shape[::-1]) * s
    rim = tuple(int(v + 0.5) for v in (*offset, *(offset + size)))
    first, last = film["body"]
    xs = np.arange(first, last + 1, STEP_PX)
    borders = [(np.stack([xs, o[xs]], 1) + 0.5) * s - 0.5 + offset for o in film["outlines"]]
    borders = [b[np.isfinite(b).all(1)] for b in borders]
    points = {side: (*((np.array(v[:2]) + 0.5) * s - 0.5 + offset), VISIBILITY_WEIGHT.get(v[2], 0.3))
              for side, v in foramina.items()}
    return {"id": film["id"], "canvas": canvas, "rim": rim, "borders": borders, "foramina": points}


def cache_negative(picture):
    """A negative's picture in the zoomed canvas."""
    return prepare.letterbox(picture, prepare.CACHE_ZOOM)[0]


def border_loss(logits, rows, warm, look):
    """Cross entropy to a narrow Gaussian plus clipped L1 of the expected row, each column to the nearer expert."""
    target = (rows - 0.5) / 2
    known = torch.isfinite(target).all(1)
    target = torch.nan_to_num(target)
    apart = (target[:, 0] - target[:, 1]).abs()
    mean, _ = soft_row(logits)
    nearer = torch.where((mean - target[:, 0]).abs() <= (mean - target[:, 1]).abs(), target[:, 0], target[:, 1]).detach()
    # Until the network has a view of its own, a column on which the experts differ by 0.6 mm or more teaches nothing.
    weight = known.float() * ((apart < 0.8) if warm else (apart < 20)).float()
    goal = torch.where(apart < 0.3, target.mean(1), nearer)
    grid = torch.arange(logits.shape[1], dtype=logits.dtype).view(1, -1, 1)
    wanted = torch.softmax(-0.5 * ((grid - goal.unsqueeze(1)) / 0.7) ** 2, 1)
    entropy = -(wanted * torch.log_softmax(logits, 1)).sum(1)
    distance = F.smooth_l1_loss(mean, goal, reduction="none", beta=0.15).clamp(max=3.0)
    # A column that stays far off after warming up is more likely an error of the outline than of the network;
    # in a simulated look it is the look's doing, and what there is to learn.
    doubtful = ((mean.detach() - goal).abs() > 4) & ~look[:, None]
    trust = torch.where(doubtful, 0.2, 1.0) if not warm else torch.ones_like(weight)
    total = (weight * trust).sum().clamp_min(1)
    return (entropy * weight * trust).sum() / total, (distance * weight * trust).sum() / total


def foramen_loss(logits, foramina, panoramic):
    """Focal-like cross entropy to a Gaussian spot plus L1 of the point; a film without a label teaches nothing."""
    labelled = torch.isfinite(foramina).all(2)
    inside = labelled & (foramina[..., 0] > 0) & (foramina[..., 0] < 767) & (foramina[..., 1] > 0) & (foramina[..., 1] < 319)
    point = torch.nan_to_num(foramina)
    gx = 4 * torch.arange(logits.shape[3]).view(1, 1, 1, -1) + 1.5
    gy = 4 * torch.arange(logits.shape[2]).view(1, 1, -1, 1) + 1.5
    spot = torch.exp(-0.5 * ((gx - point[..., 0, None, None]) ** 2 + (gy - point[..., 1, None, None]) ** 2) / 6.0 ** 2)
    spot = spot * inside[..., None, None]
    p = torch.sigmoid(logits)
    focal = F.binary_cross_entropy_with_logits(logits, spot, reduction="none") * (p - spot).abs() ** 2
    weight = torch.where(inside, point[..., 2], torch.zeros_like(point[..., 2]))
    weight = torch.where(labelled & ~inside, torch.full_like(weight, 0.5), weight)
    weight = torch.where((panoramic < 0.5).view(-1, 1).expand_as(weight), torch.full_like(weight, 0.5), weight)
    entropy = (focal.sum((2, 3)) * weight).sum() / 8
    where = soft_point(logits)[..., :2]
    distance = (F.smooth_l1_loss(where, point[..., :2], reduction="none", beta=1.0).sum(2).clamp(max=30) * weight * inside).sum()
    return (entropy + 0.05 * distance) / max(1, logits.shape[0])


def losses(network, batch, warm):
    """The sum of all losses and its parts."""
    image = torch.from_numpy(np.stack([b["image"] for b in batch]))[:, None].contiguous(memory_format=torch.channels_last)
    rows = torch.from_numpy(np.stack([b["rows"] for b in batch]))
    present = torch.from_numpy(np.stack([b["present"] for b in batch]))
    foramina = torch.from_numpy(np.stack([b["foramina"] for b in batch]))
    panoramic = torch.tensor([b["panoramic"] for b in batch])
    look = torch.tensor([b["look"] for b in batch])
    logits, presence, points, film = network.maps(image)
    entropy, distance = border_loss(logits, rows, warm, look)
    there = F.avg_pool1d(present[:, None], 4)[:, 0]
    held = F.binary_cross_entropy_with_logits(presence, there)
    kind = F.binary_cross_entropy_with_logits(film[:, 0], panoramic)
    spots = foramen_loss(points, foramina, panoramic)
    return entropy + 3 * distance + 0.5 * held + 0.2 * kind + spots, (entropy, distance, held, kind, spots)


def train(films, phantoms, negatives, steps, seed, log):
    """A network trained on the cached films for a fixed number of steps; no validation film is looked at."""
    torch.manual_seed(seed)
    rng = np.random.RandomState(seed)
    network = MandibleContour().to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(network.parameters(), lr=4e-3, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps, pct_start=0.15)
    order, started, sums = [], time.time(), np.zeros(5)
    for step in range(steps):
        while len(order) < 4:
            order = list(rng.permutation(len(films))) + order
        batch = [augment.augment_film(films[order.pop()], rng, prepare.CACHE_ZOOM) for _ in range(3)]
        if step % 3 == 0 or not phantoms:
            batch.append(augment.augment_negative(negatives, films, rng))
        else:
            batch.append(augment.augment_film(phantoms[rng.randint(len(phantoms))], rng, prepare.CACHE_ZOOM))
        network.train()
        loss, parts = losses(network, batch, step < steps * 0.35)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        schedule.step()
        sums += [float(p) for p in parts]
        if (step + 1) % 50 == 0:
            print(f"{step + 1}/{steps} {time.time() - started:.0f}s", np.round(sums / 50, 3), file=log, flush=True)
            sums[:] = 0
    return network.eval()


def draw_film(film, rng, share):
    """A film, with the given chance in a simulated look."""
    return augment.simulate_film(film, rng) if rng.rand() < share else augment.augment_film(film, rng, prepare.CACHE_ZOOM)


def tune(network, films, phantoms, negatives, steps, seed, log):
    """Go on training with simulated looks in about half of the draws, on the means and variances of the plain films."""
    torch.manual_seed(seed + 500)
    rng = np.random.RandomState(seed + 500)
    network = network.to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(network.parameters(), lr=TUNE_RATE, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, TUNE_RATE, total_steps=steps, pct_start=0.1)
    # Few and strange pictures in a batch would spoil the statistics, and the service runs on stored ones anyway.
    network.eval()
    order, started, sums = [], time.time(), np.zeros(5)
    for step in range(steps):
        while len(order) < 4:
            order = list(rng.permutation(len(films))) + order
        batch = [draw_film(films[order.pop()], rng, LOOKS_SHARE) for _ in range(3)]
        if step % 4 == 0 or not phantoms:
            batch.append(augment.augment_negative(negatives, films, rng, 0.5))
        elif step % 4 == 1:
            batch.append(draw_film(phantoms[rng.randint(len(phantoms))], rng, LOOKS_SHARE))
        else:
            batch.append(draw_film(films[order.pop()], rng, LOOKS_SHARE))
        loss, parts = losses(network, batch, False)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        schedule.step()
        sums += [float(p) for p in parts]
        if (step + 1) % 50 == 0:
            print(f"looks {step + 1}/{steps} {time.time() - started:.0f}s", np.round(sums / 50, 3), file=log, flush=True)
            sums[:] = 0
    return network


def read_cache(fold, foramina):
    """What a fold trains on: real films, phantoms and other pictures, and the other pictures held out."""
    held = set(prepare.read_folds()[fold])
    cached = []
    for number in prepare.film_ids():
        if number not in held:
            cached.append(cache_film(prepare.read_film(number), foramina.get(number, {})))
    phantoms = [cache_film(f, f["foramina"]) for f in prepare.read_phantoms()]
    others = prepare.read_negatives()
    negatives = [cache_negative(p) for i, p in enumerate(others) if i % prepare.FOLDS != fold]
    return cached, phantoms, negatives, others[fold::prepare.FOLDS]


def run_fold(fold, options):
    """Train on all folds but one, write the fold's model and its figures."""
    foramina = prepare.read_foramina()
    out = f"{BUILD}/fold{fold}"
    os.makedirs(out, exist_ok=True)
    held = sorted(prepare.read_folds()[fold])
    films, phantoms, negatives, others = read_cache(fold, foramina)
    network = MandibleContour()
    with open(f"{out}/log.txt", "a" if options.looks_only or options.head_only else "w") as log:
        if options.head_only:
            network.load_state_dict(torch.load(f"{out}/weights.pt"))
        elif not options.looks_only:
            plain = train(films, phantoms, negatives, options.steps, options.seed, log)
            torch.save(plain.state_dict(), f"{out}/weights-plain.pt")
        if not options.head_only:
            network.load_state_dict(torch.load(f"{out}/weights-plain.pt"))
            network = tune(network, films, phantoms, negatives, options.look_steps, options.seed, log)
        print("film head", film_head.fit(network, films, phantoms, negatives, options.seed), file=log)
        torch.save(network.state_dict(), f"{out}/weights.pt")
        evaluate.export(network, f"{out}/model.onnx")
        figures = evaluate.evaluate_films(network, held, foramina)
        wrong = evaluate.panoramic_of(network, others)
        figures.append({"fold": fold, "otherPictures": len(wrong), "takenForPanoramic": int((wrong >= 0.5).sum()),
                        "panoramicMaxOfOthers": round(float(wrong.max()), 4)})
        print(json.dumps(evaluate.summarise(figures)), file=log, flush=True)
    with open(f"{out}/figures.json", "w") as f:
        json.dump(figures, f, indent=1)
    return figures


def write_figures():
    """Put the folds' figures together, once there are five."""
    paths = [f"{BUILD}/fold{fold}/figures.json" for fold in range(prepare.FOLDS)]
    if not all(os.path.exists(path) for path in paths):
        return
    everything = []
    for path in paths:
        with open(path) as f:
            everything += json.load(f)
    with open(f"{prepare.HERE}/figures.json", "w") as f:
        json.dump({"coarse": evaluate.summarise(everything), "films": everything}, f, indent=1)
        f.write("\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--fold", type=int)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--steps", type=int, default=440)
    parser.add_argument("--look-steps", type=int, default=800)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--looks-only", action="store_true", help="keep the weights of the plain films, train the looks anew")
    parser.add_argument("--head-only", action="store_true", help="keep all weights, fit the film-level head anew")
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    if not os.path.exists(f"{prepare.HERE}/folds.json"):
        prepare.write_folds()
    for fold in range(prepare.FOLDS) if options.all else [options.fold]:
        print(fold, json.dumps(evaluate.summarise(run_fold(fold, options))), flush=True)
    write_figures()


if __name__ == "__main__":
    main()
