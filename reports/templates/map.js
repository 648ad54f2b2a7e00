// Routes of one day on a plain Mercator map: one colour and dash per route, stops numbered.

// Okabe and Ito's colour-blind safe colours, darkened to 4.5:1 on the map; after eight, the dash changes.
const ROUTE_COLOURS = ["#005f99", "#b34700", "#00704f", "#8f3d73", "#7a5c00", "#2b2f77", "#a3262a", "#44606b"];
const DASHES = ["", "7 4", "2 4", "12 3 2 3"];

const mercator = (longitude, latitude) => [longitude, (-180 / Math.PI) * Math.log(Math.tan(Math.PI / 4 + (latitude * Math.PI) / 360))];

function startMap(data) {
  const days = [...new Set(data.routes.map((route) => route.day))].sort((a, b) => a - b);
  const select = byId("route-day");
  if (!days.length) {
    fill(byId("map"), el("p", { class: "intro" }, "The plan has no routes."));
    for (const id of ["day-back", "day-next", "route-day", "zoom-in", "zoom-out", "zoom-all"]) byId(id).disabled = true;
    return;
  }
  fill(select, days.map((day) => el("option", { value: day }, longDay(day))));
  const outlines = data.outlines.lines.map(([level, x, y, ...moves]) => {
    const points = [mercator(x / data.outlines.scale, y / data.outlines.scale)];
    for (let n = 0; n < moves.length; n += 2) points.push(mercator((x += moves[n]) / data.outlines.scale, (y += moves[n + 1]) / data.outlines.scale));
    return [level, points];
  });
  const known = (n) => data.place(n).longitude !== null && data.place(n).latitude !== null;
  const position = (n) => mercator(data.place(n).longitude, data.place(n).latitude);
  const node = byId("map");
  const state = { day: days[0], chosen: null, box: null };
  let ofDay = [];

  // The box of everything ever visited, so that days can be compared at one scale.
  function wholeBox() {
    const places = data.routes.flatMap((route) => [route.depot, ...route.stops.map(([place]) => place)]).filter(known);
    const points = places.length ? places.map(position) : [[0, 0]];
    const [xs, ys] = [points.map((p) => p[0]), points.map((p) => p[1])];
    const [west, east, north, south] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    const margin = 0.05 * Math.max(east - west, south - north) + 0.05;
    return [west - margin, north - margin, east - west + 2 * margin, south - north + 2 * margin];
  }
  const whole = wholeBox();
  state.box = whole;

  function project(width, height) {
    const [west, north, wide, high] = state.box;
    const scale = Math.min(width / wide, height / high);
    const [dx, dy] = [(width - wide * scale) / 2, (height - high * scale) / 2];
    return { scale, at: ([x, y]) => [(x - west) * scale + dx, (y - north) * scale + dy] };
  }

  function draw(width) {
    const height = Math.round(Math.min(Math.max(width * (whole[3] / whole[2]), 320), 640));
    const { scale, at } = project(width, height);
    const svg = el("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Map of ${plural(ofDay.length, "route")} on ${longDay(state.day)}. The list beside it has the same stops.`, style: "overflow:hidden" });
    graticule(svg, width, height, scale, at);
    const styles = [["#8d8674", 1.4], ["#a39b88", 1.2], ["#ddd6c7", 0.7]];
    for (const level of [2, 1, 0]) {
      const d = outlines.filter((outline) => outline[0] === level).map(([, points]) => line(points.map(at))).join("");
      if (d) svg.append(el("path", { d, fill: "none", stroke: styles[level][0], "stroke-width": styles[level][1], "stroke-linejoin": "round" }));
    }
    const taken = [];
    const free = (box) => taken.every((other) => box[0] > other[2] || box[2] < other[0] || box[1] > other[3] || box[3] < other[1]);
    const order = ofDay.map((_, n) => n).sort((a, b) => (a === state.chosen) - (b === state.chosen));
    for (const n of order) {
      const route = ofDay[n];
      const faded = state.chosen !== null && state.chosen !== n;
      const stops = [route.depot, ...route.stops.map(([place]) => place), route.depot].filter(known).map((place) => at(position(place)));
      svg.append(el("path", { d: line(stops), fill: "none", stroke: ROUTE_COLOURS[n % 8], "stroke-width": state.chosen === n ? 3.2 : 2, "stroke-opacity": faded ? 0.16 : 0.85, "stroke-dasharray": DASHES[Math.floor(n / 8) % 4], "stroke-linejoin": "round" }));
    }
    const radius = ofDay.reduce((sum, route) => sum + route.stops.length, 0) > 70 && state.box === whole ? 6.5 : 8;
    for (const n of order) {
      const faded = state.chosen !== null && state.chosen !== n;
      ofDay[n].stops.forEach(([place, eta, kg], i) => {
        if (!known(place)) return;
        const [x, y] = at(position(place));
        if (x < -20 || y < -20 || x > width + 20 || y > height + 20) return;
        if (!faded) taken.push([x - radius, y - radius, x + radius, y + radius]);
        const mark = el("g", { opacity: faded ? 0.2 : 1, style: "cursor:pointer", onclick: () => choose(n) }, el("circle", { cx: x, cy: y, r: radius, fill: ROUTE_COLOURS[n % 8], stroke: "#f5f2ea", "stroke-width": 1.2 }), el("text", { x, y: y + 3.5, "text-anchor": "middle", class: "on", style: radius < 8 ? "font-size:8.5px" : null }, String(i + 1)), el("title", {}, `Route ${n + 1}, stop ${i + 1}: ${data.place(place).name}, ${eta}, ${number(kg)} kg`));
        svg.append(mark);
      });
    }
    for (const depot of new Set(ofDay.map((route) => route.depot).filter(known))) {
      const [x, y] = at(position(depot));
      taken.push([x - 9, y - 9, x + 9, y + 9]);
      svg.append(el("rect", { x: x - 7, y: y - 7, width: 14, height: 14, fill: COLOURS.ink, stroke: "#f5f2ea", "stroke-width": 2 }));
      label(svg, data.place(depot).name, x, y, 11, taken, free, width, "strong", true);
    }
    const labelled = ofDay.flatMap((route, n) => (state.chosen === null || state.chosen === n ? route.stops : [])).filter(([place]) => known(place)).sort((a, b) => b[2] - a[2]);
    for (const [place] of labelled) {
      const [x, y] = at(position(place));
      if (x > 0 && y > 0 && x < width && y < height) label(svg, clip(data.place(place).name, 22), x, y, radius + 3, taken, free, width, null, false);
    }
    fill(node, svg);
    panning(svg, scale);
  }

  function panning(svg, scale) {
    let from = null;
    svg.addEventListener("pointerdown", (event) => {
      if (state.box === whole) return;
      from = [event.clientX, event.clientY, state.box];
      svg.setPointerCapture(event.pointerId);
      svg.classList.add("dragging");
    });
    svg.addEventListener("pointerup", (event) => {
      if (!from) return;
      const ratio = (svg.viewBox.baseVal.width / svg.getBoundingClientRect().width) / scale;
      const [x, y, box] = from;
      from = null;
      const moved = [(x - event.clientX) * ratio, (y - event.clientY) * ratio];
      if (Math.hypot(event.clientX - x, event.clientY - y) < 4) return;
      state.box = [box[0] + moved[0], box[1] + moved[1], box[2], box[3]];
      redraw();
    });
  }

  const redraw = responsive(node, draw);
  function zoom(factor) {
    const [west, north, wide, high] = state.box;
    const focus = state.chosen === null ? [west + wide / 2, north + high / 2] : position(ofDay[state.chosen].stops[0][0]);
    const centre = factor < 1 && state.box === whole ? focus : [west + wide / 2, north + high / 2];
    state.box = [centre[0] - (wide * factor) / 2, centre[1] - (high * factor) / 2, wide * factor, high * factor];
    if (state.box[2] >= whole[2]) state.box = whole;
    redraw();
  }
  byId("zoom-in").addEventListener("click", () => zoom(0.6));
  byId("zoom-out").addEventListener("click", () => zoom(1 / 0.6));
  byId("zoom-all").addEventListener("click", () => ((state.box = whole), choose(null)));

  function choose(n) {
    state.chosen = state.chosen === n ? null : n;
    redraw();
    drawList();
  }

  function drawList() {
    const sums = ofDay.reduce((sum, route) => [sum[0] + route.stops.length, sum[1] + route.km, sum[2] + route.kg, sum[3] + route.cost, sum[4] + route.co2], [0, 0, 0, 0, 0]);
    fill(byId("day-summary"), el("b", {}, longDay(state.day)), `: ${plural(ofDay.length, "route")}, ${plural(sums[0], "stop")}, ${number(sums[1])} km, ${number(sums[2])} kg, ${number(sums[3])} ${data.currency}, ${number(sums[4])} kg CO₂e.`);
    const head = ["Line", "Route", "Stops", "km", "Out – back", "Load"];
    fill(
      byId("route-list"),
      el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Routes of the day" },
        el("table", {}, el("thead", {}, el("tr", {}, head.map((text, n) => el("th", { scope: "col", class: n === 2 || n === 3 ? "number" : null }, text)))),
          el("tbody", {}, ofDay.map((route, n) =>
            el("tr", { class: state.chosen === n ? "chosen" : null },
              el("td", {}, el("svg", { class: "swatch", viewBox: "0 0 26 14", width: 26, height: 14, "aria-hidden": "true" }, el("line", { x1: 0, x2: 26, y1: 7, y2: 7, stroke: ROUTE_COLOURS[n % 8], "stroke-width": 3, "stroke-dasharray": DASHES[Math.floor(n / 8) % 4] }))),
              el("td", {}, el("button", { type: "button", class: "plain", "aria-pressed": String(state.chosen === n), title: route.id, onclick: () => choose(n) }, `${n + 1} · ${route.vehicle.replaceAll("_", " ")}`)),
              el("td", { class: "number" }, String(route.stops.length)),
              el("td", { class: "number" }, number(route.km)),
              el("td", { class: "keep" }, `${route.departs} – ${route.returns}`),
              el("td", { class: "keep" }, loadBar(route.used))))))),
    );
    const route = ofDay[state.chosen];
    fill(byId("stop-list"), route === undefined ? el("p", { class: "small" }, "Choose a route to see its stops.") : el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Stops of the route" }, el("table", {}, el("caption", {}, `Route ${state.chosen + 1}, ${route.id}: ${number(route.kg)} kg, ${number(route.minutes / 60, 1)} h, ${number(route.cost, 2)} ${data.currency}`), el("thead", {}, el("tr", {}, ["#", "Stop", "Arrives", "kg", "km"].map((text, n) => el("th", { scope: "col", class: n > 2 ? "number" : null }, text)))), el("tbody", {}, route.stops.map(([place, eta, kg, km], n) => el("tr", {}, el("td", {}, String(n + 1)), el("td", {}, data.place(place).name), el("td", {}, eta), el("td", { class: "number" }, number(kg)), el("td", { class: "number" }, number(km, 1))))))));
  }

  function showDay(day) {
    state.day = day;
    state.chosen = null;
    ofDay = data.routes.filter((route) => route.day === day);
    select.value = day;
    byId("day-back").disabled = day === days[0];
    byId("day-next").disabled = day === days[days.length - 1];
    redraw();
    drawList();
    drawStrip(data, days, day, showDay);
  }
  const step = (by) => showDay(days[days.indexOf(state.day) + by]);
  select.addEventListener("change", () => showDay(Number(select.value)));
  byId("day-back").addEventListener("click", () => step(-1));
  byId("day-next").addEventListener("click", () => step(1));
  showDay(days[0]);
  draw(Math.round(node.clientWidth) || 700);
}

// A bar per day, as high as its stops are many.
function drawStrip(data, days, chosen, pick) {
  const last = days[days.length - 1];
  const stops = new Map(days.map((day) => [day, 0]));
  for (const route of data.routes) stops.set(route.day, stops.get(route.day) + route.stops.length);
  const most = Math.max(...stops.values());
  const svg = el("svg", { viewBox: `0 0 ${(last + 1) * 10} 40`, preserveAspectRatio: "none" });
  for (const day of days) {
    const height = 4 + (32 * stops.get(day)) / most;
    svg.append(el("rect", { x: day * 10 + 1, width: 8, y: 40 - height, height, fill: day === chosen ? COLOURS.blue : COLOURS.sand, onclick: () => pick(day) }, el("title", {}, `${longDay(day)}: ${stops.get(day)} stops`)));
  }
  fill(byId("day-strip"), svg);
}

function label(svg, text, x, y, gap, taken, free, width, style, must) {
  const wide = [...text].length * 6.1 + 4;
  const spots = [[x + gap, y + 4, "start"], [x - gap, y + 4, "end"], [x, y - gap - 2, "middle"], [x, y + gap + 10, "middle"]];
  for (const [tx, ty, anchor] of spots) {
    const left = anchor === "start" ? tx : anchor === "end" ? tx - wide : tx - wide / 2;
    const box = [left, ty - 10, left + wide, ty + 3];
    if ((!must || spots[3][1] !== ty) && (!free(box) || box[0] < 2 || box[2] > width - 2)) continue;
    taken.push(box);
    svg.append(el("text", { x: tx, y: ty, "text-anchor": anchor, class: style, style: "paint-order:stroke;stroke:#f5f2ea;stroke-width:3px;stroke-linejoin:round;pointer-events:none" }, text));
    return;
  }
}

// Degrees, so that the map has a scale wherever it is.
function graticule(svg, width, height, scale, at) {
  const [west, north] = at([0, 0]).map((v) => -v / scale);
  const every = [0.1, 0.25, 0.5, 1, 2, 5, 10, 30].find((degrees) => degrees * scale > 110) ?? 30;
  for (let x = Math.ceil(west / every) * every; x < west + width / scale; x += every) {
    const [px] = at([x, 0]);
    svg.append(el("line", { x1: px, x2: px, y1: 0, y2: height, stroke: "#ebe6da" }), el("text", { x: px + 3, y: height - 5, style: "fill:#716b5c;font-size:10px" }, `${number(Math.abs(x), x % 1 ? 2 : 0)}° ${x < 0 ? "W" : "E"}`));
  }
  const latitude = (y) => (360 / Math.PI) * Math.atan(Math.exp((-y * Math.PI) / 180)) - 90;
  const [top, bottom] = [latitude(north), latitude(north + height / scale)];
  for (let l = Math.ceil(bottom / every) * every; l < top; l += every) {
    const [, py] = at(mercator(0, l));
    svg.append(el("line", { x1: 0, x2: width, y1: py, y2: py, stroke: "#ebe6da" }), el("text", { x: 4, y: py - 4, style: "fill:#716b5c;font-size:10px" }, `${number(Math.abs(l), l % 1 ? 2 : 0)}° ${l < 0 ? "S" : "N"}`));
  }
}
