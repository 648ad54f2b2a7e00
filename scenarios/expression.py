"""Expression: a condition or value over the columns of a table, as text; nothing in it is ever run as code.

    region == 'north' and 10 <= unit_cost < 20
    item_id in ['007', '008'] or starts_with(item_id, 'X')
    location_id.region == 'south'       what the row of locations says that location_id names

Comparisons (in chains, too), and, or, not, in, + - * /, brackets and the functions of `FUNCTIONS`.
Columns, functions and kinds (number, text, date, true or false) are checked before any row is read.
An empty number or date compares as unequal to everything; an empty text is ''. Text compared
with a date is read as an ISO date; a number added to a date is days.
"""

from __future__ import annotations

import ast
import operator
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from scenarios.nearest import did_you_mean, nearest
from scenarios.tables.columns import TableSchema
from scenarios.tables.dates import parse_dates
from scenarios.tables.schema import TABLES

NUMBER, TEXT, DATE, TRUTH = "number", "text", "date", "true or false"
EMPTY: dict[str, Any] = {NUMBER: np.nan, TEXT: "", DATE: np.datetime64("NaT", "ns")}
KINDS = {"id": TEXT, "text": TEXT, "number": NUMBER, "integer": NUMBER, "date": DATE}

Values = npt.NDArray[Any]

_LONGEST = 2_000
_DEEPEST = 40
_PARAMETER = re.compile(r"\$\{\s*([A-Za-z_]\w*)\s*\}")
_MARK = re.compile(r"parameter__(\w+?)__mark")
_EXAMPLE = "Write for example: region == 'north' and unit_cost > 5."


class ExpressionError(Exception):
    """What is written cannot be used; the text says why, without a full stop, `action` what to do."""

    def __init__(self, rule: str, message: str, action: str, value: str = "") -> None:
        super().__init__(message)
        self.rule, self.action, self.value = rule, action, value


class Rows(Protocol):
    """Rows of one table, as an expression reads them: arrays [n] of float64, object or datetime64[ns]."""

    def column(self, name: str) -> Values:
        """Return the cells of a column."""

    def referred(self, name: str, attribute: str) -> Values:
        """Return `attribute` of the rows of another table that column `name` names."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression.

    Attributes
    ----------
    kind : number, text, date or true or false.
    evaluate : rows -> [n] values, or one value for all rows.
    constant : its value if it is written in the text and the same for all rows, else None.
    source : table and column, where it is one.
    named : (table, column, text) of every text that a column is compared with by == or in.
    """

    kind: str
    evaluate: Callable[[Rows], Any]
    constant: object = None
    source: tuple[str, str] | None = None
    named: tuple[tuple[str, str, str], ...] = ()

    def of_rows(self, rows: Rows, count: int) -> Values:
        """Return its value for every row: [count]."""
        with np.errstate(all="ignore"):  # what is not finite is judged where it is used
            return np.array(np.broadcast_to(self.evaluate(rows), count))


