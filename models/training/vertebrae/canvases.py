"""Training examples of the whole film for `vertebra-finder`: random part, placement, warps, and the target maps."""
import cv2
import numpy as np

import augment
import prepare
from prepare import COLUMNS, CORNERS, ROWS

CELL = 4
CELLS = np.stack(np.meshgrid(np.arange(COLUMNS // CELL) * CELL + 1.5, np.arange(ROWS // CELL) * CELL + 1.5), -1)
PIXELS = np.stack(np.meshgrid(np.arange(COLUMNS, dtype=np.float32), np.arange(ROWS, dtype=np.float32)), -1)
CACHE_ZOOM = 1.6
FULL, WINDOW = (ROWS, COLUMNS), (256, 192)


def cache_film(film):
    """The film at 1.6 times the scale of the canvas."""
    rows, columns = film["image"].shape
    return prepare.rescaled(film, min(CACHE_ZOOM * COLUMNS / columns, CACHE_ZOOM * ROWS / rows))


def random_part(film, rng):
    """A rectangle of the film (x0, y0, x1, y1) as if that were the whole film."""
    rows, columns = film["image"].shape
    if rng.rand() < 0.35:
        return np.array([-0.5, -0.5, columns - 0.5, rows - 0.5])
    height, width = rows * rng.uniform(0.5, 1), columns * rng.uniform(0.55, 1)
    body = film["bodies"][rng.randint(len(film["bodies"]))]
    centre = body["points"][CORNERS].mean(0)
    x = np.clip(centre[0] - width * rng.uniform(0.15, 0.85), 0, columns - width)
    y = np.clip(centre[1] - height * rng.uniform(0, 1), 0, rows - height)
    return np.array([x, y, x + width, y + height]) - 0.5


def placement(part, rng):
    """Forward matrix (2x3) from cache pixels to canvas pixels and whether it mirrors."""
    size = part[2:] - part[:2]
    scale = min(COLUMNS / size[0], ROWS / size[1]) * np.exp(rng.uniform(np.log(0.78), np.log(1.15)))
    aspect = np.exp(rng.uniform(-0.08, 0.08))
    angle = np.deg2rad(rng.normal(0, 8) if rng.rand() < 0.7 else rng.uniform(-22, 22))
    linear = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ np.diag(
        [scale * aspect, scale / aspect])
    mirrored = rng.rand() < 0.5
    if mirrored:
        linear = linear @ np.diag([-1, 1])
    centre = np.array([COLUMNS / 2 - 0.5, ROWS / 2 - 0.5]) + rng.uniform(-0.05, 0.05, 2) * [COLUMNS, ROWS]
    return np.concatenate([linear, (centre - linear @ ((part[:2] + part[2:]) / 2))[:, None]], 1), mirrored


def moved(points, forward):
    """Points through a 2x3 matrix."""
    return points @ forward[:, :2].T + forward[:, 2]


def target_maps(bodies, ignored, places, sacrum, has_sacrum, size):
    """Centre and sacrum spots, corner offsets with their weights, where nothing is learnt, and the area of the bodies."""
    rows, columns = size
    cells = CELLS[:rows // CELL, :columns // CELL]
    centre, free, weights = np.zeros(cells.shape[:2]), np.ones(cells.shape[:2], np.float32), np.zeros(cells.shape[:2])
    corners = np.zeros((8, *cells.shape[:2]))
    mask = np.zeros(cells.shape[:2], np.uint8)
    for polygon in ignored:
        cv2.fillConvexPoly(free, np.round((polygon - 1.5) / CELL).astype(np.int32), 0)
    for body in bodies:
        quad = body["points"][CORNERS]
        middle = quad.mean(0)
        height = prepare.height_of(body["points"])
        inside = (quad > 0).all() and (quad < [columns - 1, rows - 1]).all()
        if not inside or not body["whole"]:
            around = middle + (quad[[0, 1, 3, 2]] - middle) * 1.1
            cv2.fillConvexPoly(free, np.round((around - 1.5) / CELL).astype(np.int32), 0)
            continue
        cv2.fillConvexPoly(mask, np.round((quad[[0, 1, 3, 2]] - 1.5) / CELL).astype(np.int32), 1)
        sigma = max(0.22 * height, 3.5)
        distance = ((cells - middle) ** 2).sum(-1)
        spot = np.exp(-0.5 * distance / sigma ** 2)
        # The cell that holds the centre is a full hit, wherever in the cell it lies.
        spot = np.where(distance == distance.min(), 1.0, spot)
        free = np.where(spot > 0.1, np.maximum(free, body["weight"]), free)
        centre = np.maximum(centre, spot)
        near = distance < max(0.35 * height, 5.0) ** 2
        offsets = (quad.reshape(8)[:, None, None] - np.tile(cells.transpose(2, 0, 1), (4, 1, 1)))
        corners = np.where(near, offsets, corners)
        weights = np.where(near, body["weight"] * 30 / max(height, 10), weights)
    for middle, height in places:
        spot = np.exp(-0.5 * ((cells - middle) ** 2).sum(-1) / max(0.22 * height, 3.5) ** 2)
        free = np.where(spot > 0.1, np.maximum(free, 0.5), free)
        centre = np.maximum(centre, spot)
    base = np.zeros_like(centre)
    learn_sacrum = np.full_like(centre, float(has_sacrum))
    if sacrum is not None and -8 < sacrum[0] < columns + 8 and -8 < sacrum[1] < rows + 8:
        base = np.exp(-0.5 * ((cells - sacrum) ** 2).sum(-1) / 8.0 ** 2).astype(np.float32)
    maps = (centre, free, corners, weights, base, learn_sacrum, mask)
    return tuple(m.astype(np.float32) for m in maps)


def window_origin(film, forward, size, rng):
    """Where a window of the canvas begins: mostly round a body, sometimes anywhere."""
    room = np.array([COLUMNS - size[1], ROWS - size[0]])
    body = film["bodies"][rng.randint(len(film["bodies"]))]
    centre = moved(body["points"][CORNERS].mean(0), forward)
    near = centre - np.array([size[1], size[0]]) * rng.uniform(0.15, 0.85, 2)
    return np.clip(near, 0, room) if rng.rand() < 0.85 else rng.uniform(0, 1, 2) * room


def example(film, rng, deform, hardness, size=FULL):
    """One training example: image and the target maps, and whether anterior and posterior may change places."""
    part = random_part(film, rng)
    forward, _ = placement(part, rng)
    if size != FULL:
        forward[:, 2] -= window_origin(film, forward, size, rng)
    rows, columns = size
    back = cv2.invertAffineTransform(forward)
    warp = None
    whole = [b for b in film["bodies"] if b["whole"]]
    if whole and rng.rand() < deform:
        body = whole[rng.randint(len(whole))]
        warp = augment.Deformity(prepare.frame_of(body["points"]), body["points"], augment.random_deformity(rng, True))
    field = None
    where = PIXELS[:rows, :columns]
    if rng.rand() < 0.4:
        field = augment.elastic_field(rng, rows, columns, rng.randint(4, 8) * columns // COLUMNS + 1, rng.uniform(1, 5))
        where = where + field
    where = cv2.transform(where, back.astype(np.float32))
    inside = (where[..., 0] > part[0]) & (where[..., 0] < part[2]) & (where[..., 1] > part[1]) & (where[..., 1] < part[3])
    if warp is not None:
        # The warp is smooth: every fourth pixel is enough.
        coarse = where[1::4, 1::4]
        shift = (warp.inverse(coarse) - coarse).astype(np.float32)
        where = where + cv2.resize(shift, (columns, rows), interpolation=cv2.INTER_LINEAR)
    image = cv2.remap(film["image"], where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.float32) / 255

    def carry(points):
        points = points if warp is None else np.where(np.isfinite(points), warp.forward(np.nan_to_num(points)), np.nan)
        points = moved(points, forward)
        return points if field is None else augment.inverse_elastic(field, points)

    limit = moved(np.array([part[:2], [part[2], part[1]], part[2:], [part[0], part[3]]]), forward).astype(np.float32)
    bodies = []
    for b in film["bodies"]:
        points = carry(b["points"])
        kept = all(cv2.pointPolygonTest(limit, (float(p[0]), float(p[1])), False) >= 0 for p in points[CORNERS])
        bodies.append({**b, "points": points, "whole": b["whole"] and kept})
    sacrum = film["sacrum"]
    known = film["kind"] in ("simulated", "frontal") or sacrum is not None
    if sacrum is not None:
        sacrum = carry(sacrum[None])[0]
        if cv2.pointPolygonTest(limit, (float(sacrum[0]), float(sacrum[1])), False) < 0:
            sacrum = None
    scale = np.sqrt(abs(np.linalg.det(forward[:, :2])))
    places = [(carry(c[None])[0], h * scale) for c, h in film["places"]]
    margins = [(p, h) for p, h in places if cv2.pointPolygonTest(limit, (float(p[0]), float(p[1])), True) > 0.6 * h]
    maps = target_maps(bodies, [carry(p) for p in film["ignored"]], margins, sacrum, known, size)
    low, high = part_range(film["image"], part)
    image = np.clip((image - low) / max(high - low, 0.02), 0, 1)
    if rng.rand() < 0.2 + 0.65 * hardness:
        image = augment.change_greys(image, rng, 0.4 + 0.3 * hardness)
    if size == FULL:
        image = augment.normalise(image, inside, 1, 99.5)
    # A window does not know the percentiles of the film, which are those of `part_range` but for the changes of grey.
    image = np.where(inside, np.clip(image, 0, 1), 0).astype(np.float32)
    return (image, *maps, film["kind"] == "frontal")


def part_range(image, part):
    """Percentiles 1 and 99.5 of the part, from 0 to 1."""
    x0, y0, x1, y1 = np.maximum(np.round(part), 0).astype(int)
    return np.percentile(image[y0:y1:6, x0:x1:6], [1, 99.5]) / 255
