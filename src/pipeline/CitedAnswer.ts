/** A document whose marks are checked: where they are wrong, it is asked for once more, and delivered with what is still wrong. */
import { Effect, Result } from "effect"
import type { AskError } from "../claude/AskError.ts"
import * as Event from "../claude/Event.ts"
import { addUsage, type Reply, type Request, textOf, type Usage } from "../claude/Message.ts"
import * as Citations from "./Citations.ts"
import { conversation } from "./SecondTry.ts"

/** A decoded reply. */
interface Decoded<A> {
  readonly value: A
  readonly reply: Reply
  readonly usage: Usage
}

/** SHA-256 of a text, in hexadecimal digits. */
export const hashOf = (text: string): string => process.getBuiltinModule("node:crypto").hash("sha256", text, "hex")

/** Most faults that are named in a request, and in an event. */
const maxNamed = 100

/**
 * The reply with fewer faults: the first, or that to a request which names the faults of the first. Emits `Cited`. A second try
 * that fails leaves the first.
 */
export const repaired = <A, R>(
  first: Decoded<A>,
  request: Request,
  names: Citations.Names,
  ask: (request: Request) => Effect.Effect<{ readonly value: A; readonly reply: Reply }, AskError, R>
): Effect.Effect<Decoded<A>, never, R> =>
  Effect.gen(function* () {
    const checked = yield* Citations.check(textOf(first.reply), names)
    if (checked.faults.length === 0) return yield* emitted(first, checked)
    const issue = checked.faults
      .slice(0, maxNamed)
      .map(({ message }) => `- ${message}`)
      .join("\n")
    yield* Event.emit({ _tag: "Reasked", issue: `its marks: ${checked.faults[0]!.message}` })
    const again = yield* Effect.result(ask(conversation(request, first.reply, messageOf(issue))))
    if (Result.isFailure(again)) {
      const { usage } = again.failure
      return yield* emitted(usage === undefined ? first : { ...first, usage: addUsage(first.usage, usage) }, checked)
    }
    const { reply, value } = again.success
    const usage = addUsage(first.usage, reply.usage)
    const checkedAgain = yield* Citations.check(textOf(reply), names)
    return checkedAgain.faults.length < checked.faults.length
      ? yield* emitted({ value, reply, usage }, checkedAgain)
      : yield* emitted({ ...first, usage }, checked)
  })

const messageOf = (issue: string): string =>
  `The marks of your document are wrong:\n${issue.toWellFormed()}\n${Citations.instruction}\nWrite the whole document again, with nothing else changed.`

const emitted = <A>(decoded: Decoded<A>, { faults, statements }: Citations.Checked): Effect.Effect<Decoded<A>> =>
  Effect.as(
    Event.emit({
      _tag: "Cited",
      sha256: hashOf(textOf(decoded.reply)),
      statements: statements.length,
      faultCount: faults.length,
      faults: faults.slice(0, maxNamed)
    }),
    decoded
  )
