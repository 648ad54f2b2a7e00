"""Schemas of the published tables of the forecast."""

from __future__ import annotations

from reports.declared import BUCKET, DATE, ID, INTEGER, ITEM_LOCATION, NUMBER, column, table

FORECAST = table(
    "forecast",
    "Demand distribution per item, location and bucket, all channels together.",
    {
        **ITEM_LOCATION,
        **BUCKET,
        "mean_qty": column(NUMBER, "Expected demand.", "base units per bucket", minimum=0),
        "sd_qty": column(NUMBER, "Standard deviation.", "base units", minimum=0),
        "p10_qty": column(NUMBER, "10 % quantile.", "base units", minimum=0),
        "p50_qty": column(NUMBER, "Median.", "base units", minimum=0),
        "p90_qty": column(NUMBER, "90 % quantile.", "base units", minimum=0),
        "method": column(
            ID,
            "Model that won the backtest, or the stated fallback; then what was done: +winsorised (an outlier cut), "
            "+uncensored (sales lost in stock-outs added), +promotion, +promotion_unknown (no past one shows its "
            "uplift), +price, +inherited, +adjusted.",
        ),
    },
    ("item_id", "location_id", "bucket_start"),
)
FORECAST_CHANNELS = table(
    "forecast_channels",
    "The forecast split by sales channel.",
    {
        **ITEM_LOCATION,
        "channel": column(ID, "Sales channel."),
        **BUCKET,
        "mean_qty": column(NUMBER, "Expected demand.", "base units per bucket", minimum=0),
    },
    ("item_id", "location_id", "channel", "bucket_start"),
)
FORECAST_TOTALS = table(
    "forecast_totals",
    "The forecast added up: means agree with the item-locations, spreads know that these rise and fall together.",
    {
        "group_by": column(ID, "all, item, location, category, region or channel."),
        "group": column(ID, "Member of the group; empty for all."),
        **BUCKET,
        "item_locations": column(INTEGER, "How many are in it.", minimum=0),
        "mean_qty": column(NUMBER, "Expected demand.", "base units per bucket", minimum=0),
        "sd_qty": column(NUMBER, "Standard deviation.", "base units", minimum=0),
        "p10_qty": column(NUMBER, "10 % quantile.", "base units", minimum=0),
        "p50_qty": column(NUMBER, "Median.", "base units", minimum=0),
        "p90_qty": column(NUMBER, "90 % quantile.", "base units", minimum=0),
    },
    ("group_by", "group", "bucket_start"),
)
FORECAST_ACCURACY = table(
    "forecast_accuracy",
    "Rolling backtest of every series: how good the chosen model was on weeks it had not seen.",
    {
        **ITEM_LOCATION,
        "demand_class": column(ID, "smooth, erratic, intermittent, lumpy (Syntetos and Boylan), new or inactive."),
        "method": column(ID, "Chosen model."),
        "pinball_loss": column(NUMBER, "Mean pinball loss of the chosen model.", "base units", nullable=True),
        "mase": column(NUMBER, "Mean absolute scaled error.", nullable=True),
        "bias_qty": column(NUMBER, "Mean of forecast minus actual.", "base units per bucket", nullable=True),
        "wape": column(NUMBER, "Weighted absolute percentage error.", "ratio", nullable=True),
        "price_elasticity": column(
            NUMBER, "Change of demand in % for 1 % of price; empty: no prices are given.", nullable=True, maximum=0
        ),
        "price_elasticity_se": column(NUMBER, "Its standard error.", nullable=True, minimum=0),
    },
    ("item_id", "location_id"),
)
ADJUSTMENT_REPORT = table(
    "adjustment_report",
    "Adjustments of past demand, and whether they made the forecast better (forecast value added).",
    {
        "line": column(INTEGER, "Line of demand_adjustments."),
        "item_id": column(ID, "Item; empty: all."),
        "category": column(ID, "Item category; empty: all."),
        "location_id": column(ID, "Location; empty: all."),
        "region": column(ID, "Region; empty: all."),
        "start_date": column(DATE, "First day."),
        "end_date": column(DATE, "Day after the last; empty: it goes on.", nullable=True),
        "factor": column(NUMBER, "Demand with it over the forecast without it.", "ratio", minimum=0),
        "author": column(ID, "Who said so."),
        "reason": column(ID, "Why."),
        "item_locations": column(INTEGER, "Item-locations that could be judged.", minimum=0),
        "actual_qty": column(NUMBER, "What was sold.", "base units", nullable=True, minimum=0),
        "forecast_qty": column(NUMBER, "Forecast without it.", "base units", nullable=True, minimum=0),
        "adjusted_qty": column(NUMBER, "Forecast with it.", "base units", nullable=True, minimum=0),
        "value_added": column(
            NUMBER,
            "1 - absolute error with it over that without; below 0 it made things worse.",
            "ratio",
            nullable=True,
        ),
    },
    ("line",),
)
