// Axes, scales and the pointer's note, shared by all charts.

const COLOURS = { ink: "#1b2430", soft: "#56616e", rule: "#e2dcd0", blue: "#0b5a7d", band: "#cfe1ea", rust: "#b0451f", sand: "#d9cfbb", bar: "#b4bfc7", gold: "#8a6100" };

function niceTicks(low, high, wanted = 4) {
  const span = high - low || 1;
  const rough = span / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= rough);
  const ticks = [];
  for (let t = Math.ceil(low / step - 1e-9) * step; t <= high + step * 1e-9; t += step) ticks.push(Number((Math.round(t / step) * step).toPrecision(12)) || 0);
  return ticks;
}

const linear = (d0, d1, r0, r1) => (value) => r0 + ((value - d0) / (d1 - d0 || 1)) * (r1 - r0);
const line = (points) => points.map(([x, y], n) => `${n ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

// An empty chart with a value axis from 0; y(value) and the drawing area come back with it.
function frame(node, width, height, top, options) {
  const left = options.left ?? 44;
  const right = options.right ?? 8;
  const bottom = options.bottom ?? 26;
  const ticks = niceTicks(0, top || 1, options.ticks ?? 4);
  const highest = Math.max(top || 1, ticks[ticks.length - 1]);
  const y = linear(0, highest, height - bottom, options.above ?? 12);
  const svg = el("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": options.label });
  for (const tick of ticks) {
    svg.append(
      el("line", { x1: left, x2: width - right, y1: y(tick), y2: y(tick), stroke: tick ? COLOURS.rule : COLOURS.soft }),
      el("text", { x: left - 8, y: y(tick) + 4, "text-anchor": "end" }, quantity(tick)),
    );
  }
  fill(node, svg);
  return { svg, y, left, right: width - right, base: height - bottom, width, height };
}

// Labels under the value axis, as many as fit.
function dayAxis(chart, positions, offsets, room = 58) {
  let last = -Infinity;
  positions.forEach((x, n) => {
    if (x - last < room || x > chart.right - 8) return;
    last = x;
    chart.svg.append(el("text", { x, y: chart.base + 18, "text-anchor": "middle" }, shortDay(offsets[n])));
  });
}

// A note that follows the pointer over columns; `text(n)` says what is there.
function notes(node, chart, edges, text) {
  const tip = el("div", { class: "tip" });
  node.append(tip);
  const mark = el("line", { y1: 8, y2: chart.base, stroke: COLOURS.ink, "stroke-dasharray": "2 3", visibility: "hidden" });
  chart.svg.append(mark);
  const hide = () => (tip.classList.remove("shown"), mark.setAttribute("visibility", "hidden"));
  chart.svg.addEventListener("pointermove", (event) => {
    const box = chart.svg.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * chart.width;
    const n = edges.findIndex((edge, i) => i + 1 < edges.length && x >= edge && x < edges[i + 1]);
    if (n < 0) return hide();
    tip.textContent = text(n);
    tip.classList.add("shown");
    const middle = (edges[n] + edges[n + 1]) / 2;
    mark.setAttribute("x1", middle);
    mark.setAttribute("x2", middle);
    mark.setAttribute("visibility", "visible");
    const at = (middle / chart.width) * box.width;
    tip.style.left = `${at + tip.offsetWidth + 14 > box.width ? Math.max(at - tip.offsetWidth - 10, 0) : at + 10}px`;
    tip.style.top = "6px";
  });
  chart.svg.addEventListener("pointerleave", hide);
}
