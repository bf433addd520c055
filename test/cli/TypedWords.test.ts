/** How a run is begun once more, from what was typed first. */
import { assert, describe, it } from "@effect/vitest"
import { resumed } from "../../src/cli/TypedWords.ts"

const begun = (...words: ReadonlyArray<string>) => ({ words: ["run", "plan.yaml", ...words], folder: "/plans" })
const here = (...words: ReadonlyArray<string>) => ({ words: ["runs", "resume", "0k", ...words], folder: "/here" })
const flagsOf = (...args: readonly [ReturnType<typeof begun> | undefined, ReturnType<typeof here>]) => {
  const [run, plan, ...flags] = resumed(args[0], args[1], "0k", "/plans/plan.yaml")
  assert.deepStrictEqual([run, plan], ["run", "/plans/plan.yaml"])
  return flags.join(" ")
}

describe("a run that is gone on with", () => {
  it("has its flags, with its outputs in its own folder", () => {
    const flags = ["-o", "out.md", "--output=../x.html", "--offline", "--model", "a,b", "--no-warm", "--vars", "v.yaml"]
    assert.strictEqual(
      flagsOf(begun(...flags), here()),
      "-o /plans/out.md --output=/x.html --offline --model a,b --no-warm --vars /plans/v.yaml"
    )
    const mixed = { words: ["run", "--offline", "./plan.yaml", "-j", "3"], folder: "/plans" }
    assert.strictEqual(flagsOf(mixed, here()), "--offline -j 3")
  })

  it("has those that are given now in the place of its own", () => {
    const given = here("-o", "new.md", "--concurrency", "5", "--warm", "--journal", "j.sqlite")
    assert.strictEqual(
      flagsOf(begun("-o", "a.md", "-o", "b.html", "-j", "2", "--no-warm", "--budget", "3"), given),
      "--budget 3 -o /here/new.md --concurrency 5 --warm"
    )
    assert.strictEqual(flagsOf(undefined, here("-o", "new.md")), "-o /here/new.md")
  })

  it("has none that was of its process alone", () => {
    const flags = [
      "--fresh",
      "--ui",
      "--events",
      "--record",
      "t.tape",
      "--quiet",
      "--no-progress",
      "--detach",
      "--json"
    ]
    assert.strictEqual(flagsOf(begun(...flags, "--journal", "j.sqlite", "--reuse"), here()), "")
  })
})
