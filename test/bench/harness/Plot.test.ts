/** A plot is drawn as well-formed SVG with all its texts; tables are aligned. */
import { assert, describe, it } from "@effect/vitest"
import type * as Plot from "../../../bench/harness/Plot.ts"
import * as PlotSvg from "../../../bench/harness/PlotSvg.ts"
import * as Table from "../../../bench/harness/Table.ts"

const plot: Plot.Plot = {
  title: "Is a < b & c?",
  subtitle: "a subtitle",
  x: { label: "places", scale: "category" },
  y: { label: "milliseconds", scale: "log" },
  series: [
    {
      name: "measured",
      kind: "line",
      points: [
        [1, 100],
        [2, 51],
        ["unbounded", 9]
      ]
    },
    {
      name: "the <ideal>",
      kind: "bar",
      dashed: true,
      points: [
        [1, 99],
        [2, 50],
        ["unbounded", 8.125]
      ]
    }
  ],
  note: "a note"
}

const bar = (name: string, dashed: boolean): Plot.Series => ({ name, kind: "bar", dashed, points: [["3", 5]] })

/** The texts of an SVG; throws where tags do not close in order or a bare character should have been escaped. */
const textsOf = (svg: string): ReadonlyArray<string> => {
  const open: Array<string> = []
  const texts: Array<string> = []
  const rest = svg.replace(
    /<(\/?)([A-Za-z]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>|([^<>]+)/g,
    (_, end, tag, _a, own, text) => {
      if (text !== undefined) {
        assert.notMatch(text, /&(?!amp;|lt;|gt;|quot;|#)/)
        if (text.trim() !== "") texts.push(text)
      } else if (end === "/") assert.strictEqual(open.pop(), tag)
      else if (own === "") open.push(tag)
      return ""
    }
  )
  assert.strictEqual(rest, "", "nothing but tags and text")
  assert.deepStrictEqual(open, [])
  return texts
}

/** The SVG text, and the distance of the highest point from the upper edge, in pixels. */
const drawn = async (one: Plot.Plot) => {
  const svg = await PlotSvg.render(one)
  const ofPoints = [...svg.matchAll(/matrix\(3,0,0,3,[\d.]+,([\d.]+)\)/g)].map(([, y]) => Number(y))
  return { svg, top: Math.min(...ofPoints) }
}

describe("a plot", () => {
  it("is well-formed SVG with its title, labels, names and note, on white", async () => {
    const svg = await PlotSvg.render(plot)
    assert.match(svg, /^<svg [^>]*viewBox="0 0 820 480"/)
    const texts = textsOf(svg)
    for (const text of [
      "Is a &lt; b &amp; c?",
      "a subtitle",
      "places",
      "milliseconds",
      "measured",
      "the &lt;ideal&gt;"
    ]) {
      assert.include(texts, text)
    }
    for (const text of ["1", "2", "unbounded", "8.13", "a note"]) assert.include(texts, text)
    assert.match(svg, /<rect width="820" height="480" x="0" y="0" fill="#ffffff">/)
    assert.match(svg, /stroke-dasharray/)
  })

  it("names each of many bars, in several lines if needed", async () => {
    const names = Array.from({ length: 12 }, (_, index) => `fanfold contender ${index + 1}`)
    const series: Plot.Series = { name: "median", kind: "bar", points: names.map((name) => [name, 5]) }
    const texts = textsOf(await PlotSvg.render({ ...plot, series: [series], note: `${"word ".repeat(40)}end` }))
    assert.lengthOf(
      texts.filter((text) => text === "fanfold"),
      12
    )
    for (let index = 1; index <= 12; index++) assert.include(texts, `${index}`)
    assert.lengthOf(
      texts.filter((text) => text.startsWith("word word")),
      2
    )
  })

  it("starts below a legend of many names, each with a colour of its own", async () => {
    const series = Array.from({ length: 8 }, (_, index) => ({ ...plot.series[0]!, name: `the contender ${index}` }))
    const [few, many] = [await drawn({ ...plot, series: series.slice(0, 1) }), await drawn({ ...plot, series })]
    assert.isAbove(many.top, few.top + 20)
    const strokes = [...many.svg.matchAll(/<path [^>]*fill="none" stroke="(#[0-9A-F]{6})"/g)].map(
      ([, stroke]) => stroke
    )
    assert.isAtLeast(new Set(strokes).size, 8)
  })

  it("is the same text for the same figures", async () => {
    assert.strictEqual(await PlotSvg.render(plot), await PlotSvg.render(plot))
  })

  it("puts points into their categories, though their names are numbers", async () => {
    const series: Plot.Series = {
      name: "one",
      kind: "line",
      points: [
        [2, 10],
        [4, 20],
        [0, 30]
      ]
    }
    const svg = await PlotSvg.render({ ...plot, y: { label: "ms", scale: "linear" }, series: [series] })
    const [first, second, third] = [...svg.matchAll(/matrix\(3,0,0,3,([\d.]+),([\d.]+)\)/g)].map(([, x]) => Number(x))
    assert.isBelow(first!, second!)
    assert.isBelow(second!, third!)
  })

  it("gives a dashed bar the colour of the bar before it", async () => {
    const series = [bar("a", false), bar("a, ideal", true), bar("b", false), bar("b, ideal", true)]
    const svg = await PlotSvg.render({ ...plot, y: { label: "times", scale: "linear" }, series })
    const [a, aIdeal, b, bIdeal] = [...svg.matchAll(/fill="(#[0-9A-F]{6})"/g)].map(([, fill]) => fill)
    assert.deepStrictEqual([aIdeal, bIdeal], [a, b])
    assert.notStrictEqual(a, b)
  })
})

describe("a table", () => {
  it("aligns figures to the right, and has a column for each name", () => {
    assert.strictEqual(
      Table.toMarkdown([
        { arm: "fanfold", ms: "9.5" },
        { arm: "a|b", ms: 110, n: 3 }
      ]),
      [
        "| arm     |  ms |   n |",
        "| ------- | --: | --: |",
        "| fanfold | 9.5 |     |",
        "| a\\|b    | 110 |   3 |"
      ].join("\n")
    )
  })
})
