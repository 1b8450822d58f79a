"""The recorder in a user-defined training loop: python examples/own_loop.py FOLDER, then look at FOLDER/*.nc.

A row of runs.tsv with FOLDER in the column walk and 50 in the column window takes these files through all analyses
and figures.
"""

import sys

import torch
from sgdwalk import Recorder
from sklearn.datasets import load_digits
from torch import nn

EPOCHS, BATCH = 3, 32
if len(sys.argv) != 2:
    sys.exit("usage: python examples/own_loop.py FOLDER")

digits = load_digits()
inputs, labels = torch.tensor(digits.data, dtype=torch.float32) / 16, torch.tensor(digits.target)
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
recorder = Recorder(model, window=50, samples=1000)

for _ in range(EPOCHS):
    for batch in torch.randperm(len(labels)).split(BATCH):
        loss = nn.functional.cross_entropy(model(inputs[batch]), labels[batch])
        optimiser.zero_grad()
        loss.backward()
        recorder.record(loss, learning_rate=0.1)  # after backward(), before the weights change
        optimiser.step()
    wrong = (model(inputs).argmax(1) != labels).float().mean()
    recorder.end_epoch(train_error=wrong.item())

recorder.close()
recorder.save(sys.argv[1], {"what": "digits, two linear layers", "lr": 0.1})
