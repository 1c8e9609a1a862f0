"""The stage of contract tests: scripted upstreams behind the model `scripted` (20 credits)."""

from generator.tests.conftest import scripted_module, stage

__all__ = ["scripted_module", "stage"]
