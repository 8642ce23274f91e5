#!/usr/bin/python3
"""Fits the ordinal model of Klemetti's class to build/signs.json (measure-signs.ts) and says how well it reads.

  fit.py            writes folds.json and figures.json, prints them and the constant of src/measure/cortical-index-model.ts

Two steps of an ordinal model (continuation ratio), every weight at least 0: is it worse than C1, and if so, is it C3?
Readings and phantoms are fitted together. In the first step the phantoms of a class weigh 2 readings together, because
there are some 120 readings; in the second 10, because only four readings are C3.
"""
import json
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

HERE = Path(__file__).parent
VERSION = "1.0.0"
SIGNS = ("roughness", "residueLayers", "porosityShare", "residueContrast", "bandContrast")
STEPS = {"eroded": (SIGNS, 2.0), "porous": (("residueLayers", "porosityShare", "bandContrast"), 10.0)}
FAINTEST_CONTRAST, RIDGE, RESAMPLES = 0.05, 1.0, 2000
CLASSES = ("C1", "C2", "C3")


def matrix(rows):
    """The signs as the model takes them (classProbabilities in src/measure/cortical-index.ts)."""
    signs = np.array([[row["signs"][name] for name in SIGNS] for row in rows], float)
    signs[:, 3:] = np.log(FAINTEST_CONTRAST + signs[:, 3:])
    return signs


def classes_of(rows):
    return np.array([CLASSES.index(row["mci"]) for row in rows])


def probabilities(signs, fitted):
    eroded, porous = (1 / (1 + np.exp(-np.clip(fitted[name][0] + signs @ fitted[name][1], -50, 50))) for name in STEPS)
    return np.column_stack([1 - eroded, eroded * (1 - porous), eroded * porous])


def fit_step(signs, positive, weights, spread, chosen):
    """Intercept and weights of one step by penalised maximum likelihood; signs that are not chosen weigh nothing."""
    columns = [SIGNS.index(name) for name in chosen]
    part = signs[:, columns]

    def loss(values):
        margin = np.where(positive, 1, -1) * (values[0] + part @ values[1:])
        return (weights * np.logaddexp(0, -margin)).sum() + RIDGE / 2 * ((values[1:] * spread[columns]) ** 2).sum()

    bounds = [(None, None)] + [(0, None)] * len(columns)
    found = minimize(loss, np.concatenate([[0], np.full(len(columns), 0.1)]), method="L-BFGS-B", bounds=bounds).x
    full = np.zeros(len(SIGNS))
    full[columns] = found[1:]
    return float(found[0]), full


def fit(real, drawn):
    """Both steps: C1 against what is worse on everything, C2 against C3 on what is worse than C1."""
    signs = np.vstack([matrix(real), matrix(drawn)])
    classes = np.concatenate([classes_of(real), classes_of(drawn)])
    is_drawn = np.arange(len(signs)) >= len(real)
    fitted = {}
    for step, (name, (chosen, phantoms)) in enumerate(STEPS.items()):
        part = classes >= step
        share = phantoms * (len(CLASSES) - step) / (is_drawn & part).sum()
        weights = np.where(is_drawn, share, 1.0)[part]
        fitted[name] = fit_step(signs[part], classes[part] > step, weights, matrix(real).std(axis=0), chosen)
    return fitted


def table_of(truth, read):
    table = np.zeros((3, 3), int)
    np.add.at(table, (truth, read), 1)
    return table


def agreement(table):
    return float(np.trace(table) / table.sum())


def kappa(table, power):
    """Cohen's kappa; `power` 2 weighs a difference by its square, 0 counts every difference alike."""
    apart = np.abs(np.subtract.outer(np.arange(3), np.arange(3)))
    cost = (apart / 2.0) ** 2 if power == 2 else (apart > 0).astype(float)
    expected = np.outer(table.sum(1), table.sum(0)) / table.sum()
    return float(1 - (cost * table).sum() / (cost * expected).sum())


