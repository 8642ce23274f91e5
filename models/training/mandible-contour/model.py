"""The network `mandible-contour`: a small U-Net with a border, a presence, a foramen and a film-level head."""
import torch
import torch.nn as nn
import torch.nn.functional as F

CHANNELS = (16, 24, 32, 48, 64, 96)
BORDER_WINDOW = 6.0
FORAMEN_WINDOW = 4.0


class Block(nn.Sequential):
    """Convolution, batch norm, ReLU."""

    def __init__(self, inputs, outputs, size=3, stride=1):
        super().__init__(
            nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(True))


class MandibleContour(nn.Module):
    """[N,1,320,768] to border, borderSpread, borderPresence [N,768], foramen [N,2,3], panoramic [N,1]."""

    def __init__(self):
        super().__init__()
        c = CHANNELS
        self.stem = Block(1, c[0], 5, 2)
        self.downs = nn.ModuleList()
        for k in range(1, len(c)):
            self.downs.append(nn.Sequential(Block(c[k - 1], c[k], 3, 2), Block(c[k], c[k])))
        self.laterals = nn.ModuleList()
        self.ups = nn.ModuleList()
        for k in range(len(c) - 1, 0, -1):
            self.laterals.append(nn.Conv2d(c[k], c[k - 1], 1))
            self.ups.append(Block(c[k - 1], c[k - 1]))
        self.border = nn.Conv2d(c[0], 1, 3, 1, 1)
        self.presence = nn.Conv1d(c[2], 1, 5, 1, 2)
        self.foramen = nn.Sequential(Block(c[1], c[1]), nn.Conv2d(c[1], 2, 1))
        nn.init.constant_(self.foramen[1].bias, -4.0)
        self.film = nn.Sequential(nn.Linear(c[-1] * 2, 32), nn.ReLU(True), nn.Linear(32, 1))

    def maps(self, image):
        """The raw maps that the losses need: border logits, presence logits, foramen logits, film logit."""
        features = [self.stem(image)]
        for down in self.downs:
            features.append(down(features[-1]))
        x = features[-1]
        film = self.film(torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1))
        levels = {}
        for k, (lateral, up) in enumerate(zip(self.laterals, self.ups)):
            skip = features[-2 - k]
            x = up(F.interpolate(lateral(x), scale_factor=2, mode="bilinear", align_corners=False) + skip)
            levels[len(features) - 2 - k] = x
        presence = self.presence(levels[2].amax(2)).squeeze(1)
        return self.border(levels[0]).squeeze(1), presence, self.foramen(levels[1]), film

    def forward(self, image):
        logits, presence, foramen, film = self.maps(image)
        row, spread = soft_row(logits)
        return (2 * double(row) + 0.5, 2 * double(spread), torch.sigmoid(double(double(double(presence)))),
                soft_point(foramen), torch.sigmoid(film))


def double(line):
    """Twice the columns by linear interpolation at pixel centres."""
    before = torch.cat([line[:, :1], line[:, :-1]], 1)
    after = torch.cat([line[:, 1:], line[:, -1:]], 1)
    pair = torch.stack([0.75 * line + 0.25 * before, 0.75 * line + 0.25 * after], 2)
    return pair.flatten(1)


def soft_row(logits, window=BORDER_WINDOW):
    """Expected row and its spread for every column, within a window round the likeliest row, so two modes never mix."""
    p = torch.softmax(logits, 1)
    rows = torch.arange(logits.shape[1], dtype=logits.dtype, device=logits.device).view(1, -1, 1)
    peak = p.argmax(1, keepdim=True).to(logits.dtype)
    near = p * ((rows - peak).abs() <= window).to(logits.dtype)
    mass = near.sum(1).clamp_min(1e-6)
    mean = (near * rows).sum(1) / mass
    variance = (p * (rows - mean.unsqueeze(1)) ** 2).sum(1)
    return mean, torch.sqrt(variance + 1e-6)


def soft_point(logits, window=FORAMEN_WINDOW):
    """x, y in input pixels and the confidence of each foramen, from its map at a quarter of the resolution."""
    n, k, height, width = logits.shape
    flat = logits.flatten(2)
    confidence = torch.sigmoid(flat.amax(2))
    p = torch.softmax(flat, 2)
    peak = flat.argmax(2, keepdim=True).to(logits.dtype)
    index = torch.arange(height * width, dtype=logits.dtype, device=logits.device).view(1, 1, -1)
    y = torch.floor((index + 0.5) / width)
    x = index - y * width
    peak_y = torch.floor((peak + 0.5) / width)
    peak_x = peak - peak_y * width
    near = p * ((x - peak_x).abs() <= window).to(p.dtype) * ((y - peak_y).abs() <= window).to(p.dtype)
    mass = near.sum(2).clamp_min(1e-9)
    return torch.stack([4 * (near * x).sum(2) / mass + 1.5, 4 * (near * y).sum(2) / mass + 1.5, confidence], 2)
