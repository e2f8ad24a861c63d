const names = new Intl.DisplayNames("en", { type: "region", fallback: "none" });
const LETTERS = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];

/** Codes that name no country: groups of countries, and codes set aside for private use and for tests. */
const NO_COUNTRY = /^(EU|EZ|UN|Q[M-Z]|X[A-J]|X[L-Z]|ZZ|AA)$/;

/** Whether the code is the present one: a former one, such as DD, is made another by its canonical form. */
const isPresent = (code: string): boolean => new Intl.Locale(`und-${code}`).region === code;

/** The English name of the country with a code of ISO 3166; null for all others. */
export function countryName(code: string): string | null {
  return /^[A-Z]{2}$/.test(code) && !NO_COUNTRY.test(code) && isPresent(code) ? (names.of(code) ?? null) : null;
}

/** All countries that this browser knows, by name. */
export function countries(): { code: string; name: string }[] {
  return LETTERS.flatMap((first) => LETTERS.map((second) => first + second))
    .flatMap((code) => {
      const name = countryName(code);
      return name === null ? [] : [{ code, name }];
    })
    .toSorted((one, other) => one.name.localeCompare(other.name, "en"));
}

/** The country that the viewer's language names, or an empty text. */
export function viewerCountry(): string {
  return new Intl.Locale(navigator.language).region ?? "";
}
