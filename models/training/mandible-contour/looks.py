"""Simulated looks: a cached film as another device, program, patient or mishap would show it, with labels that stay right."""
import cv2
import numpy as np

from prepare import COLUMNS, ROWS, normalise

WORDS = ["ALMA TESTER", "BRUNO MUSTER", "Praxis am Park", "66 kV 8 mA", "12.03.1961", "2024-05-17 09:41", "ID 000417", "OPG",
         "PAN P1", "14.1 s", "Adult", "Orthopantomo", "dose 84", "RIGHT", "LEFT", "R", "L", "R", "L", "*", "1:1.25"]


def draw_text(image, rng, left, top, right, bottom):
    """One line of text or a marker, at times on a box, somewhere in the given rectangle."""
    text, size = WORDS[rng.randint(len(WORDS))], rng.uniform(0.3, 0.75) if rng.rand() < 0.7 else rng.uniform(0.8, 1.8)
    (width, height), _ = cv2.getTextSize(text, 0, size, 1)
    x = int(rng.uniform(left, max(left + 1, right - width)))
    y = int(rng.uniform(top + height, max(top + height + 1, bottom)))
    ink = rng.choice([0.0, 0.5, 0.8, 1.0, 1.3])
    if rng.rand() < 0.3:
        cv2.rectangle(image, (x - 3, y - height - 3), (x + width + 3, y + 4), float(rng.choice([0.0, 1.0 - ink, 0.4])), -1)
    cv2.putText(image, text, (x, y), int(rng.choice([0, 2, 3, 5])), size, float(ink), int(rng.choice([1, 1, 2])), cv2.LINE_AA)


class Placement:
    """How a film lies in a picture of another size, and the picture in the canvas; bent and turned like a tilted head."""

    def __init__(self, rim, rng):
        """rim: the film's left, top, right, bottom in the cache."""
        left, top, right, bottom = rim
        film = np.array([right - left, bottom - top], np.float64)
        aspect = film[0] / film[1] * np.exp(rng.uniform(-0.1, 0.1)) if rng.rand() < 0.5 else rng.uniform(1.7, 2.9)
        self.size = np.array([min(COLUMNS, ROWS * aspect), min(ROWS, COLUMNS / aspect)]).astype(int)
        self.corner = (np.array([COLUMNS, ROWS]) - self.size) // 2
        stretch = np.exp(rng.uniform(-0.07, 0.07))
        fit = min(self.size[0] / (film[0] * stretch), self.size[1] / film[1] * stretch)
        fit *= rng.uniform(0.78, 1.0) if rng.rand() < 0.7 else rng.uniform(1.0, 1.3)
        scale = np.array([fit * stretch, fit / stretch])
        slack = self.size - film * scale
        start = self.corner + slack * rng.uniform(0, 1, 2)
        angle, shear = np.deg2rad(rng.uniform(-5, 5)), rng.uniform(-0.04, 0.04)
        self.flip = rng.rand() < 0.5
        linear = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ np.array([[1, shear], [0, 1]])
        linear = linear @ np.diag(scale * [-1 if self.flip else 1, 1])
        middle = np.array([(left + right) / 2, (top + bottom) / 2])
        self.forward = np.concatenate([linear, (start + film * scale / 2 - linear @ middle)[:, None]], 1)
        self.rim, self.middle, self.half = rim, middle, film / 2
        self.is_tilted = rng.rand() < 0.5
        self.bends = rng.uniform(-1, 1, 3) * [30, 8, 8] * self.is_tilted
        self.turn = (rng.uniform(-0.12, 0.12) or 0.01) * self.is_tilted

    def lean(self, t):
        """How far the head's tilt moves a column of the film down (cache pixels), t from -1 to 1 across it."""
        return self.bends[0] * (t * t - 0.3) + self.bends[1] * t * t * t + self.bends[2] * np.sin(4 * t)

    def points(self, points):
        """Points of the cache [n,2] in the canvas; the row is NaN where the bend took them off the film."""
        t = (points[:, 0] - self.middle[0]) / self.half[0]
        turned = t + self.turn * (1 - t * t)
        moved = np.stack([turned * self.half[0] + self.middle[0], points[:, 1] + self.lean(turned)], 1)
        left, top, right, bottom = self.rim
        gone = (moved[:, 0] < left) | (moved[:, 0] > right - 1) | (moved[:, 1] < top) | (moved[:, 1] > bottom - 1)
        placed = moved @ self.forward[:, :2].T + self.forward[:, 2]
        placed[gone, 1] = np.nan
        return placed

    def warp(self, canvas):
        """The film in the canvas and where it lies (elsewhere the frame shows)."""
        inverse = cv2.invertAffineTransform(self.forward).astype(np.float32)
        u, v = np.arange(COLUMNS, dtype=np.float32)[None], np.arange(ROWS, dtype=np.float32)[:, None]
        x = inverse[0, 0] * u + inverse[0, 1] * v + inverse[0, 2]
        y = inverse[1, 0] * u + inverse[1, 1] * v + inverse[1, 2]
        left, top, right, bottom = self.rim
        inside = (x > left - 0.5) & (x < right - 0.5) & (y > top - 0.5) & (y < bottom - 0.5)
        if self.is_tilted:
            t = (x - np.float32(self.middle[0])) / np.float32(self.half[0])
            y = (y - self.lean(t)).clip(top, bottom - 1)
            # The turn is t = s + turn (1 - s * s), solved for s.
            source = (1 - np.sqrt(np.maximum(1 - 4 * self.turn * (t - self.turn), 0))) / (2 * self.turn)
            x = source * self.half[0] + self.middle[0]
        x, y = x.clip(left, right - 1), y.clip(top, bottom - 1)
        return cv2.remap(canvas, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR), inside

    def window(self):
        """The picture's rows and columns in the canvas."""
        (x, y), (w, h) = self.corner, self.size
        return slice(int(y), int(y + h)), slice(int(x), int(x + w))


