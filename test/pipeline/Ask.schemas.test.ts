/** Asks for values of schemas of other libraries: what is sent, and the value that their own validation gives. */
import { toStandardJsonSchema } from "@valibot/to-json-schema"
import { assert, describe, it } from "@effect/vitest"
import { type } from "arktype"
import { Effect, Schema } from "effect"
import { Ask, Synthesis } from "fanfold"
import * as v from "valibot"
import { z } from "zod"
import { asked, errorOf } from "../Asked.ts"
import { reply, type Sent } from "../FakeClaude.ts"

const schemas = {
  zod: z.object({
    name: z.string().min(2),
    year: z.int().optional(),
    tags: z.record(z.string(), z.number()),
    at: z.tuple([z.string(), z.number()])
  }),
  valibot: toStandardJsonSchema(
    v.object({
      name: v.pipe(v.string(), v.minLength(2)),
      year: v.optional(v.pipe(v.number(), v.integer())),
      tags: v.record(v.string(), v.number()),
      at: v.tuple([v.string(), v.number()])
    })
  ),
  arktype: type({
    name: "string >= 2",
    "year?": "number.integer",
    tags: { "[string]": "number" },
    at: ["string", "number"]
  }),
  effect: Schema.Struct({
    name: Schema.String.check(Schema.isMinLength(2)),
    year: Schema.optionalKey(Schema.Int),
    tags: Schema.Record(Schema.String, Schema.Finite),
    at: Schema.Tuple([Schema.String, Schema.Finite])
  })
}
const answer = { name: "Ada", tags: [{ key: "x", value: 1 }], at: { "0": "here", "1": 2 } }
const value = { name: "Ada", tags: { x: 1 }, at: ["here", 2] }

/** The last message of the second request: what was wrong with the first answer. */
const correctionIn = (sent: ReadonlyArray<Sent>): string => JSON.stringify(sent[1]?.request.messages[2]?.content)

const propertiesSent = (schema: object): unknown => {
  const { format } = Ask.object("q", schema as typeof schemas.zod)
  assert(format._tag === "Object")
  return format.schema["properties"]
}

const optionals = (count: number) =>
  Schema.Struct(
    Object.fromEntries(Array.from({ length: count }, (_, n) => [`f${n}`, Schema.optionalKey(Schema.String)]))
  )

