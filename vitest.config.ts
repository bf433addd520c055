import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { defineConfig } from "vitest/config"

/** Tests remember nothing in the state folder of whoever runs them. */
const state = mkdtempSync(join(tmpdir(), "fanfold-state-"))
process.on("exit", () => rmSync(state, { recursive: true, force: true }))

export default defineConfig({
  resolve: { conditions: ["source"] },
  ssr: { resolve: { conditions: ["source"] } },
  test: {
    include: ["test/**/*.test.ts", "examples/**/*.test.ts"],
    testTimeout: 20_000,
    // It has TypeScript under the condition `source`, which Node does not load from node_modules.
    server: { deps: { inline: [/@ai-sdk/, /eventsource-parser/, /node_modules\/ai\//] } },
    env: { XDG_STATE_HOME: state }
  }
})
