import { svg } from "../dom.js";

/** The thinnest and the thickest ribbon, in pixels. */
const THIN = 1.25;
const THICK = 11;

/** Draws how connections flow from an app's listeners to its targets: a ribbon each, as thick as the target's share. */
export class FlowMap {
  element = svg("svg", { class: "flow", "aria-hidden": "true", focusable: "false" });
  #listeners;
  #pools;

  /**
   * @param {HTMLElement} listeners
   * @param {HTMLElement} pools
   */
  constructor(listeners, pools) {
    this.#listeners = listeners;
    this.#pools = pools;
    new ResizeObserver(() => this.draw()).observe(pools);
  }

  draw() {
    const frame = this.element.getBoundingClientRect();
    // Narrow screens have no room for it.
    if (frame.width === 0) return;
    const from = [...this.#listeners.children].map((each) => middleOf(each) - frame.top);
    const rows = [...this.#pools.querySelectorAll("tr.target")];
    const hub = from.reduce((sum, y) => sum + y, 0) / Math.max(1, from.length);
    /** @type {{ d: string, tone: string, width: number }[]} */
    const paths = [];
    const [left, right] = [frame.width * 0.4, frame.width];
    for (const y of from) paths.push({ d: curve(0, y, left, hub), tone: "in", width: 2 });
    for (const row of rows) {
      const share = Number(row.getAttribute("data-share") ?? 0);
      paths.push({
        d: curve(left, hub, right, middleOf(row) - frame.top),
        tone: row.getAttribute("data-tone") ?? "good",
        width: share === 0 ? THIN : THIN + share * (THICK - THIN),
      });
    }
    while (this.element.children.length > paths.length) this.element.lastElementChild?.remove();
    while (this.element.children.length < paths.length) this.element.append(svg("path", { fill: "none" }));
    for (const [index, { d, tone, width }] of paths.entries()) {
      const path = this.element.children[index];
      path?.setAttribute("d", d);
      path?.setAttribute("data-tone", tone);
      path?.setAttribute("stroke-width", width.toFixed(2));
      path?.toggleAttribute("data-is-idle", width === THIN);
    }
  }
}

/** @param {Element} element */
function middleOf(element) {
  const { top, height } = element.getBoundingClientRect();
  return top + height / 2;
}

/**
 * @param {number} x
 * @param {number} y
 * @param {number} toX
 * @param {number} toY
 */
function curve(x, y, toX, toY) {
  const middle = (x + toX) / 2;
  const points = [x, y, middle, y, middle, toY, toX, toY].map((value) => Math.round(value * 10) / 10);
  return `M${points[0]} ${points[1]}C${points.slice(2).join(" ")}`;
}
