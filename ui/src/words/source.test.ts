import { describe, expect, it } from "vitest";
import { toldBy } from "./source";

describe("toldBy", () => {
  it("says who told and what is not promised", () => {
    expect(toldBy({ source: "events", not_promised: ["It may run more than once."] })).toBe(
      "Told by Celery events; its worker has no plug-in. It may run more than once.",
    );
  });

  it("says what is not known while nobody has told", () => {
    expect(toldBy({ source: null, not_promised: ["Nobody has told of it."] })).toBe("Nobody has told of it.");
  });

  it("says nothing of what never ran", () => {
    expect(toldBy({ source: null, not_promised: [] })).toBeNull();
  });
});
