import {
  ActionIcon,
  createTheme,
  defaultVariantColorsResolver,
  type MantineColorsTuple,
  Modal,
  Tooltip,
  type VariantColorsResolver,
} from "@mantine/core";

const ink: MantineColorsTuple = [
  "#eef0ff",
  "#dddffb",
  "#b8bdf3",
  "#9199ec",
  "#717be6",
  "#5c67e2",
  "#4854df",
  "#3a46c7",
  "#323eb3",
  "#28359e",
];

const dark: MantineColorsTuple = [
  "#e4e6eb",
  "#b8bcc6",
  "#8d929f",
  "#696e7b",
  "#383c47",
  "#2b2f38",
  "#1d2027",
  "#14161b",
  "#0f1115",
  "#0a0b0e",
];

/** The "light" variant as a tint of what lies beneath, so that it is as calm on dark as on light. */
const tinted: VariantColorsResolver = (input) => {
  const colors = defaultVariantColorsResolver(input);
  const name = input.color ?? input.theme.primaryColor;
  if (input.variant !== "light" || !(name in input.theme.colors)) {
    return colors;
  }
  const tint = (percent: number) => `color-mix(in srgb, var(--mantine-color-${name}-filled) ${percent}%, transparent)`;
  const readable = `light-dark(color-mix(in srgb, var(--mantine-color-${name}-9) 85%, black), var(--mantine-color-${name}-2))`;
  return { ...colors, background: tint(13), hover: tint(20), color: readable };
};

export const theme = createTheme({
  variantColorResolver: tinted,
  primaryColor: "ink",
  primaryShade: { light: 6, dark: 5 },
  colors: { ink, dark },
  defaultRadius: "md",
  respectReducedMotion: true,
  cursorType: "pointer",
  fontFamily: '"Inter", system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, "DejaVu Sans Mono", monospace',
  headings: { fontWeight: "650", sizes: { h1: { fontSize: "1.625rem" }, h2: { fontSize: "1.0625rem" } } },
  components: {
    Modal: Modal.extend({ styles: { title: { fontSize: "1.0625rem", fontWeight: 650 } } }),
    Tooltip: Tooltip.extend({
      defaultProps: { openDelay: 250, withArrow: true, events: { hover: true, focus: true, touch: true } },
    }),
    ActionIcon: ActionIcon.extend({ defaultProps: { variant: "subtle", color: "gray" } }),
  },
});
