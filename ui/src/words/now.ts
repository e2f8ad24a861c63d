import { useSyncExternalStore } from "react";

const TICK = 1000;
const TOLERATED = 2000; // the Date header has whole seconds and travels for a while

let ahead = 0;
let now = Date.now();
let timer: number | undefined;
const listeners = new Set<() => void>();

/** Learns from an answer's Date header how far this device's clock is off; fire times are the server's. */
export function noteServerTime(server: number): void {
  const difference = server - Date.now();
  ahead = Number.isFinite(difference) && Math.abs(difference) > TOLERATED ? difference : 0;
}

function tick(): void {
  now = Date.now() + ahead;
  for (const listener of listeners) {
    listener();
  }
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (timer === undefined) {
    timer = window.setInterval(() => {
      if (!document.hidden) {
        tick();
      }
    }, TICK);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      window.clearInterval(timer);
      timer = undefined;
    }
  };
}

/** The present instant in epoch milliseconds; the component renders again each second while the tab is seen. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}
