"""Abbreviations, units, currencies and symbols of English texts, and how they are said."""

from __future__ import annotations

import re

ABBREVIATIONS = {
    "Mr.": "Mister",
    "Mrs.": "Missus",
    "Ms.": "Miz",
    "Dr.": "Doctor",
    "St.": "Street",
    "Ave.": "Avenue",
    "Rd.": "Road",
    "Inc.": "Incorporated",
    "Ltd.": "Limited",
    "Co.": "Company",
    "Corp.": "Corporation",
    "Dept.": "Department",
    "e.g.": "for example",
    "i.e.": "that is",
    "etc.": "et cetera",
    "vs.": "versus",
    "approx.": "approximately",
    "ext.": "extension",
    "Ext.": "extension",
    "tel.": "telephone",
    "Tel.": "Telephone",
    "Mon.": "Monday",
    "Tue.": "Tuesday",
    "Wed.": "Wednesday",
    "Thu.": "Thursday",
    "Fri.": "Friday",
    "Sat.": "Saturday",
    "Sun.": "Sunday",
    "w/o": "without",
    "w/": "with",
    "Wi-Fi": "why fye",
}
DAY_NAMES = "Mon|Tue|Wed|Thu|Fri|Sat|Sun"
WORDS = {"USB": "U S B", "PIN": "pin", "SIM": "sim", "ZIP": "zip", "OK": "okay", "ASAP": "as soon as possible"}
SPOKEN_CAPITALS = frozenset(
    ("A", "I", "AND", "OR", "NOT", "NO", "YES", "THE", "TO", "OF", "IN", "ON", "IS", "IT", "WE", "GO", "DO", "STOP")
)
UNITS = {
    "%": ("percent", "percent"),
    "km/h": ("kilometer per hour", "kilometers per hour"),
    "mph": ("mile per hour", "miles per hour"),
    "kg": ("kilogram", "kilograms"),
    "mg": ("milligram", "milligrams"),
    "g": ("gram", "grams"),
    "lb": ("pound", "pounds"),
    "lbs": ("pound", "pounds"),
    "oz": ("ounce", "ounces"),
    "km": ("kilometer", "kilometers"),
    "cm": ("centimeter", "centimeters"),
    "mm": ("millimeter", "millimeters"),
    "m": ("meter", "meters"),
    "ft": ("foot", "feet"),
    "in": ("inch", "inches"),
    '"': ("inch", "inches"),
    "mi": ("mile", "miles"),
    "ml": ("milliliter", "milliliters"),
    "mL": ("milliliter", "milliliters"),
    "L": ("liter", "liters"),
    "GB": ("gigabyte", "gigabytes"),
    "MB": ("megabyte", "megabytes"),
    "TB": ("terabyte", "terabytes"),
    "KB": ("kilobyte", "kilobytes"),
    "Mbps": ("megabit per second", "megabits per second"),
    "GHz": ("gigahertz", "gigahertz"),
    "MHz": ("megahertz", "megahertz"),
    "kHz": ("kilohertz", "kilohertz"),
    "Hz": ("hertz", "hertz"),
    "W": ("watt", "watts"),
    "kW": ("kilowatt", "kilowatts"),
    "V": ("volt", "volts"),
    "°C": ("degree Celsius", "degrees Celsius"),
    "℃": ("degree Celsius", "degrees Celsius"),
    "°F": ("degree Fahrenheit", "degrees Fahrenheit"),
    "°": ("degree", "degrees"),
    "hr": ("hour", "hours"),
    "hrs": ("hour", "hours"),
    "min": ("minute", "minutes"),
    "mins": ("minute", "minutes"),
    "sec": ("second", "seconds"),
    "pcs": ("piece", "pieces"),
    "KRW": ("won", "won"),
    "USD": ("dollar", "dollars"),
    "EUR": ("euro", "euros"),
}
UNIT = "|".join(re.escape(unit) for unit in sorted(UNITS, key=len, reverse=True))
UNIT_END = r"(?![A-Za-z])"
MONEY = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "€": ("euro", "euros", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "₩": ("won", "won", "", ""),
    "￦": ("won", "won", "", ""),
    "¥": ("yen", "yen", "", ""),
}
SYMBOLS = {
    "&": "and",
    "+": "plus",
    "=": "equals",
    "×": "times",
    "÷": "divided by",
    "%": "percent",
    "#": "pound",
    "*": "star",
    "@": "at",
    "°": "degrees",
    "$": "dollars",
    "€": "euros",
    "£": "pounds",
    "₩": "won",
    "<": "less than",
    ">": "greater than",
    "™": "",
    "®": "",
    "©": "copyright",
}
"""On the telephone `#` is the pound key and `*` is star."""
ADDRESS_SIGNS = {".": "dot", "@": "at", "-": "dash", "_": "underscore", "+": "plus", "/": "slash", ":": "colon"}
FRACTIONS = {"1/2": "one half", "1/4": "one quarter", "3/4": "three quarters", "1/3": "one third", "2/3": "two thirds"}
VULGAR = {"½": "one half", "¼": "one quarter", "¾": "three quarters", "⅓": "one third", "⅔": "two thirds"}
