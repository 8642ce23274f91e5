"""
Fit the film-level head (panoramic or not) on the frozen encoder: many pictures, one cheap pass each. A film whose grey
values are upside down is taught as no panoramic: a bright border cannot be measured on it, and refusing says so.
"""
import cv2
import numpy as np
import torch
import torch.nn.functional as F

import augment
import prepare

POSITIVES, LOOKS, PHANTOMS, NEGATIVES, LOOKS_OF_OTHERS, EPOCHS = 160, 240, 60, 330, 2, 400


def encode(network, image):
    """What the head sees of one picture."""
    with torch.no_grad():
        x = network.stem(torch.from_numpy(np.ascontiguousarray(image, np.float32))[None, None])
        for down in network.downs:
            x = down(x)
        return torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1)


def plain(canvas):
    """A cached canvas at the model's size."""
    return cv2.resize(canvas, (prepare.COLUMNS, prepare.ROWS), interpolation=cv2.INTER_AREA)


def upside_down(film):
    """A cached film with its grey values upside down; what lies round it stays black."""
    left, top, right, bottom = film["rim"]
    canvas = np.zeros_like(film["canvas"])
    canvas[top:bottom, left:right] = 1 - film["canvas"][top:bottom, left:right]
    return canvas


def fit(network, films, phantoms, negatives, seed):
    """Replace the head's weights; nothing else of the network changes."""
    rng = np.random.RandomState(seed + 77)
    torch.manual_seed(seed + 77)
    network.eval()
    yes = [plain(f["canvas"]) for f in films]
    yes += [augment.augment_film(films[i % len(films)], rng, prepare.CACHE_ZOOM)["image"] for i in range(POSITIVES - len(films))]
    yes += [augment.simulate_film(films[i % len(films)], rng, False)["image"] for i in range(LOOKS)]
    if phantoms:
        yes += [augment.augment_film(phantoms[i % len(phantoms)], rng, prepare.CACHE_ZOOM)["image"] for i in range(PHANTOMS)]
    no = [plain(n) for n in negatives]
    no += [augment.simulate_film(f, rng, True)["image"] for f in films for _ in range(2)]
    no += [plain(upside_down(f)) for f in films]
    no += [augment.simulate_picture(n, rng) for n in negatives for _ in range(LOOKS_OF_OTHERS)]
    no += [augment.augment_negative(negatives, films, rng)["image"] for _ in range(NEGATIVES - len(negatives))]
    x = torch.cat([encode(network, image) for image in yes + no])
    y = torch.tensor([1.0] * len(yes) + [0.0] * len(no))
    weight = torch.where(y > 0.5, len(no) / len(yes), 1.0)
    for layer in network.film:
        if hasattr(layer, "reset_parameters"):
            layer.reset_parameters()
    optimiser = torch.optim.AdamW(network.film.parameters(), lr=3e-3, weight_decay=0.05)
    for _ in range(EPOCHS):
        loss = F.binary_cross_entropy_with_logits(network.film(x)[:, 0], y, weight=weight)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return float(loss)
