"""Logos and photos: what may be uploaded, and how it is served (product.md section 10, "Looks")."""

import hashlib
import logging
from io import BytesIO
from uuid import uuid4

import pytest
import structlog
from PIL import Image
from sqlalchemy.ext.asyncio import AsyncEngine

from app.configuration.settings import Settings
from app.directory.pictures import checking
from app.domain.errors import InvalidInputError
from app.identity.api_keys.keys import Scope
from app.tables.changes import Change
from app.tables.pictures import Picture
from app.tables.practices import Practice
from tests.pictures import (
    SVG,
    many_scans,
    many_scans_of_two_in_one,
    noise,
    picture,
    png_that_claims,
    two_in_one,
    upload,
)
from tests.server_logs import server_logs
from tests.world import NOW, Api, World

LOGO = "/v1/practice/logo"


def decoded(content: bytes) -> Image.Image:
    return Image.open(BytesIO(content))


async def url_of(api: Api, content: bytes, kind: str = "image/png") -> str:
    answer = await upload(api, LOGO, content, kind)
    assert answer.status_code == 200, answer.text
    url: str = answer.json()["url"]
    return url


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
async def test_a_logo_is_served_by_the_hash_of_its_content_to_anybody(
    staff: Api, stranger: Api, kind: str
) -> None:
    url = await url_of(staff, picture(kind), f"image/{kind.lower()}")
    shown = await stranger.get(url)
    assert shown.status_code == 200
    assert shown.headers["content-type"] == f"image/{kind.lower()}"
    assert shown.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in shown.headers["content-security-policy"]
    assert hashlib.sha256(shown.content).hexdigest() in url
    assert decoded(shown.content).size == (200, 80)


async def test_the_logo_is_in_every_answer_that_names_the_practice(
    api: Api, staff: Api, stranger: Api, world: World
) -> None:
    url = await url_of(staff, picture())
    session_id = await world.book(NOW.replace(hour=18))
    opened = await stranger.open_link(world.link_token(session_id))
    for practice in (
        (await api.get("/v1/me")).json()["practice"],
        opened.json()["practice"],
        (await staff.get("/v1/practice/me")).json()["practice"],
    ):
        assert practice["look"]["logo_url"] == url
    assert (await staff.get("/v1/practice")).json()["logo_url"] == url


async def test_what_a_picture_says_of_itself_is_in_no_log(staff: Api, settings: Settings) -> None:
    """The library that reads pictures logs each of its EXIF values, such as the place."""
    exif = Image.Exif()
    exif[0x010E] = "canary, taken at home"
    photo = picture("JPEG", (200, 80), exif=exif)
    with server_logs(settings) as logs:
        await url_of(staff, photo, "image/jpeg")
        logging.getLogger("PIL.TiffImagePlugin").warning("worn out")
        structlog.get_logger().debug("our own")
    assert "canary" not in logs.getvalue()
    assert "worn out" in logs.getvalue()
    assert "our own" in logs.getvalue()


async def test_metadata_and_what_follows_the_picture_is_not_kept(staff: Api, stranger: Api) -> None:
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    for content in (
        picture("JPEG", exif=exif, comment=b"canary"),
        picture("PNG", exif=exif) + b"canary<script>",
        picture("WEBP", exif=exif),
    ):
        shown = (await stranger.get(await url_of(staff, content))).content
        assert b"taken at home" not in shown
        assert b"canary" not in shown
        assert not decoded(shown).getexif()


async def test_a_picture_is_turned_upright(staff: Api, stranger: Api) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    url = await url_of(staff, picture("JPEG", (200, 80), exif=exif), "image/jpeg")
    assert decoded((await stranger.get(url)).content).size == (80, 200)


async def test_of_two_pictures_in_one_the_first_is_kept(staff: Api, stranger: Api) -> None:
    url = await url_of(staff, two_in_one(), "image/jpeg")
    shown = decoded((await stranger.get(url)).content)
    assert (shown.format, shown.size, url[-4:]) == ("JPEG", (64, 64), ".jpg")


