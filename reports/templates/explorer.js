// Demand and projected stock of any item-location, chosen by two boxes.

function startExplorer(data) {
  const rows = data.rows;
  const count = rows.item.length;
  const rowOf = new Map(rows.item.map((item, row) => [`${item}|${rows.place[row]}`, row]));
  const itemBox = byId("explore-item");
  const placeBox = byId("explore-place");
  const hint = byId("explore-hint");
  const itemLabels = data.items.map((_, n) => named(data.item(n)));
  const placeLabels = data.places.map((_, n) => named(data.place(n)));
  fill(byId("list-items"), [...new Set(rows.item)].sort((a, b) => itemLabels[a].localeCompare(itemLabels[b])).map((n) => el("option", { value: itemLabels[n] })));
  let current = 0;

  const placesOf = (item) => {
    const found = [];
    for (let row = 0; row < count; row++) if (rows.item[row] === item) found.push(row);
    return found.sort((a, b) => placeLabels[rows.place[a]].localeCompare(placeLabels[rows.place[b]]));
  };
  const match = (labels, text) => {
    const wanted = text.trim().toLowerCase();
    const exact = labels.findIndex((label) => label.toLowerCase() === wanted);
    return exact >= 0 || !wanted ? exact : labels.findIndex((label) => label.toLowerCase().includes(wanted));
  };

  function show(row, scroll = false) {
    current = row;
    const item = data.item(rows.item[row]);
    const place = data.place(rows.place[row]);
    itemBox.value = itemLabels[rows.item[row]];
    placeBox.value = placeLabels[rows.place[row]];
    fill(byId("list-places"), placesOf(rows.item[row]).map((other) => el("option", { value: placeLabels[rows.place[other]] })));
    const per = `${item.uom} per ${data.bucketDays === 7 ? "week" : "day"}`;
    const caption = hasDemand(data, row) ? [el("b", {}, "Demand"), ` ${per}; band: 10 % to 90 % quantile of the forecast`] : [el("b", {}, "Sent on"), ` ${per}, to the locations that it supplies`];
    fill(byId("caption-demand"), caption);
    fill(byId("caption-stock"), el("b", {}, "Projected stock"), ` ${item.uom}, with receipts and safety stock`);
    drawDemand(data, row, item);
    drawStock(data, row, item);
    drawFacts(data, row, item, place);
    drawNumbers(data, row);
    if (scroll) byId("explore").scrollIntoView();
  }

  itemBox.addEventListener("change", () => {
    const item = match(itemLabels, itemBox.value);
    const choices = item < 0 ? [] : placesOf(item);
    if (!choices.length) return (hint.textContent = `No planned item is called “${itemBox.value}”.`);
    const same = rowOf.get(`${item}|${rows.place[current]}`);
    hint.textContent = same === undefined ? `Not planned at ${data.place(rows.place[current]).name}; shown at ${data.place(rows.place[choices[0]]).name}. It is planned at ${number(choices.length)} locations.` : `Planned at ${number(choices.length)} locations.`;
    show(same ?? choices[0]);
  });
  placeBox.addEventListener("change", () => {
    const here = placesOf(rows.item[current]);
    const found = match(here.map((row) => placeLabels[rows.place[row]]), placeBox.value);
    if (found >= 0) return (hint.textContent = ""), show(here[found]);
    const place = match(placeLabels, placeBox.value);
    const other = place < 0 ? -1 : rows.place.indexOf(place);
    if (other < 0) return (hint.textContent = `No planned location is called “${placeBox.value}”.`);
    hint.textContent = `The item is not planned at ${data.place(place).name}; shown is another one that is.`;
    show(other);
  });
  for (const box of [itemBox, placeBox]) box.addEventListener("focus", () => box.select());
  byId("explore-form").addEventListener("submit", (event) => event.preventDefault());
  const turn = (step) => {
    const here = placesOf(rows.item[current]);
    hint.textContent = "";
    show(here[(here.indexOf(current) + step + here.length) % here.length]);
  };
  byId("explore-back").addEventListener("click", () => turn(-1));
  byId("explore-next").addEventListener("click", () => turn(1));
  const worst = data.exceptions.find((row) => row[9] >= 0 && row[1] !== "excess" && data.place(rows.place[row[9]]).type !== "dc");
  if (count) show(worst ? worst[9] : 0);
  return show;
}

const hasDemand = (data, row) => data.one("mean", row).some((v) => v > 0) || data.one("history", row).some((v) => v > 0);

