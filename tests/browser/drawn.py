"""Waits until a chart of a page is drawn."""

import time

from playwright.sync_api import Page

_PATIENCE_SECONDS = 30.0


def drawn_chart(page: Page, name: str) -> str:
    """JavaScript for the chart `name`, once it is drawn.

    Asked anew each time instead of by `wait_for_function`: that one evaluates a string inside the page when the first
    answer is no, which the page's own Content-Security-Policy forbids.
    """
    chart = f"window.Chart?.getChart(document.querySelector(`[data-chart='{name}']`))"
    ends = time.monotonic() + _PATIENCE_SECONDS
    while not page.evaluate(f"Boolean({chart})"):
        if time.monotonic() > ends:
            raise AssertionError(f"chart {name} was not drawn in {_PATIENCE_SECONDS} s")
        page.wait_for_timeout(50)
    return chart
