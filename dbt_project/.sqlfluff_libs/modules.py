"""What dbt offers to macros as `modules`."""

import re

__all__ = ["re"]
