/** One question to Claude: readable data, and an Effect that gives the answer when run. */
import { Cause, Clock, Context, Duration, Effect, Effectable, Exit, Option, Predicate, Record, Schema } from "effect"
import { toCodecAnthropic } from "effect/ai/AnthropicStructuredOutput"
import { AskError, EmptyAnswer, type Reason, Refused, Truncated, Undecodable, Unfinished } from "../claude/AskError.ts"
import * as Call from "../claude/Call.ts"
import { askModel, Claude } from "../claude/Claude.ts"
import * as Event from "../claude/Event.ts"
import * as Issue from "../options/Issue.ts"
import { inCode, NonEmpty, PositiveDuration, PositiveInt } from "../options/OptionSchemas.ts"
import {
  addPaid,
  addUsage,
  type AnswerSchema,
  Effort,
  type Reply,
  type Request,
  textOf,
  type Usage
} from "../claude/Message.ts"
import * as Models from "../claude/Models.ts"

/** A question: text that is not blank. */
export const Question = NonEmpty("a question that is not empty")

/** What an ask may set for itself; of several models the next is asked where one is overloaded or missing. */
export const Settings = Schema.Struct({
  model: Schema.optionalKey(Models.Models),
  system: Schema.optionalKey(Schema.String),
  maxTokens: Schema.optionalKey(PositiveInt),
  effort: Schema.optionalKey(Effort),
  stopSequences: Schema.optionalKey(Schema.Array(NonEmpty("text that is not blank"))),
  webSearch: Schema.optionalKey(Schema.Boolean),
  timeout: Schema.optionalKey(PositiveDuration)
})
export interface Settings extends Schema.Schema.Type<typeof Settings> {}

/** Settings as a caller writes them; `timeout` bounds the ask with all its tries, default 20 minutes. */
export interface Options extends Omit<Settings, "timeout"> {
  readonly timeout?: Duration.Input | undefined
}

/** Output tokens of an ask that sets no `maxTokens`: room for a long answer, and an end to a runaway one. */
export const maxTokens = 4096

/** The system prompt of an ask that sets none: independent answers fit together only when they are written alike. */
export const system =
  "You answer one question of a larger study. Answer that question only, directly and completely, with concrete facts, names and numbers. " +
  "Say plainly what you are not sure of; never invent. Do not greet, do not restate the question, do not offer further help."

/** Searches one answer may make: enough for a few angles, little enough to bound its price. */
const maxWebSearches = 5

const assertQuestion = Issue.assert(Question, "question")
const assertOptions = Issue.assert(inCode(Settings), "options")

/** What every ask takes where it sets nothing itself, and the document that all of them share. */
export const Defaults = Context.Reference<Options & { readonly context?: string }>("fanfold/pipeline/Ask/Defaults", {
  defaultValue: () => ({})
})

/** An answer with all that came with it; `usage` of every reply it took. */
export interface Answer<out A> {
  readonly value: A
  readonly reply: Reply
  readonly usage: Usage
  readonly durationMillis: number
}

type Format<A, R> =
  | { readonly _tag: "Text"; readonly value: (text: string) => A }
  | {
      readonly _tag: "Object"
      readonly codec: Schema.ConstraintCodec<A, unknown, R, unknown>
      readonly schema: AnswerSchema
    }

/** A question with its settings. `yield*` it, or hand it to any combinator of Effect. */
export class Ask<out A, out R = never> extends Effectable.Class<A, AskError, Claude | R> {
  readonly question: string
  readonly options: Options
  readonly format: Format<A, R>
  constructor(question: string, options: Options, format: Format<A, R>) {
    super()
    assertQuestion(question)
    assertOptions(options)
    this.question = question
    // What is said to be nothing must not hide what all asks share.
    this.options = Record.filter(options as Record<string, unknown>, Predicate.isNotUndefined) as Options
    this.format = format
  }
  override asEffect(): Effect.Effect<A, AskError, Claude | R> {
    return Effect.map(resolve(this), ({ value }) => value)
  }
}

/** Asks for prose. */
export const text = (question: string, options: Options = {}): Ask<string> =>
  new Ask(question, options, { _tag: "Text", value: (text) => text })