def describe(rows, chances):
    """Agreement and kappa with intervals over films, the table, and how sure the probabilities are."""
    truth, read = classes_of(rows), chances.argmax(1)
    films = np.array([row["film"] for row in rows])
    source, names = np.random.default_rng(6), np.unique(films)
    draws = [np.concatenate([np.flatnonzero(films == film) for film in source.choice(names, len(names))]) for _ in range(RESAMPLES)]
    tables = [table_of(truth[draw], read[draw]) for draw in draws]
    interval = lambda values: [round(float(value), 2) for value in np.percentile(values, [2.5, 97.5])]
    table = table_of(truth, read)
    reliability = []
    for low, high in ((0, 0.2), (0.2, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 1.0001)):
        inside = (chances[:, 0] >= low) & (chances[:, 0] < high)
        if inside.any():
            reliability.append({"from": low, "n": int(inside.sum()), "meanP": round(float(chances[inside, 0].mean()), 2), "readC1": round(float((truth[inside] == 0).mean()), 2)})
    return {
        "sites": len(rows), "films": len(names),
        "agreement": round(agreement(table), 3), "agreementInterval": interval([agreement(t) for t in tables]),
        "kappa": round(kappa(table, 0), 3), "kappaInterval": interval([kappa(t, 0) for t in tables]),
        "kappaQuadratic": round(kappa(table, 2), 3), "kappaQuadraticInterval": interval([kappa(t, 2) for t in tables]),
        "table": table.tolist(), "reliabilityOfC1": reliability,
        "logLoss": round(float(-np.log(np.maximum(chances[np.arange(len(truth)), truth], 1e-9)).mean()), 3),
    }


def as_model(fitted):
    step = lambda name: {"intercept": round(fitted[name][0], 4), "weights": {sign: round(float(value), 4) for sign, value in zip(SIGNS, fitted[name][1])}}
    return {"version": VERSION} | {name: step(name) for name in STEPS}


def main():
    rows = json.loads((HERE / "build/signs.json").read_text())
    usable = [row for row in rows if row["signs"]]
    drawn = [row for row in usable if "phantom" in row]
    real = [row for row in usable if row.get("reading") == 1]
    unread = [f"{row['film']}{row['side']} ({row['mci']})" for row in rows if row.get("reading") == 1 and not row["signs"]]
    fitted = [fit([row for row in real if row["fold"] != fold], [row for row in drawn if row["phantom"] % 5 != fold]) for fold in range(5)]
    own = np.vstack([probabilities(matrix([row]), fitted[row["fold"]]) for row in real])
    own_drawn = np.vstack([probabilities(matrix([row]), fitted[row["phantom"] % 5]) for row in drawn])
    second = {(row["film"], row["side"]): row["mci"] for row in rows if row.get("reading") == 2}
    drawn_table = table_of(classes_of(drawn), own_drawn.argmax(1))
    figures = {
        "readings": describe(real, own), "notMeasured": unread,
        "phantoms": {"n": len(drawn), "agreement": round(agreement(drawn_table), 3), "kappaQuadratic": round(kappa(drawn_table, 2), 3), "table": drawn_table.tolist()},
    }
    again = [(row, chance) for row, chance in zip(real, own) if (row["film"], row["side"]) in second]
    figures["secondReadings"] = {"n": len(again), "agreement": round(float(np.mean([CLASSES[chance.argmax()] == second[row["film"], row["side"]] for row, chance in again])), 3)}
    (HERE / "folds.json").write_text(json.dumps({"folds": [as_model(one) for one in fitted]}, indent=1) + "\n")
    (HERE / "figures.json").write_text(json.dumps(figures, indent=1) + "\n")
    print(json.dumps(figures, indent=1))
    print(json.dumps(as_model(fitted[0])))


if __name__ == "__main__":
    main()
