"""Find and measure with trained networks as the service does (in short), figures on held-out films, and overlays to look at."""
import argparse
import json
import os

import cv2
import numpy as np
import torch

import crops
import prepare
import schedule
from model import VertebraFinder, VertebraPoints
from prepare import CORNERS

CENTRE_THRESHOLD, BODY_THRESHOLD = 0.3, 0.75
SACRUM_THRESHOLD = 0.25
STEP, ALIKE = 1.3, (0.7, 1.4)


def load(network_class, name, which):
    """A trained network, ready to answer."""
    network = network_class()
    network.load_state_dict(torch.load(f"{schedule.BUILD}/{name}/{which}.pt"))
    return network.eval()


def six_of(corners):
    """Six points of four corners; the middle ones halfway."""
    sa, sp, ia, ip = corners
    return np.array([sa, (sa + sp) / 2, sp, ia, (ia + ip) / 2, ip])


def candidates(finder, image, threshold=CENTRE_THRESHOLD):
    """Bodies as the finder sees them, in film pixels: confidence and six points; and the sacrum."""
    canvas, scale, offset = prepare.letterbox(image)
    with torch.no_grad():
        centre, corners, sacrum = (m[0].numpy() for m in finder(torch.from_numpy(canvas)[None, None]))
    heat = cv2.GaussianBlur(centre[0], (0, 0), 0.6)
    peaks = (heat == cv2.dilate(heat, np.ones((5, 5)))) & (centre[0] > threshold)
    found = []
    for i, j in zip(*np.where(peaks)):
        offsets = corners[:, i, j].reshape(4, 2)
        quad = (offsets + [4 * j + 1.5, 4 * i + 1.5] - offset + 0.5) / scale - 0.5
        found.append({"confidence": float(centre[0, i, j]), "points": six_of(quad)})
    found.sort(key=lambda b: -b["confidence"])
    i, j = np.unravel_index(sacrum[0].argmax(), sacrum[0].shape)
    where = (np.array([4 * j + 1.5, 4 * i + 1.5]) - offset + 0.5) / scale - 0.5
    return without_overlap(found), (where, float(sacrum[0].max()))


def without_overlap(found):
    """The surest of bodies that lie on each other."""
    kept = []
    for body in found:
        centre, _, _, width, height = prepare.frame_of(body["points"])
        if width < 4 or height < 3:
            continue
        clear = all(abs((centre - f[0]) @ f[2]) > 0.55 * max(f[4], height) or abs((centre - f[0]) @ f[1]) > 0.8 * f[3]
                    for f in (prepare.frame_of(k["points"]) for k in kept))
        if clear:
            kept.append(body)
    return kept


def facing_one_way(found):
    """All bodies turned to the side that most of them face."""
    sides = [np.sign(prepare.frame_of(b["points"])[1][0]) for b in found]
    vote = np.sign(sum(s * b["confidence"] for s, b in zip(sides, found)))
    return [b if s == vote else {**b, "points": b["points"][[2, 1, 0, 5, 4, 3]]} for s, b in zip(sides, found)]


def chain_of(found):
    """The surest smooth chain of bodies from top to bottom."""
    found = sorted(found, key=lambda b: b["points"][:, 1].mean())
    frames = [prepare.frame_of(b["points"]) for b in found]
    best = [b["confidence"] for b in found]
    before = [-1] * len(found)
    for j in range(len(found)):
        for i in range(j):
            step = frames[j][0] - frames[i][0]
            down = frames[i][2] + frames[j][2]
            down = down / max(np.hypot(*down), 1e-6)
            height, width = (frames[i][4] + frames[j][4]) / 2, (frames[i][3] + frames[j][3]) / 2
            along, aside = step @ down / height, abs(step @ np.array([-down[1], down[0]])) / width
            alike = 0.5 < frames[i][3] / frames[j][3] < 1.9 and frames[i][2] @ frames[j][2] > 0.6
            if 0.6 < along < 4.5 and aside < 0.7 * max(1, along / 1.5) and alike:
                score = best[i] + found[j]["confidence"] - 0.05 * max(0, along - 2)
                if score > best[j]:
                    best[j], before[j] = score, i
    chain, at = [], int(np.argmax(best)) if found else -1
    while at >= 0:
        chain.insert(0, found[at])
        at = before[at]
    return chain


def measure(network, image, points, passes=2):
    """Six points of each body by the points network, from a first guess; the crop is laid anew round the first answer."""
    answers = None
    for _ in range(passes):
        places = [crops.placement(p) for p in points]
        batch = np.stack([crops.plain_crop(image, m, o) for m, o in places])
        with torch.no_grad():
            where, spread, sure, body, thoracic = (t.numpy() for t in network(torch.from_numpy(batch)[:, None]))
        points = [(w - crops.CENTRE) @ m.T + o for w, (m, o) in zip(where, places)]
        scales = [np.sqrt(abs(np.linalg.det(m))) for m, _ in places]
        if answers is not None:
            body = np.minimum(body, answers)
        answers = body
    return [{"points": p, "spread": s * k, "sure": c, "body": float(b), "thoracic": float(t)}
            for p, s, k, c, b, t in zip(points, spread, scales, sure, body[:, 0], thoracic[:, 0])]


