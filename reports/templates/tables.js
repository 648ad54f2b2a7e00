// Tables that can be sorted, searched and paged; they draw only the rows that are seen.

function dataTable(node, { caption, columns, rows, choices = [], size = 20, sorted = null, empty = "Nothing." }) {
  if (rows.length === 0) return fill(node, el("p", { class: "intro" }, empty));
  const state = { page: 0, by: sorted, down: true, search: "", chosen: choices.map(() => "") };
  const searchable = rows.map((row) => columns.map((column) => String(column.text ? column.text(row) : column.of(row) ?? "")).join("\u0001").toLowerCase());
  const body = el("div");
  const controls = el(
    "div",
    { class: "controls" },
    choices.map((choice, n) => {
      const values = [...new Set(rows.map(choice.of))].sort();
      const select = el("select", { onchange: (event) => ((state.chosen[n] = event.target.value), (state.page = 0), draw()) }, el("option", { value: "" }, "all"), values.map((value) => el("option", { value }, choice.label(value))));
      return el("label", {}, choice.title, select);
    }),
    el("label", {}, "Search", el("input", { type: "search", autocomplete: "off", oninput: (event) => ((state.search = event.target.value.toLowerCase()), (state.page = 0), draw()) })),
  );

  function draw() {
    const words = state.search.split(/\s+/).filter(Boolean);
    let seen = rows.map((_, n) => n).filter((n) => choices.every((choice, c) => !state.chosen[c] || choice.of(rows[n]) === state.chosen[c]) && words.every((word) => searchable[n].includes(word)));
    if (state.by !== null) {
      const of = columns[state.by].of;
      const sign = state.down ? -1 : 1;
      seen = seen.sort((a, b) => {
        const [x, y] = [of(rows[a]), of(rows[b])];
        if (x === y) return a - b;
        if (x === null) return 1;
        if (y === null) return -1;
        return typeof x === "string" ? sign * x.localeCompare(y) : sign * (x - y);
      });
    }
    const pages = Math.max(Math.ceil(seen.length / size), 1);
    state.page = Math.min(Math.max(state.page, 0), pages - 1);
    const first = state.page * size;
    const head = columns.map((column, n) =>
      el(
        "th",
        { scope: "col", class: column.number ? "number" : null, "aria-sort": state.by === n ? (state.down ? "descending" : "ascending") : null },
        el("button", { type: "button", title: `Sort by ${column.title}`, onclick: () => ((state.down = state.by === n ? !state.down : Boolean(column.number)), (state.by = n), (state.page = 0), draw(), body.querySelectorAll("th button")[n].focus()) }, column.title),
      ),
    );
    const lines = seen.slice(first, first + size).map((n) =>
      el("tr", {}, columns.map((column) => el("td", { class: column.number ? "number" : column.wider ? "text wider" : column.wide ? "text" : "keep" }, column.show ? column.show(rows[n]) : column.text ? column.text(rows[n]) : String(column.of(rows[n]) ?? "")))),
    );
    fill(
      body,
      el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption }, el("table", {}, el("caption", {}, `${caption}: ${number(seen.length)}${seen.length < rows.length ? ` of ${number(rows.length)}` : ""}`), el("thead", {}, el("tr", {}, head)), el("tbody", {}, lines))),
      pages > 1
        ? el(
            "div",
            { class: "pager" },
            el("button", { type: "button", disabled: state.page === 0, onclick: () => (state.page--, draw()) }, "← Previous"),
            el("span", {}, `${number(first + 1)}–${number(Math.min(first + size, seen.length))} of ${number(seen.length)}`),
            el("button", { type: "button", disabled: state.page >= pages - 1, onclick: () => (state.page++, draw()) }, "Next →"),
          )
        : null,
    );
  }
  draw();
  fill(node, rows.length > 8 ? controls : null, body);
}

const KINDS = { stock_out: "Stock-out", late_supply: "Late supply", below_safety_stock: "Below safety stock", excess: "Excess", unassigned_load: "Load on no route", capacity: "Capacity" };
const kindName = (kind) => KINDS[kind] ?? kind.replaceAll("_", " ");

