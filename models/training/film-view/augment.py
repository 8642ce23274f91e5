"""Pictures to train on: films cropped, padded, turned and worn at random, and pictures that are no film of ours."""
import cv2
import numpy as np

from prepare import SIDE

LETTERS = list("RLRLABCPTUX0123456789+")


def cut_and_place(film, rng, trim_max=0.17):
    """A part of the film at a random aspect, angle and place in a border, longer side SIDE pixels; grey 0 to 1."""
    rows, columns = film.shape
    left, right, top, bottom = rng.uniform(0, trim_max, 4) * (rng.rand(4) < 0.75)
    width, height = columns * (1 - left - right), rows * (1 - top - bottom)
    stretch = np.exp(rng.uniform(-0.14, 0.14))
    wide, high = width * stretch, height / stretch
    pads = rng.uniform(0, 0.16, 4) * (rng.rand(4) < 0.4)
    if rng.rand() < 0.12:
        # Padded to a square, or to any aspect, so that a film's shape is no sign of its view.
        extra = max(0.0, (high - wide) / wide, (wide - high) / high) * rng.uniform(0.3, 1)
        share = rng.rand()
        pads[0 if wide < high else 2] += extra * share
        pads[1 if wide < high else 3] += extra * (1 - share)
    zoom = SIDE / max(wide * (1 + pads[0] + pads[1]), high * (1 + pads[2] + pads[3]))
    size = (max(8, int(wide * (1 + pads[0] + pads[1]) * zoom)), max(8, int(high * (1 + pads[2] + pads[3]) * zoom)))
    angle = np.deg2rad(rng.normal(0, 5))
    source = np.array([columns * left + width / 2, rows * top + height / 2])
    target = np.array([wide * (pads[0] + 0.5), high * (pads[2] + 0.5)]) * zoom
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = turn @ np.diag([stretch * zoom, zoom / stretch])
    matrix = np.concatenate([linear, (target - linear @ source)[:, None]], 1)
    fill = rng.choice([0.0, 0.0, 1.0, rng.rand()])
    if linear[0, 0] < 0.6:
        film = cv2.blur(film, (2, 2))
    picture = cv2.warpAffine(film, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=fill * 255)
    # Only what lies within the cut is film: the rest is border, as a collimator or a frame leaves it.
    x0, y0 = (target - np.array([wide, high]) * zoom / 2).astype(int)
    x1, y1 = (target + np.array([wide, high]) * zoom / 2).astype(int)
    framed = np.full_like(picture, fill * 255)
    framed[max(y0, 0):y1, max(x0, 0):x1] = picture[max(y0, 0):y1, max(x0, 0):x1]
    return framed / 255


def wear(picture, rng):
    """Gamma, contrast, shading, vignette, collimation, blur, noise, JPEG, text, markers and blotted corners."""
    rows, columns = picture.shape
    picture = np.clip(picture, 0, 1) ** np.exp(rng.normal(0, 0.3))
    if rng.rand() < 0.4:
        y, x = np.mgrid[-1:1:rows * 1j, -1:1:columns * 1j]
        picture = picture * (1 + rng.normal(0, 0.2) * y + rng.normal(0, 0.2) * x)
        if rng.rand() < 0.5:
            picture = picture * np.clip(1 - rng.uniform(0, 0.7) * np.clip(np.hypot(x, y) - rng.uniform(0.4, 1), 0, None), 0, 1)
    if rng.rand() < 0.15:
        edge = (rng.uniform(0, 0.12, 4) * np.array([rows, rows, columns, columns])).astype(int)
        veil = np.full_like(picture, rng.uniform(0, 0.3))
        veil[edge[0]:rows - edge[1], edge[2]:columns - edge[3]] = 1
        picture = picture * cv2.blur(veil, (3, 3))
    if rng.rand() < 0.2:
        low, high = sorted(rng.rand(2))
        if high - low > 0.5:
            picture = np.clip((picture - low) / (high - low), 0, 1)
    if rng.rand() < 0.15:
        local = cv2.GaussianBlur(picture.astype(np.float32), (0, 0), rng.uniform(6, 20))
        picture = picture + rng.uniform(0.3, 1.2) * (picture - local)
    picture = np.ascontiguousarray(np.clip(picture, 0, 1), np.float32)
    if rng.rand() < 0.35:
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, 1.1))
    for _ in range(rng.choice([0, 0, 1, 1, 2, 4])):
        mark(picture, rng)
    if rng.rand() < 0.4:
        picture = picture + rng.normal(0, rng.uniform(0.003, 0.045), picture.shape).astype(np.float32)
    picture = np.clip(picture, 0, 1)
    if rng.rand() < 0.25:
        _, packed = cv2.imencode(".jpg", (picture * 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, int(rng.randint(25, 90))])
        picture = cv2.imdecode(packed, 0).astype(np.float32) / 255
    return picture


