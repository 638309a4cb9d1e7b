"""An LSTM whose gradient is written out, for many short sequences side by side on a CPU.

On a CPU the layer of torch took about half of a training step; this one does the same sums, what does not depend on
the step before for all steps at once.
"""

import torch
from torch import nn


class Unrolled(torch.autograd.Function):
    """T steps of N sequences: gates [T, N, 4H] from the input, weights [4H, H] of the state before, begun with
    h, c [N, H]. Gives h [T, N, H] and the last c. Order of gates: input, forget, output, cell.

    The steps are done in single precision; what is kept of them for the gradient has the precision of `gates`."""

    @staticmethod
    def forward(ctx, gates, weights, h, c):
        steps, count, width = gates.shape[0], gates.shape[1], gates.shape[2] // 4
        turned = weights.float().t().contiguous()
        kept = torch.empty_like(gates)
        states = gates.new_empty(steps + 1, count, width)
        cells = gates.new_empty(steps + 1, count, width)
        squashed = gates.new_empty(steps, count, width)
        h, c = h.clone(), c.clone()
        g, s = h.new_empty(count, 4 * width), torch.empty_like(c)
        sigmoids, i, f, o, n = g[:, : 3 * width], *g.chunk(4, dim=1)
        states[0], cells[0] = h, c
        for t in range(steps):
            g.copy_(gates[t])
            g.addmm_(h, turned)
            sigmoids.sigmoid_()
            n.tanh_()
            c.mul_(f).addcmul_(i, n)
            torch.tanh(c, out=s)
            torch.mul(o, s, out=h)
            kept[t], states[t + 1], cells[t + 1], squashed[t] = g, h, c, s
        ctx.save_for_backward(kept, weights, states, cells, squashed)
        return states[1:], c

    @staticmethod
    def backward(ctx, gradient, _):
        kept, weights, states, cells, squashed = ctx.saved_tensors
        steps, count, width = squashed.shape
        weights = weights.float()
        total = torch.empty_like(kept)
        g, d, slope = (weights.new_empty(count, 4 * width) for _ in range(3))
        sigmoids, i, f, o, n = g[:, : 3 * width], *g.chunk(4, dim=1)
        slopes, cell_slope = slope[:, : 3 * width], slope[:, 3 * width :]
        di, df, do, dn = d.chunk(4, dim=1)
        dh, dc = weights.new_zeros(count, width), weights.new_zeros(count, width)
        for t in range(steps - 1, -1, -1):
            dh += gradient[t]
            g.copy_(kept[t])
            s = squashed[t].float()
            torch.mul(dh, s, out=do)
            # dc += dh o (1 - s²)
            dh *= o
            dc += dh
            dh *= s
            dc.addcmul_(dh, s, value=-1)
            torch.mul(dc, n, out=di)
            torch.mul(dc, cells[t], out=df)
            torch.mul(dc, i, out=dn)
            dc *= f
            # What the sigmoids and the tanh add.
            torch.mul(g, g, out=slope)
            torch.sub(sigmoids, slopes, out=slopes)
            cell_slope.neg_().add_(1)
            d *= slope
            total[t] = d
            torch.mm(d, weights, out=dh)
        dweights = total.view(-1, 4 * width).t() @ states[:-1].reshape(-1, width)
        return total, dweights.float(), dh, dc


class Lstm(nn.LSTM):
    """`torch.nn.LSTM` of one layer, with the same parameters."""

    def forward(self, x, state=None):
        """x [T, N, C] and the state before, (h, c) of [1, N, H] each, to h [T, N, H] and the state after."""
        if state is None:
            zeros = torch.zeros(x.shape[1], self.hidden_size)
            state = (zeros, zeros)
        else:
            state = (state[0][0].float(), state[1][0].float())
        # torch has the cell before the output.
        w, r, bias = (
            part.unflatten(0, (4, -1))[[0, 1, 3, 2]].flatten(0, 1)
            for part in (self.weight_ih_l0, self.weight_hh_l0, self.bias_ih_l0 + self.bias_hh_l0)
        )
        states, c = Unrolled.apply(nn.functional.linear(x, w, bias), r, *state)
        return states, (states[-1:], c[None])
