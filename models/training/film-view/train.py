"""Train `film-view`: one fold, or on all films (`--fold -1`), with a fixed seed and a fixed number of steps."""
import argparse
import json
import os
import time

import cv2
import numpy as np
import scipy.misc
import torch
import torch.nn.functional as F
from sklearn.datasets import load_sample_images

import augment
import prepare
from model import FilmView
from prepare import BUILD, VIEWS

OUTPUTS = ["view", "turn", "mirrored"]
BATCH = 28
ORDER = [*VIEWS, "chest-frontal"]
SIDE_DRAWS, SIDE_STEPS, SIDE_BATCH = 24, 250, 48
# A drawn film is taken this often where there are any, by view.
DRAWN_SHARE = {"panoramic": 0.15, "spine-lateral": 0.15, "chest-lateral": 0.3}
SMOOTHING = 0.06


def photographs():
    """Four photographs that come with scipy and scikit-learn: pictures of the world are no films."""
    pictures = [scipy.misc.face(gray=True), scipy.misc.ascent(), *[p.mean(2) for p in load_sample_images().images]]
    return [cv2.resize(p.astype(np.float32), (260, 200), interpolation=cv2.INTER_AREA) for p in pictures]


def render(film, turn, rng):
    """The network's input; letters are drawn after the turn, so that they are no sign of it."""
    return augment.finish(augment.wear(np.rot90(augment.cut_and_place(film, rng), -turn), rng))


def example(pool, view, rng):
    """One picture with its labels: view, and quarter turns clockwise (-1 untaught)."""
    name = VIEWS[view]
    if name == "other":
        film = augment.draw_other(pool["films"]["other"], pool["drawn"]["other"], pool["all"], rng)
        return render(film, rng.randint(4), rng), view, -1
    films = pool["films"][name]
    if pool["drawn"][name] and rng.rand() < DRAWN_SHARE.get(name, 0):
        films = pool["drawn"][name]
    film = films[rng.randint(len(films))]
    if name == "spine-frontal" and rng.rand() < 0.2:
        # The lower part of a whole spine is what a film of the lumbar spine shows.
        film = film[int(film.shape[0] * rng.uniform(0.3, 0.5)):]
    if rng.rand() < 0.5:
        film = np.ascontiguousarray(film[:, ::-1])
    turn = rng.choice([0, 1, 2, 3], p=[0.58, 0.14, 0.14, 0.14])
    return render(film, turn, rng), view, turn


def make_batch(pool, rng):
    """Each view as often as every other, frontal chest films twice as often."""
    examples = [example(pool, VIEWS.index(ORDER[k % len(ORDER)]), rng) for k in range(BATCH)]
    images = torch.from_numpy(np.stack([e[0] for e in examples]))[:, None].contiguous(memory_format=torch.channels_last)
    return images, *[torch.tensor([int(e[k]) for e in examples]) for k in (1, 2)]


def losses(network, batch):
    """The view's and the turn's loss."""
    images, view, turn = batch
    view_logits, turn_logits = network.logits(images)
    return (F.cross_entropy(view_logits, view, label_smoothing=SMOOTHING),
            F.cross_entropy(turn_logits, turn, ignore_index=-1, label_smoothing=SMOOTHING))


def train_side(network, pool, seed):
    """The small network of the heart's side, on upright frontal chest films; its answers for their draws, all unmirrored."""
    torch.manual_seed(seed)
    rng = np.random.RandomState(seed)
    drawn = np.stack([render(film, 0, rng) for film in pool["films"]["chest-frontal"] for _ in range(SIDE_DRAWS)])
    images = torch.from_numpy(drawn)[:, None]
    side = network.side.train()
    optimiser = torch.optim.AdamW(side.parameters(), lr=4e-3, weight_decay=0.1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=SIDE_STEPS)
    for _ in range(SIDE_STEPS):
        # The answer to a mirrored picture is the opposite by construction: only one side need be shown.
        logits = side(images[torch.randint(0, len(images), (SIDE_BATCH,))])[:, 0]
        loss = F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, SMOOTHING / 2))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    side.eval()
    with torch.no_grad():
        return torch.sigmoid(torch.cat([side(images[k:k + 64])[:, 0] for k in range(0, len(images), 64)])).numpy()


