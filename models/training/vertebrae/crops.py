"""Crops of one body for `vertebra-points`: the placement of the contract, and training examples with jitter and warps."""
import cv2
import numpy as np

import augment
import prepare

COLUMNS, ROWS = 128, 112
WIDTH_PX, CENTRE = 56.0, np.array([63.5, 55.5])
CACHE_WIDTH_PX = 84.0
GRID = np.stack(np.meshgrid(np.arange(COLUMNS, dtype=np.float64), np.arange(ROWS, dtype=np.float64)), -1)
FIRST = {"shift": 8.0, "scale": 0.15, "angle": 10.0}
SECOND = {"shift": 3.0, "scale": 0.05, "angle": 3.0}
THIRD = {"shift": 1.0, "scale": 0.02, "angle": 1.0}


def placement(points):
    """Matrix (2x2) and origin: film = origin + matrix @ (crop - CENTRE), from six points or the four corners."""
    centre, u, v, width, _ = prepare.frame_of(points)
    return np.stack([u, v], 1) * (width / WIDTH_PX), centre


def cache_film(film):
    """The film at about 1.5 times the crop's scale."""
    width = np.median([prepare.width_of(b["points"]) for b in film["bodies"]])
    return prepare.rescaled(film, CACHE_WIDTH_PX / width)


def jittered(matrix, origin, rng, jitter):
    """A placement with the error of a finder."""
    angle = np.deg2rad(np.clip(rng.normal(0, jitter["angle"] / 2), -jitter["angle"], jitter["angle"]))
    scale = np.exp(np.clip(rng.normal(0, jitter["scale"] / 2), -jitter["scale"], jitter["scale"]))
    shift = np.clip(rng.normal(0, jitter["shift"] / 2, 2), -jitter["shift"], jitter["shift"])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return matrix @ turn * scale, origin + matrix @ shift


def sample_film(image, where):
    """The film at fractional places and which of them lie inside it."""
    rows, columns = image.shape
    inside = (where[..., 0] > -0.5) & (where[..., 0] < columns - 0.5) & (where[..., 1] > -0.5) & (where[..., 1] < rows - 0.5)
    picture = cv2.remap(image, where[..., 0].astype(np.float32), where[..., 1].astype(np.float32), cv2.INTER_LINEAR,
                        borderMode=cv2.BORDER_REPLICATE)
    return picture.astype(np.float32) / 255, inside


def plain_crop(image, matrix, origin):
    """The crop of the contract, area-averaged by sampling the film finely where it is larger than the crop."""
    scale = np.sqrt(abs(np.linalg.det(matrix)))
    fine = max(1, int(np.ceil(scale)))
    total = np.zeros((ROWS, COLUMNS), np.float32)
    offsets = (np.arange(fine) + 0.5) / fine - 0.5
    for dy in offsets:
        for dx in offsets:
            where = (GRID + [dx, dy] - CENTRE) @ matrix.T + origin
            picture, inside = sample_film(image, where)
            total += picture
    inside = sample_film(image, (GRID - CENTRE) @ matrix.T + origin)[1]
    return augment.normalise(total / fine ** 2, inside, 1, 99)


def positive(film, body, rng, deform):
    """A warped crop of a body with its six points in crop pixels."""
    points = body["points"]
    warp = None
    if rng.rand() < deform:
        warp = augment.Deformity(prepare.frame_of(points), points, augment.random_deformity(rng, rng.rand() < 0.75))
    moved = points if warp is None else np.where(np.isfinite(points), warp.forward(np.nan_to_num(points)), np.nan)
    matrix, origin = placement(moved)
    kind = rng.rand()
    matrix, origin = jittered(matrix, origin, rng, FIRST if kind < 0.5 else SECOND if kind < 0.85 else THIRD)
    aspect = np.exp(rng.uniform(-0.08, 0.08))
    matrix = matrix @ np.diag([aspect, 1 / aspect])
    grid, field = GRID, None
    if rng.rand() < 0.5:
        field = augment.elastic_field(rng, ROWS, COLUMNS, rng.randint(4, 7), rng.uniform(0.3, 1.6))
        grid = GRID + field
    where = (grid - CENTRE) @ matrix.T + origin
    if warp is not None:
        # The warp is smooth: every fourth pixel is enough.
        coarse = where[1::4, 1::4]
        where = where + cv2.resize(warp.inverse(coarse) - coarse, (COLUMNS, ROWS), interpolation=cv2.INTER_CUBIC)
    target = (moved - origin) @ np.linalg.inv(matrix).T + CENTRE
    if field is not None:
        target = augment.inverse_elastic(field, target)
    image, inside = sample_film(film["image"], where)
    return image, inside, target


