#!/bin/sh
# Rebuilds the model and its figures: phantoms, the places of the crops, two networks for each of five folds, calibration, manifests.
# Usage: models/training/mental-foramen/train.sh [DATA]   (DATA holds panoramic/images; mandible-contour's fold models must be there)
set -eu
cd "$(dirname "$0")/../../.."
export OSTEOTRIAGE_DATA="${1:-/work/shared/data}" OMP_NUM_THREADS=1 PATH="$PWD/node_modules/.bin:$PATH"
own=models/training/mental-foramen
python="/usr/bin/python3 -W ignore"
rm -f $own/build/*.pt
node scripts/phantom/export-training.ts --seeds 1000-1039 --out $own/build/phantoms
node $own/frames.ts "$OSTEOTRIAGE_DATA" $own/build/phantoms $own/build/frames.json
$python $own/train.py --members 0 --steps 900
$python $own/train.py --members 0 --steps 1000 --again
$python $own/train.py --members 1 --steps 1000
$python $own/calibrate.py
$python $own/publish.py
