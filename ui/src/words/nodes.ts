import { measured } from "./duration";

const EXACT = 0.05; // seconds; less is the time that an answer takes

/** How many runs a node sends: "none sent", "0.2 runs/s", "340 runs/s". */
export function rate(perSecond: number): string {
  if (perSecond === 0) {
    return "none sent";
  }
  return `${perSecond < 10 ? Math.max(perSecond, 0.1).toFixed(1) : Math.round(perSecond)} runs/s`;
}

/** How far the clock of a node's machine is from the database's: "right", "5 s ahead", "300 ms behind". */
export function clockOffset(seconds: number): string {
  if (Math.abs(seconds) < EXACT) {
    return "right";
  }
  return `${measured(Math.abs(seconds))} ${seconds > 0 ? "ahead" : "behind"}`;
}
