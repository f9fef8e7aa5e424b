"""The weights of engine/ngram/mixing_gate.cpp, from what bench_gate printed: `mixing_gate.py SAMPLES...` prints engine/ngram/mixing_gate_weights.inc.

Needs torch (tests/requirements.txt). On stderr: nats a token of the model, of the workspace and of the mixture, the last on folders that
were left out of the fit, each half in turn. A file that is named several times counts as often. Full-batch L-BFGS, the same numbers for the same samples."""

import pathlib
import sys

import torch

UNITS, DECAY, STEPS = 8, 2e-5, 300


def read(paths):
    rows, folders, number = [], [], {}
    for path in paths:
        for line in pathlib.Path(path).read_text().splitlines():
            if line.startswith("#"):
                folder = number.setdefault(line, len(number))
            else:
                rows.append([float(number) for number in line.split()])
                folders.append(folder)
    return torch.tensor(rows), torch.tensor(folders)


def inputs(rows):
    certainty, length, model_certainty, model_on_workspace, workspace_on_model = rows[:, 2:].T
    logs = [torch.log(x + 1e-4) for x in (model_on_workspace, workspace_on_model)]
    return torch.stack([certainty, torch.log1p(length), model_certainty, model_on_workspace, workspace_on_model, *logs], 1)


def loss(rows, share):
    return -torch.log((1 - share) * rows[:, 0] + share * rows[:, 1] + 1e-7).mean()


def fit(rows):
    """(in [units, inputs], bias [units], out [units], out bias), for inputs as they are."""
    x = inputs(rows)
    mean, deviation = x.mean(0), x.std(0)
    x = (x - mean) / deviation
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(x.shape[1], UNITS), torch.nn.Tanh(), torch.nn.Linear(UNITS, 1))
    weights = list(net.parameters())
    optimizer = torch.optim.LBFGS(weights, max_iter=STEPS, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        cost = loss(rows, torch.sigmoid(net(x)[:, 0])) + DECAY * sum((w**2).sum() for w in weights)
        cost.backward()
        return cost

    optimizer.step(closure)
    into, bias, out, out_bias = [w.detach() for w in weights]
    into = into / deviation
    return into, bias - into @ mean, out[0], out_bias[0]


def share(rows, weights):
    into, bias, out, out_bias = weights
    return torch.sigmoid(torch.tanh(inputs(rows) @ into.T + bias) @ out + out_bias)


def numbers(row):
    return "{" + ", ".join(f"{x:.6g}f" for x in row.tolist()) + "}"


def main():
    rows, folders = read(sys.argv[1:])
    held = 0.0
    for half in (0, 1):
        of_half = folders % 2 == half
        held += loss(rows[of_half], share(rows[of_half], fit(rows[~of_half]))).item() * of_half.sum().item()
    every = fit(rows)
    print(f"{len(rows)} tokens; nats a token: model {loss(rows, torch.zeros(())):.4f}, workspace {loss(rows, torch.ones(())):.4f}, mixture {held / len(rows):.4f}", file=sys.stderr)
    into, bias, out, out_bias = every
    print("// Made by bench/mixing_gate.py. Inputs in the order of mixing_gate().")
    print(f"constexpr int kInputs = {into.shape[1]}, kUnits = {UNITS};")
    print("constexpr float kIn[kUnits][kInputs] = {")
    print(",\n".join("    " + numbers(row) for row in into) + "};")
    print(f"constexpr float kBias[kUnits] = {numbers(bias)};")
    print(f"constexpr float kOut[kUnits] = {numbers(out)};")
    print(f"constexpr float kOutBias = {out_bias:.6g}f;")


main()
