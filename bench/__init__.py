"""What Gofal costs, as ratios against the bare tools, measured side by side in the same run: ``make bench``."""