def cut_edge(inside, target, rng, through):
    """Blackens one side of the crop, beside the body or through it."""
    x, y = np.nanmin(target, 0), np.nanmax(target, 0)
    side = rng.randint(4)
    depth = rng.uniform(0.15, 0.7) if through else rng.uniform(-0.5, -0.06)
    inside = inside.copy()
    if side == 0:
        inside[:max(0, int(x[1] + depth * (y[1] - x[1])))] = False
    elif side == 1:
        inside[max(0, int(y[1] - depth * (y[1] - x[1]))):] = False
    elif side == 2:
        inside[:, :max(0, int(x[0] + depth * (y[0] - x[0])))] = False
    else:
        inside[:, max(0, int(y[0] - depth * (y[0] - x[0]))):] = False
    return inside


def negative(film, rng):
    """A crop that is not centred on a whole body: half-shifted, disc, S1, cut off, wrong size, background."""
    bodies = film["bodies"]
    k = rng.randint(len(bodies))
    body = bodies[k]
    kind = rng.choice([0, 0, 0, 1, 2, 2, 2, 3, 4, 5, 6, 6])
    if kind == 2 and film["sacrum"] is None:
        kind = 1
    partial = [b for b in bodies if not b["whole"]]
    if partial and rng.rand() < 0.3:
        body, kind = partial[rng.randint(len(partial))], 6
    matrix, origin = placement(body["points"])
    _, _, v, width, height = prepare.frame_of(body["points"])
    u = matrix[:, 0] / np.hypot(*matrix[:, 0])
    if kind == 0:
        origin = origin + v * height * rng.choice([-1, 1]) * rng.uniform(0.42, 0.8)
    elif kind == 1:
        origin = origin + u * width * (rng.uniform(0.6, 1.5) if rng.rand() < 0.6 else -rng.uniform(0.6, 1.5))
    elif kind == 2:
        angle = np.deg2rad(rng.uniform(-50, 10))
        matrix = matrix @ np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        origin = film["sacrum"] + matrix @ np.array([0, rng.uniform(12, 26)])
    elif kind == 3:
        matrix = matrix * rng.choice([rng.uniform(0.35, 0.55), rng.uniform(1.8, 2.8)])
    elif kind == 4:
        origin = np.array([rng.uniform(0, film["image"].shape[1]), rng.uniform(0, film["image"].shape[0])])
        near = min(np.hypot(*(b["points"][prepare.CORNERS].mean(0) - origin)) for b in bodies)
        if near < 1.0 * height:
            origin = origin + u * 2 * width
        if any(cv2.pointPolygonTest(p.astype(np.float32), (float(origin[0]), float(origin[1])), False) >= 0
               for p in film["ignored"]):
            origin = bodies[0]["points"][2] + u * 2 * width
    elif kind == 5:
        flipped = np.diag([-1.0, 1.0])
        matrix = matrix @ flipped
    if kind != 6:
        matrix, origin = jittered(matrix, origin, rng, SECOND)
    target = (body["points"] - origin) @ np.linalg.inv(matrix).T + CENTRE
    image, inside = sample_film(film["image"], (GRID - CENTRE) @ matrix.T + origin)
    if kind == 6 and body["whole"]:
        inside = cut_edge(inside, target, rng, True)
    return image, inside


def example(film, rng, deform, negatives):
    """One training example: image, points (NaN where unknown), weight, body, thoracic (NaN where unknown)."""
    whole = [b for b in film["bodies"] if b["whole"]]
    if not whole or rng.rand() < negatives:
        image, inside = negative(film, rng)
        target, weight, body, thoracic = np.full((6, 2), np.nan), 0.0, 0.0, np.nan
    else:
        chosen = whole[rng.randint(len(whole))]
        image, inside, target = positive(film, chosen, rng, deform)
        if rng.rand() < 0.12:
            inside = cut_edge(inside, target, rng, False)
        weight, body = chosen["weight"], 1.0
        thoracic = np.nan if film["kind"] == "frontal" else float(chosen["level"].startswith("T"))
        out = (target < 1) | (target > [COLUMNS - 2, ROWS - 2])
        target = np.where(out.any(1, keepdims=True), np.nan, target)
    image = augment.change_greys(augment.stretched(image, inside), rng)
    return augment.normalise(image, inside, 1, 99), target.astype(np.float32), weight, body, thoracic
