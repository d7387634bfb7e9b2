const BARS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;

/**
 * Returns the last `width` values as bars, the newest at the right.
 *
 * @param top what the highest bar stands for; default the largest value. Zero is a space, anything more at least a bar.
 */
export function sparkline(
  values: readonly number[],
  width: number,
  top = Math.max(0, ...values.slice(-width)),
): string {
  const bars = values.slice(-width).map((value) => {
    if (!(value > 0)) return " ";
    const height = Math.ceil(value / (top > 0 ? top : value) * BARS.length);
    return BARS[Math.min(BARS.length, Math.max(1, height)) - 1];
  });
  return bars.join("").padStart(width);
}
