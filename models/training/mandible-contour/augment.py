"""Augmentation of the cached canvas and its labels: plain (an affine warp, mild grey changes) or a simulated look."""
import cv2
import numpy as np

import looks
from prepare import COLUMNS, ROWS

GRID = 2 * np.arange(COLUMNS // 2) + 0.5


def random_affine(rng, zoom, strong=1.0):
    """A matrix from model pixels to cache pixels (inverse map) and its forward counterpart; and whether it is flipped."""
    scale = np.exp(rng.uniform(np.log(0.85), np.log(1.15)) * strong)
    aspect = np.exp(rng.uniform(-0.08, 0.08) * strong)
    angle = np.deg2rad(rng.uniform(-4, 4) * strong)
    shear = rng.uniform(-0.03, 0.03) * strong
    shift = np.array([rng.uniform(-40, 40), rng.uniform(-28, 28)]) * strong
    flip = rng.rand() < 0.5
    centre = np.array([COLUMNS / 2 - 0.5, ROWS / 2 - 0.5])
    cosine, sine = np.cos(angle), np.sin(angle)
    linear = np.array([[cosine, -sine], [sine, cosine]]) @ np.array([[scale * aspect, shear], [0, scale / aspect]])
    if flip:
        linear = linear @ np.diag([-1, 1])
    # forward: cache pixel q -> model pixel: centre + shift + linear @ (((q + 0.5) / zoom - 0.5) - centre)
    base = (0.5 / zoom - 0.5) * np.ones(2)
    forward = np.concatenate([linear / zoom, (centre + shift + linear @ (base - centre))[:, None]], 1)
    return forward, flip


def warp_points(points, forward):
    """Points [n,2] through a 2 x 3 matrix."""
    return points @ forward[:, :2].T + forward[:, 2]


def on_grid(moved):
    """The row of a polyline of model pixels at every grid column, NaN outside it."""
    x, y = moved[np.argsort(moved[:, 0])].T
    return np.interp(GRID, x, y, left=np.nan, right=np.nan)


def grey_changes(image, rng):
    """Gamma, contrast, ramps, seams, blur, noise and boxes of text."""
    image = np.power(np.clip(image, 0, 1), np.exp(rng.normal(0, 0.25)))
    if rng.rand() < 0.5:
        image = image * rng.uniform(0.7, 1.15) + rng.uniform(-0.05, 0.12)
    if rng.rand() < 0.3:
        ramp = np.linspace(-1, 1, ROWS)[:, None] * rng.normal(0, 0.12) + np.linspace(-1, 1, COLUMNS) * rng.normal(0, 0.12)
        image = image * (1 + ramp)
    if rng.rand() < 0.25:
        row = rng.randint(100, 300)
        image = image.copy()
        image[row:] *= rng.uniform(0.7, 1.25)
    if rng.rand() < 0.25:
        left = rng.randint(0, COLUMNS - 60)
        image = image.copy()
        image[:, left:left + rng.randint(20, 300)] *= rng.uniform(0.8, 1.2)
    if rng.rand() < 0.4:
        image = cv2.GaussianBlur(image.astype(np.float32), (0, 0), rng.uniform(0.3, 1.2))
    if rng.rand() < 0.5:
        image = image + rng.normal(0, rng.uniform(0.003, 0.035), image.shape)
    image = np.ascontiguousarray(image, dtype=np.float32)
    if rng.rand() < 0.2:
        for _ in range(rng.randint(1, 3)):
            x, y = rng.randint(0, COLUMNS - 60), rng.choice([rng.randint(8, 60), rng.randint(250, 318)])
            cv2.putText(image, "".join(rng.choice(list("RLABC0123456789"), rng.randint(1, 8))), (int(x), int(y)), 0,
                        rng.uniform(0.3, 0.8), rng.uniform(0.6, 1.0), 1)
    return np.clip(image, 0, 1)


def augment_film(film, rng, zoom):
    """One training example of a film: image, both experts' rows, presence and foramina, all in model pixels."""
    forward, flip = random_affine(rng, zoom)
    image = cv2.warpAffine(film["canvas"], forward, (COLUMNS, ROWS), flags=cv2.INTER_LINEAR)
    rows = np.stack([on_grid(warp_points(points, forward)) for points in film["borders"]])
    limit = float(ROWS)
    if rng.rand() < 0.12:
        limit = np.nanmax(rows) - rng.uniform(-4, 30)
        image[int(max(limit, 0)):] = 0
        limit = int(limit)
    # A column whose border was cut off holds none.
    rows = np.where(rows < limit - 1, rows, np.nan)
    present = np.isfinite(rows).all(0).astype(np.float32)
    foramina = np.full((2, 3), np.nan, np.float32)
    for k, side in enumerate(("right", "left")):
        if side in film["foramina"]:
            x, y, weight = film["foramina"][side]
            foramina[1 - k if flip else k] = (*warp_points(np.array([[x, y]]), forward)[0], weight)
    return {"image": grey_changes(image, rng), "rows": rows.astype(np.float32), "present": present,
            "foramina": foramina, "panoramic": 1.0, "look": False}


def simulate_film(film, rng, upside_down=None):
    """One training example of a film in a simulated look; its grey values upside down or not, None for at times."""
    image, rows, place = looks.simulate(film["canvas"], film["rim"], film["borders"], rng, on_grid, upside_down)
    rows = np.stack(rows).astype(np.float32)
    window_rows, window_columns = place.window()
    foramina = np.full((2, 3), np.nan, np.float32)
    for k, side in enumerate(("right", "left")):
        if side in film["foramina"]:
            x, y, weight = film["foramina"][side]
            x, y = place.points(np.array([[x, y]]))[0]
            inside = window_columns.start < x < window_columns.stop and window_rows.start < y < window_rows.stop
            foramina[1 - k if place.flip else k] = (x, y, weight) if inside else (-9999.0, 0.0, weight)
    return {"image": image, "rows": rows, "present": np.isfinite(rows).all(0).astype(np.float32), "foramina": foramina,
            "panoramic": 1.0, "look": True}


def synthetic_negative(rng):
    """Noise, flat fields and geometric figures: none of them is a film."""
    kind = rng.randint(5)
    image = np.zeros((ROWS, COLUMNS), np.float32) + rng.rand() * (kind != 0)
    if kind in (1, 4):
        image = rng.rand(ROWS, COLUMNS).astype(np.float32)
    if kind == 2:
        image = cv2.resize(rng.rand(rng.randint(2, 20), rng.randint(2, 40)).astype(np.float32), (COLUMNS, ROWS))
    if kind == 3:
        for _ in range(rng.randint(1, 10)):
            centre = (int(rng.randint(COLUMNS)), int(rng.randint(ROWS)))
            if rng.rand() < 0.5:
                axes = (int(rng.randint(5, 250)), int(rng.randint(5, 150)))
                cv2.ellipse(image, centre, axes, rng.randint(180), 0, 360, float(rng.rand()), int(rng.choice([-1, 3, 8])))
            else:
                cv2.rectangle(image, centre, (int(rng.randint(COLUMNS)), int(rng.randint(ROWS))), float(rng.rand()), -1)
    return grey_changes(image, rng) if rng.rand() < 0.6 else np.clip(image, 0, 1)


def part_of_film(canvas, rng):
    """A small part of a panoramic film blown up: teeth or a corner, not the whole picture."""
    height, width = canvas.shape
    h, w = int(height * rng.uniform(0.15, 0.4)), int(width * rng.uniform(0.1, 0.3))
    y, x = rng.randint(0, height - h), rng.randint(0, width - w)
    return cv2.resize(canvas[y:y + h, x:x + w], (COLUMNS, ROWS))


def simulate_picture(picture, rng):
    """A cached picture that is no panoramic film, in a simulated look."""
    return looks.simulate(picture, (0, 0, picture.shape[1], picture.shape[0]), [], rng, on_grid)[0]


def augment_negative(pictures, films, rng, share_of_looks=0.0):
    """One picture that is no panoramic film, by chance in a simulated look."""
    kind = rng.rand()
    if kind < 0.3:
        image = synthetic_negative(rng)
    elif kind < 0.45:
        image = grey_changes(part_of_film(films[rng.randint(len(films))]["canvas"], rng), rng)
    else:
        picture = pictures[rng.randint(len(pictures))]
        if rng.rand() < share_of_looks:
            image = simulate_picture(picture, rng)
        else:
            forward, _ = random_affine(rng, picture.shape[0] / ROWS, 1.5)
            image = grey_changes(cv2.warpAffine(picture, forward, (COLUMNS, ROWS), flags=cv2.INTER_LINEAR), rng)
    empty = np.full((2, COLUMNS // 2), np.nan, np.float32)
    return {"image": image, "rows": empty, "present": np.zeros(COLUMNS // 2, np.float32),
            "foramina": np.full((2, 3), np.nan, np.float32), "panoramic": 0.0, "look": False}
