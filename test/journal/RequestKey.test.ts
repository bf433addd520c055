/** The key of an answer: all that changes the answer changes it, and nothing else does. */
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { Message } from "fanfold"
import * as RequestKey from "../../src/journal/RequestKey.ts"

const long = "word ".repeat(200)

/** Two values of each field of a request: a new field must be added here, or nothing else compiles. */
const values: {
  readonly [Field in keyof Required<Message.Request>]: readonly [Message.Request[Field], Message.Request[Field]]
} = {
  model: ["claude-haiku-5-5", "claude-opus-5-5"],
  system: [long, `${long}!`],
  context: [`${long} a`, [{ mediaType: "application/pdf", data: `${long}A`, title: "a.pdf", pages: 2 }]],
  files: [
    [{ mediaType: "text/plain", data: `${long} c`, title: "c.txt" }],
    [{ mediaType: "text/plain", data: `${long} c`, title: "d.txt" }]
  ],
  messages: [[{ role: "user", content: "q" }], [{ role: "user", content: "r" }]],
  maxTokens: [100, 101],
  effort: ["low", "high"],
  stopSequences: [
    ["a", "b"],
    ["b", "a"]
  ],
  tools: [
    [{ type: "web_search_20260209", name: "web_search" }],
    [{ type: "web_search_20260209", name: "web_search", max_uses: 1 }]
  ],
  container: ["container_1", "container_2"],
  answerSchema: [{ type: "object" }, { type: "object", title: "t" }],
  fallbacks: ["default", undefined]
}

const full = Object.fromEntries(
  Object.entries(values).map(([name, [value]]) => [name, value])
) as unknown as Message.Request

const keyOf = (request: Message.Request, others?: ReadonlyArray<string>) => RequestKey.of(request, others).key

/** What is stored, and read again. */
const readAgain = (request: Message.Request, others: ReadonlyArray<string>) => {
  const { json, texts } = RequestKey.of(request, others)
  const kept = new Map(texts.map(([hash, text]) => [hash, Buffer.from(text).toString()]))
  return RequestKey.read(json, (hash) => kept.get(hash)!)
}

describe("the key of a request", () => {
  it("has values for each of its fields here", () => {
    assert.sameMembers(Object.keys(values), Object.keys(Message.Request.fields))
  })

  for (const name of Object.keys(Message.Request.fields) as ReadonlyArray<keyof Message.Request>) {
    it(`changes with ${name}, also where it is left out`, () => {
      const [, other] = values[name]
      const { [name]: _, ...without } = full
      const keys = [keyOf(full), keyOf({ ...full, [name]: other })]
      if (name !== "model" && name !== "messages") keys.push(keyOf(without as Message.Request))
      // A field that is `undefined` is one that is left out.
      assert.strictEqual(new Set(keys).size, other === undefined ? 2 : keys.length)
    })
  }

  it("changes with role, order and number of turns", () => {
    const [a, b] = [
      { role: "user", content: "a" },
      { role: "assistant", content: "b" }
    ] as const
    const turns: ReadonlyArray<Message.Request["messages"]> = [
      [a],
      [a, b],
      [b, a],
      [a, a],
      [{ ...a, role: "assistant" }],
      []
    ]
    assert.strictEqual(new Set(turns.map((messages) => keyOf({ ...full, messages }))).size, turns.length)
  })

  it("changes with the further models, and with their order", () => {
    const lists = [[], ["a"], ["b"], ["a", "b"], ["b", "a"]]
    assert.strictEqual(new Set(lists.map((others) => keyOf(full, others))).size, lists.length)
    assert.strictEqual(keyOf(full), keyOf(full, []))
  })

  it("does not change with the order of the fields", () => {
    const reversed = Object.fromEntries(Object.entries(full).toReversed()) as unknown as Message.Request
    assert.strictEqual(keyOf(reversed), keyOf(full))
  })

  it("tells a text from its hash, and texts apart that UTF-8 does not", () => {
    const texts = [
      long,
      `${long}\ud800`,
      `${long}\udc00`,
      `${long}\ufffd`,
      RequestKey.of({ ...full, system: long }).texts[0]![0]
    ]
    assert.strictEqual(new Set(texts.map((system) => keyOf({ ...full, system }))).size, texts.length)
  })

  it("stays what it is with this version", () => {
    // A change of this key is one of `RequestKey.version`.
    assert.strictEqual(RequestKey.version, 1)
    const { container: _container, files: _files, ...older } = full
    assert.strictEqual(keyOf(older, ["claude-sonnet-5"]), "JNWE8hZkkmLE7JkwUdQ_7AuJOxvP-Cw42VB1QvaCVTM")
  })
})

describe("a stored request", () => {
  it("has the bytes of a document once, by their hash, which is made once, and shares them when it is read", () => {
    const pdf = { mediaType: "application/pdf", data: "Zm9v".repeat(1000), title: "a.pdf", pages: 3 } as const
    const context = [pdf, { ...pdf, title: "b.pdf" }]
    const { json, texts } = RequestKey.of({ model: "m", messages: [], maxTokens: 1, context })
    assert.isBelow(json.length, 600)
    assert.strictEqual(new Set(texts.map(([hash]) => hash)).size, 1)
    const kept = new Map(texts)
    const [one, two] = [1, 2].map(() => RequestKey.read(json, (hash) => kept.get(hash)!).request.context)
    assert.deepStrictEqual(one, context)
    assert.strictEqual(one, two)
  })

  it("has each long text once, by its hash", () => {
    const { json, texts } = RequestKey.of({ ...full, context: long.repeat(1000) })
    assert.isBelow(json.length, 2000)
    assert.lengthOf(texts, 3)
  })

  it("is read as it was", () => {
    const text = fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: "binary", minLength: 256, maxLength: 300 }))
    const json = fc.dictionary(fc.string(), fc.jsonValue())
    const block = fc.tuple(json, fc.string()).map(([fields, type]) => Object.assign(fields, { type }))
    const request = fc.record(
      {
        model: fc.string(),
        messages: fc.array(
          fc.record({
            role: fc.constantFrom("user" as const, "assistant" as const),
            content: fc.oneof(text, fc.array(block))
          })
        ),
        maxTokens: fc.integer(),
        system: text,
        context: text,
        effort: fc.constantFrom("low" as const, "max" as const),
        stopSequences: fc.array(text),
        tools: fc.array(block),
        answerSchema: json,
        fallbacks: fc.constant("default" as const)
      },
      { requiredKeys: ["model", "messages", "maxTokens"] }
    )
    fc.assert(
      fc.property(request, fc.array(fc.string()), (given, others) => {
        // As JSON has it: without `-0`, and objects with a prototype.
        const plain: Message.Request = JSON.parse(JSON.stringify(given))
        const again = readAgain(plain, others)
        assert.deepStrictEqual(again, { request: plain, others })
        assert.strictEqual(keyOf(again.request, again.others), keyOf(plain, others))
      })
    )
  })
})

describe("the key of a turn", () => {
  it("is that of its messages, in all versions", () => {
    const { messages } = full
    assert.strictEqual(RequestKey.ofTurn(full), "kjvH46pEak-jR47FyPf3fUPe4xirAANj6S9xvMtJ5B0")
    assert.strictEqual(RequestKey.ofTurn({ ...full, model: "another" }), RequestKey.ofTurn(full))
    const next = { ...full, messages: [...messages, { role: "assistant", content: "{}" } as const] }
    assert.notStrictEqual(RequestKey.ofTurn(next), RequestKey.ofTurn(full))
  })
})