function drawDemand(data, row, item) {
  const buckets = data.series.buckets;
  const ownDemand = hasDemand(data, row);
  const past = ownDemand ? data.series.past : 0;
  const [mean, low, high, demand, shipped] = ["mean", "low", "high", "demand", "shipped"].map((name) => data.one(name, row));
  const history = ownDemand ? data.one("history", row) : [];
  const node = byId("chart-demand");
  draws(node, (width) => {
    const future = ownDemand ? mean : shipped;
    const chart = frame(node, width, 270, 1.05 * Math.max(...history, ...(ownDemand ? high : shipped), ...demand, 1), {
      label: ownDemand
        ? `${item.name}: demand of ${past} past buckets, mean ${quantity(history.reduce((a, b) => a + b, 0) / Math.max(past, 1))}; forecast mean ${quantity(mean.reduce((a, b) => a + b, 0) / buckets)} ${item.uom} per bucket.`
        : `${item.name}: sent on ${shipped.map(quantity).join(", ")} ${item.uom}.`,
    });
    const step = (chart.right - chart.left) / (past + buckets);
    const x = (n) => chart.left + step * n;
    history.forEach((v, n) => v > 0 && chart.svg.append(el("rect", { x: x(n) + step * 0.14, width: step * 0.72, y: chart.y(v), height: chart.base - chart.y(v), fill: COLOURS.bar })));
    const at = (n) => x(past + n + 0.5);
    if (ownDemand) {
      const ends = (values) => [[x(past), values[0]], ...values.map((v, n) => [at(n), v]), [x(past + buckets), values[buckets - 1]]].map(([px, v]) => [px, chart.y(v)]);
      chart.svg.append(
        el("path", { d: line([...ends(high), ...ends(low).reverse()]) + "Z", fill: COLOURS.band }),
        el("path", { d: line(ends(mean)), fill: "none", stroke: COLOURS.blue, "stroke-width": 2.5 }),
      );
    } else {
      future.forEach((v, n) => v > 0 && chart.svg.append(el("rect", { x: x(past + n) + step * 0.14, width: step * 0.72, y: chart.y(v), height: chart.base - chart.y(v), fill: COLOURS.band, stroke: COLOURS.blue })));
    }
    if (ownDemand) {
      chart.svg.append(
        el("line", { x1: x(past), x2: x(past), y1: 4, y2: chart.base, stroke: COLOURS.ink }),
        el("text", { x: x(past) - 6, y: 11, "text-anchor": "end" }, "sold"),
        el("text", { x: x(past) + 6, y: 11, style: `fill:${COLOURS.blue}` }, "forecast"),
      );
    }
    dayAxis(chart, [...history, ...mean].map((_, n) => x(n + 0.5)), [...history, ...mean].map((_, n) => (n - past) * data.bucketDays));
    notes(node, chart, [...history, ...mean].map((_, n) => x(n)).concat(x(past + buckets)), (n) => {
      const t = n - past;
      const day = shortDay(t * data.bucketDays);
      if (t < 0) return `${day}\nsold ${quantity(history[n])} ${item.uom}`;
      return ownDemand ? `${day}\nforecast ${quantity(mean[t])} ${item.uom}\n10 % to 90 %: ${quantity(low[t])} to ${quantity(high[t])}\nplanned ${quantity(demand[t])}` : `${day}\nsent on ${quantity(shipped[t])} ${item.uom}`;
    });
  });
}

// Stock jumps at the start of a bucket by what is received and falls with demand to its end.
function drawStock(data, row, item) {
  const buckets = data.series.buckets;
  const [opening, open, planned, closing, safety, unmet] = ["opening", "open", "planned", "closing", "safety", "unmet"].map((name) => data.one(name, row));
  const peak = opening.map((v, n) => v + open[n] + planned[n]);
  const node = byId("chart-stock");
  draws(node, (width) => {
    const chart = frame(node, width, 270, 1.12 * Math.max(...peak, ...safety, 1), {
      label: `${item.name}: projected stock from ${quantity(opening[0])} to ${quantity(closing[buckets - 1])} ${item.uom}; receipts ${planned.map(quantity).join(", ")}; not served ${quantity(unmet.reduce((a, b) => a + b, 0))}.`,
      bottom: 40,
    });
    const x = linear(0, buckets, chart.left, chart.right);
    const outline = [];
    for (let t = 0; t < buckets; t++) outline.push([x(t), chart.y(opening[t])], [x(t), chart.y(peak[t])], [x(t + 1), chart.y(closing[t])]);
    chart.svg.append(
      el("path", { d: `${line([[x(0), chart.base], ...outline, [x(buckets), chart.base]])}Z`, fill: "#ece6d9" }),
      el("path", { d: line(outline), fill: "none", stroke: COLOURS.ink, "stroke-width": 1.5, "stroke-linejoin": "round" }),
    );
    const wanted = [];
    for (let t = 0; t < buckets; t++) wanted.push([x(t), chart.y(safety[t])], [x(t + 1), chart.y(safety[t])]);
    chart.svg.append(el("path", { d: line(wanted), fill: "none", stroke: COLOURS.gold, "stroke-width": 1.5, "stroke-dasharray": "5 4" }));
    for (let t = 0; t < buckets; t++) {
      const bar = (from, to, colour) => to > from && chart.svg.append(el("line", { x1: x(t), x2: x(t), y1: chart.y(from), y2: chart.y(to), stroke: colour, "stroke-width": 4 }));
      bar(opening[t], opening[t] + open[t], COLOURS.soft);
      bar(opening[t] + open[t], peak[t], COLOURS.blue);
      if (planned[t] + open[t] > 0) chart.svg.append(el("text", { x: x(t), y: chart.y(peak[t]) - 6, "text-anchor": t ? "middle" : "start", style: `fill:${planned[t] > 0 ? COLOURS.blue : COLOURS.soft}` }, `+${quantity(planned[t] + open[t])}`));
      if (unmet[t] > 0) chart.svg.append(el("rect", { x: x(t) + 2, width: x(t + 1) - x(t) - 4, y: chart.base + 1, height: 5, fill: COLOURS.rust }), el("text", { x: x(t + 0.5), y: chart.base + 34, "text-anchor": "middle", style: `fill:${COLOURS.rust}` }, `−${quantity(unmet[t])}`));
    }
    if (safety[buckets - 1] > 0) chart.svg.append(el("text", { x: chart.right, y: chart.y(safety[buckets - 1]) - 5, "text-anchor": "end", style: `fill:${COLOURS.gold}` }, "safety stock"));
    dayAxis(chart, opening.map((_, t) => x(t) + 14), opening.map((_, t) => t * data.bucketDays), 62);
    notes(node, chart, [...opening.map((_, t) => x(t)), x(buckets)], (t) =>
      `${shortDay(t * data.bucketDays)}, ${item.uom}\nopening ${quantity(opening[t])}\n${open[t] ? `open orders +${quantity(open[t])}\n` : ""}${planned[t] ? `planned orders +${quantity(planned[t])}\n` : ""}closing ${quantity(closing[t])}${unmet[t] ? `\nnot served ${quantity(unmet[t])}` : ""}`);
  });
}

