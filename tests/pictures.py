"""Pictures that tests upload: good ones, and nonsense that calls itself a picture."""

import struct
import zlib
from io import BytesIO
from typing import Any

from httpx import Response
from PIL import Image

from tests.world import Api

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def picture(
    kind: str = "PNG", size: tuple[int, int] = (200, 80), mode: str = "RGB", **options: Any
) -> bytes:
    """Encode a picture of one colour."""
    file = BytesIO()
    Image.new(mode, size, (42, 111, 107, 128)[: len(mode)]).save(file, kind, **options)
    return file.getvalue()


def noise(side: int) -> bytes:
    """Encode a picture that cannot be compressed."""
    file = BytesIO()
    Image.effect_noise((side, side), 100).convert("RGB").save(file, "PNG")
    return file.getvalue()


def png_that_claims(width: int, height: int, pixels: bytes) -> bytes:
    """Write a PNG whose header claims a size, whatever its pixels are."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(pixels, 9))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body + chunk(b"IEND", b"")


def many_scans() -> bytes:
    """Write a progressive JPEG that repeats its last scan a thousand times."""
    whole = picture("JPEG", (1024, 1024), progressive=True)
    last = whole.rindex(b"\xff\xda")
    return whole[:-2] + whole[last:-2] * 1000 + whole[-2:]


def two_in_one() -> bytes:
    """Write a JPEG as some phones do, with a second picture behind the first (MPO)."""
    first, second = (Image.new("RGB", (side, side), (42, 111, 107)) for side in (64, 16))
    file = BytesIO()
    first.save(file, "MPO", save_all=True, append_images=[second])
    return file.getvalue()


def many_scans_of_two_in_one() -> bytes:
    """Write the JPEG of many scans so that it says it is two pictures in one."""
    whole, scans = two_in_one(), many_scans()
    tag = whole.index(b"MPF\0")
    segment = whole[tag - 4 : tag - 2 + int.from_bytes(whole[tag - 2 : tag], "big")]
    return scans[:2] + segment + scans[2:]


async def upload(api: Api, path: str, content: bytes, kind: str = "image/png") -> Response:
    """Put a picture, with a body that is not JSON."""
    headers = {"Authorization": f"Bearer {api.token}", "Content-Type": kind}
    return await api.http.put(path, content=content, headers=headers)
