"""The records that all examples share: each has one id, and one set of values."""

IDS = {
    "busy_time": "4d9c5f20-6ea3-4c31-8d88-5c9c3e1f2a34",
    "change": "5eac6031-7fb4-4d42-9e99-6dad4f203b45",
    "command": "6fbd7142-8ac5-4e53-8fa0-7ebe5a314c56",
    "client": "7e5d4c3b-2a19-4f08-8e7d-6c5b4a39281f",
    "endpoint": "6fbd7142-80c5-4e53-8faa-7ebe50314c56",
    "feed": "1b2c3d4e-5f60-4718-8293-a4b5c6d7e8f9",
    "fee": "70ce8253-91d6-4f64-90bb-8fcf61425d67",
    "group": "d84a1f3c-9b27-4e05-8c6d-1f2e3a4b5c6d",
    "move_request": "e95b204d-ac38-4f16-9d7e-2a3f4b5c6d7e",
    "key": "81df9364-a2e7-4075-a1cc-90e072536e78",
    "location": "9a4f0f63-1c7d-4b55-8f0e-3f3d0b6a7c94",
    "notification": "92f0a475-b3f8-4186-b2dd-a1f183647f89",
    "package": "c2f1d9be-8a43-4d1c-b7be-6a1f0e6f5d83",
    "policy": "a301b586-c409-4297-83ee-b2029475809a",
    "practice": "3f0c7f2e-8a1b-4c6d-9e3f-0a1b2c3d4e5f",
    "practitioner": "e8b7a5d2-0f9c-4e3b-9d41-7c5b2a1f6e05",
    "series": "c523d7a8-e62b-4b94-a5a1-d424b69702bc",
    "service": "5d7f6c0a-54a5-4c63-a3c0-1a0d4c9f7e21",
    "session": "0b0e7c39-5a3f-4b1e-9a53-0f6a2f0f4c11",
    "later_session": "d634e8b9-f73c-4ca5-b6b2-e535c7a813cd",
    "offer": "f7164b2a-1c8d-4e90-a2b3-c4d5e6f70819",
    "wish": "08275c3b-2d9e-4fa1-b3c4-d5e6f708192a",
    "time_off": "b412c697-d51a-43a8-94ff-c313a58691ab",
}
FEE = {"amount_minor": 4500, "currency": "USD", "decimals": 2}
CONTACT = {"name": "Dr. Maya Chen", "email": "maya@harbor.example", "phone": "+1 303 555 0100"}
SERVICE = {"id": IDS["service"], "name": "Follow-up"}
PACKAGE = {"id": IDS["package"], "name": "Six follow-ups"}
LOCATION = {
    "id": IDS["location"],
    "name": "Harbor Street",
    "address": "1 Harbor Street, Denver, CO 80202",
    "time_zone": "America/Denver",
}
PICTURE = f"/v1/pictures/{IDS['practice']}/{'b1946ac9' * 8}.png"
WHO = {
    "client": {
        "id": IDS["client"],
        "name": "Ana Ruiz",
        "email": "ana@client.example",
        "phone": "+1 212 555 0188",
        "time_zone": "America/New_York",
        "locale": "en-US",
    },
    "practice": {
        "id": IDS["practice"],
        "name": "Harbor Wellness",
        "email": "hello@harbor.example",
        "phone": "+1 303 555 0199",
        "address": "1 Harbor Street\nDenver, CO 80202",
        "website": "https://harbor.example",
        "look": {
            "accent": "#2a6f6b",
            "logo_url": PICTURE,
            "welcome": None,
            "footer": "Harbor Wellness LLC, Denver",
        },
        "currency": "USD",
        "currency_decimals": 2,
    },
}
