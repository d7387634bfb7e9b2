/**
 * Looks at a page as somebody with a screen reader, or with weak eyes, would; returns what is wrong with it. Runs in the
 * browser.
 */
(() => {
  /** @type {string[]} */
  const problems = [];
  const shown = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: false });
  const named = (element) => {
    const id = element.getAttribute("aria-labelledby");
    const text = [
      element.getAttribute("aria-label"),
      id === null ? null : document.getElementById(id)?.textContent,
      element.id === ""
        ? null
        : document.querySelector(`label[for="${CSS.escape(element.id)}"]`)?.textContent,
      element.closest("label")?.textContent,
      element.matches("button, a, summary") ? element.textContent : null,
    ];
    return text.some((each) => (each ?? "").trim() !== "");
  };
  for (
    const element of document.querySelectorAll("button, a, input, select, textarea, dialog, [role=region]")
  ) {
    if (!named(element)) problems.push(`no name: ${element.outerHTML.slice(0, 120)}`);
  }
  const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
  for (const id of new Set(ids.filter((id, index) => ids.indexOf(id) !== index))) {
    problems.push(`id twice: ${id}`);
  }
  for (const landmark of ["main", "header", "nav[aria-label]", "h1"]) {
    if (document.querySelectorAll(landmark).length !== 1) problems.push(`not one ${landmark}`);
  }
  if (document.documentElement.lang === "") problems.push("no language");
  for (const table of document.querySelectorAll("table")) {
    if (table.querySelector("th[scope=col]") === null) problems.push("a table without heads");
  }

  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (
    [r, g, b, a],
    [r2, g2, b2],
  ) => [r * a + r2 * (1 - a), g * a + g2 * (1 - a), b * a + b2 * (1 - a), 1];
  const background = (element) => {
    const layers = [];
    for (let each = element; each !== null; each = each.parentElement) {
      const color = rgba(getComputedStyle(each).backgroundColor);
      if (color[3] > 0) layers.push(color);
      if (color[3] === 1) break;
    }
    return layers.reduceRight((below, layer) => over(layer, below), [255, 255, 255, 1]);
  };
  const luminance = (color) => {
    const [r, g, b] = color.slice(0, 3).map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  let looked = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.parentElement;
    if (element === null || node.textContent.trim() === "" || !shown(element)) continue;
    // Text of controls that cannot be used need not have contrast (WCAG 1.4.3).
    if (element.closest("script, noscript, option, :disabled, .visually-hidden, .skip") !== null) continue;
    looked++;
    const style = getComputedStyle(element);
    const behind = background(element);
    const [one, other] = [luminance(over(rgba(style.color), behind)), luminance(behind)];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (isLarge ? 3 : 4.5)) {
      problems.push(
        `contrast ${ratio.toFixed(2)}: "${node.textContent.trim().slice(0, 40)}" in .${element.className}`,
      );
    }
  }
  if (looked < 10) problems.push(`only ${looked} texts`);
  return problems;
})();
