import { Ask, run } from "fanfold/promise"
import { z } from "zod"

const { answers } = await run({
  asks: {
    makers: Ask.object("Who are the five largest makers of heat pumps?", z.object({ makers: z.array(z.string()) }))
  }
})
for (const maker of answers.makers.makers) console.log(maker)
