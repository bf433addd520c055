/** A program with Effect, as `test/package.ts` checks and runs it in a user's project. */
import { Effect, Layer, Redacted, Schema } from "effect"
import { LanguageModel } from "effect/ai"
import { Ask, type Claude, Research, Stack, Synthesis } from "fanfold"
import { layer } from "fanfold/LanguageModel"
import { mockClaude } from "fanfold/mocks"
import { run } from "fanfold/promise"

const { fetch } = mockClaude({ seed: 1 })
const Count = Schema.Struct({ n: Schema.Finite })
const program = Research.run({ a: Ask.text("How?"), b: Ask.object("How many?", Count) }).pipe(
  Effect.tap(({ answers }) =>
    Effect.sync(() => {
      const text: string = answers.a
      const n: number = answers.b.n
      console.log(text, n)
    })
  ),
  Effect.flatMap(Synthesis.text("Fold them"))
)
const claude: Layer.Layer<Claude.Claude> = Stack.layer({ apiKey: Redacted.make("offline"), fetch })
const effectful: string = await Effect.runPromise(Effect.provide(program, claude))
const { document } = await run({ asks: { a: "How?", b: "Why?" }, synthesis: "Fold them", apiKey: "offline", fetch })
const generated = LanguageModel.generateText({ prompt: "How?" }).pipe(
  Effect.provide(layer().pipe(Layer.provide(claude)))
)
const { text } = await Effect.runPromise(generated)
if (text === "" || effectful === "" || document === "") throw new Error("empty")
console.log("typed and run under", process.version)