/** Asks for a value of `schema`. A recursive schema is refused at once, as Claude's structured output has no recursion. */
export const object = <A, E, R = never>(
  question: string,
  schema: Schema.ConstraintCodec<A, E, R, unknown>,
  options: Options = {}
): Ask<A, R> => {
  const { codec, jsonSchema } = toCodecAnthropic(schema)
  return new Ask<A, R>(question, options, { _tag: "Object", codec, schema: jsonSchema })
}

/** The model an ask goes to, or several in their order. */
export const modelsOf = <A, R>(ask: Ask<A, R>, defaults: typeof Defaults.Service = {}): Models.Models =>
  ask.options.model ?? defaults.model ?? askModel

/** The request an ask sends first, with the defaults filled in. */
export const requestOf = <A, R>(ask: Ask<A, R>, defaults: typeof Defaults.Service = {}): Request => {
  const { context, ...options } = { ...defaults, ...ask.options }
  return {
    model: Models.first(modelsOf(ask, defaults)),
    system: options.system ?? system,
    ...(context !== undefined && { context }),
    messages: [{ role: "user", content: ask.question }],
    maxTokens: options.maxTokens ?? maxTokens,
    ...(options.effort !== undefined && { effort: options.effort }),
    ...(options.stopSequences !== undefined && { stopSequences: options.stopSequences }),
    ...(options.webSearch === true && { tools: [webSearch] }),
    ...(ask.format._tag === "Object" && { answerSchema: ask.format.schema })
  }
}

const webSearch = { type: "web_search_20260318", name: "web_search", max_uses: maxWebSearches }

/**
 * Runs an ask and gives the answer with its reply, usage and time. An answer that does not fit is asked for once more.
 * Tells `Started`, then exactly one of `Answered`, `Failed` and `Interrupted`, under `name` where there is one. `ended`
 * learns the same end right after that event, and no interruption comes between them.
 */
export const resolve = <A, R>(
  ask: Ask<A, R>,
  ended: (exit: Exit.Exit<Answer<A>, AskError>) => Effect.Effect<unknown> = () => Effect.void,
  name?: string
): Effect.Effect<Answer<A>, AskError, Claude | R> =>
  Effect.flatMap(Clock.currentTimeMillis, (startedAt) =>
    Effect.onExit(
      Effect.andThen(Event.emit({ _tag: "Started", question: ask.question }), answer(ask, startedAt)),
      (exit) => Effect.andThen(tell(exit, startedAt), ended(exit))
    )
  ).pipe(
    Effect.updateContext((context: Context.Context<Claude | R>) => {
      const own = Context.add(context, Call.FirstDispatch, { at: undefined })
      const call = Context.get(context, Call.Current)
      return name === undefined ? own : Context.add(own, Call.Current, { ...call, ask: name })
    })
  )

const tell = (exit: Exit.Exit<Answer<unknown>, AskError>, startedAt: number): Effect.Effect<void> => {
  if (Exit.isSuccess(exit)) {
    const { durationMillis, reply, usage } = exit.value
    return Event.emit({ _tag: "Answered", model: reply.model, usage, durationMillis })
  }
  return Effect.flatMap(Clock.currentTimeMillis, (at) =>
    Event.emit({ ...endOf(exit.cause), durationMillis: at - startedAt })
  )
}

/** Why an ask has no answer. A defect, of a layer or a schema, is a failure that has no reason of ours. */
const endOf = (cause: Cause.Cause<AskError>) => {
  const error = Option.getOrUndefined(Cause.findErrorOption(cause))
  if (error !== undefined) return { _tag: "Failed", reason: error.reason._tag, message: error.message } as const
  return Cause.hasDies(cause)
    ? ({ _tag: "Failed", reason: "Defect", message: String(Cause.squash(cause)) } as const)
    : ({ _tag: "Interrupted" } as const)
}

const answer = <A, R>(ask: Ask<A, R>, startedAt: number): Effect.Effect<Answer<A>, AskError, Claude | R> =>
  Effect.flatMap(Claude, (claude) =>
    Effect.flatMap(Defaults, (defaults) => {
      const request = requestOf(ask, defaults)
      const fallback = Models.others(modelsOf(ask, defaults))
      const send = told(claude.send, ask.options.timeout ?? defaults.timeout, fallback)
      return Effect.flatMap(send(request), (first) =>
        Effect.matchEffect(read(ask.format, request, first), {
          onFailure: (error) => {
            const { reason } = error
            return reason._tag === "Undecodable"
              ? askAgain(ask, send, request, first, reason.issue, startedAt)
              : Effect.fail(error)
          },
          onSuccess: (value) => timed({ value, reply: first, usage: first.usage }, startedAt)
        })
      )
    })
  )

