"""What the retailer sells and where: 12 categories, 40 stores, 4 online channels."""

from __future__ import annotations

from typing import Final

import numpy as np

# Name, prefix of its articles, share of lines, share of the price that is margin.
CATEGORIES: Final = (
    ("Tea 茶饮", "TEA", 0.15, 0.52),
    ("Tableware 餐具", "TAB", 0.12, 0.44),
    ("Bedding 床品", "BED", 0.10, 0.38),
    ("Kitchen 厨房", "KIT", 0.11, 0.36),
    ("Storage 收纳", "STO", 0.09, 0.41),
    ("Home fragrance 香氛", "FRA", 0.09, 0.58),
    ("Bath 卫浴", "BAT", 0.08, 0.43),
    ("Lighting 灯具", "LIG", 0.05, 0.35),
    ("Textiles 布艺", "TEX", 0.06, 0.40),
    ("Plants 绿植", "PLA", 0.05, 0.33),
    ("Stationery 文具", "STA", 0.06, 0.47),
    ("Snacks 零食", "SNA", 0.04, 0.29),
)
ARTICLES: Final = 40
CATEGORY_NAMES: Final = [name for name, *_ in CATEGORIES]
CATEGORY_SHARES: Final = np.array([share for _, _, share, _ in CATEGORIES])
CATEGORY_MARGINS: Final = np.array([margin for *_, margin in CATEGORIES])
SKUS: Final = [
    f"{prefix}-{number:03d}"
    for _, prefix, *_ in CATEGORIES
    for number in range(1, ARTICLES + 1)
]

_STREETS: Final = (
    ("Wutong Road", "梧桐路"),
    ("Riverside", "江畔"),
    ("Old Town", "老城"),
    ("Garden Mall", "花园广场"),
)
_CITIES: Final = (
    ("Shanghai", "上海"),
    ("Beijing", "北京"),
    ("Hangzhou", "杭州"),
    ("Guangzhou", "广州"),
    ("Shenzhen", "深圳"),
    ("Chengdu", "成都"),
    ("Nanjing", "南京"),
    ("Suzhou", "苏州"),
    ("Wuhan", "武汉"),
    ("Xi'an", "西安"),
)
CITIES: Final = [f"{city} {native}" for city, native in _CITIES]
# Code and name; a street of each city in turn, so neighbours in the list differ.
STORES: Final = [
    (f"S{number + 1:02d}", f"{city} {street} {native}{road}店")
    for number, ((street, road), (city, native)) in enumerate(
        (street, city) for street in _STREETS for city in _CITIES
    )
]
STORE_CODES: Final = [code for code, _ in STORES]
# The first stores are the largest.
STORE_SHARES: Final = 1 / (np.arange(len(STORES)) + 6.0)
CITY_OF_STORE: Final = np.arange(len(STORES)) % len(_CITIES)

HIGH_REFUND_STORE: Final = STORE_CODES.index("S17")
# Where tiers were tried.
TIERING_STORES: Final = tuple(
    STORE_CODES.index(code) for code in ("S02", "S05", "S08", "S11", "S14", "S20")
)

CHANNELS: Final = ["store", "app", "mini_program", "web", "marketplace"]
ONLINE_SHARES: Final = np.array([0.30, 0.38, 0.14, 0.18])

ACQUISITION: Final = [
    "store",
    "app",
    "wechat",
    "referral",
    "search",
    "marketplace",
    "promotion",
]
ACQUISITION_SHARES: Final = np.array([0.42, 0.14, 0.20, 0.10, 0.08, 0.06, 0.0])
PROMOTION: Final = ACQUISITION.index("promotion")
