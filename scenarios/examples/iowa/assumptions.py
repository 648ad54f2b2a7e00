"""Everything in the Iowa example that is not in the published data, in one place.

The deliveries, prices and coordinates are real (see README.md). The rest is set here by stated,
deterministic rules: change a value, run `python -m scenarios.examples.iowa.build`, and the tables follow.
Volumes are litres, the base unit of measure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

# --- time -------------------------------------------------------------------------------------------
HORIZON_START = date(2015, 11, 23)  # a Monday
BUCKETS = 8
RECENT_WEEKS = 26  # "active" and "recent mean" look at this many weeks before the horizon
# `week_starting` is always a Sunday and holiday dips (Labor Day, 4 July) show that it is the Sunday before
# the deliveries, which run Monday to Friday: the bucket starts on the day after.
LABEL_TO_MONDAY_DAYS = 1

# --- the warehouse ----------------------------------------------------------------------------------
DC_ID, DC_NAME, DC_LATITUDE, DC_LONGITUDE = "DC_ANKENY", "Warehouse Ankeny", 41.73, -93.60

# --- goods ------------------------------------------------------------------------------------------
STATE_MARKUP = 0.5  # Iowa sells to retailers at cost plus 50 %: unit_cost = unit_price / 1.5
# 12 bottles of 750 ml in their case weigh about 15 kg: liquid 0.94 kg and glass and board 0.66 kg per litre.
WEIGHT_KG_PER_LITRE = 1.6
# 60 such cases (540 l) fill a pallet of 1.2 m x 1.0 m x 1.5 m: 3.4 litres of space per litre.
VOLUME_M3_PER_LITRE = 0.0034
# Usual cases in litres and the parts in which they can be split into whole bottles. An item's case is the one
# whose volume is its most frequent delivery; the store pack is the largest part that is not above the first
# quartile of its deliveries (three of four deliveries were at least that big).
CASE_PARTS: dict[float, tuple[int, ...]] = {
    4.5: (1, 2, 3, 6),
    4.8: (1, 2, 4, 8),
    6.0: (1, 2, 3, 4, 6, 12),
    9.0: (1, 2, 3, 4, 6, 12),
    10.5: (1, 2, 3, 6),
    12.0: (1, 2, 3, 4, 6, 12),
}
DEFAULT_CASE = 4.5  # an item that was never delivered by the case
STORE_PACK_QUANTILE = 0.25
CASES_PER_LAYER, CASES_PER_PALLET = 10, 60
PALLET_FROM_PALLETS_PER_WEEK = 4.0  # purchase orders in pallets from this recent weekly volume on
LAYER_FROM_LAYERS_PER_WEEK = 1.0  # below that in layers, from this volume on; below that in cases
MOQ_IN_MULTIPLES = {"pallet": 1, "layer": 2, "case": 2}
# The first of these words that stands in the name decides; the order matters. FIVE STAR is taken for a whiskey.
CATEGORIES: tuple[tuple[str, str], ...] = (
    ("W", "gift_pack"),
    ("PEGASUS", "gift_pack"),
    ("PIRATE SWORD", "gift_pack"),
    ("VODKA", "vodka"),
    ("GIN", "gin"),
    ("BRANDY", "brandy"),
    ("IRISH CREAM", "liqueur"),
    ("EGG NOG", "liqueur"),
    ("SCHNAPPS", "liqueur"),
    ("JAGERMEISTER", "liqueur"),
    ("GROG", "liqueur"),
    ("LONG ISLAND", "cocktail"),
    ("RUM", "rum"),
    ("ADMIRAL NELSON", "rum"),
    ("JACK DANIELS", "whiskey"),
    ("JIM BEAM", "whiskey"),
    ("FIREBALL", "whiskey"),
    ("BARTON", "whiskey"),
    ("FIVE STAR", "whiskey"),
)


# --- suppliers: one per brand -----------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Terms:
    """Assumed terms of one supplier: days, days, money per order line, money per order, receiving weekday 0..4."""

    lead_time_days: int
    lead_time_sd_days: float
    fixed_order_cost: float
    min_order_value: float
    receipt_weekday: int


SUPPLIER_TERMS: dict[str, Terms] = {
    "Admiral Nelson": Terms(14, 2.0, 20.0, 10_000.0, 1),
    "Barton": Terms(14, 2.0, 20.0, 10_000.0, 2),
    "Fireball": Terms(14, 2.0, 20.0, 10_000.0, 3),
    "Five Star": Terms(10, 1.5, 20.0, 5_000.0, 0),
    "Jack Daniels": Terms(14, 2.5, 25.0, 10_000.0, 4),
    "Jagermeister": Terms(21, 4.0, 25.0, 10_000.0, 2),
    "Jim Beam": Terms(14, 2.5, 20.0, 10_000.0, 0),
    "McCormick": Terms(7, 1.0, 15.0, 2_000.0, 3),
    "Phillips": Terms(7, 1.0, 15.0, 5_000.0, 1),
}
REVIEW_PERIOD_DAYS = 7.0

# --- from the warehouse to the cities ---------------------------------------------------------------
LANE_LEAD_TIME_DAYS = 1.0  # ordered and picked one day, on the road the next
LANE_FIXED_ORDER_COST = 1.5  # picking one order line
LANE_COST_PER_LITRE = 0.04  # handling
# Regions: within CENTRAL_KM of the warehouse "central", else by compass bearing from it (degrees, from, to).
# Trucks go to one part of the state per weekday; the sectors hold about equally many cities.
CENTRAL_KM = 45.0
SECTORS: tuple[tuple[str, float, float, str], ...] = (
    ("north", 310.0, 20.0, "mon"),
    ("northeast", 20.0, 65.0, "tue"),
    ("east", 65.0, 95.0, "wed"),
    ("south", 95.0, 250.0, "thu"),
    ("west", 250.0, 310.0, "fri"),
)
CENTRAL_WEEKDAYS = ("tue", "thu")
# Size of a city by recent weekly litres: large cities receive every weekday, medium ones on two days.
LARGE_FROM_LITRES, MEDIUM_FROM_LITRES = 1000.0, 300.0
SECOND_DAY = {"mon": "wed", "tue": "thu", "wed": "fri", "thu": "mon", "fri": "tue"}
# State holidays in the horizon: Thanksgiving and the day after, Christmas, New Year.
HOLIDAYS = (date(2015, 11, 26), date(2015, 11, 27), date(2015, 12, 25), date(2016, 1, 1))
# Regions that lose their day to a holiday receive on these days instead.
MOVED_DAYS: tuple[tuple[str, date], ...] = (
    ("south", date(2015, 11, 24)),
    ("west", date(2015, 11, 25)),
    ("west", date(2015, 12, 24)),
    ("west", date(2015, 12, 31)),
)
# Earliest and latest arrival (minutes after midnight) and minutes at a stop (plus 2 per 100 kg), by size of city;
# a city stands for all its retailers. Every small city takes one of three windows, by its hash.
LARGE_WINDOW, MEDIUM_WINDOW = (360, 780), (420, 900)
SMALL_WINDOWS = ((420, 1020, 0.7), (480, 780, 0.15), (660, 1020, 0.15))  # last number: share of cities
SERVICE_MIN = {"large": 40.0, "medium": 25.0, "small": 15.0}
SERVICE_MIN_PER_100KG = 2.0

# --- capacities -------------------------------------------------------------------------------------
DC_STORAGE_WEEKS = 4.0  # of recent mean volume
DISPATCH_OVER_MEAN_DAY = 1.35  # loading capacity of a weekday over a fifth of the recent mean week
FRIDAY_DISPATCH_SHARE = 0.85
LARGE_CITY_STORAGE_WEEKS = 4.5

# --- fleet: (vehicle_id, count, kg, m3, money per route, per km, per hour, kg CO2 per km) --------------
VEHICLES: tuple[tuple[str, int, float, float, float, float, float, float], ...] = (
    ("BOX_TRUCK", 14, 4500.0, 38.0, 55.0, 0.70, 29.0, 0.60),
    ("STRAIGHT_TRUCK", 8, 9500.0, 48.0, 85.0, 0.95, 31.0, 0.85),
    ("SEMI", 4, 19500.0, 85.0, 130.0, 1.25, 34.0, 1.10),
)
SHIFT_START_MIN, SHIFT_END_MIN, MAX_DURATION_MIN = 300.0, 1140.0, 810.0

# --- stock at the start -----------------------------------------------------------------------------
# A city holds w weeks of its recent mean demand plus a share (0..1) of its median delivery, both by hash; some
# have run out.
STORE_WEEKS = (0.5, 1.0, 1.5, 2.0, 3.0)
STORE_OUT_SHARE = 0.04
# The warehouse holds between these weeks of recent mean demand; a few items are short.
DC_WEEKS = (1.75, 2.75)
DC_SHORT_SHARE, DC_SHORT_WEEKS = 0.1, 0.4
