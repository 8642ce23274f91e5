"""Train `vertebra-finder`: a first lesson shared by all folds, then each fold on its own real films."""
import numpy as np
import torch
import torch.nn.functional as F

import canvases
import schedule
from model import VertebraFinder


def spot_loss(logits, spot, weight):
    """Cross entropy to a soft spot, weighted by the square of the error, for each spot: dense from the first step on."""
    p = torch.sigmoid(logits)
    cost = F.binary_cross_entropy_with_logits(logits, spot, reduction="none") * (p - spot) ** 2
    return (cost * weight).sum() / (spot * weight).sum().clamp_min(8)


def area_loss(logits, mask, weight):
    """Is the cell in a body: an easy lesson beside the hard one, which gets the features going."""
    cost = F.binary_cross_entropy_with_logits(logits, mask, reduction="none") * (1 + 3 * mask) * weight
    p = torch.sigmoid(logits) * weight
    overlap = 1 - (2 * (p * mask).sum() + 50) / (p.sum() + (mask * weight).sum() + 50)
    return cost.mean() * 2 + overlap


def corner_loss(corners, target, weight, either):
    """Robust distance of the corners in shares of the height; where left and right mean nothing the better of the two."""
    swapped = target.view(-1, 4, 2, *target.shape[2:])[:, [1, 0, 3, 2]].flatten(1, 2)
    cost = F.smooth_l1_loss(corners, target, reduction="none", beta=1.0).sum(1) * weight
    other = F.smooth_l1_loss(corners, swapped, reduction="none", beta=1.0).sum(1) * weight
    cost, other = cost.flatten(1).sum(1), other.flatten(1).sum(1)
    cost = torch.where(either, torch.minimum(cost, other), cost)
    return cost.sum() / (weight > 0).float().sum().clamp_min(1)


def losses(network, batch):
    """The sum of all losses and its parts."""
    image, centre, free, corners, weights, base, learn, mask = (
        torch.from_numpy(np.stack([b[k] for b in batch])) for k in range(8))
    image = image[:, None].contiguous(memory_format=torch.channels_last)
    either = torch.tensor([bool(b[8]) for b in batch])
    spots, found = network.maps(image)
    parts = (spot_loss(spots[:, 0], centre, free), corner_loss(found, corners, weights, either),
             spot_loss(spots[:, 1], base, learn), area_loss(spots[:, 2], mask, free))
    return parts[0] + 0.08 * parts[1] + 0.3 * parts[2] + parts[3], parts


def example(film, rng, deform, hardness, late):
    """One training example: windows of the canvas for most of the lesson, whole canvases at its end."""
    return canvases.example(film, rng, deform * 0.5, hardness, canvases.FULL if late else canvases.WINDOW)


LESSON = (example, losses, (10, 4))


if __name__ == "__main__":
    schedule.main("finder", VertebraFinder, canvases.cache_film, LESSON, 3e-3)
