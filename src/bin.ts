#!/usr/bin/env node
/** Starts the command line with V8's compile cache, which halves what loading the program takes. */
import module from "node:module"
import manifest from "../package.json" with { type: "json" }

if (process.argv.length === 3 && process.argv[2] === "--version") {
  // Scripts ask for it often, and it needs nothing of the program.
  console.log(`fanfold v${manifest.version}`)
} else if (module.enableCompileCache === undefined) {
  console.error(`fanfold needs Node ${manifest.engines.node}; this is ${process.version}`)
  process.exitCode = 2
} else {
  module.enableCompileCache()
  void import("./main.ts")
}
