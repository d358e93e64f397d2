"""What was measured, as a table to read and as a file."""
import json

import figures

UNITS = {"ns": (1e9, "ns"), "us": (1e6, "us"), "ms": (1e3, "ms"), "%": (100, "%"), "ratio": (1, ""), "byte": (1, "byte"), "M": (1e-6, "M")}


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

    def section(self, title, columns="median   least .. greatest        target"):
        self.sections.append({"title": title, "notes": [], "figures": []})
        print(f"\n{title}\n  {'':<62}{columns}", flush=True)

    def note(self, text):
        self.sections[-1]["notes"].append(text)
        print(f"  ({text})", flush=True)

    def add(self, figure, last):
        unit = figure["unit"]
        value, low, high = (shown(figure[key], unit) for key in ("value", "low", "high"))
        print(f"  {figure['name']:<56}{value:>12}   {low.split()[0] + ' .. ' + high:<25}{last}".rstrip(), flush=True)
        self.sections[-1]["figures"].append(figure)

    def measured(self, name, unit, value, low, high, samples, target=None):
        figure = {"name": name, "unit": unit, "value": value, "low": low, "high": high, "count": len(samples),
                  "samples": samples}
        last = ""
        if target is not None:
            figure.update(target=target, met=value <= target)
            last = f"<= {shown(target, unit):<10} {'met' if figure['met'] else 'MISSED'}"
        self.add(figure, last)

    def samples(self, name, unit, samples, target=None):
        """The median of several, least and greatest."""
        self.measured(name, unit, figures.median(samples), min(samples), max(samples), samples, target)

    def percentile(self, name, unit, samples, percent, parts=5):
        """Of all samples; the spread is that of the same figure of each fifth of them, in the order of time."""
        size = max(1, len(samples) // parts)
        each = [figures.percentile(samples[i * size:(i + 1) * size], percent) for i in range(parts)]
        self.measured(name, unit, figures.percentile(samples, percent), min(each), max(each), samples)

    def slowdown(self, name, ratios):
        """The median of the pairs' ratios, its interval, and the smallest slowdown that they would have shown."""
        low, high, coverage = figures.median_interval(ratios)
        smallest = figures.smallest_shown(ratios) if coverage >= 0.95 else None
        power = "too few pairs" if smallest is None else shown(smallest, "%")
        self.add({"name": name, "unit": "%", "value": figures.median(ratios) - 1, "low": low - 1, "high": high - 1,
                  "count": len(ratios), "samples": ratios, "coverage": coverage, "smallest_shown": smallest},
                 f"{power:<14} {len(ratios)} pairs, {100 * coverage:.0f} %")

    def write(self, path, head):
        path.write_text(json.dumps({**head, "sections": self.sections}, indent=1) + "\n")
