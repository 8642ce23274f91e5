"""Hold fold models against simulated looks of films that they never saw: evaluate_looks.py [WEIGHTS_NAME]"""
import sys

import cv2
import numpy as np
import torch

import augment
import prepare
from evaluate import MM_PER_PX
from film_head import plain, upside_down
from model import MandibleContour
from train import BUILD, cache_film

LOOKS_OF_EACH, SEED = 5, 90210


def read(network, image):
    """The network's answer to one canvas."""
    with torch.no_grad():
        return [a[0].numpy() for a in network(torch.from_numpy(np.ascontiguousarray(image, np.float32))[None, None])]


def look_figures(network, film, rng):
    """Of each look of a film: mean distance of rows in millimetres, share of columns beyond 1 mm, is it panoramic."""
    figures = []
    for _ in range(LOOKS_OF_EACH):
        drawn = augment.simulate_film(film, rng, False)
        row, _, presence, _, panoramic = read(network, drawn["image"])
        known = np.isfinite(drawn["rows"]).all(0)
        if known.sum() < 50:
            continue
        # Grid columns lie at 2 k + 0.5; the picture's scale against the detector follows from the cached film.
        off = np.abs(np.interp(augment.GRID, np.arange(prepare.COLUMNS), row) - drawn["rows"]).min(0)[known]
        mm = off * MM_PER_PX * film["filmPxPerCanvasPx"]
        seen = np.interp(augment.GRID, np.arange(prepare.COLUMNS), presence)[known] >= 0.5
        figures.append((mm[seen].mean() if seen.any() else np.nan, (mm[seen] > 1).mean() if seen.any() else 1.0,
                        seen.mean(), float(panoramic[0])))
    return figures


def main():
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    name = sys.argv[1] if len(sys.argv) > 1 else "weights.pt"
    looks, turned = [], []
    for fold, numbers in enumerate(prepare.read_folds()):
        network = MandibleContour()
        network.load_state_dict(torch.load(f"{BUILD}/fold{fold}/{name}"))
        network.eval()
        for number in numbers:
            picture = prepare.read_film(number)
            film = cache_film(picture, {})
            film["filmPxPerCanvasPx"] = picture["image"].shape[1] / (film["rim"][2] - film["rim"][0]) * prepare.CACHE_ZOOM
            looks += look_figures(network, film, np.random.RandomState(SEED + number))
            turned.append(float(read(network, plain(upside_down(film)))[4][0]))
    looks = np.array(looks)
    mean = looks[:, 0][np.isfinite(looks[:, 0])]
    print(f"{len(looks)} looks of {len(turned)} held-out films, {name}: mean distance median {np.median(mean):.3f} mm, "
          f"90th percentile {np.percentile(mean, 90):.3f}; more than a tenth of the columns beyond 1 mm: "
          f"{(looks[:, 1] > 0.1).sum()}; columns seen {looks[:, 2].mean():.3f}; not taken for panoramic {(looks[:, 3] < 0.5).sum()}")
    print(f"grey values upside down: {sum(t >= 0.5 for t in turned)} of {len(turned)} taken for panoramic, highest {max(turned):.3f}")


if __name__ == "__main__":
    main()