async def test_transparency_is_kept(staff: Api, stranger: Api, world: World) -> None:
    url = await url_of(staff, picture("WEBP", mode="RGBA"))
    assert decoded((await stranger.get(url)).content).mode == "RGBA"
    (kept,) = await world.rows(Picture)
    assert decoded(kept.small).format == "PNG"


async def test_mails_get_a_small_picture_that_all_their_programs_know(
    staff: Api, world: World
) -> None:
    await url_of(staff, picture("WEBP", (1024, 512)), "image/webp")
    (kept,) = await world.rows(Picture)
    small = decoded(kept.small)
    assert (small.format, small.size) == ("JPEG", (224, 112))
    assert len(kept.small) < 20_000


NONSENSE: dict[str, bytes] = {
    "nothing": b"",
    "text": b"hello",
    "SVG with a script": SVG,
    "a page": b"<!doctype html><script>alert(1)</script>",
    "another kind of picture": picture("GIF"),
    "a damaged PNG": picture()[:-30],
    "a damaged JPEG": picture("JPEG", (900, 900))[:400],
    "a damaged WebP": picture("WEBP", (300, 300), lossless=True)[:40],
    "only a header": picture()[:33],
    "a JPEG of a thousand scans": many_scans(),
    "two JPEGs in one, of a thousand scans": many_scans_of_two_in_one(),
}


@pytest.mark.parametrize("what", NONSENSE)
async def test_nonsense_is_refused_and_changes_nothing(staff: Api, world: World, what: str) -> None:
    before = await url_of(staff, picture("JPEG"), "image/jpeg")
    answer = await upload(staff, LOGO, NONSENSE[what])
    assert (answer.status_code, answer.json()["code"]) == (422, "validation-failed")
    assert answer.json()["errors"][0]["pointer"] == ""
    assert (await staff.get("/v1/practice")).json()["logo_url"] == before
    assert len(await world.rows(Picture)) == 1


