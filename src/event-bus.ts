import type { EventSource, WorklistEvent } from './worklist/worklist-views.ts';

/**
 * Where the parts of the service, and the pages, are told what has changed. An event holds identifiers only, and one
 * that is lost costs no more than a page that is refreshed late: nothing may rely on it.
 */
export interface EventBus extends EventSource {
  publish(event: WorklistEvent): void;
}

/** Tells those of this process. */
export function openEventBus(): EventBus {
  const listeners = new Set<(event: WorklistEvent) => void>();
  return {
    publish(event) {
      for (const listener of listeners) listener(event);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
