"""The page at `/docs` works with its content security policy and stores nothing for the origin."""

from playwright.async_api import Browser, expect

from app.configuration.settings import Settings


async def test_a_token_is_forgotten_when_the_page_is_closed(
    browser: Browser, site: Settings
) -> None:
    page = await browser.new_page()
    complaints: list[str] = []
    page.on("console", lambda told: complaints.append(told.text) if told.type == "error" else None)
    await page.goto(f"{site.public_url}/docs")
    await page.evaluate("localStorage.setItem('authorized', 'kept by an earlier version')")
    await page.reload()
    await page.get_by_role("button", name="Authorize").first.click()
    dialog = page.locator(".modal-ux")
    await dialog.get_by_role("textbox").first.fill("a-token-of-somebody")
    await dialog.get_by_role("button", name="Apply credentials").first.click()
    await expect(dialog.get_by_role("button", name="Remove authorization")).to_have_count(1)
    kept = "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])"
    assert await page.evaluate(kept) == '[{},{},""]'
    assert complaints == []
    await page.close()
