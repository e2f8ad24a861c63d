import createClient, { type Middleware } from "openapi-fetch";
import { noteServerTime } from "../words/now";
import { readProblem } from "./problem";
import type { paths } from "./schema";

export const client = createClient<paths>({ baseUrl: `${window.location.origin}/api/v1` });

const signInAtRefusal: Middleware = {
  onResponse({ request, response }) {
    const date = response.headers.get("date");
    if (date !== null) {
      noteServerTime(Date.parse(date));
    }
    const signingIn = request.method === "POST" && request.url.endsWith("/api/v1/session");
    if (response.status === 401 && !signingIn) {
      window.dispatchEvent(new Event("punctual:signed-out"));
    }
  },
};

client.use(signInAtRefusal);

/** Gives the body of a good answer; throws the Problem that a bad one describes. */
export async function unwrap<T>(answer: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await answer;
  if (!response.ok) {
    throw readProblem(response.status, error);
  }
  return data as T;
}
