// The page of a comparison: bridge, frontier, and tables of what differs.

(async () => {
  try {
    if (!("DecompressionStream" in window)) throw new Error("This browser is from before 2023 and cannot unpack the data.");
    const data = await unpack();
    if (data.bridges) drawDifference(data);
    else drawScenarios(data);
    document.documentElement.dataset.ready = "yes";
  } catch (error) {
    const problem = byId("problem");
    problem.textContent = `Charts and tables could not be drawn: ${error.message} Every number is also in the CSV files beside this page.`;
    problem.hidden = false;
    throw error;
  }
})();

const signed = (text, value) => (value > 0 ? `+${text}` : text.replace("-", "−"));

function drawDifference(data) {
  startBridge(data);
  const [nameA, nameB] = ["A", "B"];
  dataTable(byId("table-groups"), {
    caption: "Figures of groups that differ",
    choices: [{ title: "Figure", of: (row) => row[0], label: (value) => value }, { title: "By", of: (row) => row[1], label: (value) => value.replaceAll("_", " ") }],
    empty: "No figure of a group differs.",
    columns: [
      { title: "Figure", of: (row) => row[0], wide: true },
      { title: "By", of: (row) => row[1], text: (row) => row[1].replaceAll("_", " ") },
      { title: "Group", of: (row) => row[2] },
      { title: nameA, of: (row) => row[4], text: (row) => row[9], number: true },
      { title: nameB, of: (row) => row[5], text: (row) => row[10], number: true },
      { title: "B − A", of: (row) => row[6], text: (row) => row[11], number: true },
      { title: "95 % interval", of: (row) => row[7], text: (row) => (row[7] === null ? "" : `${row[12]} to ${row[13]}`), number: true },
      { title: "Unit", of: (row) => row[3] },
    ],
    rows: data.groups,
  });
  const either = (a, b) => (a === b || !b ? a : !a ? b : `${a} → ${b}`);
  const pair = (a, b, show) => (a === null ? show(b) : b === null ? show(a) : a === b ? show(a) : `${show(a)} → ${show(b)}`);
  const stacked = (a, b) => (!a || !b || a === b ? a || b : [`${a} →`, el("br"), b]);
  dataTable(byId("table-orders"), {
    caption: "Order lines that differ",
    choices: [
      { title: "Change", of: (row) => row[0], label: (value) => value },
      { title: "Cause", of: (row) => row[12], label: (value) => value },
      { title: "Type", of: (row) => row[1], label: (value) => (value === "PO" ? "From suppliers (PO)" : "Deliveries (DO)") },
    ],
    empty: "The same orders in both.",
    columns: [
      { title: "Change", of: (row) => row[0], show: (row) => el("span", { class: "kind" }, row[0]) },
      { title: "Item", of: (row) => row[2], wide: true },
      { title: "From", of: (row) => either(row[4], row[5]) },
      { title: "To", of: (row) => row[3] },
      { title: "Quantity", of: (row) => row[7] ?? row[6], text: (row) => pair(row[6], row[7], quantity), number: true },
      { title: "Receive on", of: (row) => row[8] ?? row[9], text: (row) => pair(row[8], row[9], (day) => day), show: (row) => stacked(row[8], row[9]) },
      { title: "Why", of: (row) => row[13], wide: true, wider: true },
      { title: `Cost, ${data.currency}`, of: (row) => row[11], text: (row) => signed(number(row[11], 2), row[11]), number: true },
      { title: "Order", of: (row) => either(row[14], row[15]), show: (row) => stacked(row[14], row[15]) },
    ],
    rows: data.orders,
  });
  const both = (a, b, digits) => (Math.abs(a - b) < 1e-9 ? number(a, digits) : `${number(a, digits)} → ${number(b, digits)}`);
  dataTable(byId("table-routes"), {
    caption: "Routes that differ",
    choices: [{ title: "Day", of: (row) => row[0], label: (value) => value }, { title: "Change", of: (row) => row[2], label: (value) => value }],
    empty: "The same routes in both.",
    columns: [
      { title: "Day", of: (row) => row[0] },
      { title: "Depot", of: (row) => row[1] },
      { title: "Change", of: (row) => row[2], show: (row) => el("span", { class: "kind" }, row[2]) },
      { title: "Vehicle", of: (row) => either(row[3], row[4]) },
      { title: "Stops", of: (row) => row[6], text: (row) => both(row[5], row[6], 0), number: true },
      { title: "in common", of: (row) => row[7], text: (row) => number(row[7]), number: true },
      { title: "km", of: (row) => row[9] - row[8], text: (row) => both(row[8], row[9], 1), number: true },
      { title: "Hours", of: (row) => row[11] - row[10], text: (row) => both(row[10], row[11], 1), number: true },
      { title: `Cost, ${data.currency}`, of: (row) => row[13] - row[12], text: (row) => both(row[12], row[13], 2), number: true },
    ],
    rows: data.routes,
  });
  dataTable(byId("table-stops"), {
    caption: "Stops that differ",
    choices: [{ title: "Change", of: (row) => row[2], label: (value) => value }],
    empty: "Every stop is on the same route in both.",
    columns: [
      { title: "Day", of: (row) => row[0] },
      { title: "Location", of: (row) => row[1] },
      { title: "Change", of: (row) => row[2], show: (row) => el("span", { class: "kind" }, row[2]) },
      { title: "Vehicle", of: (row) => row[3] || row[4], text: (row) => (row[3] && row[4] ? `${row[3]} → ${row[4]}` : row[3] || row[4]) },
      { title: "Load", of: (row) => row[5] },
    ],
    rows: data.stops,
    size: 10,
  });
}

