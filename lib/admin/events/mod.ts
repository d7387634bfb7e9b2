/** Events of a running proxy, as they happen, for several readers. */
export { EVENT_KINDS, EventHub, type EventKind, type EventSources } from "./event_hub.ts";
