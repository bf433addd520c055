/** Server-side fallback: the models that a declined request is sent to next, the `fallback` block, and the credit token of a refusal. */
import type { Block } from "../wire/Completion.ts"
import * as Models from "../wire/Models.ts"
import type { Prompt } from "./Prompt.ts"
import type { SeededRandom } from "../time/SeededRandom.ts"
import { listOf, objectOf, type UncheckedJson } from "../wire/UncheckedJson.ts"

/** Betas under which a refusal carries a credit token. */
const grantsCredit = (betas: string): boolean => /(?:fallback-credit|server-side-fallback)-/.test(betas)

const prefix = "fct_01"

/** Gives the models that a request names in `fallbacks`, in order; "default" is the first that its model allows. */
export const modelsOf = (prompt: Prompt): ReadonlyArray<string> => {
  const { fallbacks } = prompt.body
  if (fallbacks === "default") return (Models.find(prompt.model)?.fallbacks ?? []).slice(0, 1)
  return listOf(fallbacks).flatMap((entry) => {
    const model = objectOf(entry)?.["model"]
    return typeof model === "string" ? [model] : []
  })
}

/** Makes the block that stands before the content of another model, with the category for which the first one declined. */
export const block = (from: string, to: string, category: unknown): Block => ({
  type: "fallback",
  from: { model: from },
  to: { model: to },
  trigger: { type: "refusal", category: category ?? null }
})

/** Adds to the details of a refusal what the betas of the request grant: a credit token, and the model to retry on. */
export const withCredit = (
  details: UncheckedJson,
  model: string,
  betas: string,
  random: SeededRandom
): UncheckedJson => {
  if (!grantsCredit(betas)) return details
  const recommended = Models.find(model)?.fallbacks[0] ?? null
  return {
    ...details,
    fallback_credit_token: recommended === null ? null : `${prefix}${random.letters("credit token", 40)}`,
    fallback_has_prefill_claim: recommended === null ? null : false,
    recommended_model: recommended
  }
}

/** Gives `usage.fallback_credit` of a request with a credit token: redeemed if the token has the form of this mock's. */
export const creditUse = (body: UncheckedJson): UncheckedJson | undefined => {
  const given = body["fallback_credit_token"] ?? undefined
  if (given === undefined) return undefined
  const token = typeof given === "string" ? given : objectOf(given)?.["token"]
  return {
    status: String(token).startsWith(prefix) ? { type: "redeemed" } : { type: "not_applied", reason: "body_mismatch" }
  }
}
