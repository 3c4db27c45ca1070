"""Models of time series: in a process of their own, or none at all."""
