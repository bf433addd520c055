#!/usr/bin/env node
/** Starts the command line with V8's compile cache, which halves the time to load it. */
import module from "node:module"
import manifest from "../package.json" with { type: "json" }

if (process.argv.length === 3 && process.argv[2] === "--version") {
  // Answered without loading the program, as scripts often ask for the version.
  console.log(`fanfold v${manifest.version}`)
} else if (module.enableCompileCache === undefined) {
  console.error(
    `fanfold needs Node ${manifest.engines.node}; this is ${process.version}: npm install -D node@24 brings one to a project`
  )
  // `exitCode.usage` of cli/ExitCode.ts, which an older Node may not be able to load.
  process.exitCode = 2
} else {
  module.enableCompileCache()
  void import("./main.ts")
}
