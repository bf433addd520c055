/** What the command line is given by the process that runs it: the ways to reach Claude, and the mock. */
import { Context, type Effect, type Layer, type Scope } from "effect"
import type { Claude } from "../Claude.ts"
import type { Issue } from "../Issue.ts"
import type { Options } from "../layers/Stack.ts"
import type { Failure } from "./Failure.ts"
import type * as Progress from "./Progress.ts"

/** Which Claude is meant: the API, the same kept on a tape, a tape, or simulated answers. */
export interface Way {
  readonly offline: boolean
  readonly record: string | undefined
  readonly replay: string | undefined
}

/**
 * A Claude with the stack around it. `notice` names what is not live, and a tape that is added to; `simulated` says that
 * no model is asked; `lost` gives why the tape is incomplete, where it is.
 */
export interface Reached {
  readonly claude: Layer.Layer<Claude>
  readonly notice: string | undefined
  readonly simulated: boolean
  readonly lost: Effect.Effect<string | undefined>
}

export class Ports extends Context.Service<
  Ports,
  {
    /** Fails where a key or a tape is missing. Nothing is sent. */
    readonly reach: (way: Way, layers: Options) => Effect.Effect<Reached, Failure>
    /** Serves the mock until the scope closes, and gives its base URL; fails with what is wrong with the scenario. */
    readonly serve: (
      scenario: unknown,
      address: { readonly port: number; readonly host: string }
    ) => Effect.Effect<string, ReadonlyArray<Issue> | Failure, Scope.Scope>
    /** Where progress goes, and what it may use there. */
    readonly terminal: Effect.Effect<Omit<Progress.Options, "summary">>
  }
>()("fanfold/cli/Ports") {}
