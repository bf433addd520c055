/** What the command line is given by the process that runs it: the ways to reach Claude. */
import { Context, type Effect, type Layer } from "effect"
import type { Claude } from "../Claude.ts"
import type { Options } from "../layers/Stack.ts"
import type { Failure } from "./Failure.ts"
import type * as Progress from "./Progress.ts"

export class Ports extends Context.Service<
  Ports,
  {
    /** Claude itself, with the stack around it; fails where no key is set. */
    readonly online: (layers: Options) => Effect.Effect<Layer.Layer<Claude>, Failure>
    /** Simulated answers through the same client and stack: no key, no network. */
    readonly offline: (layers: Options) => Effect.Effect<Layer.Layer<Claude>>
    /** Where progress goes, and what it may use there. */
    readonly terminal: Effect.Effect<Omit<Progress.Options, "summary">>
  }
>()("fanfold/cli/Ports") {}
