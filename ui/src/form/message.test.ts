import { describe, expect, it } from "vitest";
import type { Schedule } from "../api/types";
import { changedMessage, draftOfMessage, EMPTY_MESSAGE, isEmptyMessage, MESSAGE_FIELDS, readMessage } from "./message";

const message = {
  exchange: "reports",
  routing_key: "daily",
  priority: 0,
  headers: { tenant: { ids: [1, null] } },
  soft_time_limit: 50,
  time_limit: 60,
};
const typed = draftOfMessage(message as unknown as Schedule);

describe("message options", () => {
  it("are shown and read as the API has them", () => {
    expect(readMessage(typed)).toEqual({ message, faults: {} });
    expect(typed).toMatchObject({ priority: "0", softTimeLimit: "50s", timeLimit: "1m" });
  });

  it("are empty until one is given", () => {
    expect(isEmptyMessage(EMPTY_MESSAGE)).toBe(true);
    expect(isEmptyMessage(typed)).toBe(false);
    expect(readMessage(EMPTY_MESSAGE)).toMatchObject({ message: { priority: null, headers: {} }, faults: {} });
  });

  it.each([
    [{ priority: "256" }, "priority"],
    [{ priority: "high" }, "priority"],
    [{ headers: "[1]" }, "headers"],
    [{ headers: "{" }, "headers"],
    [{ softTimeLimit: "soon" }, "soft_time_limit"],
    [{ timeLimit: "0s" }, "time_limit"],
  ])("%j is a fault at %s", (part, field) => {
    expect(Object.keys(readMessage({ ...EMPTY_MESSAGE, ...part }).faults)).toEqual([field]);
    expect(MESSAGE_FIELDS).toContain(field);
  });

  it("have changed only where they mean something else", () => {
    expect(changedMessage(typed, { ...typed, timeLimit: "60 s", headers: '{"tenant":{"ids":[1,null]}}' })).toEqual([]);
    expect(changedMessage(EMPTY_MESSAGE, { ...EMPTY_MESSAGE, priority: "0" })).toEqual(["priority"]);
  });
});
