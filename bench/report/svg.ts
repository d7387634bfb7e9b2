/**
 * Plots as SVG text. Nothing is painted behind them and all colours are of middle lightness, so that they read on a
 * light and on a dark page.
 *
 * @module
 */

/** One bar of a panel. */
export interface Bar {
  readonly label: string;
  /** Absent: the row is there, with the note in place of a bar. */
  readonly value?: number;
  readonly min?: number;
  readonly max?: number;
  /** What is written behind the bar. */
  readonly note: string;
  /** Whether it is the one that the plot is about. */
  readonly strong: boolean;
}

/** Bars on one scale. */
export interface Panel {
  readonly title: string;
  readonly bars: readonly Bar[];
}

/** Lines over one pair of axes. */
export interface LinePlot {
  readonly title: string;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly lines: readonly {
    readonly name: string;
    readonly points: readonly (readonly [number, number])[];
  }[];
  /** Whether each point has a dot; default true. */
  readonly dots?: boolean;
}

const WIDTH = 760;
const INK = "#7d8590";
const STRONG = "#2f81f7";
const PLAIN = "#9aa4af";
const LINE_COLORS = ["#2f81f7", "#e8743b", "#2da44e", "#a371f7", "#d4a72c", "#e5534b", "#39a0a8"];

const ROW_HEIGHT = 26;
const PANEL_HEAD = 34;
const LABEL_WIDTH = 215;
const NOTE_WIDTH = 150;
const BAR_HEIGHT = 14;

/** A horizontal bar for each row, with its spread as a whisker; one panel under the other. */
export function barChart(title: string, panels: readonly Panel[]): string {
  const heights = panels.map((panel) => PANEL_HEAD + panel.bars.length * ROW_HEIGHT + 12);
  const body = panels.map((panel, index) => {
    const top = 40 + heights.slice(0, index).reduce((sum, each) => sum + each, 0);
    return `<g transform="translate(0 ${top})">\n${drawPanel(panel)}\n</g>`;
  });
  return document(title, 44 + heights.reduce((sum, each) => sum + each, 0), body);
}

function drawPanel(panel: Panel): string {
  const scale = niceScale(Math.max(0, ...panel.bars.map((bar) => bar.max ?? bar.value ?? 0)));
  const room = WIDTH - LABEL_WIDTH - NOTE_WIDTH;
  const x = (value: number): number => round(LABEL_WIDTH + value / scale.end * room);
  const bars = panel.bars.map((bar, index) => {
    const top = PANEL_HEAD - 8 + index * ROW_HEIGHT;
    const middle = top + BAR_HEIGHT / 2;
    const parts = [
      text(LABEL_WIDTH - 8, middle + 4, bar.label, { anchor: "end", bold: bar.strong }),
    ];
    if (bar.value !== undefined) {
      parts.push(
        `<rect x="${LABEL_WIDTH}" y="${top}" width="${round(x(bar.value) - LABEL_WIDTH)}" ` +
          `height="${BAR_HEIGHT}" rx="2" fill="${bar.strong ? STRONG : PLAIN}"/>`,
      );
    }
    if (bar.min !== undefined && bar.max !== undefined && bar.max > bar.min) {
      const [left, right] = [x(bar.min), x(bar.max)];
      parts.push(
        `<path d="M${left} ${middle}H${right}M${left} ${middle - 4}v8M${right} ${middle - 4}v8" ` +
          `stroke="${INK}" fill="none"/>`,
      );
    }
    parts.push(text(x(Math.max(bar.max ?? 0, bar.value ?? 0)) + 8, middle + 4, bar.note, {}));
    return parts.join("");
  });
  return [text(LABEL_WIDTH, 14, panel.title, { bold: true }), ...bars].join("\n");
}

/** Lines with a point at each measured size, both axes linear and from zero, so that a linear cost is a straight line. */
export function lineChart(plot: LinePlot): string {
  const [left, top, right, bottom] = [78, 56, WIDTH - 190, 360];
  const all = plot.lines.flatMap((line) => line.points);
  const xScale = niceScale(Math.max(0, ...all.map(([x]) => x)));
  const yScale = niceScale(Math.max(0, ...all.map(([, y]) => y)));
  const x = (value: number): number => round(left + value / xScale.end * (right - left));
  const y = (value: number): number => round(bottom - value / yScale.end * (bottom - top));
  const grid = yScale.ticks.map((tick) =>
    `<path d="M${left} ${y(tick)}H${right}" stroke="${INK}" stroke-opacity="0.35"/>` +
    text(left - 8, y(tick) + 4, tickLabel(tick), { anchor: "end" })
  );
  const foot = xScale.ticks.map((tick) => text(x(tick), bottom + 18, tickLabel(tick), { anchor: "middle" }));
  const lines = plot.lines.map(({ name, points }, index) => {
    const color = LINE_COLORS[index % LINE_COLORS.length] ?? PLAIN;
    const path = points.map(([px, py], at) => `${at === 0 ? "M" : "L"}${x(px)} ${y(py)}`).join("");
    const dots = plot.dots === false
      ? []
      : points.map(([px, py]) => `<circle cx="${x(px)}" cy="${y(py)}" r="3" fill="${color}"/>`);
    const keyY = top + 8 + index * 20;
    return `<path d="${path}" stroke="${color}" stroke-width="2" fill="none"/>${dots.join("")}` +
      `<rect x="${right + 16}" y="${keyY - 8}" width="12" height="12" rx="2" fill="${color}"/>` +
      text(right + 34, keyY + 2, name, {});
  });
  return document(plot.title, 410, [
    text(left, top - 12, plot.yTitle, {}),
    ...grid,
    ...foot,
    text(right, bottom + 38, plot.xTitle, { anchor: "end" }),
    ...lines,
  ]);
}

/** Round ticks from zero to at least `max`: four to ten of them, a step of 1, 2 or 5 times a power of ten. */
export function niceScale(max: number): { readonly end: number; readonly ticks: readonly number[] } {
  if (!(max > 0)) return { end: 1, ticks: [0, 1] };
  const rough = max / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough) ?? 10 * power;
  const count = Math.ceil(max / step - 1e-9);
  const ticks = Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(12)));
  return { end: ticks.at(-1) ?? 1, ticks };
}

function tickLabel(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 6 });
}

function document(title: string, height: number, body: readonly string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" ` +
    `height="${height}" font-family="system-ui, sans-serif" font-size="13" fill="${INK}" role="img">\n` +
    `<title>${escapeXml(title)}</title>\n` +
    `${text(16, 22, title, { bold: true, size: 15 })}\n${body.join("\n")}\n</svg>\n`;
}

function text(
  x: number,
  y: number,
  content: string,
  { anchor, bold, size }: { anchor?: "middle" | "end"; bold?: boolean; size?: number },
): string {
  const attributes = [
    anchor === undefined ? "" : ` text-anchor="${anchor}"`,
    bold ? ' font-weight="600"' : "",
    size === undefined ? "" : ` font-size="${size}"`,
  ];
  return `<text x="${round(x)}" y="${round(y)}"${attributes.join("")}>${escapeXml(content)}</text>`;
}

function escapeXml(value: string): string {
  return value.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
