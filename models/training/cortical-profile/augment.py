"""A strip as the network sees it, cut from the wider one; in training shifted, scaled, tilted and with another look."""
import cv2
import numpy as np

from strips import COLUMNS, DEPTH_FROM_MM, DEPTHS, HALF_COLUMNS, STEP_MM, WIDE_FROM_MM, WIDE_HALF, trace_tool

TARGET_SPREAD_MM, RIVAL_SHARE = 0.12, 0.3
AXIS = DEPTH_FROM_MM + STEP_MM * np.arange(DEPTHS)


def cut(wide, along_mm=0.0, deeper_mm=0.0, scale=1.0, tilt=0.0, turned=False):
    """The strip around a place `along_mm` off, with its depths counted from `deeper_mm` below the border."""
    across = -1 if turned else 1
    # From the small strip to the wide one: column and row of a sample.
    matrix = np.array([
        [across * scale, 0, WIDE_HALF + along_mm / STEP_MM - across * scale * HALF_COLUMNS],
        [tilt * scale * across, scale,
         (DEPTH_FROM_MM * scale + deeper_mm - WIDE_FROM_MM) / STEP_MM - tilt * scale * across * HALF_COLUMNS],
    ], np.float32)
    return cv2.warpAffine(np.asarray(wide, np.float32), matrix, (COLUMNS, DEPTHS), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                          borderMode=cv2.BORDER_REPLICATE)


def levels_of(wide):
    """Depth of the outer border below the path (mm), brightness of the cortex and of the marrow, by the rule."""
    first = int(round(trace_tool.DEPTH_FROM_PX - WIDE_FROM_MM / STEP_MM))
    rows = slice(first, first + trace_tool.DEPTH_TO_PX - trace_tool.DEPTH_FROM_PX + 1)
    half = trace_tool.STRIP_HALF_PX
    profile = np.asarray(wide[rows, WIDE_HALF - half:WIDE_HALF + half + 1], np.float32).mean(1)
    outer, _, (_, cortex, marrow) = trace_tool.profile_levels(cv2.GaussianBlur(profile[:, None], (1, 7), 1.0)[:, 0])
    return outer * STEP_MM, cortex, marrow


def normalise(strip, cortex, marrow):
    """The marrow's brightness becomes 0, the cortex's 1."""
    return ((strip - marrow) / max(cortex - marrow, 1e-3)).astype(np.float32)


def bump(depth_mm):
    """A narrow Gaussian at a depth."""
    weights = np.exp(-0.5 * ((AXIS - depth_mm) / TARGET_SPREAD_MM) ** 2) + 1e-9
    return weights / weights.sum()


def target_of(inner, other):
    """Distribution of the margin; a near decision has two peaks."""
    margin = bump(inner)
    if np.isfinite(other):
        margin = (1 - RIVAL_SHARE) * margin + RIVAL_SHARE * bump(other)
    return margin.astype(np.float32)


def change_look(strip, random):
    """Gain, gamma, a slow change across, blur or sharpening, noise."""
    rows, columns = strip.shape
    if random.random() < 0.7:
        strip = (np.clip((strip + 1) / 2.5, 0, 1) ** np.exp(random.normal(0, 0.1))) * 2.5 - 1
    if random.random() < 0.6:
        slopes = random.normal(0, 0.1, 2)
        strip = strip + slopes[0] * np.linspace(-1, 1, rows)[:, None] + slopes[1] * np.linspace(-1, 1, columns)
    if random.random() < 0.4:
        soft = cv2.GaussianBlur(strip, (0, 0), random.uniform(0.4, 1.5))
        strip = soft if random.random() < 0.6 else strip + random.uniform(0.2, 0.8) * (strip - soft)
    if random.random() < 0.6:
        noise = random.normal(0, random.uniform(0.02, 0.2), strip.shape)
        strip = strip + cv2.GaussianBlur(noise, (0, 0), random.uniform(0.3, 1.2))
    return (strip * np.exp(random.normal(0, 0.06)) + random.normal(0, 0.05)).astype(np.float32)


def draw(wide, depths, levels, random):
    """A training strip with its target distribution."""
    _, inner, other = depths
    outer, cortex, marrow = levels
    scale = np.exp(random.uniform(np.log(0.85), np.log(1.2)))
    along = float(np.clip(random.normal(0, 0.6), -1.5, 1.5))
    deeper = outer + (random.uniform(-0.4, 0.4) if random.random() < 0.5 else random.normal(0, 0.05))
    strip = cut(wide, along, deeper, scale, random.normal(0, 0.02), random.random() < 0.5)
    return change_look(normalise(strip, cortex, marrow), random), target_of((inner - deeper) / scale, (other - deeper) / scale)