def compile_expression(text: str, schema: TableSchema, parameters: Mapping[str, object]) -> Expression:
    """Return the expression that `text` stands for.

    Parameters
    ----------
    schema : table whose columns it may name.
    parameters : values of `${NAME}`; in a text in quotes it is inserted as text.

    Raises
    ------
    ExpressionError
        Unknown column, function or parameter, kinds that do not fit, anything else than an expression.
    """
    if len(text) > _LONGEST:
        message = f"The expression has {len(text):,} characters, more than {_LONGEST:,}"
        raise ExpressionError("expression", message, "Split the edit into several, or use in [...].")
    check_parameters(text, parameters)
    marked = _PARAMETER.sub(lambda found: f"parameter__{found[1]}__mark", text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about escapes in texts
            tree = ast.parse(marked.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _not_an_expression(text, error) from None
    try:
        compiler = _Compiler(schema, parameters)
        return replace(compiler.compile(tree, 0), named=tuple(compiler.named))
    except OverflowError:
        raise ExpressionError("expression", "A number is too large", "Write a smaller number.") from None


def check_parameters(text: str, parameters: Mapping[str, object]) -> None:
    """Raise ExpressionError where `text` names a parameter that there is not, or spells one wrongly."""
    for name in _PARAMETER.findall(text):
        if name not in parameters:
            known = f"Its parameters are {', '.join(parameters)}." if parameters else "It has none."
            action = did_you_mean(name, parameters, f"Add it under parameters. {known}")
            raise ExpressionError("missing_parameter", f"There is no parameter {name!r}", action, name)
    if "${" in _PARAMETER.sub("", text):
        raise ExpressionError("missing_parameter", f"{text!r} holds a broken ${{...}}", "Write ${NAME}.", text)


def insert_parameters(value: object, parameters: Mapping[str, object]) -> object:
    """Return a value with its `${NAME}` replaced: a text that is nothing else by the parameter, type and all.

    Raises
    ------
    ExpressionError
        As `check_parameters`.
    """
    if not isinstance(value, str):
        return value
    check_parameters(value, parameters)
    whole = _PARAMETER.fullmatch(value.strip())
    return parameters[whole[1]] if whole else _PARAMETER.sub(lambda found: str(parameters[found[1]]), value)


def _not_an_expression(text: str, error: Exception) -> ExpressionError:
    if re.search(r"(?<![<>=!])=(?!=)", text):
        action = "Compare with ==."
    elif re.search(r"\b(AND|OR|NOT|IN|LIKE|BETWEEN)\b", text):
        action = f"Write and, or, not, in in lower case. {_EXAMPLE}"
    else:
        action = _EXAMPLE
    reason = error.msg if isinstance(error, SyntaxError) else "it cannot be read"
    return ExpressionError("expression", f"{text!r} is no expression: {reason}", action, text)


_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: np.true_divide,
}


def _by_text(test: Callable[[str, str], bool]) -> Callable[[Any, Any], Any]:
    return lambda cells, part: np.asarray(np.frompyfunc(test, 2, 1)(cells, part), dtype=bool)


def _weekday(days: Any) -> Any:
    names = np.array(["mon", "tue", "wed", "thu", "fri", "sat", "sun", ""], dtype=object)
    days = np.asarray(days, dtype="datetime64[D]")
    return names[np.where(np.isnat(days), 7, (days.astype(np.int64) + 3) % 7)]


def _year(days: Any) -> Any:
    days = np.asarray(days, dtype="datetime64[D]")
    return np.where(np.isnat(days), np.nan, days.astype("datetime64[Y]").astype(np.float64) + 1970)


def _month(days: Any) -> Any:
    days = np.asarray(days, dtype="datetime64[D]")
    return np.where(np.isnat(days), np.nan, days.astype("datetime64[M]").astype(np.int64) % 12 + 1.0)


def _is_empty(cells: Any) -> Any:
    cells = np.asarray(cells)
    if cells.dtype == object:
        return cells == ""
    return np.isnat(cells) if cells.dtype.kind == "M" else np.isnan(cells)


@dataclass(frozen=True, slots=True)
class Function:
    """A function of expressions: kinds of what it takes ("" is any), kind of what it gives."""

    takes: tuple[str, ...]
    gives: str
    call: Callable[..., Any]


FUNCTIONS = {
    "starts_with": Function((TEXT, TEXT), TRUTH, _by_text(str.startswith)),
    "ends_with": Function((TEXT, TEXT), TRUTH, _by_text(str.endswith)),
    "contains": Function((TEXT, TEXT), TRUTH, _by_text(lambda text, part: part in text)),
    "lower": Function((TEXT,), TEXT, np.frompyfunc(str.lower, 1, 1)),
    "is_empty": Function(("",), TRUTH, _is_empty),
    "weekday": Function((DATE,), TEXT, _weekday),
    "month": Function((DATE,), NUMBER, _month),
    "year": Function((DATE,), NUMBER, _year),
    "abs": Function((NUMBER,), NUMBER, np.abs),
    "round": Function((NUMBER,), NUMBER, np.round),
    "floor": Function((NUMBER,), NUMBER, np.floor),
    "ceil": Function((NUMBER,), NUMBER, np.ceil),
    "min": Function((NUMBER, NUMBER), NUMBER, np.fmin),
    "max": Function((NUMBER, NUMBER), NUMBER, np.fmax),
    "if_empty": Function((NUMBER, NUMBER), NUMBER, lambda value, other: np.where(np.isnan(value), other, value)),
}


@dataclass(frozen=True, slots=True)
class _Compiler:
    """Walks the syntax tree of one expression; whatever is not listed here is refused."""

    schema: TableSchema
    parameters: Mapping[str, object]
    named: list[tuple[str, str, str]] = field(default_factory=list)

    def compile(self, node: ast.expr, depth: int) -> Expression:
        if depth > _DEEPEST:
            raise ExpressionError("expression", "The expression is nested too deeply", "Use fewer brackets.")
        leaf = self._leaf(node)
        if leaf is not None:
            return leaf
        match node:
            case ast.BoolOp(op=op, values=parts):
                return self._joined(op, [self._truth(part, depth) for part in parts])
            case ast.UnaryOp(op=ast.Not(), operand=part):
                inner = self._truth(part, depth)
                return Expression(TRUTH, lambda rows: np.logical_not(inner.evaluate(rows)))
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=part):
                return self._signed(self._of_kind(part, NUMBER, depth), isinstance(node.op, ast.USub))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
                return self._arithmetic(self.compile(left, depth + 1), op, self.compile(right, depth + 1))
            case ast.Compare(left=left, ops=ops, comparators=others):
                return self._chain([left, *others], ops, depth)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self._call(name, arguments, depth)
        raise ExpressionError(
            "not_allowed",
            f"{_shown(node, self.parameters)} is not allowed here",
            f"Use columns, numbers, texts in quotes, comparisons, and, or, not, in, + - * /, {', '.join(FUNCTIONS)}.",
        )

    def _leaf(self, node: ast.expr) -> Expression | None:
        match node:
            case ast.Constant(value=value):
                return self._constant(value)
            case ast.Name(id=name):
                mark = _MARK.fullmatch(name)
                known = mark is not None and mark[1] in self.parameters
                return self._constant(self.parameters[mark[1]]) if mark and known else self._column(name)
            case ast.Attribute(value=ast.Name(id=name), attr=attribute):
                return self._referred(name, attribute)
        return None

    def _truth(self, node: ast.expr, depth: int) -> Expression:
        return self._of_kind(node, TRUTH, depth)

    def _of_kind(self, node: ast.expr, kind: str, depth: int) -> Expression:
        found = self.compile(node, depth + 1)
        if found.kind == TEXT and kind == DATE:
            found = _as_date(found)
        if found.kind != kind:
            raise self._wrong_kind(node, found.kind, kind)
        return found

    def _wrong_kind(self, node: ast.expr, found: str, wanted: str) -> ExpressionError:
        what = _shown(node, self.parameters)
        action = f"Compare it with something. {_EXAMPLE}" if wanted == TRUTH else f"Give a {wanted}."
        return ExpressionError("wrong_kind", f"{what} is a {found}, not {_article(wanted)}", action, what)

    def _constant(self, value: object) -> Expression:
        if isinstance(value, bool):
            return Expression(TRUTH, lambda rows: np.bool_(value), value)
        if isinstance(value, int | float):
            number = np.float64(value)
            return Expression(NUMBER, lambda rows: number, float(value))
        if isinstance(value, str):
            text = _MARK.sub(lambda found: str(self.parameters.get(found[1], found[0])), value)
            boxed = np.array(text, dtype=object)
            return Expression(TEXT, lambda rows: boxed, text)
        message = f"{value!r} is not a number or text"
        action = "Write COLUMN in ${NAME} for a list." if isinstance(value, tuple) else _EXAMPLE
        raise ExpressionError("not_allowed", message, action, str(value))

    def _column(self, name: str) -> Expression:
        if name not in self.schema.names:
            raise _unknown_column(name, self.schema)
        kind = KINDS[self.schema.column(name).kind]
        return Expression(kind, lambda rows: rows.column(name), source=(self.schema.name, name))

    def _referred(self, name: str, attribute: str) -> Expression:
        if name not in self.schema.names:
            raise _unknown_column(name, self.schema)
        target = referred_table(self.schema, name)
        if target is None:
            referring = [column.name for column in self.schema.columns if referred_table(self.schema, column.name)]
            action = f"Columns of it that do: {', '.join(referring)}." if referring else "Name a column without a dot."
            message = f"{name} of {self.schema.name} refers to no other table"
            raise ExpressionError("unknown_column", message, action, f"{name}.{attribute}")
        if attribute not in target.names:
            raise _unknown_column(attribute, target)
        kind = KINDS[target.column(attribute).kind]
        return Expression(kind, lambda rows: rows.referred(name, attribute), source=(target.name, attribute))

    def _joined(self, op: ast.boolop, parts: Sequence[Expression]) -> Expression:
        join = np.logical_and if isinstance(op, ast.And) else np.logical_or

        def evaluate(rows: Rows) -> Any:
            result = parts[0].evaluate(rows)
            for part in parts[1:]:
                result = join(result, part.evaluate(rows))
            return result

        return Expression(TRUTH, evaluate)

    def _signed(self, part: Expression, negative: bool) -> Expression:
        if not negative:
            return part
        constant = -part.constant if isinstance(part.constant, float) else None
        return Expression(NUMBER, lambda rows: -part.evaluate(rows), constant)

    def _arithmetic(self, left: Expression, op: ast.operator, right: Expression) -> Expression:
        work = _ARITHMETIC[type(op)]
        kinds = left.kind, right.kind
        if kinds == (NUMBER, NUMBER):
            return Expression(NUMBER, lambda rows: work(left.evaluate(rows), right.evaluate(rows)))
        if isinstance(op, ast.Add | ast.Sub) and kinds == (DATE, NUMBER):
            return Expression(DATE, lambda rows: work(left.evaluate(rows), as_days(right.evaluate(rows))))
        if isinstance(op, ast.Sub) and DATE in kinds and set(kinds) <= {DATE, TEXT}:
            first, second = _as_date(left), _as_date(right)
            return Expression(NUMBER, lambda rows: _day_count(first.evaluate(rows) - second.evaluate(rows)))
        message = f"A {kinds[0]} and a {kinds[1]} cannot be combined by arithmetic"
        raise ExpressionError("wrong_kind", message, "Use numbers; to a date, add days.")

    def _chain(self, nodes: Sequence[ast.expr], ops: Sequence[ast.cmpop], depth: int) -> Expression:
        links = [self._link(left, op, right, depth) for left, op, right in zip(nodes[:-1], ops, nodes[1:], strict=True)]
        return links[0] if len(links) == 1 else self._joined(ast.And(), links)

    def _link(self, left: ast.expr, op: ast.cmpop, right: ast.expr, depth: int) -> Expression:
        if isinstance(op, ast.In | ast.NotIn):
            return self._membership(left, right, isinstance(op, ast.NotIn), depth)
        if type(op) not in _COMPARISONS:
            raise ExpressionError(
                "not_allowed", "'is' is not allowed here", "Compare with == or !=, or use is_empty()."
            )
        first, second = self.compile(left, depth + 1), self.compile(right, depth + 1)
        if {first.kind, second.kind} == {TEXT, DATE}:
            first, second = _as_date(first), _as_date(second)
        if first.kind != second.kind:
            shown = _shown(left, self.parameters), _shown(right, self.parameters)
            message = f"{shown[0]} is a {first.kind}, {shown[1]} a {second.kind}: they cannot be compared"
            action = "Put texts in quotes, and numbers not."
            raise ExpressionError("wrong_kind", message, action, f"{shown[0]}, {shown[1]}")
        if first.kind == TRUTH:
            message = f"{_shown(left, self.parameters)} is a condition and cannot be compared"
            raise ExpressionError("wrong_kind", message, "Join conditions with and, or, not.")
        if isinstance(op, ast.Eq):
            self._note(first, [second])
            self._note(second, [first])
        compare = _COMPARISONS[type(op)]
        return Expression(
            TRUTH, lambda rows: np.asarray(compare(first.evaluate(rows), second.evaluate(rows)), dtype=bool)
        )

    def _membership(self, left: ast.expr, right: ast.expr, negated: bool, depth: int) -> Expression:
        subject = self.compile(left, depth + 1)
        mark = _MARK.fullmatch(right.id) if isinstance(right, ast.Name) else None
        if isinstance(right, ast.List | ast.Tuple | ast.Set):
            options = [self.compile(part, depth + 1) for part in right.elts]
        elif mark and isinstance(values := self.parameters.get(mark[1]), tuple | list):
            options = [self._constant(value) for value in values]
        else:
            message = f"{_shown(right, self.parameters)} is no list"
            raise ExpressionError("wrong_kind", message, "Write in [a, b, ...]; for a part of a text, contains().")
        options = [_as_date(option) if subject.kind == DATE else option for option in options]
        for option in options:
            if option.constant is None or option.kind != subject.kind:
                what = _shown(left, self.parameters)
                message = f"{what} is a {subject.kind}, so the list must hold only such values"
                raise ExpressionError("wrong_kind", message, "Put texts in quotes, and numbers not.", what)
        if not negated:
            self._note(subject, options)
        known = {option.constant for option in options}
        among = np.frompyfunc(lambda cell: (cell in known) is not negated, 1, 1)
        if subject.kind == DATE:
            days = np.array([option.constant for option in options], dtype="datetime64[ns]")
            return Expression(TRUTH, lambda rows: np.isin(subject.evaluate(rows), days) != negated)
        return Expression(TRUTH, lambda rows: np.asarray(among(subject.evaluate(rows)), dtype=bool))

    def _note(self, subject: Expression, options: Sequence[Expression]) -> None:
        if subject.source is not None:
            texts = (option.constant for option in options if isinstance(option.constant, str))
            self.named.extend((*subject.source, text) for text in texts if text)

    def _call(self, name: str, arguments: Sequence[ast.expr], depth: int) -> Expression:
        if name not in FUNCTIONS:
            action = did_you_mean(name, FUNCTIONS, f"The functions are {', '.join(FUNCTIONS)}.")
            raise ExpressionError("unknown_function", f"There is no function {name!r}", action, name)
        function = FUNCTIONS[name]
        if len(arguments) != len(function.takes):
            takes = ", ".join(kind or "column" for kind in function.takes)
            message = f"{name} takes {len(function.takes)} values, not {len(arguments)}"
            raise ExpressionError("expression", message, f"Write {name}({takes}).", name)
        parts = [
            self._of_kind(node, kind, depth) if kind else self.compile(node, depth + 1)
            for node, kind in zip(arguments, function.takes, strict=True)
        ]
        if name == "is_empty" and parts[0].kind == TRUTH:
            raise self._wrong_kind(arguments[0], TRUTH, "column")
        return Expression(function.gives, lambda rows: function.call(*(part.evaluate(rows) for part in parts)))


