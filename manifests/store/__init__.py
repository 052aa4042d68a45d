"""Run folders behind URLs: paths, whole objects, scratch."""
