import { NodeServices } from "@effect/platform-node"
import { readFileSync } from "node:fs"
import { Effect } from "effect"
import * as PlanFile from "../src/plan/PlanFile.ts"
const t = performance.now()
const p = await Effect.runPromise(
  PlanFile.read("companies.yaml", readFileSync("/tmp/rows/companies.yaml", "utf8"), "/tmp/rows", {
    reading: "stream"
  }).pipe(Effect.provide(NodeServices.layer))
)
console.log(p.rows?.count, performance.now() - t)
