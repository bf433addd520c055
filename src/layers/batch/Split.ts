/** How requests are divided among batches: those that share a prefix after its leader, and none too large for the API. */
import { bodyOf } from "../../claude/RequestBody.ts"
import { bytesOf } from "../../cost/TextLength.ts"
import { prefixOf } from "../../cost/SharedPrefix.ts"
import type { Member } from "./Member.ts"

/** The most requests of a batch. */
export const maxRequests = 100_000

/** The API takes 256 MB; the rest is for the frame around the requests. */
export const maxBytes = 250_000_000

/** Requests, and for each of them id, names and brackets. */
const bytesOfMember = ({ id, request }: Member): number => bytesOf(JSON.stringify(bodyOf(request))) + id.length + 64

/** As few batches as the limits allow, in order. */
export const split = (
  members: ReadonlyArray<Member>,
  limits = { requests: maxRequests, bytes: maxBytes }
): ReadonlyArray<ReadonlyArray<Member>> => {
  const batches: Array<Array<Member>> = []
  let bytes = 0
  for (const member of members) {
    const own = bytesOfMember(member)
    const last = batches.at(-1)
    const isFull = last === undefined || last.length >= limits.requests || bytes + own > limits.bytes
    if (isFull) batches.push([member])
    else last.push(member)
    bytes = isFull ? own : bytes + own
  }
  return batches
}

/** `leaders`: one of each group that shares a cached prefix; `followers`: the rest of these; `others` share nothing. */
export interface Groups {
  readonly leaders: ReadonlyArray<Member>
  readonly followers: ReadonlyArray<Member>
  readonly others: ReadonlyArray<Member>
}

export const groupsOf = (members: ReadonlyArray<Member>): Groups => {
  const byContext = new Map<string, Map<string, Array<Member>>>()
  const others: Array<Member> = []
  for (const member of members) {
    const prefix = prefixOf(member.request)
    if (prefix._tag !== "Context") {
      others.push(member)
      continue
    }
    const ofContext = byContext.get(prefix.context) ?? new Map<string, Array<Member>>()
    byContext.set(prefix.context, ofContext)
    const group = ofContext.get(prefix.cacheKey)
    if (group === undefined) ofContext.set(prefix.cacheKey, [member])
    else group.push(member)
  }
  const groups = Array.from(byContext.values(), (ofContext) => Array.from(ofContext.values())).flat()
  const shared = groups.filter(({ length }) => length > 1)
  return {
    leaders: shared.flatMap((group) => group.slice(0, 1)),
    followers: shared.flatMap((group) => group.slice(1)),
    others: [...others, ...groups.filter(({ length }) => length === 1).flat()]
  }
}
