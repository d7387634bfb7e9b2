import { byteRate, count, milliseconds } from "../format.js";
import { WINDOW_SECONDS } from "../data/series.js";

/**
 * @typedef {object} Line
 * @property {string} color the name of a CSS variable
 * @property {boolean} [isFilled]
 * @property {string} [scale]
 */

/**
 * How values on an axis are written, and what it shows at least.
 *
 * @typedef {keyof typeof AXES} Axis
 */
const AXES = {
  bytes: { format: byteRate, least: 1024 },
  count: { format: count, least: 4 },
  milliseconds: { format: milliseconds, least: 1 },
};

/** @type {Promise<typeof import("uplot")> | undefined} */
let library;

/**
 * Loads uPlot, once. The path is a variable as the module is served, and not beside this one in the source.
 *
 * @returns {Promise<typeof import("uplot")>}
 */
function load() {
  const path = "../uplot.js";
  return library ??= import(path).then((module) => module.default);
}

/** A plot of the last minutes, as wide as its place. */
export class Plot {
  /** @type {import("uplot") | undefined} */
  #plot;
  #series;
  #element;

  /**
   * @param {HTMLElement} element
   * @param {{ series: import("../data/series.js").Series, lines: readonly Line[], axis: Axis }} options
   */
  constructor(element, { series, lines, axis }) {
    this.#element = element;
    this.#series = series;
    load().then((Library) => {
      this.#plot = new Library(this.#options(lines, axis), this.#data(), element);
      new ResizeObserver(() => this.#fit()).observe(element);
      this.update();
    }).catch(() => element.append("Plots could not be loaded."));
  }

  /** Draws new values. */
  update() {
    if (this.#plot === undefined || this.#element.clientWidth === 0) return;
    this.#plot.setData(this.#data(), true);
  }

  #fit() {
    const width = this.#element.clientWidth;
    if (width > 0) this.#plot?.setSize({ width, height: this.#element.clientHeight });
  }

  /** @returns {import("uplot").AlignedData} */
  #data() {
    return [this.#series.times, ...this.#series.columns];
  }

  /**
   * @param {readonly Line[]} lines
   * @param {Axis} axis
   * @returns {import("uplot").Options}
   */
  #options(lines, axis) {
    const { format } = AXES[axis];
    return {
      width: Math.max(50, this.#element.clientWidth),
      height: Math.max(50, this.#element.clientHeight),
      padding: [8, 4, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: {
          time: true,
          range: () => {
            const last = this.#series.times.at(-1) ?? Date.now() / 1000;
            return [last - WINDOW_SECONDS, last];
          },
        },
        y: { range: (_plot, _min, max) => [0, niceAbove(max, axis)] },
      },
      axes: [
        {
          stroke: () => color("--muted"),
          font: "11px system-ui, sans-serif",
          grid: { show: false },
          ticks: { show: false },
          size: 22,
          space: 70,
          values: (_plot, splits) => splits.map((split) => new Date(split * 1000).toTimeString().slice(0, 5)),
          incrs: [60, 120, 300],
        },
        {
          stroke: () => color("--muted"),
          font: "11px system-ui, sans-serif",
          grid: { stroke: () => color("--line"), width: 1 },
          ticks: { show: false },
          size: 66,
          space: 30,
          splits: (_plot, _axis, _min, max) => [0, max / 2, max],
          values: (_plot, splits) => splits.map((value) => format(value)),
        },
      ],
      series: [
        {},
        ...lines.map((line) => ({
          stroke: () => color(line.color),
          width: 1.75,
          points: { show: false },
          ...(line.isFilled ? { fill: () => color(line.color).replace(")", ", 0.15)") } : {}),
        })),
      ],
    };
  }
}

/**
 * A round number above the largest value, so that the scale stands still while values move a little.
 *
 * @param {number | null} max
 * @param {Axis} axis
 */
function niceAbove(max, axis) {
  const { least } = AXES[axis];
  const above = (max ?? 0) * 1.05;
  if (above <= least) return least;
  const unit = axis === "bytes" ? 1024 ** Math.floor(Math.log2(above) / 10) : 1;
  const power = unit * 10 ** Math.floor(Math.log10(above / unit));
  const step = [1, 2, 4, 6, 8, 10].find((each) => each * power >= above) ?? 10;
  return step * power;
}

/**
 * A color of the page's theme, as a canvas takes it. The property itself is text that names both themes' colors; only a
 * property of an element is one of them.
 *
 * @param {string} name
 */
function color(name) {
  const { style } = document.documentElement;
  style.outlineColor = `var(${name})`;
  const resolved = getComputedStyle(document.documentElement).outlineColor;
  style.outlineColor = "";
  return resolved;
}
