"""The transcriber's network: causal, 10 ms a step, one set of weights for all 88 keys.

Shapes: B recordings, T frames, F = 288 log-frequency bins (3 a semitone), K = 88 keys, C channels. Convolutions
take no padding in time: the caller gives CONTEXT frames before the first one it wants.
"""

import torch
from torch import nn

from recurrence import Lstm

RESOLUTIONS = 3
BINS = 288
KEYS = 88
# Frames that the three convolutions look back, two each.
CONTEXT = 6
# Where the partials of a key lie, in bins: at 1/2, 1 to 6 and 8 times its frequency.
PARTIAL_SHIFTS = (-36, 0, 36, 57, 72, 84, 93, 108)
# Keys whose partials coincide with a key's own: octaves, twelfths, double octaves, up and down.
KEY_SHIFTS = (-24, -19, -12, 12, 19, 24)
# Keys whose memory a key listens to before it decides: those, and its neighbours.
COMPANY_SHIFTS = (-24, -19, -12, -1, 1, 12, 19, 24)
HEADS = ("onset", "sounding", "offset", "velocity")
# Frames that each set of heads lags the moment it describes: the standard first.
DELAYS = (3, 2, 5, 4)


class Shifted(torch.autograd.Function):
    """Concatenates copies of x [B, T, N, C], each read `shift` places further on, `length` places each, zeros
    beyond the ends; `group` neighbouring places go into one. Gives [B, T, length / group, shifts * group * C].

    Its own gradient, because slices' gradients are each as large as the whole."""

    @staticmethod
    def forward(ctx, x, shifts, length, group):
        before = max(0, -min(shifts))
        after = max(0, max(shifts) + length - x.shape[2])
        ctx.places, ctx.before, ctx.shifts, ctx.length = x.shape[2], before, shifts, length
        x = nn.functional.pad(x, (0, 0, before, after))
        batch, frames, ctx.padded, channels = x.shape
        grouped = (batch, frames, length // group, group * channels)
        copies = [x[:, :, before + shift : before + shift + length].reshape(grouped) for shift in shifts]
        return torch.cat(copies, dim=3)

    @staticmethod
    def backward(ctx, gradient):
        batch, frames = gradient.shape[:2]
        parts = gradient.chunk(len(ctx.shifts), dim=3)
        channels = parts[0].shape[2] * parts[0].shape[3] // ctx.length
        total = gradient.new_zeros(batch, frames, ctx.padded, channels)
        for shift, part in zip(ctx.shifts, parts, strict=True):
            first = ctx.before + shift
            total[:, :, first : first + ctx.length] += part.reshape(batch, frames, ctx.length, channels)
        return total[:, :, ctx.before : ctx.before + ctx.places], None, None, None


shifted = Shifted.apply


class Ear(nn.Module):
    def __init__(self, front=16, bottleneck=8, channels=48, hidden=56, company=12, second=32, delays=DELAYS):
        super().__init__()
        self.size = dict(front=front, bottleneck=bottleneck, channels=channels, hidden=hidden, company=company,
                         second=second, delays=list(delays))
        self.delays = tuple(delays)
        self.front1 = nn.Conv2d(RESOLUTIONS, front, 3, padding=(0, 1), bias=False)
        self.front1_norm = nn.BatchNorm2d(front)
        self.front2 = nn.Conv2d(front, front, 3, padding=(0, 1), bias=False)
        self.front2_norm = nn.BatchNorm2d(front)
        self.partials_in = nn.Linear(front, bottleneck)
        self.partials_out = nn.Linear(len(PARTIAL_SHIFTS) * 3 * bottleneck, channels, bias=False)
        self.partials_norm = nn.BatchNorm2d(channels)
        self.keys = nn.Conv2d(channels, channels, 3, padding=(0, 1), bias=False)
        self.keys_norm = nn.BatchNorm2d(channels)
        self.kin_in = nn.Linear(channels, bottleneck)
        self.kin_out = nn.Linear(len(KEY_SHIFTS) * bottleneck + channels, channels)
        # What differs from key to key: register.
        self.register = nn.Parameter(torch.zeros(KEYS, channels))
        self.memory = Lstm(channels, hidden)
        # What the first memory holds of other keys explains much of what seems to be heard on this one.
        self.company_in = nn.Linear(hidden, company)
        self.company_out = nn.Linear(len(COMPANY_SHIFTS) * company + hidden, second)
        self.judgement = Lstm(second, second)
        self.heads = nn.Linear(hidden + second, len(delays) * len(HEADS))
        with torch.no_grad():
            # Onsets and offsets are rare: begin from their rate.
            self.heads.bias.copy_(torch.tensor([-4.0, -2.0, -4.0, 0.0]).repeat(len(delays)))

    def forward(self, levels, state=None):
        """levels [B, RESOLUTIONS, T + CONTEXT, F] to logits [B, T, K, D, 4], one set of heads for each of D
        delays, and the memories' new state."""
        x = levels.contiguous(memory_format=torch.channels_last)
        x = torch.relu(self.front1_norm(self.front1(x)))
        x = torch.relu(self.front2_norm(self.front2(x)))
        x = self.partials_in(x.permute(0, 2, 3, 1))
        x = self.partials_out(shifted(x, PARTIAL_SHIFTS, 3 * KEYS, 3))
        x = torch.relu(self.partials_norm(x.permute(0, 3, 1, 2)))
        x = torch.relu(self.keys_norm(self.keys(x))).permute(0, 2, 3, 1)
        kin = shifted(self.kin_in(x), KEY_SHIFTS, KEYS, 1)
        x = torch.relu(self.kin_out(torch.cat([x, kin], dim=3)) + self.register)
        batch, frames, keys, channels = x.shape
        x = x.permute(1, 0, 2, 3).reshape(frames, batch * keys, channels)
        first, second = state or (None, None)
        heard, first = self.memory(x, first)
        # The company is kept within a recording.
        near = self.company_in(heard).view(frames, batch, keys, -1)
        near = shifted(near, COMPANY_SHIFTS, KEYS, 1).view(frames, batch * keys, -1)
        judged, second = self.judgement(torch.relu(self.company_out(torch.cat([heard, near], dim=2))), second)
        x = self.heads(torch.cat([heard, judged], dim=2)).float()
        return x.view(frames, batch, keys, len(self.delays), len(HEADS)).transpose(0, 1), (first, second)

    @torch.no_grad()
    def grow_from(self, smaller, size):
        """Takes over the weights `smaller` (a state dict) of a network of fewer channels, whose `size` is told as
        in `self.size`. What is new is heard by nobody at first, so that the outputs are the smaller network's."""

        def inputs(name, size):
            """The lengths of what the columns of a weight are read from, one after another."""
            front, bottleneck, channels = size["front"], size["bottleneck"], size["channels"]
            hidden, company, second = size["hidden"], size.get("company", 0), size.get("second", 0)
            return {
                "partials_out.weight": len(PARTIAL_SHIFTS) * 3 * [bottleneck],
                "kin_out.weight": [channels] + len(KEY_SHIFTS) * [bottleneck],
                "memory.weight_ih_l0": [channels],
                "company_out.weight": [hidden] + len(COMPANY_SHIFTS) * [company],
                "heads.weight": [hidden, second],
            }.get(name)

        def places(mine, theirs):
            """Where runs of lengths `theirs` lie among runs of lengths `mine`."""
            starts = [sum(mine[:run]) for run in range(len(mine))]
            return torch.tensor([start + i for start, length in zip(starts, theirs) for i in range(length)])

        for name, mine in self.state_dict().items():
            theirs = smaller.get(name)
            if theirs is None:
                continue
            if name.startswith("heads.") and theirs.shape[0] < mine.shape[0]:
                # Further delays begin as the one there is.
                theirs = theirs.repeat(mine.shape[0] // theirs.shape[0], *(theirs.dim() - 1) * [1])
            # A memory's rows are four gates, one after another.
            gates = 4 if name.startswith(("memory.", "judgement.")) else 1
            if theirs.dim() == 0:
                mine.copy_(theirs)
                continue
            rows = places(gates * [mine.shape[0] // gates], gates * [theirs.shape[0] // gates])
            if mine.dim() == 1:
                mine[rows] = theirs
                continue
            columns = places(inputs(name, self.size) or [mine.shape[1]], inputs(name, size) or [theirs.shape[1]])
            kept = mine[rows]
            kept[:] = 0
            kept[:, columns] = theirs
            mine[rows] = kept
