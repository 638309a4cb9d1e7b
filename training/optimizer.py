"""SOAP: Adam in the slowly turning eigenbasis of Shampoo's preconditioner (Vyas et al. 2024, arXiv 2409.11321).

The network is small and a step's time goes into the spectra's gradients: a costlier optimiser is free here."""

import torch


class Soap(torch.optim.Optimizer):
    """Parameters of two or more dimensions are seen as matrices, first dimension by the rest; the others get Adam."""

    def __init__(self, parameters, lr=3e-3, betas=(0.95, 0.95), eps=1e-8, weight_decay=1e-3, every=10, largest=512):
        super().__init__(parameters, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay,
                                      "every": every, "largest": largest})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self.advance(parameter, group)

    def advance(self, parameter, group):
        """One parameter's step."""
        state = self.state[parameter]
        gradient = parameter.grad.float()
        matrix = gradient.flatten(1) if gradient.dim() > 1 else gradient
        turned = matrix.dim() == 2 and max(matrix.shape) <= group["largest"]
        if not state:
            state["step"] = 0
            state["mean"] = torch.zeros_like(matrix)
            state["square"] = torch.zeros_like(matrix)
            if turned:
                for side, product in (("rows", matrix @ matrix.T), ("columns", matrix.T @ matrix)):
                    state[side] = product
                    state[side + "_basis"] = torch.linalg.eigh(product)[1].flip(1).contiguous()
                return
        state["step"] += 1
        beta1, beta2 = group["betas"]
        state["mean"].lerp_(matrix, 1 - beta1)
        mean, seen = state["mean"], matrix
        if turned:
            rows, columns = state["rows_basis"], state["columns_basis"]
            seen = rows.T @ matrix @ columns
            mean = rows.T @ mean @ columns
        state["square"].lerp_(seen.square(), 1 - beta2)
        correction = (1 - beta2 ** state["step"]) ** 0.5 / (1 - beta1 ** state["step"])
        update = mean * correction / (state["square"].sqrt() + group["eps"])
        if turned:
            update = rows @ update @ columns.T
            state["rows"].lerp_(matrix @ matrix.T, 1 - beta2)
            state["columns"].lerp_(matrix.T @ matrix, 1 - beta2)
            if state["step"] % group["every"] == 0:
                for side in ("rows", "columns"):
                    # One step of orthogonal iteration keeps up with the slow turning.
                    state[side + "_basis"] = torch.linalg.qr(state[side] @ state[side + "_basis"])[0]
        parameter.mul_(1 - group["lr"] * group["weight_decay"])
        parameter.add_(update.view_as(parameter), alpha=-group["lr"])
