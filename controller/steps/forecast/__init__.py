"""Series → forecast: candidates, back-test, choice, bounds, conversion. Pure: nothing is drawn."""