def mark(picture, rng):
    """A letter, a line of text, a label or a blot near the rim: what sources differ in, given to all alike."""
    rows, columns = picture.shape
    x, y = rng.randint(0, columns), rng.randint(0, rows)
    if rng.rand() < 0.8:
        # Towards the rim, where markers stand.
        if rng.rand() < 0.5:
            x = int(rng.choice([rng.uniform(0, 0.15), rng.uniform(0.8, 1)]) * columns)
        else:
            y = int(rng.choice([rng.uniform(0, 0.15), rng.uniform(0.85, 1)]) * rows)
    grey = float(rng.choice([0.0, 1.0, 1.0, rng.rand()]))
    w, h = rng.randint(2, 13), rng.randint(2, 17)
    if rng.rand() < 0.5:
        cv2.rectangle(picture, (x, y), (x + w, y + h), grey, -1)
        grey = 1 - grey
    if rng.rand() < 0.6:
        text = "".join(rng.choice(LETTERS, rng.choice([1, 1, 2, 6])))
        cv2.putText(picture, text, (x, y + h), 0, rng.uniform(0.15, 0.5), grey, 1)


def finish(picture):
    """The picture normalised by its percentiles and put into the middle of the black canvas."""
    low, high = np.percentile(picture, [1, 99.5])
    picture = np.clip((picture - low) / max(high - low, 1e-6), 0, 1)
    rows, columns = picture.shape
    canvas = np.zeros((SIDE, SIDE), np.float32)
    top, left = (SIDE - rows) // 2, (SIDE - columns) // 2
    canvas[top:top + rows, left:left + columns] = picture
    return canvas


def part_of(film, rng):
    """A small part of a film: no view can be told from it."""
    rows, columns = film.shape
    h, w = max(8, int(rows * rng.uniform(0.08, 0.25))), max(8, int(columns * rng.uniform(0.08, 0.25)))
    y, x = rng.randint(0, rows - h + 1), rng.randint(0, columns - w + 1)
    part = film[y:y + h, x:x + w]
    return cv2.resize(part, (w * 4, h * 4), interpolation=cv2.INTER_CUBIC)


