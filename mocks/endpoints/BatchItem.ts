/** One request of a message batch: when it is done, and its result. */
import * as ApiError from "../wire/ApiError.ts"
import type { Rules } from "./Exchange.ts"
import type { Occasion } from "../faults/Attempt.ts"
import type { Fault } from "../faults/Fault.ts"
import * as Message from "../wire/Message.ts"
import { compose } from "./Messages.ts"
import * as Prompt from "../answers/Prompt.ts"
import * as SeededRandom from "../time/SeededRandom.ts"
import { objectOf, type UncheckedJson } from "../wire/UncheckedJson.ts"
import * as Validation from "./Validation.ts"

/** A result as the API writes it. */
export interface Result {
  readonly type: "succeeded" | "errored" | "canceled" | "expired"
  readonly message?: Message.Fields
  readonly error?: Message.Fields
}

/** An item. It has no result before it is done, and none if the batch ends before. */
export interface BatchItem {
  readonly customId: string
  readonly prompt: Prompt.Prompt
  readonly random: SeededRandom.SeededRandom
  /** The clock's time in milliseconds; infinite for an item that hangs. */
  readonly doneAt: number
  /** Orders the items in the result file. */
  readonly place: number
  readonly fault: Fault | undefined
  result: Result | undefined
}

/** The batch that an item belongs to. */
export interface Origin {
  readonly id: string
  readonly version: Message.ApiVersion
  /** The betas of the request that made the batch; undefined if they are not checked. */
  readonly betas: ReadonlyArray<string> | undefined
}

/** Makes the items of a mock. Arrivals of equal requests are numbered, and differ in their random values. */
export const maker = (
  rules: Rules
): ((request: UncheckedJson, arrival: Pick<Occasion, "sinceMillis"> & { readonly startedAt: number }) => BatchItem) => {
  const arrivals = new Map<number, number>()
  return (request, { sinceMillis, startedAt }) => {
    const params = objectOf(request["params"]) ?? {}
    const key = SeededRandom.hash(JSON.stringify(params), 0)
    const attempt = (arrivals.get(key) ?? 0) + 1
    arrivals.set(key, attempt)
    const random = SeededRandom.make(rules.seed, key, attempt)
    const prompt = Prompt.read(params)
    const fault = rules.faultRules.pick({ operation: "batches.item", prompt, attempt, random, sinceMillis })
    const processingMillis = random.uniform("time in the batch") * rules.batches.processingMillis * rules.timeScale
    return {
      customId: String(request["custom_id"]),
      prompt,
      random,
      doneAt: fault?.kind === "hang" ? Number.POSITIVE_INFINITY : startedAt + processingMillis,
      place: random.uniform("place in the results"),
      fault,
      result: undefined
    }
  }
}

/** Processes an item at its time: checks it as a request of its own, answers and bills it. Only a message that is made is billed. */
export const process = (rules: Rules, batch: Origin, item: BatchItem): void => {
  item.result = resultOf(rules, batch, item)
}

const resultOf = (rules: Rules, batch: Origin, { customId, doneAt, fault, prompt, random }: BatchItem): Result => {
  const { betas, version } = batch
  const errored = (error: ApiError.ApiError): Result => ({
    type: "errored",
    error: ApiError.body(error, `req_01${random.letters("request id", 22)}`)
  })
  const error =
    fault?.kind === "status"
      ? fault
      : Validation.checkBody(prompt.body, { version, betas, files: rules.files, isCounting: false, isBatch: true })
  if (error !== undefined) return errored(error)
  const cacheUse = rules.batchCache.lookup(prompt.body, doneAt, batch.id)
  const envelope = compose(rules, { prompt, random, version, tier: "batch", cacheUse, betas: betas?.join() ?? "" })
  if ("status" in envelope) return errored(envelope)
  cacheUse.store(doneAt)
  rules.ledger.bill(envelope, { body: prompt.body, batchId: batch.id, customId, atMillis: doneAt })
  return { type: "succeeded", message: Message.plain(envelope) }
}
