import react from "@vitejs/plugin-react";
import { loadEnv } from "vite";
import { defineConfig } from "vitest/config";

export default defineConfig(({ mode }) => ({
  plugins: [react()],
  build: {
    outDir: "../src/punctual/web/dist",
    emptyOutDir: true,
    // The content security policy takes scripts and styles from files only.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 900,
  },
  server: { proxy: { "/api": loadEnv(mode, ".", "PUNCTUAL_")["PUNCTUAL_URL"] ?? "http://127.0.0.1:8710" } },
  test: { environment: "node", include: ["src/**/*.test.ts"] },
}));