// One observer per chart, whatever is drawn in it next.
const drawings = new Map();
function draws(node, draw) {
  const known = drawings.has(node);
  drawings.set(node, draw);
  if (!known) responsive(node, (width) => drawings.get(node)(width));
  else if (node.clientWidth > 0) draw(Math.round(node.clientWidth));
}

function drawFacts(data, row, item, place) {
  const rows = data.rows;
  const source = data.place(rows.source[row]);
  const facts = [
    ["Supplied by", source.id ? named(source) : "–"],
    ["Lead time", rows.lead[row] === null ? "–" : plural(rows.lead[row], "day")],
    ["Service target", `${percent(rows.target[row])} ${data.text(rows.measure, row).replaceAll("_", " ")}`],
    ["Simulated fill rate", percent(rows.simulated[row])],
    ["Safety stock", `${quantity(rows.safety[row] / 100)} ${item.uom}`],
    ["Reorder point", `${quantity(rows.reorder[row] / 100)} ${item.uom}`],
    ["Order up to", `${quantity(rows.upTo[row] / 100)} ${item.uom}`],
    ["Class", `${data.text(rows.abc, row)}${data.text(rows.xyz, row)}${item.category ? `, ${item.category}` : ""}`],
    ["Forecast by", `${data.text(rows.method, row).replaceAll("_", " ")}${rows.wape[row] === null ? "" : `, WAPE ${percent(rows.wape[row], 0)}`}`],
    ["Demand pattern", data.text(rows.pattern, row) || "–"],
    ["Policy", data.text(rows.policyRule, row)],
    ["Source rule", data.text(rows.sourceRule, row)],
  ];
  fill(byId("explore-facts"), facts.map(([term, text]) => el("div", {}, el("dt", {}, term), el("dd", {}, text))));
  const orders = data.orders;
  const mine = [];
  for (let n = 0; n < orders.row.length; n++) {
    if (orders.row[n] === row) mine.push({ n, row, item, place, source: data.place(orders.source[n]), reason: data.text(orders.reason, n) });
  }
  dataTable(byId("explore-orders"), { caption: `Orders of ${item.name} for ${place.name}`, columns: orderColumns(data, null), rows: mine, size: 10, empty: "The plan orders nothing here." });
}

function drawNumbers(data, row) {
  const names = { history: "Sold", mean: "Forecast mean", low: "10 % quantile", high: "90 % quantile", demand: "Planned demand", opening: "Opening stock", open: "Open orders in", planned: "Planned orders in", shipped: "Sent on", unmet: "Not served", closing: "Closing stock", safety: "Safety stock" };
  const { past, buckets } = data.series;
  const cell = (value) => el("td", { class: "number" }, quantity(value));
  const table = (first, counted, keys) =>
    el("table", {}, el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Bucket of"), keys.map((key) => el("th", { scope: "col", class: "number" }, names[key])))), el("tbody", {}, Array.from({ length: counted }, (_, n) => el("tr", {}, el("td", {}, isoDay((first + n) * data.bucketDays)), keys.map((key) => cell(data.one(key, row)[n]))))));
  fill(byId("explore-numbers"), el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Numbers of the charts" }, table(0, buckets, Object.keys(names).slice(1)), table(-past, past, ["history"])));
}
