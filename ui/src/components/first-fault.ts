import { type RefObject, useEffect } from "react";

/** Takes the focus to the first input at fault, whenever the inputs at fault are others than before. */
export function useFocusFirstFault(faults: Record<string, string>, form: RefObject<HTMLFormElement | null>): void {
  const key = Object.keys(faults).join();
  useEffect(() => {
    if (key !== "") {
      form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
    }
  }, [key, form]);
}
