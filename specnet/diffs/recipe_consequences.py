"""What follows from the differences of two recipes: steps, the learning rate, and half-lives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from specnet.diffs.half_lives import half_lives
from specnet.diffs.rate_curve import RateCurve, laid_out
from specnet.diffs.rate_lines import rate_lines
from specnet.network.network import Network
from specnet.recipe.training import Training


@dataclass(frozen=True)
class Length:
    """How long a recipe trains: `images` are those of its training set, None where that is not known."""

    batch_size: int
    epochs: int
    images: int | None

    @classmethod
    def of(cls, network: Network, recipe: Training) -> Length:
        data = network.spec.data
        return cls(recipe.batch_size, recipe.epochs, data.train_count() if data else None)

    @property
    def per_epoch(self) -> int | None:
        """Steps in an epoch; the last one may have fewer images."""
        return None if self.images is None else -(-self.images // self.batch_size)

    @property
    def steps(self) -> int | None:
        """Steps in all."""
        return None if self.per_epoch is None else self.per_epoch * self.epochs

    @property
    def seen(self) -> int | None:
        """Images in all, each counted in every epoch."""
        return None if self.images is None else self.images * self.epochs

    def steps_to(self, seen: int) -> int | None:
        """Steps until so many images have been seen, with the smaller batch at the end of each epoch."""
        if self.images is None or self.per_epoch is None:
            return None
        epochs, rest = divmod(seen, self.images)
        return epochs * self.per_epoch + -(-rest // self.batch_size)


@dataclass(frozen=True)
class RecipeConsequences:
    """What becomes of a training's length, its learning rate and its half-lives."""

    recipes: tuple[Training, Training]
    lengths: tuple[Length, Length]

    @property
    def same_images(self) -> int | None:
        """Steps in which the second recipe sees as many images as the first one does in all."""
        seen = self.lengths[0].seen
        return None if seen is None else self.lengths[1].steps_to(seen)

    @property
    def _times(self) -> float:
        """How many steps the second recipe takes for the images of one of the first, but for smaller batches
        at the end of an epoch."""
        return self.lengths[0].batch_size / self.lengths[1].batch_size

    @property
    def curves(self) -> tuple[RateCurve, RateCurve]:
        return laid_out(self.recipes, (self.lengths[0].per_epoch, self.lengths[1].per_epoch))

    @property
    def half_lives(self) -> dict[str, tuple[float | None, float | None]]:
        """Steps by the options of the optimizers, before and after."""
        old, new = (half_lives(recipe.optimizer) for recipe in self.recipes)
        return {option: (old.get(option), new.get(option)) for option in {**old, **new}}

    def as_json(self) -> dict[str, Any]:
        keys = ("batch_size", "epochs", "images", "per_epoch", "steps")
        told = {key: _sides(*(getattr(length, key) for length in self.lengths)) for key in keys}
        return {
            "batch_size": told["batch_size"],
            "epochs": told["epochs"],
            "training_images": told["images"],
            "steps_per_epoch": told["per_epoch"],
            "steps": told["steps"],
            "steps_to_the_same_images": {"steps": self.same_images, "times": self._times},
            "learning_rate": _sides(*(curve.as_json() for curve in self.curves)),
            "half_lives": {option: _sides(*pair) for option, pair in self.half_lives.items()},
        }

    def lines(self) -> list[str]:
        """A line for each thing that differs."""
        return [*self._steps(), *rate_lines(*self.curves), *self._half_lives()]

    def _steps(self) -> list[str]:
        before, after = self.lengths
        if before == after:
            return []
        if before.steps is None or after.steps is None:
            same = before.batch_size == after.batch_size
            return [] if same else [f"steps to the same number of images: {self._times:.4g} times as many"]
        if before.seen == after.seen:
            return [f"steps: {before.steps:,} -> {after.steps:,}, for the same number of images"]
        if before.per_epoch == after.per_epoch and before.images == after.images:
            return [f"steps: {before.steps:,} -> {after.steps:,}"]
        same_images = f"{self.same_images:,} of the new see as many images as the {before.steps:,} old"
        return [f"steps: {before.steps:,} -> {after.steps:,}; {same_images}"]

    def _half_lives(self) -> list[str]:
        differing = {option: pair for option, pair in self.half_lives.items() if pair[0] != pair[1]}
        told = [f"{option} {' -> '.join(map(_number, pair))}" for option, pair in differing.items()]
        return [f"half-lives in steps: {', '.join(told)}"] if told else []


def _number(steps: float | None) -> str:
    return "none" if steps is None else f"{steps:,.1f}" if steps < 1000 else f"{steps:,.0f}"


def _sides(before: Any, after: Any) -> dict[str, Any]:
    return {"before": before, "after": after}


def recipe_consequences(before: Network, after: Network) -> RecipeConsequences | None:
    """What the second network's recipe makes of the first one's; None unless both have one."""
    recipes = before.spec.training, after.spec.training
    if recipes[0] is None or recipes[1] is None:
        return None
    return RecipeConsequences(
        (recipes[0], recipes[1]), (Length.of(before, recipes[0]), Length.of(after, recipes[1]))
    )