def shuffled(film, rng):
    """A film's tiles in another order: its texture without its anatomy."""
    n = rng.randint(3, 7)
    film = cv2.resize(film, (n * 36, n * 36))
    tiles = [film[36 * (i // n):36 * (i // n) + 36, 36 * (i % n):36 * (i % n) + 36] for i in rng.permutation(n * n)]
    return np.vstack([np.hstack(tiles[n * k:n * k + n]) for k in range(n)])


def drawn_slice(rng):
    """Something like a slice of CT or MR, or a sector of ultrasound: rings, ellipses and speckle."""
    side = 200
    picture = np.full((side, side), rng.uniform(0, 90), np.float32)
    speckle = cv2.resize(rng.rand(rng.randint(20, 200), rng.randint(20, 200)).astype(np.float32), (side, side))
    centre, angle = (100 + rng.randint(-8, 9), 100 + rng.randint(-8, 9)), int(rng.randint(180))
    axes = np.array([rng.randint(50, 96), rng.randint(40, 96)])
    cv2.circle(picture, (100, 100), rng.randint(80, 145), float(rng.uniform(0, 110)), -1)
    if rng.rand() < 0.75:
        cv2.ellipse(picture, centre, tuple(int(a) for a in axes), angle, 0, 360, float(rng.uniform(90, 230)), -1)
        if rng.rand() < 0.5:
            cv2.ellipse(picture, centre, tuple(int(a) for a in axes), angle, 0, 360, 255.0, int(rng.randint(2, 14)))
    else:
        picture[:] = 0
        cv2.ellipse(picture, (100, rng.randint(-20, 40)), (170, 170), 90, -rng.randint(20, 50), rng.randint(20, 50), 120.0, -1)
        picture *= 0.2 + 1.6 * speckle
    for _ in range(rng.randint(2, 14)):
        at = (int(100 + rng.normal(0, 35)), int(100 + rng.normal(0, 35)))
        size = (int(rng.randint(2, 34)), int(rng.randint(2, 34)))
        cv2.ellipse(picture, at, size, int(rng.randint(180)), 0, 360, float(rng.uniform(0, 255)), int(rng.choice([-1, -1, 2, 4])))
    return cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.5, 2.5)) * (1 + (speckle - 0.5) * rng.uniform(0, 1))


def drawn_limb(rng):
    """Something like a film of a limb: soft tissue with shafts, joints and many ends of bone."""
    picture = np.full((220, 220), rng.uniform(0, 40), np.float32)
    angle, bend = rng.uniform(0, np.pi), rng.normal(0, 0.35)
    way = [np.array([np.cos(a), np.sin(a)]) for a in (angle, angle + bend)]
    middle = np.array([110.0, 110.0]) + rng.normal(0, 12, 2)
    ends = [middle - 130 * way[0], middle + 130 * way[1]]
    across = np.array([-way[0][1], way[0][0]])
    flesh, bone = rng.uniform(40, 110), rng.uniform(8, 26)
    for end in ends:
        cv2.line(picture, tuple(middle.astype(int)), tuple(end.astype(int)), float(rng.uniform(70, 110)), int(flesh))
    for side, end in enumerate(ends):
        for k in range(1 + (rng.rand() < 0.5)):
            offset = across * (k - 0.3) * flesh * 0.4
            a, b = (middle + offset).astype(int), (end + offset).astype(int)
            cv2.line(picture, tuple(a), tuple(b), 215.0, int(bone))
            cv2.line(picture, tuple(a), tuple(b), 150.0, max(1, int(bone * 0.5)))
            joint = middle + offset + (1 if side else -1) * way[side] * bone
            cv2.ellipse(picture, tuple(joint.astype(int)), (int(bone * 1.1), int(bone * 0.8)), int(rng.randint(180)), 0, 360, 200.0, -1)
    return cv2.GaussianBlur(picture, (0, 0), rng.uniform(1, 3)) + rng.normal(0, 4, picture.shape).astype(np.float32)


def drawn_pattern(rng):
    """Noise, flat fields, stripes, figures and pages of text."""
    picture = np.full((200, rng.randint(120, 260)), rng.uniform(0, 255), np.float32)
    rows, columns = picture.shape
    kind = rng.randint(5)
    if kind == 0:
        picture = 255 * cv2.resize(rng.rand(rng.randint(2, 200), rng.randint(2, 200)).astype(np.float32), (columns, rows))
    elif kind == 1:
        picture += 100 * np.sin(np.arange(rows) * rng.uniform(0.03, 0.8))[:, None] * rng.choice([0, 1])
        picture += 100 * np.sin(np.arange(columns) * rng.uniform(0.03, 0.8))
    elif kind == 2:
        for row in range(10, rows, rng.randint(8, 30)):
            cv2.putText(picture, "".join(rng.choice(LETTERS, 20)), (4, row), 0, rng.uniform(0.2, 0.7), float(rng.uniform(0, 255)), 1)
    else:
        for _ in range(rng.randint(0, 14)):
            a = (int(rng.randint(columns)), int(rng.randint(rows)))
            b = (int(rng.randint(columns)), int(rng.randint(rows)))
            grey, line = float(rng.uniform(0, 255)), int(rng.choice([-1, 2, 6]))
            if rng.rand() < 0.5:
                cv2.rectangle(picture, a, b, grey, line)
            else:
                cv2.circle(picture, a, int(rng.randint(3, 90)), grey, line)
    return np.clip(picture, 0, 255).astype(np.float32)


def draw_other(real, made, films, rng):
    """One picture that is none of the five views, before it is worn."""
    kind = rng.rand()
    if kind < 0.3:
        return real[rng.randint(len(real))]
    if kind < 0.42:
        return made[rng.randint(len(made))]
    pick = films[rng.randint(len(films))]
    if kind < 0.57:
        return part_of(pick, rng)
    if kind < 0.63:
        return shuffled(pick, rng)
    return [drawn_slice, drawn_slice, drawn_limb, drawn_pattern, drawn_pattern][rng.randint(5)](rng)
