import { Button, Center, Code, Loader, Paper, Stack, Text, TextInput, Title } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { IconArrowRight } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";
import { useLocation, useSearchParams } from "wouter";
import { client, unwrap } from "../api/client";
import { asProblem } from "../api/problem";
import { Logo } from "../components/logo";
import { codeIn, safeNext } from "../form/code";

/** Takes the code out of the address, so that it stays in no history, and gives it. */
function takeCode(): string {
  const code = window.location.hash === "" ? "" : codeIn(window.location.hash);
  if (code !== "") {
    window.history.replaceState(null, "", window.location.pathname + window.location.search);
  }
  return code;
}

let codeOfAddress = takeCode();

function refusal(error: unknown): string {
  const problem = asProblem(error);
  return problem.status === 401
    ? "This link was used already or has expired. Run “punctual sign-in” on the server to get a new one."
    : `${problem.message} ${problem.fix}`.trim();
}

export function SignInPage() {
  useDocumentTitle("Sign in · Punctual");
  const [text, setText] = useState("");
  const [search] = useSearchParams();
  const [, navigate] = useLocation();
  const cache = useQueryClient();
  const { mutate, isPending, error, isSuccess } = useMutation({
    mutationFn: (code: string) => unwrap(client.POST("/session", { body: { code } })),
    onSuccess: () => {
      cache.clear();
      navigate(safeNext(search.get("next")), { replace: true });
    },
    onError: () => undefined, // told beneath the field, not in a corner
  });

  useEffect(() => {
    // A code can be used once, and an effect may run twice; a link pasted into this very page arrives as a new hash.
    const tryCode = () => {
      const code = codeOfAddress || takeCode();
      codeOfAddress = "";
      if (code !== "") {
        mutate(code);
      }
    };
    tryCode();
    window.addEventListener("hashchange", tryCode);
    return () => window.removeEventListener("hashchange", tryCode);
  }, [mutate]);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (codeIn(text) !== "") {
      mutate(codeIn(text));
    }
  };

  return (
    <Center component="main" mih="100dvh" p="md">
      <Paper withBorder className="card" p="xl" w="100%" maw={440}>
        <Stack gap="lg">
          <Logo size={48} />
          <div>
            <Title order={1}>Sign in to Punctual</Title>
            <Text c="dimmed" mt={6}>
              {isPending || isSuccess
                ? "One moment, your link is being checked."
                : "Open the sign-in link that the server printed, or paste it here. "}
            </Text>
          </div>
          {isPending || isSuccess ? (
            <Loader type="dots" aria-label="Signing in" />
          ) : (
            <form onSubmit={submit}>
              <Stack gap="md">
                <TextInput
                  label="Sign-in link or code"
                  placeholder="http://…/sign-in#code=…"
                  value={text}
                  onChange={(event) => setText(event.currentTarget.value)}
                  error={error && refusal(error)}
                  autoComplete="off"
                  spellCheck={false}
                  data-autofocus
                  size="md"
                />
                <Button
                  type="submit"
                  size="md"
                  rightSection={<IconArrowRight size={18} />}
                  disabled={codeIn(text) === ""}
                >
                  Sign in
                </Button>
              </Stack>
            </form>
          )}
          <Text size="sm" c="dimmed">
            No link at hand? Run <Code>punctual sign-in</Code> on the server; it prints one that works once.
          </Text>
        </Stack>
      </Paper>
    </Center>
  );
}
