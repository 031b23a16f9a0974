// The charts of the overview. uPlot draws them; the same numbers stand in a table for those who can't see a canvas.
const read = (id) => JSON.parse(document.getElementById(id).textContent);
const course = read("course");
const words = read("words");
const language = document.documentElement.lang;
const number = new Intl.NumberFormat(language);
const percent = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 });
const seconds = (value) => (value == null ? "–" : `${number.format(Math.round(value))} ms`);
const shares = (value) => (value == null ? "–" : percent.format(value));
const counts = (value) => (value == null ? "–" : number.format(value));

const KINDS = {
  calls: { series: ["calls"], show: counts, bars: true },
  quality: { series: ["containment", "understanding_rate"], show: shares, range: [0, 1] },
  waits: { series: ["response_p50", "response_p95"], show: seconds },
};

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const hourly = course.at.length > 1 && course.at[1] - course.at[0] < 86400;
const moment = new Intl.DateTimeFormat(language, hourly ? { dateStyle: "short", timeStyle: "short" } : { dateStyle: "medium" });

function table(kind) {
  const made = document.createElement("table");
  made.className = "visually-hidden";
  const head = made.createTHead().insertRow();
  for (const title of [words.time, ...kind.series.map((name) => words[name])]) {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.textContent = title;
    head.append(cell);
  }
  const body = made.createTBody();
  course.at.forEach((at, place) => {
    const row = body.insertRow();
    row.insertCell().textContent = moment.format(at * 1000);
    for (const name of kind.series) row.insertCell().textContent = kind.show(course[name][place]);
  });
  return made;
}

function draw(box, kind) {
  const line = color("--line");
  const soft = color("--text-soft");
  const axis = { stroke: soft, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
  return new uPlot(
    {
      width: box.clientWidth,
      height: 240,
      scales: { x: { time: true }, y: kind.range ? { range: kind.range } : { range: (_, low, high) => [0, Math.max(high * 1.1, 1)] } },
      axes: [
        { ...axis, values: (_, splits) => splits.map((at) => new Intl.DateTimeFormat(language, hourly ? { hour: "numeric" } : { month: "numeric", day: "numeric" }).format(at * 1000)) },
        { ...axis, size: 72, values: (_, splits) => splits.map(kind.show) },
      ],
      series: [
        { label: words.time, value: (_, at) => (at == null ? "–" : moment.format(at * 1000)) },
        ...kind.series.map((name, place) => ({
          label: words[name],
          stroke: color(`--series-${place + 1}`),
          fill: kind.bars ? color(`--series-${place + 1}`) + "55" : undefined,
          width: 2,
          dash: place ? [6, 4] : undefined,
          value: (_, value) => kind.show(value),
          spanGaps: true,
          paths: kind.bars ? uPlot.paths.bars({ size: [0.7, 60] }) : undefined,
          points: { show: course.at.length < 40 && !kind.bars },
        })),
      ],
    },
    [course.at, ...kind.series.map((name) => course[name])],
    box,
  );
}

const charts = [];
for (const box of document.querySelectorAll("[data-chart]")) {
  const kind = KINDS[box.dataset.chart];
  box.after(table(kind));
  charts.push({ box, kind, plot: draw(box, kind) });
}
new ResizeObserver(() => {
  for (const { box, plot } of charts) if (plot.width !== box.clientWidth) plot.setSize({ width: box.clientWidth, height: 240 });
}).observe(document.body);
document.addEventListener("themechange", () => {
  for (const chart of charts) {
    chart.plot.destroy();
    chart.plot = draw(chart.box, chart.kind);
  }
});
