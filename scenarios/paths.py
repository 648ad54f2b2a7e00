"""Paths: every key that a scenario file may hold, walked from the models."""

from __future__ import annotations

import functools
import typing
from collections.abc import Iterator

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from scenarios.scenario import Scenario


def walk_settings(model: type[BaseModel] = Scenario, above: tuple[str, ...] = ()) -> Iterator[tuple[str, FieldInfo]]:
    """Yield dotted path and field of every key, sections before what they hold."""
    for name, field in model.model_fields.items():
        path = (*above, name)
        yield ".".join(path), field
        section = _section(field)
        if section is not None:
            yield from walk_settings(section, path)


@functools.cache
def setting_paths() -> tuple[str, ...]:
    """Return the dotted path of every key."""
    return tuple(path for path, _ in walk_settings())


def keys_of(path: tuple[str, ...]) -> tuple[str, ...]:
    """Return the keys that the section at `path` may hold; none where it is no section with fixed keys."""
    model = _model_at(path)
    return () if model is None else tuple(model.model_fields)


def may_hold_keys(path: tuple[str, ...]) -> bool:
    """Return whether a key may stand below `path`: not below one that is known to hold a single value."""
    field = _field_at(path)
    return field is None or _section(field) is not None or typing.get_origin(field.annotation) is dict


def describe_key(path: tuple[str, ...]) -> str:
    """Return what the key at `path`, or the nearest known key above it, means; empty where there is none."""
    for length in range(len(path), 0, -1):
        field = _field_at(path[:length])
        if field is not None:
            section = _section(field)
            return field.description or (section.__doc__ or "" if section else "")
    return ""


def _field_at(path: tuple[str, ...]) -> FieldInfo | None:
    model = _model_at(path[:-1])
    return None if model is None else model.model_fields.get(path[-1])


def _model_at(path: tuple[str, ...]) -> type[BaseModel] | None:
    model: type[BaseModel] | None = Scenario
    keys = iter(path)
    for key in keys:
        if model is None or key not in model.model_fields:
            return None
        field = model.model_fields[key]
        member = _member(field)
        if member is not None and next(keys, None) is None:
            return None
        model = member or _section(field)
    return model


def _section(field: FieldInfo) -> type[BaseModel] | None:
    """Return the model of a key that is a section."""
    return _as_model(field.annotation)


def _member(field: FieldInfo) -> type[BaseModel] | None:
    """Return the model of the values of a key that maps free names to sections."""
    if typing.get_origin(field.annotation) is not dict:
        return None
    return _as_model(typing.get_args(field.annotation)[1])


def _as_model(kind: object) -> type[BaseModel] | None:
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None