def read_pool(fold):
    """What a fold trains on."""
    films = prepare.read_films(lambda row: row["fold"] != fold)
    films["other"] += films.pop("pattern") + photographs()
    drawn = prepare.read_drawn()
    drawn["other"] += prepare.read_masks(fold)
    return {"films": films, "drawn": drawn, "all": [f for v in VIEWS[:5] for f in films[v]]}


def train(network, pool, steps, seed, rate, log):
    """The network after a fixed number of steps; no held-out film is looked at."""
    torch.manual_seed(seed)
    rng = np.random.RandomState(seed)
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps, pct_start=0.2)
    started, sums = time.time(), np.zeros(2)
    for step in range(steps):
        network.train()
        parts = losses(network, make_batch(pool, rng))
        optimiser.zero_grad()
        (parts[0] + 0.7 * parts[1]).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        schedule.step()
        sums += [float(p) for p in parts]
        if (step + 1) % 50 == 0:
            print(f"{step + 1}/{steps} {time.time() - started:.0f}s", np.round(sums / 50, 3), file=log, flush=True)
            sums[:] = 0
    return network.eval()


def export(network, path):
    """Write the network as ONNX with a dynamic batch axis."""
    names = {n: {0: "batch"} for n in ["image", *OUTPUTS]}
    torch.onnx.export(network.to(memory_format=torch.contiguous_format), torch.zeros(2, 1, prepare.SIDE, prepare.SIDE),
                      path, input_names=["image"], output_names=OUTPUTS, dynamic_axes=names, opset_version=15)


def measure_sureness(network, pool, seed):
    """Answers on fresh draws of the training films: how sure the network is where it is right, and where it is wrong."""
    rng = np.random.RandomState(seed + 1000)
    sure = {"view": [[], []], "turn": [[], []]}
    with torch.no_grad():
        for _ in range(40):
            images, view, turn = make_batch(pool, rng)
            answers = network(images)
            for name, answer, truth in (("view", answers[0], view), ("turn", answers[1], turn)):
                for p, t in zip(answer.numpy(), truth.numpy()):
                    if t >= 0:
                        sure[name][int(p.argmax() == t)].append(float(p.max()))
    # What share of the right and of the wrong answers each threshold lets through.
    return {name: {"right": len(right), "wrong": len(wrong),
                   "through": {t: [round(float((np.array(right) >= t).mean()), 3), round(float((np.array(wrong) >= t).mean()), 3)]
                               for t in (0.4, 0.5, 0.6, 0.7, 0.8)}}
            for name, (wrong, right) in sure.items()}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--fold", type=int, required=True, help="0 to 4, or -1 for the shipped weights, which see all films")
    parser.add_argument("--steps", type=int, default=480)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--go-on", action="store_true", help="from the weights of a run before, at a lower rate")
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    out = f"{BUILD}/fold{options.fold}" if options.fold >= 0 else f"{BUILD}/all"
    os.makedirs(out, exist_ok=True)
    pool = read_pool(options.fold)
    with open(f"{out}/log.txt", "a" if options.go_on else "w") as log:
        print({v: [len(pool["films"][v]), len(pool["drawn"][v])] for v in VIEWS}, file=log, flush=True)
        network = FilmView()
        if options.go_on:
            network.load_state_dict(torch.load(f"{out}/weights.pt"), strict=False)
        network = network.to(memory_format=torch.channels_last)
        if options.steps > 0:
            train(network, pool, options.steps, options.seed, 1.5e-3 if options.go_on else 5e-3, log)
        network.eval()
        unmirrored = train_side(network, pool, options.seed)
        torch.save(network.state_dict(), f"{out}/weights.pt")
        export(network, f"{out}/model.onnx")
        sureness = measure_sureness(network, pool, options.seed)
        sureness["mirrored"] = {"unmirrored": len(unmirrored), "called": {
            t: round(float((unmirrored >= t).mean()), 4) for t in (0.5, 0.6, 0.7, 0.8, 0.9)}}
        print(json.dumps(sureness), file=log)
    with open(f"{out}/sureness.json", "w") as f:
        json.dump(sureness, f, indent=1)


if __name__ == "__main__":
    main()