def read_film(finder, network, image):
    """The chain of bodies of a film with six points each."""
    found, sacrum = candidates(finder, image)
    chain = chain_of(facing_one_way(found))
    if not chain:
        return [], sacrum
    bodies = measure(network, image, [b["points"] for b in chain])
    for body, first in zip(bodies, chain):
        body["confidence"] = first["confidence"]
        body["coarse"] = first["points"]
    bodies = walked(network, image, undoubled([b for b in bodies if b["body"] > BODY_THRESHOLD]))
    return [b for b in bodies if sacrum[1] < SACRUM_THRESHOLD or lies_above(b, sacrum[0])], sacrum


def lies_above(body, sacrum):
    """S1 and what is below it lie beyond the upper endplate of S1 in the direction of the spine."""
    centre, _, v, _, height = prepare.frame_of(body["points"])
    return (sacrum - centre) @ v > 0.15 * height


def apart(a, b):
    """Whether two bodies do not lie on each other."""
    first, second = prepare.frame_of(a["points"]), prepare.frame_of(b["points"])
    d = second[0] - first[0]
    return abs(d @ first[2]) > 0.6 * (first[4] + second[4]) / 2 or abs(d @ first[1]) > 0.6 * (first[3] + second[3]) / 2


def undoubled(bodies):
    """Of bodies that ended on one another the surest."""
    kept = []
    for body in sorted(bodies, key=lambda b: -b["body"]):
        if all(apart(k, body) for k in kept):
            kept.append(body)
    return sorted(kept, key=lambda b: b["points"][:, 1].mean())


def walked(network, image, bodies, rounds=12):
    """From sure bodies to the neighbours that the finder missed, as long as the points network calls them bodies."""
    tried = []
    for _ in range(rounds):
        guesses = []
        for body in bodies:
            centre, _, v, width, height = prepare.frame_of(body["points"])
            for way in (-1, 1):
                guess = {"points": body["points"] + way * STEP * height * v}
                middle = guess["points"].mean(0)
                inside = (middle > 0).all() and (middle < image.shape[::-1]).all()
                if inside and all(apart(b, guess) for b in bodies) and all(np.hypot(*(t - middle)) > 0.2 * height for t in tried):
                    guesses.append(guess["points"])
                    tried.append(middle)
        if not guesses:
            break
        for guess, found in zip(guesses, measure(network, image, guesses)):
            alike = ALIKE[0] < prepare.width_of(found["points"]) / prepare.width_of(guess) < ALIKE[1]
            if found["body"] > BODY_THRESHOLD and alike and all(apart(b, found) for b in bodies):
                found.update(confidence=0.0, coarse=guess)
                bodies = [*bodies, found]
    return sorted(bodies, key=lambda b: b["points"][:, 1].mean())


def heights_of(points):
    """Anterior, middle and posterior height."""
    return np.hypot(*(points[3:] - points[:3]).T)


def ratios_of(points):
    """Wedge and biconcave ratio."""
    anterior, middle, posterior = heights_of(points)
    return anterior / posterior, middle / posterior


def match(bodies, labels):
    """For every label the index of the find whose centre lies within half its height, else None; and the finds left over."""
    free = set(range(len(bodies)))
    pairs = []
    for label in labels:
        centre, u, v, width, height = prepare.frame_of(label["points"])
        best = None
        for k in free:
            d = bodies[k]["points"][CORNERS].mean(0) - centre
            if abs(d @ v) < 0.4 * height and abs(d @ u) < 0.4 * width and (best is None or np.hypot(*d) < best[0]):
                best = (np.hypot(*d), k)
        pairs.append(None if best is None else best[1])
        if best is not None:
            free.discard(best[1])
    return pairs, sorted(free)


def compare(film, bodies):
    """What became of a labelled film: found, errors, and finds that lie off any place where a body may be."""
    whole = [b for b in film["bodies"] if b["whole"]]
    pairs, rest = match(bodies, whole)
    rows = []
    for label, k in zip(whole, pairs):
        row = {"film": film["id"], "level": label["level"], "quality": label.get("quality"), "found": k is not None}
        if k is not None:
            points = bodies[k]["points"]
            height = prepare.height_of(label["points"])
            error = np.hypot(*(points - label["points"]).T) / height
            a, b = ratios_of(points), ratios_of(label["points"])
            residual = (points - label["points"]) @ prepare.frame_of(label["points"])[2]
            row.update(corner=float(error[CORNERS].mean()), middle=float(error[[1, 4]].mean()), wedge=float(abs(a[0] - b[0])),
                       biconcave=float(abs(a[1] - b[1])), signed=[float(a[0] - b[0]), float(a[1] - b[1])],
                       corners=[float(e) for e in error], z=[float(z) for z in residual / bodies[k]["spread"]],
                       turned=bool((points[2] - points[0]) @ prepare.frame_of(label["points"])[1] < 0))
        rows.append(row)
    off = []
    for k in rest:
        centre = bodies[k]["points"][CORNERS].mean(0).astype(np.float32)
        tolerated = [b["points"][[0, 2, 5, 3]] for b in film["bodies"] if not b["whole"]]
        tolerated += film["ignored"] if film["kind"] in ("simulated", "buu") else []
        seen = any(np.hypot(*(centre - c)) < 0.6 * h for c, h in prepare.unlabelled_of(film["id"]))
        if not seen and all(cv2.pointPolygonTest(np.asarray(p, np.float32), (float(centre[0]), float(centre[1])), True) < -2 for p in tolerated):
            off.append([float(c) for c in centre])
    return rows, off


