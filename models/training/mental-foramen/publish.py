"""Write the networks of the five folds as models of the registry, each with a manifest and a golden run; fold 0's is shipped."""
import hashlib
import json
import os
import sys

import numpy as np
import torch

import crops
from model import PLAIN_CALIBRATION, ForamenMap, MentalForamen

NAME, VERSION = "mental-foramen", "1.0.0"
SHIPPED = os.path.normpath(f"{crops.HERE}/../../{NAME}/{VERSION}")
OUTPUTS = {"foramen": [None, 2], "spread": [None, 2], "confidence": [None, 1]}
CALIBRATION = f"{crops.HERE}/calibration.json"


def read_members(fold):
    """The trained members of a fold."""
    members, number = [], 0
    while os.path.exists(path := f"{crops.HERE}/build/fold{fold}-member{number}.pt"):
        member = ForamenMap()
        member.load_state_dict(torch.load(path))
        members.append(member.eval())
        number += 1
    return members


def read_calibration():
    """What calibrate.py fitted on held-out films; neutral before that."""
    if not os.path.exists(CALIBRATION):
        return PLAIN_CALIBRATION
    with open(CALIBRATION) as f:
        return json.load(f)["fitted"]


def golden_input():
    """The deterministic picture that anybody can make: hashed noise."""
    i = np.arange(2 * crops.ROWS * crops.COLUMNS, dtype=np.uint64)
    values = ((i * np.uint64(2654435761)) & np.uint64(0xFFFFFFFF)) % np.uint64(1000)
    return (values.astype(np.float32) / 1000).reshape(1, 2, crops.ROWS, crops.COLUMNS)


def publish(fold, out):
    """Write a fold's networks as one registered model: the file and its manifest."""
    network = MentalForamen(read_members(fold), read_calibration()).eval()
    os.makedirs(out, exist_ok=True)
    names = {name: {0: "batch"} for name in ["crop", *OUTPUTS]}
    torch.onnx.export(network, torch.zeros(2, 2, crops.ROWS, crops.COLUMNS), f"{out}/model.onnx", input_names=["crop"],
                      output_names=list(OUTPUTS), dynamic_axes=names, opset_version=15)
    with torch.no_grad():
        place, spread, confidence = network(torch.from_numpy(golden_input()))
    with open(f"{out}/model.onnx", "rb") as f:
        digest = hashlib.sha256(f.read()).hexdigest()
    golden = {"foramen[0]": float(place[0, 0]), "foramen[1]": float(place[0, 1]), "spread[0]": float(spread[0, 0]),
              "confidence": float(confidence[0, 0])}
    manifest = {
        "name": NAME, "version": VERSION, "task": NAME, "file": "model.onnx", "sha256": digest,
        "input": {"name": "crop", "shape": [None, 2, crops.ROWS, crops.COLUMNS], "type": "float32"},
        "outputs": [{"name": name, "shape": shape} for name, shape in OUTPUTS.items()],
        "preparation": {"kind": "foramen-crop", "columns": crops.COLUMNS, "rows": crops.ROWS,
                        "mmPerPx": crops.MM_PER_CROP_PX, "centreColumn": crops.CENTRE[0], "centreRow": crops.CENTRE[1],
                        "percentileLow": 1, "percentileHigh": 99},
        "thresholds": {},
        "batchSizeMax": 16,
        "golden": {
            "description": "value i of the 2 x 96 x 128 input, row by row, is ((i * 2654435761 >>> 0) % 1000) / 1000",
            "input": {"kind": "hashed-noise", "multiplier": 2654435761, "modulus": 1000},
            "outputs": {name: round(value, 5) for name, value in golden.items()},
            "tolerance": {"foramen[0]": 0.1, "foramen[1]": 0.1, "spread[0]": 0.05, "confidence": 0.005}},
    }
    with open(f"{out}/model.json", "w") as f:
        json.dump(manifest, f, indent=2)
        f.write("\n")
    return len(network.members), golden, os.path.getsize(f"{out}/model.onnx")


def main():
    """publish.py [FOLD ...]: the folds' models, and fold 0's as the one that is shipped."""
    for fold in [int(a) for a in sys.argv[1:]] or range(5):
        print(fold, *publish(fold, f"{crops.HERE}/folds/fold{fold}/{NAME}/{VERSION}"))
        if fold == 0:
            publish(fold, SHIPPED)


if __name__ == "__main__":
    main()
