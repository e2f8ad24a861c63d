/**
 * One thing wrong with an input, named by its path (`trigger.timezone`, `args[0]`). Where a single place of a text is
 * at fault, `position` is its offset in `text`, in characters.
 */
export type Fault = {
  path: string;
  code: string;
  message: string;
  fix: string;
  text: string;
  position: number | null;
};

/** What the server said when it refused, or what is known when it did not answer at all. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly fix: string;
  readonly faults: Fault[];

  constructor(status: number, code: string, detail: string, fix = "", faults: Fault[] = []) {
    super(detail);
    this.name = "Problem";
    this.status = status;
    this.code = code;
    this.fix = fix;
    this.faults = faults;
  }
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");

function readFault(value: unknown): Fault {
  const fault = (value ?? {}) as Record<string, unknown>;
  return {
    path: text(fault["path"]),
    code: text(fault["code"]),
    message: text(fault["message"]) || "is not accepted",
    fix: text(fault["fix"]),
    text: text(fault["text"]),
    position: typeof fault["position"] === "number" ? fault["position"] : null,
  };
}

/** Reads an RFC 9457 body; anything else (a proxy's page, an empty body) still becomes a sentence. */
export function readProblem(status: number, body: unknown): Problem {
  const problem = typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  const detail = text(problem["detail"]) || text(problem["title"]);
  const errors = Array.isArray(problem["errors"]) ? problem["errors"] : [];
  if (detail === "") {
    return new Problem(
      status,
      "unexpected_answer",
      `The server answered ${status} without saying why.`,
      status >= 500 ? "Look at the server's log, then try again." : "Reload the page and try again.",
    );
  }
  return new Problem(status, text(problem["code"]), detail, text(problem["fix"]), errors.map(readFault));
}

/** Makes any thrown value a Problem, so that every failure is told the same way. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) {
    return error;
  }
  if (error instanceof TypeError) {
    return new Problem(
      0,
      "unreachable",
      "The server does not answer.",
      "Check that “punctual up” or “punctual server” runs and that you are online; this page goes on by itself.",
    );
  }
  return new Problem(0, "unexpected", error instanceof Error ? error.message : String(error), "Reload the page.");
}