describe("an ask for a value of a schema", () => {
  for (const [library, schema] of Object.entries(schemas)) {
    it.effect(`of ${library} sends its JSON Schema without unions, and decodes the answer`, () =>
      Effect.gen(function* () {
        const ask: Ask.Ask<unknown> = Ask.object("q", schema as typeof schemas.zod)
        const { result, sent } = yield* asked(ask, reply(JSON.stringify(answer)))
        assert(result._tag === "Success")
        assert.deepStrictEqual(result.success, value)
        const { answerSchema } = sent[0]!.request
        assert.sameMembers([...(answerSchema!["required"] as ReadonlyArray<string>)], ["name", "tags", "at"])
        assert.notInclude(JSON.stringify(answerSchema), "anyOf")
        assert.include(JSON.stringify((answerSchema!["properties"] as { readonly name: object }).name), "minLength: ")
      })
    )

    it.effect(`of ${library} is asked again with the library's own issues`, () =>
      Effect.gen(function* () {
        const ask: Ask.Ask<unknown> = Ask.object("q", schema as typeof schemas.zod)
        const wrong = reply(JSON.stringify({ ...answer, name: "A" }))
        const { result, sent } = yield* asked(ask, wrong, reply(JSON.stringify(answer)))
        assert(result._tag === "Success")
        assert.deepStrictEqual(result.success, value)
        assert.include(correctionIn(sent), "name")
      })
    )
  }

  it.effect("of zod gives what its transforms make, also asynchronous ones", () =>
    Effect.gen(function* () {
      const schema = z.object({ n: z.string().transform(async (text) => text.length), m: z.string().default("none") })
      const { result } = yield* asked(Ask.object("q", schema), reply('{"n":"four"}'))
      assert(result._tag === "Success")
      assert.deepStrictEqual(result.success, { n: 4, m: "none" })
    })
  )

  it.effect("of zod that throws fails this ask only", () =>
    Effect.gen(function* () {
      const schema = z.object({
        n: z.string().refine(() => {
          throw new Error("oh")
        })
      })
      const { result } = yield* asked(Ask.object("q", schema), reply('{"n":"x"}'))
      assert.strictEqual(errorOf(result).reason._tag, "Undecodable")
    })
  )

  it.effect("in JSON checks what the API does not enforce", () =>
    Effect.gen(function* () {
      const schema = { type: "object", properties: { stars: { type: "integer", maximum: 5 } }, required: ["stars"] }
      const { result, sent } = yield* asked(Ask.object("q", schema), reply('{"stars":9}'), reply('{"stars":5}'))
      assert(result._tag === "Success")
      assert.deepStrictEqual(result.success, { stars: 5 })
      assert.include(correctionIn(sent), "stars: expected a value with maximum 5, got 9")
    })
  )

  it("with 24 optional properties is sent, with 25 refused with both numbers", () => {
    assert.doesNotThrow(() => Ask.object("q", optionals(24)))
    assert.throws(() => Ask.object("q", optionals(25)), /at most 24 optional properties .*got 25/)
    assert.throws(() => Synthesis.object("q", optionals(25)), /at most 24 optional properties .*got 25/)
  })

  it("without a JSON Schema export is refused with what to write", () => {
    const schema = v.object({ n: v.number() })
    assert.throws(() => Ask.object("q", schema), /of valibot has no JSON Schema export .*toStandardJsonSchema/)
  })

  it("that its library cannot export is refused with the place and the reason", () => {
    const refused: ReadonlyArray<readonly [schema: object, message: RegExp]> = [
      [
        z.object({ a: z.string(), d: z.date() }),
        /zod exports no JSON Schema of properties\.d: Date cannot be represented/
      ],
      [z.object({ d: z.array(z.map(z.string(), z.string())) }), /of properties\.d\.items: Map cannot/],
      [z.object({ d: z.bigint().optional() }), /of properties\.d: BigInt cannot/],
      [z.object({ d: z.instanceof(URL) }), /of properties\.d: Custom types cannot/],
      [z.object({ d: z.file() }), /of properties\.d: File cannot/],
      [type({ d: "Date" }), /arktype exports no JSON Schema of properties\.d: Date cannot/],
      [type({ d: "Date > d'2020-01-01'" }), /of properties\.d: Date cannot/],
      [type({ d: "bigint[]" }), /of properties\.d\.items: bigint cannot/],
      [type({ "d?": "Map" }), /of properties\.d: Map cannot/],
      [type({ d: "Map | Set" }), /of properties\.d\.anyOf\.0: \w+ cannot/],
      [
        toStandardJsonSchema(v.object({ d: v.date() })),
        /valibot exports no JSON Schema of properties\.d: The "date" schema/
      ]
    ]
    for (const [schema, message] of refused) {
      assert.throws(() => Ask.object("q", schema as never), message)
      assert.throws(() => Ask.object("q", schema as never), /Use types that JSON has/)
    }
  })

  it("is sent with what JSON has of it, where a union has another type too", () => {
    const text = { d: { type: "string" } }
    assert.deepStrictEqual(propertiesSent(type({ d: "string | Date" })), text)
    assert.deepStrictEqual(propertiesSent(type({ d: "string | undefined" })), text)
    assert.deepStrictEqual(propertiesSent(z.object({ d: z.union([z.string(), z.file()]) })), text)
    assert.deepStrictEqual(propertiesSent(type({ d: type("string").pipe((text) => new Date(text)) })), text)
  })

  it("that is recursive is refused", () => {
    const tree: z.ZodObject = z.object({
      get branches() {
        return z.array(tree)
      }
    })
    assert.throws(() => Ask.object("q", tree), /branches\.items\.\$ref: Recursive schemas .* "#" refers to itself/)
  })

  it("that is none is refused", () => {
    for (const schema of [undefined, null, 5, "x", []]) {
      assert.throws(() => Ask.object("q", schema as never), /schema: expected a JSON Schema/)
    }
    assert.throws(() => Ask.object("q", { type: "objekt" }), /schema: type: expected a JSON type/)
  })
})
