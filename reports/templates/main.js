// Unpack the data, then draw; what fails says so on the page.

(async () => {
  try {
    if (!("DecompressionStream" in window)) throw new Error("This browser is from before 2023 and cannot unpack the data.");
    const data = await unpack();
    drawWeekly(data);
    drawService(data);
    const explore = startExplorer(data);
    startMap(data);
    drawUnassigned(data);
    drawTables(data, explore);
    document.documentElement.dataset.ready = "yes";
  } catch (error) {
    const problem = byId("problem");
    problem.textContent = `Charts, map and tables could not be drawn: ${error.message} Every number is also in the CSV files beside this page.`;
    problem.hidden = false;
    throw error;
  }
})();

function drawUnassigned(data) {
  if (!data.unassigned.length) return;
  dataTable(byId("unassigned"), {
    caption: "Loads on no route",
    columns: [
      { title: "Day", of: (row) => row[0], text: (row) => isoDay(row[0]) },
      { title: "Location", of: (row) => (data.placeNumber.has(row[1]) ? data.place(data.placeNumber.get(row[1])).name : row[1]) },
      { title: "kg", of: (row) => row[2], text: (row) => number(row[2]), number: true },
      { title: "Why", of: (row) => row[3], wide: true },
      { title: "Nearest fix", of: (row) => row[4], wide: true },
    ],
    rows: data.unassigned,
    size: 10,
  });
}
