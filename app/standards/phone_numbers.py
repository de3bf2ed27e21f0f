"""Telephone numbers, as the library of libphonenumber's data reads them."""

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

# No text message arrives there.
_NO_TEXTS = {
    PhoneNumberType.FIXED_LINE,
    PhoneNumberType.TOLL_FREE,
    PhoneNumberType.PREMIUM_RATE,
    PhoneNumberType.SHARED_COST,
    PhoneNumberType.PAGER,
    PhoneNumberType.UAN,
    PhoneNumberType.VOICEMAIL,
}


def text_number(phone: str | None) -> str | None:
    """Give the number of text messages to a telephone, in the form of E.164 (`+12125550188`).

    None: it is not written with the country's code (`+…`), it cannot be a number, it has an
    extension, or it is of a kind that gets no text messages, such as a fixed line.
    """
    if phone is None or not phone.lstrip().startswith("+"):
        return None
    try:
        number = phonenumbers.parse(phone)
    except phonenumbers.NumberParseException:
        return None
    if number.extension or not phonenumbers.is_possible_number(number):
        return None
    if phonenumbers.number_type(number) in _NO_TEXTS:
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)