def random_row(rows, rng):
    """A column and the border's row there."""
    x = np.flatnonzero(np.isfinite(rows))
    if not len(x):
        return int(rng.randint(COLUMNS)), float(rng.uniform(150, 320))
    x = x[rng.randint(len(x))]
    return int(2 * x), float(rows[x])


def add_shadows(image, rows, rng):
    """Hyoid bone, airway, ghosts: blurred bright or dark bars, arcs and bands on, below and over the border."""
    for _ in range(rng.randint(1, 5)):
        layer = np.zeros((ROWS, COLUMNS), np.float32)
        x, y = random_row(rows, rng)
        centre = (int(x + rng.normal(0, 15)), int(y + rng.uniform(-30, 45)))
        thick = int(rng.uniform(3, 14))
        kind = rng.randint(4)
        if kind == 0:
            start = rng.randint(0, 180)
            cv2.ellipse(layer, centre, (int(rng.randint(20, 110)), int(rng.randint(8, 45))), rng.randint(-25, 25), start,
                        start + rng.randint(90, 200), 1.0, thick)
        elif kind == 1:
            angle, reach = rng.uniform(-0.6, 0.6), rng.randint(15, 130)
            tip = (int(centre[0] + reach * np.cos(angle)), int(centre[1] + reach * np.sin(angle)))
            cv2.line(layer, centre, tip, 1.0, thick)
        elif kind == 2:
            angle = rng.uniform(0.7, 2.4)
            ends = [(int(centre[0] + s * 160 * np.cos(angle)), int(centre[1] + s * 160 * np.sin(angle))) for s in (-1, 1)]
            cv2.line(layer, ends[0], ends[1], 1.0, int(rng.uniform(12, 60)))
        else:
            cv2.ellipse(layer, centre, (int(rng.randint(10, 80)), int(rng.randint(5, 30))), rng.randint(-40, 40), 0, 360, 1.0, -1)
        layer = cv2.GaussianBlur(layer, (0, 0), rng.uniform(0.8, 6))
        strength = rng.uniform(0.04, 0.35)
        image = image + strength * layer if rng.rand() < 0.55 else image * (1 - 1.6 * strength * layer)
    return image


def add_soft_edge(image, rows, rng):
    """A second, soft-tissue edge below the border, about parallel to it: what dark films tempt a reader with."""
    known = np.isfinite(rows)
    if known.sum() < 50:
        return image
    columns = np.arange(COLUMNS)
    course = np.interp(columns, 2 * np.flatnonzero(known) + 0.5, rows[known])
    course = course + rng.uniform(6, 40) + rng.uniform(0, 12) * np.sin(columns * rng.uniform(0.005, 0.03) + rng.uniform(0, 6))
    above = 1 / (1 + np.exp(np.clip((np.arange(ROWS)[:, None] - course) / rng.uniform(0.5, 3), -30, 30)))
    return image + rng.uniform(0.02, 0.15) * above.astype(np.float32)


