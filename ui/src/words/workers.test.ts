import { expect, test } from "vitest";
import { doneInWords, loadInWords, recordsInWords } from "./workers";

test("what a worker does is told beside what it can", () => {
  expect(loadInWords({ active: 3, concurrency: 4, reserved: 0 })).toBe("runs 3 of 4 tasks");
  expect(loadInWords({ active: 1, concurrency: 1, reserved: 1 })).toBe("runs 1 of 1 task, 1 more waits in it");
  expect(loadInWords({ active: 0, concurrency: 1000, reserved: 2000 })).toBe(
    "runs 0 of 1,000 tasks, 2,000 more wait in it",
  );
});

test("refusals are told where there are any", () => {
  expect(doneInWords({ processed: 1, refused: 0 })).toBe("1 task begun");
  expect(doneInWords({ processed: 41, refused: 3 })).toBe("41 tasks begun, 3 second starts refused by the gate");
});

test("records are told of while some are not written, or never will be", () => {
  expect(recordsInWords({ records_waiting: 0, records_dropped: 0 })).toBeNull();
  expect(recordsInWords({ records_waiting: 5, records_dropped: 1200 })).toBe("5 waiting, 1,200 dropped");
});
