"""The network `film-view`: a small convolutional network with three answers; the third comes from a smaller one beside it."""
import torch
import torch.nn as nn
import torch.nn.functional as F

CHANNELS = (16, 24, 40, 64, 80)


class Block(nn.Sequential):
    """Convolution, batch norm, ReLU."""

    def __init__(self, inputs, outputs, size=3, stride=1):
        super().__init__(
            nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(True))


class Side(nn.Module):
    """On which side the heart lies: what a picture says less what its mirror image says, so neither side is preferred."""

    def __init__(self):
        super().__init__()
        widths = [1, 8, 16, 24, 32]
        steps = [Block(a, b, 5 if a == 1 else 3, 2) for a, b in zip(widths, widths[1:])]
        self.features = nn.Sequential(*steps, nn.Flatten(), nn.Dropout(0.3))
        self.answer = nn.Linear(32 * 16, 1, bias=False)

    def forward(self, image):
        small = F.avg_pool2d(image, 2)
        return self.answer(self.features(small.flip(3)) - self.features(small))


class FilmView(nn.Module):
    """[N,1,128,128] to view [N,6], turn [N,4] and mirrored [N,1], all probabilities."""

    def __init__(self):
        super().__init__()
        c = CHANNELS
        layers = [Block(1, c[0], 5, 2)]
        for k in range(1, len(c)):
            layers += [Block(c[k - 1], c[k], 3, 2), Block(c[k], c[k])]
        self.features = nn.Sequential(*layers)
        # Where things lie says how a picture is turned: a few channels keep their 4 x 4 places.
        self.places = Block(c[-1], 16, 1)
        self.hidden = nn.Sequential(nn.Dropout(0.25), nn.Linear(2 * c[-1] + 16 * 16, 64), nn.ReLU(True), nn.Dropout(0.1))
        self.view, self.turn = nn.Linear(64, 6), nn.Linear(64, 4)
        self.side = Side()

    def logits(self, image):
        """View and turn before softmax."""
        maps = self.features(image)
        pooled = torch.cat([maps.mean((2, 3)), maps.amax((2, 3)), self.places(maps).flatten(1)], 1)
        hidden = self.hidden(pooled)
        return self.view(hidden), self.turn(hidden)

    def forward(self, image):
        view, turn = self.logits(image)
        return torch.softmax(view, 1), torch.softmax(turn, 1), torch.sigmoid(self.side(image))
