#!/bin/sh
# Rebuilds the model and its figures: DICOM films and phantoms as PNG, five folds and all films, manifest, evaluation.
# Usage: models/training/film-view/train.sh [DATA]   (DATA as described in README.md; simulated lateral films are taken
# from models/training/vertebrae/build/sim, where its own train.sh puts them)
set -eu
cd "$(dirname "$0")/../../.."
export OSTEOTRIAGE_DATA="${1:-/work/shared/data}" OMP_NUM_THREADS=1 PATH="$PWD/node_modules/.bin:$PATH"
here=models/training/film-view
/usr/bin/python3 -W ignore $here/prepare.py
node scripts/evaluate-view.ts "$OSTEOTRIAGE_DATA" --export $here/build/dicom
node scripts/phantom/export-training.ts --seeds 1000-1023 --others 40 --out $here/build/phantoms
for fold in -1 0 1 2 3 4; do
  /usr/bin/python3 -W ignore $here/train.py --fold $fold
  /usr/bin/python3 -W ignore $here/train.py --fold $fold --go-on --steps 300 --seed 2
  /usr/bin/python3 -W ignore $here/train.py --fold $fold --go-on --steps 900 --seed 3
  /usr/bin/python3 -W ignore $here/train.py --fold $fold --go-on --steps 300 --seed 4
done
/usr/bin/python3 -W ignore $here/publish.py
node scripts/evaluate-view.ts "$OSTEOTRIAGE_DATA" --figures $here/figures.json
