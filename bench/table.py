"""What was measured, as a table to read and as a file."""
import json

import figures

UNITS = {"ns": (1e9, "ns"), "us": (1e6, "us"), "ms": (1e3, "ms"), "%": (100, "%"), "ratio": (1, "")}


def shown(value, unit):
    """
    >>> shown(1.234e-8, "ns"), shown(0.0123, "ms"), shown(0.000456, "%"), shown(-0.0001, "%")
    ('12.34 ns', '12.30 ms', '0.046 %', '-0.010 %')
    """
    factor, name = UNITS[unit]
    value *= factor
    digits = 3 if abs(value) < 1 else 2 if abs(value) < 100 else 1
    return f"{value:.{digits}f} {name}"


class Table:
    """Values are kept in seconds or as plain shares; units are for showing."""

    def __init__(self):
        self.sections = []

    def section(self, title, *notes):
        self.sections.append({"title": title, "notes": list(notes), "figures": []})
        print(f"\n{title}", flush=True)
        for note in notes:
            print(f"  ({note})")

    def note(self, text):
        self.sections[-1]["notes"].append(text)
        print(f"  ({text})", flush=True)

    def add(self, name, unit, value, low, high, count, target=None, **more):
        figure = {"name": name, "unit": unit, "value": value, "low": low, "high": high, "count": count, **more}
        spread = f"{shown(low, unit).split()[0]} .. {shown(high, unit)}"
        line = f"  {name:<46}{shown(value, unit):>12}   {spread:<26}"
        if target is not None:
            figure.update(target=target, met=value <= target)
            line += f"<= {shown(target, unit):<11}{'met' if figure['met'] else 'MISSED'}"
        self.sections[-1]["figures"].append(figure)
        print(line.rstrip(), flush=True)

    def samples(self, name, unit, samples, target=None):
        """The median of several, least and greatest."""
        self.add(name, unit, figures.median(samples), min(samples), max(samples), len(samples), target,
                 samples=samples)

    def percentile(self, name, unit, samples, percent, parts=5):
        """Of all samples; the spread is that of the same figure of each fifth of them, in the order of time."""
        size = max(1, len(samples) // parts)
        each = [figures.percentile(samples[i * size:(i + 1) * size], percent) for i in range(parts)]
        self.add(name, unit, figures.percentile(samples, percent), min(each), max(each), len(samples))

    def slowdown(self, name, ratios):
        """The median of the pairs' ratios, its interval, and the smallest slowdown that they would have shown."""
        low, high, coverage = figures.median_interval(ratios)
        smallest = figures.smallest_shown(ratios)
        self.add(name, "%", figures.median(ratios) - 1, low - 1, high - 1, len(ratios), coverage=coverage,
                 smallest_shown=smallest, samples=ratios)
        self.note(f"{len(ratios)} pairs, {100 * coverage:.1f} % interval; would have shown {shown(smallest, '%')}")

    def write(self, path, head):
        path.write_text(json.dumps({**head, "sections": self.sections}, indent=1) + "\n")