def add_metal(image, rows, rng):
    """Implants, plates and screws near the body, some of them across the border."""
    for _ in range(rng.randint(1, 6)):
        x, y = random_row(rows, rng)
        bright = float(rng.uniform(0.85, 1.4))
        kind = rng.randint(3)
        if kind == 0:
            top, reach, half = y - rng.uniform(50, 150), rng.uniform(25, 70), rng.uniform(4, 9)
            lean = rng.uniform(-0.2, 0.2) * reach
            shape = np.array([[x - half, top], [x + half, top], [x + half * 0.6 + lean, top + reach], [x - half * 0.6 + lean, top + reach]])
            cv2.fillPoly(image, [shape.astype(np.int32)], bright, cv2.LINE_AA)
        else:
            holes, step, rise = rng.randint(2, 7), rng.uniform(10, 18), rng.uniform(-0.35, 0.35)
            y = y + (rng.uniform(-40, -6) if kind == 1 else rng.uniform(-8, 8))
            spots = [(int(x + i * step), int(y + i * step * rise)) for i in range(holes)]
            cv2.line(image, spots[0], spots[-1], bright, int(rng.uniform(2, 6)), cv2.LINE_AA)
            for spot in spots:
                cv2.circle(image, spot, int(rng.uniform(3, 7)), bright, -1, cv2.LINE_AA)
                if rng.rand() < 0.6:
                    cv2.line(image, spot, (spot[0] + rng.randint(-4, 5), spot[1] + rng.randint(-25, 26)), bright, 2, cv2.LINE_AA)
    return image


def add_chin_rest(image, rows, rng):
    """A chin rest: a block with edges in the middle, from about the border down."""
    known = np.flatnonzero(np.isfinite(rows))
    if not len(known):
        return image
    middle = int(2 * np.median(known) + rng.normal(0, 20))
    row = int(rows[known[np.argmin(abs(2 * known - middle))]] + rng.uniform(-6, 22))
    half, deep = rng.randint(15, 75), rng.randint(6, 70)
    layer = np.zeros((ROWS, COLUMNS), np.float32)
    cv2.rectangle(layer, (middle - half, row), (middle + half, row + deep), 1.0, -1 if rng.rand() < 0.6 else 3)
    if rng.rand() < 0.4:
        cv2.rectangle(layer, (middle - 6, row - rng.randint(40, 160)), (middle + 6, row), 0.6, -1)
    layer = cv2.GaussianBlur(layer, (0, 0), rng.uniform(0.5, 2.5))
    return image + rng.uniform(0.06, 0.6) * layer


def expose(image, rng):
    """Another curve of grey values: gamma, window, sigmoid, or so dark that the border is a few grey levels."""
    kind = rng.randint(5)
    image = np.clip(image, 0, 1.5)
    if kind == 0:
        return np.power(image, np.exp(rng.uniform(-0.9, 0.9)))
    if kind == 1:
        low = rng.uniform(-0.15, 0.15)
        return np.clip((image - low) / (rng.uniform(0.55, 1.3) - low), 0, 1)
    if kind == 2:
        return 1 / (1 + np.exp(-(image - rng.uniform(0.25, 0.65)) * rng.uniform(3, 10)))
    if kind == 3:
        dark = np.power(image, rng.uniform(1.5, 3.2))
        return np.round(dark * 255) / 255 if rng.rand() < 0.5 else dark
    return image


def seams(image, rng):
    """Steps of gain: rows, columns, and the automatic exposure's dark lower half with a brighter box in the middle."""
    image = image.copy()
    for _ in range(rng.randint(0, 3)):
        row = rng.randint(60, ROWS)
        image[row:row + (ROWS if rng.rand() < 0.6 else rng.randint(4, 80))] *= rng.uniform(0.55, 1.5)
    for _ in range(rng.randint(0, 3)):
        column = rng.randint(0, COLUMNS)
        image[:, column:column + (COLUMNS if rng.rand() < 0.4 else rng.randint(3, 250))] *= rng.uniform(0.6, 1.45)
    if rng.rand() < 0.4:
        gain = np.ones((ROWS, COLUMNS), np.float32)
        row, half = rng.randint(150, 290), rng.randint(50, 160)
        middle = COLUMNS // 2 + rng.randint(-50, 50)
        gain[row:] = rng.uniform(0.25, 0.8)
        gain[row + rng.randint(-30, 60):, max(0, middle - half):middle + half] = rng.uniform(0.7, 1.1)
        image *= cv2.GaussianBlur(gain, (0, 0), rng.uniform(1, 14))
    return image


def vignette(image, rng):
    """Brighter or darker rim, off the centre."""
    x = (np.arange(COLUMNS) - COLUMNS * rng.uniform(0.3, 0.7)) / (COLUMNS / 2)
    y = (np.arange(ROWS)[:, None] - ROWS * rng.uniform(0.3, 0.7)) / (ROWS / 2)
    return image * (1 - rng.uniform(-0.25, 0.6) * np.clip(0.6 * x * x + 0.4 * y * y, 0, 1.2)).astype(np.float32)


