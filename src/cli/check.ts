/** `fanfold check PLAN`: prints what a plan would send and cost, and sends nothing. */
import { Effect, Stdio } from "effect"
import { Command } from "effect/cli"
import { bodyOf } from "../claude/RequestBody.ts"
import * as Forecast from "../plan/Forecast.ts"
import { dataText } from "./DocumentLines.ts"
import { failedWithoutMessage } from "./ExitCode.ts"
import { givenVariables } from "./GivenVariables.ts"
import * as Flags from "./Flags.ts"
import { toText } from "./ForecastText.ts"
import * as Output from "./Output.ts"
import * as ReuseCheck from "./ReuseCheck.ts"
import * as RunJournal from "./RunJournal.ts"
import { planArgument, readPlan } from "./ReadPlan.ts"

const json = Flags.onOff(
  "json",
  "Print the requests as they would be sent, files by their hash; the synthesis without the findings it does not have yet"
)

export const check = Command.make(
  "check",
  { plan: planArgument, json, ...Flags.variables, ...Flags.asking, layers: Flags.layers },
  Effect.fnUntraced(function* (flags) {
    const variables = yield* givenVariables(flags)
    const plan = yield* readPlan(flags.plan, { amend: yield* Flags.amend(flags), variables })
    yield* ReuseCheck.check(plan.layers, yield* (yield* Stdio.Stdio).args)
    const forecast = Forecast.make(plan, plan.layers)
    const { batch, ...unbatched } = plan.layers
    const live = batch === undefined ? undefined : Forecast.make(plan, unbatched)
    const bodies = Object.fromEntries(
      forecast.calls
        .filter(({ part }) => part !== "round")
        .map(({ name, request }) => [name, bodyOf(request, undefined, dataText)])
    )
    const isPrinted = yield* Output.print(
      flags.json
        ? `${JSON.stringify(bodies, undefined, 2)}\n`
        : toText(plan, forecast, yield* RunJournal.foretell(plan, yield* RunJournal.nameOf(flags.plan, plan)), live)
    )
    if (!isPrinted) return yield* failedWithoutMessage()
  })
).pipe(Command.withDescription("Validate a plan and print what it would send and cost; calls nothing"))
