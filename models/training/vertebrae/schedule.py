"""What both networks share: which films each fold may see, the mix of sources, and the loop with averaged weights."""
import argparse
import copy
import os
import time

import cv2
import numpy as np
import torch

import prepare

BUILD = f"{prepare.HERE}/build"
SHIPPED = "shipped"
FULL_FROM = 0.8


def held_out(which):
    """The kauh films that a fold's weights must not see; the shipped weights keep off folds 0 and 1."""
    folds = prepare.read_folds()
    return {name for k in ((0, 1) if which == SHIPPED else (int(which),)) for name in folds[k]}


def read_sources(cache, wanted=("real", "frontal", "simulated")):
    """All films that anything may learn from, each in the form that a network's examples are cut from."""
    films = [cache(f) for f in prepare.read_spine_films()] if "real" in wanted else []
    return {"buu": [f for f in films if f["kind"] == "buu"], "spine": films,
            "chest": [cache(f) for f in prepare.read_chest_films("train")] if "real" in wanted else [],
            "frontal": [cache(f) for f in prepare.read_frontal_films()] if "frontal" in wanted else [],
            "simulated": [cache(f) for f in prepare.read_simulated_films("sim")] if "simulated" in wanted else []}


def first_lesson(sources):
    """Pools (films, share, share deformed) of the first lesson: nothing that any fold validates on."""
    return [(sources["simulated"], 0.6, 0.3), (sources["frontal"], 0.1, 0.6), (sources["buu"], 0.2, 0.7),
            (sources["chest"], 0.1, 0.7)]


def second_lesson(sources, which):
    """Pools of a fold: its real films, lateral chest films, and simulated films."""
    held = held_out(which)
    real = [f for f in sources["spine"] if f["id"] not in held]
    return [(real, 0.5, 0.7), (sources["chest"], 0.12, 0.7), (sources["simulated"], 0.4, 0.3)]


def train(network, pools, lesson, amount, peak_rate, seed, log, ramp=False):
    """Trains for {"seconds"} or {"steps"}; gives the averaged network. A lesson is (example, losses, sizes of a batch); a new
    network is first shown films with few changes of grey (ramp), or it never gets going."""
    example, losses, batch_sizes = lesson
    pools = [p for p in pools if p[0]]
    rng = np.random.RandomState(seed)
    torch.manual_seed(seed)
    shares = np.array([p[1] for p in pools], float)
    shares /= shares.sum()
    print([(len(p[0]), round(s, 2)) for p, s in zip(pools, shares)], file=log, flush=True)
    optimiser = torch.optim.AdamW(network.parameters(), lr=peak_rate, weight_decay=1e-4)
    average, started, sums, step = copy.deepcopy(network), time.time(), 0, 0
    while True:
        t = step / amount["steps"] if "steps" in amount else (time.time() - started) / amount["seconds"]
        if t >= 1:
            break
        rate = peak_rate * (t / 0.06 if t < 0.06 else 0.5 * (1 + np.cos(np.pi * (t - 0.06) / 0.94)) + 0.005)
        for group in optimiser.param_groups:
            group["lr"] = rate
        batch = []
        late = t > FULL_FROM
        for _ in range(batch_sizes[late]):
            films, _, deform = pools[rng.choice(len(pools), p=shares)]
            batch.append(example(drawn(films, rng), rng, deform, min(1.0, t / 0.6) if ramp else 0.5, late))
        network.train()
        loss, parts = losses(network, batch)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        step += 1
        follow(average, network, min(0.995, (step + 1) / (step + 10)))
        sums = sums + np.array([float(p.detach()) for p in parts])
        if step % 25 == 0:
            print(f"{step} {time.time() - started:.0f}s", np.round(sums / 25, 3), file=log, flush=True)
            sums = 0
            torch.save(average.state_dict(), f"{BUILD}/latest-{type(network).__name__}.pt")
    print(f"{step} steps", file=log, flush=True)
    return average.eval()


def drawn(films, rng):
    """A film; films with few labels come less often, or their bodies would be seen as often as those of full films."""
    film = films[rng.randint(len(films))]
    return film if rng.rand() < len(film["bodies"]) / 6 else films[rng.randint(len(films))]


def follow(average, network, keep):
    """Moves the averaged weights a little towards the network's."""
    with torch.no_grad():
        for a, b in zip(average.state_dict().values(), network.state_dict().values()):
            if a.dtype.is_floating_point:
                a.mul_(keep).add_(b, alpha=1 - keep)
            else:
                a.copy_(b)


def main(name, network_class, cache, lesson, peak_rate):
    """`--which first` for the shared lesson, else `shipped`, `2`, `3` or `4`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--which", required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--start", default="first", help="weights to start from, 'none' for new ones")
    parser.add_argument("--rate", type=float, default=peak_rate)
    parser.add_argument("--out")
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.manual_seed(1)
    os.makedirs(f"{BUILD}/{name}", exist_ok=True)
    network = network_class().to(memory_format=torch.channels_last)
    if options.start != "none":
        network.load_state_dict(torch.load(f"{BUILD}/{name}/{options.start}.pt"))
    wanted = ("real", "frontal", "simulated") if options.which == "first" else ("real", "simulated")
    sources = read_sources(cache, wanted)
    pools = first_lesson(sources) if options.which == "first" else second_lesson(sources, options.which)
    out = f"{BUILD}/{name}/{options.out or options.which}"
    with open(f"{out}.log", "w") as log:
        network = train(network, pools, lesson, {"seconds": options.seconds}, options.rate, 1, log,
                        options.start == "none")
    torch.save(network.state_dict(), f"{out}.pt")
