"""How large a picture or video is: from size, aspect ratio and resolution to pixels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from generator.models import Model

RATIOS = {
    "1:1": (1024, 1024), "4:3": (1280, 896), "3:4": (896, 1280), "16:9": (1408, 768),
    "9:16": (768, 1408), "3:2": (1536, 1024), "2:3": (1024, 1536),
}  # fmt: skip
VIDEO_RATIOS = {"16:9": (1280, 720), "9:16": (720, 1280), "1:1": (960, 960)}
SCALES = {"1k": 1, "2k": 2, "4k": 4}


def pixels(model: Model, parameters: Mapping[str, Any]) -> tuple[int, int]:
    """Width and height in pixels of what will be delivered."""
    if model.kind == "video":
        width, height = VIDEO_RATIOS[parameters.get("aspect_ratio", "16:9")]
        return (
            (width * 3 // 2, height * 3 // 2)
            if parameters.get("quality") == "1080p"
            else (width, height)
        )
    if parameters.get("size"):
        width, height = map(int, str(parameters["size"]).split("x"))
    else:
        width, height = RATIOS[parameters.get("aspect_ratio", "1:1")]
    scale = SCALES[parameters.get("resolution", "1k")]
    return width * scale, height * scale
