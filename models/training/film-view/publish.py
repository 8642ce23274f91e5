"""Write the networks: the shipped one with manifest and golden run, the five of the folds beside their split."""
import glob
import hashlib
import json
import os
import re
import shutil

import numpy as np
import torch

import prepare
from model import FilmView

VERSION = "1.0.0"
OUT = os.path.normpath(f"{prepare.HERE}/../../film-view/{VERSION}")
SHAPES = {"view": [None, 6], "turn": [None, 4], "mirrored": [None, 1]}
# Chosen by what the networks say of fresh draws of their own training films (sureness.json): MODEL_CARD.md, Thresholds.
THRESHOLDS = {"view": 0.4, "turn": 0.7, "mirrored": 0.8}


def golden_input():
    """The deterministic picture that anybody can make: hashed noise."""
    i = np.arange(prepare.SIDE ** 2, dtype=np.uint64)
    values = ((i * np.uint64(2654435761)) & np.uint64(0xFFFFFFFF)) % np.uint64(1000)
    return (values.astype(np.float32) / 1000).reshape(1, 1, prepare.SIDE, prepare.SIDE)


def digest_of(path):
    """SHA-256 of a file."""
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def publish_shipped():
    """The network that saw all films, as a model of the registry."""
    network = FilmView()
    network.load_state_dict(torch.load(f"{prepare.BUILD}/all/weights.pt"))
    with torch.no_grad():
        view, turn, mirrored = network.eval()(torch.from_numpy(golden_input()))
    # The mean of probabilities is always the same, so single ones are compared.
    outputs = {**{f"view[{k}]": round(float(p), 5) for k, p in enumerate(view[0])},
               **{f"turn[{k}]": round(float(p), 5) for k, p in enumerate(turn[0])},
               "mirrored": round(float(mirrored[0, 0]), 5)}
    os.makedirs(OUT, exist_ok=True)
    shutil.copy(f"{prepare.BUILD}/all/model.onnx", f"{OUT}/model.onnx")
    manifest = {
        "name": "film-view", "version": VERSION, "task": "film-view", "file": "model.onnx",
        "sha256": digest_of(f"{OUT}/model.onnx"),
        "input": {"name": "image", "shape": [None, 1, prepare.SIDE, prepare.SIDE], "type": "float32"},
        "outputs": [{"name": n, "shape": s} for n, s in SHAPES.items()],
        "preparation": {"kind": "letterbox-area-average", "columns": prepare.SIDE, "rows": prepare.SIDE,
                        "percentileLow": 1, "percentileHigh": 99.5},
        "thresholds": THRESHOLDS,
        "batchSizeMax": 8,
        "golden": {
            "description": f"pixel i of the {prepare.SIDE} x {prepare.SIDE} input, row by row, is ((i * 2654435761 >>> 0) % 1000) / 1000",
            "input": {"kind": "hashed-noise", "multiplier": 2654435761, "modulus": 1000},
            "outputs": outputs, "tolerance": {name: 0.003 for name in outputs}},
    }
    with open(f"{OUT}/model.json", "w") as f:
        json.dump(manifest, f, indent=2)
        f.write("\n")


def publish_folds():
    """The networks of the folds, and their digests into the split."""
    digests = []
    for fold in range(5):
        path = f"{prepare.HERE}/folds/fold{fold}.onnx"
        shutil.copy(f"{prepare.BUILD}/fold{fold}/model.onnx", path)
        digests.append(digest_of(path))
    with open(prepare.FOLDS) as f:
        text = f.read()
    with open(prepare.FOLDS, "w") as f:
        f.write(re.sub(r' "models": \[.*?\],\n|(?= "films")', "", text, flags=re.S).replace(
            ' "films"', ' "models": ' + json.dumps(digests) + ',\n "films"', 1))


if __name__ == "__main__":
    publish_shipped()
    if len(glob.glob(f"{prepare.BUILD}/fold[0-4]/model.onnx")) == 5:
        publish_folds()
