"""How good samples are, by a small digit classifier.

    python evaluate.py classifier --data DIR --classifier FILE.pt
    python evaluate.py samples SAMPLES.npy --data DIR --classifier FILE.pt [--label each]
    python evaluate.py judge JUDGE.onnx --data DIR --classifier FILE.pt
    python evaluate.py losses MODEL.onnx --data DIR [--label null] [--png levels.png]

Frechet distance between samples and the 10,000 test digits in the classifier's
penultimate features (as the FID, with features made for digits), the share of
samples the classifier is more than 90 % sure of, and the count of each digit.
As a yardstick the same numbers for as many real training digits. Told which
labels were asked for (as for sample.py), it also says how many samples show
them. The judge is the same classifier and what is to be known of the test digits
as one ONNX file, for `ncsn bench-quality` (judge.py). The losses are those of levels.py on 500 test digits; a class-conditional
model is told their labels, or with --label null none.
"""

import argparse

import numpy as np
import torch
from torch import nn

import levels
from contract import geometric
from data import load, unit
from judge import export, settled
from sample import classes_of, labels_for, open_model, score_of


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()

        def stage(before, after):
            return nn.Sequential(
                nn.Conv2d(before, after, 3, padding=1, bias=False),
                nn.BatchNorm2d(after),
                nn.ReLU(),
                nn.MaxPool2d(2),
            )

        self.features = nn.Sequential(
            stage(1, 24),
            stage(24, 48),
            stage(48, 96),
            nn.Flatten(),
            nn.Dropout(0.3),
            nn.Linear(96 * 9, 64),
            nn.ReLU(),
        )
        self.head = nn.Linear(64, 10)

    def forward(self, x):
        return self.head(self.features(x))


def shifted(x):
    """Random shifts by up to two pixels, one for the whole batch."""
    dy, dx = torch.randint(-2, 3, (2,)).tolist()
    return torch.roll(x, (dy, dx), (2, 3))


def train(data, path, epochs=5, batch=128):
    torch.manual_seed(0)
    images, labels = load(data, "train")
    net = Classifier()
    optimizer = torch.optim.Adam(net.parameters(), 2e-3)
    steps = epochs * (len(images) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, steps)
    for _ in range(epochs):
        for pick in torch.randperm(len(images)).split(batch)[: len(images) // batch]:
            loss = nn.functional.cross_entropy(net(shifted(unit(images[pick]))), labels[pick])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    torch.save(net.state_dict(), path)


@torch.no_grad()
def describe(net, images):
    """(features [N, 64], class probabilities [N, 10]) of float images in [0, 1]."""
    features = torch.cat([net.features(part) for part in images.split(500)])
    return features.double().numpy(), net.head(features).softmax(1).numpy()


def root(matrix):
    """Square root of a symmetric matrix; rounding may leave eigenvalues just below zero."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(values.clip(0))) @ vectors.T


def frechet(a, b):
    """|mean difference|^2 + tr(A + B - 2 (A^1/2 B A^1/2)^1/2) of Gaussians fitted to features."""
    ca, cb = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    half = root(ca)
    both = root(half @ cb @ half)
    return float(np.sum((a.mean(0) - b.mean(0)) ** 2) + np.trace(ca + cb - 2 * both))


class Judge:
    def __init__(self, data, path):
        self.net = Classifier()
        self.net.load_state_dict(torch.load(path))
        settled(self.net)
        images, labels = load(data, "t10k")
        self.real, shares = describe(self.net, unit(images))
        self.real_classes = shares.argmax(1)
        self.accuracy = float((self.real_classes == labels.numpy()).mean())

    def report(self, images, asked=None):
        """Images [N, 1, 28, 28], values clipped to [0, 1] as on a screen; `asked` the labels they should have."""
        features, shares = describe(self.net, torch.as_tensor(images).clamp(0, 1))
        shown = shares.argmax(1)
        found = {
            "frechet": round(frechet(features, self.real), 3),
            "confident": round(float((shares.max(1) > 0.9).mean()), 4),
            "classes": np.bincount(shown, minlength=10).tolist(),
        }
        if asked is not None:
            found["as asked"] = round(float((shown == asked).mean()), 4)
            found["as asked per class"] = np.bincount(asked[shown == asked], minlength=10).tolist()
        return found


def print_samples(data, classifier, path, label=None):
    judge = Judge(data, classifier)
    samples = np.load(path)
    asked = None if label in (None, "null") else labels_for(label, len(samples), 10, 10)
    print(f"classifier: {judge.accuracy:.2%} of the test digits")
    print("samples:", judge.report(samples, asked))
    pick = np.random.default_rng(0).permutation(60000)[: len(samples)]
    print("real training digits:", judge.report(unit(load(data, "train")[0][pick])))


def export_judge(data, classifier, path):
    judge = Judge(data, classifier)
    export(
        judge.net,
        path,
        unit(load(data, "t10k")[0][:100]),
        {
            "accuracy": judge.accuracy,
            "count": len(judge.real),
            "mean": judge.real.mean(0).tolist(),
            "covariance": np.cov(judge.real, rowvar=False)[np.tril_indices(judge.real.shape[1])].tolist(),
            "classes": np.bincount(judge.real_classes, minlength=10).tolist(),
            "reference": "the 10,000 test digits of MNIST",
            "license": "MIT OR Apache-2.0",
            "provenance": "train/evaluate.py classifier, judge: five epochs over the 60,000 training digits of MNIST "
            "(Yann LeCun and Corinna Cortes, CC BY-SA 3.0)",
        },
    )
    print(f"{path}: {judge.accuracy:.2%} of the test digits")


def print_losses(data, path, label=None, png=None, count=500):
    session = open_model(path)
    classes = classes_of(session)
    if label is not None and not classes:
        raise SystemExit(f"--label: {path} is not class-conditional")
    images, labels = load(data, "t10k")
    images, labels = unit(images[:count]).numpy(), labels[:count].numpy()
    if label is not None:
        labels = labels_for(label, count, *classes)

    def scaled_score(x, sigma, asked):
        return sigma[0] * score_of(session, asked if classes else None)(x, sigma[0])

    sigmas = geometric(10.0, 0.01, 10)
    linear = levels.linear_losses(unit(load(data, "train")[0]).numpy(), sigmas)
    measured = levels.measure(scaled_score, images, labels, sigmas)
    print(*levels.table(measured, linear), sep="\n")
    if png:
        levels.plot(measured, linear, png, f"{path}, {count} test digits")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["classifier", "samples", "judge", "losses"])
    parser.add_argument("path", nargs="?", help="samples (.npy), judge or model (.onnx)")
    parser.add_argument("--data", required=True)
    parser.add_argument("--classifier", help="where the classifier is kept (.pt)")
    parser.add_argument("--label", help="samples: the labels asked for; losses: null")
    parser.add_argument("--png", help="losses: where to plot them")
    args = parser.parse_args()

    if args.what == "classifier":
        train(args.data, args.classifier)
        print(f"classifier: {Judge(args.data, args.classifier).accuracy:.2%} of the test digits")
    elif args.what == "samples":
        print_samples(args.data, args.classifier, args.path, args.label)
    elif args.what == "judge":
        export_judge(args.data, args.classifier, args.path)
    else:
        print_losses(args.data, args.path, args.label, args.png)


if __name__ == "__main__":
    main()
