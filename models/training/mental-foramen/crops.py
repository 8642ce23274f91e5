"""Crops of one mental region: the crop of the contract, the labels, and training examples with jitter."""
import csv
import json
import os

import cv2
import numpy as np

DATA = os.environ.get("OSTEOTRIAGE_DATA", "/work/shared/data")
HERE = os.path.dirname(os.path.abspath(__file__))
CONTOUR = f"{HERE}/../mandible-contour"
COLUMNS, ROWS = 128, 96
CENTRE = np.array([63.5, 85.5])
MM_PER_CROP_PX, MM_PER_PX = 0.4, 0.0959
# The cache of a site: the crop's frame at half the pixel size and far beyond its rim, so that it can be jittered.
CACHE_MM, CACHE_LEFT_MM, CACHE_RIGHT_MM, CACHE_UP_MM, CACHE_DOWN_MM = 0.2, 50.0, 50.0, 50.0, 14.0
# Standard deviation of a label in millimetres and its weight; readers repeat plain ones to 1.0, faint ones to 1.8.
LABEL_MM = {"plain": 1.0, "faint": 1.4, "guess": 3.5}
LABEL_WEIGHT = {"plain": 1.0, "faint": 0.9, "guess": 0.35}
GRID = np.stack(np.meshgrid(np.arange(COLUMNS, dtype=np.float64), np.arange(ROWS, dtype=np.float64)), -1)


def read_labels():
    """{(film, side): [(x, y, visibility), ...]}: mental-foramen.csv, and both readings of the tracings."""
    labels = {}
    with open(f"{CONTOUR}/labels/mental-foramen.csv") as f:
        for row in csv.DictReader(line for line in f if not line.startswith("#")):
            labels[int(row["film"]), row["side"]] = [(float(row["xPx"]), float(row["yPx"]), row["visibility"])]
    with open(f"{CONTOUR}/labels/cortical-tracings.csv") as f:
        for row in csv.DictReader(line for line in f if not line.startswith("#")):
            key = int(row["film"]), row["side"]
            # Reading 1 took over what mental-foramen.csv says.
            if row["reading"] == "2" or key not in labels:
                point = float(row["foramenX"]), float(row["foramenY"]), row["foramenVisibility"]
                labels.setdefault(key, []).append(point)
    return labels


def matrix_of(frame):
    """film = origin + matrix @ (crop - CENTRE)"""
    return np.stack([frame["right"], frame["down"]], 1).astype(float), np.array(frame["originPx"], float)


