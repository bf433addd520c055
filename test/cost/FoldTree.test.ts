/** Which findings are folded together: everything once, in order, nothing above a window, in as few levels as can be. */
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as FoldTree from "../../src/cost/FoldTree.ts"

const unlimited = Number.MAX_SAFE_INTEGER
const limits = { window: 32_000, fanIn: unlimited, maxTokens: 16_384, frame: 500 }

const treeOf = (sizes: ReadonlyArray<number>, given: FoldTree.Limits = limits): FoldTree.Tree => {
  const tree = FoldTree.make(sizes, given)
  if ("_tag" in tree) throw new Error(JSON.stringify(tree))
  return tree
}
const leavesOf = (part: number | FoldTree.Fold): ReadonlyArray<number> =>
  typeof part === "number" ? [part] : part.parts.flatMap(leavesOf)
const sum = (all: ReadonlyArray<number>) => all.reduce((total, each) => total + each, 0)
const countsOf = (tree: FoldTree.Tree) => tree.folds.map((level) => level.length)

describe("a tree of folds", () => {
  it("is one level where the document can read all findings", () => {
    assert.deepStrictEqual(treeOf([2000, 2000, 2000]), { parts: [0, 1, 2], levels: 1, folds: [] })
  })

  it("has balanced groups of neighbours", () => {
    const tree = treeOf(Array.from({ length: 300 }, () => 2620))
    assert.deepStrictEqual(countsOf(tree), [30, 4])
    const sizes = tree.folds[0]!.map(({ parts }) => parts.length)
    assert.deepStrictEqual([Math.min(...sizes), Math.max(...sizes)], [10, 10])
    assert.deepStrictEqual(tree.parts.flatMap(leavesOf), [...Array(300).keys()])
  })

  it("keeps its groups where one finding changes a little", () => {
    const sizes = Array.from({ length: 300 }, () => 2400)
    assert.deepStrictEqual(treeOf(sizes.with(17, 2500)), treeOf(sizes))
  })

  it("reads no more findings at once than fanIn", () => {
    const tree = treeOf(
      Array.from({ length: 10 }, () => 10),
      { ...limits, window: unlimited, fanIn: 3 }
    )
    assert.deepStrictEqual(countsOf(tree), [4, 2])
    assert.deepStrictEqual(tree.parts.flatMap(leavesOf), [...Array(10).keys()])
  })

  it("names the finding that no fold can read", () => {
    const tree = FoldTree.make([2000, 40_000, 2000], limits)
    assert.deepInclude(tree, { _tag: "Unfoldable", position: 1, tokens: 40_000 })
  })

  it("is refused where two texts of folds do not fit into the document", () => {
    const tree = FoldTree.make([900, 900, 900], { window: 3000, fanIn: unlimited, maxTokens: 1900, frame: 1000 })
    assert.deepInclude(tree, { _tag: "Unfoldable", position: undefined })
  })

  it("has no prompt that costs more, where it needs no more levels for that", () => {
    const given = { ...limits, window: 200_000, longPrompt: 50_500 }
    const sizes = Array.from({ length: 100 }, () => 3000)
    assert.deepStrictEqual(countsOf(treeOf(sizes, { ...limits, window: 200_000 })), [2])
    assert.deepStrictEqual(countsOf(treeOf(sizes, given)), [7])
    assert.deepStrictEqual(countsOf(treeOf([...sizes.slice(30), 60_000], given)), [2], "one finding has more than that")
  })

  it("is bounded by as many folds as it has, where fanIn alone decides", () => {
    for (const [findings, fanIn, folds] of [
      [4, 2, 2],
      [10, 3, 6],
      [9, 3, 3]
    ] as const) {
      const given = { ...limits, window: 1_000_000, fanIn }
      assert.strictEqual(FoldTree.bound(100 * findings, findings, given)?.folds, folds)
      assert.strictEqual(
        treeOf(
          Array.from({ length: findings }, () => 100),
          given
        ).folds.flat().length,
        folds
      )
    }
  })

  it("has every finding once, in order, no fold above its room, and costs no more than its bound", () => {
    const size = fc.integer({ min: 1, max: 20_000 })
    const model = fc.constantFrom({}, { foldWindow: 28_000 }, { longPrompt: 12_000 })
    const all = fc.tuple(fc.integer({ min: 2, max: 50 }), model)
    fc.assert(
      fc.property(fc.array(size, { minLength: 1, maxLength: 200 }), all, (sizes, [fanIn, ofModel]) => {
        const given = { ...limits, fanIn, ...ofModel }
        const tree = treeOf(sizes, given)
        assert.deepStrictEqual(tree.parts.flatMap(leavesOf), [...sizes.keys()])
        const room = FoldTree.foldRoom(given)
        const tokensOf = (part: number | FoldTree.Fold) =>
          typeof part === "number" ? sizes[part]! : FoldTree.foldedTokens(given, 0)
        for (const { parts } of tree.folds.flat()) {
          assert.isAtMost(parts.length, fanIn)
          assert.isAtMost(
            parts.reduce<number>((sum, part) => sum + tokensOf(part), 0),
            room
          )
        }
        const most = FoldTree.bound(sum(sizes), sizes.length, given)
        const inputOf = (parts: FoldTree.Tree["parts"]) => sum(parts.map(tokensOf))
        const folds = tree.folds.flat()
        assert.isAtMost(folds.length, most?.folds ?? 0)
        if (most === undefined || tree.levels === 1) return
        assert.isAtMost(sum(folds.map(({ parts }) => given.frame + inputOf(parts))), most.inputTokens)
        assert.isAtMost(inputOf(tree.parts), most.documentTokens)
      }),
      { numRuns: 1000, seed: 16 }
    )
  })
})