function drawTables(data, explore) {
  const itemName = (id) => (id && data.itemNumber.has(id) ? data.item(data.itemNumber.get(id)).name : id);
  const placeName = (id) => (id && data.placeNumber.has(id) ? data.place(data.placeNumber.get(id)).name : id);
  const link = (row, text) => (row >= 0 ? el("button", { type: "button", class: "plain", onclick: () => explore(row, true) }, text) : text);

  dataTable(byId("table-exceptions"), {
    caption: "Exceptions, most money first",
    rows: data.exceptions,
    size: 15,
    choices: [{ title: "Kind", of: (row) => row[1], label: kindName }],
    empty: "Nothing needs attention.",
    columns: [
      { title: "#", of: (row) => row[0], number: true },
      { title: "Kind", of: (row) => kindName(row[1]), show: (row) => el("span", { class: `kind${["stock_out", "late_supply", "unassigned_load"].includes(row[1]) ? " hot" : ""}` }, kindName(row[1])) },
      { title: "Item", of: (row) => itemName(row[2]), wide: true, show: (row) => link(row[9], itemName(row[2])) },
      { title: "Location", of: (row) => placeName(row[3]) },
      { title: "From", of: (row) => row[4], text: (row) => isoDay(row[4]) },
      { title: `At risk, ${data.currency}`, of: (row) => row[6], text: (row) => number(row[6], 2), number: true },
      { title: "What is wrong", of: (row) => row[7], wide: true, wider: true },
      { title: "What to do", of: (row) => row[8], wide: true },
    ],
  });

  const orders = data.orders;
  const one = (n) => {
    const row = orders.row[n];
    return { n, row, bought: orders.bought[n] === 1, item: row < 0 ? { name: "", uom: "" } : data.item(data.rows.item[row]), place: row < 0 ? { name: "" } : data.place(data.rows.place[row]), source: data.place(orders.source[n]), reason: data.text(orders.reason, n) };
  };
  dataTable(byId("table-orders"), {
    caption: "Order lines",
    choices: [{ title: "Type", of: (row) => (row.bought ? "PO" : "DO"), label: (value) => (value === "PO" ? "From suppliers (PO)" : "Deliveries (DO)") }],
    empty: "The plan orders nothing.",
    columns: orderColumns(data, (row) => link(row.row, row.item.name)),
    rows: orders.id.map((_, n) => one(n)),
  });

  dataTable(byId("table-capacity"), {
    caption: "Limits",
    choices: [{ title: "Kind", of: (row) => row[1], label: (value) => value }],
    empty: "No limit is even half used.",
    columns: [
      { title: "Location", of: (row) => placeName(row[0]) },
      { title: "Kind", of: (row) => row[1] },
      { title: "Item", of: (row) => itemName(row[2]) || "all", wide: true },
      { title: "From", of: (row) => row[3], text: (row) => isoDay(row[3]) },
      { title: "Used", of: (row) => row[6], text: (row) => quantity(row[6]), number: true },
      { title: "Limit", of: (row) => row[5], text: (row) => quantity(row[5]), number: true },
      { title: "Unit", of: (row) => row[4] },
      { title: "Full", of: (row) => row[7], text: (row) => percent(row[7], 0), number: true, show: (row) => loadBar(row[7]) },
      { title: `Price, ${data.currency} per unit`, of: (row) => row[8], text: (row) => (row[8] > 0 ? number(row[8], 4) : "–"), number: true },
    ],
    rows: data.capacity,
  });

  dataTable(byId("table-issues"), {
    caption: "Findings",
    choices: [{ title: "Severity", of: (row) => row[0], label: (value) => value }],
    empty: "Nothing was found.",
    columns: [
      { title: "Severity", of: (row) => row[0] },
      { title: "Table", of: (row) => row[1] },
      { title: "Column", of: (row) => row[2] },
      { title: "Rule", of: (row) => row[3] },
      { title: "Rows", of: (row) => row[4], text: (row) => number(row[4]), number: true },
      { title: "What was found", of: (row) => row[5], wide: true },
      { title: "What was done", of: (row) => row[6], wide: true },
    ],
    rows: data.issues,
  });
}

function orderColumns(data, itemCell) {
  const orders = data.orders;
  return [
    { title: "Order", of: (row) => orders.id[row.n] },
    itemCell ? { title: "Item", of: (row) => row.item.name, wide: true, show: itemCell } : null,
    { title: "From", of: (row) => row.source.name },
    itemCell ? { title: "To", of: (row) => row.place.name } : null,
    { title: "Quantity", of: (row) => orders.qty[row.n], number: true, text: (row) => `${quantity(orders.qty[row.n] / 100)} ${row.item.uom}` },
    { title: "As ordered", of: (row) => orders.uomQty[row.n], number: true, text: (row) => `${quantity(orders.uomQty[row.n] / 100)} ${data.text(orders.uom, row.n)}` },
    { title: "Order on", of: (row) => orders.ordered[row.n], text: (row) => isoDay(orders.ordered[row.n]) },
    { title: "Receive on", of: (row) => orders.received[row.n], text: (row) => isoDay(orders.received[row.n]) },
    { title: `Cost, ${data.currency}`, of: (row) => orders.cost[row.n], number: true, text: (row) => number(orders.cost[row.n] / 100, 2) },
    { title: "Lasts, days", of: (row) => orders.lasts[row.n], number: true, text: (row) => (orders.lasts[row.n] === null ? "–" : number(orders.lasts[row.n])) },
    { title: "Why", of: (row) => row.reason, wide: true },
  ].filter(Boolean);
}

const loadBar = (share) => [el("span", { class: "load" }, el("i", { style: `width:${Math.min(100, 100 * share)}%` })), percent(share, 0)];
