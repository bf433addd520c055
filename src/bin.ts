#!/usr/bin/env node
/** Starts the command line with V8's compile cache, which halves what loading the program takes. */
import { enableCompileCache } from "node:module"
import manifest from "../package.json" with { type: "json" }

if (process.argv.length === 3 && process.argv[2] === "--version") {
  // Scripts ask for it often, and it needs nothing of the program.
  console.log(`fanfold v${manifest.version}`)
} else {
  enableCompileCache()
  void import("./main.ts")
}
