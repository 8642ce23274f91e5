"""The network `mental-foramen`: a small U-Net that gives a map of where the foramen is, and one chance that it is outside."""
import torch
import torch.nn as nn
import torch.nn.functional as F

CHANNELS = (16, 24, 32, 48)
CELL_PX = 2
MAP_ROWS, MAP_COLUMNS = 48, 64
WITHIN_MM, CELL_MM, DISC_REACH = 3.0, 0.8, 4


class Block(nn.Sequential):
    """Convolution, batch norm, ReLU."""

    def __init__(self, inputs, outputs, size=3, stride=1):
        super().__init__(
            nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(True))


class ForamenMap(nn.Module):
    """[N,2,96,128] to the logits of 48 x 64 cells of 2 x 2 pixels and of `outside`: [N, 3073]."""

    def __init__(self):
        super().__init__()
        c = CHANNELS
        y, x = torch.meshgrid(torch.linspace(-1, 1, 96), torch.linspace(-1, 1, 128), indexing="ij")
        self.register_buffer("place", torch.stack([x, y])[None])
        self.stem = Block(4, c[0], 5, 2)
        self.first = Block(c[0], c[0])
        self.downs = nn.ModuleList(
            nn.Sequential(Block(c[k - 1], c[k], 3, 2), Block(c[k], c[k]), Block(c[k], c[k])) for k in range(1, len(c)))
        self.laterals = nn.ModuleList(nn.Conv2d(c[k], c[k - 1], 1) for k in range(len(c) - 1, 0, -1))
        self.ups = nn.ModuleList(Block(c[k - 1], c[k - 1]) for k in range(len(c) - 1, 0, -1))
        self.drop = nn.Dropout2d(0.15)
        self.heat = nn.Conv2d(c[0], 1, 3, 1, 1)
        self.outside = nn.Linear(2 * c[-1], 1)

    def forward(self, crop):
        # Grey values round zero; the place plane lets the network know where the contour put the foramen.
        crop = torch.cat([crop[:, :1] * 4 - 2, crop[:, 1:] * 6 - 2, self.place.expand(crop.shape[0], -1, -1, -1)], 1)
        features = [self.first(self.stem(crop))]
        for down in self.downs:
            features.append(down(features[-1]))
        x = features[-1]
        outside = self.outside(torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1))
        x = self.drop(x)
        for k, (lateral, up) in enumerate(zip(self.laterals, self.ups)):
            x = up(F.interpolate(lateral(x), scale_factor=2, mode="bilinear", align_corners=False) + features[-2 - k])
        return torch.cat([self.heat(x).flatten(1), outside], 1)


class MentalForamen(nn.Module):
    """Averages the maps of its members and reads off the place, its spread, and the chance to be within 3 mm of it."""

    def __init__(self, members, calibration):
        super().__init__()
        self.members = nn.ModuleList(members)
        self.calibration = calibration
        self.register_buffer("disc", disc(WITHIN_MM / CELL_MM))
        self.register_buffer("column", torch.arange(MAP_COLUMNS).float().repeat(MAP_ROWS)[None])
        self.register_buffer("row", torch.arange(MAP_ROWS).float().repeat_interleave(MAP_COLUMNS)[None])

    def forward(self, crop):
        sharpness = 1 / self.calibration["temperature"]
        p = sum(torch.softmax(member(crop) * sharpness, 1) for member in self.members) / len(self.members)
        return self.read(p)

    def read(self, p):
        """Place and spread (crop pixels) and confidence from [N, 3073] probabilities."""
        p = p[:, :-1]
        mass = F.conv2d(p.reshape(-1, 1, MAP_ROWS, MAP_COLUMNS), self.disc, padding=DISC_REACH).flatten(1)
        # The place with the most probability within 3 mm, then the mean of what lies there.
        peak = mass.argmax(1, keepdim=True).float()
        peak_row = torch.floor((peak + 0.5) / MAP_COLUMNS)
        peak_column = peak - peak_row * MAP_COLUMNS
        near = ((self.column - peak_column) ** 2 + (self.row - peak_row) ** 2 <= (WITHIN_MM / CELL_MM) ** 2).float() * p
        total = near.sum(1, keepdim=True).clamp_min(1e-9)
        column = (near * self.column).sum(1, keepdim=True) / total
        row = (near * self.row).sum(1, keepdim=True) / total
        everywhere = p.sum(1, keepdim=True).clamp_min(1e-9)
        wide = ((p * (self.column - column) ** 2).sum(1, keepdim=True) / everywhere + 0.1).sqrt()
        high = ((p * (self.row - row) ** 2).sum(1, keepdim=True) / everywhere + 0.1).sqrt()
        c = self.calibration
        place = torch.cat([column, row], 1) * CELL_PX + 0.5
        spread = torch.cat([wide * c["along"], high * c["across"]], 1) * CELL_PX
        inside = mass.amax(1, keepdim=True).clamp(1e-4, 1 - 1e-4)
        confidence = torch.sigmoid(c["slope"] * torch.log(inside / (1 - inside)) + c["shift"])
        return place, spread, confidence


def disc(radius):
    """A round kernel of ones, smoothed at its rim."""
    axis = torch.arange(-DISC_REACH, DISC_REACH + 1).float()
    distance = (axis[:, None] ** 2 + axis[None] ** 2).sqrt()
    return (radius + 0.5 - distance).clamp(0, 1)[None, None]


PLAIN_CALIBRATION = {"temperature": 1.0, "along": 1.0, "across": 1.0, "slope": 1.0, "shift": 0.0}