const askAgain = Effect.fnUntraced(function* <A, R>(
  ask: Ask<A, R>,
  send: Send,
  request: Request,
  first: Reply,
  issue: string,
  startedAt: number
) {
  yield* Event.emit({ _tag: "Reasked", issue })
  const reply = yield* Effect.mapError(send(corrected(request, first, issue)), afterReply(first))
  const value = yield* Effect.mapError(read(ask.format, request, reply), afterReply(first))
  return yield* timed({ value, reply, usage: addUsage(first.usage, reply.usage) }, startedAt)
})

const timed = <A>(answered: Omit<Answer<A>, "durationMillis">, startedAt: number): Effect.Effect<Answer<A>> =>
  Effect.map(Clock.currentTimeMillis, (now) => ({ ...answered, durationMillis: now - startedAt }))

type Send = (typeof Claude.Service)["send"]

/** Only layers know how to keep a limit over several attempts, and when to go on to another model; the call tells them. */
const told = (send: Send, timeout: Duration.Input | undefined, fallback: ReadonlyArray<string>): Send =>
  timeout === undefined && fallback.length === 0
    ? send
    : (request) =>
        Effect.updateService(send(request), Call.Current, (call) => ({
          ...call,
          ...(timeout !== undefined && { timeoutMillis: Duration.toMillis(timeout) }),
          ...(fallback.length > 0 && { fallback })
        }))

/** The value that a reply stands for. One that is no answer becomes an error, which keeps what was paid for. */
const read = <A, R>(format: Format<A, R>, request: Request, reply: Reply): Effect.Effect<A, AskError, R> => {
  if (reply.stopReason === "refusal") {
    const { category = null, explanation = null } = reply.refusal ?? {}
    return Effect.fail(failedOf(new Refused({ category, explanation }), reply))
  }
  if (reply.stopReason === "max_tokens" || reply.stopReason === "model_context_window_exceeded") {
    const reason = new Truncated({ stopReason: reply.stopReason, maxTokens: request.maxTokens })
    return Effect.fail(failedOf(reason, reply, textOf(reply)))
  }
  // `Continue` ends such turns; without it, half an answer must not pass for a whole one.
  if (reply.stopReason === "pause_turn") {
    return Effect.fail(failedOf(new Unfinished({ turns: 0 }), reply, textOf(reply)))
  }
  return decode(format, reply)
}

const failedOf = (reason: Reason, reply: Reply, partialText?: string): AskError => {
  const { headers, model, requestId, usage } = reply
  return new AskError({ reason, model, usage, headers, requestId, partialText })
}

const decode = <A, R>(format: Format<A, R>, reply: Reply): Effect.Effect<A, AskError, R> => {
  const text = textOf(reply)
  if (format._tag === "Text") {
    return text.trim() === ""
      ? Effect.fail(failedOf(new EmptyAnswer({ stopReason: reply.stopReason }), reply))
      : Effect.succeed(format.value(text))
  }
  return Schema.decodeEffect(Schema.fromJsonString(format.codec))(text, { errors: "all" }).pipe(
    Effect.mapError((error) => failedOf(new Undecodable({ issue: error.message }), reply, text)),
    // A schema's own code may throw, which is this answer's misfortune and not its siblings'.
    Effect.catchDefect((defect) => Effect.fail(failedOf(new Undecodable({ issue: String(defect) }), reply, text)))
  )
}

/** The conversation so far, with the issue: Claude mends an answer it can see. */
const corrected = (request: Request, reply: Reply, issue: string): Request => ({
  ...request,
  messages: [
    ...request.messages,
    { role: "assistant", content: reply.content.length > 0 ? reply.content : "(no answer)" },
    {
      role: "user",
      content: `Your answer does not fit its schema:\n${issue}\nAnswer again, complete, so that it fits.`
    }
  ]
})

const afterReply =
  (first: Reply) =>
  (error: AskError): AskError =>
    error.with({ usage: addPaid(first.usage, error.usage), model: error.model ?? first.model })
