"""The two networks: `vertebra-finder` looks at the whole film, `vertebra-points` at one body."""
import torch
import torch.nn as nn
import torch.nn.functional as F

FINDER_CHANNELS = (12, 24, 40, 56, 72, 96)
POINTS_CHANNELS = (16, 32, 56, 88)
CORNER_UNIT_PX = 16.0
WINDOW = 4.0


class Block(nn.Sequential):
    """Convolution, batch norm, ReLU."""

    def __init__(self, inputs, outputs, size=3, stride=1):
        super().__init__(
            nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(True))


class Pyramid(nn.Module):
    """A U-Net's way down and up again; gives the maps from the coarsest to the finest wanted."""

    def __init__(self, channels, finest):
        super().__init__()
        c = channels
        self.stem = Block(1, c[0], 5, 2)
        self.downs = nn.ModuleList(
            nn.Sequential(Block(c[k - 1], c[k], 3, 2), Block(c[k], c[k])) for k in range(1, len(c)))
        order = range(len(c) - 1, finest, -1)
        self.laterals = nn.ModuleList(nn.Conv2d(c[k], c[k - 1], 1) for k in order)
        self.ups = nn.ModuleList(Block(c[k - 1], c[k - 1]) for k in order)

    def forward(self, image):
        features = [self.stem(image)]
        for down in self.downs:
            features.append(down(features[-1]))
        x = features[-1]
        for k, (lateral, up) in enumerate(zip(self.laterals, self.ups)):
            x = up(F.interpolate(lateral(x), scale_factor=2, mode="bilinear", align_corners=False) + features[-2 - k])
        return features[-1], x


class VertebraFinder(nn.Module):
    """[N,1,448,384] to centre [N,1,112,96], corners [N,8,112,96] and sacrum [N,1,112,96]."""

    def __init__(self):
        super().__init__()
        c = FINDER_CHANNELS
        self.pyramid = Pyramid(c, 1)
        self.shared = Block(c[1], c[1] + 8)
        self.spots = nn.Conv2d(c[1] + 8, 3, 1)
        self.corners = nn.Conv2d(c[1] + 8, 8, 1)
        nn.init.constant_(self.spots.bias, -3.0)

    def maps(self, image):
        """Logits of centre, sacrum and area of the bodies (for training only), and corners in pixels."""
        x = self.shared(self.pyramid(image)[1])
        return self.spots(x), self.corners(x) * CORNER_UNIT_PX

    def forward(self, image):
        spots, corners = self.maps(image)
        return torch.sigmoid(spots[:, :1]), corners, torch.sigmoid(spots[:, 1:2])


class VertebraPoints(nn.Module):
    """[N,1,112,128] to points [N,6,2], spread [N,6], pointConfidence [N,6], body [N,1], thoracic [N,1]."""

    def __init__(self):
        super().__init__()
        c = POINTS_CHANNELS
        self.pyramid = Pyramid(c, 0)
        self.refine = Block(c[0], c[0])
        self.heat = nn.Conv2d(c[0], 6, 3, 1, 1)
        self.doubt = nn.Conv2d(c[0], 12, 3, 1, 1)
        self.film = nn.Sequential(nn.Linear(c[-1] * 2, 48), nn.ReLU(True), nn.Linear(48, 2))
        self.register_buffer("spreadFactor", torch.ones(6))

    def maps(self, image):
        """Heat logits [N,6,56,64], points, log spread, confidence logits, logits of body and thoracic."""
        coarse, x = self.pyramid(image)
        x = self.refine(x)
        heat = self.heat(x)
        points, near = soft_points(heat)
        # Doubt is read where the heat is, so it speaks of that point's own surroundings.
        doubt = self.doubt(x).flatten(2).view(x.shape[0], 6, 2, -1)
        doubt = (doubt * near.unsqueeze(2)).sum(3)
        film = self.film(torch.cat([coarse.mean((2, 3)), coarse.amax((2, 3))], 1))
        # A hard limit would stop learning once it is reached; this one only bends.
        return heat, points, 2.5 * torch.tanh(doubt[..., 0] / 2.5), doubt[..., 1], film

    def forward(self, image):
        _, points, log_spread, sure, film = self.maps(image)
        spread = torch.exp(log_spread) * self.spreadFactor
        return points, spread, torch.sigmoid(sure), torch.sigmoid(film[:, :1]), torch.sigmoid(film[:, 1:])


def soft_points(logits, window=WINDOW):
    """x, y in crop pixels within a window round the likeliest cell, so that two modes never mix; and the weights used."""
    height, width = logits.shape[2:]
    flat = logits.flatten(2)
    p = torch.softmax(flat, 2)
    peak = flat.argmax(2, keepdim=True).to(logits.dtype)
    index = torch.arange(height * width, dtype=logits.dtype, device=logits.device).view(1, 1, -1)
    y = torch.floor((index + 0.5) / width)
    x = index - y * width
    peak_y = torch.floor((peak + 0.5) / width)
    peak_x = peak - peak_y * width
    near = p * ((x - peak_x).abs() <= window).to(p.dtype) * ((y - peak_y).abs() <= window).to(p.dtype)
    near = near / near.sum(2, keepdim=True).clamp_min(1e-9)
    return torch.stack([2 * (near * x).sum(2) + 0.5, 2 * (near * y).sum(2) + 0.5], 2), near
