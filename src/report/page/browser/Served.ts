/** The data of a page that the process of a run serves while it goes on, and what the user may change of that run. */
import type { Intervention, Wanted } from "../../../claude/Intervention.ts"
import { interventionText } from "../../InterventionText.ts"
import type { Answer, View } from "../../View.ts"
import type { Source } from "./Source.ts"

const pollMillis = 1000

interface Current {
  readonly revision: string
  readonly isLast: boolean
  readonly view: View
}

type DoorReply =
  | { readonly _tag: "Done"; readonly interventions: ReadonlyArray<Intervention> }
  | { readonly _tag: "Refused"; readonly message: string }

/** `undefined` where the page is no served one: the address of such a page has a token. */
export const served = (): Source | undefined => {
  const token = new URLSearchParams(location.search).get("token")
  if (token === null || location.protocol !== "http:") return undefined
  const authorization = `Bearer ${token}`
  const ask = async (path: string, body?: object): Promise<unknown> => {
    const response = await fetch(path, {
      headers: { authorization, ...(body !== undefined && { "content-type": "application/json" }) },
      ...(body !== undefined && { method: "POST", body: JSON.stringify(body) })
    })
    if (!response.ok) throw new Error(await response.text())
    return response.status === 204 ? undefined : response.json()
  }
  const answersNow = () => ask("/answers") as Promise<ReadonlyArray<Answer | null>>
  let current: Current | undefined
  /** Those of a run that has ended, as its process is gone then. */
  let answers: ReadonlyArray<Answer | null> | undefined
  const look = async (): Promise<boolean> => {
    const next = (await ask(`/view?since=${current?.revision ?? ""}`)) as Current | undefined
    if (next === undefined) return false
    if (next.isLast) answers = await answersNow()
    current = next
    return true
  }
  return {
    view: async () => {
      if (current === undefined) await look()
      return current!.view
    },
    answer: async (index) => (answers ?? (await answersNow()))[index] ?? null,
    onChange: (changed) => {
      const poll = async (): Promise<void> => {
        await new Promise((resolve) => setTimeout(resolve, pollMillis))
        if (await look()) changed()
        if (current?.isLast !== true) return poll()
      }
      poll().catch(() => {
        // Its process has gone: nothing more will be known here.
        if (current !== undefined) current = { ...current, view: { ...current.view, state: "unfinished" } }
        changed()
      })
    },
    intervene: async (wanted: Wanted) => {
      const reply = (await ask("/interventions", { version: 1, interventions: [wanted] })) as DoorReply
      return reply._tag === "Done"
        ? reply.interventions.map(interventionText).join(", ")
        : `Nothing was changed: ${reply.message}`
    }
  }
}
