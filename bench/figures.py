"""What a list of samples says. No assumption about how they are spread: order statistics and resampling only."""
import math
import random


def percentile(samples, percent):
    """The least sample that at least so many per cent of them do not exceed (nearest rank).

    >>> percentile([5, 1, 4, 2, 3], 50), percentile(range(1, 101), 99), percentile([7], 99)
    (3, 99, 7)
    """
    ordered = sorted(samples)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def median(samples):
    """
    >>> median([3, 1, 2]), median([1, 2, 3, 4])
    (2, 2.5)
    """
    ordered, half = sorted(samples), len(samples) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def slope(points):
    """Of the straight line through (x, y) points, by least squares.

    >>> slope([(0, 5), (1, 7), (4, 13), (16, 37)])
    2.0
    """
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)


def interval_rank(count, confidence=0.95):
    """(k, coverage): the k-th least and the k-th greatest of `count` samples enclose the median of what they were drawn
    from with this probability: the sign test turned round. k is the greatest with coverage >= confidence, at least 1.

    >>> interval_rank(10), interval_rank(60)[0]
    ((2, 0.978515625), 22)
    >>> interval_rank(3)
    (1, 0.75)
    """
    def coverage(below):
        return 1 - 2 * below / 2 ** count
    k, term, below = 1, count, 1  # comb(count, k); the sum of those before it
    while 2 * (k + 1) <= count and coverage(below + term) >= confidence:
        below, k = below + term, k + 1
        term = term * (count - k + 1) // k
    return k, coverage(below)


def median_interval(samples):
    """(low, high, coverage) around the median.

    >>> median_interval([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    (2, 9, 0.978515625)
    """
    k, coverage = interval_rank(len(samples))
    ordered = sorted(samples)
    return ordered[k - 1], ordered[-k], coverage


def smallest_shown(ratios, power=0.8, rounds=4000):
    """The smallest slowdown (0.01: 1 %) that such ratios would have shown: were the true median greater by this factor,
    then the whole interval would lie above 1 in 80 of 100 repetitions. Repetitions are drawn from the ratios themselves
    after their median is made 1.

    >>> smallest_shown([1.0] * 20)
    0.0
    >>> wide = smallest_shown([1 + i / 1000 for i in range(-20, 21)])
    >>> narrow = smallest_shown([1 + i / 10000 for i in range(-20, 21)])
    >>> 0.008 < wide < 0.016, 8 < wide / narrow < 12
    (True, True)
    """
    middle, (k, _), draw = median(ratios), interval_rank(len(ratios)), random.Random(1)
    centred = [ratio / middle for ratio in ratios]
    lows = [sorted(draw.choices(centred, k=len(centred)))[k - 1] for _ in range(rounds)]
    return 1 / percentile(lows, 100 * (1 - power)) - 1
