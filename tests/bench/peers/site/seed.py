"""Writes one provider and their bookings into the peer's database.

Reads the local starts of the bookings from standard input, as JSON; prints what requests need to
know: the ids, and the cookies of two who are signed in.
"""

import json
import sys
from datetime import datetime, time, timedelta

import django

django.setup()

from appointment.models import (  # noqa: E402 - the settings come first
    Appointment,
    AppointmentRequest,
    Config,
    Service,
    StaffMember,
    WorkingHours,
)
from django.contrib.auth.models import User  # noqa: E402
from django.test import Client  # noqa: E402

LENGTH = timedelta(minutes=50)


def cookie(user: User) -> str:
    """Sign a user in and return the cookie of their session."""
    client = Client()
    client.force_login(user)
    return client.cookies["sessionid"].value


def main() -> None:
    """Write what `practice.sql` writes for one practitioner."""
    Config.objects.create(
        slot_duration=30,
        lead_time=time(9),
        finish_time=time(17),
        slot_gap_time=10,
        website_name="Practice",
    )
    service = Service.objects.create(name="Follow-up", duration=LENGTH, price=120, currency="USD")
    doctor = User.objects.create_user("dr0", "dr0@practice.example", "unused", is_staff=True)
    doctor.first_name = "Dora"
    doctor.save()
    staff = StaffMember.objects.create(user=doctor)
    staff.services_offered.add(service)
    for day in range(1, 6):
        WorkingHours.objects.create(
            staff_member=staff, day_of_week=day, start_time=time(9), end_time=time(17)
        )
    clients = [
        User.objects.create_user(f"c{number}", f"c{number}@client.example", "unused")
        for number in range(2)
    ]
    made = []
    for number, text in enumerate(json.load(sys.stdin)):
        start = datetime.fromisoformat(text)
        request = AppointmentRequest.objects.create(
            date=start.date(),
            start_time=start.time(),
            end_time=(start + LENGTH).time(),
            service=service,
            staff_member=staff,
        )
        appointment = Appointment.objects.create(
            client=clients[number % 2], appointment_request=request, amount_to_pay=120
        )
        made.append({"id": appointment.id, "ref": request.id_request, "client": number % 2})
    told = {
        "service": service.id,
        "staff": staff.id,
        "appointments": made,
        "staff_cookie": cookie(doctor),
        "client_cookies": [cookie(client) for client in clients],
    }
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
