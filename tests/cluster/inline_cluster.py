"""A cluster whose workers are objects of this process: what is tested without Ray."""

from __future__ import annotations

from types import SimpleNamespace

from eznas.cluster.worker import Preparation
from eznas.observer import SilentObserver


class InlineCluster:
    """Answers every question when it is awaited, the last one first."""

    def __init__(self, workers):
        self.workers = workers
        self.observer = Told()
        self.actors = []

    def shares(self, workers):
        return [1 / workers] * workers

    def actor(self, _worker, kind, *arguments):
        made = kind(Preparation.like_here(), *arguments)
        self.actors.append(made)

        def asked(name):
            return SimpleNamespace(remote=lambda *given: lambda: getattr(made, name)(*given))

        return SimpleNamespace(scores=asked("scores"), rounded_up=asked("rounded_up"))

    def end(self, actor):
        pass

    def put(self, value):
        return value

    def answers(self, asked):
        for position in reversed(range(len(asked))):
            yield position, asked[position]()

    def call(self, function, shared, item):
        return function(shared, item)

    def map(self, function, shared, items):
        for position, item in reversed(list(enumerate(items))):
            yield position, function(shared, item)


class Told(SilentObserver):
    """Keeps what it is told."""

    def __init__(self):
        self.messages, self.advanced = [], 0

    def message(self, text):
        self.messages.append(text)

    def advance(self):
        self.advanced += 1
