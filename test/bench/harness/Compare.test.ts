/** A slower commit gets a verdict, and random differences do not. */
import { mkdtempSync, readdirSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Compare from "../../../bench/harness/Compare.ts"
import * as Results from "../../../bench/harness/Results.ts"
import { node, root } from "../../cli/Process.ts"

const stored = (samples: Results.Result["samples"], fields: Partial<Results.Stored> = {}): Results.Stored => ({
  ...Results.storedOf({ name: "concurrency", seed: 1, simulated: "all of it", rows: [{ a: 1 }], samples }),
  ...fields
})

const verdict = (older: ReadonlyArray<number>, newer: ReadonlyArray<number>) =>
  Compare.compare(stored({ arm: older }), stored({ arm: newer })).ratios[0]!

const folder = mkdtempSync(join(tmpdir(), "fanfold-compare-"))
const write = (name: string, text: string): string => {
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}

const many = (factor: number) => Array.from({ length: 400 }, (_, index) => factor * (100 + ((index * 37) % 100)))

describe("a comparison", () => {
  it("is slower or faster if the interval of the ratio excludes 1", () => {
    const slower = verdict([100, 101, 102, 103, 104], [120, 121, 122, 123, 124])
    assert.strictEqual(slower.verdict, "slower")
    assert.strictEqual(slower.ratio, 122 / 102)
    assert.isAbove(slower.low, 1)
    assert.isAbove(slower.high, slower.ratio)
    assert.strictEqual(verdict([120, 121, 122, 123, 124], [100, 101, 102, 103, 104]).verdict, "faster")
  })

  it("is neither if the runs overlap, though the medians differ", () => {
    const { high, low, ratio, verdict: text } = verdict([100, 101, 110, 140, 150], [100, 105, 130, 141, 151])
    assert.isAbove(ratio, 1.1)
    assert.isBelow(low, 1)
    assert.isAbove(high, 1)
    assert.match(text, /^the same/)
  })

  it("is neither with too few runs", () => {
    assert.strictEqual(verdict([1, 1, 1], [9, 9, 9]).verdict, "too few runs to tell")
    assert.strictEqual(verdict([1, 1, 1, 1], [9, 9, 9, 9]).verdict, "slower")
  })

  it("notices small differences if there are many runs", () => {
    assert.strictEqual(verdict(many(1), many(1.2)).verdict, "slower")
    assert.match(verdict(many(1), many(1.001)).verdict, /^the same/)
  })

  it("gives no verdict on differences as small as those of two runs of one commit", () => {
    const older = [100, 100.1, 100.2, 100.3, 100.4]
    const newer = [104, 104.1, 104.2, 104.3, 104.4]
    const slower = verdict(older, newer)
    assert.isAbove(slower.low, 1)
    assert.match(slower.verdict, /^the same/)
    const faster = verdict(newer, older)
    assert.isBelow(faster.high, 1)
    assert.match(faster.verdict, /^the same/)
  })

  it("gives the same spread for the same results", () => {
    const results = [stored({ arm: many(1) }), stored({ arm: many(1.1) })] as const
    assert.deepStrictEqual(Compare.compare(...results), Compare.compare(...results))
  })

  it("lists the other differences", () => {
    const older = stored({ both: [1], gone: [1] })
    const machine = { ...older.machine, cores: 128 }
    const versions = { ...older.versions, effect: "4.0.0" }
    const newer = stored({ both: [1], new: [1] }, { isQuick: true, seed: 2, machine, versions })
    const { differences, ratios } = Compare.compare(older, newer)
    assert.deepStrictEqual(
      ratios.map(({ arm }) => arm),
      ["both"]
    )
    for (const part of ["full before, quick now", "seed: 1 before, 2 now", "128 cores", "4.0.0 now"]) {
      assert.include(differences.join("\n"), part)
    }
    assert.include(differences, "only in the older result: gone")
    assert.include(differences, "only in the newer result: new")
    const busy = { ...older.machine, loadBefore: 99 }
    assert.deepStrictEqual(Compare.compare(older, { ...older, machine: busy }).differences, [])
  })
})

describe("an earlier result", () => {
  it("is read as it was written", () => {
    const result = stored({ arm: [1.5, 2.25], "another, 8 asks": [3] })
    const file = write("whole.json", Results.jsonOf(result))
    assert.deepStrictEqual(Compare.read(file), result)
    assert.include(Results.jsonOf(result), `"arm": [1.5,2.25]`)
  })

  it("keeps microseconds and no more", () => {
    assert.deepStrictEqual(stored({ arm: [1.23456, 2] }).samples, { arm: [1.235, 2] })
  })

  it("that is missing, broken or of another format ends the benchmark before it begins", async () => {
    const wrong = {
      [join(folder, "missing.json")]: /missing\.json: cannot be read \(ENOENT\)/,
      [write("broken.json", "{")]: /broken\.json: is not the result of a benchmark/,
      [write("foreign.json", `{"name":"fanfold"}`)]: /foreign\.json: is not the result of a benchmark/,
      [write("unknown.json", Results.jsonOf(stored({}, { name: "no-such" })))]:
        /no-such, which is not among what is run/
    }
    for (const [file, message] of Object.entries(wrong)) {
      const { code, stderr, stdout } = await bench("--quick", "--compare", file)
      assert.deepStrictEqual([code, stdout], [2, ""])
      assert.match(stderr, message)
    }
  })
})

const bench = (...args: ReadonlyArray<string>) => node(join(root, "bench/main.ts"), args).ended

describe("npm run bench", { timeout: 60_000 }, () => {
  it("rejects unknown names and options, and prints the usage", async () => {
    for (const [args, message] of [
      [["--bogus"], /--bogus/],
      [["nope"], /No such question: nope/],
      [["Results"], /No such question: Results/],
      [["--compare"], /--compare/]
    ] as const) {
      const { code, stderr, stdout } = await bench(...args)
      assert.deepStrictEqual([code, stdout], [2, ""])
      assert.match(stderr, message)
      assert.match(stderr, /Questions:[^]*concurrency[^]*sequential-vs-parallel/)
    }
  })

  it("explains itself", async () => {
    const { code, stdout } = await bench("--help")
    assert.strictEqual(code, 0)
    assert.match(stdout, /--quick[^]*--compare FILE[^]*Questions:/)
    // Questions have lower-case names.
    const files = readdirSync(join(root, "bench")).filter((file) => /^[a-z-]+\.ts$/.test(file) && file !== "main.ts")
    const listed = [...stdout.matchAll(/^  ([a-z-]+) +[A-Z].*\?$/gm)].map(([, name]) => `${name}.ts`)
    assert.sameMembers(listed, files)
  })
})