def referred_table(schema: TableSchema, name: str) -> TableSchema | None:
    """Return the table whose key the column `name` holds; None where it refers to none."""
    table, _, key = schema.column(name).references.partition(".")
    return TABLES[table] if table and TABLES[table].key == (key,) else None


def as_days(numbers: Any) -> Any:
    """Return numbers of days as timedelta64[ns], rounded to whole days; NaT for NaN."""
    numbers = np.asarray(numbers, dtype=np.float64)
    finite = np.isfinite(numbers) & (np.abs(numbers) < 100_000)
    days = np.where(finite, np.round(np.where(finite, numbers, 0.0)), 0.0).astype("timedelta64[D]")
    return np.where(finite, days, np.timedelta64("NaT", "D")).astype("timedelta64[ns]")


def _day_count(spans: Any) -> Any:
    return np.where(np.isnat(spans), np.nan, spans / np.timedelta64(1, "D"))


def _as_date(found: Expression) -> Expression:
    """Return a text that is an ISO date as a date; what is a date already stays."""
    if found.kind != TEXT:
        return found
    if found.constant is None:
        message = "A text column cannot be compared with a date"
        raise ExpressionError("wrong_kind", message, "Compare the date with '2015-11-23', or with a date column.")
    day = parse_date(str(found.constant))
    return Expression(DATE, lambda rows: day, day)


