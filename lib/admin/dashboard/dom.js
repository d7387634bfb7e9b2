/**
 * Builds and updates elements. Data reaches the page as text and as plain attributes only, never as markup.
 *
 * @module
 */

/** @typedef {Node | string | null | undefined} Child */

/**
 * Creates an element. A property that is a function is a listener (`onclick`), `true` is an attribute without a value;
 * `false`, `null` and `undefined` are left out.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, unknown>} [properties]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === "function") {
      element.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    } else if (value !== undefined && value !== null && value !== false) {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/**
 * Creates an SVG element.
 *
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 * @returns {SVGElement}
 */
export function svg(tag, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}

/**
 * Sets an element's text, unless it is that already.
 *
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Sets an attribute, unless it is that already; removes it for `null`.
 *
 * @param {Element} element
 * @param {string} name
 * @param {string | null} value
 */
export function setAttribute(element, name, value) {
  if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/**
 * Returns the element of the page with this id.
 *
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`no element "${id}" in the page`);
  return element;
}

/**
 * One of a list's elements, which lives as long as its item.
 *
 * @template Item
 * @typedef {{ readonly element: HTMLElement, update(item: Item): void }} Row
 */

/**
 * Keeps the elements of a list in step with its items: an item keeps its element, and with it focus and open menus.
 *
 * @template Item
 */
export class KeyedList {
  /** @type {Map<string, Row<Item>>} */
  #rows = new Map();
  #parent;
  #create;

  /**
   * @param {Element} parent
   * @param {(item: Item) => Row<Item>} create
   */
  constructor(parent, create) {
    this.#parent = parent;
    this.#create = create;
  }

  /**
   * @param {readonly Item[]} items
   * @param {(item: Item) => string} keyOf
   */
  update(items, keyOf) {
    /** @type {Map<string, Row<Item>>} */
    const rows = new Map();
    let next = this.#parent.firstElementChild;
    for (const item of items) {
      const key = keyOf(item);
      if (rows.has(key)) continue;
      const row = this.#rows.get(key) ?? this.#create(item);
      rows.set(key, row);
      if (row.element === next) next = next.nextElementSibling;
      else this.#parent.insertBefore(row.element, next);
      row.update(item);
    }
    for (const [key, { element }] of this.#rows) if (!rows.has(key)) element.remove();
    this.#rows = rows;
  }
}
