/** The command tree without a process around it: what it says to a wrong invocation, and with which exit code it ends. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Console, Effect, Layer, Stdio } from "effect"
import { main } from "../../src/cli/Command.ts"
import { Failure } from "../../src/cli/ExitCode.ts"
import { ProcessServices } from "../../src/cli/ProcessServices.ts"
import { controls, folders } from "./Process.ts"

const folder = folders()
const plan = `${folder({ "plan.yaml": "asks: { sun: How far?, moon: How far? }" })}/plan.yaml`

const services = ProcessServices.of({
  terminal: Effect.die(new Error("no terminal is expected")),
  connect: () => Effect.die(new Error("\u001B[31mno Claude is expected")),
  batches: () => Effect.die(new Error("no batches are expected")),
  serveMock: () => Effect.die(new Error("no server is expected")),
  measure: () => Effect.die(new Error("no benchmark is expected"))
})

/** Runs a command line to its end, and gives its exit code with all that went to the console. */
const ended = Effect.fnUntraced(function* (...args: ReadonlyArray<string>) {
  const said = { stdout: "", stderr: "" }
  const console = {
    ...globalThis.console,
    log: (line: string) => void (said.stdout += `${line}\n`),
    error: (line: string) => void (said.stderr += `${line}\n`)
  } as Console.Console
  const stdio = Stdio.layerTest({ args: Effect.succeed(args) })
  const error = yield* main("1.2.3").pipe(
    Effect.provideService(Console.Console, console),
    Effect.provide(Layer.mergeAll(NodeServices.layer, stdio, Layer.succeed(ProcessServices, services))),
    Effect.flip
  )
  assert.instanceOf(error, Failure)
  return { code: error.exitCode, ...said }
})

const anAfter = '"p95", or a time longer than zero, such as "90 seconds"'

describe("a wrong invocation", () => {
  const table: ReadonlyArray<readonly [args: ReadonlyArray<string>, said: string]> = [
    [["run"], "Missing required argument: plan\n"],
    [["run", "-", "-"], 'Unexpected positional argument: "-"\n'],
    [["run", plan, "--offlin"], "Did you mean this?\n    --offline\n"],
    [["run", plan, "--retry-max-wiat", "5"], "Did you mean this?\n    --retry-max-wait\n"],
    [["check", plan, "--concurrency", "0"], 'flag --concurrency: "0". Expected: a whole number ≥ 1, or unbounded\n'],
    [["check", plan, "-j", "-1"], 'flag --concurrency: "-1"'],
    [["check", plan, "-j", "1.5"], 'flag --concurrency: "1.5"'],
    [["check", plan, "--concurrency", ""], "flag --concurrency. Expected: a whole number ≥ 1, or unbounded\n"],
    [["check", plan, "--policy", "some"], '"some". Expected: all, best-effort, atLeast=n or first=n\n'],
    [["check", plan, "--policy", "first=0"], 'flag --policy: "first=0"'],
    [
      ["check", plan, "--policy", "atLeast=3"],
      "policy.atLeast: expected at most 2, as many as there are asks, got 3\n"
    ],
    [["check", plan, "--model", " "], 'flag --model: " ". Expected: the name of a model, or different'],
    [["check", plan, "--model", "a,,b"], 'flag --model: "a,,b". Expected: the name of a model, or different'],
    [["check", plan, "--model", "a, a"], 'flag --model: "a, a"'],
    [["check", plan, "--retry-within", "5 parsecs"], 'Expected: a time longer than zero, such as "90 seconds"\n'],
    [["check", plan, "--hedge-after", "p9x"], `"p9x". Expected: ${anAfter}\n`],
    [["check", plan, "--hedge-after", "0 seconds"], `"0 seconds". Expected: ${anAfter}\n`],
    [["check", plan, "--hedge-max", "0"], "Expected: a whole number ≥ 1\n"],
    [["check", plan, "--pacing-in-flight", "1.5"], "Expected: a whole number ≥ 1\n"],
    [["check", plan, "--pacing-limits-itpm", "30k"], "Expected: a whole number ≥ 1\n"],
    [["init", "novel"], 'Expected: "travel-guide" | "market-research" | "tech-evaluation" | "contract-review"\n'],
    [["ask"], "Missing required argument: question\n"]
  ]
  for (const [args, expected] of table) {
    const shown = args.map((arg) => (arg === plan ? "plan.yaml" : arg)).join(" ")
    it.effect(`is answered on standard error alone: fanfold ${shown}`, () =>
      Effect.gen(function* () {
        const { code, stderr, stdout } = yield* ended(...args)
        assert.include(stderr, expected)
        assert.deepStrictEqual([code, stdout], [2, ""])
      })
    )
  }
})

describe("a bug", () => {
  it.effect("is told as one, and ends with 1", () =>
    Effect.gen(function* () {
      const { code, stderr } = yield* ended("run", plan)
      assert.strictEqual(stderr, "This is a bug of fanfold: Error: no Claude is expected\n")
      assert.notMatch(stderr, controls)
      assert.strictEqual(code, 1)
    })
  )
})
