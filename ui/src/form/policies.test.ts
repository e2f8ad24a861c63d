import { describe, expect, it } from "vitest";
import { pausesInWords } from "../words/policies";
import { areDefault, changedPolicies, DEFAULT_POLICIES, POLICY_FIELDS, policyField, readPolicies } from "./policies";

const typed = { ...DEFAULT_POLICIES, key: "db", limit: "3", attempts: "4", delay: "1.5s", timeout: "30m", expires: "" };

describe("policies", () => {
  it("are default until one is touched", () => {
    expect(areDefault(DEFAULT_POLICIES)).toBe(true);
    expect(areDefault(typed)).toBe(false);
  });

  it("are read as the API takes them", () => {
    expect(readPolicies(typed)).toMatchObject({
      policies: {
        concurrency: { key: "db", limit: 3 },
        retry: { attempts: 4, delay: 1.5, backoff: 2, max_delay: 3600 },
        timeout: 1800,
        expires: null,
      },
      faults: {},
    });
  });

  it.each([
    [{ key: "db", limit: "0" }, "concurrency.limit"],
    [{ attempts: "" }, "retry.attempts"],
    [{ delay: "soon" }, "retry.delay"],
    [{ backoff: "0.5" }, "retry.backoff"],
    [{ timeout: "0s" }, "timeout"],
    [{ expires: "-5m" }, "expires"],
    [{ pauseAfterFailures: "0" }, "pause_after_failures"],
  ])("%j is a fault at %s", (part, field) => {
    expect(Object.keys(readPolicies({ ...DEFAULT_POLICIES, ...part }).faults)).toEqual([field]);
    expect(POLICY_FIELDS).toContain(field);
  });

  it("without a key have no limit, whatever its field says", () => {
    expect(readPolicies({ ...DEFAULT_POLICIES, limit: "x" })).toMatchObject({
      policies: { concurrency: null },
      faults: {},
    });
  });

  it("have changed only where they mean something else", () => {
    expect(changedPolicies(DEFAULT_POLICIES, { ...DEFAULT_POLICIES, delay: "10 s", limit: "7" })).toEqual([]);
    expect(changedPolicies(DEFAULT_POLICIES, typed)).toEqual(["concurrency", "retry", "timeout"]);
  });

  it("leave the faults of other fields alone", () => {
    expect(policyField("name", "")).toBeNull();
  });
});

describe("the pauses between attempts in words", () => {
  it.each([
    [1, null],
    [2, "The next attempt is sent 10 s after the first one failed."],
    [4, "The next attempt is sent 10 s after the first one failed, then after 20 s, 25 s."],
    [9, "The next attempt is sent 10 s after the first one failed, then after 20 s, 25 s, 25 s and so on."],
  ])("%i attempts", (attempts, words) => {
    expect(pausesInWords({ attempts, delay: 10, backoff: 2, max_delay: 25 })).toBe(words);
  });
});
