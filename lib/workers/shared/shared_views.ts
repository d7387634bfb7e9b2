import type { AppConfig } from "../../config/parsed.ts";
import { SharedClientTable, SharedCount, SharedRate, SharedSlots } from "../../limits/mod.ts";
import type { TargetState } from "../../pool/mod.ts";
import { AppOverrides, SharedDraws, type WorkerAppContext } from "../../app/mod.ts";
import type { AppRecord, TargetRecord } from "../channel/messages.ts";

/** Attaches an app's limits to shared memory, as one worker uses them. */
export function attachApp(record: AppRecord, config: AppConfig, worker: number): WorkerAppContext {
  const { places, rate, clients, faults } = record.memory;
  const overrides = new AppOverrides();
  overrides.faults = record.runtimeFaults;
  overrides.pause.set(record.isPaused);
  const { acceptRate, acceptRatePerClient, maxConnections, maxConnectionsPerClient } = config;
  return {
    tlsFiles: record.tlsFiles,
    places: places === undefined
      ? undefined
      : new SharedSlots(new SharedCount(places, { worker, max: maxConnections })),
    rate: rate === undefined || acceptRate === undefined ? undefined : new SharedRate(rate, acceptRate),
    clients: clients === undefined ? undefined : new SharedClientTable(clients, {
      worker,
      maxConnections: maxConnectionsPerClient,
      acceptRate: acceptRatePerClient,
    }),
    faultCounter: faults === undefined ? undefined : new SharedDraws(faults),
    faultsSinceMs: record.faultsSinceMs,
    overrides,
    pools: new Map([...record.pools].map(([key, targets]) => [key, attachTargets(targets, worker)])),
  };
}

/** Returns the states of a pool's targets, with their places attached to shared memory. */
export function attachTargets(records: readonly TargetRecord[], worker: number): TargetState[] {
  return records.map(({ spec, up, ejected, places }) => ({
    up,
    ejected,
    spec: places === undefined
      ? spec
      : { ...spec, places: new SharedCount(places, { worker, max: spec.maxConnections ?? Infinity }) },
  }));
}
