import type { Curve } from "../curve.ts";
import { growthCurves } from "./growth.ts";
import { idleCurve } from "./idle.ts";
import { pickCurve } from "./pick.ts";

/** Every curve, in the order of the tables. */
export const CURVES: readonly Curve[] = [idleCurve, ...growthCurves, pickCurve];
