/** What of a run can be changed while it is under way: each part of it offers what it can change, for as long as it can. */
import { Context, Data, Effect, Result, type Scope } from "effect"
import * as Call from "../claude/Call.ts"
import * as Event from "../claude/Event.ts"
import type { Intervention, Wanted } from "../claude/Intervention.ts"

type Kind = Intervention["_tag"]
type Of<K extends Kind> = Extract<Intervention, { readonly _tag: K }>

/** What will be changed, and how. `apply` cannot fail, and is run at once after its event is kept. */
export interface Planned {
  readonly intervention: Intervention
  readonly apply: Effect.Effect<unknown>
}

/** What a part of a run can change. `plan` changes nothing yet; its failure says in words why the change cannot be made. */
export interface Offer<K extends Kind> {
  /** The limit as it is; `undefined` where there is none that could be doubled. */
  readonly current?: () => Of<K> | undefined
  readonly plan: (wanted: Of<K>) => Result.Result<Planned, string>
}

/** Why nothing was changed. */
export class InterventionRefused extends Data.TaggedError("InterventionRefused")<{ readonly message: string }> {}

/** Why there is no offer. */
const withoutOffer: Record<Kind, string> = {
  Stop: "no ask is under way",
  AskAgain: "no ask is under way; the same command with --reuse asks the gaps of a run that has ended",
  RaiseConcurrency: "no ask is under way",
  RaiseBudget: "the run has no budget",
  RaiseDeadline: "the run has no deadline"
}

export class Interventions {
  readonly #offers = new Map<Kind, Offer<any>>()
  #context: Context.Context<never> | undefined

  /** Lets one kind of intervention be made until the scope closes. */
  offer<K extends Kind>(kind: K, offer: Offer<K>): Effect.Effect<void, never, Scope.Scope> {
    return Effect.acquireRelease(
      Effect.sync(() => void this.#offers.set(kind, offer)),
      () => Effect.sync(() => this.#offers.get(kind) === offer && this.#offers.delete(kind))
    )
  }

  /** Lets interventions be made, as events of the run of this fiber, until the scope closes. */
  get open(): Effect.Effect<void, never, Scope.Scope> {
    return Effect.acquireRelease(
      Effect.map(Effect.context<never>(), (context) => void (this.#context = context)),
      () => Effect.sync(() => void (this.#context = undefined))
    )
  }

  /** Makes all of these changes, or none. Each is an event that is kept before it is made. */
  intervene(wanted: ReadonlyArray<Wanted>): Effect.Effect<ReadonlyArray<Intervention>, InterventionRefused> {
    return Effect.suspend(() => {
      const context = this.#context
      if (context === undefined) return new InterventionRefused({ message: "nothing of the run can be changed" })
      const planned = this.#plan(wanted)
      if (Result.isFailure(planned)) return new InterventionRefused({ message: planned.failure })
      return Effect.forEach(planned.success, ({ apply, intervention }) =>
        Effect.as(Effect.andThen(emitted(intervention), apply), intervention)
      ).pipe(Effect.provideContext(context), Effect.uninterruptible)
    })
  }

  #plan(wanted: ReadonlyArray<Wanted>): Result.Result<ReadonlyArray<Planned>, string> {
    if (wanted.length === 0) return Result.fail("nothing is to be changed")
    const planned: Array<Planned> = []
    for (const one of wanted) {
      const absolute = one._tag === "Double" ? this.#doubled(one.limit) : Result.succeed(one)
      const plan = Result.flatMap(absolute, (one) => this.#offers.get(one._tag)?.plan(one) ?? missing(one._tag))
      if (Result.isFailure(plan)) return Result.fail(plan.failure)
      const { _tag } = plan.success.intervention
      if (planned.some(({ intervention }) => intervention._tag === _tag)) return Result.fail(`${_tag} is there twice`)
      planned.push(plan.success)
    }
    return Result.succeed(planned)
  }

  #doubled(limit: Extract<Wanted, { readonly _tag: "Double" }>["limit"]): Result.Result<Intervention, string> {
    const kind = kindOf[limit]
    const offer = this.#offers.get(kind)
    if (offer === undefined) return missing(kind)
    const current: Intervention | undefined = offer.current?.()
    return current === undefined ? Result.fail(`the run has no limit of its ${limit}`) : Result.succeed(twice(current))
  }
}

const kindOf = { budget: "RaiseBudget", deadline: "RaiseDeadline", concurrency: "RaiseConcurrency" } as const

const missing = (kind: Kind): Result.Result<never, string> => Result.fail(withoutOffer[kind])

const twice = (intervention: Intervention): Intervention =>
  Object.fromEntries(
    Object.entries(intervention).map(([key, value]) => [key, typeof value === "number" ? value * 2 : value])
  ) as unknown as Intervention

const emitted = (intervention: Intervention): Effect.Effect<void> =>
  Effect.updateService(Event.emit({ _tag: "Intervened", intervention }), Call.Current, (call) => ({
    ...call,
    ask: "",
    part: "ask" as const
  }))

/** Those of the run under way; `undefined` where nobody can intervene. */
export const Current = Context.Reference<Interventions | undefined>("fanfold/interventions/Interventions/Current", {
  defaultValue: () => undefined
})
