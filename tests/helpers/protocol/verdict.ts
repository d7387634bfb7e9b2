/** Takes a verdict for what it should be, and fails with the whole of it when it is another one. */
export function expectKind<V extends { readonly kind: string }, K extends V["kind"]>(
  verdict: V,
  kind: K,
): Extract<V, { readonly kind: K }> {
  if (isOfKind(verdict, kind)) return verdict;
  throw new Error(`expect verdict: it is ${JSON.stringify(verdict)}; expected "${kind}"`);
}

function isOfKind<V extends { readonly kind: string }, K extends V["kind"]>(
  verdict: V,
  kind: K,
): verdict is Extract<V, { readonly kind: K }> {
  return verdict.kind === kind;
}
