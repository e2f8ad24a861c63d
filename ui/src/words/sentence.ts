/** A phrase as a sentence of its own: with a capital letter and one full stop. */
export const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.$/, "")}.`;
