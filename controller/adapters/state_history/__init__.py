"""Earlier states of units: on disk, for the controller's eyes only, or in memory."""