def block_means(film, factor):
    """The film with pixels of factor x factor; pixel i has its centre at film pixel i x factor + (factor - 1) / 2."""
    rows, columns = (n // factor * factor for n in film.shape)
    return film[:rows, :columns].reshape(rows // factor, factor, columns // factor, factor).mean((1, 3))


def normalise(picture, inside):
    """The 1st percentile of what lies inside the film to 0, the 99th to 1, black beyond it."""
    if inside.sum() < 50:
        return np.zeros_like(picture)
    low, high = np.percentile(picture[inside], [1, 99])
    return np.where(inside, np.clip((picture - low) / max(high - low, 1e-6), 0, 1), 0).astype(np.float32)


def share_plane(where_x, border, side):
    """Where along the jaw: 0 in the middle of the border, 1 at its end on this side."""
    left, right = border[0][0], border[-1][0]
    return ((where_x - (left + right) / 2) * (2 if side == "L" else -2) / (right - left)).astype(np.float32)


def plain_crop(film, frame, border, side):
    """The crop of the contract: [2, ROWS, COLUMNS]."""
    matrix, origin = matrix_of(frame)
    factor = max(1, int(frame["scale"] // 2))
    reduced = block_means(film.astype(np.float32), factor)
    fine = max(1, int(np.ceil(frame["scale"]))) if factor == 1 else int(frame["scale"] / factor + 0.5)
    total = np.zeros((ROWS, COLUMNS), np.float32)
    offsets = (np.arange(fine) + 0.5) / fine - 0.5
    for dy in offsets:
        for dx in offsets:
            where = ((GRID + [dx, dy] - CENTRE) @ matrix.T + origin - (factor - 1) / 2) / factor
            total += cv2.remap(reduced, where[..., 0].astype(np.float32), where[..., 1].astype(np.float32),
                               cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    where = (GRID - CENTRE) @ matrix.T + origin
    inside = ((where > -0.5) & (where < np.array(film.shape[::-1]) - 0.5)).all(-1)
    return np.stack([normalise(total / fine ** 2, inside), share_plane(where[..., 0], border, side)])


def cache_site(film, site, border, labels, rough):
    """The region round a site in the frame of its crop, with labels in millimetres along (distal) and up from its origin."""
    matrix, origin = matrix_of(site["frame"])
    matrix = matrix / MM_PER_CROP_PX
    columns = int((CACHE_LEFT_MM + CACHE_RIGHT_MM) / CACHE_MM)
    rows = int((CACHE_UP_MM + CACHE_DOWN_MM) / CACHE_MM)
    x = (np.arange(columns) + 0.5) * CACHE_MM - CACHE_LEFT_MM
    y = (np.arange(rows) + 0.5) * CACHE_MM - CACHE_UP_MM
    where = np.stack(np.meshgrid(x, y), -1) @ matrix.T + origin
    # A pixel of the cache covers this many of the film.
    wide = max(1.0, CACHE_MM * np.hypot(*matrix[:, 0]))
    smooth = cv2.GaussianBlur(film.astype(np.float32), (0, 0), 0.35 * wide) if wide > 1.2 else film.astype(np.float32)
    picture = cv2.remap(smooth, where[..., 0].astype(np.float32), where[..., 1].astype(np.float32), cv2.INTER_LINEAR,
                        borderMode=cv2.BORDER_REPLICATE)
    inside = ((where > -0.5) & (where < np.array(film.shape[::-1]) - 0.5)).all(-1)
    inverse = np.linalg.inv(matrix)
    to_mm = lambda p: (np.asarray(p, float) - origin) @ inverse.T * [1, -1]
    line = to_mm(border)
    return {"picture": picture / max(float(picture[inside].max()) if inside.any() else 1.0, 1e-6), "inside": inside,
            "labels": [(*to_mm(p[:2]), p[2]) for p in labels], "rough": to_mm(rough), "border": line[np.argsort(line[:, 0])],
            "share": share_plane(where[rows // 2, :, 0], border, site["side"])}


def border_at(line, along):
    """Height and slope of the border (millimetres) at a place along it; None where it does not reach."""
    near = line[np.abs(line[:, 0] - along) < 6]
    near = near[np.abs(near[:, 1]) < 12]
    if len(near) < 5 or np.ptp(near[:, 0]) < 4:
        return 0.0, 0.0
    slope, height = np.polyfit(near[:, 0] - along, near[:, 1], 1)
    return float(height), float(np.clip(slope, -0.5, 0.5))


def draw_centre(site, label, rng):
    """Along and height of the crop's origin: where the contour put the foramen, near the label, or far from it."""
    kind = rng.rand()
    if kind < 0.55 and abs(site["rough"][0] - label[0]) < 20:
        return site["rough"][0] + rng.normal(0, 1.5), 0.0
    if kind < 0.94:
        return label[0] + np.clip(rng.normal(0, 7), -16, 16), 0.0
    return label[0] + rng.choice([-1, 1]) * rng.uniform(28, 40), rng.choice([0.0, rng.uniform(-15, 15)])


def example(site, rng):
    """One training example: [2, ROWS, COLUMNS], the label in crop pixels, its sigma in millimetres, its weight."""
    label = site["labels"][rng.randint(len(site["labels"]))]
    along, off = draw_centre(site, label, rng)
    height, slope = border_at(site["border"], along)
    across = height + off + np.clip(rng.normal(0, 1.2), -3, 3)
    angle = np.arctan(slope) + np.deg2rad(rng.normal(0, 3.5))
    scale = np.exp(rng.uniform(np.log(0.8), np.log(1.25))) * MM_PER_CROP_PX
    aspect = np.exp(rng.uniform(-0.1, 0.1))
    right = np.array([np.cos(angle), np.sin(angle)]) * scale * aspect
    down = np.array([np.sin(angle), -np.cos(angle)]) * scale / aspect
    matrix = np.stack([right, down], 1)
    where = (GRID - CENTRE) @ matrix.T + [along, across]
    if rng.rand() < 0.5:
        where = where + elastic(rng)
        target = nearest(where, label[:2])
    else:
        target = np.linalg.solve(matrix, np.array(label[:2]) - [along, across]) + CENTRE
    map_x = ((where[..., 0] + CACHE_LEFT_MM) / CACHE_MM - 0.5).astype(np.float32)
    map_y = ((CACHE_UP_MM - where[..., 1]) / CACHE_MM - 0.5).astype(np.float32)
    picture = cv2.remap(site["picture"], map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    inside = cv2.remap(site["inside"].astype(np.uint8), map_x, map_y, cv2.INTER_NEAREST) > 0
    share = np.interp(map_x.ravel(), np.arange(len(site["share"])), site["share"]).reshape(ROWS, COLUMNS)
    share = share * np.exp(rng.normal(0, 0.06)) + rng.normal(0, 0.03)
    inside = cut_off(inside, target, rng)
    picture = normalise(change_greys(normalise(picture, inside), rng), inside)
    return np.stack([picture, share.astype(np.float32)]), target, LABEL_MM[label[2]], LABEL_WEIGHT[label[2]]


def elastic(rng):
    """A smooth displacement field in millimetres."""
    coarse = rng.normal(0, rng.uniform(0.3, 1.0), (5, 6, 2)).astype(np.float32)
    return cv2.resize(coarse, (COLUMNS, ROWS), interpolation=cv2.INTER_CUBIC)


def nearest(where, point):
    """The crop pixel that shows a place; far outside where none does."""
    distance = ((where - np.asarray(point)) ** 2).sum(-1)
    row, column = np.unravel_index(np.argmin(distance), distance.shape)
    on_rim = row in (0, ROWS - 1) or column in (0, COLUMNS - 1)
    return np.array([-99.0, -99.0]) if on_rim and distance[row, column] > 0.1 else np.array([column, row], float)


def cut_off(inside, target, rng):
    """Now and then a side of the film ends within the crop."""
    if rng.rand() > 0.1:
        return inside
    inside = inside.copy()
    side = rng.randint(4)
    if side == 0:
        inside[int(rng.uniform(70, 92)):] = False
    elif side == 1:
        inside[:int(rng.uniform(4, 30))] = False
    else:
        column = int(np.clip(target[0] + (1 if side == 2 else -1) * rng.uniform(10, 50), 0, COLUMNS - 1))
        inside[:, column:] &= side != 2
        inside[:, :column] &= side != 3
    return inside


def change_greys(image, rng):
    """Gamma, local contrast, ramps, seams, inversion of none, blur, sharpening, noise."""
    image = np.power(np.clip(image, 0, 1), np.exp(rng.normal(0, 0.3)))
    if rng.rand() < 0.4:
        x, y = np.linspace(-1, 1, COLUMNS), np.linspace(-1, 1, ROWS)[:, None]
        image = image * (1 + x * rng.normal(0, 0.2) + y * rng.normal(0, 0.2))
    if rng.rand() < 0.3:
        patch = cv2.resize(rng.normal(0, 0.12, (4, 5)).astype(np.float32), (COLUMNS, ROWS), interpolation=cv2.INTER_CUBIC)
        image = image + patch
    if rng.rand() < 0.15:
        seam, gain = rng.randint(5, COLUMNS - 5), rng.uniform(0.75, 1.3)
        image = np.concatenate([image[:, :seam], image[:, seam:] * gain], 1)
    image = np.ascontiguousarray(image, np.float32)
    kind = rng.rand()
    if kind < 0.3:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.3))
    elif kind < 0.5:
        image = image + rng.uniform(0.3, 1.5) * (image - cv2.GaussianBlur(image, (0, 0), rng.uniform(1, 4)))
    if rng.rand() < 0.5:
        image = image + rng.normal(0, rng.uniform(0.005, 0.06), image.shape)
    if rng.rand() < 0.15:
        column, row = rng.randint(-20, COLUMNS), rng.choice([rng.randint(0, 15), rng.randint(84, ROWS)])
        cv2.putText(image, "RL80"[rng.randint(4)], (int(column), int(row)), 0, rng.uniform(0.4, 1.0), 1.0, 1)
    return image.astype(np.float32)


def read_frames():
    """build/frames.json."""
    with open(f"{HERE}/build/frames.json") as f:
        return json.load(f)


def read_film(film):
    """The pixels of a film or a phantom of frames.json."""
    path = film.get("phantom") or f"{DATA}/panoramic/images/{film['film']}.png"
    return cv2.imread(path, cv2.IMREAD_UNCHANGED)
