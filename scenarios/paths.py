"""Paths: every key that a scenario file may hold, walked from the models."""

from __future__ import annotations

import functools
import types
import typing
from collections.abc import Iterator

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from scenarios.scenario import Scenario


def walk_settings(model: type[BaseModel] = Scenario, above: tuple[str, ...] = ()) -> Iterator[tuple[str, FieldInfo]]:
    """Yield dotted path and field of every key, sections before what they hold."""
    for name, field in _fields(model).items():
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
    return () if model is None else tuple(_fields(model))


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
    return None if model is None else _fields(model).get(path[-1])


def _model_at(path: tuple[str, ...]) -> type[BaseModel] | None:
    model: type[BaseModel] | None = Scenario
    keys = iter(path)
    for key in keys:
        field = None if model is None else _fields(model).get(key)
        if field is None:
            return None
        member = _member(field)
        if member is not None and next(keys, None) is None:
            return None
        model = member or _section(field)
    return model


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return the keys of a section as they are written in the file."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _section(field: FieldInfo) -> type[BaseModel] | None:
    """Return the model of a key that is a section, or may be one."""
    parts = typing.get_args(field.annotation) if isinstance(field.annotation, types.UnionType) else (field.annotation,)
    return next((model for model in map(_as_model, parts) if model is not None), None)


def _member(field: FieldInfo) -> type[BaseModel] | None:
    """Return the model of the values of a key that maps free names to sections, or lists sections."""
    origin, arguments = typing.get_origin(field.annotation), typing.get_args(field.annotation)
    return _as_model(arguments[1 if origin is dict else 0]) if origin in {dict, tuple} else None


def _as_model(kind: object) -> type[BaseModel] | None:
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None
