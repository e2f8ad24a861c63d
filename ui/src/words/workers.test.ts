import { expect, test } from "vitest";
import { doneInWords, loadInWords, recordsInWords, versionsInWords } from "./workers";

test("what a worker does is told beside what it can", () => {
  expect(loadInWords({ active: 3, concurrency: 4, reserved: 0, plugin: true })).toBe("runs 3 of 4 tasks");
  expect(loadInWords({ active: 1, concurrency: 1, reserved: 1, plugin: true })).toBe(
    "runs 1 of 1 task, 1 more waits in it",
  );
  expect(loadInWords({ active: 0, concurrency: 1000, reserved: 2000, plugin: true })).toBe(
    "runs 0 of 1,000 tasks, 2,000 more wait in it",
  );
});

test("of a worker without the plug-in only what its events tell is said", () => {
  expect(loadInWords({ active: 1, concurrency: 0, reserved: 0, plugin: false })).toBe("runs 1 task");
  expect(versionsInWords({ celery_version: "5.7.0", version: null, plugin: false })).toBe(
    "Celery 5.7.0, no plug-in: what is known are its events",
  );
  expect(versionsInWords({ celery_version: "5.7.0", version: "0.1.0", plugin: true })).toBe(
    "Celery 5.7.0, plug-in 0.1.0",
  );
  expect(versionsInWords({ celery_version: null, version: null, plugin: true })).toBe("plug-in of an older release");
});

test("refusals are told where there are any", () => {
  expect(doneInWords({ processed: 1, refused: 0 })).toBe("1 task begun");
  expect(doneInWords({ processed: 41, refused: 3 })).toBe("41 tasks begun, 3 second starts refused by the gate");
});

test("records are told of while some are not written, or never will be", () => {
  expect(recordsInWords({ records_waiting: 0, records_dropped: 0 })).toBeNull();
  expect(recordsInWords({ records_waiting: 5, records_dropped: 1200 })).toBe("5 waiting, 1,200 dropped");
});
