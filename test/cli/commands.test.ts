/** The command line as a process: wrong invocations, version and help, and the flags of the layers. */
import { assert, describe, it } from "@effect/vitest"
import { Stack } from "fanfold"
import { fault, mockClaude } from "fanfold/mocks"
import manifest from "../../package.json" with { type: "json" }
import { plan } from "./Planned.ts"
import { controls, fanfold, folders, reaching } from "./Process.ts"

const folder = folders()

describe.concurrent("the command line", { timeout: 60_000 }, () => {
  const wrong: ReadonlyArray<readonly [args: ReadonlyArray<string>, said: string]> = [
    [["run"], "Missing required argument: plan\n"],
    [["rnu", "plan.yaml"], "Did you mean this?\n    run\n"],
    [["run", "plan.yaml", "--offlin"], "Did you mean this?\n    --offline\n"],
    [
      ["check", "plan.yaml", "-j", "0"],
      'Invalid value for flag --concurrency: "0". Expected: a whole number ≥ 1, or unbounded\n'
    ],
    [[], "SUBCOMMANDS\n"]
  ]
  const cwd = folder({ "plan.yaml": plan })
  for (const [args, said] of wrong) {
    it(`answers a wrong \`fanfold ${args.join(" ")}\` on standard error alone, with 2`, async () => {
      const { code, stderr, stdout } = await fanfold(args, { cwd })
      assert.include(stderr, said)
      assert.notMatch(stderr, controls)
      assert.deepStrictEqual([code, stdout], [2, ""])
    })
  }

  it("tells its version and, on standard output, its help", async () => {
    const [version, help, run, init] = await Promise.all(
      [["--version"], ["--help"], ["run", "--help"], ["init", "--help"]].map((args) => fanfold(args))
    )
    assert.deepStrictEqual(version, { code: 0, stdout: `fanfold v${manifest.version}\n`, stderr: "" })
    for (const verb of ["run", "ask", "check", "init"]) assert.match(help!.stdout, new RegExp(`^  ${verb} `, "m"))
    assert.deepStrictEqual([help!.code, help!.stderr, run!.code], [0, "", 0])
    assert.include(init!.stdout, "written as NAME.yaml; travel-guide unless given")
    assert.match(run!.stdout, /--record file .*one that is there is added to/)
    const {
      journal: _aFile,
      prices: _keptInPlans,
      refusals: _ofOneValue,
      reuse: _twoSwitches,
      transport: _alsoOfOne,
      auth: _ofOneToo,
      provider: _andThis,
      ...withFlags
    } = Stack.Options.fields
    assert.match(
      run!.stdout,
      /^ {2}--journal file +Keep .*\(default.*\n {2}--journal-keep-for time +.*\n {2}--no-journal +/m
    )
    assert.match(run!.stdout, /^ {2}--reuse +.*\(default.*\n {2}--fresh +/m)
    assert.notInclude(run!.stdout, "--prices")
    assert.match(run!.stdout, /^ {2}--transport auto\|http1 +http1: send over HTTP\/1\.1 alone/m)
    assert.match(run!.stdout, /^ {2}--auth bearer\|x-api-key +The header of the key/m)
    assert.match(run!.stdout, /^ {2}--provider anthropic\|bedrock\|vertex\|foundry +Where Claude is asked/m)
    assert.match(run!.stdout, /^ {2}--refusals fallback\|gap +After a refusal: .*\(default fallback\)/m)
    for (const [layer, { schema }] of Object.entries(withFlags)) {
      const fields = "fields" in schema ? schema.fields : schema.members[1].fields
      const options = Object.keys(fields).flatMap((option) =>
        option === "limits" ? ["limits-rpm", "limits-itpm", "limits-otpm"] : [option]
      )
      for (const option of options) {
        const words = option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
        const flag = `${layer}-${words}` === "budget-usd" ? "--budget" : `--${layer}-${words}`
        const value = option === "remember" ? "(?:, --no-pacing-remember)?" : " (n|time)"
        assert.match(
          run!.stdout,
          new RegExp(`^  ${flag}${value} +\\S.*\\(default`, "m"),
          "a flag of a layer, and what it does"
        )
      }
    }
  })

  it("gives the layers what their flags say", async () => {
    const claude = mockClaude()
    claude.fault(fault.overloaded())
    await using server = await claude.serve()
    const args = ["ask", "Why?", "--retry-attempts", "2", "--retry-max-wait", "1 millis", "--pacing-in-flight", "1"]
    args.push("--pacing-limits-rpm", "100")
    const { code, stderr } = await fanfold(args, { env: reaching(server) })
    assert.strictEqual(code, 1)
    assert.strictEqual(claude.journal.attempts, 2)
    assert.include(stderr, "Retrying ask1")
  })
})