def parse_date(text: str) -> np.datetime64:
    """Return the day that an ISO date names.

    Raises
    ------
    ExpressionError
        The text is no ISO date.
    """
    days, _ = parse_dates([text.strip()])
    if np.isnat(days[0]):
        message = f"{text!r} is not a date as YYYY-MM-DD"
        raise ExpressionError("not_a_date", message, "Write dates as YYYY-MM-DD, for example 2015-11-23.", text)
    return days[0]  # type: ignore[no-any-return]


def _unknown_column(name: str, schema: TableSchema) -> ExpressionError:
    near = nearest(name, schema.names)
    action = (
        f"Did you mean {near!r}?"
        if near
        else f"Its columns are {', '.join(schema.names)}; a text stands in quotes: '{name}'."
    )
    return ExpressionError("unknown_column", f"{schema.name} has no column {name!r}", action, name)


def _article(kind: str) -> str:
    return kind if kind == TRUTH else f"a {kind}"


def _shown(node: ast.expr, parameters: Mapping[str, object]) -> str:
    """Return a part of the expression as it was written, more or less."""
    text = _MARK.sub(lambda found: f"${{{found[1]}}}" if found[1] in parameters else found[0], ast.unparse(node))
    return text if len(text) <= 60 else f"{text[:57]}..."
