"""Customers. What names somebody is made up, so that a test can look for its traces in what the app keeps."""

from __future__ import annotations

from hashlib import sha256

from demo.woocommerce.bodies.common import Body, dates, links
from demo.woocommerce.state import PlayedShop
from demo.woocommerce.things import Customer

# Words of which nothing that the app keeps may hold one.
PEOPLE = ("Anabel", "Ortizovna", "Nowhere Lane", "Springfieldtown", "example.test", "555-01")


def address(number: int, country: str) -> Body:
    """A made-up billing address."""
    given, family, lane, city, host, phone = PEOPLE
    there = bool(number)
    return {
        "first_name": given if there else "",
        "last_name": f"{family}{number}" if there else "",
        "company": "",
        "address_1": f"{number} {lane}" if there else "",
        "address_2": "",
        "city": city if there else "",
        "state": "",
        "postcode": f"{number:05d}" if there else "",
        "country": country,
        "email": f"buyer{number}@{host}" if there else "",
        "phone": f"{phone}{number:04d}" if there else "",
    }


def customer_body(shop: PlayedShop, customer: Customer) -> Body:
    """A customer as REST and webhooks tell it."""
    billing = address(customer.id, customer.country)
    shipping = {name: "" for name in billing if name != "email"}
    face = sha256(billing["email"].encode()).hexdigest()
    return {
        "id": customer.id,
        **dates(shop, customer.created, customer.modified),
        "email": billing["email"],
        "first_name": billing["first_name"],
        "last_name": billing["last_name"],
        "role": customer.role,
        "username": f"buyer{customer.id}",
        "billing": billing,
        "shipping": shipping,
        "is_paying_customer": customer.paying,
        "avatar_url": f"https://secure.gravatar.com/avatar/{face}?s=96&d=mm&r=g",
        "meta_data": [],
        "_links": links(shop, "customers", customer.id),
    }
