// Small tools: elements, numbers, dates, and the data of the page.

function el(tag, attributes = {}, ...children) {
  const svg = ["svg", "g", "path", "line", "rect", "circle", "text", "title", "polyline"].includes(tag);
  const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat()) {
    if (child !== null && child !== undefined) node.append(child);
  }
  return node;
}

const byId = (id) => document.getElementById(id);
const fill = (node, ...children) => (node.replaceChildren(...children.flat().filter((child) => child !== null)), node);

const formats = new Map();
function number(value, digits = 0) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (!formats.has(digits)) {
    formats.set(digits, new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }));
  }
  return formats.get(digits).format(value);
}
function quantity(value) {
  if (value === null || value === undefined) return "–";
  const digits = Number.isInteger(value) || Math.abs(value) >= 1000 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return number(Math.round(value * 100) / 100, digits).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
}
const plural = (count, word) => `${quantity(count)} ${word}${count === 1 ? "" : "s"}`;
const percent = (share, digits = 1) => (share === null ? "–" : `${number(100 * share, digits)} %`);

const DAY = 86400000;
let firstDay = 0;
const dateOf = (offset) => new Date(firstDay + offset * DAY);
const isoDay = (offset) => dateOf(offset).toISOString().slice(0, 10);
const dayFormat = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
const longDayFormat = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
const shortDay = (offset) => dayFormat.format(dateOf(offset));
const longDay = (offset) => longDayFormat.format(dateOf(offset));

async function unpack() {
  const bytes = Uint8Array.from(atob(byId("data-gzip").textContent), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const data = JSON.parse(await new Response(stream).text());
  firstDay = Date.parse(`${data.start}T00:00:00Z`);
  data.item = (n) => ({ id: data.items[n][0], name: data.items[n][1], uom: data.items[n][2], category: data.items[n][3] });
  data.place = (n) => {
    const [id, name, type, region, latitude, longitude] = data.places[n] ?? ["", "", "", "", null, null];
    return { id, name, type, region, latitude, longitude };
  };
  data.text = (coded, n) => coded.texts[coded.codes[n]];
  data.placeNumber = new Map(data.places.map((place, n) => [place[0], n]).filter(([, n]) => data.places[n][2] !== "supplier"));
  data.itemNumber = new Map(data.items.map((item, n) => [item[0], n]));
  data.one = (name, row) => {
    const count = name === "history" ? data.series.past : data.series.buckets;
    return data.series[name].slice(row * count, (row + 1) * count).map((value) => value / 100);
  };
  return data;
}

const clip = (text, length) => ([...text].length > length ? [...text].slice(0, Math.max(length - 1, 3)).join("") + "…" : text);
const named = (thing) => (thing.name === thing.id ? thing.id : `${thing.name} · ${thing.id}`);

// Draw again when a chart's width changes or the page goes to the printer.
function responsive(node, draw) {
  let width = 0;
  const again = () => {
    const now = Math.round(node.clientWidth);
    if (now > 0 && now !== width) draw((width = now));
  };
  new ResizeObserver(again).observe(node);
  again();
  return () => width > 0 && draw(width);
}