def summarise(rows, off):
    """Figures of compared films."""
    hits = [r for r in rows if r["found"]]
    mean = lambda key: round(float(np.mean([r[key] for r in hits])), 4) if hits else None
    return {"labelled": len(rows), "found": len(hits), "off": off, "cornerError": mean("corner"), "middleError": mean("middle"),
            "wedgeError": mean("wedge"), "biconcaveError": mean("biconcave"),
            "turned": int(sum(r["turned"] for r in hits))}


def overlay(film, bodies, sacrum, height=520, width=400):
    """A picture of a film with labels (thin) and finds; for looking at, never committed."""
    s = min(height / film["image"].shape[0], width / film["image"].shape[1])
    small = prepare.rescaled({**film, "bodies": film["bodies"]}, s)
    low, high = np.percentile(small["image"], [1, 99.5])
    grey = (np.clip((small["image"].astype(float) - low) / max(high - low, 1), 0, 1) * 255).astype(np.uint8)
    picture = np.zeros((height, width, 3), np.uint8)
    picture[:grey.shape[0], :grey.shape[1]] = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)[:height, :width]
    at = lambda p: tuple(int(v) for v in np.round((np.asarray(p) + 0.5) * small["scale"] - 0.5))
    for b in film["bodies"]:
        for p in b["points"]:
            if np.isfinite(p).all():
                cv2.circle(picture, at(p), 2, (0, 200, 0), -1)
    for b in bodies:
        order = [0, 1, 2, 5, 4, 3, 0]
        for p, q in zip(order[:-1], order[1:]):
            cv2.line(picture, at(b["points"][p]), at(b["points"][q]), (0, 80, 255) if {p, q} != {0, 3} else (255, 200, 0), 1)
        cv2.putText(picture, f"{b['body'] * 100:.0f} {'T' if b['thoracic'] > 0.5 else 'L'}", at(b["points"][4] * 0.5 + b["points"][1] * 0.5), 0, 0.33,
                    (0, 255, 255), 1)
    if sacrum[1] > 0.3:
        cv2.circle(picture, at(sacrum[0]), 4, (255, 0, 255), 1)
    cv2.putText(picture, film["id"][:28], (2, height - 4), 0, 0.4, (255, 255, 255), 1)
    return picture


def sheets(pictures, path, columns=4, rows=2):
    """Contact sheets."""
    per = columns * rows
    for start in range(0, len(pictures), per):
        page = pictures[start:start + per]
        page += [np.zeros_like(page[0])] * (per - len(page))
        cv2.imwrite(f"{path}-{start // per}.png", np.vstack([np.hstack(page[k:k + columns]) for k in range(0, per, columns)]))


def evaluate_films(finder, network, films, pictures=None):
    """All figures of films by one pair of networks."""
    rows, off = [], []
    for film in films:
        bodies, sacrum = read_film(finder, network, film["image"])
        more, stray = compare(film, bodies)
        rows += more
        off += [[film["id"], *p] for p in stray]
        if pictures is not None:
            pictures.append(overlay(film, bodies, sacrum))
    return rows, off


def main():
    """`--which shipped 2 3 4`: every kauh film by a pair that never saw it; `--folder sim-heldout`: simulated films."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--which", nargs="*", default=["shipped", "2", "3", "4"])
    parser.add_argument("--finder", help="weights of build/finder instead of the fold's")
    parser.add_argument("--points", help="weights of build/points instead of the fold's")
    parser.add_argument("--sheets", help="where contact sheets go")
    parser.add_argument("--out")
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    films = {f["id"]: f for f in prepare.read_spine_films()}
    rows, off, pictures = [], [], []
    for which in options.which:
        finder = load(VertebraFinder, "finder", options.finder or which)
        network = load(VertebraPoints, "points", options.points or which)
        held = [films[name] for name in sorted(schedule.held_out(which))]
        more, stray = evaluate_films(finder, network, held, pictures if options.sheets else None)
        print(which, json.dumps(summarise(more, stray)), flush=True)
        rows += more
        off += stray
    print("all", json.dumps(summarise(rows, off)))
    if options.sheets:
        sheets(pictures, options.sheets)
    if options.out:
        with open(options.out, "w") as f:
            json.dump({"all": summarise(rows, off), "bodies": rows}, f, indent=1)


if __name__ == "__main__":
    main()