function startBridge(data) {
  const select = byId("bridge-figure");
  if (!data.bridges.length) {
    byId("bridge-controls").hidden = true;
    return fill(byId("chart-bridge"), el("p", {}, "No cost differs."));
  }
  data.bridges.forEach((bridge, n) => select.append(el("option", { value: n }, bridge.label)));
  let redraw = () => {};
  const show = () => {
    const bridge = data.bridges[Number(select.value)];
    const unit = bridge.share ? "percentage points" : bridge.unit;
    byId("bridge-caption").replaceChildren(el("b", {}, bridge.label), ` change from ${data.names[0]}${unit ? `, ${unit}` : ""}${bridge.better ? "; blue: better, red: worse" : ""}`);
    redraw = (width) => waterfall(byId("chart-bridge"), width, bridge, data.names);
    redraw(byId("chart-bridge").clientWidth);
  };
  select.addEventListener("change", show);
  show();
  responsive(byId("chart-bridge"), (width) => redraw(width));
}

// Rows from A to B; every bar starts where the one above ended, zero is A.
function waterfall(node, width, bridge, names) {
  const scale = bridge.share ? 100 : 1;
  const [start, end] = bridge.ends.map((value) => value * scale);
  const digits = bridge.share ? 2 : Math.abs(end - start) >= 10000 ? 0 : 2;
  const steps = bridge.steps.map(([name, value, low, high, kind]) => ({ name, kind, value: value * scale, low: low === null ? null : low * scale, high: high === null ? null : high * scale }));
  let at = 0;
  for (const step of steps) {
    step.from = at;
    at += step.value;
    step.to = at;
  }
  const level = (value) => `${number(value, digits)}${bridge.share ? " %" : ""}`;
  const rows = [{ name: names[0], end: level(start), from: 0, to: 0 }, ...steps, { name: names[1], end: level(end), from: 0, to: end - start, total: true }];
  const lows = Math.min(0, ...rows.map((row) => Math.min(row.from, row.to)));
  const highs = Math.max(0, ...rows.map((row) => Math.max(row.from, row.to)));
  const left = Math.min(260, width * 0.34);
  const right = width > 620 ? 240 : 92;
  const x = linear(lows, highs === lows ? lows + 1 : highs, left, width - right);
  const step = 34;
  const height = 40 + rows.length * step;
  const words = rows.map((row) => (row.end ? `${row.name} ${row.end}` : `${row.name} ${signed(number(row.value, digits), row.value)}`)).join("; ");
  const svg = el("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Bridge of ${bridge.label}: ${words}` });
  for (const tick of niceTicks(lows, highs, width > 620 ? 5 : 3)) {
    svg.append(
      el("line", { x1: x(tick), x2: x(tick), y1: 22, y2: height - 6, stroke: tick ? COLOURS.rule : COLOURS.soft }),
      el("text", { x: x(tick), y: 13, "text-anchor": "middle" }, tick === 0 ? "0" : signed(quantity(tick), tick)),
    );
  }
  rows.forEach((row, n) => {
    const y = 28 + n * step;
    const [low, high] = [Math.min(row.from, row.to), Math.max(row.from, row.to)];
    const gain = Math.sign(row.to - row.from) * bridge.better;
    const colour = row.total ? COLOURS.ink : gain > 0 ? COLOURS.blue : gain < 0 ? COLOURS.rust : COLOURS.soft;
    const ends = row.end !== undefined;
    svg.append(el("text", { x: 0, y: y + 16, class: ends ? "strong" : null }, clip(row.name, Math.floor(left / 7.2)), el("title", {}, row.name)));
    if (!ends || row.total) svg.append(el("rect", { x: x(low), y: y + 2, width: Math.max(x(high) - x(low), 1.5), height: 18, fill: colour }));
    if (n + 1 < rows.length && !rows[n + 1].total) svg.append(el("line", { x1: x(row.to), x2: x(row.to), y1: y + 20, y2: y + step + 2, stroke: COLOURS.soft, "stroke-dasharray": "2 2" }));
    const value = ends ? (row.total ? `${row.end} (${signed(number(row.to, digits), row.to)})` : row.end) : signed(number(row.value, digits), row.value);
    svg.append(el("text", { x: x(high) + 8, y: y + 16, class: "strong halo" }, value));
    if (!ends && row.low !== null && row.high - row.low > 0.5 * 10 ** -digits && width > 620) {
      svg.append(el("text", { x: x(high) + 14 + 7.4 * value.length, y: y + 16, class: "halo" }, `by order ${signed(number(row.low, digits), row.low)} to ${signed(number(row.high, digits), row.high)}`));
    }
  });
  fill(node, svg);
}

function drawScenarios(data) {
  const points = data.frontier
    .filter((row) => row[1] !== null && row[2] !== null && row[3] !== null)
    .map(([name, service, stock, cost, efficient, by]) => ({ name, service: 100 * service, stock: stock / 1000, cost: cost / 1000, efficient, by, base: name === data.baseline }));
  for (const [id, of] of [["chart-cost", "cost"], ["chart-stock", "stock"]]) {
    responsive(byId(id), (width) => scatter(byId(id), width, points, of, data.currency));
  }
  dataTable(byId("table-frontier"), {
    caption: "Scenarios, efficient ones first",
    choices: [{ title: "Efficient", of: (row) => (row[4] ? "yes" : "no"), label: (value) => value }],
    columns: [
      { title: "Scenario", of: (row) => row[0], wide: true },
      { title: "Fill rate", of: (row) => row[1], text: (row) => percent(row[1], 2), number: true },
      { title: `Stock, ${data.currency}`, of: (row) => row[2], text: (row) => number(row[2]), number: true },
      { title: `Cost, ${data.currency}`, of: (row) => row[3], text: (row) => number(row[3], 2), number: true },
      { title: "Efficient", of: (row) => (row[4] ? "yes" : "no"), show: (row) => el("span", { class: row[4] ? "kind sure" : "kind" }, row[4] ? "efficient" : "beaten") },
      { title: "Beaten by", of: (row) => row[5], text: (row) => (row[5] ? row[5] + (row[6] > 1 ? ` and ${number(row[6] - 1)} more` : "") : "–"), wide: true },
    ],
    rows: data.frontier,
  });
  dataTable(byId("table-figures"), {
    caption: "Scenarios",
    columns: [
      { title: "Scenario", of: (row) => row[0], wide: true },
      ...data.columns.map(([name, unit], n) => ({
        title: unit ? `${name}, ${unit}` : name,
        of: (row) => row[1][n][0],
        number: true,
        text: (row) => row[1][n][1],
        show: (row) => [row[1][n][1], el("span", { class: "delta" }, row[1][n][2] || " ")],
      })),
    ],
    rows: data.scenarios,
  });
}

// Service up, money to the right; axes do not start at zero because only differences matter here, and say so by their ticks.
function scatter(node, width, points, of, currency) {
  const height = Math.min(420, Math.max(280, width * 0.7));
  const [left, right, top, bottom] = [48, 14, 16, 34];
  const pad = (values) => {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const room = (high - low || Math.abs(high) || 1) * 0.1;
    return [low - room, high + room];
  };
  const [x0, x1] = pad(points.map((point) => point[of]));
  const [y0, y1] = pad(points.map((point) => point.service));
  const x = linear(x0, x1, left, width - right);
  const y = linear(y0, y1, height - bottom, top);
  const best = points.filter((point) => point.efficient);
  const svg = el("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Fill rate against ${of}. Efficient: ${best.map((point) => `${point.name} ${number(point.service, 2)} %, ${number(point[of], 1)} thousand ${currency}`).join("; ")}` });
  for (const tick of niceTicks(x0, x1, width > 420 ? 5 : 3)) {
    svg.append(el("line", { x1: x(tick), x2: x(tick), y1: top, y2: height - bottom, stroke: COLOURS.rule }), el("text", { x: x(tick), y: height - bottom + 18, "text-anchor": "middle" }, quantity(tick)));
  }
  for (const tick of niceTicks(y0, y1, 5)) {
    svg.append(el("line", { x1: left, x2: width - right, y1: y(tick), y2: y(tick), stroke: COLOURS.rule }), el("text", { x: left - 7, y: y(tick) + 4, "text-anchor": "end" }, quantity(tick)));
  }
  const few = points.length <= 40;
  for (const point of [...points.filter((p) => !p.efficient), ...best]) {
    const said = `${point.name}: fill rate ${number(point.service, 2)} %, ${of} ${number(point[of], 1)} thousand ${currency}${point.by ? `, beaten by ${point.by}` : ""}`;
    svg.append(el("circle", { cx: x(point[of]), cy: y(point.service), r: point.efficient ? (few ? 5 : 4) : few ? 5 : 2.5, class: point.efficient ? "efficient" : few ? "dominated" : "dominated many" }, el("title", {}, said)));
    if (point.base) svg.append(el("circle", { cx: x(point[of]), cy: y(point.service), r: few ? 9 : 7, class: "base" }));
  }
  const taken = [];
  const step = few ? 1 : Math.ceil(best.length / 10);
  const some = [...best].sort((a, b) => a[of] - b[of]).filter((point, n) => n % step === 0);
  const named = [...points.filter((point) => point.base), ...some.filter((point) => !point.base), ...(points.length <= 12 ? points.filter((point) => !point.efficient && !point.base) : [])];
  for (const point of named) {
    const text = clip(point.name, 26);
    const length = 6.6 * text.length;
    const spots = [];
    for (const lift of [0, -14, 14, -27, 27, -40, 40]) {
      for (const side of [1, -1]) spots.push({ at: x(point[of]) + (side > 0 ? 12 : -12 - length), y: y(point.service) + 4 + lift, lift, side });
    }
    const spot = spots.find((s) => s.at > left && s.at + length < width - 2 && s.y > 10 && s.y < height - bottom - 2 && taken.every((t) => s.at > t.at + t.length + 6 || s.at + length + 6 < t.at || Math.abs(s.y - t.y) > 12.5));
    if (!spot) continue;
    taken.push({ at: spot.at, length, y: spot.y });
    if (spot.lift) svg.append(el("line", { x1: x(point[of]), y1: y(point.service), x2: spot.side > 0 ? spot.at - 2 : spot.at + length + 2, y2: spot.y - 4, stroke: COLOURS.sand }));
    svg.append(el("text", { x: spot.at, y: spot.y, class: point.efficient ? "strong halo" : "halo", style: point.base ? `fill:${COLOURS.rust}` : null }, text));
  }
  fill(node, svg);
}
