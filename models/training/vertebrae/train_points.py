"""Train `vertebra-points`: a first lesson shared by all folds, then each fold on its own real films."""
import numpy as np
import torch
import torch.nn.functional as F

import crops
import schedule
from model import VertebraPoints

GRID_X = torch.arange(64).float().view(1, 1, 1, -1)
GRID_Y = torch.arange(56).float().view(1, 1, -1, 1)
SURE_PX = 2.0


def point_losses(heat, points, log_spread, sure, target, weight):
    """Cross entropy to a narrow spot, robust distance, likelihood of the vertical error, and confidence."""
    known = torch.isfinite(target).all(2).float() * weight[:, None]
    goal = torch.nan_to_num(target, nan=20.0)
    cell = (goal - 0.5) / 2
    spot = torch.exp(-0.5 * ((GRID_X - cell[..., 0, None, None]) ** 2 + (GRID_Y - cell[..., 1, None, None]) ** 2) / 0.9 ** 2)
    spot = spot / spot.sum((2, 3), keepdim=True).clamp_min(1e-6)
    total = known.sum().clamp_min(1)
    entropy = -(spot.flatten(2) * torch.log_softmax(heat.flatten(2), 2)).sum(2)
    distance = F.smooth_l1_loss(points, goal, reduction="none", beta=0.7).clamp(max=12).sum(2)
    residual = (points[..., 1] - goal[..., 1]).abs().detach()
    likelihood = log_spread + 0.5 * (residual.clamp(max=12) * torch.exp(-log_spread)) ** 2
    near = (residual < SURE_PX).float()
    confidence = F.binary_cross_entropy_with_logits(sure, near, reduction="none")
    return [(part * known).sum() / total for part in (entropy, distance, likelihood.clamp(max=20), confidence)]


def losses(network, batch):
    """The sum of all losses and its parts."""
    image = torch.from_numpy(np.stack([b[0] for b in batch]))[:, None].contiguous(memory_format=torch.channels_last)
    target = torch.from_numpy(np.stack([b[1] for b in batch]))
    weight, body, thoracic = (torch.tensor([b[k] for b in batch]).float() for k in (2, 3, 4))
    heat, points, log_spread, sure, film = network.maps(image)
    entropy, distance, likelihood, confidence = point_losses(heat, points, log_spread, sure, target, weight)
    is_body = F.binary_cross_entropy_with_logits(film[:, 0], body)
    known = torch.isfinite(thoracic).float()
    ribs = F.binary_cross_entropy_with_logits(film[:, 1], torch.nan_to_num(thoracic), reduction="none")
    ribs = (ribs * known).sum() / known.sum().clamp_min(1)
    parts = (entropy, distance, likelihood, confidence, is_body, ribs)
    return entropy + 0.5 * distance + 0.2 * likelihood + 0.1 * confidence + 0.3 * is_body + 0.15 * ribs, parts


def example(film, rng, deform, _hardness, _late):
    """One training example; one in six is no body."""
    return crops.example(film, rng, deform, 0.17)


LESSON = (example, losses, (24, 24))


if __name__ == "__main__":
    schedule.main("points", VertebraPoints, crops.cache_film, LESSON, 3e-3)
