#!/bin/sh
# Rebuilds the model and its figures: phantoms, five folds, manifests, border error through the service's steps.
# Usage: models/training/mandible-contour/train.sh [DATA]   (DATA holds panoramic/, chest/, spine-lateral/, spine-frontal/)
set -eu
cd "$(dirname "$0")/../../.."
export OSTEOTRIAGE_DATA="${1:-/work/shared/data}" OMP_NUM_THREADS=1 PATH="$PWD/node_modules/.bin:$PATH"
node scripts/phantom/export-training.ts --seeds 1000-1023 --others 8 --out models/training/mandible-contour/build/phantoms
/usr/bin/python3 -W ignore models/training/mandible-contour/train.py --all
/usr/bin/python3 -W ignore models/training/mandible-contour/evaluate_looks.py
/usr/bin/python3 -W ignore models/training/mandible-contour/publish.py
npm run -s evaluate:panoramic -- --only border
