import { defineConfig } from "vite";
import { classicScript, serviceWorker } from "./build/plugins.js";

// One classic script for Chrome 61: cheap boxes at stops are old, and a module script would exclude some of them.
export default defineConfig({
  base: "/panel-web/",
  build: {
    target: "chrome61",
    cssTarget: "chrome61",
    assetsInlineLimit: 0,
    modulePreload: false,
    cssCodeSplit: false,
    rollupOptions: { output: { format: "iife" } },
  },
  plugins: [classicScript(), serviceWorker()],
});
