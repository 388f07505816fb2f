"""Ranks and errors, by hand."""

from __future__ import annotations

import numpy as np

from specnet.training.evaluation import rank


def test_rank_counts_the_classes_before_the_right_one() -> None:
    scores = np.array([[0.1, 0.7, 0.2], [0.1, 0.7, 0.2], [0.1, 0.7, 0.2]])
    assert rank(scores, np.array([1, 2, 0])).tolist() == [0, 1, 2]


def test_between_equal_scores_the_lower_label_comes_first() -> None:
    scores = np.array([[0.25, 0.25, 0.25, 0.25]] * 2)
    assert rank(scores, np.array([0, 3])).tolist() == [0, 3]


def test_a_network_that_answers_nan_is_always_wrong() -> None:
    assert rank(np.full((1, 3), np.nan), np.array([0])).tolist() == [3]
