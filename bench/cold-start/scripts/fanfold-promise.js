import { run } from "fanfold/promise"
import { measure, questions } from "./measure.js"

await measure(() => run({ asks: questions }))
