/** The sign-in code in what was pasted: a whole link, its part after `#`, or the bare code. */
export function codeIn(text: string): string {
  const trimmed = text.trim();
  const fragment = trimmed.includes("#") ? trimmed.slice(trimmed.indexOf("#") + 1) : trimmed;
  return (fragment.startsWith("code=") ? new URLSearchParams(fragment).get("code") : fragment) ?? "";
}

/** Where to go after signing in: a place inside the UI only, whatever the address says. */
export function safeNext(next: string | null): string {
  return next !== null && /^\/(?![/\\])/.test(next) ? next : "/schedules";
}
