"""Print the CPU that one 1024 x 1024 image costs: its thumbnails, and the check before them.

Run as `python -m bench.thumbnails`. The goal for the thumbnails is 27 ms.
"""

import io
import statistics
import time
from collections.abc import Callable

from PIL import Image, ImageChops

from generator.images import check_upload, finish_result, thumbnails

RUNS = 30


def photograph(size: int) -> Image.Image:
    """Soft shapes with some grain, which costs an encoder about what a photograph does."""
    soft = Image.effect_noise((size // 16, size // 16), 120).resize((size, size))
    grain = [Image.effect_noise((size, size), 12) for _ in range(3)]
    return ImageChops.blend(soft.convert("RGB"), Image.merge("RGB", grain), 0.25)


def cpu_ms(work: Callable[[], object]) -> float:
    """Return the median CPU time of `work` in milliseconds."""
    spent = []
    for _ in range(RUNS):
        started = time.process_time()
        work()
        spent.append(time.process_time() - started)
    return statistics.median(spent) * 1000


def main() -> None:
    image = photograph(1024)
    file = io.BytesIO()
    image.save(file, "PNG")
    data = file.getvalue()
    print(
        f"thumbnails of 1024x1024, 320 and 640 wide   {cpu_ms(lambda: thumbnails(image)):6.1f} ms"
    )
    print(
        f"check and rebuild a PNG of 1024x1024        {cpu_ms(lambda: check_upload(data)):6.1f} ms"
    )
    finish = cpu_ms(lambda: finish_result(data, 1024, 1024, watermark="© 2026 Ann"))
    print(f"finish a result with a watermark            {finish:6.1f} ms")


if __name__ == "__main__":
    main()
