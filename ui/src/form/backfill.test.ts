import { describe, expect, it } from "vitest";
import { backfillZone, fieldOfBackfill, newBackfill, readBackfill } from "./backfill";

const NOW = Date.parse("2026-07-15T10:30:45Z");
const ZONE = "Europe/Berlin";

describe("the form of a backfill", () => {
  it("begins with the last day up to now, on the clocks of the zone, and asks least", () => {
    const draft = newBackfill(ZONE, NOW);
    expect(draft).toEqual({
      from: "2026-07-14T12:30",
      until: "",
      reprocess: "none",
      parallelism: "1",
      order: "oldest",
    });
    expect(readBackfill(draft, ZONE)).toEqual({
      body: { from: "2026-07-14T10:30:00Z", until: null, reprocess: "none", parallelism: 1, order: "oldest" },
      faults: {},
    });
  });

  it("reads an end where there is one", () => {
    const { body } = readBackfill({ ...newBackfill(ZONE, NOW), until: "2026-07-15T00:00" }, ZONE);
    expect(body?.until).toBe("2026-07-14T22:00:00Z");
  });

  it("tells what cannot be read at its field, all at once", () => {
    const wrong = { ...newBackfill(ZONE, NOW), from: "", until: "soon", parallelism: "1001" };
    const { body, faults } = readBackfill(wrong, ZONE);
    expect(body).toBeNull();
    expect(Object.keys(faults)).toEqual(["from", "until", "parallelism"]);
    for (const parallelism of ["0", "1.5", "-1", "", "many"]) {
      expect(readBackfill({ ...newBackfill(ZONE, NOW), parallelism }, ZONE).faults).toHaveProperty("parallelism");
    }
  });

  it("reads wall times on the clocks of the trigger", () => {
    const trigger = { kind: "cron", timezone: "Asia/Tokyo" } as Parameters<typeof backfillZone>[0]["trigger"];
    expect(backfillZone({ trigger })).toBe("Asia/Tokyo");
  });

  it("knows the fields that the API names", () => {
    expect(fieldOfBackfill("from")).toBe("from");
    expect(fieldOfBackfill("dry_run")).toBeNull();
  });
});
