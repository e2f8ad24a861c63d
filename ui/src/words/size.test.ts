import { expect, it } from "vitest";
import { sizeInWords } from "./size";

it.each([
  [0, "0 B"],
  [512, "512 B"],
  [1024, "1 KB"],
  [70_000, "68.4 KB"],
  [3_355_443, "3.2 MB"],
])("%d bytes are %s", (bytes, words) => {
  expect(sizeInWords(bytes)).toBe(words);
});
