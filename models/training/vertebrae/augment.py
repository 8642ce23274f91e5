"""Warps that move the labels too, and grey-value changes; shared by the whole film and the crops."""
import cv2
import numpy as np


def random_deformity(rng, strong):
    """How much the three heights of a body shrink, how the endplates share it, and how far the neighbours follow."""
    if not strong:
        losses = rng.uniform(-0.06, 0.06, 3)
    else:
        kind = rng.randint(5)
        depth = rng.uniform(0.08, 0.55)
        losses = rng.uniform(-0.05, 0.05, 3)
        if kind == 0:
            losses += depth * np.array([1, rng.uniform(0.35, 0.75), 0])
        elif kind == 1:
            losses += depth * np.array([rng.uniform(0, 0.4), 1, rng.uniform(0, 0.3)])
        elif kind == 2:
            losses += depth * np.array([1, rng.uniform(0.9, 1.15), rng.uniform(0.85, 1)])
        elif kind == 3:
            losses += rng.uniform(0, 0.5, 3)
        else:
            losses += depth * np.array([0, rng.uniform(0.2, 0.5), 0.8])
    return {"losses": np.clip(losses, -0.12, 0.6), "share": rng.uniform(0, 1), "bumpShare": rng.uniform(0.1, 0.9),
            "reach": rng.uniform(0.35, 1.2), "follow": rng.uniform(0, 1)}


class Deformity:
    """A smooth vertical warp in a body's frame that changes its anterior, middle and posterior height."""

    def __init__(self, frame, points, choice):
        self.centre, self.u, self.v, width, self.height = frame
        self.half = width / 2
        self.choice = choice
        local = self.to_local(points)
        ends = [0, 2, 3, 5] if not np.isfinite(points).all() else None
        self.upper = self._curve(local[:3] if ends is None else local[[0, 2]])
        self.lower = self._curve(local[3:] if ends is None else local[[3, 5]])

    @staticmethod
    def _curve(points):
        return np.polyfit(points[:, 0], points[:, 1], len(points) - 1)

    def to_local(self, points):
        """Film pixels to (half widths along the endplates, heights down)."""
        d = points - self.centre
        return np.stack([d @ self.u / self.half, d @ self.v / self.height], -1)

    def _knots(self, x):
        """For columns x: heights of the knots before the warp and how far each moves."""
        inner = np.clip(x, -1.25, 1.25)
        la, lm, lp = self.choice["losses"]
        linear = la + (lp - la) * (inner + 1) / 2
        bump = (lm - (la + lp) / 2) * np.clip(1 - inner ** 2, 0, None)
        fade = np.clip((3.2 - np.abs(x)) / 1.6, 0, 1)
        fade = fade * fade * (3 - 2 * fade)
        top, bottom = np.polyval(self.upper, inner), np.polyval(self.lower, inner)
        share, bump_share, reach = self.choice["share"], self.choice["bumpShare"], self.choice["reach"]
        down, up = linear * share, linear * (1 - share)
        far_down, far_up = down * self.choice["follow"] * fade, up * self.choice["follow"] * fade
        down, up = (down + bump * bump_share) * fade, (up + bump * (1 - bump_share)) * fade
        before = np.stack([top - reach, top, bottom, bottom + reach])
        return before, np.stack([far_down, down, -up, -far_up])

    @staticmethod
    def _piecewise(y, knots, moves):
        """y plus a move that is linear between the knots and constant beyond them."""
        out = np.where(y <= knots[0], moves[0], moves[-1])
        for k in range(len(knots) - 1):
            t = (y - knots[k]) / np.maximum(knots[k + 1] - knots[k], 1e-3)
            out = np.where((t > 0) & (t <= 1), moves[k] + t * (moves[k + 1] - moves[k]), out)
        return y + out

    def _apply(self, points, inverse):
        local = self.to_local(points)
        before, moves = self._knots(local[..., 0])
        if inverse:
            y = self._piecewise(local[..., 1], before + moves, -moves)
        else:
            y = self._piecewise(local[..., 1], before, moves)
        return points + ((y - local[..., 1]) * self.height)[..., None] * self.v

    def forward(self, points):
        """Where points of the film go."""
        return self._apply(points, False)

    def inverse(self, points):
        """Where points of the warped film come from."""
        return self._apply(points, True)


