"""The profile reader: from a straightened strip of the border to a distribution of the endosteal margin over depth."""
import torch
import torch.nn as nn
import torch.nn.functional as F

from strips import DEPTH_FROM_MM, DEPTHS, HALF_COLUMNS, STEP_MM

CHANNELS, LEVELS, SOFTNESS = 28, (0.3, 0.5, 0.7), 0.08
# Half of the columns of the strip that TRACING_RULE.md judges, 2 mm.
MIDDLE = 21


class Mixer(nn.Module):
    """A residual convolution along the depth."""

    def __init__(self, dilation):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv1d(CHANNELS, CHANNELS, 5, padding=2 * dilation, dilation=dilation), nn.BatchNorm1d(CHANNELS), nn.ReLU(True))

    def forward(self, x):
        return x + self.layers(x)


class CorticalProfile(nn.Module):
    """[N,1,131,81], 0 the marrow's brightness and 1 the cortex's, to the margin's probability [N,131] and width [N,1]."""

    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(
            nn.Conv1d(6 + 2 * len(LEVELS), CHANNELS, 5, padding=2), nn.BatchNorm1d(CHANNELS), nn.ReLU(True))
        self.mixers = nn.Sequential(*[Mixer(dilation) for dilation in (1, 2, 4, 8, 16)])
        self.head = nn.Sequential(nn.Dropout(0.2), nn.Conv1d(CHANNELS, 1, 3, padding=1))

    def features(self, strip):
        """Profiles of the strip and of its parts, and the shares of its columns that are dark at each depth."""
        strip = strip.clamp(-2.0, 2.0)
        even = F.avg_pool2d(strip, (1, 5), stride=1, padding=(0, 2), count_include_pad=False)[:, 0]
        middle = even[:, :, HALF_COLUMNS - MIDDLE:HALF_COLUMNS + MIDDLE + 1]
        third = 2 * MIDDLE // 3
        profiles = [middle.mean(2), even.mean(2), middle[:, :, :third].mean(2), middle[:, :, third:2 * third].mean(2),
                    middle[:, :, 2 * third:].mean(2), middle.std(2)]
        shares = [torch.sigmoid((level - part) / SOFTNESS).mean(2) for level in LEVELS for part in (middle, even)]
        return torch.stack(profiles + shares, 1)

    def logits(self, strip):
        """Logits of the margin over depth [N,131]."""
        return self.head(self.mixers(self.first(self.features(strip)))).squeeze(1)

    def forward(self, strip):
        margin = torch.softmax(self.logits(strip), 1)
        depths = DEPTH_FROM_MM + STEP_MM * torch.arange(DEPTHS, dtype=strip.dtype)
        return margin, (margin * depths).sum(1, keepdim=True)


def likelihood_loss(logits, target):
    """Cross entropy to a target distribution, one value a strip."""
    return -(target * F.log_softmax(logits, 1)).sum(1)
