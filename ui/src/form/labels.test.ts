import { describe, expect, it } from "vitest";
import { labelTexts, readLabels } from "./labels";

describe("labels", () => {
  it("are read as they are written", () => {
    const labels = { team: "a b", "example.org/tier": "", query: "x=y" };
    expect(readLabels(labelTexts(labels))).toEqual({ labels, fault: null });
  });

  it.each(["team", "=x", "two words=x", "-a=b"])("%s is none", (text) => {
    expect(readLabels(["a=b", text]).fault).toContain(text);
  });
});
