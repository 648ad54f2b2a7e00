"""Greenhouse gas emissions of a leg: kilograms of CO2e, well to wheel, from distance, load and vehicle.

Boundary (ISO 14083:2023 and the GLEC Framework v3 that follows it): the vehicle's operation and the
provision of its fuel, for the loaded legs and the way back; not the making of vehicles and roads, and not
the buildings at either end.

A vehicle with a measured factor (`vehicles.co2e_kg_per_km`) emits factor x distance: an average over
the loads that it really carries must not be corrected for load again. Where there is none, a default is
used and `Factor.source` says so:

    kg CO2e = km x co2_kg_per_km x WTW / TTW x (1 + swing x (2 x load / capacity - 1))

`co2_kg_per_km` is the vehicle's tank-to-wheel factor half laden. WTW / TTW are the two intensities of
mineral diesel in the GLEC Framework v3.2 (2025), module 1, fuel emission factors: 97.8 and 75.3 g CO2e/MJ.
`swing` is how far a rigid lorry's emissions lie above (full) or below (empty) those half laden in the UK
government's conversion factors for company reporting, freighting goods, diesel HGV, per km at 0, 50 and
100 % laden (for example 0.46138, 0.50103 and 0.54068 kg/km above 3.5 to 7.5 t gross weight). Both figures
were read in public quotations of these sources; replace them by your own measurements where you report.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

GLEC_WELL_TO_WHEEL = 97.8
"""Mineral diesel, g CO2e/MJ, fuel provision and combustion."""
GLEC_TANK_TO_WHEEL = 75.3
"""Mineral diesel, g CO2e/MJ, combustion only."""

_SWING_BY_PAYLOAD = ((3_500.0, 0.079), (10_000.0, 0.124), (math.inf, 0.178))
"""Payload up to (kg), share by which a full or an empty lorry differs from a half-laden one: rigid lorries
above 3.5 to 7.5 t, above 7.5 to 17 t and above 17 t gross weight; our reading of payloads in these classes."""

MEASURED = "vehicles.co2e_kg_per_km"
DEFAULT = "default: co2_kg_per_km x 97.8 / 75.3 (diesel, GLEC v3.2), by load (UK conversion factors)"


@dataclass(frozen=True, slots=True)
class Factor:
    """What one vehicle emits per kilometre.

    Attributes
    ----------
    half_kg_per_km : half laden, well to wheel [kg CO2e/km].
    swing : share by which full and empty differ from it; 0 where the load does not count.
    capacity_kg : payload [kg], infinite where none is given.
    source : where the factor comes from, for people.
    """

    half_kg_per_km: float
    swing: float
    capacity_kg: float
    source: str

    def leg_kg(self, km: float, load_kg: float) -> float:
        """Return kg CO2e of `km` kilometres with `load_kg` on board."""
        return km * self.half_kg_per_km * (1.0 + self.swing * (2.0 * self._share(load_kg) - 1.0))

    def _share(self, load_kg: float) -> float:
        if not math.isfinite(self.capacity_kg) or self.capacity_kg <= 0:
            return 0.5
        return min(1.0, load_kg / self.capacity_kg)


def factor_of(co2e_kg_per_km: float, co2_kg_per_km: float, capacity_kg: float) -> Factor:
    """Return the factor of a vehicle.

    Parameters
    ----------
    co2e_kg_per_km : measured, well to wheel [kg CO2e/km]; NaN for none.
    co2_kg_per_km : tank to wheel [kg/km].
    capacity_kg : payload [kg]; infinite for no limit.
    """
    if not math.isnan(co2e_kg_per_km):
        return Factor(co2e_kg_per_km, 0.0, capacity_kg, MEASURED)
    swing = next(share for limit, share in _SWING_BY_PAYLOAD if capacity_kg <= limit)
    return Factor(co2_kg_per_km * GLEC_WELL_TO_WHEEL / GLEC_TANK_TO_WHEEL, swing, capacity_kg, DEFAULT)
