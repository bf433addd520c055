/** Shows a run in a browser while it goes on, where `--ui` asks for that. Its code is loaded only then. */
import { Clock, Console, Effect, type Scope } from "effect"
import type { Interventions } from "../interventions/Interventions.ts"
import { answersOf, type RunResult } from "../report/RunResult.ts"
import { type Failure, usageError } from "./ExitCode.ts"
import type { RunJournal } from "./RunJournal.ts"
import type { RunPage } from "./RunPage.ts"

export interface RunUi {
  /** Shows how the run has ended, and waits until the browser has it. */
  readonly finish: (result: RunResult) => Effect.Effect<void>
}

const withoutUi: RunUi = { finish: () => Effect.void }

/** Serves the page until the scope closes, and says where. */
export const open = (
  isWanted: boolean,
  page: RunPage,
  kept: RunJournal | undefined,
  interventions: Interventions
): Effect.Effect<RunUi, Failure, Scope.Scope> =>
  Effect.gen(function* () {
    if (!isWanted) return withoutUi
    if (kept === undefined) return yield* usageError("--ui needs a journal, which has the answers that it shows")
    const UiServer = yield* Effect.promise(() => import("./live/UiServer.ts"))
    const { joined } = yield* Effect.promise(() => import("../report/VotedReplies.ts"))
    const { answerOf } = yield* Effect.promise(() => import("../report/JournalReport.ts"))
    const clock = yield* Clock.Clock
    const view = () => page.live(clock.currentTimeMillisUnsafe())
    const answers = Effect.map(kept.replies, (replies) => {
      const byName = new Map(
        joined(replies, () => undefined).map((replied) => [`${replied.part} ${replied.ask}`, replied])
      )
      return view().asks.map(({ name, status }) => {
        const replied = status === "answered" ? byName.get(`ask ${name}`) : undefined
        return replied === undefined ? null : answerOf(replied)
      })
    })
    const ui = yield* UiServer.open({ revision: () => page.revision(), view, answers, interventions })
    yield* Console.error(`The run is shown at ${ui.address}`)
    return {
      finish: (result) => {
        const last = result.view()
        return ui.finish({ view: () => last, answers: Effect.sync(() => answersOf(result.report, last)) })
      }
    }
  })
