"""How good samples are, by a small digit classifier.

    python evaluate.py classifier --data DIR --classifier FILE.pt
    python evaluate.py samples SAMPLES.npy --data DIR --classifier FILE.pt
    python evaluate.py losses MODEL.onnx --data DIR

Frechet distance between samples and the 10,000 test digits in the classifier's
penultimate features (as the FID, with features made for digits), the share of
samples the classifier is more than 90 % sure of, and the count of each digit.
As a yardstick the same numbers for as many real training digits. The losses
are 1/2 || sigma s + z ||^2 per level, on test digits.
"""

import argparse

import numpy as np
import torch
from torch import nn

from contract import geometric
from data import load, unit


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
        self.net.eval()
        images, labels = load(data, "t10k")
        self.real, shares = describe(self.net, unit(images))
        self.accuracy = float((shares.argmax(1) == labels.numpy()).mean())

    def report(self, images):
        """Images [N, 1, 28, 28]; values are clipped to [0, 1] as on a screen."""
        features, shares = describe(self.net, torch.as_tensor(images).clamp(0, 1))
        return {
            "frechet": round(frechet(features, self.real), 3),
            "confident": round(float((shares.max(1) > 0.9).mean()), 4),
            "classes": np.bincount(shares.argmax(1), minlength=10).tolist(),
        }


def print_samples(data, classifier, path):
    judge = Judge(data, classifier)
    samples = np.load(path)
    print(f"classifier: {judge.accuracy:.2%} of the test digits")
    print("samples:", judge.report(samples))
    pick = np.random.default_rng(0).permutation(60000)[: len(samples)]
    print("real training digits:", judge.report(unit(load(data, "train")[0][pick])))


def print_losses(data, path, count=500, batch=100):
    """sigma^2-weighted denoising loss per sample; a score of zero has 392."""
    from sample import open_model

    session, random = open_model(path), np.random.default_rng(0)
    images = unit(load(data, "t10k")[0][:count]).numpy()
    for sigma in geometric(10.0, 0.01, 10):
        total = 0.0
        for x in np.split(images, count // batch):
            z = random.standard_normal(x.shape, dtype=np.float32)
            feed = {"x": x + np.float32(sigma) * z, "sigma": np.full(batch, sigma, np.float32)}
            total += 0.5 * float(((sigma * session.run(None, feed)[0] + z) ** 2).sum())
        print(f"sigma {sigma:8.4f}  loss {total / count:8.3f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["classifier", "samples", "losses"])
    parser.add_argument("path", nargs="?", help="samples (.npy) or model (.onnx)")
    parser.add_argument("--data", required=True)
    parser.add_argument("--classifier", help="where the classifier is kept (.pt)")
    args = parser.parse_args()

    if args.what == "classifier":
        train(args.data, args.classifier)
        print(f"classifier: {Judge(args.data, args.classifier).accuracy:.2%} of the test digits")
    elif args.what == "samples":
        print_samples(args.data, args.classifier, args.path)
    else:
        print_losses(args.data, args.path)


if __name__ == "__main__":
    main()