def focus(image, rng):
    """Blur, unsharp masks of every width with their halos, and local contrast."""
    kind = rng.randint(4)
    image = np.ascontiguousarray(image, np.float32)
    if kind == 0:
        return cv2.GaussianBlur(image, (0, 0), rng.uniform(0.5, 2.0))
    if kind == 1:
        return cv2.GaussianBlur(image, (0, 0), sigmaX=rng.uniform(0.3, 3), sigmaY=rng.uniform(0.3, 1.2))
    if kind == 2:
        return image + rng.uniform(0.5, 3.0) * (image - cv2.GaussianBlur(image, (0, 0), rng.uniform(0.7, 6)))
    slow = cv2.GaussianBlur(image, (0, 0), rng.uniform(12, 40))
    spread = np.sqrt(cv2.GaussianBlur((image - slow) ** 2, (0, 0), 25)) + 0.05
    share = rng.uniform(0.3, 1.0)
    return (1 - share) * image + share * np.clip(0.5 + 0.22 * (image - slow) / spread, 0, 1)


def grain(image, rng):
    """Noise: fine or coarse, even or stronger where the film is dark."""
    noise = rng.normal(0, rng.uniform(0.01, 0.07), image.shape).astype(np.float32)
    if rng.rand() < 0.5:
        noise = cv2.GaussianBlur(noise, (0, 0), rng.uniform(0.5, 1.5)) * 2.5
    return image + (noise * (1.2 - np.clip(image, 0, 1)) if rng.rand() < 0.5 else noise)


def change_film(image, rows, rng):
    """Everything that happens to the film itself; at least one thing does."""
    steps = [(0.25, lambda i: add_shadows(i, rows, rng)), (0.3, lambda i: add_soft_edge(i, rows, rng)),
             (0.15, lambda i: add_chin_rest(i, rows, rng)), (0.18, lambda i: add_metal(np.ascontiguousarray(i, np.float32), rows, rng)),
             (0.3, lambda i: seams(i, rng)), (0.25, lambda i: vignette(i, rng)), (0.6, lambda i: expose(i, rng)),
             (0.35, lambda i: focus(i, rng)), (0.35, lambda i: grain(i, rng))]
    for share, step in steps:
        if rng.rand() < share:
            image = step(image)
    return image


def frame_and_text(image, inside, place, rng, upside_down):
    """What lies round the film and over it: a frame, a strip, burnt-in words; then grey values upside down (None: at times)."""
    tone = rng.choice([0.0, 0.0, 1.0, 1.0, rng.uniform(0.05, 0.95)])
    image = np.where(inside, image, tone).astype(np.float32)
    window_rows, window_columns = place.window()
    top, bottom, left, right = window_rows.start, window_rows.stop, window_columns.start, window_columns.stop
    if rng.rand() < 0.15:
        thick = rng.randint(2, 14)
        cv2.rectangle(image, (left, top), (right - 1, bottom - 1), float(rng.rand()), 2 * thick)
    if rng.rand() < 0.1:
        deep = rng.randint(8, 30)
        image[slice(top, top + deep) if rng.rand() < 0.5 else slice(bottom - deep, bottom), left:right] = float(rng.choice([0, 1]))
    if rng.rand() < 0.5:
        for _ in range(rng.randint(1, 5)):
            draw_text(image, rng, left, top, right, bottom)
    chance = rng.rand() < 0.1
    return 1 - image if (chance if upside_down is None else upside_down) else image


def finish(image, place):
    """The service's own preparation: percentiles of the whole picture with frame and text, black round the picture."""
    window = place.window()
    canvas = np.zeros((ROWS, COLUMNS), np.float32)
    canvas[window] = normalise(image[window])
    return canvas


def simulate(canvas, rim, borders, rng, on_grid, upside_down=None):
    """A cached picture in another look: image, each border's rows on the grid, and the placement for further points."""
    place = Placement(rim, rng)
    rows = [on_grid(place.points(points)) for points in borders]
    window_rows, window_columns = place.window()
    if rows and rng.rand() < 0.12 and np.isfinite(rows[0]).any():
        # Chin cut off: the picture ends before the border does.
        limit = int(np.nanmax(rows[0]) - rng.uniform(-3, 28))
        place.size[1] = max(120, min(place.size[1], limit - place.corner[1]))
    image, inside = place.warp(canvas)
    image = change_film(image, rows[0] if rows else np.full(COLUMNS // 2, np.nan), rng)
    image = finish(frame_and_text(np.clip(image, 0, 1.4), inside, place, rng, upside_down), place)
    window_rows, window_columns = place.window()
    grid = 2 * np.arange(COLUMNS // 2) + 0.5
    seen = (grid > window_columns.start) & (grid < window_columns.stop - 1)
    rows = [np.where(seen & (r > window_rows.start) & (r < window_rows.stop - 2), r, np.nan) for r in rows]
    return image, rows, place
