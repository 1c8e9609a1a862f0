"""Local stand-ins that speak an upstream's wire protocol over a real socket.

They share no code with the adapters: what an adapter gets wrong about a protocol, its simulator
does not get wrong in the same way.
"""

from __future__ import annotations

from generator.simulators.base import Simulator
from generator.simulators.kie import KieSimulator

SIMULATORS: dict[str, type[Simulator]] = {"kie": KieSimulator}
"""Every simulator by the slug of its provider."""
