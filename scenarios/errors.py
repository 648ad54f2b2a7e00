"""InputError: everything that is wrong with the input, told at once.

Issues travel as one row each (`ISSUE_COLUMNS`, the columns of the published table `data_issues`);
`describe_issues` turns them into text for people.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

ISSUE_COLUMNS = ("severity", "table", "row", "column", "rule", "value", "rows", "message", "action")
SEVERITIES = ("error", "warning", "info")
SCENARIO = "scenario"
"""The name under which issues of the scenario file stand in the column `table`."""


class InputError(Exception):
    """The input cannot be planned; carries every issue found, not only the first.

    Attributes
    ----------
    issues : one row per issue, columns `ISSUE_COLUMNS`; the text of the error lists its errors and
        warnings.
    """

    def __init__(self, issues: pd.DataFrame) -> None:
        self.issues = issues
        super().__init__(describe_issues(issues[issues["severity"] != "info"]))


def describe_issues(issues: pd.DataFrame) -> str:
    """Return the issues as text, by table: what is wrong, where, in how many rows, what to do."""
    if issues.empty:
        return "The input has no issues."
    lines = [f"The input has {_counts(issues)}."]
    for table in issues["table"].unique():
        group = issues[issues["table"] == table]
        lines += ["", f"{table}: {_counts(group)}"]
        order = group["severity"].map(SEVERITIES.index).sort_values(kind="stable").index
        for issue in group.loc[order].itertuples(index=False):
            where = _place(str(issue.table), str(issue.row), str(issue.column))
            lines.append(f"  {issue.severity}: {where}: {issue.message}")
            if issue.action:
                lines.append(f"      -> {issue.action}")
    return "\n".join(lines)


def _counts(issues: pd.DataFrame) -> str:
    counts = issues["severity"].value_counts()
    plural = {"error": "errors", "warning": "warnings", "info": "notes"}
    single = {"error": "error", "warning": "warning", "info": "note"}
    parts = [
        f"{counts[severity]} {(single if counts[severity] == 1 else plural)[severity]}"
        for severity in SEVERITIES
        if severity in counts
    ]
    return " and ".join(parts) if len(parts) < 3 else f"{parts[0]}, {parts[1]} and {parts[2]}"


def _place(table: str, row: str, column: str) -> str:
    parts = [table]
    if row:
        parts.append(f"line {row}" if row.isdigit() else row)
    if column:
        parts.append(f"column {column}" if table != SCENARIO else column)
    return ", ".join(parts)
