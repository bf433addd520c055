import { Effect } from "effect"
import { Ask, Research, Stack } from "fanfold"
import { measure, questions } from "./measure.js"

const research = Research.run(questions.map((question) => Ask.text(question)))
await measure(() => Effect.runPromise(Effect.provide(research, Stack.layerConfig())))
