/** What is said at the door of a run: one request, and one answer, each a line of JSON. */
import { Effect, Schema } from "effect"
import { Intervention, Wanted } from "../../claude/Intervention.ts"
import type { Interventions } from "../../interventions/Interventions.ts"
import * as Issue from "../../options/Issue.ts"

/** Raised when an older reader would misread a request or an answer. */
export const version = 1

/** All of the changes are made, or none. */
export const Request = Schema.Struct({ version: Schema.Literal(version), interventions: Schema.Array(Wanted) })
export interface Request extends Schema.Schema.Type<typeof Request> {}

/** `message`: why nothing was changed. */
export const Answer = Schema.Union([
  Schema.TaggedStruct("Done", { version: Schema.Literal(version), interventions: Schema.Array(Intervention) }),
  Schema.TaggedStruct("Refused", { version: Schema.Literal(version), message: Schema.String })
])
export type Answer = typeof Answer.Type

/** A longer request is refused unread, in characters. */
export const maxLength = 65_536

export const refused = (message: string): Answer => ({ _tag: "Refused", version, message })

const decode = Issue.decode(Schema.fromJsonString(Request))

/** Makes the changes that a request asks for. Whatever is wrong with it is said in the answer. */
export const answer = (interventions: Interventions, text: string): Effect.Effect<Answer> =>
  decode(text).pipe(
    Effect.mapError((issues) => `not a request: ${issues.map(Issue.toString).join("; ")}`),
    Effect.flatMap((request) =>
      Effect.mapError(interventions.intervene(request.interventions), ({ message }) => message)
    ),
    Effect.match({
      onFailure: refused,
      onSuccess: (made): Answer => ({ _tag: "Done", version, interventions: made })
    })
  )
