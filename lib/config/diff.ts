/**
 * Compares two configs: the plan of a reload.
 *
 * @module
 */
import { formatAddress } from "../base/mod.ts";
import { effectiveConfig } from "./resolve/effective.ts";
import type { AppConfig, Config } from "./model/config.ts";

/** The change to one part of the config. */
export type Change = "kept" | "changed" | "added" | "gone";

/** A listener or a target. */
export interface ItemDiff {
  /** As the config spells it. */
  readonly address: string;
  /** The route that leads to the target; `undefined` for listeners, and for the app's own targets. */
  readonly route: string | undefined;
  readonly change: Change;
}

/** An option with another value; as the config spells both. */
export interface OptionDiff {
  readonly key: string;
  readonly before: unknown;
  readonly after: unknown;
}

export interface AppDiff {
  readonly name: string;
  readonly change: Change;
  readonly listeners: readonly ItemDiff[];
  readonly targets: readonly ItemDiff[];
  /** Options other than listeners and targets. Empty for an app that is added or gone. */
  readonly options: readonly OptionDiff[];
}

export interface ConfigDiff {
  /** In the order of the new config, then those that are gone. */
  readonly apps: readonly AppDiff[];
  /** Settings of the program itself. Those are read at the start alone: another value takes a restart. */
  readonly settings: readonly OptionDiff[];
}

/** Settings that a reload puts into effect. */
const RELOADABLE_SETTINGS: ReadonlySet<string> = new Set(["shutdown", "on_reload", "watch", "sandbox"]);

/** Compares two configs by what they come to, not by how they are written. */
export function diffConfigs(before: Config, after: Config): ConfigDiff {
  const [old, next] = [effectiveConfig(before), effectiveConfig(after)];
  const [oldApps, nextApps] = [appsOf(before, old), appsOf(after, next)];
  const gone = [...oldApps.values()].filter(({ name }) => !nextApps.has(name));
  return {
    apps: [
      ...[...nextApps.values()].map((app) => diffApp(oldApps.get(app.name), app)),
      ...gone.map((app) => diffApp(app, undefined)),
    ],
    settings: optionsOf(without(old, ["apps"]), without(next, ["apps"])),
  };
}

/** The settings that take a restart. */
export function restartSettings({ settings }: ConfigDiff): string[] {
  return settings.filter(({ key }) => !RELOADABLE_SETTINGS.has(key)).map(({ key }) => key);
}

/** Whether anything would change. */
export function isSameConfig({ apps, settings }: ConfigDiff): boolean {
  return settings.length === 0 && apps.every(({ change }) => change === "kept");
}

/** One app as both configs can be compared. */
interface Comparable {
  readonly name: string;
  readonly listeners: readonly Item[];
  readonly targets: readonly Item[];
  readonly options: Readonly<Record<string, unknown>>;
}

interface Item {
  readonly address: string;
  readonly route: string | undefined;
  /** All that is said of it. */
  readonly text: string;
}

/** Keys of an app that are compared item by item. */
const LISTED = ["name", "host", "ports", "listen", "targets", "routes"];

function appsOf({ apps }: Config, effective: Record<string, unknown>): Map<string, Comparable> {
  const options = effective.apps as readonly Record<string, unknown>[];
  return new Map(apps.map((app, index) => [app.name, comparable(app, options[index] ?? {})]));
}

function comparable({ name, listen }: AppConfig, effective: Record<string, unknown>): Comparable {
  const routes = listOf(effective.routes) as readonly Record<string, unknown>[];
  return {
    name,
    listeners: listen.map((address) => {
      const text = formatAddress(address);
      return { address: text, route: undefined, text };
    }),
    targets: [
      ...itemsOf(effective.targets, undefined),
      ...routes.flatMap(({ targets, ...rules }) => itemsOf(targets, JSON.stringify(rules))),
    ],
    options: without(effective, LISTED),
  };
}

function itemsOf(targets: unknown, route: string | undefined): Item[] {
  return listOf(targets).map((target) => {
    const address = typeof target === "string" ? target : String((target as { address: unknown }).address);
    return { address, route, text: JSON.stringify(target) };
  });
}

function diffApp(before: Comparable | undefined, after: Comparable | undefined): AppDiff {
  const app = after ?? before;
  if (app === undefined) throw new RangeError("there is no app to compare");
  const listeners = diffItems(before?.listeners ?? [], after?.listeners ?? []);
  const targets = diffItems(before?.targets ?? [], after?.targets ?? []);
  const options = before === undefined || after === undefined
    ? []
    : [...orderOf(targets, before.targets, after.targets), ...optionsOf(before.options, after.options)];
  const isKept = options.length === 0 && [...listeners, ...targets].every(({ change }) => change === "kept");
  const change = before === undefined ? "added" : after === undefined ? "gone" : isKept ? "kept" : "changed";
  return { name: app.name, change, listeners, targets, options };
}

/** Items that are named twice are matched one by one. */
function diffItems(before: readonly Item[], after: readonly Item[]): ItemDiff[] {
  const left = [...before];
  const diffs = after.map(({ address, route, text }): ItemDiff => {
    const at = left.findIndex((item) => item.address === address && item.route === route);
    const [old] = at < 0 ? [] : left.splice(at, 1);
    const change = old === undefined ? "added" : old.text === text ? "kept" : "changed";
    return { address, route, change };
  });
  return [...diffs, ...left.map(({ address, route }): ItemDiff => ({ address, route, change: "gone" }))];
}

/** The same targets or routes in another order are a change too: strategies and routes go by it. */
function orderOf(diffs: readonly ItemDiff[], before: readonly Item[], after: readonly Item[]): OptionDiff[] {
  if (diffs.some(({ change }) => change === "added" || change === "gone")) return [];
  const [old, next] = [before, after].map((items) => items.map(({ address }) => address));
  const key = "targets";
  const isSame = after.every(({ address, route }, index) =>
    before[index]?.address === address && before[index]?.route === route
  );
  return isSame ? [] : [{ key, before: old, after: next }];
}

function optionsOf(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): OptionDiff[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys]
    .filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]))
    .map((key) => ({ key, before: before[key], after: after[key] }));
}

function without(value: Record<string, unknown>, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)));
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
