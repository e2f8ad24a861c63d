const UNITS: [unit: string, bytes: number][] = [
  ["MB", 1024 ** 2],
  ["KB", 1024],
];

/** A number of bytes as people say it: "512 B", "3.2 MB". */
export function sizeInWords(bytes: number): string {
  const [unit, size] = UNITS.find(([, size]) => bytes >= size) ?? ["B", 1];
  return `${Number((bytes / size).toFixed(1)).toLocaleString("en")} ${unit}`;
}
