"""The softmax over all items in PyTorch: seconds of a pass over all items with their counts, or of a step of single pairs.

On counts the gradients are written out on preallocated buffers, which is faster than autograd; the network of the pairs
goes through autograd.
"""

import time

import numpy as np
import torch
from common import main, peak_kilobytes, read_columns, read_header, spread


def lists_of(file, most):
    users, items, _ = read_columns(file, "train")
    lists = np.split(items.astype(np.int64), np.cumsum(np.bincount(users))[:-1])
    if most is not None:
        sizes = np.cumsum([len(own) * (len(own) - 1) for own in lists])
        lists = lists[: int(np.searchsorted(sizes, most, side="right"))]
    return lists


def split(lists, share):
    """All ordered pairs of different items of a user, to train and to test on."""
    pairs = np.concatenate([np.stack([np.repeat(own, len(own)), np.tile(own, len(own))], 1) for own in lists])
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    test = np.random.default_rng(42).random(len(pairs)) < share
    return pairs[~test], pairs[test]


def counts_of(pairs, items):
    return torch.from_numpy(np.bincount(pairs[:, 0] * items + pairs[:, 1], minlength=items * items).reshape(items, items).astype(np.float32))


def table(items, dim):
    return torch.nn.Parameter(torch.nn.init.xavier_uniform_(torch.empty(items, dim)))


def adam(parameters, weights):
    return torch.optim.AdamW(weights, lr=parameters["learningRate"], weight_decay=0.0, foreach=True)


def on_counts(file, parameters):
    items, dim, batch = read_header(file)["items"], parameters["dim"], parameters["batchSize"]
    train, test = split(lists_of(file, None), parameters["testPairs"])
    counts, totals = counts_of(train, items), None
    totals = counts.sum(1)
    rows = totals.nonzero().squeeze(1)
    inputs, outputs, bias = table(items, dim), table(items, dim), torch.nn.Parameter(torch.zeros(items))
    optimizer = adam(parameters, [inputs, outputs, bias])
    for weight in (inputs, outputs, bias):
        weight.grad = torch.zeros_like(weight)
    logits = torch.empty(batch, items)
    seconds = []
    for _ in range(parameters["epochs"]):
        begin = time.perf_counter()
        for chosen in rows[torch.randperm(len(rows))].split(batch):
            with torch.no_grad():
                h, scores = inputs[chosen], logits[: len(chosen)]
                torch.addmm(bias, h, outputs.t(), out=scores)
                scores.sub_(scores.amax(1, keepdim=True)).exp_()
                scores.mul_((totals[chosen] / scores.sum(1)).unsqueeze(1)).sub_(counts[chosen])
                scores.mul_(len(rows) / (len(chosen) * len(train)))
                torch.mm(scores.t(), h, out=outputs.grad)
                torch.sum(scores, 0, out=bias.grad)
                inputs.grad.zero_()
                inputs.grad[chosen] = scores @ outputs
            optimizer.step()
        seconds.append(time.perf_counter() - begin)
    peak, held_back, loss = peak_kilobytes(), counts_of(test, items), 0.0
    with torch.no_grad():
        for chosen in torch.arange(items).split(batch):
            loss -= (torch.log_softmax(inputs[chosen] @ outputs.t() + bias, 1) * held_back[chosen]).sum().item()
    return {"seconds": spread(seconds[1:]), "quality": {"testLoss": loss / len(test)}, "peakKilobytes": peak}


class Network(torch.nn.Module):
    def __init__(self, items, dim):
        super().__init__()
        self.table = table(items, dim)
        self.residual = torch.nn.Sequential(
            torch.nn.Linear(dim, 128), torch.nn.ReLU(), torch.nn.Dropout(0.05), torch.nn.Linear(128, dim)
        )
        self.norm = torch.nn.LayerNorm(dim)

    def forward(self, chosen):
        e = torch.nn.functional.embedding(chosen, self.table)
        return self.norm(e + self.residual(e)) @ self.table.t()


def on_pairs(file, parameters):
    items, batch = read_header(file)["items"], parameters["batchSize"]
    train, test = map(torch.from_numpy, split(lists_of(file, parameters["pairs"]), parameters["testPairs"]))
    model = Network(items, parameters["dim"])
    optimizer = torch.optim.AdamW(model.parameters(), lr=parameters["learningRate"], weight_decay=1e-5, foreach=True)
    seconds = []
    for _ in range(parameters["epochs"]):
        begin = time.perf_counter()
        for chosen in torch.randperm(len(train)).split(batch):
            inputs, targets = train[chosen].unbind(1)
            optimizer.zero_grad(set_to_none=True)
            torch.nn.functional.cross_entropy(model(inputs), targets).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimizer.step()
        seconds.append((time.perf_counter() - begin) * batch / len(train))
    peak, loss = peak_kilobytes(), 0.0
    model.eval()
    with torch.inference_mode():
        for part in test.split(batch):
            loss += torch.nn.functional.cross_entropy(model(part[:, 0]), part[:, 1], reduction="sum").item()
    return {"seconds": spread(seconds[1:]), "quality": {"testLoss": loss / len(test)}, "peakKilobytes": peak}


def pytorch(file, parameters, threads):
    torch.set_num_threads(threads)
    torch.manual_seed(42)
    return (on_counts if parameters["mode"] == "counts" else on_pairs)(file, parameters)


main({"pytorch": pytorch})