def elastic_field(rng, rows, columns, cells, amplitude):
    """A smooth displacement (x and y, in pixels) of every pixel."""
    shape = (max(3, cells * rows // columns), cells)
    coarse = rng.normal(0, amplitude, (*shape, 2)).astype(np.float32)
    return cv2.resize(coarse, (columns, rows), interpolation=cv2.INTER_CUBIC)


def inverse_elastic(field, points):
    """The pixels that a displacement field sends to given points, by fixed-point iteration."""
    rows, columns = field.shape[:2]
    known = np.nan_to_num(points)
    q = known.copy()
    for _ in range(4):
        x = np.clip(q[:, 0], 0, columns - 1).astype(int)
        y = np.clip(q[:, 1], 0, rows - 1).astype(int)
        q = known - field[y, x]
    return np.where(np.isfinite(points), q, np.nan)


def add_bands(image, rng, strength):
    """Soft bright or dark bands and spots: gas, ribs, collimator shadows, glare."""
    rows, columns = image.shape[0] // 4, image.shape[1] // 4
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    total = np.zeros((rows, columns), np.float32)
    for _ in range(rng.randint(1, 4)):
        a = rng.uniform(0, np.pi)
        along = (x - rng.uniform(0, columns)) * np.cos(a) + (y - rng.uniform(0, rows)) * np.sin(a)
        wide = rng.uniform(0.03, 0.35) * columns
        if rng.rand() < 0.5:
            across = -(x - rng.uniform(0, columns)) * np.sin(a) + (y - rng.uniform(0, rows)) * np.cos(a)
            shape = np.exp(-0.5 * ((along / wide) ** 2 + (across / (wide * rng.uniform(0.5, 2))) ** 2))
        else:
            shape = np.exp(-0.5 * (along / wide) ** 2)
        total += shape * rng.normal(0, 0.15 * strength)
    return image + cv2.resize(total, image.shape[::-1], interpolation=cv2.INTER_CUBIC)


def add_specks(image, rng):
    """Bright specks and short lines anywhere, so that what is left of an overlay says nothing."""
    for _ in range(rng.randint(1, 8)):
        x, y = int(rng.randint(image.shape[1])), int(rng.randint(image.shape[0]))
        value = float(image.max() * rng.uniform(0.8, 1.3))
        if rng.rand() < 0.6:
            image[y:y + rng.randint(1, 3), x:x + rng.randint(1, 3)] = value
        else:
            cv2.line(image, (x, y), (x + int(rng.normal(0, 5)), y + int(rng.normal(0, 8))), value, 1)
    return image


def change_greys(image, rng, strength=1.0):
    """Gamma, contrast, sigmoid, ramps, bands, blur, sharpening, noise, JPEG, specks, text."""
    image = cv2.pow(np.clip(image, 0, 1).astype(np.float32), float(np.exp(rng.normal(0, 0.3 * strength))))
    if rng.rand() < 0.3:
        k, m = rng.uniform(3, 8), rng.uniform(0.3, 0.7)
        image = 1 / (1 + np.exp(-k * (image - m)))
    rows, columns = image.shape
    if rng.rand() < 0.5:
        ramp = np.linspace(-1, 1, rows, dtype=np.float32)[:, None] * rng.normal(0, 0.2)
        image = image * (1 + ramp + np.linspace(-1, 1, columns, dtype=np.float32) * rng.normal(0, 0.2))
    if rng.rand() < 0.4:
        image = add_bands(image, rng, strength)
    image = np.ascontiguousarray(image, np.float32)
    blur = rng.rand()
    if blur < 0.35:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 1.3))
    elif blur < 0.6:
        image = image + rng.uniform(0.3, 2.0) * (image - cv2.GaussianBlur(image, (0, 0), rng.uniform(0.8, 4)))
    elif blur < 0.7:
        s = rng.uniform(0.45, 0.8)
        small = cv2.resize(image, (int(columns * s), int(rows * s)), interpolation=cv2.INTER_AREA)
        image = cv2.resize(small, (columns, rows), interpolation=cv2.INTER_LINEAR)
    if rng.rand() < 0.5:
        noise = cv2.randn(np.empty((rows, columns), np.float32), 0, 1)
        if rng.rand() < 0.5:
            noise = cv2.GaussianBlur(noise, (0, 0), 0.8) * 2
        image = image + noise * rng.uniform(0.005, 0.06 * strength)
    if rng.rand() < 0.15:
        code = cv2.imencode(".jpg", (np.clip(image, 0, 1) * 255).astype(np.uint8), [1, int(rng.randint(25, 80))])[1]
        image = cv2.imdecode(code, cv2.IMREAD_GRAYSCALE).astype(np.float32) / 255
    if rng.rand() < 0.25:
        image = add_specks(image, rng)
    if rng.rand() < 0.04:
        text = "".join(rng.choice(list("RLABC0123456789"), rng.randint(1, 6)))
        cv2.putText(image, text, (int(rng.randint(columns)), int(rng.randint(rows))), 0, rng.uniform(0.3, 0.9),
                    float(rng.uniform(0.6, 1.1)), 1)
    return image


def stretched(image, inside):
    """The picture with what lies inside the film roughly from 0 to 1, so that noise and bands are in proportion to it."""
    values = image[::3, ::3][inside[::3, ::3]]
    if len(values) < 20:
        return image
    a, b = np.percentile(values, [1, 99])
    return np.clip((image - a) / max(b - a, 0.02), 0, 1)


def normalise(image, inside, low, high):
    """Percentiles of what lies inside the film to 0 and 1; 0 outside."""
    step = 1 if image.size < 20000 else 4
    values = image[::step, ::step][inside[::step, ::step]]
    if len(values) < 50:
        return np.zeros_like(image)
    a, b = np.percentile(values, [low, high])
    return np.where(inside, np.clip((image - a) / max(b - a, 1e-6), 0, 1), 0).astype(np.float32)