@pytest.mark.parametrize("size", [(1025, 10), (10, 1025), (60_000, 60_000), (20_000, 6_000)])
def test_a_picture_is_not_decoded_before_its_size_is_known(
    monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    def fail(opened: Image.Image) -> Image.Image:
        raise AssertionError(opened.size)

    monkeypatch.setattr(checking, "_decoded", fail)
    bomb = png_that_claims(*size, b"\0" * 1_000_000)
    with pytest.raises(InvalidInputError):
        checking.check_picture(bomb)


async def test_the_largest_picture_passes_and_the_next_one_does_not(staff: Api) -> None:
    assert (await upload(staff, LOGO, picture(size=(1024, 1024)))).status_code == 200
    answer = await upload(staff, LOGO, picture(size=(1025, 16)))
    assert answer.json()["errors"][0]["detail"] == "must have at most 1024 pixels a side"


async def test_too_many_bytes_are_too_large(staff: Api) -> None:
    fits = picture() + b"\0" * (100 * 1024 - len(picture()))
    assert (await upload(staff, LOGO, fits)).status_code == 200
    for content in (fits + b"\0", noise(400)):
        assert (await upload(staff, LOGO, content)).json()["code"] == "payload-too-large"


@pytest.mark.parametrize(
    "kind", ["image/svg+xml", "application/json", "text/html", "multipart/form-data", "image/gif"]
)
async def test_another_type_of_body_is_refused(staff: Api, kind: str) -> None:
    answer = await upload(staff, LOGO, picture(), kind)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported-media-type")


async def test_other_calls_take_no_pictures(staff: Api) -> None:
    answer = await upload(staff, "/v1/practice/holidays", picture())
    assert answer.status_code == 415


async def test_the_same_logo_again_writes_nothing(staff: Api, world: World) -> None:
    assert await url_of(staff, picture()) == await url_of(staff, picture())
    (entry,) = await world.rows(Change, subject="practice")
    assert (entry.kind, entry.details) == ("updated", {"fields": ["logo"]})


async def test_a_former_logo_is_gone(staff: Api, stranger: Api, world: World) -> None:
    first = await url_of(staff, picture())
    second = await url_of(staff, picture("JPEG"))
    assert (await stranger.get(first)).status_code == 404
    assert (await stranger.get(second)).status_code == 200
    for _ in range(2):
        assert (await staff.delete(LOGO)).status_code == 204
    assert (await stranger.get(second)).status_code == 404
    assert (await staff.get("/v1/practice")).json()["logo_url"] is None
    assert await world.rows(Picture) == []
    assert len(await world.rows(Change, subject="practice")) == 3


def photo_path(world: World) -> str:
    return f"/v1/practice/practitioners/{world.practitioner_id}/photo"


async def test_a_photo_is_shown_with_sessions_and_to_staff(
    api: Api, staff: Api, world: World
) -> None:
    session_id = await world.book(NOW.replace(hour=18))
    assert (await api.session(session_id))["practitioner"]["photo_url"] is None
    url = (await upload(staff, photo_path(world), picture("JPEG"), "image/jpeg")).json()["url"]
    assert (await api.session(session_id))["practitioner"]["photo_url"] == url
    (listed,) = (await api.get("/v1/sessions")).json()["items"]
    assert listed["practitioner"]["photo_url"] == url
    record = (await staff.get(photo_path(world).removesuffix("/photo"))).json()
    assert record["photo_url"] == url
    (entry,) = await world.rows(Change, subject="practitioner")
    assert (entry.subject_id, entry.details) == (world.practitioner_id, {"fields": ["photo"]})
    assert (await staff.delete(photo_path(world))).status_code == 204
    assert (await api.session(session_id))["practitioner"]["photo_url"] is None


async def test_a_picture_stays_while_anything_shows_it(
    staff: Api, stranger: Api, world: World
) -> None:
    url = await url_of(staff, picture())
    assert (await upload(staff, photo_path(world), picture())).json()["url"] == url
    await staff.delete(LOGO)
    assert (await stranger.get(url)).status_code == 200
    await staff.delete(photo_path(world))
    assert (await stranger.get(url)).status_code == 404


async def test_who_may_set_pictures(api: Api, world: World) -> None:
    for scope, logo, photo in (
        (Scope.READ, 403, 403),
        (Scope.WRITE, 403, 200),
        (Scope.ADMIN, 200, 200),
    ):
        staff = api.signed_in(await world.key(scope))
        assert (await upload(staff, LOGO, picture())).status_code == logo
        assert (await upload(staff, photo_path(world), picture())).status_code == photo
    nobody = api.signed_in("nonsense")
    assert (await upload(nobody, LOGO, SVG)).status_code == 401


async def test_another_practices_pictures_are_out_of_reach(
    api: Api, staff: Api, stranger: Api, world: World, engine: AsyncEngine
) -> None:
    url = await url_of(staff, picture())
    elsewhere = await World(engine, world.settings).build()
    other = api.signed_in(await elsewhere.key())
    assert (await upload(other, photo_path(world), picture())).status_code == 404
    assert (await other.delete(photo_path(world))).status_code == 404
    moved = url.replace(str(world.practice_id), str(elsewhere.practice_id))
    assert (await stranger.get(moved)).status_code == 404
    # Removing the same picture there leaves it here.
    await upload(other, LOGO, picture())
    await other.delete(LOGO)
    assert (await stranger.get(url)).status_code == 200


async def test_unknown_paths_of_pictures_are_not_found(stranger: Api, world: World) -> None:
    for name in ("x", "x.png", f"{'0' * 64}.png", f"{'0' * 64}.svg", "%00.png"):
        for practice in (world.practice_id, uuid4(), "nonsense"):
            assert (await stranger.get(f"/v1/pictures/{practice}/{name}")).status_code == 404


async def test_a_repeated_upload_with_a_key_is_replayed(staff: Api, world: World) -> None:
    headers = {"Authorization": f"Bearer {staff.token}", "Content-Type": "image/png"}
    headers["Idempotency-Key"] = "once"
    first = await staff.http.put(LOGO, content=picture(), headers=headers)
    await world.change_all(Practice, logo=None)
    again = await staff.http.put(LOGO, content=picture(), headers=headers)
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    other = await staff.http.put(LOGO, content=picture("JPEG"), headers=headers)
    assert other.json()["code"] == "idempotency-key-reused"
