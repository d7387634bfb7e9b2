/** The keys of each form that a check can have; more than one form contradicts itself. */
export const FORMS = [["send", "expect", "expect_not"], ["steps"], ["http"], ["type"]] as const;

/** The keys that belong to a form. */
const DETAILS = ["user", "database"] as const;

/**
 * A target's own keys over those of its app. Where it says in which form it is checked, it says all of it: half of a
 * conversation is none.
 */
export function mergeChecks<Check extends object>(app: Check, own: Partial<Check>): Check {
  const given = Object.entries(own).filter(([, value]) => value !== undefined);
  const forms: readonly string[] = FORMS.flat();
  const replaced: readonly string[] = given.some(([key]) => forms.includes(key))
    ? [...forms, ...DETAILS]
    : [];
  const kept = Object.entries(app).filter(([key]) => !replaced.includes(key));
  return Object.fromEntries([...kept, ...given]) as Check;
}
