"""Matrix factorisation with biases, which is the factorisation machine of two ids, in PyTorch: seconds of an epoch.

The scores, losses and options are those of palate's `train`. A trial may bound the steps that a driver takes, as an epoch
of some lasts an hour; the time of an epoch is then scaled up and marked so.
"""

import math
import time

import numpy as np
import torch
from common import main, peak_kilobytes, read_columns, read_header, spread

WARM_UP_STEPS = 5


class Factors(torch.nn.Module):
    def __init__(self, header, values, parameters, sparse):
        super().__init__()
        self.low, self.high = float(values.min()), float(values.max())
        self.logistic = parameters.get("objective") == "logistic"
        self.identity = parameters.get("link") == "identity"
        mean, share = float(values.mean()), (float(values.mean()) - self.low) / (self.high - self.low)
        with_biases = parameters.get("biases", True)
        start = (mean if self.identity else math.log(share / (1 - share))) if with_biases else 0.0
        std, dim = parameters.get("initStd", 0.01), parameters["dim"]
        table = lambda rows, width: torch.nn.Embedding(rows, width, sparse=sparse)
        self.user, self.item = table(header["users"], dim), table(header["items"], dim)
        for factors in (self.user, self.item):
            torch.nn.init.normal_(factors.weight, std=std)
        self.user_bias = self.item_bias = None
        self.start = start
        if with_biases:
            self.user_bias, self.item_bias = table(header["users"], 1), table(header["items"], 1)
            for bias in (self.user_bias, self.item_bias):
                torch.nn.init.zeros_(bias.weight)

    def forward(self, users, items):
        score = (self.user(users) * self.item(items)).sum(1) + self.start
        if self.user_bias is not None:
            score = score + self.user_bias(users).squeeze(1) + self.item_bias(items).squeeze(1)
        return score

    def loss(self, users, items, values):
        score = self(users, items)
        if self.logistic:
            targets = (values - self.low) / (self.high - self.low)
            return torch.nn.functional.binary_cross_entropy_with_logits(score, targets)
        return torch.nn.functional.mse_loss(self.rating(score), values)

    def rating(self, score):
        return score if self.identity else self.low + (self.high - self.low) * torch.sigmoid(score)


def optimizer_of(model, parameters, sparse):
    rate, weights = parameters["learningRate"], model.parameters()
    if parameters.get("optimizer", "sgd") == "sgd":
        return torch.optim.SGD(weights, lr=rate)
    if sparse:  # knows no weight decay
        return torch.optim.SparseAdam(list(weights), lr=rate)
    kind = torch.optim.AdamW if parameters.get("weightDecay") == "decoupled" else torch.optim.Adam
    return kind(weights, lr=rate, weight_decay=parameters.get("regularization", 0.0))


def tensors(file, part):
    users, items, values = read_columns(file, part)
    return torch.from_numpy(users.astype(np.int64)), torch.from_numpy(items.astype(np.int64)), torch.from_numpy(values)


def test_errors(model, file):
    users, items, values = tensors(file, "test")
    with torch.inference_mode():
        scores = torch.cat([model(u, i) for u, i in zip(users.split(1 << 18), items.split(1 << 18))])
        low, high = (-math.inf, math.inf) if model.logistic else (model.low, model.high)
        rmse = torch.sqrt(torch.nn.functional.mse_loss(model.rating(scores).clamp(low, high), values)).item()
        if not model.logistic:
            return {"testRmse": rmse}
        targets = (values - model.low) / (model.high - model.low)
        entropy = torch.nn.functional.binary_cross_entropy_with_logits(scores, targets).item()
        return {"testLoss": entropy, "testRmse": rmse}


def train(file, parameters, threads, sparse, most_steps):
    torch.set_num_threads(threads)
    torch.manual_seed(42)
    header, data = read_header(file), tensors(file, "train")
    size = len(data[0])
    batch = {"full": size, 1: parameters.get("pytorchBatchSize", 1024)}.get(parameters["batchSize"], parameters["batchSize"])
    steps = math.ceil(size / batch)
    measured = min(steps, most_steps or steps)

    def start():
        model = Factors(header, data[2], parameters, sparse)
        return model, optimizer_of(model, parameters, sparse)

    def shuffle():
        begin = time.perf_counter()
        order = None if batch == size else torch.randperm(size)
        return order, time.perf_counter() - begin

    def run(model, optimizer, order, count):
        for at in range(0, count * batch, batch):
            chosen = data if order is None else [column[order[at : at + batch]] for column in data]
            optimizer.zero_grad(set_to_none=True)
            model.loss(*chosen).backward()
            optimizer.step()

    model, optimizer = start()
    run(model, optimizer, shuffle()[0], min(steps, WARM_UP_STEPS))
    whole = measured == steps
    if whole:
        model, optimizer = start()
    seconds = []
    for _ in range(parameters["epochs"] if whole else 1):
        order, shuffling = shuffle()
        begin = time.perf_counter()
        run(model, optimizer, order, measured)
        seconds.append(shuffling + (time.perf_counter() - begin) * steps / measured)
    result = {"seconds": spread(seconds), "peakKilobytes": peak_kilobytes()}
    if parameters["batchSize"] == 1:
        result["note"] = f"in batches of {batch}: another optimizer, at a speed that PyTorch can reach"
    elif sparse:
        result["note"] = "SparseAdam: rows that a batch does not touch stand still, and there is no weight decay"
    if whole:
        return {**result, "quality": test_errors(model, file)}
    return {**result, "extrapolated": f"{measured:,} of {steps:,} steps"}


def pytorch(file, parameters, threads):
    return train(file, parameters, threads, False, parameters.get("pytorchSteps"))


def pytorch_sparse(file, parameters, threads):
    return train(file, parameters, threads, True, parameters.get("pytorchSparseSteps"))


main({"pytorch": pytorch, "pytorch-sparse": pytorch_sparse})
