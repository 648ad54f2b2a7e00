// Stock and demand in money by bucket; fill rates by group.

function drawWeekly(data) {
  const node = byId("chart-weekly");
  const weekly = data.overview.weekly;
  const thousand = (values) => values.map((value) => value / 1000);
  const up = thousand(weekly.upstream);
  const down = thousand(weekly.downstream);
  const demand = thousand(weekly.demand);
  const received = thousand(weekly.received);
  const total = up.map((value, n) => value + down[n]);
  responsive(node, (width) => {
    const count = total.length;
    const chart = frame(node, width, width > 480 ? 400 : 280, 1.08 * Math.max(...total, ...demand, ...received), {
      right: 92,
      label: `Stock at cost by ${data.bucketDays === 7 ? "week" : "day"}: from ${number(total[0], 1)} to ${number(total[count - 1], 1)} thousand ${data.currency}; demand from ${number(demand[0], 1)} to ${number(demand[count - 1], 1)}.`,
    });
    const step = (chart.right - chart.left) / count;
    const x = (n) => chart.left + step * n;
    const area = (low, high) => line([...high.map((v, n) => [x(n + 0.5), chart.y(v)]), ...low.map((v, n) => [x(n + 0.5), chart.y(v)]).reverse()]) + "Z";
    const zero = up.map(() => 0);
    chart.svg.append(
      el("path", { d: area(zero, up), fill: "#c9bda4" }),
      el("path", { d: area(up, total), fill: "#e6dfd0" }),
      el("path", { d: line(total.map((v, n) => [x(n + 0.5), chart.y(v)])), fill: "none", stroke: COLOURS.soft }),
    );
    received.forEach((v, n) => v > 0 && chart.svg.append(el("line", { x1: x(n + 0.5), x2: x(n + 0.5), y1: chart.y(0), y2: chart.y(v), stroke: COLOURS.gold, "stroke-width": 3 })));
    chart.svg.append(el("path", { d: line(demand.map((v, n) => [x(n + 0.5), chart.y(v)])), fill: "none", stroke: COLOURS.blue, "stroke-width": 2.5 }));
    const last = count - 1;
    const labels = [
      [chart.y(total[last]) - 4, "stock", COLOURS.ink],
      [chart.y((up[last] + total[last]) / 2), "of it in stores", COLOURS.soft],
      [chart.y(up[last] / 2), "of it at dcs", COLOURS.soft],
      [chart.y(demand[last]), "demand", COLOURS.blue],
    ].sort((a, b) => a[0] - b[0]);
    labels.forEach((label, n) => (label[0] = Math.max(label[0], n ? labels[n - 1][0] + 15 : 0)));
    for (const [y, text, colour] of labels) chart.svg.append(el("text", { x: x(count - 0.5) + 9, y: y + 4, style: `fill:${colour}` }, text));
    if (received.some((v) => v > 0)) {
      const top = received.indexOf(Math.max(...received));
      chart.svg.append(el("text", { x: x(top + 0.5) + 6, y: chart.y(received[top]) + 4, class: "halo", style: `fill:${COLOURS.gold}` }, "from suppliers"));
    }
    dayAxis(chart, total.map((_, n) => x(n + 0.5)), total.map((_, n) => n * data.bucketDays));
    notes(node, chart, [...total.map((_, n) => x(n)), x(count)], (n) =>
      `${shortDay(n * data.bucketDays)}, thousand ${data.currency}\ndemand ${number(demand[n], 1)}, not served ${number(weekly.unmet[n] / 1000, 1)}\nstock at the end ${number(total[n], 1)}\nfrom suppliers ${number(received[n], 1)}`);
  });
}

const GROUPS = { all: "All", channel: "Channel", location_type: "Location type", abc_class: "ABC class", category: "Category", region: "Region" };

function drawService(data) {
  const node = byId("chart-service");
  const rows = [];
  let before = null;
  for (const row of data.overview.service) {
    if (row[0] !== before && row[0] !== "all") rows.push([row[0]]);
    before = row[0];
    rows.push(row);
  }
  const lowest = Math.min(...data.overview.service.map((row) => Math.min(row[2], row[4] ?? row[3])));
  const from = Math.max(0, Math.floor(lowest * 20 - 0.2) / 20);
  responsive(node, (width) => {
    const left = Math.min(150, width * 0.32);
    const height = 52 + rows.length * 21;
    const x = linear(from, 1, left, width - 64);
    const svg = el("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": "Fill rate by group. " + data.overview.service.map((row) => `${GROUPS[row[0]]} ${row[1]}: ${percent(row[3])} simulated, ${percent(row[2])} planned`).join("; ") });
    for (const tick of niceTicks(from, 1, 4)) {
      svg.append(el("line", { x1: x(tick), x2: x(tick), y1: 20, y2: height - 12, stroke: COLOURS.rule }), el("text", { x: x(tick), y: 12, "text-anchor": "middle" }, quantity(100 * tick)));
    }
    rows.forEach((row, n) => {
      const y = 48 + n * 21;
      if (row.length === 1) return void svg.append(el("text", { x: 0, y: y + 6, class: "strong" }, GROUPS[row[0]]));
      const [by, group, planned, simulated, low, high] = row;
      svg.append(
        el("text", { x: by === "all" ? 0 : 12, y: y + 4, class: by === "all" ? "strong" : null }, by === "all" ? "All demand" : clip(group || "(none)", Math.floor(left / 7.2))),
        el("line", { x1: x(low), x2: x(high), y1: y, y2: y, stroke: COLOURS.blue, "stroke-width": 7, "stroke-opacity": 0.28 }),
        el("circle", { cx: x(planned), cy: y, r: 4, fill: "none", stroke: COLOURS.soft, "stroke-width": 1.5 }),
        el("circle", { cx: x(simulated), cy: y, r: 4, fill: COLOURS.blue }),
        el("text", { x: width, y: y + 4, "text-anchor": "end", class: "strong" }, percent(simulated)),
      );
      if (by === "all") {
        svg.append(el("text", { x: x(simulated), y: y - 10, "text-anchor": "middle", style: `fill:${COLOURS.blue}` }, x(planned) - x(simulated) > 66 ? "simulated" : ""), el("text", { x: x(planned), y: y - 10, "text-anchor": "middle" }, "planned"));
      }
    });
    fill(node, svg);
  });
}
